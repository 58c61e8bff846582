"""Queries: the planned statements of each access pattern as SQL, with bind parameters, and the index that should serve them.

They are written over the exporter's own tables, so that they run against the exported DDL; the proof executes and explains
them. Lists come as pages by keyset: the next page starts after the last row's values, never at an offset, which reads and
throws away all rows before it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from archnb.engines import load_engine
from archnb.export.purges import write_purges
from archnb.export.search import find_search_store, render_search
from archnb.export.sql import check_dialect, make_dialect, metadata, write_comment
from archnb.export.statements import Dialect
from archnb.model import Model
from archnb.model.lookups import covers, find_accesses, find_demands, list_full_text
from archnb.planned import statements as planned
from archnb.planned.auth import Grant, Reach
from archnb.planned.entities import AccessPattern
from archnb.planned.fence import check_new, fence
from archnb.planned.schema import Schema
from archnb.planned.statements import Value, list_values
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan


class Parameter(NamedTuple):
    """A bind parameter, and the column of the table whose values it takes.

    source: who gives it: the 'caller', the 'token', the 'server', a 'row' of a statement before, or the 'page' before.
    field: of which field, '' of none. text: of a server's, 'now', 'generated' or 'computed'. claim: of a token's, 'caller' or
    'tenant'. offset: seconds after now. is_optional: whether the caller may leave it out. is_list: whether it is a list.
    """

    name: str
    table: str
    column: str
    source: planned.Source = "caller"
    field: str = ""
    text: str = ""
    claim: str = ""
    offset: float = 0.0
    is_optional: bool = False
    is_list: bool = False


class Output(NamedTuple):
    """A column of an answer: its label, whose field it is, and of which entity. A column of no field has ''."""

    label: str
    entity: str
    field: str
    table: str
    column: str


@dataclass(frozen=True)
class Query:
    """The SQL of one statement of an access pattern: `sql` with parameters as `:name`, and for a list that of the next page.

    `kind` is 'read', 'create', 'update', 'upsert' or 'delete'. `expected_index` names the index (or `<table>_pkey`) that should
    serve it in the design's schema, None where nothing is looked up or all rows are read. `statement` is the same as an
    SQLAlchemy statement. `includes` are the reads of what comes along, by values of the page: their parameters are lists, and
    `parent` names, for each of them in order, the column of the page that they are taken from. `purpose` is '' for what the
    pattern is about, else the step that the statement is for.
    """

    pattern: str
    kind: str
    sql: str
    parameters: tuple[Parameter, ...] = ()
    expected_index: str | None = None
    next_page: str | None = None
    next_parameters: tuple[Parameter, ...] = ()
    statement: Any = field(default=None, repr=False, compare=False)
    includes: tuple[Query, ...] = ()
    columns: tuple[Output, ...] = ()
    expected_rows: Literal["one", "many"] = "many"
    purpose: str = ""
    parent: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    # the statement of the plan that it is
    planned: Any = field(default=None, repr=False, compare=False)


def queries(plan: Plan, dialect: str = "postgresql", grants: Mapping[str, Grant] | None = None) -> list[Query]:
    """The queries of all access patterns of relational entities, in the order in which a transaction runs them.

    grants: by pattern, whose rows they find; every row where none is given. A write over a parent's and a child's table is several, and so is one with steps. Raises ArchnbError where the dialect is
    not known.
    """
    check_dialect(dialect)
    made = metadata(plan, dialect)
    tables = {table.info["table"]: table for table in made.tables.values()}
    found: list[Query] = []
    making = Dialect(dialect, tables, plan.planned.schema)
    for name, procedure in plan.planned.statements.procedures.items():
        pattern = plan.planned.entities.access[name]
        writer = _Writer(plan.model, plan.planned.schema, making, name, pattern)
        grant = (grants or {}).get(name)
        for one in procedure.statements:
            if grant is not None and isinstance(one, planned.Insert):
                found += [writer.write(each) for each in check_new(one, grant)]
            found.append(writer.write(one if grant is None else fence(one, grant)))
    return found


def job_queries(plan: Plan, dialect: str = "postgresql") -> dict[str, list[Query]]:
    """The queries of the jobs that keep rows when nobody asks, by the job, in the order in which a run has them."""
    check_dialect(dialect)
    tables = {table.info["table"]: table for table in metadata(plan, dialect).tables.values()}
    making = Dialect(dialect, tables, plan.planned.schema)
    found: dict[str, list[Query]] = {}
    for name, job in plan.planned.jobs.jobs.items():
        about = AccessPattern(kind="update", entity=job.entity, consistency="strong")
        writer = _Writer(plan.model, plan.planned.schema, making, name, about)
        if job.statements:
            found[name] = [writer.write(one) for one in job.statements]
    return found


def list_variants(plan: Plan, name: str) -> list[tuple[Grant | None, tuple[str, ...]]]:
    """The grants by which an operation is done, each with its roles: one where all roles reach the same rows."""
    operation = plan.planned.operations.get(name)
    if operation is None or operation.contract.is_public:
        return [(None, ())]
    found: dict[tuple[Reach, ...], tuple[Grant, list[str]]] = {}
    for role, grant in operation.grants.items():
        if not grant.is_refused:
            found.setdefault(grant.reaches, (grant, []))[1].append(role)
    # the narrowest first
    made = sorted(found.values(), key=lambda one: not one[0].is_by_row)
    return [(grant, tuple(roles)) for grant, roles in made] or [(None, ())]


def make_writer(plan: Plan, dialect: str) -> Dialect:
    """What writes the planned statements of a plan in a dialect."""
    tables = {table.info["table"]: table for table in metadata(plan, dialect).tables.values()}
    return Dialect(dialect, tables, plan.planned.schema)


def write_statement(making: Dialect, one: planned.Statement) -> tuple[str, tuple[Parameter, ...]]:
    """The SQL of one statement with its parameters as `:name`, and these."""
    making.begin()
    parameters = _list_parameters(each for each in list_values(one) if each.source != "page")
    return _compile(making, making.write(one), parameters), parameters


class _Writer:
    """Writes the queries of one access pattern."""

    def __init__(
        self,
        model: Model,
        schema: Schema,
        making: Dialect,
        name: str,
        pattern: AccessPattern,
    ) -> None:
        self.places, self.schema, self.dialect, self.name, self.pattern = (
            model.places,
            schema,
            making.name,
            name,
            pattern,
        )
        self.base = self.places.find_table(pattern.entity) or ""
        self.making = making

    def write(self, one: planned.Statement) -> Query:
        """The query of one statement."""
        self.making.begin()
        if isinstance(one, planned.Read):
            return self._read(one)
        kind = {"insert": "create"}.get(one.kind, one.kind)
        statement = self.making.write(one)
        parameters = _list_parameters(list_values(one))
        is_step = bool(one.purpose) and one.purpose != "delete"
        is_found = kind in ("update", "delete") and not is_step
        guards = tuple(each.reason for each in one.guards) if not isinstance(one, planned.Insert) else ()
        return Query(
            self.name, kind, self._text(statement, parameters), parameters, self._expected() if is_found else None, statement=statement,
            expected_rows="one" if isinstance(one, planned.Insert | planned.Upsert) else one.rows, purpose=one.purpose if is_step else "",
            guards=guards, planned=one,
        )  # fmt: skip

    def _read(self, one: planned.Read) -> Query:
        statement = self.making.select(one)
        values = list(list_values(one))
        parameters = _list_parameters(each for each in values if each.source != "page")
        following, after = None, tuple[Parameter, ...]()
        if one.following:
            after = _list_parameters(values)
            following = self._text(self.making.select(one, is_next=True), after)
        return Query(
            self.name, "read", self._text(statement, parameters), parameters, self._expected() if not one.purpose else None, following, after,
            statement, tuple(self._include(each) for each in one.includes), _list_columns(one), one.rows, one.purpose, planned=one,
        )  # fmt: skip

    def _include(self, one: planned.Include) -> Query:
        self.making.begin()
        statement = self.making.include(one)
        parameters = _list_parameters(list_values(one.read), is_list=True)
        return Query(
            self.name, "read", self._text(statement, parameters), parameters, None, statement=statement, columns=_list_columns(one.read),
            expected_rows=one.rows, purpose=one.read.purpose, parent=tuple(each.column for each in one.parent), planned=one,
        )  # fmt: skip

    def _text(self, statement: Any, parameters: tuple[Parameter, ...]) -> str:
        return _compile(self.making, statement, parameters)

    def _expected(self) -> str | None:
        """The index that should serve the pattern: that of its own table first."""
        schema = self.schema
        demands = sorted(
            find_demands(self.places, self.pattern),
            key=lambda one: (not one.search, not one.equal, one.table != self.base),
        )
        if not demands and not self.pattern.by and self.pattern.writes:
            return f"{self.base}_pkey"
        for demand in demands:
            table = schema.tables[demand.table]
            if demand.search:
                found = (
                    n
                    for n, i in table.indexes.items()
                    if i.method in list_full_text() and set(i.columns) == set(demand.search)
                )
                if (name := next(found, None)) is not None and load_engine(self.dialect).full_text is not None:
                    return name
                continue
            # an index over some rows is one over all of them where an engine has none, and serves no condition by itself
            is_partial_held = load_engine(self.dialect).has("partial indexes")
            accesses = [one for one in find_accesses(demand.table, table) if not one.where or is_partial_held]
            if (access := next((one for one in accesses if covers(one, demand)), None)) is not None:
                return access.name
        return None


def _compile(making: Dialect, statement: Any, parameters: tuple[Parameter, ...]) -> str:
    """The text of a statement as people read it."""
    compiled = statement.compile(dialect=make_dialect(making.name), compile_kwargs={"render_postcompile": False})
    text = str(compiled)
    # a list of values is one parameter here; whoever runs it spreads it out
    text = re.sub(r"\(__\[POSTCOMPILE_(\w+)\]\)", r"(:\1)", text)
    text = re.sub(r"__\[POSTCOMPILE_(\w+)\]", r":\1", text)
    # a limit is known when the query is written; as a value it lets the planner choose for so few rows
    names = {one.name for one in parameters}
    for name, value in compiled.params.items():
        if name not in names and isinstance(value, int):
            text = re.sub(rf":{re.escape(name)}\b", str(value), text)
    # SQLAlchemy casts a parameter of some types; the value's place says its type already
    listed = "|".join(re.escape(one.name) for one in parameters if not one.is_list)
    text = re.sub(rf":({listed})::\w+", r":\1", text) if listed else text
    return "\n".join(
        line.strip() if not line.startswith("    ") else line.rstrip() for line in text.strip().splitlines()
    )


def _list_parameters(values: Any, *, is_list: bool = False) -> tuple[Parameter, ...]:
    """The bind parameters of some values, each once."""
    found: dict[str, Parameter] = {}
    one: Value
    for one in values:
        if one.parameter and one.parameter not in found:
            text = one.name if one.source in ("server", "row") else ""
            found[one.parameter] = Parameter(
                one.parameter,
                one.like.table,
                one.like.column,
                one.source,
                one.field,
                text,
                one.claim,
                one.offset,
                one.is_optional,
                is_list,
            )
    return tuple(found.values())


def _list_columns(one: planned.Read) -> tuple[Output, ...]:
    return tuple(
        Output(each.label, each.entity or one.entity, each.column.field, each.column.table, each.column.column)
        for each in one.columns
    )


def spread(query: Query, dialect: str, values: Mapping[str, Sequence[Any]]) -> tuple[str, dict[str, Any]]:
    """The SQL and the values of what comes along, for a driver that takes no lists: each list is spread out.

    values: by parameter, the lists, of one length; PostgreSQL takes them as they are.
    """
    if dialect == "postgresql":
        return query.sql, {name: list(found) for name, found in values.items()}
    names = [one.name for one in query.parameters if one.is_list]
    rows = list(zip(*(values[name] for name in names), strict=True))
    bound = {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in zip(names, row, strict=True)}
    if len(names) == 1:
        places = ", ".join(f":{names[0]}_{n}" for n in range(len(rows))) or "NULL"
        return query.sql.replace(f"(:{names[0]})", f"({places})"), bound
    parts = ", ".join("(" + ", ".join(f":{name}_{n}" for name in names) + ")" for n in range(len(rows)))
    listed = f"VALUES {parts}" if dialect == "sqlite" else parts
    return query.sql.replace(f"(:{'_and_'.join(names)})", f"({listed})"), bound


def explain_absence(plan: Plan, name: str) -> str:
    """Why there is no SQL of an access pattern: where its entity is instead."""
    pattern, places = plan.planned.entities.access[name], plan.model.places
    entity = pattern.entity
    home = places.find_said_home(entity)
    if home is not None and not places.is_relational_store(home):
        return f"{name}: {entity} is in {home} ({places.engine(home).name})"
    store = find_search_store(plan, name)
    if store is not None:
        return f"{name}: {store} ({places.engine(store).name}) answers it"
    if places.find_table(entity) in plan.planned.schema.tables:
        return f"{name}: nothing says what it sets"
    return f"{name}: {entity} has no relational table"


def _write(
    variants: Sequence[tuple[tuple[str, ...], Sequence[Query]]], pattern: AccessPattern, remote: Sequence[str]
) -> Iterator[str]:
    """An operation: what it is for, then its statements in order, for each group of roles that are let to other rows."""
    every = [one for _, found in variants for one in found]
    main = next((one for one in every if not one.purpose), every[-1])
    served = f" Served by {main.expected_index}." if main.expected_index else ""
    yield write_comment(f"{main.pattern} ({main.kind}): {pattern.summary or ''}{served}")
    for roles, found in variants:
        told = [f"as {' or '.join(roles)}"] if len(variants) > 1 else []
        told += [f"{len(found)} statements, one transaction, in this order"] if len(found) > 1 else []
        if told:
            yield write_comment(", ".join(told))
        yield from _write_statements(found)
    if remote:
        yield write_comment(f"after the commit: {', '.join(remote)}")
    yield "\n"


def _write_statements(found: Sequence[Query]) -> Iterator[str]:
    for number, one in enumerate(found, 1):
        if len(found) > 1:
            yield ("\n" if number > 1 else "") + write_comment(f"{number}. {one.purpose or f'the {one.kind} itself'}")
        for told in _explain(one.planned):
            yield write_comment(told)
        for guard in one.guards:
            yield write_comment(f"no row is changed otherwise: {guard}")
        yield one.sql + ";\n"
        for each in one.includes:
            lists = ", ".join(
                f":{parameter.name} is the list of {parent}"
                for parameter, parent in zip(each.parameters, each.parent, strict=True)
            )
            yield "\n" + write_comment(f"{each.purpose}, for the rows of the page: {lists}") + each.sql + ";\n"
        if one.next_page:
            yield "\n" + write_comment("the next page starts behind the last row's values") + one.next_page + ";\n"


def _explain(one: planned.Statement | planned.Include | planned.Relay | None) -> Iterator[str]:
    """For what a statement is run, and where its values come from that stand neither in the request nor in the statement."""
    if not isinstance(one, planned.Insert | planned.Update | planned.Read):
        return
    if one.each:
        yield f"for each of {one.each}"
    for value in list_values(one):
        if value.members:
            parts = ", ".join(
                each.name if each.value.source != "constant" else f"{each.name}: {each.value.name}"
                for each in value.members
            )
            kind = "a JSON object" if value.name == "message" else "as text"
            yield f":{value.parameter} is {kind}: {parts}"
        elif value.source == "row" and value.parameter and not value.origin and not value.column:
            yield f":{value.parameter} is for the program to find"


def _write_relays(relays: Sequence[planned.Relay], making: Dialect) -> Iterator[str]:
    """How a relay takes messages, and marks each."""
    for relay in relays:
        yield write_comment(
            f"the relay of {relay.table}: several may run, each takes other rows; take, send and mark are one transaction, so a message"
            " is sent once or more"
        )
        statements: tuple[planned.Statement, ...] = (relay.take, relay.mark, relay.postpone)
        for number, one in enumerate(statements, 1):
            yield ("\n" if number > 1 else "") + write_comment(f"{number}. {one.purpose}")
            for told in _explain(one):
                yield write_comment(told)
            yield write_statement(making, one)[0] + ";\n"
        yield "\n"


def _write_search(plan: Plan, name: str, store: str) -> str:
    """A query in another language stands in comments, so that the file runs as it is."""
    engine = plan.model.places.engine(store)
    head = f"{name} (search): {store} ({engine.name}) answers it, from its copies of {plan.planned.entities.access[name].entity}"
    grants = {
        role: one.text for role, one in plan.planned.operations[name].grants.items() if one.kind not in ("any", "none")
    }
    told = "; ".join(f"{role}: {text}" for role, text in grants.items())
    head += (
        f"; the index knows no permissions, so what comes back is let through by the rows in the tables ({told})"
        if told
        else ""
    )
    return "\n" + write_comment(head) + textwrap.indent(render_search(plan, name), "-- ") + "\n"


def export_queries(plan: Plan, dialect: str = "postgresql") -> Source:
    """Every access pattern's SQL as one file, with its parameters and the index that should serve it.

    dialect: 'postgresql', 'mysql' or 'sqlite'. Raises ArchnbError with the nearest name for another.
    """
    names = list(plan.planned.statements.procedures)
    variants = {name: list_variants(plan, name) for name in names}
    written_as: dict[str, list[tuple[tuple[str, ...], list[Query]]]] = {name: [] for name in names}
    for n in range(max(map(len, variants.values()), default=0)):
        grants = {name: one[n][0] for name, one in variants.items() if n < len(one)}
        made: dict[str, list[Query]] = {}
        for query in queries(plan, dialect, {name: one for name, one in grants.items() if one is not None}):
            made.setdefault(query.pattern, []).append(query)
        for name in grants:
            if made.get(name):
                written_as[name].append((variants[name][n][1], made[name]))
    parts = [write_comment(f"{plan.name}: the queries of every access pattern for {dialect}, made by archnb"), "\n"]
    for name, variant in written_as.items():
        if variant:
            remote = plan.planned.statements.procedures[name].remote
            parts += _write(variant, plan.planned.entities.access[name], remote)
    written = {name for name, variant in written_as.items() if variant}
    for purge in write_purges(plan, dialect):
        parts.append(f"{write_comment(purge.reason)}{purge.text};\n\n")
    parts += _write_relays(plan.planned.statements.relay, make_writer(plan, dialect))
    for name in plan.planned.entities.access:
        if name in written:
            continue
        is_search = (store := find_search_store(plan, name)) is not None
        parts.append(
            _write_search(plan, name, store or "") if is_search else write_comment(explain_absence(plan, name))
        )
    kept = job_queries(plan, dialect)
    if kept:
        parts += ["\n", write_comment("Jobs that keep rows when nobody asks: each run, for each of its rows.")]
    for name, found in kept.items():
        job = plan.planned.jobs.jobs[name]
        parts.append("\n" + write_comment(f"{name} (job, {job.schedule or 'after ' + job.trigger}): {job.summary}"))
        parts += [*_write_statements(found), "\n"]
    return Source(f"queries-{dialect}", f"Queries for {dialect}", "sql", "".join(parts).rstrip() + "\n", filename=f"queries.{dialect}.sql",
                  description="Parameters are written :name; :caller and :caller_tenant are of the token.")  # fmt: skip


__all__ = ["Output", "Parameter", "Query", "explain_absence", "export_queries", "job_queries", "queries", "spread"]
