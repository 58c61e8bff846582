"""The numbers that the flow rests on and nobody said: latencies, times of work, availabilities, each with source and date.

Two dated sets of latency numbers are shipped, the classic table and its re-measurement; the newer one is used, and the
older stays beside it, so that the difference is one look away.
"""

from __future__ import annotations

from archnb.fact import Key
from archnb.fact.keys.cache import STORE_CORES
from archnb.fact.keys.flow import (
    ARRIVAL_VARIATION,
    COMMIT_TIME,
    CRITICAL,
    JOBS_PER_WORKER,
    KIND_CORES,
    KIND_TIME,
    KIND_UP,
    KIND_VARIATION,
    LATENCY_CLASSIC,
    LATENCY_NAPKIN,
    MOST_HOPS,
    REGION_ROUND_TRIP,
    ROUND_TRIP,
    SHARED_CAUSE,
    TARGET,
)
from archnb.topics.topic import Draft

# name, value, what it is, source; the names stand under `flow.assumed.`
CLASSIC = "latency numbers every programmer should know (Dean, Norvig; as of about 2012)"
NAPKIN = "napkin-math re-measurement (Eskildsen; in part of March 2026)"
VARIATION = "the usual first assumption (M/M/c); traces lie between 0.3 and 3"
SLA = "the providers' published service level agreements, read in 2025"

LATENCIES: tuple[tuple[Key, str, str, str], ...] = (
    (LATENCY_CLASSIC.of("round_trip"), "500 µs", "a round trip inside one datacentre", CLASSIC),
    (LATENCY_NAPKIN.of("round_trip"), "250 µs", "a round trip inside one datacentre", NAPKIN),
    (LATENCY_CLASSIC.of("memory"), "250 µs", "reading 1 MB from memory", CLASSIC),
    (LATENCY_NAPKIN.of("memory"), "50 µs", "reading 1 MB from memory", NAPKIN),
    (LATENCY_CLASSIC.of("disk"), "1 ms", "reading 1 MB from a solid-state disk", CLASSIC),
    (LATENCY_NAPKIN.of("disk"), "100 µs", "reading 1 MB from a solid-state disk", NAPKIN),
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
ROW = (
    "row",
    "400 µs",
    "one row of a batch written with its entries in the indexes, by one core",
    "the 40 000 rows a second of a primary with 16 cores, see the limits of PostgreSQL and MySQL",
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


def assume(draft: Draft) -> None:
    """Add every assumption of the flow as a fact with its source."""
    given = draft.facts.assume
    for latency, value, because, source in LATENCIES:
        given(latency, value, because, source=source)
    draft.facts.define(
        ROUND_TRIP, draft.facts[LATENCY_NAPKIN.of("round_trip")], "µs",
        "the newer set is used; the classic one stands beside it",
    )  # fmt: skip
    for name, value, because, source in (*TIMES, COMMIT, ROW):
        given(KIND_TIME.of(name), value, because, source=source)
    _define_commit(draft)
    for name, *_ in TIMES:
        given(KIND_VARIATION.of(name), 1, "times of work vary as an exponential does; measure yours", source=VARIATION)
    given(
        ARRIVAL_VARIATION, 1, "requests come independently of each other (Poisson)",
        source="many independent users; what comes in bursts or by the clock varies otherwise",
    )  # fmt: skip
    for name, value, because, source in UPTIMES:
        given(KIND_UP.of(name), value, because, source=source)
    for name, value, because, source in SHARED:
        given(SHARED_CAUSE.of(name), value, because, source=source)
    for name, cores in CORES.items():
        if name == "store" and STORE_CORES in draft.facts:
            # one server, one number of cores: the cold cache is judged by the same
            draft.facts.define(KIND_CORES.of(name), draft.facts[STORE_CORES], "", "cores of the store")
            continue
        given(KIND_CORES.of(name), cores, f"cores of one {name} instance", source="a usual size to begin with, 2026-11")
    given(
        TARGET, "60%", "how busy a part may be at the peak",
        source="waiting doubles between 50 % and 75 % of one server (M/M/1); room for losing one of several",
    )  # fmt: skip
    given(
        CRITICAL, "99.9%", "from this promise on single instances do not do", source="rule of thumb of archnb, 2026-11"
    )
    given(MOST_HOPS, 6, "steps that an operation may wait for", source="rule of thumb of archnb, 2026-11")
    given(
        JOBS_PER_WORKER,
        16,
        "jobs that one worker process runs side by side",
        source="they mostly wait for others",
    )


def _define_commit(draft: Draft) -> None:
    """How long a commit takes: on the disk here, and, where nothing may be lost with a region, in the other one as well."""
    facts, requirements = draft.facts, draft.design.requirements
    far = facts.assume(
        REGION_ROUND_TRIP, "30 ms", "a round trip between two regions of a continent",
        source="light in fibre goes 200 km in a millisecond: some 1,500 km apart, on a way twice as long; measure yours",
    )  # fmt: skip
    commit, rpo = facts[KIND_TIME.of("commit")], requirements.recovery.rpo
    if rpo is not None and rpo.base == 0 and (requirements.regions or 1) > 1:
        facts.define(
            COMMIT_TIME, commit + far, "ms", "nothing may be lost with a region, so a commit waits until the other one has it as well"
        )  # fmt: skip
    else:
        facts.define(COMMIT_TIME, commit, "ms", "on the disk here and confirmed by the standby")
