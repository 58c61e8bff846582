"""Migrations: how the schema and the API change without stopping, and how long that takes on tables of this size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from archnb.engines import load_engine
from archnb.fact import Fact
from archnb.fact.keys.migrations import BACKFILL_SPEED, BACKFILL_TIME, INDEX_BUILD_SPEED, INDEX_BUILD_TIME, LARGE_TABLE
from archnb.fact.keys.schema import TABLE_ROWS, TABLE_SIZE
from archnb.finding import Hit, Rule, rule
from archnb.planned import conclude as conclude_record
from archnb.planned.migrations import Migrations
from archnb.quantity import MONTH, parse
from archnb.shapes import AnyShape, Cell, Row, Table
from archnb.topics.topic import Because, Draft

NAME = "migrations"
TITLE = "Migrations and versioning"
CLOSES = ("migrations",)

# pgroll's own benchmark (PostgreSQL 14.8): batched backfills of 10 k, 100 k and 300 k rows ran at 53 k, 21 k and 9.4 k rows/s
BACKFILL = "9400/s"
# what one core sorts and writes while an index is built from a warm table; the order of magnitude of pgbench loads
INDEX_BUILD = "50 MB/s"


def complete(draft: Draft) -> None:
    """Propose how changes are made."""
    said = draft.design.migrations
    made = draft.fill(
        "migrations",
        said,
        version=Because("0.1.0", "the first version of this design"),
        strategy=Because(
            "expand-contract", "old and new code run side by side during a rolling deployment; each step can be undone"
        ),
        lock_timeout=Because("2 s", "a change that waits longer for its lock queues every other statement behind it"),
        backfill_batch=Because(5000, "a batch of this size commits in well under a second and keeps replication close"),
        api_deprecation=Because("6 months", "callers outside the team need two release cycles to move"),
    )
    draft.close("migrations", made)


def conclude(draft: Draft) -> Migrations:
    """The section without gaps."""
    return conclude_record(Migrations, draft.design.migrations, "migrations")


def measure(draft: Draft) -> None:
    """How long a backfill and an index build take on each large table."""
    facts = draft.facts
    tables = _large(draft)
    if not tables:
        return
    speed = facts.assume(
        BACKFILL_SPEED,
        BACKFILL,
        "batched updates of a table of 300 k rows",
        source="pgroll benchmark, PostgreSQL 14.8",
    )
    build = facts.assume(
        INDEX_BUILD_SPEED,
        INDEX_BUILD,
        "one core that sorts and writes an index",
        source="rule of thumb; measure on your own server",
    )
    for name in tables:
        facts.define(
            BACKFILL_TIME.of(name),
            facts[TABLE_ROWS.of(name)] / speed,
            "h",
            "a new column filled for every row, in batches",
        )
        facts.define(
            INDEX_BUILD_TIME.of(name),
            facts[TABLE_SIZE.of(name)] / build,
            "min",
            "the table read once to build an index concurrently",
        )


def _large(draft: Draft) -> list[str]:
    draft.facts.assume(
        LARGE_TABLE, 1_000_000, "rows from which a table's changes are timed", source="rule of thumb of archnb, 2026-11"
    )
    found = [
        name
        for name in draft.design.schema.tables
        if TABLE_ROWS.of(name) in draft.facts and TABLE_SIZE.of(name) in draft.facts
    ]
    large = [name for name in found if draft.facts[TABLE_ROWS.of(name)].base >= draft.facts[LARGE_TABLE].base]
    return sorted(large, key=lambda name: -draft.facts[TABLE_ROWS.of(name)].base)[:8]


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


def views(draft: Draft) -> Sequence[AnyShape]:
    """How each kind of change is made, and how long it takes here."""
    one = draft.design.migrations
    settings: list[Row] = [
        (
            "version of the design",
            one.version,
            draft.reasons["migrations.version"].reason if "migrations.version" in draft.reasons else "said",
        ),
    ]
    for field, label in (
        ("strategy", "strategy"),
        ("lock_timeout", "lock timeout"),
        ("backfill_batch", "rows a backfill batch"),
        ("api_deprecation", "an old API version lives on"),
    ):
        reason = draft.reasons.get(f"migrations.{field}")
        settings.append((label, str(getattr(one, field)), reason.reason if reason else "said"))
    rows: list[Row] = []
    for name in _large(draft):
        backfill, build = draft.facts[BACKFILL_TIME.of(name)], draft.facts[INDEX_BUILD_TIME.of(name)]
        rows.append((Cell(name, is_code=True), draft.facts[TABLE_ROWS.of(name)].cell, _timed(backfill), _timed(build)))
    columns = ("table", "rows", "backfill of a new column", "index built concurrently")
    made: list[AnyShape] = [
        Table("migration-settings", "How changes are made", ("what", "value", "because"), tuple(settings)),
        Table(
            "migration-steps",
            "Each kind of change, step by step",
            ("change", "steps", "lock taken"),
            _list_steps(draft),
        ),
    ]
    if rows:
        made.append(
            Table(
                "migration-times",
                "How long a change takes on the large tables",
                columns,
                tuple(rows),
                description="Estimates from assumed speeds; each number links to its formula.",
            )
        )
    return made


def _timed(fact: Fact) -> Cell:
    slow = fact.base > parse("8 h").base
    return replace(fact.cell, tone="warning" if slow else "")


_API = (
    "change the API",
    "add fields freely; never change a meaning; a breaking change gets a new version, the old one a Sunset header",
    "none",
)


def _list_steps(draft: Draft) -> tuple[Row, ...]:
    """How each kind of change is made on the engines of this design, the main store's first."""
    places = draft.model.places
    main = places.main_engine
    others = [places.engine(name) for name, store in places.stores.items() if store.holds]
    rows: list[Row] = []
    for engine in dict.fromkeys((main.name, *(one.name for one in others))):
        where = "" if engine == main.name else f" ({load_engine(engine).label})"
        rows += [(f"{one.name}{where}", one.steps, one.lock) for one in load_engine(engine).changes]
    return (*rows, _API)
