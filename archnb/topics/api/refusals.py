"""Refusals: the codes of what an operation can be refused with, and why each."""

from __future__ import annotations

from archnb.design.entities import AccessPattern
from archnb.naming import snake
from archnb.topics.api.resources import Resources

# a step with one of these verbs takes something of which there may be too little
_TAKING = frozenset(
    {"reserve", "hold", "take", "deduct", "debit", "allocate", "withdraw", "decrement", "book", "consume"}
)


def choose_errors(
    resources: Resources,
    name: str,
    pattern: AccessPattern,
    entity: str,
    action: str,
    is_public: bool,
    has_path: bool,
    has_input: bool,
    method: str,
    needs_key: bool,
    is_erasure: bool,
    is_stream: bool,
    is_conditional: bool,
) -> tuple[tuple[str, ...], str]:
    """The codes, in the order of the checks, and the reason of those that not every operation has."""
    made, why = [], []
    if has_input:
        made.append("validation_failed")
    if not is_public:
        made += ["unauthenticated", "forbidden"]
    if has_path or action == "get":
        made.append("not_found")
    fields = resources.fields(entity)
    own = resources.key(entity) if len(resources.key(entity)) == 1 else ()
    set_here = {one.field for one in resources.settings(name, pattern)} if pattern.writes is not None else set()
    given = {one.field for one in resources.given(name, pattern)} if pattern.writes is not None else set()
    # what the server makes is never taken
    unique = [
        one
        for one, field in fields.items()
        if one in given and (field.unique or (one in own and not resources.is_generated(entity, one)))
    ]
    if pattern.writes is not None:
        together = resources.natural_key(entity) if action == "create" else ()
        groups = [" + ".join(together)] if len(together) > 1 else []
        groups += [
            one
            for one in resources.design.entities[entity].unique
            if action == "create" or {part.strip() for part in one.split("+")} & set_here
        ]
        if is_stream:
            why.append(
                "no conflict: a row sent twice is stored once, by its key"
                if together
                else "no conflict: rows are only added"
            )
        elif action in ("create", "update") and (unique or groups):
            made.append("conflict")
            why.append(f"conflict where {', '.join(dict.fromkeys((*unique, *groups)))} is already taken")
            # each unique field has its own code, so that a form can mark the field
            made += [f"duplicate_{snake(one)}" for one in unique if fields[one].unique and not fields[one].key]
        elif is_erasure:
            why.append(
                "no conflict: what others still need stays, and tells nobody any more; done twice it changes nothing"
            )
        elif action == "command":
            made.append("conflict")
            why.append("conflict where its state does not allow it")
        elif action == "delete" and (
            held := [
                child
                for child, via in resources.referring(entity)
                if resources.fields(child)[via].on_delete in (None, "restrict", "no action")
            ]
        ):
            made.append("conflict")
            why.append(f"conflict while {', '.join(dict.fromkeys(held))} still refers to it")
    if pattern.writes is not None and not is_erasure and pattern.effect in ("create", "update"):
        for line in resources.model.invariants.list_lines(entity):
            touched = {*line.fields, *line.per, *(one.field or "" for one in line.where)}
            if line.kind == "no overlap" and (action == "create" or touched & set_here):
                made += ["conflict", f"{snake(entity)}_slot_taken"]
                why.append(
                    f"{snake(entity)}_slot_taken where the time is taken already, for {' or '.join(line.per) or 'anybody'}"
                )
            elif line.kind == "one" and (action == "create" or touched & set_here):
                made += ["conflict", f"{snake(entity)}_already_there"]
                why.append(f"{snake(entity)}_already_there where one of the same {' and '.join(line.per)} is there")
    if is_conditional:
        made += ["precondition_failed", "precondition_required"]
    if needs_key:
        made.append("idempotency_key_reused")
    if method in ("POST", "PATCH", "PUT") and not is_erasure:
        made.append("payload_too_large")
    for step in pattern.steps:
        if (step.action or "").lower() in _TAKING and step.entity:
            made.append(f"insufficient_{snake(step.entity)}")
            why.append(f"insufficient_{snake(step.entity)} where {step.action} finds too little")
    status = next(
        (one for one, field in fields.items() if field.type == "enum" and one in ("status", "state", "stage", "phase")),
        None,
    )
    if pattern.writes is not None and action in ("update", "command") and status is not None and not is_erasure:
        made.append(f"{snake(entity)}_state_conflict")
        why.append(f"{snake(entity)}_state_conflict where {status} does not allow the change")
    for step in pattern.steps:
        pays = (step.action or "").lower().startswith(("charge", "authori", "capture", "pay", "debit"))
        if step.via and (
            pays or ("payment" in snake(step.entity or "") and not (step.action or "").lower().startswith("refund"))
        ):
            made.append("payment_declined")
            why.append(f"payment_declined where {step.via} refuses")
    made.append("rate_limited")
    if any(step.via for step in pattern.steps):
        made += ["upstream_failed", "timeout"]
        why.append(
            f"upstream_failed and timeout where {', '.join(dict.fromkeys(step.via for step in pattern.steps if step.via))} fails"
        )
    made += ["internal", "unavailable"]
    reason = "What its input, its caller, its limits and the parts it calls can do wrong"
    return tuple(dict.fromkeys(made)), reason + (": " + "; ".join(why) if why else "") + "."


__all__ = ["choose_errors"]
