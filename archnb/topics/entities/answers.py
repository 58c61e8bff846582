"""What everybody may see: the fields that a public read answers with, where the entity holds more than that."""

from __future__ import annotations

from archnb.design.entities import AccessPattern
from archnb.model import Model
from archnb.topics.topic import Because, Draft


def complete_answer(draft: Draft, name: str, pattern: AccessPattern) -> AccessPattern:
    """The pattern with the fields that it answers with, where it is public and the entity holds what is not for everybody."""
    found = find_withheld(draft.model, pattern)
    if found is None or pattern.returns:
        return pattern
    shown, withheld, reason = found
    because = Because(
        shown, f"everybody may read it, and {', '.join(withheld)} {'is' if len(withheld) == 1 else 'are'} {reason}"
    )
    return draft.fill(f"access.{name}", pattern, returns=because)


def find_withheld(model: Model, pattern: AccessPattern) -> tuple[tuple[str, ...], tuple[str, ...], str] | None:
    """What a public read shows, what it leaves out, and why; None where it shows all, or is none.

    A row that takes something of a person for a time, as a visit, tells everybody no more than when: the times of its span
    and what they asked for.
    """
    entity = pattern.reads
    if entity is None or "public" not in pattern.roles or pattern.aggregate or entity not in model.design.entities:
        return None
    fields, people = model.fields(entity), model.people
    asked = {*pattern.by, *((pattern.range,) if pattern.range else ())}
    span = next((one for one in model.invariants.list_spans(entity) if pattern.range in (one.start, one.end)), None)
    is_of_person = any(
        one.is_required and people.holds_private(one.target) for one in model.references.list_from(entity)
    )
    if span is not None and is_of_person:
        shown = tuple(name for name in fields if name in {*asked, span.start, span.end})
        reason = "a person's matter: when it is tells everybody what is taken"
    else:
        shown = tuple(
            name
            for name, one in fields.items()
            if not one.secret
            and not one.personal
            and (name in asked or one.references is None or not people.holds_private(one.references))
        )
        reason = "a secret, personal, or whose it is"
    withheld = tuple(name for name in fields if name not in shown)
    return (shown, withheld, reason) if shown and withheld else None


__all__ = ["complete_answer", "find_withheld"]
