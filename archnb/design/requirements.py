"""What is asked of the system: load, objectives, recovery, compliance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from archnb.design.declaration import (
    AT_LEAST_ONE,
    DELAY,
    DURATION,
    GROWTH,
    NOT_NEGATIVE,
    NOT_NEGATIVE_RATE,
    NUMBER,
    RATE,
    SHARE,
    SIZE,
    SOME_SHARE,
    TIME,
    Range,
    Refers,
    said,
)
from archnb.design.record import Fault, Named, Record
from archnb.quantity import Quantity

Consistency = Literal["strong", "session", "eventual"]

# the rules that a system can be bound by, as they are usually written
REGULATIONS = (
    "GDPR", "UK-GDPR", "CCPA", "LGPD", "PIPEDA", "APPI", "PDPA", "POPIA", "DPDPA", "COPPA", "FERPA", "HIPAA", "HITRUST",
    "PCI-DSS", "PSD2", "SOX", "GLBA", "DORA", "NIS2", "SOC2", "ISO-27001", "ISO-27701", "ISO-22301", "FedRAMP", "FIPS-140",
    "CJIS", "NIST-800-53", "CIS", "ePrivacy", "eIDAS", "DSA", "AI-Act", "WCAG", "ADA", "Section-508", "EAA", "TISAX",
    "KRITIS", "BSI-C5", "DSGVO", "FISMA", "ITAR", "GxP", "21-CFR-11", "MiFID-II", "AML", "KYC", "Basel-III", "BCBS-239",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Load(Record):
    """How much there is to do. Say `daily_users` and `requests_per_user`, or `writes` and `reads_per_write`."""

    daily_users: Quantity | None = said(
        "How many people use it on a usual day?",
        unit=NUMBER,
        example="1M..2M",
        help="A range gives P10, P50 and P90.",
        within=Range(least="0", most="1T"),
        also=("users", "dau", "daily_active_users"),
    )
    requests_per_user: Quantity | None = said(
        "How many requests does one of them make?",
        unit=RATE,
        example="20/day",
        within=NOT_NEGATIVE_RATE,
        also=("requests", "requests_per_day"),
    )
    read_share: Quantity | None = said(
        "Which share of the requests only read?",
        unit=NUMBER,
        example="90%",
        within=SHARE,
        proposed="90%, or as reads_per_write has it",
        also=("reads", "read_ratio"),
    )
    writes: Quantity | None = said(
        "How many writes are there?",
        unit=RATE,
        example="100M/month",
        help="Instead of daily users, where writes are what is known.",
        within=NOT_NEGATIVE_RATE,
    )
    reads_per_write: Quantity | None = said(
        "How many reads come with one write?",
        unit=NUMBER,
        example="100",
        within=NOT_NEGATIVE,
        also=("read_write_ratio",),
    )
    peak_factor: Quantity | None = said(
        "How much busier is the busiest hour than the average one?", unit=NUMBER, example="3",
        help="Peak rate divided by average rate over a day.", within=Range(least="1", most="10000"), proposed="3", also=("peak",)
    )  # fmt: skip
    request_size: Quantity | None = said(
        "How large is a usual request?",
        unit=SIZE,
        example="1 kB",
        within=Range(above="0 B"),
        proposed="the mean over the operations, from their fields",
    )
    response_size: Quantity | None = said(
        "How large is a usual response?",
        unit=SIZE,
        example="4 kB",
        within=Range(above="0 B"),
        proposed="the mean over the operations, from their fields",
    )
    record_size: Quantity | None = said(
        "How many bytes does one write leave in storage?", unit=SIZE, example="500 B",
        help="Left out, it follows from the entities.", within=Range(above="0 B"), also=("row_size",)
    )  # fmt: skip
    growth: Quantity | None = said(
        "By how much does the load grow?",
        unit=RATE,
        example="60%/year",
        within=GROWTH,
        proposed="20%/year",
        also=("growth_rate",),
    )
    retention: Quantity | None = said(
        "How long are records kept?", unit=TIME, example="10 years", within=DURATION, proposed="5 years"
    )
    hot_share: Quantity | None = said(
        "Which share of a day's reads goes to data worth keeping in memory?", unit=NUMBER, example="20%",
        help="The 80/20 rule of thumb is 20%.", within=SHARE, proposed="20%"
    )  # fmt: skip

    def find_faults(self) -> Iterator[Fault]:
        share, ratio = self.read_share, self.reads_per_write
        if share is not None and ratio is not None and abs(share.base - ratio.base / (1 + ratio.base)) > 0.01:
            fault = f"{share} reads and {ratio} reads with one write are not the same"
            yield Fault("read_share", fault, "say one of the two")


@dataclass(frozen=True, kw_only=True)
class Objective(Record):
    """What one operation promises. Its name is that of an access pattern or an API operation; `default` is for all others."""

    latency_p50: Quantity | None = said(
        "Half of the requests are answered within?",
        unit=TIME,
        example="50 ms",
        within=DURATION,
        also=("p50", "median", "latency"),
    )
    latency_p95: Quantity | None = said(
        "95 % of the requests are answered within?", unit=TIME, example="150 ms", within=DURATION, also=("p95",)
    )
    latency_p99: Quantity | None = said(
        "99 % of the requests are answered within?",
        unit=TIME,
        example="300 ms",
        within=DURATION,
        proposed="500 ms, where no percentile is said",
        also=("p99",),
    )
    availability: Quantity | None = said(
        "Which share of the requests succeeds?",
        unit=NUMBER,
        example="99.9%",
        within=SOME_SHARE,
        proposed="99.9%, or as `default` has it",
        also=("uptime",),
    )
    staleness: Quantity | None = said(
        "How old may an answer be?", unit=TIME, example="60 s", within=DELAY, also=("freshness", "max_age")
    )
    consistency: Consistency | None = said(
        "Must a read see every write before it?", example="strong",
        help="strong: every write; session: one's own writes; eventual: some day.", meant={"linearizable": "strong", "strict": "strong", "read-your-writes": "session", "weak": "eventual"}
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Recovery(Record):
    """What may be lost in a disaster, and for how long."""

    rpo: Quantity | None = said(
        "How much of the newest data may be lost (RPO)?", unit=TIME, example="5 min", within=DELAY, proposed="5 min"
    )
    rto: Quantity | None = said(
        "How long until it works again (RTO)?", unit=TIME, example="1 h", within=DELAY, proposed="1 h"
    )


@dataclass(frozen=True, kw_only=True)
class Requirements(Record):
    """The requirements section."""

    summary: str | None = said(
        "What is this system for, in one sentence?",
        example="Sells books to readers in Europe.",
        also=("description", "title"),
    )
    load: Load = said("How much is there to do?", default=Load())
    objectives: Named[Objective] = said(
        "What does each operation promise?", default=dict, keys="operation or default", also=("slas", "targets")
    )
    recovery: Recovery = said("What may a disaster cost?", default=Recovery())
    compliance: tuple[str, ...] = said(
        "Which rules bind it?",
        default=(),
        example="GDPR, PCI-DSS",
        refers=Refers("regulation", hint="What binds it besides stands in its summary."),
        also=("regulations",),
    )
    team_size: int | None = said(
        "How many engineers build and run it?",
        example="6",
        within=AT_LEAST_ONE,
        proposed="6",
        also=("team", "engineers"),
    )
    regions: int | None = said("In how many regions does it run?", example="1", within=AT_LEAST_ONE, proposed="1")
