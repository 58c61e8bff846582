"""What the operations come to: the statements of each, in the order in which they run."""

from __future__ import annotations

from dataclasses import replace

from archnb.design.record import Named
from archnb.fact.keys.operations import INCLUDED_PER_ROW, ROWS_TAKEN
from archnb.model import Principal
from archnb.planned.statements import Procedure, Statements
from archnb.topics.operations.erasures import make_erasure
from archnb.topics.operations.lines import begin_total, find_arrays
from archnb.topics.operations.messages import make_messages, make_relays
from archnb.topics.operations.reads import make_read
from archnb.topics.operations.steps import Steps
from archnb.topics.operations.upkeep import make_upkeep
from archnb.topics.operations.writes import Writer, find_row
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Statements:
    """The section without gaps."""
    most = int(draft.facts[INCLUDED_PER_ROW].base)
    made: dict[str, Procedure] = {}
    for name in draft.planned.entities.access:
        procedure = _conclude(draft, name, most)
        if procedure is not None:
            made[name] = procedure
    taken = int(draft.facts[ROWS_TAKEN].base)
    kept = {
        one.name: procedure
        for one in draft.model.upkeeps.list_all()
        if (procedure := make_upkeep(draft.model, draft.planned.schema, one, taken)) is not None
    }
    relays = tuple(make_relays(draft.planned.schema))
    return Statements(procedures=Named(made), upkeep=Named(kept), relay=relays)


def _is_worked_off(draft: Draft, name: str) -> bool:
    """Whether programs read rows in which something has not come yet, to do it: none is done twice where each takes its own."""
    said = draft.said.access.get(name)
    roles = [draft.model.roles.find(role) for role in (said.roles if said is not None else ())]
    are_programs = bool(roles) and all(isinstance(one, Principal) and one.kind == "service" for one in roles)
    where = draft.planned.entities.access[name].where
    marks = {draft.model.writes.find_deletion_mark(draft.planned.entities.access[name].entity)}
    return are_programs and any(one.comparison == "is missing" and one.field not in marks for one in where)


def _conclude(draft: Draft, name: str, most: int) -> Procedure | None:
    pattern, schema, model = draft.planned.entities.access[name], draft.planned.schema, draft.model
    own = model.writes.find_own(draft.design.access[name])
    if pattern.is_read:
        read = make_read(model, schema, pattern, most, own)
        if read is not None and _is_worked_off(draft, name):
            # two workers at once take different rows
            read = replace(read, lock="update", skip_locked=True)
        return Procedure(statements=(read,)) if read is not None else None
    erasure = model.erasures.find_pattern(name)
    if erasure is not None and (erased := make_erasure(model, schema, erasure)):
        return Procedure(statements=(*erased, *make_messages(model, schema, name, pattern)))
    writer = Writer(model, schema, name, pattern, own)
    written = writer.write()
    if not written:
        return None
    contract = next((one for key, one in draft.planned.api.operations.items() if (one.pattern or key) == name), None)
    steps = Steps(model, schema, name, pattern, writer, find_arrays(model, contract, pattern.entity))
    before, after = steps.write()
    told = make_messages(model, schema, name, pattern)
    statements = begin_total((*before, *written, *after, *told))
    remote = tuple(one.write_shorthand() or f"{one.action} {one.entity}" for one in steps.remote)
    found = find_row(writer, pattern, statements)
    return Procedure(statements=(*found, *statements), remote=remote)
