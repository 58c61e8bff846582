"""Which difference follows from what was said otherwise: from what makes it alone, else from what its paths lead to."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.diff.changes import Change, Difference, arrange, sort_changes
from archnb.diff.said import Cause
from archnb.diff.trials import Trials, sign

_TOGETHER = "From several of these together, archnb concludes otherwise."
_ONLY_NUMBERS = "The plan stays as it is, but for the numbers that are reckoned from it."


def find_cause(one: Difference, causes: Sequence[Cause], trials: Trials) -> Cause | None:
    """What was said otherwise that a difference follows from; None where nothing tells."""
    if len(causes) == 1:
        return causes[0]
    if sign(one) in trials.renaming:
        renamed = [cause for cause in causes if cause.old_path and cause.old_path != cause.path]
        return _follow(one, renamed) or _follow(one, causes)
    found = trials.find(one)
    if found:
        return _follow(one, found) or found[0]
    return _follow(one, causes)


def _follow(one: Difference, causes: Sequence[Cause]) -> Cause | None:
    """The cause that the paths of a difference lead to: one that it is below, or the only one that is below it."""
    for path in one.causes:
        above = [cause for cause in causes if cause.path == path or path.startswith(f"{cause.path}.")]
        if above:
            return max(above, key=lambda cause: len(cause.path))
        below = [cause for cause in causes if cause.path.startswith(f"{path}.")]
        if len(below) == 1:
            return below[0]
    return None


def group(causes: Sequence[Cause], differences: Sequence[Difference], trials: Trials) -> tuple[Change, ...]:
    """One change for each cause, with what follows from it; what follows from none that is known stands by itself."""
    found: dict[Cause, list[Difference]] = {cause: [] for cause in causes}
    alone: list[Difference] = []
    for one in differences:
        cause = find_cause(one, causes, trials)
        if cause is None:
            alone.append(one)
        else:
            found[cause].append(one)
    changes = [
        Change(
            path=cause.path,
            words=cause.words,
            differences=arrange(own),
            remark=cause.remark or ("" if own else _ONLY_NUMBERS),
        )
        for cause, own in found.items()
    ]
    if alone:
        changes.append(Change(path="", words=_TOGETHER, differences=arrange(alone)))
    return sort_changes(changes)
