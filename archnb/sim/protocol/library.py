"""Seeded faults: each a protocol with one protection left out, what that breaks, and the same protocol with it.

A tool that finds faults is believed when it finds all that were put there, and none where none is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archnb.sim.protocol.cached import CachedWrites, make_cached_writes
from archnb.sim.protocol.counted import Counted, make_counted
from archnb.sim.protocol.explorer import Protocol
from archnb.sim.protocol.messages import Messaging, make_messages
from archnb.sim.protocol.once import Once, make_once
from archnb.sim.protocol.saga import Saga, SagaStep, change, make_saga


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """A fault. breaks: the sentence that is not true any more, "it can always come to an end" where it hangs."""

    name: str
    breaks: str
    faulty: Protocol[Any]
    repaired: Protocol[Any]


ORDER = Saga(
    name="place an order",
    steps=(
        SagaStep(name="create the order", undo="cancel it"),
        SagaStep(name="reserve", undo="release", takes=True),
        SagaStep(name="authorise", party="payment provider", can_refuse=True, undo="void"),
        SagaStep(name="capture", party="payment provider"),
        SagaStep(name="ship", party="carrier"),
    ),
)
_TWICE = "no step counts twice"
_LEFT = "a saga that did not end well leaves nothing behind"
_COPY = "the copy shows the last change"
_STALE = "the cache holds nothing, or what the store holds"
_ONCE = "it is done once at most"
_HANGS = "it can always come to an end"


def list_seeded() -> tuple[Seeded, ...]:
    """Every seeded fault with its repair."""
    order, good_order = ORDER, make_saga(ORDER)
    two = change(ORDER, at_once=2)
    late = change(ORDER, "authorise", refuses_late=False)
    messages, once = Messaging(), Once()
    sagas = (
        ("a request sent again is carried out again", _TWICE, change(order, "authorise", is_keyed=False), order),
        ("an undoing sent again takes back twice", "nothing is taken back twice", change(order, "authorise", is_undo_keyed=False), order),
        ("a call without an answer is taken for failed", _LEFT, change(order, unknown="fail"), order),
        ("a request arrives after its undoing", _LEFT, late, change(late, reconciles=True)),
        ("an undoing that fails is left so", _LEFT, change(order, repeats_undo=False), order),
        ("nothing says how far it was", _LEFT, change(order, journal="none"), order),
        ("a step and the journal are two transactions", _TWICE, change(order, is_atomic=False), order),
        ("what can be refused comes after what cannot be undone", _LEFT, change(order, "ship", can_refuse=True), order),
        ("what there is little of is read first and taken later", "no more is taken than there is", change(two, is_guarded=False), two),
        ("a step without an undoing before one that may be refused", _LEFT, change(order, "reserve", undo=""), order),
    )  # fmt: skip
    made = [
        Seeded(
            name=name, breaks=breaks, faulty=make_saga(bad), repaired=good_order if good is order else make_saga(good)
        )
        for name, breaks, bad, good in sagas
    ]
    for name, breaks, tells in (
        ("the message is sent after the commit", "every change has its effect", "after the commit"),
        ("the message is sent before the commit", "no effect of a change that never was", "before the commit"),
    ):
        faulty = make_messages(Messaging(tells=tells))  # type: ignore[arg-type]
        made.append(Seeded(name=name, breaks=breaks, faulty=faulty, repaired=make_messages(messages)))
    for name, breaks, bad_messages in (
        ("the relay marks before it sends", "every change has its effect", Messaging(marks_after=False)),
        ("the consumer keeps no record of what it worked off", "no change counts twice", Messaging(dedupes="none")),
        ("the consumer's record is a transaction of its own", "no change counts twice", Messaging(dedupes="apart")),
        ("the consumer acknowledges before it works", "every change has its effect", Messaging(acknowledges_after=False)),
        ("messages overtake one another", _COPY, Messaging(newest_wins=False)),
    ):  # fmt: skip
        made.append(
            Seeded(name=name, breaks=breaks, faulty=make_messages(bad_messages), repaired=make_messages(messages))
        )
    for name, bad_cache, good_cache in (
        ("a reader puts an old value back", CachedWrites(), CachedWrites(guards="lease")),
        ("the entry is deleted before the commit", CachedWrites(writes="delete before", guards="lease"), CachedWrites(guards="lease")),
        ("two writers set the cache in another order", CachedWrites(writes="set after", writers=2, readers=0), CachedWrites(writes="set after", writers=2, readers=0, guards="version")),
        ("the writer dies before it tells the cache", CachedWrites(guards="lease", is_repeated=False, readers=2), CachedWrites(guards="lease", readers=2)),
    ):  # fmt: skip
        made.append(
            Seeded(
                name=name, breaks=_STALE, faulty=make_cached_writes(bad_cache), repaired=make_cached_writes(good_cache)
            )
        )
    for name, breaks, bad_once in (
        ("the key is looked for first and stored later", _ONCE, Once(keeps="checked")),
        ("a reservation that nobody can take over", _HANGS, Once(keeps="reserved", expires=False)),
        ("who was slow goes on after its reservation was taken over", _ONCE, Once(keeps="reserved", is_fenced=False)),
    ):
        good_once = once if bad_once.keeps == "checked" else Once(keeps="reserved")
        made.append(Seeded(name=name, breaks=breaks, faulty=make_once(bad_once), repaired=make_once(good_once)))
    lost = "what is left and what was taken make what there was"
    for guard in ("in the statement", "version", "lock"):
        repaired = make_counted(Counted(guards=guard))
        name = f"a number is read, and written later, where {guard} would keep the second out"
        made.append(Seeded(name=name, breaks=lost, faulty=make_counted(Counted(guards="none")), repaired=repaired))
    return tuple(made)


__all__ = ["ORDER", "Seeded", "list_seeded"]
