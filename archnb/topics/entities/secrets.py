"""Fields that are secrets by their names, marked so before anything else reads the entities."""

from __future__ import annotations

import dataclasses

from archnb.design.entities import Entity
from archnb.design.record import Named
from archnb.model.secrets import find_secret
from archnb.topics.topic import Because, Draft


def mark_secrets(draft: Draft) -> Named[Entity]:
    """The entities with each field marked that its name tells to be a secret, unless the design says `secret: false`."""
    made: dict[str, Entity] = {}
    for name, entity in draft.design.entities.items():
        key, found = draft.model.keys.fields(name), dict(entity.fields)
        for field_name, field in entity.fields.items():
            # what identifies a row is said aloud, whatever it is called
            secret = (
                find_secret(name, entity.fields, field_name) if field.secret is None and field_name not in key else None
            )
            if secret is not None:
                path = f"entities.{name}.fields.{field_name}"
                reason = f"its name is that of {secret.reason}; it is never shown and never logged"
                found[field_name] = draft.fill(path, field, secret=Because(True, reason))
        is_same = all(found[one] is entity.fields[one] for one in found)
        made[name] = entity if is_same else dataclasses.replace(entity, fields=Named(found))
    return Named(made)


__all__ = ["mark_secrets"]
