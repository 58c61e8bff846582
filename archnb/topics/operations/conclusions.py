"""What the operations come to: the statements of each, in the order in which they run."""

from __future__ import annotations

from archnb.design.record import Named
from archnb.fact.keys.operations import INCLUDED_PER_ROW
from archnb.planned.statements import Procedure, Statement, Statements
from archnb.topics.operations.erasures import make_erasure
from archnb.topics.operations.reads import make_read
from archnb.topics.operations.steps import Steps
from archnb.topics.operations.writes import Writer
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Statements:
    """The section without gaps."""
    most = int(draft.facts[INCLUDED_PER_ROW].base)
    made: dict[str, Procedure] = {}
    for name in draft.planned.entities.access:
        procedure = _conclude(draft, name, most)
        if procedure is not None:
            made[name] = procedure
    return Statements(procedures=Named(made))


def _conclude(draft: Draft, name: str, most: int) -> Procedure | None:
    pattern, schema, model = draft.planned.entities.access[name], draft.planned.schema, draft.model
    own = model.writes.find_own(draft.design.access[name])
    if pattern.is_read:
        read = make_read(model, schema, pattern, most, own)
        return Procedure(statements=(read,)) if read is not None else None
    erasure = model.erasures.find_pattern(name)
    if erasure is not None and (erased := make_erasure(model, schema, erasure)):
        return Procedure(statements=tuple(erased))
    writer = Writer(model, schema, name, pattern, own)
    written = writer.write()
    if not written:
        return None
    steps = Steps(model, schema, name, pattern, writer)
    before, after = steps.write()
    statements: tuple[Statement, ...] = (*before, *written, *after)
    remote = tuple(one.write_shorthand() or f"{one.action} {one.entity}" for one in steps.remote)
    return Procedure(statements=statements, remote=remote)
