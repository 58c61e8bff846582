"""Auth: people sign in at a provider, programs prove themselves, and every operation says who may do it on whose rows.

Follows OAuth 2.0 as RFC 9700 leaves it (no implicit grant, no passwords handed on, PKCE for all) and OpenID Connect Core.
"""

from __future__ import annotations

from archnb.topics.auth.conclusions import conclude
from archnb.topics.auth.permissions import complete_auth, measure_auth
from archnb.topics.auth.rules import RULES
from archnb.topics.auth.views import draw_views
from archnb.topics.topic import Draft

NAME = "auth"
TITLE = "Authentication and authorisation"
CLOSES = ("auth",)

views = draw_views


def complete(draft: Draft) -> None:
    """Propose roles, clients, permissions and lifetimes, with their reasons."""
    complete_auth(draft)


def measure(draft: Draft) -> None:
    """Add lifetimes and the provider's load."""
    measure_auth(draft)


__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
