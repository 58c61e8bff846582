"""What there is to be seen of migrations: how each kind of change is made, and how long it takes on the large tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archnb.engines import load_engine
from archnb.fact import Fact
from archnb.fact.keys.migrations import BACKFILL_TIME, INDEX_BUILD_TIME
from archnb.fact.keys.schema import TABLE_ROWS
from archnb.quantity import parse
from archnb.shapes import AnyShape, Cell, Row, Table
from archnb.topics.migrations.tables import list_large
from archnb.topics.topic import Draft


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
    for name in list_large(draft):
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
