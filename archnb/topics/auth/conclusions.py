"""What authentication and authorisation come to."""

from __future__ import annotations

from archnb.planned import conclude as conclude_record
from archnb.planned.auth import Auth
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Auth:
    """The section without gaps."""
    return conclude_record(Auth, draft.design.auth, "auth")
