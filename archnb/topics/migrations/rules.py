"""Rules of migrations: a change must not break what is promised while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archnb.finding import Hit, Rule, rule
from archnb.quantity import MONTH
from archnb.topics.topic import Draft


@rule(
    "migrations-window-on-available-system", principle="reliability", severity="high",
    condition="Schema changes are made in a maintenance window, and an operation promises more availability than the window leaves.",
    effect="One window a month spends the whole error budget.",
    remedy="Change the schema by expand and contract; say migrations: {strategy: expand-contract}.",
)  # fmt: skip
def window_on_available_system(draft: Draft) -> Iterator[Hit]:
    if draft.design.migrations.strategy != "maintenance window":
        return
    for name, one in draft.said.requirements.objectives.items():
        if one.availability is not None:
            budget = (1 - one.availability.base) * MONTH / 60
            if budget < 60:
                yield Hit(
                    "migrations.strategy",
                    f"{name}: {one.availability} leaves {budget:.0f} min in 30 days; a window takes an hour",
                )
                return


@rule(
    "migrations-lock-outlasts-objective", principle="performance", severity="medium",
    condition="A schema change may wait for its lock ten times longer than the slowest promise of a latency.",
    effect="Every statement queues behind the waiting lock, and each request of that time is late.",
    remedy="Set lock_timeout to about the p99 objective, and repeat the change until it gets through.",
)  # fmt: skip
def lock_outlasts_objective(draft: Draft) -> Iterator[Hit]:
    said = draft.said.migrations.lock_timeout
    promised = [
        one.latency_p99.base for one in draft.design.requirements.objectives.values() if one.latency_p99 is not None
    ]
    if said is not None and promised and said.base > 10 * max(promised):
        yield Hit("migrations.lock_timeout", f"{said}; the slowest p99 promised is {max(promised) * 1000:.0f} ms")


RULES: Sequence[Rule] = (window_on_available_system, lock_outlasts_objective)
