"""What is measured of sign-in: lifetimes, how long a withdrawn permission works, and the load of the identity provider."""

from __future__ import annotations

from archnb.fact import Key
from archnb.fact.keys.auth import (
    ACCESS_TOKEN_TTL,
    ACTIVE_USERS,
    INTROSPECTION_RATE,
    LONGEST_ACCESS,
    REFRESH_TOKEN_TTL,
    REVOCATION_DELAY,
    SESSION_TTL,
    SHORTEST_ACCESS,
    TOKEN_RATE,
    VISIT,
)
from archnb.fact.keys.load import DAILY_USERS, PEAK_FACTOR, PEAK_REQUESTS
from archnb.quantity import Quantity, parse
from archnb.topics.topic import Assumption, Draft

ASSUMPTIONS: tuple[Assumption, ...] = (
    (LONGEST_ACCESS, "1 h", "a signed token that lives longer works long after its permission is gone", "rule of thumb of archnb, 2026-11"),
    (SHORTEST_ACCESS, "1 min", "a shorter life makes the identity provider as busy as the system", "rule of thumb of archnb, 2026-11"),
)  # fmt: skip


def measure(draft: Draft) -> None:
    """The facts: lifetimes, how long a withdrawn permission works, how many people are signed in at once, the provider's load."""
    auth, facts = draft.design.auth, draft.facts
    draft.assume(ASSUMPTIONS)
    spoken: dict[Key, Quantity | None] = {
        ACCESS_TOKEN_TTL: auth.access_token_ttl,
        REFRESH_TOKEN_TTL: auth.refresh_token_ttl,
        SESSION_TTL: auth.session_ttl,
    }
    for path, value in spoken.items():
        if value is not None:
            draft.value(path, value)
    if ACCESS_TOKEN_TTL not in facts:
        return
    delay = facts[ACCESS_TOKEN_TTL] * (1.0 if auth.token_format != "opaque" else 0.0)
    facts.define(
        REVOCATION_DELAY,
        delay,
        None,
        "How long a withdrawn permission still works at most; an opaque token is asked about each time.",
    )
    visit = facts.assume(
        VISIT,
        parse("15 min"),
        "How long a user is active at a stretch.",
        source="usual length of a web session, 2026-11",
    )
    active = facts[DAILY_USERS] * facts[PEAK_FACTOR] * visit / parse("1 day")
    people = facts.define(
        ACTIVE_USERS,
        active,
        "users",
        "Users active at once at the peak: those of a day, by the share of the day that a visit takes (Little's law).",
    )
    renewals = people / facts[ACCESS_TOKEN_TTL]
    facts.define(
        TOKEN_RATE,
        renewals,
        "/s",
        "Access tokens that the identity provider issues at the peak: each active user's, once per lifetime.",
    )
    if auth.token_format == "opaque":
        facts.define(
            INTROSPECTION_RATE,
            facts[PEAK_REQUESTS] * 1.0,
            "/s",
            "Questions to the provider at the peak: an opaque token is asked about at each request.",
        )
