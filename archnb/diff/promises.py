"""What is promised: how fast, how often, how fresh, how long kept, what a disaster may cost."""

from __future__ import annotations

import math
from collections.abc import Iterator

from archnb.diff.changes import Difference, Effect, Whom
from archnb.diff.pair import Pair
from archnb.planned.requirements import Objective
from archnb.quantity import Quantity

_CONSISTENCY = ("eventual", "session", "strong")
_TIMES = {
    "latency_p50": "half of the answers come within {} where it was {}",
    "latency_p95": "95 % of the answers come within {} where it was {}",
    "latency_p99": "99 % of the answers come within {} where it was {}",
}


def compare_promises(pair: Pair) -> Iterator[Difference]:
    """The differences in what is promised."""
    yield from _objectives(pair)
    yield from _recovery(pair)
    yield from _caches(pair)
    yield from _retention(pair)


# -- objectives


def _tell_time(words: str, now: Quantity, was: Quantity) -> str:
    """A percentile that is promised anew, differently, or no more."""
    if now.base == math.inf:
        return f"nothing is promised any more where {words.partition(' where ')[0].format(was)}"
    if was.base == math.inf:
        return f"{words.partition(' where ')[0].format(now)} where nothing was promised"
    return words.format(now, was)


def _objectives(pair: Pair) -> Iterator[Difference]:
    old, new = pair.old.entities, pair.new.entities
    for name, was in pair.operations.items():
        before, after = old.objective_of(was), new.objective_of(name)
        if before != after:
            yield from _objective(pair, name, before, after)
    before, after = pair.old.requirements.default, pair.new.requirements.default
    if before != after and not pair.operations:
        yield from _objective(pair, "default", before, after)


def _objective(pair: Pair, name: str, before: Objective, after: Objective) -> Iterator[Difference]:
    contract = pair.new.api.operations.get(name)

    def tell(is_weaker: bool, whom: Whom, part: str, words: str, stricter: str) -> Difference:
        own = f"requirements.objectives.{name}"
        pattern = (contract.pattern or name) if contract is not None else name
        return Difference(
            effect="breaking" if is_weaker else "compatible", whom=whom, area="promises", path=f"{own}.{part}",
            causes=(f"{own}.{part}", own, f"requirements.objectives.default.{part}", "requirements.objectives.default", f"access.{pattern}.{part}", f"access.{pattern}", *_tied(part)),
            subjects=(name,), words=words, how="Tell whoever relies on it, and let their time limits follow." if is_weaker else stricter,
        )  # fmt: skip

    for part, words in _TIMES.items():
        was, now = getattr(before, part), getattr(after, part)
        if was.base != now.base:
            yield tell(
                now.base > was.base,
                "callers",
                part,
                _tell_time(words, now, was),
                "Prove that it is kept before it is promised.",
            )
    if before.availability.base != after.availability.base:
        words = f"{after.availability} of the requests succeed where it was {before.availability}"
        yield tell(
            after.availability.base < before.availability.base,
            "callers",
            "availability",
            words,
            "Prove that it is kept before it is promised.",
        )
    if before.staleness.base != after.staleness.base:
        words = f"answers may be {after.staleness} old where it was {before.staleness}"
        yield tell(
            after.staleness.base > before.staleness.base,
            "readers",
            "staleness",
            words,
            "Shorten what is cached or copied first.",
        )
    if before.consistency != after.consistency:
        words = f"consistency is {after.consistency} where it was {before.consistency}"
        is_weaker = _CONSISTENCY.index(after.consistency) < _CONSISTENCY.index(before.consistency)
        yield tell(is_weaker, "readers", "consistency", words, "Read from the primary first.")


def _tied(part: str) -> tuple[str, ...]:
    """What the other percentiles follow from."""
    return tuple(f"requirements.objectives.default.{one}" for one in _TIMES) if part in _TIMES else ()


def _recovery(pair: Pair) -> Iterator[Difference]:
    old, new = pair.old.requirements.recovery, pair.new.requirements.recovery
    for part, words in (
        ("rpo", "a disaster may cost the newest {} of data where it was {}"),
        ("rto", "it may be away for {} in a disaster where it was {}"),
    ):
        was, now = getattr(old, part), getattr(new, part)
        if was.base == now.base:
            continue
        effect: Effect = "compatible" if now.base < was.base else "breaking"
        path = f"requirements.recovery.{part}"
        yield Difference(
            effect=effect, whom="callers", area="promises", path=path, causes=(path,), words=words.format(now, was),
            how="Rehearse it before it is promised." if effect == "compatible" else "Agree it with whoever owns the data.",
        )  # fmt: skip
    for one in dict.fromkeys([*pair.new.requirements.compliance, *pair.old.requirements.compliance]):
        is_new = one in pair.new.requirements.compliance
        if is_new != (one in pair.old.requirements.compliance):
            words = f"{one} binds it" if is_new else f"{one} binds it no more: what was done for it may go"
            path = "requirements.compliance"
            yield Difference(
                effect="compatible",
                whom="operators",
                area="promises",
                path=f"{path}.{one}",
                causes=(path,),
                words=words,
            )


# -- what is cached


def _caches(pair: Pair) -> Iterator[Difference]:
    old, new = pair.old.cache, pair.new.cache
    if old.engine != new.engine:
        yield Difference(
            effect="compatible", whom="operators", area="parts", path="cache.engine", causes=("cache.engine", "cache"),
            words=f"the shared cache is {new.engine} where it was {old.engine}", how="It starts empty: warm it, or let the load in by steps.",
        )  # fmt: skip
    for name in dict.fromkeys([*new.policies, *old.policies]):
        yield from _cached(pair, name)


def _cached(pair: Pair, name: str) -> Iterator[Difference]:
    before, after = pair.old.cache.policies.get(name), pair.new.cache.policies.get(name)
    path = f"cache.policies.{name}"
    causes = (path, f"requirements.objectives.{name}", f"access.{name}", "requirements.objectives.default", "cache")

    def tell(whom: Whom, words: str, how: str = "", *, part: str = "", effect: Effect = "compatible") -> Difference:
        at = f"{path}.{part}" if part else path
        return Difference(
            effect=effect,
            whom=whom,
            area="promises",
            path=at,
            causes=(at, *causes),
            subjects=(name,),
            words=words,
            how=how,
        )

    if after is None:
        yield tell("operators", "is not cached any more: every call reaches the store", "See that the store bears it.")
        return
    promised = pair.new.entities.objective_of(name).staleness
    is_kept = after.ttl.base <= promised.base
    told = f"{'within' if is_kept else 'more than'} the promised {promised}"
    if before is None:
        effect: Effect = "compatible" if is_kept else "breaking"
        yield tell("readers", f"is cached in {after.store}: an answer may be {after.ttl} old, {told}", effect=effect)
        return
    if before.ttl.base != after.ttl.base:
        effect = "compatible" if is_kept or after.ttl.base < before.ttl.base else "breaking"
        words = f"an answer may come from a cache for {after.ttl} where it was {before.ttl}, {told}"
        yield tell(
            "readers",
            words,
            "" if effect == "compatible" else "Promise less, or keep answers for less long.",
            part="ttl",
            effect=effect,
        )
    if not pair.renames.says_same(before.key, after.key):
        yield tell(
            "operators",
            f"is cached under {after.key} where it was {before.key}: it starts empty",
            "Let the load in by steps.",
            part="key",
        )
    for part in ("store", "invalidation", "strategy"):
        was, now = getattr(before, part), getattr(after, part)
        if not pair.renames.says_same(was, now):
            yield tell("operators", f"{part} of its cache: {was} → {now}", part=part)


# -- how long it is kept


def _retention(pair: Pair) -> Iterator[Difference]:
    for entity, was in pair.renames.entities.items():
        before, after = pair.before.design.entities.get(was), pair.after.design.entities.get(entity)
        if before is None or after is None:
            continue
        path = f"entities.{entity}.retention"
        yield from _kept(path, f"rows of {entity}", before.retention, after.retention)
        if before.history and not after.history:
            yield Difference(
                effect="loses data", whom="rows", area="promises", path=f"entities.{entity}.history", causes=(f"entities.{entity}.history",),
                words=f"earlier states of {entity} are not kept any more", how="Keep what there is of them in an archive.",
            )  # fmt: skip
    for name, queue in pair.new.jobs.queues.items():
        if name in pair.old.jobs.queues:
            path = f"jobs.queues.{name}.retention"
            yield from _kept(
                path, f"messages of the queue {name}", pair.old.jobs.queues[name].retention, queue.retention
            )


def _kept(path: str, what: str, before: Quantity | None, after: Quantity | None) -> Iterator[Difference]:
    was, now = (before.base if before is not None else None), (after.base if after is not None else None)
    if was == now:
        return
    if after is not None and (was is None or after.base < was):
        yield Difference(
            effect="loses data", whom="rows", area="promises", path=path, causes=(path,),
            words=f"{what} that are older than {after} are deleted, where they were kept {f'for {before}' if before is not None else 'without end'}",
            how="Count what is older, and archive what is still needed, before the first run.",
        )  # fmt: skip
    else:
        yield Difference(
            effect="compatible", whom="operators", area="promises", path=path, causes=(path,),
            words=f"{what} are kept {f'for {after}' if after is not None else 'without end'} where it was for {before}",
        )  # fmt: skip
