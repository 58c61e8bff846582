"""Protocols of a plan, explored in full: its sagas, messages, caches, keys and counters as state machines.

What a machine has as protection is read from the planned records: the outbox row in the transaction, the table of keys in
the store that is written, the reference by which a party is asked, the job that settles what was left, the guard in the
statement. What no record can show is the program's to do, and each check says it: that an undoing is repeated until it
succeeds, that a worker records a message in the transaction of its work. The verdict holds within the bounds that the check names; nothing is executed, so the kind is 'explored in full'.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from archnb.planned.jobs import SagaStep as PlannedStep
from archnb.planned.statements import Insert, Read, Update
from archnb.shapes import Message, Participant, Sequence
from archnb.sim.protocol import (
    CachedWrites,
    Counted,
    Faults,
    Messaging,
    Once,
    Outcome,
    Saga,
    SagaStep,
    explore,
    make_cached_writes,
    make_counted,
    make_messages,
    make_once,
    make_saga,
)
from archnb.verify.proof import Check, Proof, conclude

if TYPE_CHECKING:
    from archnb.plan import Plan
    from archnb.planned import Backend

ARTEFACT = "Protocols"
Machine = Saga | Messaging | CachedWrites | Once | Counted
# each kind of fault once: a pair of crashes finds nothing in these machines that one does not, and takes ten times as long
FAULTS = Faults()
ACCEPTED = 202


@dataclass(frozen=True, kw_only=True)
class Explored:
    """A protocol of the plan. text: what was read of the plan to build it. allowed: where a violation is bounded, by what."""

    name: str
    machine: Machine
    text: str
    allowed: str = ""

    @property
    def outcome(self) -> Outcome:
        """What the exploration found; equal machines are explored once."""
        return _explore(self.machine)

    @property
    def sequence(self) -> Sequence | None:
        """The shortest way to what must not be, as a sequence diagram; None where there is none."""
        found = self.outcome
        if not found.way:
            return None
        parties = [one for one in found.participants if any(one in (step.source, step.target) for step in found.way)]
        messages = tuple(
            Message(
                step.source,
                step.target,
                step.text,
                "note" if step.source == step.target else "async" if step.is_fault else "call",
            )
            for step in found.way
        )
        return Sequence(
            f"protocol-{self.name}", f"{self.name}: the shortest way to what must not be",
            tuple(Participant(one, one) for one in parties), messages,
            description=f"Not true at its end: {found.broken}.",
        )  # fmt: skip


@lru_cache(maxsize=256)
def _explore(machine: Machine) -> Outcome:
    if isinstance(machine, Saga):
        return explore(make_saga(machine))
    if isinstance(machine, Messaging):
        return explore(make_messages(machine))
    if isinstance(machine, CachedWrites):
        return explore(make_cached_writes(machine))
    if isinstance(machine, Once):
        return explore(make_once(machine))
    return explore(make_counted(machine))


def verify_protocols(plan: Plan, **_: Any) -> Proof:
    """Explore every protocol of the plan."""
    started = time.perf_counter()
    found = list(list_protocols(plan.planned))
    checks = [make_check(one) for one in found]
    states = sum(one.outcome.states for one in found)
    if not checks:
        checks = [Check("protocols", "not run", "no saga, message, cache, key or counter is planned")]
    kind: Any = "explored in full" if found else "not verified"
    seconds = time.perf_counter() - started
    drawn = (one.sequence for one, check in zip(found, checks, strict=False) if check.verdict == "failed")
    ways = tuple(one for one in drawn if one is not None)
    return Proof(ARTEFACT, "archnb.sim.protocol", "", kind, states, seconds, conclude(checks), tuple(checks), ways=ways)


def make_check(explored: Explored) -> Check:
    """The verdict on one protocol, with its bounds, or the shortest way to the harm."""
    outcome = explored.outcome
    if outcome.verdict == "holds":
        bounds = ", ".join(outcome.bounds)
        text = f"{outcome.states:,} states: nothing that must not be can be reached, with {bounds}; {explored.text}"
        return Check(explored.name, "passed", text)
    if outcome.verdict == "not finished":
        return Check(explored.name, "not run", f"{outcome.broken}: explored in part, so nothing is claimed")
    way = "; ".join(f"{step.source}: {step.text}" for step in outcome.way)
    if explored.allowed:
        return Check(explored.name, "passed", f"not always '{outcome.broken}', but {explored.allowed} ({way})")
    return Check(explored.name, "failed", f"not true: {outcome.broken}. The shortest way: {way}. {explored.text}")


def list_protocols(planned: Backend) -> Iterator[Explored]:
    """The protocols of a plan, each with its machine."""
    yield from _list_sagas(planned)
    yield from _list_messages(planned)
    yield from _list_caches(planned)
    yield from _list_keys(planned)
    yield from _list_counters(planned)


# ---------------------------------------------------------------------- sagas
def _list_sagas(planned: Backend) -> Iterator[Explored]:
    for name, saga in planned.jobs.sagas.items():
        if not saga.steps:
            continue
        procedure = planned.statements.procedures.get(saga.operation)
        statements = procedure.statements if procedure is not None else ()
        updates = [one for one in statements if isinstance(one, Update)]
        told = [one for one in statements if isinstance(one, Insert) and is_outbox(planned, one.table)]
        is_resumed = any(job.schedule and "{saga id}" in job.idempotency_key for job in planned.jobs.jobs.values())
        settled = {step.via for step in saga.steps if step.via and _find_settling(planned, step)}
        steps = tuple(_make_step(step, updates) for step in saga.steps)
        machine = Saga(
            name=name,
            steps=steps,
            journal="before" if told else "after" if is_resumed else "none",
            unknown="ask" if all(step.asked_by for step in saga.steps if step.via) else "repeat",
            is_guarded=all(_is_guarded(one) for one in updates if _takes(one)),
            reconciles=bool(settled),
            faults=FAULTS,
        )
        parts = [
            "its intentions are outbox rows of the transaction" if told else "it is resumed by a job" if is_resumed else "nothing says how far it is",
            "the program has to repeat an undoing until it succeeds",
            *(f"{step.via} is asked by {step.asked_by}" for step in saga.steps if step.asked_by),
            *(f"{step.via} cannot be asked, so '{step.action} {step.entity}' may come twice" for step in saga.steps if _is_notice(step)),
            *(f"what is left at {one} is settled by a job" for one in sorted(settled)),
        ]  # fmt: skip
        yield Explored(name=f"saga {name}", machine=machine, text="; ".join(dict.fromkeys(parts)))
        if any(step.takes for step in steps):
            few = Faults(crashes=1, lost=0, late=0, doubled=0, failed_undoings=0)
            two = Saga(**{**vars(machine), "at_once": 2, "faults": few})
            yield Explored(name=f"saga {name}, two at once", machine=two, text="two come for the last of what there is")


def _make_step(step: PlannedStep, updates: list[Update]) -> SagaStep:
    own = [one for one in updates if one.entity == step.entity and _takes(one)]
    return SagaStep(
        name=f"{step.action} {step.entity}".strip(),
        party=step.via,
        # past the point of no return a refusal has no answer, so none may come: that is what 'retriable' says
        can_refuse=bool(step.via) and step.kind != "retriable",
        undo=f"{step.compensation} {step.entity}".strip() if step.compensation else "",
        takes=bool(own) and not step.via,
        is_keyed=not step.via or bool(step.asked_by),
        # a party whose documentation nobody has shown may carry out what comes after its undoing
        refuses_late=not step.via,
        can_be_asked=bool(step.asked_by),
        is_harmless=_is_notice(step),
    )


def _is_notice(step: PlannedStep) -> bool:
    """Whether a party is only told something: it keeps nothing that it could be asked for."""
    return bool(step.via) and not step.asked_by


def _find_settling(planned: Backend, step: PlannedStep) -> bool:
    """Whether a job by the clock asks the party of a step, by its reference, what became of it."""
    reference = "{" + step.asked_by + "}"
    return bool(step.asked_by) and any(
        job.schedule and step.via in job.calls and reference in job.idempotency_key
        for job in planned.jobs.jobs.values()
    )


def is_outbox(planned: Backend, table: str) -> bool:
    """Whether a table is one from which a relay sends."""
    return any(relay.table == table for relay in planned.statements.relay)


def _takes(update: Update) -> bool:
    """Whether it takes of what there is little of: it subtracts, or it may find too little left."""
    return any(one.value.sign == "-" for one in update.assignments) or any(
        one.kind == "amount" for one in update.guards
    )


def _is_computed(update: Update) -> bool:
    """Whether the program reads the row, computes a value, and writes it in a statement of its own."""
    return any(one.value.source == "server" and one.value.name == "computed" for one in update.assignments)


def _is_guarded(update: Update) -> bool:
    return any(guard.kind in ("amount", "version") for guard in update.guards)


# ---------------------------------------------------------------------- messages
def _list_messages(planned: Backend) -> Iterator[Explored]:
    """What follows a commit: told by a row of its own transaction where the statements have one."""
    made: dict[Messaging, list[str]] = {}
    for name, job in planned.jobs.jobs.items():
        procedure = planned.statements.procedures.get(job.trigger)
        if procedure is None or job.schedule:
            continue
        if all(isinstance(one, Read) for one in procedure.statements):
            continue
        queue = planned.jobs.queues.get(job.queue)
        is_told = (queue is not None and queue.kind == "table") or any(
            isinstance(one, Insert) and is_outbox(planned, one.table) for one in procedure.statements
        )
        # what is answered with 202 is not done yet: the message is the change
        is_handed_on = name == job.trigger and planned.operations[name].contract.status == ACCEPTED
        machine = Messaging(
            name="message",
            tells="alone" if is_handed_on else "outbox" if is_told else "after the commit",
            dedupes="together" if job.idempotency_key else "none",
            relays=2,
        )
        made.setdefault(machine, []).append(name)
    for machine, names in made.items():
        text = _TOLD[machine.tells]
        yield Explored(name=f"messages of {', '.join(names)}", machine=machine, text=text)


_TOLD: Mapping[str, str] = {
    "outbox": "each is a row of the transaction that causes it; the worker has to record it in the transaction of its work",
    "after the commit": "sent after the commit, and kept nowhere till then",
    "alone": "answered with 202: the message is the change; the worker has to record it in the transaction of its work",
}


# ---------------------------------------------------------------------- caches
def _list_caches(planned: Backend) -> Iterator[Explored]:
    for name, policy in planned.cache.policies.items():
        if policy.invalidation not in ("on write", "write-through"):
            continue
        operation = planned.operations.get(name)
        objective = operation.objective if operation is not None else None
        choices: dict[str, Any] = {
            "writes": "set after" if policy.invalidation == "write-through" else "delete after",
            "guards": _GUARDS.get(policy.fill, "none"),
            "writers": 2,
        }
        allowed = ""
        if objective is not None and 0 < policy.ttl.base <= objective.staleness.base:
            allowed = f"for {policy.ttl} at most, and {objective.staleness} is allowed"
        text = f"filled {policy.fill if policy.fill == 'freely' else f'under a {policy.fill}'}"
        dying = _explore(CachedWrites(is_repeated=False, **choices))
        if dying.verdict != "holds":
            text += (
                f"; where a writer dies between its commit and the deletion, the entry stays for {policy.ttl} at most"
            )
        yield Explored(name=f"cache {name}", machine=CachedWrites(crashes=0, **choices), text=text, allowed=allowed)


_GUARDS: Mapping[str, Any] = {"lease": "lease", "version": "version"}


# ---------------------------------------------------------------------- keys and counters
def _list_keys(planned: Backend) -> Iterator[Explored]:
    """Keys stand in a table of the store that is written, so that one transaction holds both; elsewhere they are looked for first."""
    tables = planned.schema.tables
    kept = {one.store for one in tables.values() if one.role == "idempotency"}
    made: dict[Once, list[str]] = {}
    for name, operation in planned.operations.items():
        procedure = planned.statements.procedures.get(name)
        if not operation.contract.needs_idempotency_key or procedure is None:
            continue
        written = {tables[one.table].store for one in procedure.statements if not isinstance(one, Read)}
        made.setdefault(Once(keeps="together" if written and written <= kept else "checked"), []).append(name)
    for machine, names in made.items():
        where = (
            "stored in the transaction of" if machine.keeps == "together" else "no table of its store holds the key of"
        )
        yield Explored(name=f"idempotency keys, {machine.keeps}", machine=machine, text=f"{where} {', '.join(names)}")


def _list_counters(planned: Backend) -> Iterator[Explored]:
    made: dict[Counted, list[str]] = {}
    for name, procedure in planned.statements.procedures.items():
        locks = {one.table for one in procedure.statements if isinstance(one, Read) and one.lock}
        for one in procedure.statements:
            if not isinstance(one, Update) or not (_takes(one) or _is_computed(one)):
                continue
            kinds = {guard.kind for guard in one.guards}
            guard: Any = "none"
            if not _is_computed(one):
                guard = "in the statement"
            elif kinds & {"version", "state"}:
                guard = "version"
            elif one.table in locks:
                guard = "lock"
            made.setdefault(Counted(guards=guard), []).append(f"{name} ({one.table})")
    for machine, names in made.items():
        yield Explored(
            name=f"counters of {', '.join(dict.fromkeys(names))}", machine=machine, text=f"guarded {machine.guards}"
        )


__all__ = ["Explored", "is_outbox", "list_protocols", "make_check", "verify_protocols"]
