"""Which rows an access pattern means beyond what is given, and what a write sets: proposed from the fields and its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from archnb.design.conditions import Assignment, Filter
from archnb.design.entities import AccessPattern
from archnb.model import Setting
from archnb.naming import words
from archnb.planned.entities import Filter as PlannedFilter
from archnb.planned.entities import Setting as PlannedSetting
from archnb.topics.topic import Because, Draft


def complete_values(draft: Draft, name: str, pattern: AccessPattern) -> AccessPattern:
    """The pattern with the filters and the assignments that nobody said, each with its reason."""
    path = f"access.{name}"
    where, reason = _propose_filters(draft, name, pattern)
    instants = draft.model.writes.list_instants(pattern)
    completed = draft.fill(path, pattern, where=Because(where or None, reason))
    if instants:
        completed = replace(completed, by=tuple(one for one in pattern.by if one not in instants))
    settings = draft.model.writes.list_settings(name, pattern)
    if not settings or pattern.sets or pattern.effect == "delete":
        return completed
    sets = tuple(Assignment(field=one.field, value=one.value or None) for one in settings)
    return draft.fill(path, completed, sets=Because(sets, _explain(settings)))


def list_filters(draft: Draft, name: str) -> tuple[PlannedFilter, ...]:
    """The filters of a completed pattern; what was said leaves out deleted rows too, unless it speaks of them itself."""
    pattern = draft.design.access[name]
    mark = _find_mark(draft, name, pattern)
    added = () if mark is None else (_living(draft, pattern, mark),)
    found = [one for one in (*pattern.where, *added) if one.field and one.comparison]
    return tuple(
        PlannedFilter(field=one.field or "", comparison=one.comparison or "=", values=one.values)
        for one in dict.fromkeys(found)
    )


def list_settings(draft: Draft, name: str) -> tuple[PlannedSetting, ...]:
    """What a completed pattern sets, each with its reason."""
    said = draft.said.access.get(name)
    pattern = replace(draft.design.access[name], sets=said.sets if said is not None else ())
    return tuple(
        PlannedSetting(
            field=one.field,
            source=one.source,
            value=one.value,
            is_required=one.is_required,
            given_by=one.given_by,
            reason=one.reason,
        )
        for one in draft.model.writes.list_settings(name, pattern)
    )


def _find_mark(draft: Draft, name: str, pattern: AccessPattern) -> str | None:
    """The mark of deletion that the rows of a pattern must not have; None where it makes rows, or speaks of the mark itself."""
    entity = pattern.reads or pattern.writes
    if entity is None or entity not in draft.design.entities or pattern.effect == "create":
        return None
    mark = draft.model.writes.find_deletion_mark(entity)
    asked = {*pattern.by, pattern.range, *(one.field for one in pattern.where), *(one.field for one in pattern.order)}
    is_erasure = pattern.effect == "delete" and draft.model.writes.is_erasure(name)
    return None if mark in asked or is_erasure else mark


def _living(draft: Draft, pattern: AccessPattern, mark: str) -> Filter:
    """The filter that leaves out what is deleted: no moment of deletion, or a flag that says so."""
    is_flag = draft.model.fields(pattern.reads or pattern.writes or "")[mark].type == "bool"
    return (
        Filter(field=mark, comparison="=", values=("false",))
        if is_flag
        else Filter(field=mark, comparison="is missing")
    )


def _propose_filters(draft: Draft, name: str, pattern: AccessPattern) -> tuple[tuple[Filter, ...], str]:
    found: list[Filter] = []
    reasons = []
    for one in draft.model.writes.list_instants(pattern):
        found.append(Filter(field=one, comparison="is missing"))
        reasons.append(
            f"nobody knows an instant beforehand: who reads by {one} means the rows in which it has not come"
        )
    near, told = _propose_near(draft, pattern)
    found += near
    reasons += told
    planned = _propose_still_planned(draft, pattern, {one.field or "" for one in (*pattern.where, *found)})
    if planned is not None:
        found.append(planned[0])
        reasons.append(planned[1])
    mark = _find_mark(draft, name, pattern)
    if mark is not None and mark not in {one.field for one in found}:
        found.append(_living(draft, pattern, mark))
        reasons.append(f"{mark} says that a row is deleted, while it stays")
    return tuple(found), "; ".join(reasons)


def _propose_still_planned(draft: Draft, pattern: AccessPattern, asked: set[str]) -> tuple[Filter, str] | None:
    """Of a read of messages that are not sent yet: only of what still stands, for what was called off is not told any more."""
    entity = pattern.reads or ""
    notice = draft.model.upkeeps.find_notice(entity) if entity in draft.design.entities else None
    if notice is None or notice.about is None or not notice.living or notice.sent not in asked:
        return None
    path = f"{notice.about.field}.{notice.state}"
    if path in asked:
        return None
    comparison: Literal["=", "in"] = "=" if len(notice.living) == 1 else "in"
    reason = (
        f"a {words(entity)} is of a {words(notice.about.target)} that still stands: its state is asked as it is sent"
    )
    return Filter(field=path, comparison=comparison, values=notice.living), reason


# words of who can be sent somewhere, and how old a position may be to say where somebody is
_FREE = ("available", "free", "idle", "vacant", "online")
_FRESH = "now - 1 min"


def _propose_near(draft: Draft, pattern: AccessPattern) -> tuple[list[Filter], list[str]]:
    """Of a read by a place: only positions of now, and only of those who can be sent."""
    fields = draft.model.fields(pattern.reads or "")
    about = fields.get(pattern.range or "")
    if about is None or about.type != "point":
        return [], []
    found: list[Filter] = []
    reasons: list[str] = []
    time = next((n for n, one in fields.items() if one.type == "timestamp" and not one.optional), None)
    if time is not None:
        found.append(Filter(field=time, comparison=">", values=(_FRESH,)))
        reasons.append(
            f"a position of long ago tells nobody where one is: {time} says how old it may be, and `where` another span"
        )
    for reference in draft.model.references.list_from(pattern.reads or ""):
        state = draft.model.writes.find_state(reference.target) if reference.is_required else None
        words = draft.model.fields(reference.target)[state].values if state is not None else ()
        free = next((word for word in words if word in _FREE), None)
        if state is not None and free is not None:
            found.append(Filter(field=f"{reference.field}.{state}", comparison="=", values=(free,)))
            reasons.append(f"only who is {free} can be sent")
    return found, reasons


def _explain(settings: tuple[Setting, ...]) -> str:
    """The reasons of what is set, those that are alike together."""
    groups: dict[str, list[str]] = {}
    for one in settings:
        groups.setdefault(one.reason, []).append(f"{one.field} = {one.value}" if one.value else one.field)
    return "; ".join(f"{', '.join(fields)}: {reason}" for reason, fields in groups.items())


__all__ = ["complete_values", "list_filters", "list_settings"]
