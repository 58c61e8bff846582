"""Lifetimes of tokens and sessions, and the load of the identity provider."""

from __future__ import annotations

from archnb.fact.key import NUMBER, RATE, TIME, key

ACCESS_TOKEN_TTL = key("auth.access_token_ttl", TIME, "How long an access token works.", optional=True)
REFRESH_TOKEN_TTL = key("auth.refresh_token_ttl", TIME, "How long a refresh token works.", optional=True)
SESSION_TTL = key("auth.session_ttl", TIME, "How long a session lasts.", optional=True)
REVOCATION_DELAY = key(
    "auth.revocation_delay", TIME, "How long a withdrawn permission still works at most.", optional=True
)
LONGEST_ACCESS = key(
    "auth.longest_access", TIME, "The life above which a signed token is long-lived.", assumption=True, positive=True
)
SHORTEST_ACCESS = key(
    "auth.shortest_access", TIME, "The life below which tokens are renewed too often.", assumption=True
)
VISIT = key("auth.visit", TIME, "How long a user is active at a stretch.", assumption=True)
ACTIVE_USERS = key("auth.active_users", NUMBER, "Users active at once at the peak.", optional=True)
TOKEN_RATE = key("auth.token_rate", RATE, "Access tokens issued at the peak.", optional=True)
INTROSPECTION_RATE = key(
    "auth.introspection_rate", RATE, "Questions to the identity provider at the peak.", optional=True
)
