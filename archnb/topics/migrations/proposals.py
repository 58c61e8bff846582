"""What is proposed of migrations: how changes are made, and how long what is old lives on."""

from __future__ import annotations

from archnb.topics.topic import Because, Draft


def complete(draft: Draft) -> None:
    """Propose how changes are made."""
    said = draft.design.migrations
    made = draft.fill(
        "migrations",
        said,
        version=Because("0.1.0", "the first version of this design"),
        strategy=Because(
            "expand-contract", "old and new code run side by side during a rolling deployment; each step can be undone"
        ),
        lock_timeout=Because("2 s", "a change that waits longer for its lock queues every other statement behind it"),
        backfill_batch=Because(5000, "a batch of this size commits in well under a second and keeps replication close"),
        api_deprecation=Because("6 months", "callers outside the team need two release cycles to move"),
    )
    draft.close("migrations", made)
