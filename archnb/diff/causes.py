"""Which difference follows from what was said otherwise: by the paths that it may follow from; where those do not tell, by
planning the old design with one change alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archnb.design import Design, plain
from archnb.diff.changes import Change, Difference, arrange, sort_changes
from archnb.diff.said import Cause
from archnb.exceptions import ArchnbError

# more changes than this are not tried one by one
MOST_TRIALS = 12
_ONLY_NUMBERS = "The plan stays as it is, but for what is reckoned from it: compare the facts."


def find_cause(difference: Difference, causes: Sequence[Cause]) -> Cause | None:
    """What was said otherwise that a difference follows from; None where the paths do not tell."""
    for path in difference.causes:
        exact = [one for one in causes if one.path == path or path.startswith(f"{one.path}.")]
        if exact:
            # the nearest of several
            return max(exact, key=lambda one: len(one.path))
        below = [one for one in causes if one.path.startswith(f"{path}.")]
        if len(below) == 1:
            return below[0]
    return causes[0] if len(causes) == 1 else None


def group(
    causes: Sequence[Cause], differences: Sequence[Difference], trials: Mapping[Cause, frozenset[str]] | None = None
) -> tuple[Change, ...]:
    """One change for each cause, with what follows from it; what follows from none that is known stands by itself."""
    found: dict[Cause, list[Difference]] = {cause: [] for cause in causes}
    alone: dict[str, list[Difference]] = {}
    for one in differences:
        cause = find_cause(one, causes)
        if cause is None and trials:
            signs = (sign(one), one.path)
            cause = next((cause for each in signs for cause, seen in trials.items() if each in seen), None)
        if cause is None:
            alone.setdefault(".".join(one.path.split(".")[:3]), []).append(one)
        else:
            found[cause].append(one)
    changes = [
        Change(path=cause.path, words=cause.words, differences=arrange(own), remark=cause.remark or ("" if own else _ONLY_NUMBERS))
        for cause, own in found.items()
    ]  # fmt: skip
    changes += [
        Change(path=path, words=f"{path} is concluded otherwise.", differences=arrange(own))
        for path, own in alone.items()
    ]
    return sort_changes(changes)


def sign(difference: Difference) -> str:
    """What tells a difference from others."""
    return f"{difference.effect} {difference.path} {difference.words}"


def apply_alone(old: Design, new: Design, causes: Sequence[Cause]) -> Iterator[tuple[Cause, Design]]:
    """The old design with one thing said otherwise, for each; where that makes no design, there is none."""
    before, after = plain(old), plain(new)
    for cause in causes:
        data = _copy(before)
        if cause.old_path and cause.old_path != cause.path:
            _drop(data, cause.old_path)
        value = _find(after, cause.path)
        if value is None:
            _drop(data, cause.path)
        elif not _put(data, cause.path, value):
            continue
        try:
            yield cause, Design.of(data)
        except ArchnbError:
            continue


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
