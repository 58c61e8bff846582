"""The rules of the decisions: transactions that lose updates or reach too far, reads promised from a copy, decisions without a why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archnb.finding import Hit, Rule, rule
from archnb.topics.decisions.transactions import list_moves
from archnb.topics.topic import Draft

# a guard that guards nothing, or that reads first and writes afterwards
_WEAK = re.compile(
    r"^\s*(none|no|nothing|-|n/a)\s*\.?\s*$|\bselect\b.*\bthen\b|\bread\b.*\bthen\b.*\bwrite\b|\bin (the )?(code|application)\b",
    re.IGNORECASE,
)


@rule(
    "decisions-lost-update", principle="integrity", severity="high",
    condition="A write moves a counter at read committed, and its guard neither locks the row nor repeats the condition.",
    effect="Two writers read the same number and both write theirs: one of the two changes is lost, and stock is sold twice.",
    remedy="Change it with one conditional UPDATE (`SET n = n - :k WHERE n >= :k`), lock the row with SELECT … FOR UPDATE, or use serializable.",
)  # fmt: skip
def lost_update(draft: Draft) -> Iterator[Hit]:
    """Transactions with a weak guard around a counter or an edited row."""
    for name, one in draft.design.decisions.transactions.items():
        pattern = draft.design.access.get(name)
        if pattern is None or one.isolation != "read committed":
            continue
        if "for update" in (one.guard or "").lower() or not _WEAK.search(one.guard or ""):
            continue
        moves = list_moves(draft, pattern)
        if moves:
            yield Hit(
                f"decisions.transactions.{name}.guard",
                f"{moves[0][2]} {', '.join(f'{entity}.{field}' for entity, field, _ in moves)} with guard {one.guard!r}",
            )
        elif pattern.action == "update":
            yield Hit(
                f"decisions.transactions.{name}.guard", f"update of {pattern.writes} with guard {one.guard!r}",
                effect="Two people edit the same row: the one who saves last overwrites the other without a word.",
                remedy="Carry a version: `UPDATE … SET version = version + 1 WHERE id = :id AND version = :version`.",
            )  # fmt: skip


@rule(
    "decisions-transaction-across-stores", principle="integrity", severity="high",
    condition="A transaction changes entities that live in different stores.",
    effect="There is no such transaction: when the second store fails, the first has already committed.",
    remedy="Keep the boundary inside one store, and tell the other through an outbox or a saga.",
)  # fmt: skip
def transaction_across_stores(draft: Draft) -> Iterator[Hit]:
    """Boundaries whose entities live in several stores."""
    for name, one in draft.design.decisions.transactions.items():
        boundary = one.boundary
        homes: dict[str, list[str]] = {}
        for entity in boundary:
            if entity in draft.design.entities:
                homes.setdefault(draft.model.places.find_home(entity), []).append(entity)
        if len(homes) > 1:
            yield Hit(
                f"decisions.transactions.{name}.boundary",
                "; ".join(f"{', '.join(entities)} in {home}" for home, entities in homes.items()),
            )


@rule(
    "decisions-transaction-holds-third-party", principle="reliability", severity="high",
    condition="A transaction is said to contain a step that a third party does.",
    effect="Rows stay locked while somebody else's system answers, and a rollback does not undo what it did.",
    remedy="Commit first, with an outbox row; let a worker call the third party, and record the outcome in a transaction of its own.",
)  # fmt: skip
def transaction_holds_third_party(draft: Draft) -> Iterator[Hit]:
    """Said boundaries with an entity that a step changes through a third party: a proposed one means its own row alone."""
    for name in draft.said.decisions.transactions:
        pattern = draft.design.access.get(name)
        boundary = draft.design.decisions.transactions[name].boundary
        remote = [
            f"{step.action} {step.entity} via {step.via}"
            for step in (pattern.steps if pattern is not None else ())
            if step.via and step.entity in boundary
        ]
        if remote:
            yield Hit(f"decisions.transactions.{name}.boundary", "; ".join(remote))


@rule(
    "decisions-strong-consistency-from-copy", principle="integrity", severity="high",
    condition="A read must see every write before it, and its path goes to a store that holds only a copy.",
    effect="The copy is behind by the time its feed takes, so the read misses the newest writes just when it matters.",
    remedy="Send the read to the store that holds the entity, or allow staleness.",
)  # fmt: skip
def strong_consistency_from_copy(draft: Draft) -> Iterator[Hit]:
    """Strong reads whose path ends at a copy."""
    design, places = draft.design, draft.model.places
    for name, pattern in design.access.items():
        objective = draft.said.requirements.objectives.get(name)
        is_strong = "strong" in (pattern.consistency, objective.consistency if objective is not None else None)
        if not pattern.reads or not is_strong or name not in design.flow.paths:
            continue
        for n, hop in enumerate(design.flow.paths[name].hops):
            target = hop.target or ""
            if target in places.list_copies(pattern.reads) and places.find_home(pattern.reads) != target:
                yield Hit(
                    f"flow.paths.{name}.hops.{n}",
                    f"{name} must be strong; {hop.target} has a copy of {pattern.reads}, fed by {places.stores[target].fed_by or 'another store'}",
                )


@rule(
    "decisions-accepted-without-reason", principle="maintainability", severity="low",
    condition="A decision is accepted, and neither its context nor what else was weighed is said.",
    effect="Nobody can tell later whether it still holds, so it is either never touched or argued all over again.",
    remedy="Say in `context` what made it necessary, and under `alternatives` what was weighed and why not.",
)  # fmt: skip
def accepted_without_reason(draft: Draft) -> Iterator[Hit]:
    """Accepted records that were said without context and alternatives, and for which none could be proposed."""
    for name, said in draft.said.decisions.records.items():
        one = draft.design.decisions.records[name]
        if said.status == "accepted" and not one.context and not one.alternatives:
            yield Hit(
                f"decisions.records.{name}",
                f"{one.title or name!r} is accepted, and says no context and 0 alternatives",
            )


RULES: Sequence[Rule] = (
    lost_update,
    transaction_across_stores,
    transaction_holds_third_party,
    strong_consistency_from_copy,
    accepted_without_reason,
)
