"""The engines: what a design may name, what is known of each, and that one more is one more module."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import archnb.engines
from archnb import Design, plan
from archnb.design import plain
from archnb.design.entities import TYPES
from archnb.design.schema import Column
from archnb.engines import (
    ABILITIES,
    CACHE_ENGINES,
    CACHE_PLACES,
    QUEUE_ENGINES,
    STANDINGS,
    STORE_ENGINES,
    Ability,
    Engine,
    Kind,
    engines,
    find_engine,
    forget_engines,
    load_engine,
    mean_engine,
    propose_engine,
)
from archnb.engines.reference import write_reference
from archnb.exceptions import ArchnbError, InputError
from archnb.export.column_types import sql_type
from archnb.export.sql import DIALECTS, make_dialect
from archnb.model.identifiers import LIMIT
from archnb.quantity import parse
from tests.designs import TINY, tiny

ROOT = Path(archnb.engines.__file__).parent.parent
NAMES = list(engines())
NINE = ["postgresql", "mysql", "mongodb", "dynamodb", "elasticsearch", "influxdb", "neo4j", "redis", "memcached"]


def design(**sections: Any) -> Design:
    return Design.of({**TINY, **sections})


def refuse(**sections: Any) -> str:
    with pytest.raises(InputError) as caught:
        design(**sections)
    assert len(caught.value.problems) == 1
    return str(caught.value.problems[0])


# -- the records


def test_the_nine_stores_and_sqlite_may_be_named() -> None:
    """Every store that the readme names has its module, and so have the caches and queues that a plan proposes."""
    assert {*NINE, "sqlite"} == set(STORE_ENGINES.list_names())
    assert set(CACHE_ENGINES.list_names()) == {"redis", "memcached", "none"}
    assert set(CACHE_PLACES.list_names()) == {"redis", "memcached", "in-process", "http"}
    assert {"postgresql", "mysql", "sqlite", "redis", "rabbitmq", "sqs", "kafka"} <= set(QUEUE_ENGINES.list_names())


def test_a_module_is_an_engine_of_its_name() -> None:
    """One module declares one engine, and carries its name."""
    for name in NAMES:
        assert (ROOT / "engines" / f"{name.replace('-', '_')}.py").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_has_value_source_and_date(name: str) -> None:
    """A figure says what it is a figure of, in a unit that reads, from which source and as of when."""
    for one in load_engine(name).limits:
        assert parse(one.value).base > 0, one
        assert one.because and one.standing in STANDINGS
        assert len(one.source) > 10, one
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", one.date), one
        # what is a fact of the vendor's is cited so that it can be looked up; an estimate says that it is one
        assert "https://" in one.source or one.standing == "estimate" or "source" in one.source, one


@pytest.mark.parametrize("name", NAMES)
def test_every_record_is_whole(name: str) -> None:
    """An engine says what it is for, what it can do, and where that is written; nothing in it is said twice."""
    engine = load_engine(name)
    assert engine.kinds and set(engine.kinds) <= set(get_args(Kind))
    assert engine.summary.endswith(".") and engine.source
    assert engine.abilities <= set(ABILITIES)
    assert len({one.name for one in engine.limits}) == len(engine.limits)
    assert bool(engine.measures) <= bool(engine.measured_by)
    assert {one.measure for one in engine.alarms} <= {one.name for one in engine.measures}
    for alarm in engine.alarms:
        named = re.findall(r"[a-z]+_\w+", alarm.condition.replace("{recovery_point}", ""))
        assert set(named) <= {one.name for one in engine.measures}
    assert engine.serves("queue") == (engine.queueing is not None)
    assert engine.running in ("process", "edge") or engine.protocol
    assert engine.running != "server" or engine.port
    if engine.is_store and name != "memcached":
        assert set(TYPES) - set(engine.types) <= {"other", "vector"}
    if engine.serves("cache") and engine.is_shared:
        assert engine.evictions


def test_every_ability_tells_engines_apart() -> None:
    """An ability that all engines of a kind have, or none, decides nothing and is not asked for."""
    assert set(ABILITIES) == set(get_args(Ability))
    for ability in ABILITIES:
        able = [one for one in engines().values() if one.has(ability)]
        assert 0 < len(able) < len(engines()), ability


def test_one_engine_is_proposed_for_each_kind() -> None:
    """There is an answer for every kind of question, and for no kind two first ones."""
    proposed = {kind: propose_engine(kind).name for kind in get_args(Kind)}
    assert proposed == {
        "relational": "postgresql",
        "document": "mongodb",
        "key-value": "dynamodb",
        "search": "elasticsearch",
        "time series": "influxdb",
        "graph": "neo4j",
        "cache": "redis",
        "queue": "rabbitmq",
    }


def test_words_for_engines_are_nobody_elses() -> None:
    """A word means one engine: no two share one, and none is another's name."""
    owners: dict[str, str] = {}
    for engine in engines().values():
        for word in {
            engine.name,
            engine.label.casefold(),
            *(one.casefold() for one in (*engine.meanings, *engine.likes)),
        }:
            assert owners.setdefault(word, engine.name) == engine.name, word


def test_types_are_those_that_are_written() -> None:
    """What a record says of a relational engine's types is what its DDL has."""
    for dialect in DIALECTS:
        how = make_dialect(dialect)
        made = {kind: str(sql_type(Column(type=kind), dialect).compile(dialect=how)) for kind in TYPES}
        assert made == dict(load_engine(dialect).types)


def test_names_fit_every_relational_engine() -> None:
    """The names that a plan makes are short enough for all of them."""
    kept = [one.identifier for one in engines().values() if one.is_relational]
    assert min(one.length for one in kept if one is not None) == LIMIT


def test_the_page_is_up_to_date() -> None:
    """docs/engines.md says what the records say; `python -m archnb.engines.reference > docs/engines.md` writes it."""
    page = ROOT.parent / "docs" / "engines.md"
    assert page.read_text(encoding="utf-8") == write_reference()


def test_the_page_prints_as_a_module() -> None:
    """The command that the page names prints the page."""
    code = [sys.executable, "-m", "archnb.engines.reference"]
    assert subprocess.run(code, capture_output=True, check=True).stdout.decode() == write_reference()


# -- what a design may name


@pytest.mark.parametrize("name", STORE_ENGINES.list_names())
def test_a_design_on_one_store_is_planned(name: str) -> None:
    """Every store may hold everything: the plan names it, measures it, and shows no other store anywhere."""
    made = plan(design(schema={"stores": {"main": {"engine": name, "holds": ["Customer", "Order"]}}}))
    engine = load_engine(name)
    assert made.design.flow.components["main"].technology == engine.label
    assert {one.name for one in engine.measures if not one.of_replicas} <= set(made.design.monitoring.metrics)
    assert engine.label in made.design.decisions.records["store_main"].title
    assert all(view.frame is not None for section in made.sections.values() for view in section.views)
    assert Design.of(plain(made.design)).schema == made.design.schema
    for export in ("sql", "queries", "openapi", "prometheus"):
        assert made.export(export).text
    written = made.export("prometheus").text + "".join(made.design.monitoring.metrics)
    for other in engines().values():
        if other.is_store and other != engine and not other.serves("cache"):
            assert not any(one.name in written for one in other.measures), other.name
            assert other.name not in {one.engine for one in made.design.schema.stores.values()}


@pytest.mark.parametrize("name", [one for one in STORE_ENGINES.list_names() if one != "postgresql"])
def test_a_design_without_postgresql_does_not_stand_on_it(name: str) -> None:
    """Where no store is PostgreSQL, no part, reason, alert or limit takes one for granted; it may be weighed."""
    made = plan(design(schema={"stores": {"main": {"engine": name, "holds": ["Customer", "Order"]}}}))
    weighed = ("decisions.records", "decisions.handoffs")
    for path, why in made.draft.reasons.items():
        if not path.startswith(weighed):
            assert "postgres" not in f"{why.value} {why.reason}".casefold(), (path, why)
    assert "pg_" not in made.export("prometheus").text


@pytest.mark.parametrize("name", QUEUE_ENGINES.list_names())
def test_a_design_with_a_queue_is_planned(name: str) -> None:
    """Every queue may carry the jobs; an outbox is there exactly where the queue shares no transaction with the rows."""
    made = plan(design(jobs={"queues": {"default": {"engine": name}}, "jobs": {"mail": {"trigger": "place_order"}}}))
    queue, engine = made.design.flow.components["queue"], load_engine(name)
    assert engine.queueing is not None
    assert (queue.engine, queue.technology) == (name, engine.queueing.label)
    shares = name == "postgresql"
    assert ("relay_outbox" in made.design.jobs.jobs) is not shares
    assert made.design.patterns["outbox"].use is not shares
    if not shares:
        assert made.design.jobs.queues["outbox"].engine == "postgresql"
        assert {one.name for one in engine.measures} <= set(made.design.monitoring.metrics) or engine.is_relational
    known = engine.limit("messages")
    limit = made.design.scaling.resources["queue_throughput"].limit
    assert known is None or str(limit) == str(parse(known.value))


@pytest.mark.parametrize("name", CACHE_PLACES.list_names())
def test_a_design_with_a_cache_is_planned(name: str) -> None:
    """Every place to cache may be said of a policy; a part runs for it where it is a part."""
    made = plan(design(cache={"policies": {"orders_of_customer": {"use": True, "store": name, "ttl": "30 s"}}}))
    is_shared = load_engine(name).is_shared
    assert ("cache" in made.design.flow.components) is is_shared
    assert made.design.cache.engine == (name if is_shared else "none")
    if is_shared:
        assert made.design.flow.components["cache"].engine == name
        assert {one.name for one in load_engine(name).measures} <= set(made.design.monitoring.metrics)


@pytest.mark.parametrize(
    ("said", "engine"),
    [
        ("PostgreSQL (SKIP LOCKED)", "postgresql"),
        ("RabbitMQ 4.1", "rabbitmq"),
        ("Apache Kafka", "kafka"),
        ("our own bus", None),
    ],
)
def test_a_technology_that_is_said_is_read_once(said: str, engine: str | None) -> None:
    """A queue's technology names its engine where it begins with one; what it does not tell is not guessed."""
    made = plan(
        design(jobs={"queues": {"default": {"technology": said}}, "jobs": {"mail": {"trigger": "place_order"}}})
    )
    assert made.design.jobs.queues["default"].engine == engine
    assert made.design.flow.components["queue"].technology == said
    assert ("relay_outbox" in made.design.jobs.jobs) is (engine != "postgresql")


def test_decisions_follow_the_engine_and_not_the_words() -> None:
    """A technology is a label: calling a broker a table, or a table by a broker's name, decides nothing."""
    for words, engine, shares in (("table of RabbitMQ", "postgresql", True), ("SKIP LOCKED table", "kafka", False)):
        jobs = {
            "queues": {"default": {"engine": engine, "technology": words}},
            "jobs": {"mail": {"trigger": "place_order"}},
        }
        made = plan(design(jobs=jobs))
        assert ("relay_outbox" in made.design.jobs.jobs) is not shares
        assert made.design.flow.components["queue"].technology == words


def test_the_engine_may_be_said_in_the_flow() -> None:
    """What is drawn counts where the section itself says nothing, and both may not disagree."""
    drawn = {
        "components": {"main": {"kind": "store", "engine": "mysql"}, "cache": {"kind": "cache", "engine": "memcached"}}
    }
    made = plan(design(flow=drawn, cache={"policies": {"orders_of_customer": {"use": True}}}))
    assert made.design.schema.stores["main"].engine == "mysql"
    assert made.design.cache.engine == "memcached"
    told = refuse(flow=drawn, cache={"engine": "redis"})
    assert "'memcached' is said here and 'redis' at cache.engine" in told
    assert "is for search" in refuse(flow={"components": {"queue": {"kind": "queue", "engine": "elasticsearch"}}})
    assert "has no engine" in refuse(flow={"components": {"service": {"kind": "service", "engine": "redis"}}})


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"schema": {"stores": {"main": {"engine": "postgres"}}}}, "did you mean 'postgresql'?"),
        ({"schema": {"stores": {"main": {"engine": "mongo"}}}}, "did you mean 'mongodb'?"),
        ({"schema": {"stores": {"main": {"engine": "elastic"}}}}, "did you mean 'elasticsearch'?"),
        ({"schema": {"stores": {"main": {"engine": "postgersql"}}}}, "did you mean 'postgresql'?"),
        ({"schema": {"stores": {"main": {"engine": "opensearch"}}}}, "the nearest is 'elasticsearch' (a fork of"),
        ({"schema": {"stores": {"main": {"engine": "MariaDB"}}}}, "the nearest is 'mysql' (a fork of"),
        ({"schema": {"stores": {"main": {"engine": "oracle"}}}}, "allowed: 'postgresql', 'mysql'"),
        ({"schema": {"stores": {"main": {"engine": "kafka"}}}}, "Kafka is for queue."),
        ({"cache": {"engine": "valkey"}}, "the nearest is 'redis'"),
        ({"cache": {"engine": "postgresql"}}, "PostgreSQL is for relational and queue."),
        ({"cache": {"policies": {"orders_of_customer": {"store": "cdn"}}}}, "did you mean 'http'?"),
        ({"jobs": {"queues": {"default": {"engine": "rabbit"}}}}, "did you mean 'rabbitmq'?"),
        ({"jobs": {"queues": {"default": {"engine": "kinesis"}}}}, "the nearest is 'kafka'"),
    ],
)
def test_an_unknown_engine_is_an_error_that_helps(sections: dict[str, Any], words: str) -> None:
    """A name that is no engine is never taken for PostgreSQL: by meaning first, then by spelling, then what is allowed."""
    assert words in refuse(**sections)


def test_a_roster_tells_its_other_words() -> None:
    """What else a name may be called is a mapping too, for those who check names by it."""
    meant = STORE_ENGINES.list_meanings()
    assert (meant["postgres"], meant["opensearch"], meant["valkey"]) == ("postgresql", "elasticsearch", "redis")
    assert set(meant.values()) == set(STORE_ENGINES.list_names())
    assert "kafka" not in STORE_ENGINES.list_meanings() and "rabbit" in QUEUE_ENGINES.list_meanings()


def test_unknown_dialects_are_explained_alike() -> None:
    """The exporters' dialects and the readers' are engines too."""
    with pytest.raises(ArchnbError, match="did you mean 'postgresql'"):
        plan(tiny()).export("sql", dialect="pg")


def test_meaning_is_read_out_of_a_text_only_where_it_is_plain() -> None:
    """A text means the engine that it begins with; two engines, or a short word among others, mean none."""
    assert [
        getattr(mean_engine(one), "name", None) for one in ("pg 17", "pg and friends", "Kafka to Postgres", "", None)
    ] == [
        "postgresql",
        None,
        None,
        None,
        None,
    ]


def test_a_store_without_foreign_keys_says_so() -> None:
    """A reference within a document store is kept by the service, which is said; its reads have their indexes all the same."""
    made = plan(design(schema={"stores": {"main": {"engine": "mongodb", "holds": ["Customer", "Order"]}}}))
    why = made.why("schema.tables.order.columns.customer_id").reason
    assert "MongoDB has no foreign keys" in why and "another store" not in why
    served = {one.serves for one in made.design.schema.tables["order"].indexes.values()}
    assert ("orders_of_customer",) in served
    assert not made.design.schema.tables["order"].foreign_keys


@pytest.mark.parametrize(
    ("engine", "guard"),
    [("postgresql", "exclusion constraint"), ("mysql", "FOR UPDATE"), ("sqlite", "BEGIN IMMEDIATE")],
)
def test_a_guard_is_one_that_the_engine_has(engine: str, guard: str) -> None:
    """Overlap is refused by a constraint where there is one, and by a lock where there is none."""
    made = plan(
        Design.of(
            {
                "entities": {
                    "Room": {"fields": {"id": "key", "name": "text(80)"}, "rows": "2k"},
                    "Stay": {
                        "fields": {"id": "key", "room": "-> Room", "starts_at": "timestamp", "ends_at": "timestamp"},
                        "rows": "1M",
                    },
                },
                "access": {"book_stay": {"writes": "Stay", "action": "create", "rate": "5/s"}},
                "schema": {"stores": {"main": {"engine": engine}}},
            }
        )
    )
    found = made.design.decisions.transactions["book_stay"].guard or ""
    assert guard in found
    assert engine == "postgresql" or "exclusion" not in found


def test_steps_of_a_migration_are_those_of_the_engine() -> None:
    """Nobody is told to build an index concurrently in MySQL, or to add a column to a collection."""
    for engine, word in (("postgresql", "CONCURRENTLY"), ("mysql", "LOCK=NONE"), ("mongodb", "createIndexes")):
        made = plan(design(schema={"stores": {"main": {"engine": engine, "holds": ["Customer", "Order"]}}}))
        steps = made.migrations["migration-steps"].frame["steps"].str.cat(sep=" ")
        assert word in steps
        assert ("CONCURRENTLY" in steps) is (engine == "postgresql")


# -- an engine is one module

TOY = '''
"""A toy."""

from archnb.engines.engine import Alarm, Engine, Limit, Measure, Queueing

ENGINE = Engine(
    name="toydb",
    label="ToyDB",
    summary="A toy.",
    kinds=("document", "cache", "queue"),
    running="server",
    source="a drawer",
    meanings=("toy", "toybase"),
    likes={"playdb": "a fork of it"},
    protocol="TOY, TLS",
    port=7777,
    abilities=frozenset({"durability", "replicas"}),
    limits=(
        Limit("writes", "77/s", "by hand", "counted, https://example.org", "estimate"),
        Limit("reads", "7k/s", "by hand", "counted, https://example.org", "estimate"),
        Limit("messages", "70/s", "by hand", "counted, https://example.org", "estimate"),
        Limit("memory", "7 GB", "by hand", "counted, https://example.org", "estimate"),
    ),
    measured_by="its own",
    measures=(Measure("toy_pieces_lost", "counter", "errors", "pieces", "pieces under the sofa"),),
    alarms=(Alarm("toy_pieces_lost", "rejections", "toy_pieces_lost", "> 3", "ticket", "Look under the sofa."),),
    queueing=Queueing("log", "a row of toys"),
    evictions=("allkeys-lru",),
)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """One more module where engines are looked for, and nothing else."""
    (tmp_path / "toydb.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(archnb.engines, "__path__", [*archnb.engines.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    forget_engines()
    yield load_engine("toydb")
    sys.modules.pop("archnb.engines.toydb", None)
    monkeypatch.undo()
    forget_engines()
    assert find_engine("toydb") is None


def test_an_engine_is_one_module(toy: Engine) -> None:
    """A design may name it as store, cache and queue, and every section says what its record says."""
    made = plan(
        design(
            schema={"stores": {"main": {"engine": "toydb", "holds": ["Customer", "Order"]}}},
            cache={"engine": "toydb", "policies": {"orders_of_customer": {"use": True}}},
            jobs={"queues": {"default": {"engine": "toydb"}}, "jobs": {"mail": {"trigger": "place_order"}}},
        )
    )
    found = made.design
    assert [found.flow.components[name].technology for name in ("main", "cache", "queue")] == [
        "ToyDB",
        "ToyDB",
        "a row of toys",
    ]
    assert found.cache.policies["orders_of_customer"].store == "toydb"
    assert found.cache.eviction == "allkeys-lru"
    assert "toy_pieces_lost" in found.monitoring.metrics and "toy_pieces_lost" in found.monitoring.alerts
    assert str(found.scaling.resources["main_writes"].limit) == "77/s"
    assert str(found.scaling.resources["queue_throughput"].limit) == "70/s"
    assert "ToyDB" in found.decisions.records["store_main"].title
    assert "relay_outbox" in found.jobs.jobs
    edges = {(one.source, one.target): one.label for one in made.flow["data-flow"].edges}  # type: ignore[attr-defined]
    assert "TOY, TLS" in edges["service", "main"]
    assert Design.of(plain(found)).schema == found.schema
    assert "ToyDB" in write_reference()


def test_a_new_engine_changes_no_other_design(toy: Engine) -> None:
    """What names it not is planned as before it was there."""
    with_toy = plain(plan(tiny()).design)
    archnb.engines.__path__.pop()
    forget_engines()
    assert find_engine("toydb") is None
    assert plain(plan(tiny()).design) == with_toy


def test_a_new_engine_is_meant_and_refused_like_all(toy: Engine) -> None:
    """Its other names and its likes lead to it, and it is for what it says."""
    assert "did you mean 'toydb'?" in refuse(schema={"stores": {"main": {"engine": "toybase"}}})
    assert "the nearest is 'toydb' (a fork of it)" in refuse(cache={"engine": "playdb"})
    assert "toydb" in STORE_ENGINES.list_names() and "toydb" in QUEUE_ENGINES.list_names()


def test_two_modules_of_one_name_are_an_error(toy: Engine, tmp_path: Path) -> None:
    """An engine is declared once."""
    (tmp_path / "toydb_again.py").write_text(TOY, encoding="utf-8")
    importlib.invalidate_caches()
    forget_engines()
    with pytest.raises(ArchnbError, match="two modules declare an engine 'toydb'"):
        engines()
    (tmp_path / "toydb_again.py").unlink()
    sys.modules.pop("archnb.engines.toydb_again", None)
    forget_engines()


# -- nobody else knows them


@pytest.mark.parametrize("room", ["design", "topics", "report", "plan.py", "diff", "finding.py", "fact"])
def test_no_room_decides_by_an_engines_name(room: str) -> None:
    """Where it is decided, the record is asked: no comparison with an engine's name stands outside engines, export, verify and readers."""
    names = "|".join(re.escape(name) for name in NAMES)
    compared = re.compile(rf"""(==|!=|\bin\s*\(|\bnot in\s*\()\s*["']({names})["']""")
    place = ROOT / room
    for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        # doctests show what comes out
        code = re.sub(r'"""(?:.|\n)*?"""', "", text)
        assert not compared.search(code), f"{path}: {compared.search(code)}"
        assert "technology.casefold" not in code and "technology.lower" not in code, path
