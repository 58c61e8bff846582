"""The data flow: assumptions by kind of part, rates and replicas, and each operation as a whole."""

from __future__ import annotations

from archnb.fact.key import NUMBER, RATE, TIME, family, key

LATENCY_CLASSIC = family("flow.assumed.{what}_classic", TIME, "A latency as the classic table has it.", assumption=True)
LATENCY_NAPKIN = family("flow.assumed.{what}_napkin", TIME, "A latency as it was measured again.", assumption=True)
ROUND_TRIP = key("flow.assumed.round_trip", TIME, "A round trip inside one datacentre.")
REGION_ROUND_TRIP = key("flow.assumed.region_round_trip", TIME, "A round trip between two regions.", assumption=True)
COMMIT_TIME = key("flow.commit_time", TIME, "Until a commit is kept wherever it must be before it is answered.")
COMMIT_ROUND_TRIP = key(
    "flow.commit_round_trip", TIME, "The way to a store whose commit another region confirms.", optional=True
)
REGION_UP = key(
    "flow.assumed.up_region",
    NUMBER,
    "Share of the time that one region works.",
    assumption=True,
    positive=True,
    share=True,
)
REGIONS_AVAILABLE = key("flow.regions.available", NUMBER, "Share of the time that some region answers.")
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
SERVICE_VARIATION = family(
    "flow.components.{component}.service_variation",
    NUMBER,
    "How much a part's time of work varies: its variance over its squared mean.",
    optional=True,
)
KIND_VARIATION = family(
    "flow.assumed.variation_{kind}",
    NUMBER,
    "How much the time of work of a kind of part varies: its variance over its squared mean.",
    assumption=True,
)
ARRIVAL_VARIATION = key(
    "flow.assumed.arrival_variation",
    NUMBER,
    "How much the time between two requests varies: its variance over its squared mean.",
    assumption=True,
)
COMPONENT_AVAILABILITY = family(
    "flow.components.{component}.availability", NUMBER, "Share of the time that one instance of a part works."
)
COMPONENT_REPLICAS = family("flow.components.{component}.replicas", NUMBER, "Instances of a part.", optional=True)
COMPONENT_AVAILABLE = family(
    "flow.{component}.available",
    NUMBER,
    "Share of the time that as many instances of a part work as the load needs.",
    optional=True,
)
COMPONENT_NEEDED = family(
    "flow.{component}.needed", NUMBER, "Instances of a part without which the peak overloads the others.", optional=True
)
COMPONENT_SERVED = family(
    "flow.{component}.served", NUMBER, "Share of what arrives at the peak that a part can do.", optional=True
)
COMPONENT_AFTER_LOSS = family(
    "flow.{component}.utilisation_after_loss",
    NUMBER,
    "How busy a part's cores are at the peak while one instance is away.",
    optional=True,
)
COMPONENT_VARIATION = family(
    "flow.{component}.variation",
    NUMBER,
    "How much the times of work of all that a store does vary together: variance over squared mean.",
    optional=True,
)
COMPONENT_P_WAIT = family(
    "flow.{component}.p_wait", NUMBER, "Share of the requests that wait for a core of a part.", optional=True
)
COMPONENT_WAIT = family(
    "flow.{component}.wait",
    TIME,
    "Mean time that a request waits for a core of a part.",
    optional=True,
    unbounded="none: overloaded",
)
COMPONENT_BUSY = family("flow.{component}.busy", NUMBER, "Cores that a part keeps busy at the peak.", optional=True)
COMPONENT_UTILISATION = family(
    "flow.{component}.utilisation", NUMBER, "How busy a part's cores are at the peak.", optional=True
)
MISSED = family(
    "flow.{operation}.missed", NUMBER, "Share of an operation's reads that the cache cannot answer.", optional=True
)
OPERATION_UP = family(
    "flow.{operation}.up", NUMBER, "Share of the time that all parts of an operation work.", optional=True
)
OPERATION_AVAILABILITY = family(
    "flow.{operation}.availability",
    NUMBER,
    "Share of an operation's requests that are answered in time.",
    optional=True,
)
OPERATION_LATENCY = family(
    "flow.{operation}.latency", TIME, "Mean time of an operation.", optional=True, unbounded="none: overloaded"
)
OPERATION_P50 = family(
    "flow.{operation}.latency_p50",
    TIME,
    "Half of the requests of an operation are done within.",
    optional=True,
    unbounded="none: overloaded",
)
OPERATION_P95 = family(
    "flow.{operation}.latency_p95",
    TIME,
    "95 of 100 requests of an operation are done within.",
    optional=True,
    unbounded="none: overloaded",
)
OPERATION_P99 = family(
    "flow.{operation}.latency_p99",
    TIME,
    "99 of 100 requests of an operation are done within.",
    optional=True,
    unbounded="none: overloaded",
)
