"""Grants, from the words of the design to joins of tables: on which rows a role may do an operation."""

from __future__ import annotations

from archnb.design.api import Operation
from archnb.model import Principal, Unknown, Way
from archnb.model.references import Reference
from archnb.planned.auth import Grant, GrantKind, Join, Membership, Reach, Token
from archnb.topics.auth.proposals import ask
from archnb.topics.topic import Draft


def read_grant(draft: Draft, role: str, name: str, operation: Operation, text: str) -> Grant:
    """The grant that words come to. What they name and cannot be found is refused."""
    entity = operation.entity or ""
    table = draft.model.places.find_table(entity) or "" if entity else ""
    if text in ("any", "none"):
        return Grant(kind="any" if text == "any" else "none", text=text, entity=entity, table=table)
    asked = ask(draft, role, name, operation)
    found = draft.model.reaches.resolve(asked, text) if entity in draft.design.entities else Unknown("no entity")
    if isinstance(found, Unknown):
        return Grant(kind="none", text=text, entity=entity, table=table)
    reaches = []
    for ways in found:
        parts = [_read_way(draft, asked.principal, entity, one) for one in ways]
        if not all(parts):
            return Grant(kind="none", text=text, entity=entity, table=table)
        first, *more = [one for one in parts if one is not None]
        reaches.append(_with(first, more))
    return Grant(kind=_kind(text), text=text, entity=entity, table=table, reaches=tuple(reaches))


def list_memberships(draft: Draft) -> tuple[Membership, ...]:
    """The rows that make people members of groups."""
    from archnb.model.role_words import rank_words

    places = draft.model.places
    made = []
    for one in draft.model.people.memberships:
        ranks = rank_words(one.roles)
        made.append(
            Membership(
                entity=one.entity,
                table=places.find_table(one.entity) or "",
                person=one.person.field,
                person_entity=one.person.target,
                group=one.group.field,
                group_entity=one.group.target,
                role_field=one.role_field or "",
                role_column=next(iter(_columns(draft, one.entity, one.role_field)), "") if one.role_field else "",
                ranks=tuple(sorted(ranks, key=ranks.__getitem__)) if len(ranks) == len(one.roles) else (),
            )
        )
    return tuple(made)


def _with(first: Reach, more: list[Reach]) -> Reach:
    import dataclasses

    return dataclasses.replace(first, also=tuple(more)) if more else first


def _kind(text: str) -> GrantKind:
    return "own" if text == "own" else "tenant" if text == "tenant" else "path"


def _columns(draft: Draft, entity: str, field: str) -> tuple[str, ...]:
    place = draft.model.places.find_field(entity, field)
    return place.columns if place is not None and not place.path else ()


class _Walk:
    """A walk from a row, join by join; `at` is the entity that it has come to."""

    def __init__(self, draft: Draft, entity: str) -> None:
        self.draft, self.at = draft, entity
        self.joins: list[Join] = []

    def join(self, field: str, entity: str, to: str) -> bool:
        """Go on to rows of another entity whose field `to` is equal to `field` here; False where the columns are not known."""
        before, after = self.locate(field), _columns(self.draft, entity, to)
        if not before or len(before) != len(after):
            return False
        table = self.draft.model.places.find_table(entity) or ""
        pairs = tuple(zip(before, after, strict=True))
        self.joins.append(Join(entity=entity, table=table, field=field, to=to, columns=pairs))
        self.at = entity
        return True

    def locate(self, field: str) -> tuple[str, ...]:
        """The columns of a field here; where a more general entity has it, the walk goes there first."""
        places = self.draft.model.places
        place = places.find_field(self.at, field)
        if place is None:
            return ()
        for table, key_name in place.path:
            key = places.tables[table].foreign_keys[key_name]
            parent = key.references or ""
            entity = places.tables[parent].entity or parent
            own = self.draft.model.keys.fields(self.at)
            pairs = tuple(zip(key.columns, key.referenced or places.tables[parent].primary_key, strict=True))
            self.joins.append(
                Join(
                    entity=entity, table=parent, field=own[0], to=self.draft.model.keys.fields(entity)[0], columns=pairs
                )
            )
            self.at = entity
        return place.columns


def _read_way(draft: Draft, principal: Principal, entity: str, way: Way) -> Reach | None:
    """A way as joins; None where its columns are not known, or the caller is known by more than one."""
    keys, walk = draft.model.keys, _Walk(draft, entity)
    token: Token = "client" if principal.kind == "service" else "person"
    role_field, words = "", tuple[str, ...]()
    steps = way.steps

    def follow(references: tuple[Reference, ...]) -> bool:
        return all(
            len(keys.fields(one.target)) == 1 and walk.join(one.field, one.target, keys.fields(one.target)[0])
            for one in references
        )

    if not follow(steps[:-1]):
        return None
    if not steps and len(keys.fields(entity)) != 1:
        return None
    field = steps[-1].field if steps else keys.fields(entity)[0]
    if way.back is not None:
        group, person = way.back
        if not walk.join(field, group.entity, group.field):
            return None
        field = person.field
        if principal.membership is not None and principal.membership.entity == group.entity:
            role_field, words = principal.role_field or "", principal.words
    elif way.home is not None:
        if not walk.join(field, way.home.entity, way.home.field):
            return None
        field = keys.fields(way.home.entity)[0]
        if principal.membership is None:
            role_field, words = principal.role_field or "", principal.words
    elif way.is_claim:
        token = "tenant"
    elif way.is_missing:
        token = ""
    columns = walk.locate(field)
    if not columns or (len(columns) != 1 and token):
        return None
    return Reach(
        path=str(way),
        joins=tuple(walk.joins),
        entity=walk.at,
        table=draft.model.places.find_table(walk.at) or "",
        field=field,
        columns=columns,
        token=token,
        role_field=role_field if words else "",
        role_column=next(iter(_columns(draft, walk.at, role_field)), "") if words else "",
        words=words,
    )
