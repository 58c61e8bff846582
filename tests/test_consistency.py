"""Across sections: what one section says, no other contradicts, and no field of a record is read by nobody."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
from functools import lru_cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import archnb
import archnb.design
from archnb import Plan, plan
from archnb.design.entities import collect_fields
from archnb.design.record import Record
from archnb.shapes import Table
from tests.designs import ALL

NAMES = list(ALL)
ROOT = Path(archnb.__file__).parent

# fields that no topic, view or exporter reads, each with the reason
EXCUSED: dict[str, str] = {}


@lru_cache
def planned(name: str) -> Plan:
    """A plan of a test design, made once."""
    return plan(ALL[name]())


def _bare(column: str) -> str:
    return column.lstrip("-")


# -- operations


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_has_all_that_the_sections_owe_it(name: str) -> None:
    """An operation serves an access pattern, is public or has a role, and has errors, a path, an objective and an SLO."""
    design = planned(name).design
    covered = {one.operation for one in design.monitoring.slos.values()}
    for operation, one in design.api.operations.items():
        assert (one.pattern or operation) in design.access, operation
        allowed = [role for role, record in design.auth.roles.items() if operation in record.allows]
        assert one.is_public or allowed, f"{operation}: nobody may call it"
        assert one.errors, f"{operation}: no errors"
        assert operation in design.flow.paths and design.flow.paths[operation].hops, f"{operation}: no path"
        assert operation in design.requirements.objectives, f"{operation}: no objective"
        assert {operation, "default"} & covered, f"{operation}: no SLO"
        assert one.summary and one.method and one.path, operation


@pytest.mark.parametrize("name", NAMES)
def test_error_codes_are_in_the_catalogue_and_on_the_operations(name: str) -> None:
    """Every code on an operation is explained, and every code of the catalogue that a domain brings is on an operation."""
    made = planned(name)
    codes, listed = made.design.errors.codes, set[str]()
    for operation, one in made.design.api.operations.items():
        for code in one.errors:
            assert code in codes, f"{operation} gives {code}, which nobody explains"
        listed |= set(one.errors)
    general = {"timeout", "unauthenticated", "forbidden", "not_found", "validation_failed"}
    assert set(codes) - listed - general == set()


@pytest.mark.parametrize("name", NAMES)
def test_openapi_answers_with_every_status_of_the_catalogue(name: str) -> None:
    """An operation of the OpenAPI document has a response for each of its error codes."""
    made = planned(name)
    document = YAML(typ="safe").load(str(made.export("openapi")))
    found = {
        method["operationId"]: set(method["responses"])
        for path in document["paths"].values()
        for method in path.values()
        if isinstance(method, dict) and "operationId" in method
    }
    for operation, one in made.design.api.operations.items():
        if operation in found:
            wanted = {str(made.design.errors.codes[code].http) for code in one.errors}
            assert wanted <= found[operation], operation


@pytest.mark.parametrize("name", NAMES)
def test_own_rows_for_people_any_for_nobody_of_them(name: str) -> None:
    """A role whose people are an entity acts on its own rows wherever a row says whose it is."""
    made = planned(name)
    owner = made.design.auth.owner
    for role, record in made.design.auth.roles.items():
        if owner is None or role != owner.lower() or role == "admin":
            continue
        for operation, scope in record.allows.items():
            one = made.design.api.operations[operation]
            if not one.is_public and one.entity is not None:
                fields = collect_fields(made.design.entities, one.entity).values()
                if one.entity == owner or any(field.references == owner for field in fields):
                    assert scope == "own", f"{role} may do {operation} to anybody's rows"


@pytest.mark.parametrize("name", NAMES)
def test_nobody_erases_or_creates_more_than_there_are(name: str) -> None:
    """What is proposed keeps its proportions: a year's proposed erasures and changes do not outnumber the rows many times."""
    made = planned(name)
    peak = made.facts["requirements.load.peak_factor"].base
    for pattern, one in made.design.access.items():
        entity = made.design.entities.get(one.writes or "")
        if pattern in made.said.access or entity is None or made.said.entities[one.writes or ""].rows is None:
            continue
        rows = made.facts[f"entities.{one.writes}.rows"].base
        a_year = made.facts[f"access.{pattern}.rate"].base / peak * 365.25 * 86400
        most = 0.05 if one.action == "delete" else 400 if entity.growth and not entity.growth.unit.is_percent else 12
        if rows > 0 and one.rate is not None and made.said.entities[one.writes or ""].growth is None:
            assert a_year <= max(most, 0.01) * rows * 1.001, pattern


# -- schema


@pytest.mark.parametrize("name", NAMES)
def test_every_table_has_a_key_and_every_foreign_key_an_index(name: str) -> None:
    """A relational table has a primary key; the columns of each foreign key begin a key, a unique or an index."""
    schema = planned(name).design.schema
    for table_name, table in schema.tables.items():
        assert table.primary_key, table_name
        begins = [table.primary_key, *(one.columns for one in table.uniques.values())]
        begins += [tuple(_bare(c) for c in one.columns) for one in table.indexes.values()]
        for key_name, key in table.foreign_keys.items():
            size = len(key.columns)
            assert any(set(one[:size]) == set(key.columns) for one in begins), f"{table_name}.{key_name}"


@pytest.mark.parametrize("name", NAMES)
def test_every_pattern_that_finds_rows_is_served(name: str) -> None:
    """An access pattern by given fields finds them at the beginning of a key, a unique or an index, the range and order next."""
    design = planned(name).design
    for pattern, one in design.access.items():
        entity = one.reads
        table = next((t for t in design.schema.tables.values() if t.entity == entity), None)
        if table is None or one.search or not (one.by or one.range):
            continue
        columns = {
            field: [c for c, column in table.columns.items() if column.field == field]
            for field in (*one.by, *((one.range,) if one.range else ()))
        }
        if not all(columns.values()):
            continue  # an inherited field lives in its parent's table
        given = {c for field in one.by for c in columns[field]}
        served = [table.primary_key, *(u.columns for u in table.uniques.values())]
        served += [tuple(_bare(c) for c in index.columns) for index in table.indexes.values()]
        assert any(given <= set(index[: len(given)]) or set(index) <= given for index in served if index), (
            f"{pattern}: no index begins with {sorted(given)}"
        )
        if one.range:
            wanted = columns[one.range][0]
            assert any(
                set(index[: len(given)]) == given and index[len(given) : len(given) + 1] == (wanted,)
                for index in served
            ), f"{pattern}: no index goes on with {wanted}"


@pytest.mark.parametrize("name", NAMES)
def test_what_jobs_delete_by_the_clock_is_found_by_an_index(name: str) -> None:
    """Rows that expire, or are kept for a time, have a time to be found by, or go with their owner."""
    design = planned(name).design
    for job_name in design.jobs.jobs:
        match = re.fullmatch(r"(expire|purge)_(.+)", job_name)
        if match is None:
            continue
        table = next(t for n, t in design.schema.tables.items() if n in (match[2], match[2] + "s"))
        times = [c for c, column in table.columns.items() if column.type in ("timestamp", "date")]
        assert times, f"{job_name}: nothing says how old a row is"
        heads = {_bare(index.columns[0]) for index in table.indexes.values()}
        assert set(times) & heads or table.partition_by, f"{job_name}: each run reads the whole table"


# -- cache, jobs, flow, errors


@pytest.mark.parametrize("name", NAMES)
def test_no_cached_answer_outlives_what_is_allowed(name: str) -> None:
    """A policy that is made fresh by its lifetime alone lives no longer than the staleness; strong reads are not cached."""
    design = planned(name).design
    for pattern, policy in design.cache.policies.items():
        if not policy.use:
            continue
        objective = design.requirements.objectives[pattern]
        assert objective.staleness is not None and policy.ttl is not None
        assert design.access[pattern].consistency != "strong", pattern
        assert policy.invalidation != "ttl" or policy.ttl.base <= objective.staleness.base, pattern


@pytest.mark.parametrize("name", NAMES)
def test_cache_keys_hold_no_personal_data(name: str) -> None:
    """A key names no field that is marked personal or secret: keys end up in logs and metrics."""
    design = planned(name).design
    for pattern, policy in design.cache.policies.items():
        entity = design.access[pattern].reads
        if policy.use and entity is not None:
            hidden = {
                n for n, field in collect_fields(design.entities, entity).items() if field.personal or field.secret
            }
            assert not hidden & set(re.findall(r"\{(\w+)\}", policy.key or "")), pattern


@pytest.mark.parametrize("name", NAMES)
def test_every_job_can_fail_without_harm(name: str) -> None:
    """A job has a queue that exists, a dead letter, a key that tells a repeat, and retries with jitter."""
    jobs = planned(name).design.jobs
    for job_name, job in jobs.jobs.items():
        assert job.queue in jobs.queues, job_name
        assert job.dead_letter and job.idempotency_key, job_name
        assert job.retry.attempts and job.retry.jitter == "full", job_name
        assert job.workers and job.visibility_timeout, job_name


@pytest.mark.parametrize("name", NAMES)
def test_workers_keep_up_with_what_is_offered(name: str) -> None:
    """A job has more workers than are busy on average, and 95 % of the runs start within its deadline."""
    made = planned(name)
    for job_name, job in made.design.jobs.jobs.items():
        offered = made.facts.get(f"jobs.{job_name}.offered")
        wait = made.facts.get(f"jobs.{job_name}.wait_p95")
        if offered is not None and wait is not None and job.workers and job.deadline:
            assert job.workers > offered.base, job_name
            assert wait.base <= job.deadline.base * (1 + 1e-9), job_name


@pytest.mark.parametrize("name", NAMES)
def test_sagas_decide_once(name: str) -> None:
    """A saga has one pivot; what is before it can be undone, and nothing that can still refuse comes after."""
    for saga_name, saga in planned(name).design.jobs.sagas.items():
        kinds = [step.kind for step in saga.steps]
        assert kinds.count("pivot") == 1, saga_name
        pivot = kinds.index("pivot")
        assert all(step.kind == "compensatable" and step.compensation for step in saga.steps[:pivot]), saga_name
        assert all(kind == "retriable" for kind in kinds[pivot + 1 :]), saga_name


@pytest.mark.parametrize("name", NAMES)
def test_every_call_of_a_third_party_is_bounded(name: str) -> None:
    """A call of a third party has a time limit that leaves 99 of 100 answers time, a breaker, and something done instead."""
    made = planned(name)
    design = made.design
    parties = {one for one, part in design.flow.components.items() if part.kind == "third_party"}
    hops = {(hop.source, hop.target) for path in design.flow.paths.values() for hop in path.hops}
    for source, target in sorted(hop for hop in hops if hop[1] in parties):
        call = design.errors.calls[f"{source} -> {target}"]
        assert call.timeout is not None and call.fallback, (source, target)
        assert call.breaker_failures is not None and call.breaker_open is not None, (source, target)
        slow = made.facts.get(f"jobs.third_parties.{target}.p99")
        assert slow is None or call.timeout.base >= slow.base, f"{source} -> {target} is cut off in mid answer"


@pytest.mark.parametrize("name", NAMES)
def test_paths_go_through_parts_that_exist(name: str) -> None:
    """Every hop joins two components; stores, cache and queue have the technology that their own sections chose."""
    design = planned(name).design
    for operation, path in design.flow.paths.items():
        for hop in path.hops:
            assert {hop.source, hop.target} <= set(design.flow.components), operation
    for store in design.schema.stores:
        assert store in design.flow.components, store
    for queue in design.flow.components.values():
        if queue.kind == "queue" and design.jobs.queues:
            assert queue.technology in {one.technology for one in design.jobs.queues.values()}


@pytest.mark.parametrize("name", NAMES)
def test_outbox_only_where_queue_and_store_share_no_transaction(name: str) -> None:
    """A queue that is a table of the store needs no outbox, and jobs, patterns and flow agree on it."""
    design = planned(name).design
    technologies = [one.technology or "" for one in design.jobs.queues.values()]
    outbox = design.patterns["outbox"]
    if (
        technologies
        and all("SKIP LOCKED" in one for one in technologies)
        and "outbox" not in planned(name).said.patterns
    ):
        assert outbox.use is False
        assert "relay_outbox" not in design.jobs.jobs
        labels = [hop.label or "" for path in design.flow.paths.values() for hop in path.hops]
        assert not any("outbox" in label for label in labels)


# -- promises


@pytest.mark.parametrize("name", NAMES)
def test_promises_are_met_or_found(name: str) -> None:
    """Each promised availability and p99 is met by the path's parts, or a finding names it."""
    made = planned(name)
    found = {one.path for one in made.findings}
    for operation, objective in made.design.requirements.objectives.items():
        for fact, promise, is_met in (
            (f"flow.{operation}.availability", objective.availability, lambda a, b: a >= b - 1e-9),
            (f"flow.{operation}.latency_p99", objective.latency_p99, lambda a, b: a <= b + 1e-9),
        ):
            value = made.facts.get(fact)
            if value is not None and promise is not None and not is_met(value.base, promise.base):
                assert any(
                    path.startswith(f"requirements.objectives.{operation}") or operation in path for path in found
                ), fact


@pytest.mark.parametrize("name", NAMES)
def test_alerts_read_what_is_emitted(name: str) -> None:
    """Every metric in an alert or in an SLO's query is one that a component emits."""
    monitoring = planned(name).design.monitoring
    emitted = set(monitoring.metrics)
    stems = emitted | {f"{one}_{part}" for one in emitted for part in ("bucket", "count", "sum")}
    for alert_name, alert in monitoring.alerts.items():
        if alert.metric:
            read = {alert.metric, *re.findall(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+", alert.condition or "")}
            assert read <= stems, alert_name
        else:
            assert alert.slo in monitoring.slos, alert_name
    for slo_name, slo in monitoring.slos.items():
        read = set(re.findall(r"rate\((\w+)", slo.expression or ""))
        assert read and read <= stems, slo_name


@pytest.mark.parametrize("name", NAMES)
def test_personal_data_is_shown_wherever_it_is(name: str) -> None:
    """Each field marked personal or secret is a row of the personal-data table."""
    made = planned(name)
    marked = {
        f"{entity}.{field}"
        for entity, one in made.design.entities.items()
        for field, record in one.fields.items()
        if record.personal or record.secret
    }
    if not marked:
        return
    table = made.auth["personal-data"]
    assert isinstance(table, Table)
    shown = {str(getattr(row[0], "value", row[0])) for row in table.rows}
    assert marked <= shown


@pytest.mark.parametrize("name", NAMES)
def test_reasons_say_more_than_that_there_is_one(name: str) -> None:
    """No reason is empty, and none only repeats where the value comes from."""
    hollow = {"", "said", "assumed", "proposed", "default", "said in the design", "as said"}
    made = planned(name)
    for path, because in made.draft.reasons.items():
        value = because.value
        if value is not None and value != () and value != "":
            assert because.reason.strip().lower().rstrip(".") not in hollow, path
    for fact_name, fact in made.facts.items():
        assert fact.because.strip().lower() not in {"assumed", "said in the design"}, fact_name


@pytest.mark.parametrize("name", NAMES)
def test_prose_is_english(name: str) -> None:
    """No 'a order', no '1 entities', no '(s)' in what people read."""
    made = planned(name)
    texts = [one.reason for one in made.draft.reasons.values()]
    texts += [one.summary or "" for one in made.design.access.values()]
    for text in texts:
        assert not re.search(r"\b[Aa] (?=[aeio][a-z])(?!one|eu)", text), text
        assert not re.search(r"\b1 (entities|operations|regions|instances)\b|\(s\)", text), text


# -- fields


def _records() -> list[type[Record]]:
    found = []
    for info in pkgutil.iter_modules(archnb.design.__path__):
        module = importlib.import_module(f"archnb.design.{info.name}")
        found += [
            one for one in vars(module).values()
            if isinstance(one, type) and issubclass(one, Record) and one is not Record and one.__module__ == module.__name__
        ]  # fmt: skip
    return found


def _read_names() -> set[str]:
    """Names that code of the model, topics, plans, answers, exporters and views reads: attributes, and texts beside a getattr."""
    names: set[str] = set()
    for room in ("model", "topics", "answers", "export", "plan.py", "diff", "report", "design/expansion.py"):
        path = ROOT / room
        for file in path.rglob("*.py") if path.is_dir() else [path]:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)}
            if any(isinstance(n, ast.Name) and n.id == "getattr" for n in ast.walk(tree)):
                names |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return names


def test_every_field_of_every_record_is_read() -> None:
    """Nobody is asked for what nothing uses: each field is read by a topic, a view or an exporter, or excused by name."""
    read, unread = _read_names(), set[str]()
    for record in _records():
        unread |= {f"{record.__name__}.{one.name}" for one in dataclasses.fields(record) if one.name not in read}
    assert unread == set(EXCUSED)


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_is_one_thing_in_every_section(name: str) -> None:
    """What a body takes is what the pattern takes from its caller; statements ask for no more; each write has its transaction,
    each refusal its status, and nobody but the public calls without a grant.
    """
    made = planned(name)
    properties, procedures = made.model.properties, made.planned.statements.procedures
    for operation in made.planned.operations.values():
        contract = operation.contract
        pattern = operation.patterns[0] if operation.patterns else None
        assert contract.is_public or operation.grants, operation.name
        assert {one.http for one in operation.errors.values()} >= {404} or not contract.path.endswith("}")
        if pattern is None or pattern.is_read or not contract.entity:
            continue
        assert [one.operation for one in operation.transactions] == [operation.name]
        names = properties.names(contract.entity)
        located = {one.field for one in contract.parameters.values()}
        taken = {names[one.field] for one in pattern.taken if one.field in names and one.field not in located}
        schema = contract.request.schema if not contract.request.is_empty else {}
        if contract.is_batch:
            schema = schema["properties"]["items"]["items"]
        given = set(schema.get("properties", {}))
        assert taken <= given or pattern.kind == "delete", (
            f"{operation.name}: {taken - given} have no place in the body"
        )
        for statement in procedures[contract.pattern].statements if contract.pattern in procedures else ():
            for one in getattr(statement, "assignments", ()):
                if one.value.source == "caller" and one.column.field in names and statement.entity == contract.entity:
                    known = names[one.column.field] in given or one.column.field in {
                        *located,
                        *pattern.by,
                        *contract.own,
                    }
                    assert known, f"{operation.name}: nobody gives {one.column.field}"
