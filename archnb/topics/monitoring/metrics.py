"""Which numbers the parts emit: rate, errors and duration of what serves, utilisation and saturation of what holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from archnb.design.flow import Component
from archnb.design.monitoring import Metric
from archnb.design.record import Named
from archnb.engines import Engine, find_engine
from archnb.model.caches import engine_of_cache
from archnb.topics.monitoring.derived import list_rows
from archnb.topics.topic import Because, Draft

# a row: name, kind, signal, unit, labels, what it says. The names are those of the usual exporters.
_Row = tuple[str, str, str, str, tuple[str, ...], str]

REQUESTS = "http_requests_total"
DURATION = "http_request_duration_seconds"
ANSWER_AGE = "answer_age_seconds"
PROBE = "probe_success"

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


def _list_measures(engine: Engine, role: str, part: Component) -> Iterator[_Row]:
    """What an engine's exporter emits, labelled by the part; what has no replica is behind nothing."""
    for one in engine.measures:
        if not one.of_replicas or (part.replicas or 1) > 1:
            yield one.name, one.kind, one.signal, one.unit, (role, *one.labels), one.summary


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
    asked = "whether a call from outside is answered (blackbox_exporter, through the public name, once a minute)"
    yield entries[0], (PROBE, "gauge", "errors", "share", ("instance",), asked)
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
            engine = find_engine(one.engine) or draft.model.places.engine(name)
            yield from ((name, row) for row in _list_measures(engine, "store", one))
            if engine.running != "service":
                yield from ((name, row) for row in _HOST)
        if one.kind == "cache":
            engine = find_engine(one.engine) or engine_of_cache(draft.design.cache)
            yield from ((name, row) for row in _list_measures(engine, "cache", one))
        if one.kind == "queue":
            yield from ((name, row) for row in _QUEUE)
            broker = find_engine(one.engine)
            if broker is not None and not broker.is_relational:
                yield from ((name, row) for row in _list_measures(broker, "queue", one))
        if one.kind == "worker":
            for row in _WORKER:
                yield name, row
    worker = next((name for name, one in found.items() if one.kind == "worker"), entries[0])
    yield from ((worker, row) for row in list_rows(draft))
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
