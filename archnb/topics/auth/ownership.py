"""Ownership: which entity is the user, and by which references a row belongs to one.

`own` is a permission only where there is a way from the row to its owner: the check is a condition on that way, in the
query itself, so that no handler can forget it (OWASP API1:2023, broken object level authorisation).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from archnb.design import Design, fields_of
from archnb.naming import snake

# what the people behind a role are called, where it is no entity's name
_STAFF = frozenset(
    {
        "admin",
        "administrator",
        "staff",
        "support",
        "operator",
        "operations",
        "employee",
        "manager",
        "moderator",
        "editor",
        "analyst",
        "finance",
        "warehouse",
        "auditor",
        "agent",
        "root",
        "superuser",
        "clerk",
        "supervisor",
        "backoffice",
        "merchandiser",
        "buyer_team",
        "catalogue",
    }
)
_SERVICES = frozenset(
    {
        "internal",
        "service",
        "system",
        "worker",
        "cron",
        "scheduler",
        "job",
        "integration",
        "partner",
        "machine",
        "batch",
    }
)
_ADMINS = frozenset({"admin", "administrator", "root", "superuser", "owner"})
DEEPEST = 4


def split_role(role: str) -> set[str]:
    """The words of a role's name."""
    return set(snake(role).split("_"))


def is_service(role: str) -> bool:
    """Whether programs, not people, have the role."""
    return bool(split_role(role) & _SERVICES)


def is_admin(role: str) -> bool:
    """Whether the role administers."""
    return bool(split_role(role) & _ADMINS) and not is_service(role)


def is_staff(role: str) -> bool:
    """Whether the people of the role work for the operator."""
    return bool(split_role(role) & (_STAFF | _ADMINS)) and not is_service(role)


class Way(NamedTuple):
    """The references from an entity to its owner: `OrderLine.order -> Order.customer`; none for the owner itself."""

    steps: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return " -> ".join(f"{entity}.{field}" for entity, field in self.steps) or "its own key"


def list_personal(design: Design, entity: str) -> list[str]:
    """The fields of an entity that are personal data."""
    return [name for name, field in fields_of(design, entity).items() if field.personal]


def count_referring(design: Design, entity: str) -> int:
    """How many fields of other entities refer to an entity."""
    return sum(
        1
        for name, one in design.entities.items()
        if name != entity
        for field in one.fields.values()
        if field.references == entity
    )


def is_person(design: Design, entity: str) -> bool:
    """Whether an entity is of people who sign in: it has an address for it, or a secret beside personal data."""
    fields = fields_of(design, entity)
    has_address = any(
        field.type == "email" or {"email", "username", "login"} & {*snake(name).split("_")}
        for name, field in fields.items()
    )
    has_credential = any(field.secret for field in fields.values())
    return has_address or (has_credential and bool(list_personal(design, entity)))


def find_owner(design: Design, roles: Iterable[str]) -> tuple[str, str] | None:
    """The entity that is the user, with the reason: it has an address to sign in with, and others refer to it. None where there is none."""
    people = [name for name in design.entities if is_person(design, name)]
    if not people:
        return None
    named = {snake(role) for role in roles}
    ranked = sorted(
        people,
        key=lambda one: (
            snake(one) not in named,
            is_staff(one),
            -count_referring(design, one),
            list(design.entities).index(one),
        ),
    )
    chosen = ranked[0]
    count = count_referring(design, chosen)
    why = f"{chosen} has what people sign in with ({', '.join(_sign_in_fields(design, chosen)) or 'personal data'}), and {count} {'field refers' if count == 1 else 'fields refer'} to it"
    if snake(chosen) in named:
        why += f"; a role has its name, {snake(chosen)}"
    if len(ranked) > 1:
        why += f". {', '.join(ranked[1:])} could be too: say auth.owner then"
    return chosen, why + "."


def _sign_in_fields(design: Design, entity: str) -> list[str]:
    return [
        name for name, field in fields_of(design, entity).items() if field.type == "email" or "username" in snake(name)
    ]


def find_subject(design: Design, role: str, owner: str | None) -> str | None:
    """The entity that stands for the people of a role: the one of its name, or else the owner."""
    for name in design.entities:
        if snake(name) == snake(role) and is_person(design, name):
            return name
    return owner


def find_way(design: Design, entity: str, owner: str) -> Way | None:
    """The shortest way of references from an entity to its owner, or None.

    All of them are required, but for the last: a guest's cart is nobody's, and a customer's cart is the customer's.
    """
    if entity not in design.entities:
        return None
    required = _links(_Holder(design))
    return _search_way(required, entity, owner) or _search_way(_links_to(_Holder(design), owner), entity, owner)


@lru_cache(maxsize=4096)
def _search_way(links: tuple[tuple[str, tuple[tuple[str, str], ...]], ...], entity: str, owner: str) -> Way | None:
    by_entity = dict(links)
    edge: list[tuple[str, tuple[tuple[str, str], ...]]] = [(entity, ())]
    seen = {entity}
    while edge:
        here, steps = edge.pop(0)
        if here == owner:
            return Way(steps)
        if len(steps) >= DEEPEST:
            continue
        for field, target in by_entity.get(here, ()):
            if target not in seen:
                seen.add(target)
                edge.append((target, (*steps, (here, field))))
    return None


class _Holder:
    """A design as a key of a cache, by what it holds of entities."""

    __slots__ = ("design",)

    def __init__(self, design: Design) -> None:
        self.design = design

    def __hash__(self) -> int:
        return id(self.design.entities)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Holder) and other.design.entities is self.design.entities


@lru_cache(maxsize=4)
def _links(holder: _Holder) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return tuple(
        (
            name,
            tuple(
                (field_name, field.references)
                for field_name, field in fields_of(holder.design, name).items()
                if field.references is not None and not field.optional
            ),
        )
        for name in holder.design.entities
    )


@lru_cache(maxsize=32)
def _links_to(holder: _Holder, owner: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The required references, and the optional ones that lead straight to the owner."""
    return tuple(
        (
            name,
            tuple(
                (field_name, field.references)
                for field_name, field in fields_of(holder.design, name).items()
                if field.references is not None
                and (not field.optional or (field.references == owner and name != owner))
            ),
        )
        for name in holder.design.entities
    )


__all__ = ["Way", "find_owner", "find_subject", "find_way", "is_admin", "is_service", "is_staff", "list_personal"]
