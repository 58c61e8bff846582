"""What the operations read and write: which rows, in which order, how many, how fresh."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from archnb.diff.changes import Difference, Effect, Whom
from archnb.diff.pair import Pair
from archnb.diff.said import write_value
from archnb.planned.entities import AccessPattern, Filter, Setting

# told by the contract, by the permissions, by the promises, or no more than words
_TOLD = frozenset({"summary", "kind", "entity", "roles", "consistency"})
_LABELS = {
    "by": "finds rows by", "range": "takes a range of", "search": "searches in", "include": "brings along", "aggregate": "computes",
    "steps": "does besides", "where": "finds rows where", "sets": "sets", "returns": "answers",
}  # fmt: skip


def compare_queries(pair: Pair) -> Iterator[Difference]:
    """The differences in what each operation reads and writes."""
    old, new = pair.old.entities.access, pair.new.entities.access
    contracts = (pair.old.api.operations, pair.new.api.operations)
    pairs = {contracts[1][now].pattern or now: contracts[0][was].pattern or was for now, was in pair.operations.items()}
    for name, after in new.items():
        was = pairs.get(name, name)
        if was in old:
            yield from PatternPair(pair, name, old[was], after).compare()


class PatternPair:
    """One access pattern in both versions."""

    def __init__(self, pair: Pair, name: str, before: AccessPattern, after: AccessPattern) -> None:
        self.pair, self.name, self.before, self.after = pair, name, before, after
        self.is_paged = name in pair.paged_patterns

    def _tell(self, effect: Effect, whom: Whom, words: str, how: str = "", *, part: str, field: str = "") -> Difference:
        entity = self.after.entity
        fields = self.pair.causes_of_field(entity, field) if field else ()
        return Difference(
            effect=effect, whom=whom, area="queries", path=f"access.{self.name}.{part}", words=words, how=how, subjects=(self.name,),
            causes=(*fields, f"access.{self.name}.{part}", f"access.{self.name}", *(f"entities.{one}" for one in (entity, *self.after.include))),
        )  # fmt: skip

    def compare(self) -> Iterator[Difference]:
        """What it finds and does otherwise."""
        for one in dataclasses.fields(AccessPattern):
            before, after = getattr(self.before, one.name), getattr(self.after, one.name)
            before = self._carry(one.name, before)
            if one.name in _TOLD or before == after or self.pair.renames.says_same(before, after):
                continue
            if one.name == "sort":
                yield from self._sort(before, after)
            elif one.name == "limit":
                yield from self._limit(before, after)
            elif one.name == "is_async":
                words = "the answer comes before it is done" if after else "the answer comes when it is done"
                yield self._tell(
                    "breaking", "callers", words, "Offer it under a new name beside the old one.", part="is_async"
                )
            elif one.name == "depth":
                words = f"goes {after} relationships deep where it went {before}"
                yield self._tell("breaking" if after < before else "compatible", "readers", words, part="depth")
            elif one.name == "sets":
                yield from self._sets(before, after)
            elif one.name == "returns":
                # which properties an answer has is told of the contract
                continue
            else:
                yield self._other(one.name, before, after)

    def _carry(self, name: str, value: Any) -> Any:
        if name in ("by", "sort", "search"):
            return tuple(self.pair.renames.carry_path(self.after.entity, one) for one in value)
        if name == "range" and value:
            return self.pair.renames.carry_path(self.after.entity, value)
        if name == "include":
            return tuple(self.pair.renames.entity_onwards(one) for one in value)
        return value

    def _sort(self, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Difference]:
        words = f"rows come ordered by {', '.join(after) or 'nothing'} where it was {', '.join(before) or 'nothing'}"
        yield self._tell(
            "breaking", "readers", words, "Offer the new order under a new name, or by a parameter.", part="sort"
        )
        if self.is_paged:
            how = "Give cursors a version, and answer old ones with the first page or a clear error."
            yield self._tell("breaking", "callers", "cursors that were handed out before are void", how, part="sort")

    def _limit(self, before: int, after: int) -> Iterator[Difference]:
        # a page's length is told of the contract
        if self.is_paged:
            return
        is_less = after > 0 and (before == 0 or after < before)
        words = f"answers have at most {after or 'any number of'} rows where it was {before or 'any number of them'}"
        yield self._tell("breaking" if is_less else "compatible", "readers", words, part="limit")

    def _sets(self, before: tuple[Setting, ...], after: tuple[Setting, ...]) -> Iterator[Difference]:
        """What the write sets of itself; what it takes from its caller is told of the request."""
        old = {self.pair.renames.field_onwards(self.after.entity, one.field): one for one in before}
        new = {one.field: one for one in after}
        for field in dict.fromkeys([*new, *old]):
            was, now = old.get(field), new.get(field)
            if was is None and now is not None and now.source != "caller":
                yield self._tell(
                    "compatible", "callers", f"{field} is {_value(now)}", part=f"sets.{field}", field=field
                )
            elif now is None and was is not None and was.source != "caller":
                words = f"{field} is left as it is, where it was {_value(was)}"
                yield self._tell("breaking", "readers", words, part=f"sets.{field}", field=field)
            elif was is not None and now is not None and was.value == "missing" and now.source == "caller":
                # whether it may be sent, or must be, is told of the request
                continue
            elif (
                was is not None
                and now is not None
                and (was.source, self.pair.renames.carry_text(was.value)) != (now.source, now.value)
            ):
                words = f"{field} is {_value(now)} where it was {_value(was)}"
                how = (
                    "Take what is sent and do nothing with it until nobody sends it." if was.source == "caller" else ""
                )
                yield self._tell("breaking", "callers", words, how, part=f"sets.{field}", field=field)

    def _other(self, name: str, before: Any, after: Any) -> Difference:
        label = _LABELS.get(name, name.replace("_", " "))
        words = f"{label} {_write(after)} where it was {_write(before)}"
        if name == "include" and set(before) <= set(after):
            return self._tell("compatible", "readers", words, part=name)
        whom: Whom = "readers" if self.after.is_read else "callers"
        return self._tell(
            "breaking", whom, words, "Offer it under a new name; keep the old one until no caller is left.", part=name
        )


def _value(one: Setting) -> str:
    """Where the value of a field comes from, in words."""
    if one.source == "caller":
        return "what the caller sends"
    if one.value == "missing":
        return "left empty"
    return {"token": f"the {one.value or 'caller'} of the token", "server": f"{one.value} of the server"}.get(
        one.source, one.value
    )


def _write(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], Filter):
        return ", ".join(" ".join((one.field, one.comparison, ", ".join(one.values))).strip() for one in value)
    return "nothing" if value in ((), "", None) else write_value(value)
