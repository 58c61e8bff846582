"""Which numbers the parts emit: rate, errors and duration of what serves, utilisation and saturation of what holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from archnb.design.flow import Component
from archnb.design.monitoring import Metric
from archnb.design.record import Named
from archnb.shapes import Cell, Table
from archnb.topics.topic import Because, Draft

# a row: name, kind, signal, unit, labels, what it says. The names are those of the usual exporters.
_Row = tuple[str, str, str, str, tuple[str, ...], str]

REQUESTS = "http_requests_total"
DURATION = "http_request_duration_seconds"
ANSWER_AGE = "answer_age_seconds"

_STORE: Mapping[str, tuple[_Row, ...]] = {
    "postgresql": (
        ("pg_stat_activity_count", "gauge", "utilisation", "connections", ("store", "state"), "connections by state"),
        ("pg_settings_max_connections", "gauge", "utilisation", "connections", ("store",), "the limit of connections"),
        ("pg_stat_database_deadlocks", "counter", "errors", "deadlocks", ("store",), "transactions that waited for each other"),
        ("pg_replication_lag_seconds", "gauge", "saturation", "seconds", ("store",), "how far the replicas are behind"),
    ),
    "mysql": (
        ("mysql_global_status_threads_connected", "gauge", "utilisation", "connections", ("store",), "connections"),
        ("mysql_global_variables_max_connections", "gauge", "utilisation", "connections", ("store",), "the limit of connections"),
        ("mysql_global_status_innodb_row_lock_waits", "counter", "saturation", "waits", ("store",), "waits for row locks"),
        ("mysql_slave_status_seconds_behind_master", "gauge", "saturation", "seconds", ("store",), "how far the replicas are behind"),
    ),
    "elasticsearch": (
        ("elasticsearch_thread_pool_rejected_count", "counter", "saturation", "requests", ("store",), "searches turned away"),
        ("elasticsearch_jvm_memory_used_bytes", "gauge", "utilisation", "bytes", ("store",), "heap in use"),
        ("elasticsearch_jvm_memory_max_bytes", "gauge", "utilisation", "bytes", ("store",), "the heap's limit"),
    ),
    "mongodb": (
        ("mongodb_ss_connections_current", "gauge", "utilisation", "connections", ("store",), "connections"),
        ("mongodb_ss_connections_available", "gauge", "saturation", "connections", ("store",), "connections left"),
    ),
    "dynamodb": (("aws_dynamodb_throttled_requests_sum", "gauge", "saturation", "requests", ("store",), "requests over the capacity, a minute"),),
    "influxdb": (("influxdb_write_errors_total", "counter", "errors", "points", ("store",), "points that were refused"),),
    "neo4j": (("neo4j_transaction_active", "gauge", "utilisation", "transactions", ("store",), "open transactions"),),
}  # fmt: skip
# a server has a disk and a processor whatever runs on it (node_exporter)
_HOST: tuple[_Row, ...] = (
    ("node_filesystem_size_bytes", "gauge", "utilisation", "bytes", ("store",), "the size of the disk"),
    ("node_filesystem_avail_bytes", "gauge", "saturation", "bytes", ("store",), "what is free of it"),
    (
        "node_pressure_cpu_waiting_seconds_total",
        "counter",
        "saturation",
        "seconds",
        ("store",),
        "time in which work waited for a processor",
    ),
)
_CACHE: Mapping[str, tuple[_Row, ...]] = {
    "redis": (
        ("redis_memory_used_bytes", "gauge", "utilisation", "bytes", ("cache",), "memory in use"),
        ("redis_memory_max_bytes", "gauge", "utilisation", "bytes", ("cache",), "the limit of memory"),
        ("redis_evicted_keys_total", "counter", "saturation", "keys", ("cache",), "keys that had to go for others"),
        ("redis_keyspace_hits_total", "counter", "rate", "reads", ("cache",), "reads that found the key"),
        ("redis_keyspace_misses_total", "counter", "errors", "reads", ("cache",), "reads that did not"),
    ),
    "memcached": (
        ("memcached_current_bytes", "gauge", "utilisation", "bytes", ("cache",), "memory in use"),
        ("memcached_limit_bytes", "gauge", "utilisation", "bytes", ("cache",), "the limit of memory"),
        ("memcached_items_evicted_total", "counter", "saturation", "keys", ("cache",), "keys that had to go for others"),
    ),
}  # fmt: skip
_QUEUE: tuple[_Row, ...] = (
    ("queue_depth", "gauge", "utilisation", "messages", ("queue",), "messages that wait"),
    (
        "queue_oldest_message_age_seconds",
        "gauge",
        "saturation",
        "seconds",
        ("queue",),
        "how long the oldest has waited",
    ),
    ("queue_dead_letters", "gauge", "errors", "messages", ("queue",), "messages of which all attempts failed"),
)
_WORKER: tuple[_Row, ...] = (
    ("job_runs_total", "counter", "rate", "jobs", ("job", "outcome"), "jobs, by outcome"),
    ("job_duration_seconds", "histogram", "duration", "seconds", ("job",), "time a job takes"),
    ("worker_busy_ratio", "gauge", "utilisation", "share", ("queue",), "share of the workers that work"),
)
_CLIENT_OF: tuple[_Row, ...] = (
    (
        "outbound_requests_total",
        "counter",
        "rate",
        "requests",
        ("target", "outcome"),
        "calls of third parties, by outcome",
    ),
    ("outbound_request_duration_seconds", "histogram", "duration", "seconds", ("target",), "time a third party takes"),
    ("breaker_open_ratio", "gauge", "saturation", "share", ("target",), "share of the breakers that are open"),
)


def name_metric(component: str, suffix: str) -> str:
    """A metric's name that Prometheus takes, from a component's."""
    stem = re.sub(r"\W", "_", component, flags=re.ASCII).strip("_").lower() or "part"
    return f"{'_' if stem[0].isdigit() else ''}{stem}_{suffix}"


def components(draft: Draft) -> dict[str, Component]:
    """The running parts, or one service where no flow is known."""
    return dict(draft.design.flow.components) or {"service": Component(kind="service")}


def find_entries(draft: Draft) -> list[str]:
    """The parts that requests meet first: the gateway, or else the services."""
    found = components(draft)
    for kind in ("gateway", "service"):
        named = [name for name, one in found.items() if one.kind == kind]
        if named:
            return named
    return ["service"]


def _rows(draft: Draft) -> Iterator[tuple[str, _Row]]:
    found, entries = components(draft), find_entries(draft)
    for name in entries:
        yield (
            name,
            (
                REQUESTS,
                "counter",
                "errors",
                "requests",
                ("operation", "method", "status"),
                "requests answered, by status: rate and errors",
            ),
        )
        yield (
            name,
            (
                DURATION,
                "histogram",
                "duration",
                "seconds",
                ("operation", "method"),
                "time to answer; its buckets hold every promised threshold",
            ),
        )
    yield (
        entries[0],
        (ANSWER_AGE, "histogram", "duration", "seconds", ("operation",), "how old the data in an answer is"),
    )
    for name, one in found.items():
        if one.kind in ("service", "gateway") and name not in entries:
            yield (
                name,
                (
                    name_metric(name, "requests_total"),
                    "counter",
                    "errors",
                    "requests",
                    ("operation", "status"),
                    "requests answered, by status",
                ),
            )
            yield (
                name,
                (
                    name_metric(name, "request_duration_seconds"),
                    "histogram",
                    "duration",
                    "seconds",
                    ("operation",),
                    "time to answer",
                ),
            )
        if one.kind in ("service", "gateway"):
            yield (
                name,
                (
                    "process_cpu_seconds_total",
                    "counter",
                    "utilisation",
                    "seconds",
                    ("instance",),
                    "processor time used",
                ),
            )
            yield (
                name,
                (
                    "requests_in_flight",
                    "gauge",
                    "saturation",
                    "requests",
                    ("instance",),
                    "requests being answered or waiting",
                ),
            )
        if one.kind == "store":
            store = draft.design.schema.stores.get(name)
            engine = store.engine if store is not None and store.engine else "postgresql"
            for row in (*_STORE.get(engine, ()), *(() if engine == "dynamodb" else _HOST)):
                # what has no replica is behind nothing
                if (one.replicas or 1) > 1 or "behind" not in row[5]:
                    yield name, row
        if one.kind == "cache":
            for row in _CACHE.get(draft.design.cache.engine or "redis", _CACHE["redis"]):
                yield name, row
        if one.kind == "queue":
            for row in _QUEUE:
                yield name, row
        if one.kind == "worker":
            for row in _WORKER:
                yield name, row
    if any(one.kind == "third_party" for one in found.values()):
        caller = next((name for name, one in found.items() if one.kind == "service"), entries[0])
        for row in _CLIENT_OF:
            yield caller, row


_WHY = {
    "rate": "RED: how much there is to do", "errors": "RED: what fails", "duration": "RED: how long it takes",
    "utilisation": "USE: how busy it is", "saturation": "USE: what waits for it",
}  # fmt: skip


def complete_metrics(draft: Draft) -> Named[Metric]:
    """The metrics of every part, those said as they were said."""
    made: dict[str, Metric] = {}
    by: dict[str, list[str]] = {}
    for component, (name, kind, signal, unit, labels, summary) in _rows(draft):
        by.setdefault(name, []).append(component)
        # several parts that emit one metric are one row; the part is told by `job` or by the first label
        emitters = ", ".join(dict.fromkeys(by[name]))
        data = {
            "component": emitters,
            "kind": kind,
            "signal": signal,
            "unit": unit,
            "labels": labels,
            "summary": summary,
        }
        made[name] = Metric(**data)  # type: ignore[arg-type]
    for name, metric in made.items():
        draft.note(f"monitoring.metrics.{name}", f"{_WHY[metric.signal or 'rate']} ({metric.component})")
    for name, said in draft.design.monitoring.metrics.items():
        known = made.pop(name, None)
        record = said
        if known is not None:
            record = Metric(
                **{
                    one: getattr(said, one) or getattr(known, one)
                    for one in ("component", "kind", "signal", "unit", "labels", "summary")
                }
            )
        made[name] = _complete_said(draft, name, record)
    return Named(made)


# what a metric of each kind usually says, where nobody said it
_SIGNAL_OF: Mapping[str, str] = {"counter": "rate", "gauge": "utilisation", "histogram": "duration"}
_SUFFIX_UNITS = ("seconds", "bytes", "ratio", "celsius", "meters", "joules", "volts", "amperes")


def _complete_said(draft: Draft, name: str, record: Metric) -> Metric:
    """Fill what a said metric leaves open from its name, as Prometheus' naming practice has it: a base unit, `_total` for counters."""
    words = name.removesuffix("_total").rpartition("_")[2]
    kind = record.kind or ("counter" if name.endswith("_total") else "gauge")
    return draft.fill(
        f"monitoring.metrics.{name}",
        record,
        component=Because(find_entries(draft)[0], "the part that requests meet first, where nothing was said"),
        kind=Because(kind, "a counter's name ends in _total"),
        signal=Because(_SIGNAL_OF[kind], f"what a {kind} usually says"),
        unit=Because(words if words in _SUFFIX_UNITS else "events", "its name ends in the base unit"),
        summary=Because(name.replace("_", " "), "its name"),
    )


def find_metric(metrics: Mapping[str, Metric], name: str) -> str | None:
    """The metric that a series belongs to: its own name, or that of the histogram it is a part of."""
    if name in metrics:
        return name
    stem = re.sub(r"_(bucket|count|sum|total)$", "", name)
    return stem if stem in metrics else None


def view_metrics(draft: Draft) -> Table:
    """One row a metric."""
    found = draft.design.monitoring.metrics
    rows = tuple(
        (Cell(name, is_code=True), m.component, m.kind, m.signal, m.unit, ", ".join(m.labels), m.summary)
        for name, m in found.items()
    )
    return Table(
        "metrics", "Metrics", ("metric", "emitted by", "kind", "signal", "unit", "labels", "what it says"), rows,
        anchors=tuple(f"metric-{name}" for name in found),
        description="Rate, errors, duration of what serves; utilisation and saturation of what holds. Labels hold few values each: never an id, never a person.",
    )  # fmt: skip
