"""A change and the message that tells of it: written together or apart, relayed, delivered at least once, worked off.

The broker keeps what it has and delivers it again where it is not acknowledged; it may deliver out of order. What must
be: no message of a change that never was, every change's effect counted once, and the last state at the reader
(Helland, "Life beyond Distributed Transactions", 2007; the outbox is Richardson's pattern).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from archnb.sim import require_count
from archnb.sim.protocol.explorer import Protocol, Step

Tells = Literal["outbox", "after the commit", "before the commit", "alone"]
Dedupes = Literal["together", "apart", "none"]

UNSENT, SENT = 1, 2
FREE, GOT, CHECKED, WORKED, RECORDED, GONE = range(6)
_MOST_COPIES = 2


@dataclass(frozen=True, kw_only=True)
class Messaging:
    """How changes are told.

    tells: the message is a row of the change's own transaction that a relay sends, or is sent by the writer after or before
    its commit, or is all there is: "alone", the change is made where it is worked off. marks_after: the relay marks a message as sent once the broker has it, not before. dedupes: the consumer
    records which message it has worked off: in the transaction of the work, in one apart, or not. acknowledges_after: it
    tells the broker once the work is done. newest_wins: an older state does not replace a newer one.
    changes: how many changes of one row. relays, consumers: how many at once.
    """

    name: str = "messages"
    tells: Tells = "outbox"
    marks_after: bool = True
    dedupes: Dedupes = "together"
    acknowledges_after: bool = True
    newest_wins: bool = True
    changes: int = 2
    relays: int = 1
    consumers: int = 1
    crashes: int = 1
    redelivered: int = 1

    def __post_init__(self) -> None:
        for name in ("changes", "relays", "consumers"):
            require_count(name, getattr(self, name))
        for name in ("crashes", "redelivered"):
            require_count(name, getattr(self, name), least=0)


class Worker(NamedTuple):
    """What a relay or a consumer holds: a message (its change's number) and how far it is with it."""

    message: int
    phase: int


class State(NamedTuple):
    """committed: the row's last change. writing: the change in hand and whether its message is out. outbox, queue, effects:
    by message. shown: the state that the consumer's copy has."""

    committed: int
    writing: Worker
    outbox: tuple[int, ...]
    queue: tuple[int, ...]
    relays: tuple[Worker, ...]
    consumers: tuple[Worker, ...]
    seen: tuple[bool, ...]
    effects: tuple[int, ...]
    shown: int
    next: int
    refused: tuple[bool, ...]
    crashes: int
    redelivered: int


IDLE = Worker(0, FREE)


def _put(values: tuple[int, ...], at: int, value: int) -> tuple[int, ...]:
    return (*values[:at], value, *values[at + 1 :])


def make_messages(made: Messaging) -> Protocol[State]:
    """The state machine of changes and their messages."""
    count = made.changes
    none = (0,) * count
    start = State(
        0, IDLE, none, none, (IDLE,) * made.relays, (IDLE,) * made.consumers, (False,) * count, none, 0, 1,
        (False,) * count, made.crashes, made.redelivered,
    )  # fmt: skip

    def publish(state: State, message: int) -> State | None:
        copies = state.queue[message - 1]
        return state._replace(queue=_put(state.queue, message - 1, copies + 1)) if copies < _MOST_COPIES else None

    def write(state: State) -> Iterator[tuple[Step, State]]:
        number, phase = state.writing
        if phase == FREE:
            if state.next > count:
                return
            n, after = state.next, state._replace(next=state.next + 1)
            if made.tells == "outbox":
                told = after._replace(committed=n, outbox=_put(state.outbox, n - 1, UNSENT))
                yield Step("writer", "store", f"commits change {n} with its message"), told
                yield Step("store", "writer", f"refuses change {n}"), after._replace(refused=_set(state.refused, n - 1))
            elif made.tells == "alone":
                sent = publish(after, n)
                if sent is not None:
                    yield Step("writer", "broker", f"sends change {n} as a message"), sent._replace(committed=n)
            elif made.tells == "after the commit":
                yield (
                    Step("writer", "store", f"commits change {n}"),
                    after._replace(committed=n, writing=Worker(n, GOT)),
                )
                yield Step("store", "writer", f"refuses change {n}"), after._replace(refused=_set(state.refused, n - 1))
            else:
                sent = publish(after, n)
                if sent is not None:
                    yield Step("writer", "broker", f"sends message {n}"), sent._replace(writing=Worker(n, GOT))
            return
        if made.tells == "after the commit":
            sent = publish(state, number)
            if sent is not None:
                yield Step("writer", "broker", f"sends message {number}"), sent._replace(writing=IDLE)
        else:
            done = state._replace(committed=max(state.committed, number), writing=IDLE)
            yield Step("writer", "store", f"commits change {number}"), done
            no = state._replace(writing=IDLE, refused=_set(state.refused, number - 1))
            yield Step("store", "writer", f"refuses change {number}"), no
        if state.crashes:
            lost = state._replace(writing=IDLE, crashes=state.crashes - 1)
            if made.tells == "before the commit":
                lost = lost._replace(refused=_set(state.refused, number - 1))
            yield Step("writer", "writer", "crashes, and starts again", True), lost

    def relay(state: State, n: int) -> Iterator[tuple[Step, State]]:
        name = f"relay {n + 1}" if made.relays > 1 else "relay"
        message, phase = state.relays[n]

        def put(worker: Worker, at: State = state) -> State:
            return at._replace(relays=(*at.relays[:n], worker, *at.relays[n + 1 :]))

        if phase == FREE:
            held = {one.message for one in state.relays if one.phase != FREE}
            first = next((m for m in range(1, count + 1) if state.outbox[m - 1] == UNSENT and m not in held), None)
            if first is None:
                return
            taken = state
            if not made.marks_after:
                taken = state._replace(outbox=_put(state.outbox, first - 1, SENT))
            yield Step(name, "store", f"takes message {first}"), put(Worker(first, GOT), taken)
        elif phase == GOT:
            sent = publish(state, message)
            if sent is not None:
                after = Worker(message, WORKED) if made.marks_after else IDLE
                yield Step(name, "broker", f"sends message {message}"), put(after, sent)
        else:
            marked = state._replace(outbox=_put(state.outbox, message - 1, SENT))
            yield Step(name, "store", f"marks message {message} as sent"), put(IDLE, marked)
        if phase != FREE and state.crashes:
            yield Step(name, name, "crashes, and starts again", True), put(IDLE)._replace(crashes=state.crashes - 1)

    def work(state: State, message: int) -> State:
        shown = max(state.shown, message) if made.newest_wins else message
        return state._replace(effects=_put(state.effects, message - 1, state.effects[message - 1] + 1), shown=shown)

    def consume(state: State, n: int) -> Iterator[tuple[Step, State]]:
        name = f"consumer {n + 1}" if made.consumers > 1 else "consumer"
        message, phase = state.consumers[n]

        def put(worker: Worker, at: State = state) -> State:
            return at._replace(consumers=(*at.consumers[:n], worker, *at.consumers[n + 1 :]))

        if phase == FREE:
            for m in range(1, count + 1):
                if state.queue[m - 1]:
                    taken = state._replace(queue=_put(state.queue, m - 1, state.queue[m - 1] - 1))
                    yield Step("broker", name, f"delivers message {m}"), put(Worker(m, GOT), taken)
            return
        is_known = state.seen[message - 1]
        recorded = state._replace(seen=_set(state.seen, message - 1))
        if phase == GOT and made.dedupes == "together":
            if is_known:
                yield Step(name, name, f"knows message {message}"), put(Worker(message, RECORDED))
            else:
                done = work(recorded, message)
                yield (
                    Step(name, "copy", f"works off message {message} and records it"),
                    put(Worker(message, RECORDED), done),
                )
        elif phase == GOT and made.dedupes == "apart":
            after = RECORDED if is_known else CHECKED
            yield (
                Step(name, name, f"{'knows' if is_known else 'does not know'} message {message}"),
                put(Worker(message, after)),
            )
        elif phase in (GOT, CHECKED):
            after = WORKED if made.dedupes == "apart" else RECORDED
            yield Step(name, "copy", f"works off message {message}"), put(Worker(message, after), work(state, message))
        elif phase == WORKED:
            yield Step(name, name, f"records message {message}"), put(Worker(message, RECORDED), recorded)
        else:
            yield Step(name, "broker", f"acknowledges message {message}"), put(IDLE)
        if state.crashes:
            back = state
            if made.acknowledges_after:
                back = state._replace(queue=_put(state.queue, message - 1, state.queue[message - 1] + 1))
            lost = put(IDLE, back)._replace(crashes=state.crashes - 1)
            yield Step(name, name, "crashes, and starts again", True), lost
        if state.redelivered and made.acknowledges_after and state.queue[message - 1] < _MOST_COPIES:
            copies = _put(state.queue, message - 1, state.queue[message - 1] + 1)
            again = state._replace(queue=copies, redelivered=state.redelivered - 1)
            yield Step("broker", "broker", f"takes message {message} for not worked off", True), again

    def steps(state: State) -> Iterator[tuple[Step, State]]:
        yield from write(state)
        for n in range(made.relays if made.tells == "outbox" else 0):
            yield from relay(state, n)
        for n in range(made.consumers):
            yield from consume(state, n)

    def is_told_of_what_is(state: State) -> bool:
        return not any(no and effect for no, effect in zip(state.refused, state.effects, strict=True))

    def is_all_told(state: State) -> bool:
        return all(no or effect for no, effect in zip(state.refused, state.effects, strict=True))

    relays = ("relay",) if made.relays == 1 else tuple(f"relay {n + 1}" for n in range(made.relays))
    consumers = ("consumer",) if made.consumers == 1 else tuple(f"consumer {n + 1}" for n in range(made.consumers))
    return Protocol(
        name=made.name,
        participants=("writer", "store", *(relays if made.tells == "outbox" else ()), "broker", *consumers, "copy"),
        start=start, steps=steps,
        always={
            "no effect of a change that never was": is_told_of_what_is,
            "no change counts twice": lambda state: max(state.effects) < _MOST_COPIES,
        },
        at_rest={
            "every change has its effect": is_all_told,
            "the copy shows the last change": lambda state: state.shown == state.committed,
        },
        bounds=(f"{made.changes} changes", f"{made.crashes} crash", f"{made.redelivered} message delivered again"),
    )  # fmt: skip


def _set(values: tuple[bool, ...], at: int) -> tuple[bool, ...]:
    return (*values[:at], True, *values[at + 1 :])


__all__ = ["Messaging", "State", "make_messages"]
