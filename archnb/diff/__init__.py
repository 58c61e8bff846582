"""What changed between two plans, in words: what it means for the data, for callers, and how it is carried out.

Entities and operations are compared as they were concluded, so that what archnb proposes otherwise is seen too; every other
value as it was said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from archnb.design import Design, leaves
from archnb.design.accepted import Acceptance
from archnb.design.entities import Field, write_field
from archnb.exceptions import printable
from archnb.planned import Backend
from archnb.planned.entities import AccessPattern
from archnb.quantity import Quantity
from archnb.shapes import Cell, Shown, Table, Tone

if TYPE_CHECKING:
    from archnb.plan import Plan

Effect = Literal["breaking", "data", "safe"]
_TONE: dict[str, Tone] = {"breaking": "danger", "data": "warning", "safe": ""}


@dataclass(frozen=True)
class Change:
    """One change: where, in words, and whether it breaks callers, touches data, or is safe."""

    path: str
    words: str
    effect: Effect
    how: str = ""


class Diff(Shown):
    """The changes from one design to another, the breaking ones first."""

    title = "Changes"

    def __init__(self, old: str, new: str, changes: Iterator[Change]) -> None:
        order = ("breaking", "data", "safe")
        self.old, self.new = old, new
        self.changes = tuple(sorted(changes, key=lambda one: order.index(one.effect)))

    @property
    def views(self) -> tuple[Table, ...]:
        """One row a change."""
        rows = tuple(
            (Cell(c.effect, tone=_TONE[c.effect]), Cell(c.path, is_code=True), c.words, c.how) for c in self.changes
        )
        note = f"{len(rows)} changes." if rows else "The two say the same."
        return (
            Table(
                "changes",
                f"From {self.old} to {self.new}",
                ("effect", "where", "change", "how"),
                rows,
                description=note,
            ),
        )

    def __repr__(self) -> str:
        lines = [f"{c.effect}: {c.words}" + (f" {c.how}" if c.how else "") for c in self.changes]
        return printable("\n".join(lines)) or "The two say the same."


def diff(old: Plan, new: Plan) -> Diff:
    """Compare two plans by meaning.

    >>> from archnb import Design, plan
    >>> print(diff(plan(Design()), plan(Design.of({"entities": {"Tag": {"fields": {"id": "key"}}}}))).changes[0].words)
    Entity Tag is new, with the field id.
    """
    return Diff(_title(old), _title(new), _changes(old, new))


def _title(plan: Plan) -> str:
    return f"{plan.name} {plan.said.migrations.version or ''}".strip()


def _changes(old: Plan, new: Plan) -> Iterator[Change]:
    yield from _entities(old.planned, new.planned)
    yield from _access(old.planned, new.planned)
    yield from _acceptances(old.said, new.said)
    yield from _values(old, new)


def _entities(old_backend: Backend, new_backend: Backend) -> Iterator[Change]:
    old, new = old_backend.entities, new_backend.entities
    for name, entity in new.entities.items():
        path = f"entities.{name}"
        # an inherited field changes where it is declared
        inherited = new.entities[entity.extends].fields if entity.extends in new.entities else {}
        if name not in old.entities:
            fields = ", ".join(entity.fields)
            yield Change(
                path,
                f"Entity {name} is new, with the field{'s' * (len(entity.fields) > 1)} {fields}.",
                "safe",
                "Create its table; nothing reads it yet.",
            )
            continue
        before = old.entities[name].fields
        kept: set[str] = set()
        for field, one in entity.fields.items():
            here = f"{path}.fields.{field}"
            if field in inherited:
                continue
            if field not in before and one.was is not None and one.was in before and one.was not in entity.fields:
                yield Change(
                    here,
                    f"Field {name}.{one.was} is called {field} from now on.",
                    "breaking",
                    "Add the new column, write both, backfill, move the readers, drop the old one.",
                )
                kept.add(one.was)
            elif field not in before:
                yield _added(here, name, field, one)
            elif before[field] != one:
                yield _changed(here, name, field, before[field], one)
        parent = old.entities[name].extends
        for field in before:
            if (
                field not in entity.fields
                and field not in kept
                and not (parent in old.entities and field in old.entities[parent].fields)
            ):
                yield Change(
                    f"{path}.fields.{field}",
                    f"Field {name}.{field} goes.",
                    "breaking",
                    "Stop writing it, then stop reading it, then drop the column in a later release.",
                )
    for name in old.entities:
        if name not in new.entities:
            yield Change(
                f"entities.{name}",
                f"Entity {name} goes.",
                "breaking",
                "Stop every reader first; keep a backup of the table; drop it in a later release.",
            )


def _added(path: str, entity: str, field: str, one: Field) -> Change:
    text = f"Field {entity}.{field} is new ({write_field(one) or one.type})."
    if one.optional or one.default is not None:
        return Change(
            path, text, "safe", "Add the column; a constant default rewrites nothing in PostgreSQL 11 and later."
        )
    return Change(
        path,
        text,
        "data",
        "Add it as nullable, write it from now on, backfill in batches, then add NOT NULL through a validated CHECK.",
    )


def _changed(path: str, entity: str, field: str, before: Field, after: Field) -> Change:
    text = f"Field {entity}.{field} changes from '{write_field(before) or before.type}' to '{write_field(after) or after.type}'."
    if before.type == after.type and before.references == after.references:
        if before.optional and not after.optional:
            return Change(
                path,
                text,
                "data",
                "Fill the missing values, add CHECK (… IS NOT NULL) NOT VALID, validate it, then SET NOT NULL.",
            )
        if after.unique and not before.unique:
            return Change(
                path,
                text,
                "data",
                "Find and mend the duplicates, build the unique index concurrently, then attach the constraint.",
            )
        if (
            (after.length or 0) >= (before.length or 0)
            and set(after.values) >= set(before.values)
            and after.optional == before.optional
        ):
            return Change(path, text, "safe", "Wider than before: old values and old callers still fit.")
    return Change(
        path,
        text,
        "breaking",
        "Expand and contract: add a second column, write both, backfill, move the readers, drop the first.",
    )


def _shape(pattern: AccessPattern) -> tuple[str, str, tuple[str, ...]]:
    return pattern.kind, pattern.entity, pattern.by


def _access(old_backend: Backend, new_backend: Backend) -> Iterator[Change]:
    old, new = old_backend.entities, new_backend.entities
    for name, pattern in new.access.items():
        if name not in old.access:
            yield Change(
                f"access.{name}",
                f"Operation {name} is new: {pattern.summary or pattern.entity}.".replace("..", "."),
                "safe",
                "Build its index before the code that uses it.",
            )
        elif _shape(pattern) != _shape(old.access[name]):
            yield Change(
                f"access.{name}",
                f"Operation {name} does something else than before.",
                "breaking",
                "Offer it under a new name; keep the old one until no caller is left.",
            )
    for name in old.access:
        if name not in new.access:
            yield Change(
                f"access.{name}",
                f"Operation {name} goes.",
                "breaking",
                "Announce it (Deprecation and Sunset headers), watch its calls fall to zero, then remove it.",
            )


def _acceptances(old: Design, new: Design) -> Iterator[Change]:
    """What is accepted by now, what no longer, and what for another reason or another time."""
    before, after = ({(one.rule, one.path): one for one in design.accepted} for design in (old, new))
    for key in dict.fromkeys([*before, *after]):
        rule, path = key
        was, one = before.get(key), after.get(key)
        if was == one:
            continue
        if was is None and one is not None:
            text = f"{rule} is accepted at {path}{_ending(one)}: {one.reason}"
            yield Change(
                "accepted", _sentence(text), "safe", "Its finding counts as accepted, and no check fails on it."
            )
        elif one is None and was is not None:
            text = f"{rule} is no longer accepted at {path}; the reason was: {was.reason}"
            yield Change("accepted", _sentence(text), "safe", "Its finding is open again.")
        elif was is not None and one is not None:
            told = [
                f"{name} {_word(getattr(was, name))} → {_word(getattr(one, name))}"
                for name in ("reason", "date", "until")
                if getattr(was, name) != getattr(one, name)
            ]
            text = f"{rule} stays accepted at {path}: {', '.join(told)}"
            yield Change("accepted", _sentence(text), "safe", "Look whether the reason still holds.")


def _ending(one: Acceptance) -> str:
    return f" until {one.until}" if one.until else ""


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _values(old_plan: Plan, new_plan: Plan) -> Iterator[Change]:
    """Every other said value that differs, as from → to."""
    done = ("entities.", "access.")
    old, new = old_plan.said, new_plan.said
    before, after = dict(leaves(old)), dict(leaves(new))
    before.pop("accepted", None)
    after.pop("accepted", None)
    for path in dict.fromkeys([*before, *after]):
        parts = path.split(".")
        is_field = path.startswith("entities.") and len(parts) > 2 and parts[2] == "fields"
        is_whole = path.startswith(done) and (
            parts[1] not in getattr(old, parts[0]) or parts[1] not in getattr(new, parts[0])
        )
        is_shape = path.startswith("access.") and parts[-1] in ("reads", "writes", "by", "action")
        if before.get(path) == after.get(path) or is_field or is_whole or is_shape or path == "migrations.version":
            continue
        yield Change(
            path,
            f"{path}: {_word(before.get(path))} → {_word(after.get(path))}.",
            "safe",
            "Plan again and compare the facts.",
        )


def _word(value: object) -> str:
    if value is None:
        return "not said"
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return str(value) if isinstance(value, Quantity | str | int) else repr(value)
