"""What holds for the plan of every design, whatever its domain: the shipped ones, and those of this folder."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import pytest
import sqlglot
from openapi_spec_validator import OpenAPIV31SpecValidator
from ruamel.yaml import YAML

from archnb import Plan, plan
from archnb.report import render_page
from archnb.verify.servers import has_postgresql
from tests.domains.case import Case
from tests.plan_goldens import describe, find_designs

DESIGNS = find_designs()
DIALECTS = ("postgresql", "mysql", "sqlite")
NAMES = list(DESIGNS)
DOMAINS = [name for name in NAMES if name.startswith("domain-")]


@lru_cache
def planned(name: str) -> Plan:
    """A plan of a design, made once."""
    return plan(DESIGNS[name]())


@pytest.mark.parametrize("name", NAMES)
def test_plan_is_deterministic(name: str) -> None:
    """The same design gives the same plan, and is what it was afterwards."""
    design = DESIGNS[name]()
    assert describe(plan(design)) == describe(planned(name))
    assert design == DESIGNS[name]()


# -- references


def _references(made: Plan) -> Iterator[tuple[str, str | None, Any]]:
    """Everything that names something: where, the name, and what there is."""
    design = made.design
    operations, entities, components = design.api.operations, design.entities, design.flow.components
    named_entities = {*entities, *design.relationships}
    for name, operation in operations.items():
        yield f"api.operations.{name}.entity", operation.entity, named_entities
        yield f"api.operations.{name}.pattern", operation.pattern, design.access
        yield from ((f"api.operations.{name}.errors", code, design.errors.codes) for code in operation.errors)
    for name in design.requirements.objectives:
        yield f"requirements.objectives.{name}", None if name == "default" else name, operations
    for name, policy in design.cache.policies.items():
        yield f"cache.policies.{name}", name if policy.use else None, design.access
    for name, role in design.auth.roles.items():
        yield from ((f"auth.roles.{name}.allows", operation, operations) for operation in role.allows)
    for name, client in design.auth.clients.items():
        yield from ((f"auth.clients.{name}.roles", role, design.auth.roles) for role in client.roles)
    for name, job in design.jobs.jobs.items():
        yield f"jobs.jobs.{name}.queue", job.queue, design.jobs.queues
    for name, saga in design.jobs.sagas.items():
        yield f"jobs.sagas.{name}.operation", saga.operation, design.access
    for name, path in design.flow.paths.items():
        yield f"flow.paths.{name}", path.operation or name, operations
        for hop in path.hops:
            yield from ((f"flow.paths.{name}", end, components) for end in (hop.source, hop.target))
    for name, component in components.items():
        yield f"flow.components.{name}.zone", component.zone, design.flow.zones
    for name, call in design.errors.calls.items():
        yield from ((f"errors.calls.{name}", end, components) for end in (call.source, call.target))
    for name, slo in design.monitoring.slos.items():
        yield f"monitoring.slos.{name}.operation", None if slo.operation == "default" else slo.operation, operations
    for name, alert in design.monitoring.alerts.items():
        yield f"monitoring.alerts.{name}.slo", alert.slo, design.monitoring.slos
    for name, resource in design.scaling.resources.items():
        yield f"scaling.resources.{name}.component", resource.component, components
        yield f"scaling.resources.{name}.demand", resource.demand, made.facts
    for name, transaction in design.decisions.transactions.items():
        yield f"decisions.transactions.{name}.operation", transaction.operation or name, design.access
    for name, store in design.schema.stores.items():
        yield from ((f"schema.stores.{name}", entity, named_entities) for entity in (*store.holds, *store.copies))
    yield from _references_of_tables(design.schema, named_entities)


def _references_of_tables(schema: Any, entities: set[str]) -> Iterator[tuple[str, str | None, Any]]:
    for name, table in schema.tables.items():
        path = f"schema.tables.{name}"
        yield f"{path}.store", table.store, schema.stores
        yield f"{path}.entity", table.entity, entities
        columns = [*table.primary_key]
        for index in (*table.indexes.values(), *table.uniques.values()):
            columns += [re.sub(r"^-|^lower\((.*)\)$", r"\1", column) for column in index.columns]
        for key in table.foreign_keys.values():
            columns += key.columns
            yield f"{path}.foreign_keys", key.references, schema.tables
            there = schema.tables[key.references].columns
            yield from ((f"{path}.foreign_keys", column, there) for column in key.referenced)
        yield from ((path, column, table.columns) for column in columns)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_names_something(name: str) -> None:
    """Whatever refers to an operation, entity, role, part, store, table, column or fact refers to one that exists."""
    wrong = [
        f"{where}: {named!r}"
        for where, named, there in _references(planned(name))
        if named is not None and named not in there
    ]
    assert not wrong


# -- numbers


@pytest.mark.parametrize("name", NAMES)
def test_no_fact_is_nan(name: str) -> None:
    """Every fact has a value, and so have its percentiles, which stand in their order."""
    for fact_name, fact in planned(name).facts.items():
        low, middle, high = fact.percentiles()
        assert not any(math.isnan(value) for value in (fact.base, low, middle, high)), fact_name
        assert low <= middle <= high, fact_name


@pytest.mark.parametrize("name", NAMES)
def test_percentiles_of_latency_stand_in_order(name: str) -> None:
    """p50 ≤ p95 ≤ p99 in every objective and among the facts, and no p99 is below its mean or below nothing."""
    made = planned(name)
    for operation, objective in made.design.requirements.objectives.items():
        given = [
            one.base for one in (objective.latency_p50, objective.latency_p95, objective.latency_p99) if one is not None
        ]
        assert given == sorted(given), operation
    for fact_name, fact in made.facts.items():
        stem, is_p99, _ = fact_name.partition("_p99")
        if not is_p99 or fact_name.endswith("_factor"):
            continue
        assert fact.base >= 0, fact_name
        for lower in (f"{stem}_p50", f"{stem}_p95", stem):
            if lower in made.facts and made.facts[lower].unit.dimension == fact.unit.dimension:
                assert made.facts[lower].base <= fact.base * (1 + 1e-9), f"{lower} > {fact_name}"


# -- artefacts


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_exported_sql_parses(name: str, dialect: str) -> None:
    """The schema and the queries are statements of their dialect for a parser that is not ours."""
    reader = {"postgresql": "postgres"}.get(dialect, dialect)
    for exporter in ("sql", "queries"):
        # the parser knows GEOMETRY of MySQL, not POINT
        text = re.sub(r"\bPOINT\b", "GEOMETRY", str(planned(name).export(exporter, dialect=dialect).text))
        # nor a column of the row that was refused, within a CASE: it takes VALUES for rows
        text = re.sub(r"\bVALUES\((\w+|`\w+`)\)", r"refused.\1", text) if dialect == "mysql" else text
        # what stands between changes of the delimiter is a trigger, whose body no parser of statements reads
        text = re.sub(r"DELIMITER //.*?DELIMITER ;", "", text, flags=re.DOTALL)
        parsed = [
            one for one in sqlglot.parse(text, read=reader, error_level=sqlglot.ErrorLevel.RAISE) if one is not None
        ]
        assert parsed or not planned(name).design.entities, exporter


@pytest.mark.parametrize("name", NAMES)
def test_exported_documents_parse(name: str) -> None:
    """The OpenAPI document is valid, and the Prometheus files are YAML of their form."""
    yaml = YAML(typ="safe")
    OpenAPIV31SpecValidator(yaml.load(str(planned(name).export("openapi").text))).validate()
    assert isinstance(yaml.load(str(planned(name).export("prometheus").text))["groups"], list)
    assert isinstance(yaml.load(str(planned(name).export("prometheus-tests").text)), Mapping)


@pytest.mark.parametrize("name", [*DOMAINS, "readme", "said", "stores"])
def test_report_renders(name: str) -> None:
    """The report is one page with every section's title."""
    made = planned(name)
    page = render_page(made)
    assert page.rstrip().endswith("</html>")
    assert all(section.title in page for section in made.sections.values())


# -- guards: what every plan of these gives, and must go on giving


@pytest.mark.parametrize("name", DOMAINS)
def test_no_secret_leaves(name: str) -> None:
    """A field that is marked secret is in no answer and in no body."""
    case = Case(name, planned(name))
    secrets = {
        field for entity in case.plan.design.entities.values() for field, one in entity.fields.items() if one.secret
    }
    for operation, endpoint in case.api.items():
        assert not secrets & (endpoint.answer | endpoint.parameters), operation


@pytest.mark.parametrize("name", DOMAINS)
def test_lists_are_bounded_and_paged(name: str) -> None:
    """Whatever answers with the place of a next page takes one, and a limit."""
    for operation, endpoint in Case(name, planned(name)).api.items():
        if "next_cursor" in endpoint.answer:
            assert {"cursor", "limit"} <= endpoint.parameters, operation


@pytest.mark.parametrize("name", DOMAINS)
def test_personal_data_in_an_address_is_found(name: str) -> None:
    """A personal field in a path or query is named by a finding, the two ends of a range by one."""
    made = planned(name)
    found = {one.path for one in made.findings if one.rule.id == "api-personal-data-in-url"}
    for operation, one in made.design.api.operations.items():
        for parameter_name, parameter in one.parameters.items():
            entity = made.design.entities.get(one.entity or "")
            field = entity.fields.get(parameter.field or "") if entity is not None else None
            if field is not None and field.personal and parameter.place in ("path", "query"):
                path = f"api.operations.{operation}.parameters."
                same = {path + other for other, also in one.parameters.items() if also.field == parameter.field}
                assert same & found, path + parameter_name


@pytest.mark.parametrize("name", DOMAINS)
def test_changes_can_be_repeated_and_do_not_overwrite(name: str) -> None:
    """PATCH asks for If-Match, a POST that makes something for a key, and every error is a problem document."""
    case = Case(name, planned(name))
    for operation, endpoint in case.api.items():
        if endpoint.method == "PATCH":
            assert "If-Match" in endpoint.parameters, operation
        if endpoint.method == "POST" and "201" in endpoint.statuses:
            assert "Idempotency-Key" in endpoint.parameters, operation
    for response_name, response in case.document["components"]["responses"].items():
        assert "application/problem+json" in response.get("content", {"application/problem+json": None}), response_name


@pytest.mark.parametrize("name", DOMAINS)
def test_money_is_exact_and_addresses_are_unique(name: str) -> None:
    """Money has nineteen digits, four of them after the point, and a currency; e-mail is unique regardless of case."""
    case = Case(name, planned(name))
    for entity_name, entity in case.plan.design.entities.items():
        table = next(t for t, one in case.plan.design.schema.tables.items() if one.entity == entity_name)
        text = case.about(table)
        for field_name, field in entity.fields.items():
            if field.type == "money":
                assert re.search(rf"\b{field_name}(_amount)? NUMERIC\(19, 4\)", text), f"{entity_name}.{field_name}"
                assert "currency" in text, entity_name
            if field.type == "email" and field.unique:
                assert re.search(rf"UNIQUE INDEX \w+ ON {table} \(lower\({field_name}\)\)", text), (
                    f"{entity_name}.{field_name}"
                )


@pytest.mark.skipif(not has_postgresql(), reason="no PostgreSQL here to run the schema on")
@pytest.mark.parametrize("name", [name for name in DOMAINS if name != "domain-ride"])
def test_schema_runs_and_every_foreign_key_has_an_index(name: str) -> None:
    """PostgreSQL takes the schema, and finds the rows behind every foreign key by an index."""
    case = Case(name, planned(name))
    try:
        with case.trial() as trial:
            bare = trial.run(
                "SELECT c.conrelid::regclass::text AS owner, c.conname FROM pg_constraint c WHERE c.contype = 'f' AND NOT EXISTS"
                " (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid"
                " AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)"
            )
    finally:
        case.close()
    assert not bare
