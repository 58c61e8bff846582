"""What is known of one engine: a store, a cache or a queue that a design may name, as one frozen record.

A record only declares. Who decides asks it a question (`has`, `serves`, `limit`), so that an engine which nobody has
met yet is one more record and no new branch anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Kind = Literal["relational", "document", "key-value", "search", "time series", "graph", "cache", "queue"]
Running = Literal["server", "file", "service", "process", "edge"]
QueueKind = Literal["table", "broker", "log"]
Ability = Literal[
    "transactions",
    "foreign keys",
    "transactional DDL",
    "partial indexes",
    "covering indexes",
    "exclusion constraints",
    "row-level security",
    "row locks that skip",
    "online index builds",
    "partitions",
    "partitions with foreign keys",
    "zoned timestamps",
    "constraints added later",
    "case-insensitive text",
    "comments",
    "durability",
    "replicas",
    "spreading over nodes",
    "connection for each process",
    "expiring locks",
    "eviction by frequency",
]
ABILITIES: Mapping[Ability, str] = {
    "transactions": "several rows, of several tables, change as one or not at all",
    "foreign keys": "the engine refuses a reference to a row that is not there",
    "transactional DDL": "a schema change that fails half-way is undone",
    "partial indexes": "an index over the rows that fulfil a condition",
    "covering indexes": "an index that carries columns it does not sort by (INCLUDE)",
    "exclusion constraints": "the engine refuses two rows that overlap",
    "row-level security": "the engine decides for each row who may see it",
    "row locks that skip": "SELECT … FOR UPDATE SKIP LOCKED: several workers take jobs from one table",
    "online index builds": "an index is built while writes go on",
    "partitions": "one table in parts, by range or hash of a column",
    "partitions with foreign keys": "a table in parts may refer to others and be referred to",
    "zoned timestamps": "a column type that holds an instant, whatever the session's time zone",
    "constraints added later": "a foreign key is added to a table that exists",
    "case-insensitive text": "texts compare without case by default",
    "comments": "tables and columns carry a comment",
    "durability": "what was acknowledged survives a restart",
    "replicas": "copies of its own that follow it",
    "spreading over nodes": "made to spread its data over many machines",
    "connection for each process": "every connection costs a process or thread, so a pooler pays",
    "expiring locks": "a lock that is taken atomically and ends by itself",
    "eviction by frequency": "what is asked for least goes first",
}
LimitName = Literal[
    "identifier length",
    "columns",
    "table size",
    "database size",
    "partitions",
    "index key",
    "index columns",
    "indexes",
    "row size",
    "field size",
    "item size",
    "key size",
    "batch",
    "transaction items",
    "nesting",
    "result window",
    "series",
    "tag values",
    "shards",
    "partition reads",
    "partition writes",
    "partition size",
    "connections",
    "reserved connections",
    "writers",
    "message size",
    "retention",
    "in flight",
    "visibility timeout",
    "writes",
    "row writes",
    "reads",
    "storage",
    "messages",
    "memory",
]
Standing = Literal["fixed", "default", "quota", "estimate"]
STANDINGS: Mapping[Standing, str] = {
    "fixed": "cannot be passed",
    "default": "a setting that one may change",
    "quota": "the provider raises it when asked",
    "estimate": "an order of magnitude; measure it",
}
Subject = Literal["connections", "replication", "rejections", "memory", "disk"]


@dataclass(frozen=True)
class Limit:
    """One figure that an engine cannot, or should not, pass: its value with unit, what it means, whence and as of when.

    value: a quantity as a design writes it ("63 B", "400 KiB", "3000/s").
    """

    name: LimitName
    value: str
    because: str
    source: str
    standing: Standing = "fixed"
    date: str = "2026-11"


@dataclass(frozen=True)
class Measure:
    """A number that the engine's usual exporter emits to Prometheus.

    of_replicas: whether only an engine that runs more than once has it.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    signal: Literal["rate", "errors", "duration", "utilisation", "saturation"]
    unit: str
    summary: str
    labels: tuple[str, ...] = ()
    of_replicas: bool = False


@dataclass(frozen=True)
class Alarm:
    """What to be told of an engine: a condition on one of its measures, and what to do then.

    condition: as an alert in a design has it; {recovery_point} stands for the seconds that a failover may lose.
    """

    name: str
    subject: Subject
    measure: str
    condition: str
    severity: Literal["page", "ticket"]
    runbook: str


@dataclass(frozen=True)
class Change:
    """How one kind of change of the schema is made while the system runs, and what is locked meanwhile."""

    name: str
    steps: str
    lock: str


@dataclass(frozen=True)
class FullText:
    """How the engine finds words within texts: the access method of the index, and what that is in words."""

    method: str
    description: str


@dataclass(frozen=True)
class Identifier:
    """How an engine treats the names of tables and columns.

    length: how many bytes or characters are kept. cuts: whether a longer name is cut without an error. folds: what
    becomes of a name without quotes. reserved: the words that must be quoted, of those that designs use.
    """

    length: int
    counted_in: Literal["bytes", "characters"]
    cuts: bool
    folds: Literal["lower", "kept"]
    reserved: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Queueing:
    """How an engine carries work that is done later: as what, and what people call it.

    in_transaction: whether a job is written in the transaction of the rows that cause it, where they are in the same
    store.
    """

    kind: QueueKind
    label: str
    in_transaction: bool = False


@dataclass(frozen=True)
class Choice:
    """When an engine is proposed, for which kind of question, and what speaks for it there.

    store: the name of a store that is proposed for it. purpose: what that is for. strength: the end of the sentence
    "the numbers are above the threshold: …". pays: what is said where it is refused, with {thresholds} in it.
    """

    kind: Kind
    strength: str
    store: str = ""
    purpose: str = ""
    pays: str = ""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine. `rank` orders lists: the more usual comes first.

    meanings: other words by which people name it. likes: products that speak as it does, each with the difference.
    types: what a logical type of a design becomes here. against: what is said of it where another was chosen, by the
    kind that was wanted. refused: why the one that is proposed for a kind was preferred. measured_by: which exporter
    emits the measures. changes: how its schema is changed while it runs. evictions: how a cache makes room, the usual first. pooler: what lets many clients share its
    connections.
    """

    name: str
    label: str
    summary: str
    kinds: tuple[Kind, ...]
    running: Running
    source: str
    rank: int = 1000
    meanings: tuple[str, ...] = ()
    likes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    protocol: str = ""
    port: int | None = None
    abilities: frozenset[Ability] = frozenset()
    types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    identifier: Identifier | None = None
    index_methods: tuple[str, ...] = ()
    full_text: FullText | None = None
    limits: tuple[Limit, ...] = ()
    measures: tuple[Measure, ...] = ()
    measured_by: str = ""
    alarms: tuple[Alarm, ...] = ()
    queueing: Queueing | None = None
    evictions: tuple[str, ...] = ()
    pooler: str = ""
    changes: tuple[Change, ...] = ()
    choices: tuple[Choice, ...] = ()
    against: Mapping[Kind, str] = field(default_factory=lambda: MappingProxyType({}))
    refused: Mapping[Kind, str] = field(default_factory=lambda: MappingProxyType({}))

    def has(self, ability: Ability) -> bool:
        """Whether the engine is able to do something."""
        return ability in self.abilities

    def serves(self, kind: Kind) -> bool:
        """Whether the engine is made for a kind of question."""
        return kind in self.kinds

    @property
    def is_relational(self) -> bool:
        """Whether it keeps tables with keys and constraints that SQL is written for."""
        return "relational" in self.kinds

    @property
    def is_store(self) -> bool:
        """Whether entities may be kept in it: it is more than a cache and more than a queue."""
        return any(kind not in ("cache", "queue") for kind in self.kinds)

    @property
    def is_shared(self) -> bool:
        """Whether it is a running part of its own that several processes ask, and not a place inside another part."""
        return self.running in ("server", "service")

    def limit(self, name: LimitName) -> Limit | None:
        """The limit of that name, None where the engine has none that is known."""
        return next((one for one in self.limits if one.name == name), None)

    def choice(self, kind: Kind) -> Choice | None:
        """When it is proposed for a kind of question, None where it never is."""
        return next((one for one in self.choices if one.kind == kind), None)
