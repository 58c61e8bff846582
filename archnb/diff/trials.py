"""What each change would do alone: the old design is planned with one thing said otherwise, for each; a difference follows from
the change that alone makes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from archnb.design import Design, plain
from archnb.diff.changes import Difference
from archnb.diff.said import Cause
from archnb.exceptions import ArchnbError

if TYPE_CHECKING:
    from archnb.diff.pair import Pair
    from archnb.plan import Plan

# so many changes, times so many entities, are tried one by one; more would take minutes
MOST_CAUSES = 60
MOST_WORK = 2500
# where field names stand in an access pattern
_OF_FIELDS = ("by", "range", "sort", "search", "where", "sets", "returns", "aggregate")
_NAME = re.compile(r"(?P<dot>\.?)(?P<word>\b[A-Za-z_]\w*)")


@dataclass(frozen=True)
class Trials:
    """Which differences each change makes alone. `renaming`: those that follow from new names alone."""

    alone: Mapping[Cause, frozenset[str]] = field(default_factory=dict)
    renaming: frozenset[str] = frozenset()

    def find(self, one: Difference) -> list[Cause]:
        """The changes that alone make a difference; those that make another at its place where none makes it."""
        for each in (sign(one), one.path):
            found = [cause for cause, signs in self.alone.items() if each in signs]
            if found:
                return found
        return []


def sign(one: Difference) -> str:
    """What tells a difference from others."""
    return f"{one.effect} {one.path} {one.words}"


def list_signs(differences: Iterable[Difference]) -> frozenset[str]:
    """The signs of differences, and where they are."""
    return frozenset(each for one in differences for each in (sign(one), one.path))


def try_alone(pair: Pair, causes: Sequence[Cause], compare: Callable[[Plan, Plan], Sequence[Difference]]) -> Trials:
    """Plan the old design with each change alone; none where there is but one, or where there are too many."""
    if not 2 <= len(causes) <= MOST_CAUSES or len(causes) * len(pair.after.design.entities) > MOST_WORK:
        return Trials()
    from archnb.plan import plan

    base = _carry(pair)
    try:
        # by the new names from here on, so that one change needs no other
        renaming = list_signs(compare(pair.before, plan(Design.of(base)))) if pair.renames.is_any else frozenset()
    except ArchnbError:
        base, renaming = plain(pair.before.said), frozenset()
    found = {}
    for cause, data in _apply_alone(base, plain(pair.after.said), causes):
        try:
            found[cause] = list_signs(compare(pair.before, plan(Design.of(data)))) - renaming
        except ArchnbError:
            # alone it makes no design
            continue
    return Trials(found, renaming)


def _apply_alone(base: Any, after: Any, causes: Sequence[Cause]) -> Iterator[tuple[Cause, dict[str, Any]]]:
    for cause in causes:
        data, value = _copy(base), _find(after, cause.path)
        if value is None:
            _drop(data, cause.path)
            yield cause, data
        elif _put(data, cause.path, value):
            yield cause, data


# -- the old design by the new names


def _carry(pair: Pair) -> dict[str, Any]:
    """The plain data of the old design with what is called otherwise by its new name."""
    renames, said = pair.renames, pair.before.said
    data: dict[str, Any] = plain(said)
    if not renames.is_any:
        return data
    entities = {was: name for name, was in renames.entities.items() if was != name}
    data = _rename(data, lambda dot, word: word if dot else entities.get(word, word))
    everywhere = {was: name for owner in renames.entities for name, was in renames.fields(owner).items() if was != name}
    for name, was in renames.entities.items():
        entity = data.get("entities", {}).get(name)
        if not isinstance(entity, dict) or was not in said.entities:
            continue
        if was != name:
            entity["was"] = was
        words = {old: new for new, old in renames.fields(name).items() if old != new}
        own = {part: one for part, one in entity.items() if part not in ("fields", "was", "summary")}
        entity |= _rename(own, _by_fields(words, everywhere))
        entity["fields"] = {
            words.get(old, old): plain(replace(renames.carry_field(one), was=old) if old in words else renames.carry_field(one))
            for old, one in said.entities[was].fields.items()
        }  # fmt: skip
    for name, pattern in data.get("access", {}).items():
        owner = pattern.get("reads") or pattern.get("writes")
        words = {old: new for new, old in renames.fields(owner).items() if old != new}
        swap = _by_fields(words, everywhere)
        pattern |= _rename({part: one for part, one in pattern.items() if part in _OF_FIELDS}, swap)
        policy = data.get("cache", {}).get("policies", {}).get(name)
        if isinstance(policy, dict) and "key" in policy:
            policy["key"] = _rename(policy["key"], swap)
        for role in data.get("auth", {}).get("roles", {}).values():
            if name in role.get("allows", {}):
                role["allows"][name] = _rename(role["allows"][name], swap)
    return data


def _by_fields(own: Mapping[str, str], everywhere: Mapping[str, str]) -> Callable[[str, str], str]:
    """Names of an entity's own fields, and after a dot those of another's."""
    return lambda dot, word: everywhere.get(word, word) if dot else own.get(word, word)


def _rename(value: Any, swap: Callable[[str, str], str]) -> Any:
    if isinstance(value, str):
        return _NAME.sub(lambda found: found["dot"] + swap(found["dot"], found["word"]), value)
    if isinstance(value, Mapping):
        return {_rename(name, swap): _rename(one, swap) for name, one in value.items()}
    return [_rename(one, swap) for one in value] if isinstance(value, list) else value


# -- plain data


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(one) for name, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value


def _find(data: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(data, Mapping) or part not in data:
            return None
        data = data[part]
    return data


def _drop(data: Any, path: str) -> None:
    *above, last = path.split(".")
    for part in above:
        data = data.get(part) if isinstance(data, Mapping) else None
    if isinstance(data, dict):
        data.pop(last, None)


def _put(data: Any, path: str, value: Any) -> bool:
    *above, last = path.split(".")
    for part in above:
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            return False
    data[last] = _copy(value)
    return True
