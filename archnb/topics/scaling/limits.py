"""What one node of each engine does, to the order of magnitude, and where that number comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one node of an engine does: an order of magnitude to be replaced by a measurement of one's own."""

    writes: str
    reads: str
    connections: int
    reserved: int
    storage: str
    source: str


ENGINES: Mapping[str, Limits] = {
    "postgresql": Limits("10k/s", "40k/s", 100, 3, "4 TB", "order of magnitude of pgbench on 16 cores and NVMe; max_connections 100 and superuser_reserved_connections 3 are PostgreSQL's defaults"),
    "mysql": Limits("10k/s", "40k/s", 151, 1, "4 TB", "order of magnitude of sysbench on 16 cores and NVMe; max_connections 151 is MySQL's default"),
    "sqlite": Limits("1k/s", "50k/s", 0, 0, "200 GB", "one writer at a time; order of magnitude with WAL on NVMe"),
    "mongodb": Limits("20k/s", "40k/s", 0, 0, "4 TB", "order of magnitude of YCSB on one replica set"),
    "dynamodb": Limits("40k/s", "40k/s", 0, 0, "", "the default quota of a table: 40 000 read and write units a second"),
    "elasticsearch": Limits("10k/s", "2k/s", 0, 0, "2 TB", "order of magnitude of Rally's tracks on three data nodes"),
    "influxdb": Limits("200k/s", "500/s", 0, 0, "2 TB", "the vendor's sizing guide for one node, order of magnitude"),
    "neo4j": Limits("5k/s", "10k/s", 0, 0, "1 TB", "order of magnitude of LDBC on one machine"),
}  # fmt: skip
