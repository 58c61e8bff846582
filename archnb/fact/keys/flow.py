"""The data flow: assumptions by kind of part, rates and replicas, and each operation as a whole."""

from __future__ import annotations

from archnb.fact.key import NUMBER, RATE, TIME, family, key

LATENCY_CLASSIC = family("flow.assumed.{what}_classic", TIME, "A latency as the classic table has it.", assumption=True)
LATENCY_NAPKIN = family("flow.assumed.{what}_napkin", TIME, "A latency as it was measured again.", assumption=True)
ROUND_TRIP = key("flow.assumed.round_trip", TIME, "A round trip inside one datacentre.")
KIND_TIME = family("flow.assumed.time_{kind}", TIME, "How long a part of a kind works on one request.", assumption=True)
KIND_UP = family(
    "flow.assumed.up_{kind}",
    NUMBER,
    "Share of the time that one part of a kind works.",
    assumption=True,
    positive=True,
    share=True,
)
SHARED_CAUSE = family(
    "flow.assumed.shared_{kind}",
    NUMBER,
    "Share of a part's failures that take its twins down as well.",
    assumption=True,
    share=True,
)
KIND_CORES = family(
    "flow.assumed.cores_{kind}",
    NUMBER,
    "Cores of one instance of a kind.",
    optional=True,
    assumption=True,
    positive=True,
)
CRITICAL = key(
    "flow.critical",
    NUMBER,
    "The promise from which single instances do not do.",
    assumption=True,
    positive=True,
    share=True,
)
MOST_HOPS = key("flow.most_hops", NUMBER, "Steps that an operation may wait for.", assumption=True)
TARGET = key(
    "flow.assumed.target", NUMBER, "How busy a part may be at the peak.", assumption=True, positive=True, share=True
)
JOBS_PER_WORKER = key(
    "flow.assumed.jobs_per_worker",
    NUMBER,
    "Jobs that one worker process runs side by side.",
    assumption=True,
    positive=True,
)
HOP_SHARE = family(
    "flow.paths.{operation}.hops.{hop}.share", NUMBER, "Share of an operation's requests that take a hop."
)
COMPONENT_RATE = family("flow.{component}.rate", RATE, "Requests that arrive at a part at the peak.", optional=True)
COMPONENT_SERVICE_TIME = family(
    "flow.components.{component}.service_time", TIME, "How long a part works on one request.", optional=True
)
COMPONENT_AVAILABILITY = family(
    "flow.components.{component}.availability", NUMBER, "Share of the time that one instance of a part works."
)
COMPONENT_REPLICAS = family("flow.components.{component}.replicas", NUMBER, "Instances of a part.", optional=True)
COMPONENT_AVAILABLE = family(
    "flow.{component}.available", NUMBER, "Share of the time that at least one instance of a part works.", optional=True
)
COMPONENT_BUSY = family("flow.{component}.busy", NUMBER, "Cores that a part keeps busy at the peak.", optional=True)
COMPONENT_UTILISATION = family(
    "flow.{component}.utilisation", NUMBER, "How busy a part's cores are at the peak.", optional=True
)
MISSED = family(
    "flow.{operation}.missed", NUMBER, "Share of an operation's reads that the cache cannot answer.", optional=True
)
OPERATION_AVAILABILITY = family(
    "flow.{operation}.availability", NUMBER, "Share of the time that all parts of an operation work.", optional=True
)
OPERATION_LATENCY = family("flow.{operation}.latency", TIME, "Mean time of an operation.", optional=True)
OPERATION_P99 = family(
    "flow.{operation}.latency_p99", TIME, "99 of 100 requests of an operation are done within.", optional=True
)
