"""The load: what is said of it under `requirements.load`, and the rates that follow."""

from __future__ import annotations

from archnb.fact.key import FLOW, NUMBER, RATE, SIZE, TIME, family, key

DAILY_USERS = key("requirements.load.daily_users", NUMBER, "People who use the system on a day.")
REQUESTS_PER_USER = key("requirements.load.requests_per_user", RATE, "Requests that a user of a day makes.")
READ_SHARE = key("requirements.load.read_share", NUMBER, "Share of the requests that read.")
WRITES = key("requirements.load.writes", RATE, "Writes on average, where the load is said so.", optional=True)
READS_PER_WRITE = key("requirements.load.reads_per_write", NUMBER, "Reads with one write.")
PEAK_FACTOR = key("requirements.load.peak_factor", NUMBER, "How many times the average the busiest hour is.")
REQUEST_SIZE = key("requirements.load.request_size", SIZE, "Size of a request.")
RESPONSE_SIZE = key("requirements.load.response_size", SIZE, "Size of an answer.")
GROWTH = key("requirements.load.growth", RATE, "By which share the load grows.")
RETENTION = key("requirements.load.retention", TIME, "How long what is written stays.")
HOT_SHARE = key("requirements.load.hot_share", NUMBER, "Share of the data that most reads go to.")
RECORD_SIZE = key("requirements.load.record_size", SIZE, "What one write leaves.")
SHARE_FACTOR = key(
    "load.share_factor",
    NUMBER,
    "How many times a said share of reads or writes may differ from that of the rates.",
    assumption=True,
)
SHARE_POINTS = key(
    "load.share_points",
    NUMBER,
    "A difference of two shares below which nothing is said of it.",
    assumption=True,
    share=True,
)
OBJECTIVE_P99 = family(
    "requirements.objectives.{operation}.latency_p99", TIME, "99 of 100 requests of an operation must be done within."
)
OBJECTIVE_AVAILABILITY = family(
    "requirements.objectives.{operation}.availability",
    NUMBER,
    "Share of an operation's requests that must be answered.",
)
GROWTH_YEARLY = key("load.growth_yearly", NUMBER, "By which share the load grows within a year, compounded.")
EXPECTED_REQUESTS = key(
    "load.expected_requests", RATE, "Requests in the busiest hour by what is said of users, or of writes, alone."
)
EXPECTED_READS = key("load.expected_reads", RATE, "The reads among them.")
EXPECTED_WRITES = key("load.expected_writes", RATE, "The writes among them.")
AVERAGE_REQUESTS = key("load.average_requests", RATE, "All requests, averaged over a day.")
AVERAGE_READS = key("load.average_reads", RATE, "Reads, averaged over a day.")
AVERAGE_WRITES = key("load.average_writes", RATE, "Writes, averaged over a day.")
PEAK_REQUESTS = key(
    "load.peak_requests", RATE, "All requests in the busiest hour: those of all access patterns together."
)
PEAK_READS = key("load.peak_reads", RATE, "Reads in the busiest hour.")
PEAK_WRITES = key("load.peak_writes", RATE, "Writes in the busiest hour.")
PEAK_INGRESS = key("load.peak_ingress", FLOW, "Bytes into the system at the peak.")
PEAK_EGRESS = key("load.peak_egress", FLOW, "Bytes out of the system at the peak.")
MEDIA = key("load.media", SIZE, "The files that come with the writes over the retention.", optional=True)
MEDIA_INGRESS = key("load.media_ingress", FLOW, "Bytes of files into the system at the peak.", optional=True)
MEDIA_EGRESS = key("load.media_egress", FLOW, "Bytes of files out of the system at the peak.", optional=True)
STORAGE = key("load.storage", SIZE, "What the writes leave over the retention.")
