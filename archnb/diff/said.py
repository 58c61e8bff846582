"""What two people say differently: the causes, each with its path in both versions and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from archnb.design import Design, plain
from archnb.design.accepted import Acceptance
from archnb.design.entities import AccessPattern, Entity, Field, write_field
from archnb.design.record import Record, hints
from archnb.diff.renames import Renames, strip
from archnb.quantity import Quantity

# what says which version it is, or is told apart
_SKIPPED = frozenset({"migrations.version", "accepted"})


class Cause(NamedTuple):
    """Something that is said otherwise: its path in the new version, that in the old one, and the change in words."""

    path: str
    old_path: str
    words: str
    # what follows where no difference of the plans does
    remark: str = ""


class Places(NamedTuple):
    """Where something stands in the old version and in the new one."""

    old: str
    new: str

    def below(self, old: str, new: str | None = None) -> Places:
        """The places of something inside."""
        new = old if new is None else new
        return Places(f"{self.old}.{old}" if self.old else old, f"{self.new}.{new}" if self.new else new)


def list_causes(renames: Renames) -> list[Cause]:
    """All that is said otherwise, in the order of the new design; what is gone stands after what is there."""
    old, new = renames.old.said, renames.new.said
    return [*_walk(renames, old, new, Places("", "")), *_acceptances(old, new)]


def _walk(renames: Renames, old: Record, new: Record, at: Places) -> Iterator[Cause]:
    for name in hints(type(new)):
        here = at.below(name)
        before, after = getattr(old, name), getattr(new, name)
        if here.new in _SKIPPED or name[0] == "_" or before == after or name == "was":
            continue
        if here.new == "entities":
            yield from _entities(renames, before, after)
        elif name == "fields" and isinstance(after, Mapping):
            yield from _fields(renames, at.new.rpartition(".")[2], before, after, here)
        else:
            yield from _compare(renames, before, after, here)


def _compare(renames: Renames, before: Any, after: Any, at: Places) -> Iterator[Cause]:
    if renames.says_same(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*after, *before]):
            here = at.below(name)
            if name in before and name in after:
                yield from _compare(renames, before[name], after[name], here)
            else:
                yield _come_or_go(renames, before.get(name), after.get(name), here)
    elif isinstance(before, Record) and isinstance(after, Record) and not after.SHORTHAND:
        yield from _walk(renames, before, after, at)
    else:
        yield Cause(at.new, at.old, f"{at.new}: {write_value(before)} → {write_value(after)}.")


def _entities(renames: Renames, before: Mapping[str, Entity], after: Mapping[str, Entity]) -> Iterator[Cause]:
    pairs, at = renames.entities, Places("entities", "entities")
    for name, entity in after.items():
        was = pairs.get(name)
        if was is None or was not in before:
            fields = ", ".join(entity.fields)
            told = f", with the field{'s' * (len(entity.fields) > 1)} {fields}" if fields else ""
            yield Cause(
                f"entities.{name}", "", f"Entity {name} is new{told}.", "Create its table; nothing reads it yet."
            )
            continue
        here = at.below(was, name)
        if was != name:
            yield Cause(here.new, here.old, f"Entity {was} is called {name} from now on.")
        yield from _walk(renames, before[was], entity, here)
    kept = set(pairs.values())
    for name in before:
        if name not in kept:
            words = f"Entity {name} goes.{_hint_entity(name, before, after, renames)}"
            yield Cause(f"entities.{name}", f"entities.{name}", words)


def _hint_entity(gone: str, before: Mapping[str, Entity], after: Mapping[str, Entity], renames: Renames) -> str:
    """What to write where an entity that is gone looks like one that came."""
    own = {name: one.type for name, one in before[gone].fields.items()}
    for name, entity in after.items():
        if name in renames.entities or not own:
            continue
        shared = sum(own.get(field) == one.type for field, one in entity.fields.items())
        if 2 * shared > max(len(own), len(entity.fields)):
            return f" If it is {name} under its old name, write `was: {gone}` there: its rows are kept then."
    return ""


def _fields(
    renames: Renames, owner: str, before: Mapping[str, Field], after: Mapping[str, Field], at: Places
) -> Iterator[Cause]:
    pairs = renames.fields(owner)
    for name, field in after.items():
        was = pairs.get(name)
        # one that is inherited by now is said elsewhere
        if was is None or was not in before:
            yield Cause(f"{at.new}.{name}", "", f"Field {owner}.{name} is new ({describe_field(field)}).")
            continue
        here = at.below(was, name)
        told = [] if was == name else [f"Field {owner}.{was} is called {name} from now on."]
        carried, bare = renames.carry_field(before[was]), strip(field)
        if carried != bare:
            told.append(
                f"Field {owner}.{name} changes from '{describe_field(before[was])}' to '{describe_field(bare)}'."
            )
        if told:
            yield Cause(here.new, here.old, " ".join(told))
    kept = set(pairs.values())
    for name, field in before.items():
        if name not in kept:
            hint = _hint_field(renames, owner, name, field, before, after)
            yield Cause(f"{at.new}.{name}", f"{at.old}.{name}", f"Field {owner}.{name} goes.{hint}")


def _hint_field(
    renames: Renames, owner: str, gone: str, field: Field, before: Mapping[str, Field], after: Mapping[str, Field]
) -> str:
    """What to write where a field that is gone looks like one that came: one of the same type, at the same place if there are several."""
    came = [name for name in after if name not in renames.fields(owner)]
    same = [name for name in came if _kind(after[name]) == _kind(renames.carry_field(field))]
    if not same:
        return ""
    place = list(before).index(gone)
    near = min(same, key=lambda name: abs(list(after).index(name) - place))
    written = write_field(after[near])
    line = f"{near}: {written} was {gone}" if written and after[near].default is None else f"{near}: {{…, was: {gone}}}"
    return f" If it is {near} under its old name, write `{line}`: its values are kept then."


def _kind(field: Field) -> tuple[object, ...]:
    return field.type, field.references, field.values


def _come_or_go(renames: Renames, before: Any, after: Any, at: Places) -> Cause:
    _, _, name = at.new.rpartition(".")
    if isinstance(after, AccessPattern) and name in renames.old.design.access:
        return Cause(at.new, "", f"Operation {name} is said from now on; archnb proposed one of that name before.")
    if isinstance(before, AccessPattern) and name in renames.new.design.access:
        return Cause(at.new, at.old, f"Operation {name} is said no more; archnb proposes one of that name.")
    if isinstance(after, AccessPattern):
        words = f"Operation {name} is new: {after.summary or after.reads or after.writes}.".replace("..", ".")
        return Cause(at.new, "", words, "Build its index before the code that uses it.")
    if isinstance(before, AccessPattern):
        return Cause(at.new, at.old, f"Operation {name} goes.")
    if before is None:
        if _stands(renames.old.design, at.old):
            words = f"{at.new} is said from now on ({write_value(after)}); archnb proposed it before."
        else:
            words = f"{at.new} is new: {write_value(after)}."
        return Cause(at.new, "", words)
    if _stands(renames.new.design, at.new):
        words = f"{at.new} is said no more ({write_value(before)}); archnb proposes it."
    else:
        words = f"{at.new} goes: {write_value(before)}."
    return Cause(at.new, at.old, words)


def _stands(design: Design, path: str) -> bool:
    """Whether a completed design has something at a path."""
    place: Any = design
    for part in path.split("."):
        place = place.get(part) if isinstance(place, Mapping) else getattr(place, part, None)
        if place is None:
            return False
    return True


def describe_field(field: Field) -> str:
    """A field in one line, or as much of it as fits there."""
    return write_field(field) or f"{field.type or 'reference'}, with more said of it"


def write_value(value: Any) -> str:
    """A value that was said, as it is read."""
    if value is None or value == ():
        return "not said"
    if isinstance(value, tuple):
        return ", ".join(write_value(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Record | Mapping):
        return _write_plain(plain(value))
    return str(value) if isinstance(value, Quantity | str | int) else repr(value)


def _write_plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_write_plain(one)}' for name, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_write_plain(one) for one in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _acceptances(old: Design, new: Design) -> Iterator[Cause]:
    """What is accepted by now, what no longer, and what for another reason or another time."""
    before, after = ({(one.rule, one.path): one for one in design.accepted} for design in (old, new))
    for key in dict.fromkeys([*before, *after]):
        rule, path = key
        was, one = before.get(key), after.get(key)
        if was == one:
            continue
        if was is None and one is not None:
            text = f"{rule} is accepted at {path}{_ending(one)}: {one.reason}"
            remark = "Its finding counts as accepted, and no check fails on it."
        elif one is None and was is not None:
            text = f"{rule} is no longer accepted at {path}; the reason was: {was.reason}"
            remark = "Its finding is open again."
        elif was is not None and one is not None:
            told = [
                f"{name} {write_value(getattr(was, name))} → {write_value(getattr(one, name))}"
                for name in ("reason", "date", "until")
                if getattr(was, name) != getattr(one, name)
            ]
            text = f"{rule} stays accepted at {path}: {', '.join(told)}"
            remark = "Look whether the reason still holds."
        yield Cause("accepted", "accepted", _sentence(text), remark)


def _ending(one: Acceptance) -> str:
    return f" until {one.until}" if one.until else ""


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
