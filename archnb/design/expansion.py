"""What stands for several things is written out: a reference to one of several entities, a text that each language has of its own.

`about: -> Post | Photo` becomes a field for each, of which exactly one is given; a text that is `translated` gets a table of
translations beside its entity. The design that people wrote stays as it is; everything after it sees what is written out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from archnb.design.entities import Entity, Field, list_ancestry
from archnb.design.invariants import Invariant, Kind
from archnb.design.record import Named
from archnb.naming import pascal, snake, with_article, words


def is_short(entities: Mapping[str, Entity]) -> bool:
    """Whether anything stands for several things."""
    return any(one.either or one.translated for entity in entities.values() for one in entity.fields.values())


def expand(entities: Mapping[str, Entity]) -> Mapping[str, Entity]:
    """The entities, written out; the same mapping where nothing stands for several things."""
    if not is_short(entities):
        return entities
    made: dict[str, Entity] = {}
    for name, entity in entities.items():
        made[name] = _expand_references(entity)
        translated = {field: one for field, one in entity.fields.items() if one.translated}
        wanted = name_translations(name)
        if translated and wanted not in entities:
            made[wanted] = _make_translations(entities, name, translated)
    return Named(made)


def name_variant(field: str, entity: str) -> str:
    """The field that refers to one of several entities.

    >>> name_variant("about", "Photo")
    'about_photo'
    """
    return f"{field}_{snake(entity)}"


def name_translations(entity: str) -> str:
    """The entity that holds the translations of another one's texts."""
    return f"{pascal(entity)}Translation"


def _expand_references(entity: Entity) -> Entity:
    if not any(one.either for one in entity.fields.values()):
        return entity
    fields: dict[str, Field] = {}
    holds = list(entity.holds)
    for name, one in entity.fields.items():
        if not one.either:
            fields[name] = one
            continue
        made = {
            name_variant(name, target): dataclasses.replace(
                one, either=(), references=target, optional=True, on_delete=one.on_delete or "restrict"
            )
            for target in dict.fromkeys(one.either)
        }
        fields |= made
        kind: Kind = "at most one of" if one.optional else "exactly one of"
        holds.append(Invariant(kind=kind, fields=tuple(made)))
    return dataclasses.replace(entity, fields=Named(fields), holds=tuple(holds))


def _make_translations(entities: Mapping[str, Entity], name: str, texts: Mapping[str, Field]) -> Entity:
    """One row a language of a row: its texts, each as it was said, missing where it is not translated yet."""
    own = {
        snake(name): Field(type="reference", references=name, on_delete="cascade"),
        "language": Field(type="language"),
    }
    ancestry = list_ancestry(entities, name)
    rows = next((entities[one].rows for one in ancestry if entities[one].rows is not None), None)
    is_many = len(texts) > 1
    fields = {
        field: dataclasses.replace(
            one, translated=None, unique=None, key=None, default=None, optional=True if is_many else one.optional
        )
        for field, one in texts.items()
    }
    return Entity(
        summary=f"The texts of {with_article(words(name))} in one language; the original stands with the {words(name)}.",
        fields=Named({**own, **fields}),
        key=(snake(name), "language"),
        rows=rows,
        growth=entities[name].growth,
        retention=entities[name].retention,
        domain=entities[name].domain,
    )


__all__ = ["expand", "is_short", "name_translations", "name_variant"]
