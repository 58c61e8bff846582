"""The numbers that the flow rests on and nobody said: latencies, times of work, availabilities, each with source and date.

Two dated sets of latency numbers are shipped, the classic table and its re-measurement; the newer one is used, and the
older stays beside it, so that the difference is one look away.
"""

from __future__ import annotations

from archnb.topics.topic import Draft

# name, value, what it is, source; the names stand under `flow.assumed.`
CLASSIC = "latency numbers every programmer should know (Dean, Norvig; as of about 2012)"
NAPKIN = "napkin-math re-measurement (Eskildsen; in part of March 2026)"
SLA = "the providers' published service level agreements, read in 2025"

LATENCIES: tuple[tuple[str, str, str, str], ...] = (
    ("round_trip_classic", "500 µs", "a round trip inside one datacentre", CLASSIC),
    ("round_trip_napkin", "250 µs", "a round trip inside one datacentre", NAPKIN),
    ("memory_classic", "250 µs", "reading 1 MB from memory", CLASSIC),
    ("memory_napkin", "50 µs", "reading 1 MB from memory", NAPKIN),
    ("disk_classic", "1 ms", "reading 1 MB from a solid-state disk", CLASSIC),
    ("disk_napkin", "100 µs", "reading 1 MB from a solid-state disk", NAPKIN),
)

# by kind of component: how long one works on one request
TIMES: tuple[tuple[str, str, str, str], ...] = (
    (
        "gateway",
        "1 ms",
        "TLS is resumed and a signed token is checked",
        "one signature check and a few header reads; rule of thumb",
    ),
    (
        "service",
        "3 ms..12 ms",
        "reading the request, applying the rules, writing JSON",
        "usual for interpreted and managed languages; measure yours",
    ),
    ("cache", "200 µs", "one key read from memory", "redis-benchmark on one core, p50 without pipelining"),
    (
        "store",
        "2 ms",
        "one query by an index with its pages in memory",
        "pgbench select-only, with parsing and result transfer",
    ),
    (
        "search",
        "15 ms",
        "one full-text query over a few shards",
        "Elasticsearch's Rally benchmarks, p50 of term queries",
    ),
    ("queue", "2 ms", "one message stored and acknowledged", "a committed insert, or a broker's confirm"),
    (
        "third_party",
        "150 ms..600 ms",
        "a call over the internet to somebody else's system",
        "payment and mail providers' published response times",
    ),
    ("worker", "50 ms", "one message worked on, where no job says otherwise", "rule of thumb"),
    ("identity", "20 ms", "one token looked up", "rule of thumb for token introspection"),
)
COMMIT = (
    "commit",
    "3 ms",
    "a commit is written to disk here and confirmed by the standby",
    "one fsync on a network disk and a round trip",
)

# by kind of component: which share of the time one of them works
UPTIMES: tuple[tuple[str, str, str, str], ...] = (
    ("instance", "99.5%", "one instance in one zone", f"{SLA}: 99.5 % for a single instance"),
    ("third_party", "99.9%", "a call to somebody else's system succeeds", f"{SLA}: 99.9 % is the usual promise"),
    ("identity", "99.99%", "the identity provider answers", f"{SLA}: 99.9 % to 99.99 % for hosted identity"),
)
SHARED: tuple[tuple[str, str, str, str], ...] = (
    (
        "stateless", "2%", "which share of an instance's failures takes its twins down as well: a deploy, a setting, a zone",
        f"{SLA}: 99.99 % for instances in two zones against 99.5 % for one; beta-factor model, IEC 61508-6",
    ),
    (
        "stateful", "10%", "the same for a store, where a failover is not instant",
        f"{SLA}: 99.95 % for a database with a standby against 99.5 % for one; beta-factor model, IEC 61508-6",
    ),
)  # fmt: skip

# cores that one instance works with, by kind; and how busy they may be
CORES = {"gateway": 4, "service": 4, "cache": 1, "store": 16, "queue": 16}
TARGET = "60%"
JOBS_PER_WORKER = 16


def assume(draft: Draft) -> None:
    """Add every assumption of the flow as a fact with its source."""
    given = draft.facts.given
    for name, value, because, source in LATENCIES:
        given(f"flow.assumed.{name}", value, because, source=source)
    draft.facts.define(
        "flow.assumed.round_trip", draft.facts["flow.assumed.round_trip_napkin"], "µs",
        "the newer set is used; the classic one stands beside it",
    )  # fmt: skip
    for name, value, because, source in (*TIMES, COMMIT):
        given(f"flow.assumed.time_{name}", value, because, source=source)
    for name, value, because, source in UPTIMES:
        given(f"flow.assumed.up_{name}", value, because, source=source)
    for name, value, because, source in SHARED:
        given(f"flow.assumed.shared_{name}", value, because, source=source)
    for name, cores in CORES.items():
        if name == "store" and "cache.store_cores" in draft.facts:
            # one server, one number of cores: the cold cache is judged by the same
            draft.facts.define(f"flow.assumed.cores_{name}", draft.facts["cache.store_cores"], "", "cores of the store")
            continue
        given(f"flow.assumed.cores_{name}", cores, f"cores of one {name} instance", source="a usual size to begin with")
    given(
        "flow.assumed.target", TARGET, "how busy a part may be at the peak",
        source="waiting doubles between 50 % and 75 % of one server (M/M/1); room for losing one of several",
    )  # fmt: skip
    given(
        "flow.assumed.jobs_per_worker",
        JOBS_PER_WORKER,
        "jobs that one worker process runs side by side",
        source="they mostly wait for others",
    )
