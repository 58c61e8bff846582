"""What is to be seen of growth: demand with its range against each limit, the months they meet, servers, and how tables are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archnb.fact import Fact
from archnb.fact.keys.entities import ENTITY_ROWS, ENTITY_ROWS_AT_HORIZON
from archnb.fact.keys.flow import COMPONENT_RATE, COMPONENT_UTILISATION
from archnb.fact.keys.jobs import JOB_RATE, JOB_WORKERS
from archnb.fact.keys.load import PEAK_REQUESTS
from archnb.fact.keys.scaling import (
    HEADROOM,
    PER_SERVER,
    POOL,
    RESOURCE_SATURATES,
    RESOURCE_USABLE,
    SERVERS,
    SERVERS_AT_HORIZON,
    SERVERS_NEEDED,
)
from archnb.fact.keys.schema import PARTITION_SIZE, TABLE_SIZE_AT_HORIZON
from archnb.quantity import PERCENT, number, show
from archnb.shapes import AnyShape, Cell, Chart, Mark, Series, Table, Tone
from archnb.sim.growth import MONTH, NEVER
from archnb.topics.scaling.cost import view_cost
from archnb.topics.scaling.courses import Course, courses, growth_of
from archnb.topics.scaling.options import view_nines
from archnb.topics.scaling.recovery import view_recovery
from archnb.topics.scaling.sensitivity import view_sensitivity
from archnb.topics.scaling.servers import serving, stem
from archnb.topics.scaling.shards import find_shard_key
from archnb.topics.scaling.tables import view_shards, view_writes
from archnb.topics.topic import Draft

_PANELS = 8
_SAMPLES = 2000


def views(draft: Draft) -> Sequence[AnyShape]:
    """The capacity chart, the table behind it, servers and pools, and how tables are cut."""
    return (
        view_capacity(draft), view_table(draft), view_limits(draft), view_writes(draft), view_servers(draft), view_partitions(draft), view_shards(draft), view_recovery(draft), view_cost(draft), view_nines(draft), view_sensitivity(draft),
    )  # fmt: skip


def _months(draft: Draft) -> int:
    horizon = draft.design.scaling.horizon
    return max(1, round(horizon.base / MONTH)) if horizon is not None else 36


def _samples(fact: Any) -> Any:
    """Samples in base units, or the plain value where nothing is uncertain."""
    return (
        fact.samples()[:_SAMPLES] * fact.unit.factor
        if fact is not None and fact.is_uncertain()
        else (fact.base if fact is not None else 0.0)
    )


def forecast(draft: Draft, course: Course, months: int) -> list[tuple[float, float, float]]:
    """P10, P50 and P90 of a resource's demand for each month, in its limit's unit."""
    import numpy

    inputs = [_samples(one) for one in course.inputs]
    made = []
    for month in range(months + 1):
        value = numpy.asarray(course.at(month * MONTH, inputs), dtype=float) / course.limit.unit.factor
        low, middle, high = (
            (float(value),) * 3 if value.ndim == 0 else (float(one) for one in numpy.percentile(value, [10, 50, 90]))
        )
        made.append((low, middle, high))
    return made


def find_saturation(points: list[tuple[float, float, float]], usable: float, which: int) -> float | None:
    """The month in which a percentile of the demand first reaches what is usable, or None within the horizon."""
    for month, point in enumerate(points):
        if point[which] >= usable:
            if month == 0:
                return 0.0
            before = points[month - 1][which]
            return month - 1 + (usable - before) / (point[which] - before) if point[which] > before else float(month)
    return None


def _usable(draft: Draft, course: Course) -> float:
    return draft.facts[RESOURCE_USABLE.of(stem(course.name))].base / course.limit.unit.factor


def _spread(draft: Draft, course: Course) -> tuple[float, float, float]:
    """P10, P50 and P90 of what is usable, in the limit's unit."""
    fact = draft.facts[RESOURCE_USABLE.of(stem(course.name))]
    low, middle, high = (one * fact.unit.factor / course.limit.unit.factor for one in fact.percentiles())
    return low, middle, high


def _label(course: Course) -> str:
    return course.name.replace("_", " ")


def _scale(course: Course, points: list[tuple[float, float, float]]) -> tuple[float, str]:
    """A divisor and a unit, so that an axis shows TB and not 10^12 B."""
    limit = course.limit.value
    text = show(limit, course.limit.unit)
    symbol = text.split(" ")[-1] if course.limit.unit.dimension and "B" in course.limit.unit.symbol else ""
    if symbol:
        from archnb.quantity import unit

        return unit(symbol).factor / course.limit.unit.factor, symbol
    return 1.0, course.limit.unit.symbol


def _chosen(draft: Draft) -> list[Course]:
    """The resources worth a panel: those that saturate first, above all those that were said."""
    facts = draft.facts

    def rank(course: Course) -> tuple[bool, float]:
        return (
            not draft.is_said(f"scaling.resources.{course.name}"),
            facts[RESOURCE_SATURATES.of(stem(course.name))].base,
        )

    found = sorted(courses(draft), key=rank)
    return found[:_PANELS]


def view_capacity(draft: Draft) -> Chart:
    """Demand with its P10 to P90 band against each limit, and a mark where they meet."""
    months = _months(draft)
    x = tuple(float(one) for one in range(months + 1))
    series: list[Series] = []
    marks: list[Mark] = []
    labels: dict[str, str] = {}
    for course in _chosen(draft):
        points, usable, panel = forecast(draft, course, months), _usable(draft, course), _label(course)
        scale, symbol = _scale(course, points)
        labels[panel] = {"": "number", "/s": "per second"}.get(symbol, symbol)
        series.append(Series(
            "demand: P50, and its band from P10 to P90", x, tuple(p[1] / scale for p in points),
            low=tuple(p[0] / scale for p in points), high=tuple(p[2] / scale for p in points), panel=panel,
        ))  # fmt: skip
        least, _, most = (one / scale for one in _spread(draft, course))
        series.append(Series(
            "usable limit", (0.0, float(months)), (usable / scale,) * 2, kind="limit", panel=panel,
            **({"low": (least,) * 2, "high": (most,) * 2} if least != most else {}),
        ))  # fmt: skip
        month = find_saturation(points, usable, 1)
        if month is not None:
            marks.append(
                Mark(
                    month,
                    "now" if month == 0 else f"month {number(month, 2)}",
                    max(usable, points[0][1]) / scale,
                    panel=panel,
                )
            )
    growth = growth_of(draft)
    return Chart(
        "capacity", "Capacity plan", tuple(series), x_label="months from now", y_labels=labels, marks=tuple(marks),
        description=f"Demand grows by {growth.text} a year; the band is P10 to P90. The line is what is usable of each limit, with a band where that is unsure; the mark is the month in which the middle forecast reaches it.",
    )  # fmt: skip


def view_table(draft: Draft) -> Table:
    """One row a resource, those that saturate first on top."""
    months, rows = _months(draft), []
    for course in sorted(courses(draft), key=lambda one: draft.facts[RESOURCE_SATURATES.of(stem(one.name))].base):
        points = forecast(draft, course, months)
        ends = [Cell(value, show(value, course.limit.unit)) for value in points[-1]]
        until = draft.facts[RESOURCE_SATURATES.of(stem(course.name))]
        span = _write_span(until)
        when = (
            "now"
            if until.base <= 0
            else "never"
            if until.base == NEVER
            else _write_month(until.base)
            if until.base <= months * MONTH
            else f"month {number(until.value, 2)}"
            if until.value <= months
            else f"month {number(until.value, 2)}, after the horizon"
        )
        tone: Tone = "danger" if until.value < 6 else "warning" if until.value <= months else ""
        rows.append(
            (
                Cell(course.name, is_code=True),
                course.resource.component,
                course.demand.cell,
                *ends,
                course.limit.cell,
                replace(until.cell, text=when, tone=tone),
                span,
                course.resource.action,
            )
        )
    return Table(
        "capacity-table", "Resources", ("resource", "of", "today", "P10 then", "P50 then", "P90 then", "limit", "saturates", "P90 … P10", "then"), tuple(rows),
        anchors=tuple(f"resource-{row[0]}" for row in rows),
        description=f"In {months} months. A resource is saturated when the demand reaches its limit less the headroom. `then` is in the order to try: the cheapest and the easiest to undo first.",
    )  # fmt: skip


def _write_span(until: Fact) -> str:
    """The range of a month of saturation, as the fact has it: the decision held, all else as it is believed."""
    if not until.is_uncertain():
        return ""
    early, _, late = (_write_month(one * until.unit.factor) for one in until.percentiles())
    return f"{early} … {late}" if early != late else ""


def _write_month(time: float) -> str:
    return "never" if time == NEVER else "now" if time <= 0 else f"month {number(time / MONTH, 2)}"


def view_limits(draft: Draft) -> Table:
    """Where each limit comes from, and what becomes the next bottleneck once the first is raised."""
    facts, rows = draft.facts, []
    found = sorted(courses(draft), key=lambda one: facts[RESOURCE_SATURATES.of(stem(one.name))].base)
    for n, course in enumerate(found):
        after = found[n + 1].name if n + 1 < len(found) else ""
        until = facts[RESOURCE_SATURATES.of(stem(course.name))]
        rows.append((
            Cell(course.name, is_code=True), course.limit.cell, facts[RESOURCE_USABLE.of(stem(course.name))].cell, course.limit.because,
            _write_month(until.base), Cell(after, is_code=True) if after else "",
        ))  # fmt: skip
    return Table(
        "limits", "Limits", ("resource", "limit", "usable", "whence", "reached", "then the next is"), tuple(rows),
        description="Figures of engines have their source and date in docs/engines.md; each is an order of magnitude until it was measured here. Decisions are held:"
        " what is reached next is what bounds the load once the one before it was raised.",
    )  # fmt: skip


def view_servers(draft: Draft) -> Table:
    """Servers of each serving part today and at the horizon, and their pools."""
    facts = draft.facts
    rows: list[tuple[Cell | str, ...]] = []
    main = draft.model.places.main
    pool = facts.get(POOL.of(stem(main)))
    for name in serving(draft):
        if SERVERS.of(stem(name)) not in facts:
            continue
        then = facts.get(SERVERS_AT_HORIZON.of(stem(name)))
        is_service = draft.design.flow.components[name].kind == "service"
        rows.append((
            Cell(name, is_code=True), (facts.get(COMPONENT_RATE.of(name)) or facts[PEAK_REQUESTS]).cell, facts[PER_SERVER.of(stem(name))].cell,
            facts[SERVERS_NEEDED.of(stem(name))].cell, facts[SERVERS.of(stem(name))].cell, _chance(draft, name), then.cell if then is not None else "", pool.cell if pool is not None and is_service else "",
        ))  # fmt: skip
    for name, job in draft.design.jobs.jobs.items():
        workers = facts.get(JOB_WORKERS.of(name))
        if workers is not None:
            rate = facts.get(JOB_RATE.of(name))
            rows.append(
                (
                    Cell(f"worker: {name}", is_code=True),
                    rate.cell if rate is not None else str(job.rate or ""),
                    "",
                    workers.cell,
                    workers.cell,
                    "",
                    "",
                    "",
                )
            )
    return Table(
        "servers", "Servers and pools", ("part", "peak", "one does", "needed", "run today", "chance past the usable today", "run at the horizon", "pool each"), tuple(rows),
        description="Needed is what keeps the headroom free at the peak; what runs is the flow's replicas, at least one more, so that one may fail or be replaced. The chance is over what is believed of rates and times, with these servers held.",
    )  # fmt: skip


def _chance(draft: Draft, name: str) -> Cell | str:
    """In which share of what is believed the servers of today are busier than the headroom leaves; '' where all is certain."""
    use = draft.facts.get(COMPONENT_UTILISATION.of(name))
    if use is None or not use.is_uncertain():
        return ""
    share = float((use.samples() * use.unit.factor > 1 - draft.facts[HEADROOM].base).mean())
    return Cell(share, show(share * 100, PERCENT), tone="danger" if share > 0.5 else "warning" if share >= 0.1 else "")


def _is_handy(draft: Draft, table: str) -> bool:
    """Whether a table stays below the size from which the schema would split it."""
    size = draft.facts.get(TABLE_SIZE_AT_HORIZON.of(table))
    return size is not None and size.base <= draft.facts[PARTITION_SIZE].base


def view_partitions(draft: Draft) -> Table:
    """How each large table is cut: partitions by time, shards by key, and when not."""
    facts, rows = draft.facts, []
    shard = find_shard_key(draft)
    for entity in draft.design.entities:
        then = facts.get(ENTITY_ROWS_AT_HORIZON.of(entity)) or facts.get(ENTITY_ROWS.of(entity))
        if then is None:
            continue
        fields = draft.model.fields(entity)
        moment = next(
            (name for name, one in fields.items() if one.type in ("timestamp", "date") and not one.optional), None
        )
        found = draft.model.ways.find_required(entity, shard)
        way = None if found is None else [one.field for one in found.steps]
        key = (
            "id"
            if way == []
            else ""
            if way is None
            else way[0]
            if len(way) == 1
            else f"{shard.lower()} (through {way[0]}), copied into the row"
        )
        name = draft.model.places.find_table(entity) or ""
        table = draft.design.schema.tables.get(name)
        if table is not None and table.partition_by:
            because = draft.reasons.get(f"schema.tables.{name}.partition_by")
            partition, why = table.partition_by, because.reason if because is not None else "as said in the schema"
        elif _is_handy(draft, name):
            size, limit = facts[TABLE_SIZE_AT_HORIZON.of(name)], facts[PARTITION_SIZE]
            partition = "none"
            why = f"{size.text} at the horizon; below {limit.text} one table with its indexes is simpler and as fast"
        elif (because := draft.reasons.get(f"schema.tables.{name}.partition_by")) is not None:
            partition, why = "none", because.reason
        elif moment is not None:
            partition, why = "none yet", f"when maintenance takes hours: by month of {moment}"
        else:
            partition, why = (
                "none yet",
                f"when maintenance takes hours: by hash of {way[0] if way else 'its key'}, for it has no time to be cut by",
            )
        rows.append(
            (Cell(entity, is_code=True), then.cell, partition, key or "copied to every shard, or kept whole", why)
        )
    return Table(
        "partitions", "Partitions and shards", ("entity", "rows at the horizon", "partition", f"shard key, if ever (by {shard})", "because"), tuple(rows),
        description="Sharding is the last step. Its key is the one most of the load is asked by, so that a request meets one shard.",
    )  # fmt: skip
