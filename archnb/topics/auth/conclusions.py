"""What authentication and authorisation come to."""

from __future__ import annotations

from archnb.design.record import Named
from archnb.planned import conclude as conclude_record
from archnb.planned.auth import Auth, Role
from archnb.topics.auth.grants import list_memberships, read_grant
from archnb.topics.auth.scopes import list_scopes
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Auth:
    """The section without gaps: every grant as joins from the row to whoever asks."""
    auth, operations = draft.design.auth, draft.design.api.operations
    roles = {
        name: conclude_record(
            Role,
            role,
            f"auth.roles.{name}",
            kind=role.kind or draft.model.roles.assume(name).kind,
            entity=draft.model.roles.assume(name).entity or "",
            grants=Named(
                {
                    one: read_grant(draft, name, one, operations[one], text)
                    for one, text in role.allows.items()
                    if one in operations
                }
            ),
        )
        for name, role in auth.roles.items()
    }
    scopes, scope_of = list_scopes(draft)
    return conclude_record(
        Auth,
        auth,
        "auth",
        roles=Named(roles),
        memberships=list_memberships(draft),
        scopes=Named(scopes),
        scope_of=Named(scope_of),
    )
