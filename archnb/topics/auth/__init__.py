"""Auth: people sign in at a provider, programs prove themselves, and every operation says who may do it on whose rows.

Follows OAuth 2.0 as RFC 9700 leaves it (no implicit grant, no passwords handed on, PKCE for all) and OpenID Connect Core.
"""

from __future__ import annotations

from archnb.topics.auth.conclusions import conclude
from archnb.topics.auth.measures import measure
from archnb.topics.auth.proposals import complete
from archnb.topics.auth.rules import RULES
from archnb.topics.auth.views import views

NAME = "auth"
TITLE = "Authentication and authorisation"
CLOSES = ("auth",)

__all__ = ["CLOSES", "NAME", "RULES", "TITLE", "complete", "conclude", "measure", "views"]
