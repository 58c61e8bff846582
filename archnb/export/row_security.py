"""Row-level security of PostgreSQL, from the grants: which rows each role sees, adds, changes and deletes in each operation.

The program connects as a user who may take on the roles, and says in each transaction who asks for what. A policy holds for
one role, one command and the operations that it names: whoever says no operation, or another, finds no row. A way to the
caller that leads through other tables is a function of a role of its own, which may read these tables, so that no policy
asks another and none of what it looks up is shown.

Source: PostgreSQL 18, chapter 5.9 (row security policies) and CREATE POLICY.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from archnb.export.sql import make_dialect, metadata, write_comment
from archnb.naming import snake
from archnb.planned.auth import Grant, Membership, Reach, Token
from archnb.planned.schema import ForeignKey
from archnb.planned.statements import Delete, Insert, Read, Update, Upsert, list_values
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan

Command = Literal["SELECT", "INSERT", "UPDATE", "DELETE"]
COMMANDS: tuple[Command, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")
# the role that stands for whoever does not sign in
PUBLIC = "public"
SCHEMA = "row_security"
_OPERATION = "current_setting('app.operation', true)"


@dataclass(frozen=True)
class Policy:
    """Which rows of a table a role reaches by a command in some operations, and what a row must fulfil afterwards."""

    table: str
    role: str
    command: Command
    operations: tuple[str, ...]
    using: str
    check: str


@dataclass
class RowSecurity:
    """The row-level security of a plan. prefix: what the names of the roles begin with."""

    plan: Plan
    prefix: str
    _functions: dict[str, str] = field(default_factory=dict)

    # -- names

    def role(self, name: str) -> str:
        """The PostgreSQL role of a role of the design, as SQL writes it."""
        return self.quote(f"{self.prefix}_{snake(name)}")

    @property
    def reader(self) -> str:
        """The role whose functions look up the ways."""
        return self.quote(f"{self.prefix}_row_reader")

    def quote(self, name: str) -> str:
        """A name as SQL writes it."""
        return str(self._dialect.identifier_preparer.quote(name[:63]))

    @cached_property
    def _dialect(self) -> Any:
        return make_dialect("postgresql")

    @cached_property
    def _tables(self) -> Mapping[str, Any]:
        made = metadata(self.plan, "postgresql")
        schema = self.plan.planned.schema
        return {
            table.info["table"]: table
            for table in made.tables.values()
            if schema.store_of(table.info["table"]).engine == "postgresql"
        }

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are secured: those of stores that are PostgreSQL."""
        return tuple(self._tables)

    def table(self, name: str) -> str:
        """A table's name as SQL writes it."""
        return self.quote(str(self._tables[name].name))

    def column(self, table: str, name: str) -> str:
        """A column's name as SQL writes it."""
        return self.quote(str(self._column(table, name).name))

    def _column(self, table: str, name: str) -> Any:
        columns = self._tables[table].columns
        return columns[name] if name in columns else next(one for one in columns if one.name[:55] == name[:55])

    def type(self, table: str, column: str) -> str:
        """The type of a column as SQL writes it."""
        written = str(self._column(table, column).type.compile(dialect=self._dialect))
        return {"BIGSERIAL": "BIGINT", "SERIAL": "INTEGER"}.get(written, written)

    # -- conditions

    def token(self, token: Token, table: str, column: str) -> str:
        """A value of the token, of a column's type; NULL where nobody said it."""
        return f"nullif(current_setting('app.{token}', true), '')::{self.type(table, column)}"

    def condition(self, grant: Grant, *, after: bool = False) -> str:
        """What a row of the grant's table must fulfil; `after`: once it was changed, when what was nobody's is the caller's."""
        if grant.kind == "any":
            return "true"
        written = [" AND ".join(self._write(grant.table, part, after) for part in one.parts) for one in grant.reaches]
        if len(written) < 2:
            return "".join(written) or "false"
        return "(" + " OR ".join(f"({one})" if " AND " in one else one for one in written) + ")"

    def _write(self, table: str, reach: Reach, after: bool) -> str:
        if not reach.joins:
            return self._compare(table, "", reach, after)
        first = reach.joins[0]
        arguments = ", ".join(self.column(table, before) for before, _ in first.columns)
        return f"{SCHEMA}.{self._function(table, reach)}({arguments})"

    def _compare(self, table: str, at: str, reach: Reach, after: bool = False) -> str:
        dot = f"{at}." if at else ""
        column = reach.columns[0]
        if reach.token:
            return f"{dot}{self.column(table, column)} = {self.token(reach.token, table, column)}"
        if after:
            return f"{dot}{self.column(table, column)} = {self.token('person', table, column)}"
        return f"{dot}{self.column(table, column)} IS NULL AND {self.token('person', table, column)} IS NOT NULL"

    def _function(self, table: str, reach: Reach) -> str:
        """The function that follows a reach from the columns of its first join; made where there is none yet."""
        inner, at, last = [], "", table
        sources = []
        arguments = []
        for n, join in enumerate(reach.joins):
            alias = f"t{n + 1}"
            sources.append(f"{self.table(join.table)} AS {alias}")
            for k, (before, here) in enumerate(join.columns):
                if n == 0:
                    arguments.append(f"value_{k + 1} {self.type(table, before)}")
                left = f"value_{k + 1}" if n == 0 else f"{at}.{self.column(last, before)}"
                inner.append(f"{alias}.{self.column(join.table, here)} = {left}")
            at, last = alias, join.table
        inner.append(self._compare(last, at, reach))
        if reach.words:
            words = ", ".join("'" + one.replace("'", "''") + "'" for one in reach.words)
            inner.append(f"{at}.{self.column(last, reach.role_column)} IN ({words})")
        body = f"SELECT EXISTS (SELECT 1 FROM {', '.join(sources)} WHERE {' AND '.join(inner)})"
        signature = f"({', '.join(arguments)})"
        text = f"{signature} RETURNS boolean\n  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp\n  AS $$ {body} $$"
        if text not in self._functions:
            words_of = "_".join(reach.words)
            name = snake(f"reaches {reach.joins[0].table} {reach.token} {words_of}")[:55]
            taken = {one.partition("(")[0] for one in self._functions.values()}
            free = next(one for one in (name, *(f"{name}_{n}" for n in range(2, 999))) if one not in taken)
            types = ", ".join(one.split(" ", 1)[1] for one in arguments)
            self._functions[text] = f"{free}({types})"
        return self._functions[text].partition("(")[0]

    # -- policies

    def list_policies(self) -> tuple[Policy, ...]:
        """Every policy, those of one condition together, by table, role and command."""
        found: dict[tuple[str, str, Command, str, str], list[str]] = {}
        for role, operation, grant in self._list_grants():
            for table, command, using, check in self._list_rights(operation, grant):
                found.setdefault((table, role, command, using, check), []).append(operation)
        made = [
            Policy(table, role, command, tuple(dict.fromkeys(operations)), using, check)
            for (table, role, command, using, check), operations in found.items()
        ]
        order = {name: n for n, name in enumerate(self.tables)}
        return tuple(sorted(made, key=lambda one: (order[one.table], one.role, COMMANDS.index(one.command))))

    def _list_grants(self) -> Iterator[tuple[str, str, Grant]]:
        planned = self.plan.planned
        for name, operation in planned.operations.items():
            if operation.contract.is_public:
                entity = operation.contract.entity
                table = self.plan.model.places.find_table(entity) or "" if entity else ""
                yield PUBLIC, name, Grant(kind="any", text="any", entity=entity or "", table=table)
            for role, grant in operation.grants.items():
                if not grant.is_refused:
                    yield role, name, grant

    def _list_rights(self, operation: str, grant: Grant) -> Iterator[tuple[str, Command, str, str]]:
        """What an operation needs of each table that it touches: the table, the command, the conditions before and after."""
        if grant.table not in self._tables:
            return
        act = self.act(operation)
        before, after = self.condition(grant), self.condition(grant, after=True)
        seen = before if before == after else f"({before} OR {after})"
        table = grant.table
        yield table, "SELECT", seen, ""
        if act in ("create", "upsert"):
            yield table, "INSERT", "", after
        if act in ("update", "upsert"):
            yield table, "UPDATE", before, after
        if act == "delete":
            yield table, "DELETE", before, ""
        for part in (part for reach in grant.reaches for part in reach.parts):
            yield from self._list_along(part)
        pattern = next(iter(self.plan.planned.operations[operation].patterns), None)
        if pattern is None:
            return
        for include in pattern.include:
            yield from self._list_included(table, include)
        yield from self._list_besides(operation, table)

    def _list_besides(self, operation: str, table: str) -> Iterator[tuple[str, Command, str, str]]:
        """What the statements of an operation need of other tables: nobody can do them without the rest of it."""
        procedure = self.plan.planned.statements.procedures.get(operation)
        for one in procedure.statements if procedure is not None else ():
            if one.table != table and one.table in self._tables:
                yield one.table, "SELECT", "true", ""
                if isinstance(one, Insert | Upsert):
                    yield one.table, "INSERT", "", "true"
                if isinstance(one, Update | Upsert):
                    yield one.table, "UPDATE", "true", "true"
                if isinstance(one, Delete):
                    yield one.table, "DELETE", "true", ""
            looked_up = [read for value in list_values(one) for read in value.lookup]
            joined = [join.table for read in [*looked_up, one] if isinstance(read, Read) for join in read.joins]
            for other in dict.fromkeys([*(read.table for read in looked_up), *joined]):
                if other != table and other in self._tables:
                    yield other, "SELECT", "true", ""

    def _list_along(self, reach: Reach) -> Iterator[tuple[str, Command, str, str]]:
        """The rows on the way to the caller, for statements that ask for them themselves: those from which it goes on."""
        for n, join in enumerate(reach.joins):
            rest = reach.joins[n + 1 :]
            if not rest:
                words = ", ".join("'" + one.replace("'", "''") + "'" for one in reach.words)
                narrowed = f" AND {self.column(join.table, reach.role_column)} IN ({words})" if words else ""
                yield join.table, "SELECT", self._compare(join.table, "", reach) + narrowed, ""
                continue
            further = replace(reach, joins=rest)
            yield join.table, "SELECT", self._write(join.table, further, False), ""

    def _list_included(self, table: str, include: str) -> Iterator[tuple[str, Command, str, str]]:
        """Rows that come along: those that a visible row refers to, or that refer to one."""
        entity = include.partition(" via ")[0].strip()
        other = self.plan.model.places.find_table(entity)
        schema = self.plan.planned.schema
        if other is None or other not in self._tables or other == table:
            return
        linked = []
        for key in schema.tables[table].foreign_keys.values():
            if key.references == other:
                linked.append([(here, there) for here, there in zip(key.columns, self._referenced(key), strict=True)])
        for key in schema.tables[other].foreign_keys.values():
            if key.references == table:
                linked.append([(there, here) for here, there in zip(key.columns, self._referenced(key), strict=True)])
        outer = self.table(other)
        written = [
            f"EXISTS (SELECT 1 FROM {self.table(table)} AS seen WHERE "
            + " AND ".join(f"seen.{self.column(table, a)} = {outer}.{self.column(other, b)}" for a, b in pairs)
            + ")"
            for pairs in linked
        ]
        yield (
            other,
            "SELECT",
            (written[0] if len(written) == 1 else f"({' OR '.join(written)})") if written else "true",
            "",
        )

    def _referenced(self, key: ForeignKey) -> tuple[str, ...]:
        return key.referenced or self.plan.planned.schema.tables[key.references].primary_key

    def act(self, operation: str) -> str:
        """What an operation does to its rows: read, create, update, upsert or delete."""
        one = self.plan.planned.operations[operation]
        pattern = next(iter(one.patterns), None)
        if pattern is not None:
            return "upsert" if pattern.is_upsert else pattern.kind
        contract = one.contract
        if contract.method == "GET":
            return "read"
        return contract.action if contract.action in ("create", "delete") else "update"

    # -- statements

    def statements(self) -> list[str]:
        """The statements in an order in which they run, by somebody who may make roles."""
        policies = self.list_policies()
        roles = [PUBLIC, *self.plan.planned.auth.roles]
        made = [f"CREATE ROLE {self.role(one)} NOLOGIN" for one in dict.fromkeys(roles)]
        made += [f"CREATE ROLE {self.reader} NOLOGIN", f"CREATE SCHEMA {SCHEMA}"]
        everyone = ", ".join(self.role(one) for one in dict.fromkeys(roles))
        made.append(f"GRANT USAGE ON SCHEMA {SCHEMA}, public TO {everyone}, {self.reader}")
        for text, name in self._functions.items():
            made.append(f"CREATE FUNCTION {SCHEMA}.{name.partition('(')[0]}{text}")
        guards = [one for one in map(self._write_guard, self._list_guarded()) if one]
        made += [body for _, body, _ in guards]
        owned = [*self._functions.values(), *(f"{function}()" for function, _, _ in guards)]
        if owned:
            # who is to own a function must be able to make one there, for that moment
            made.append(f"GRANT CREATE ON SCHEMA {SCHEMA} TO {self.reader}")
            made += [f"ALTER FUNCTION {SCHEMA}.{name} OWNER TO {self.reader}" for name in owned]
            made.append(f"REVOKE CREATE ON SCHEMA {SCHEMA} FROM {self.reader}")
        made += [trigger for _, _, trigger in guards]
        for name in self._functions.values():
            made.append(f"REVOKE ALL ON FUNCTION {SCHEMA}.{name} FROM PUBLIC")
            made.append(f"GRANT EXECUTE ON FUNCTION {SCHEMA}.{name} TO {everyone}")
        looked_up = {table for text in self._functions for table in re.findall(r"(\S+) AS t\d+", text)}
        looked_up |= {self.table(one.table) for one in self._list_guarded()}
        for table in self.tables:
            name = self.table(table)
            made.append(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
            made.append(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
            if name in looked_up:
                made.append(f"GRANT SELECT ON {name} TO {self.reader}")
                made.append(f"CREATE POLICY row_reader ON {name} FOR SELECT TO {self.reader} USING (true)")
        made += self._write_policies(policies)
        return made

    def _write_policies(self, policies: Iterable[Policy]) -> Iterator[str]:
        granted: dict[tuple[str, str], list[str]] = {}
        counted: dict[tuple[str, str, str], int] = {}
        for one in policies:
            granted.setdefault((one.table, one.role), []).append(one.command)
        for (table, role), commands in granted.items():
            yield f"GRANT {', '.join(dict.fromkeys(commands))} ON {self.table(table)} TO {self.role(role)}"
        for one in policies:
            at = (one.table, one.role, one.command)
            counted[at] = counted.get(at, 0) + 1
            name = self.quote(f"{snake(one.role)}_{one.command.lower()}_{counted[at]}")
            listed = ", ".join("'" + each.replace("'", "''") + "'" for each in one.operations)
            asked = f"{_OPERATION} IN ({listed})" if len(one.operations) > 1 else f"{_OPERATION} = {listed}"
            text = f"CREATE POLICY {name} ON {self.table(one.table)} FOR {one.command} TO {self.role(one.role)}"
            if one.using:
                text += f"\n  USING ({asked}" + ("" if one.using == "true" else f" AND {one.using}") + ")"
            if one.check:
                text += f"\n  WITH CHECK ({asked}" + ("" if one.check == "true" else f" AND {one.check}") + ")"
            yield text

    # -- memberships

    def _list_guarded(self) -> list[Membership]:
        found = self.plan.planned.auth.memberships
        return [one for one in found if one.role_column and one.ranks and one.table in self._tables]

    def _write_guard(self, one: Membership) -> tuple[str, str, str] | None:
        """What keeps the roles of members, as the name of a function, the function, and the trigger that runs it.

        Nobody gives a role above their own or takes one from who has more, and the last who has the highest keeps it.
        """
        places, table = self.plan.model.places, one.table
        group = places.find_field(one.entity, one.group)
        person = places.find_field(one.entity, one.person)
        if group is None or person is None or len(person.columns) != 1:
            return None
        role, name = self.column(table, one.role_column), self.table(table)
        words = ", ".join(f"'{word}'" for word in one.ranks)
        same = " AND ".join(f"m.{self.column(table, c)} = {{row}}.{self.column(table, c)}" for c in group.columns)
        who = self.column(table, person.columns[0])
        caller = self.token("person", table, person.columns[0])
        top = one.ranks[-1]
        function = snake(f"keep roles of {table}")
        body = f"""CREATE FUNCTION {SCHEMA}.{function}() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
DECLARE
  ranks CONSTANT text[] := ARRAY[{words}];
  own text;
BEGIN
  -- what goes with another row, or is done by nobody who signed in, is not a change of roles
  IF pg_trigger_depth() > 1 OR {caller} IS NULL THEN
    RETURN COALESCE(NEW, OLD);
  END IF;
  IF TG_OP <> 'INSERT' AND OLD.{role}::text = '{top}' AND (TG_OP = 'DELETE' OR NEW.{role}::text <> '{top}')
    AND NOT EXISTS (SELECT 1 FROM {name} AS m WHERE {same.format(row="OLD")} AND m.{who} <> OLD.{who} AND m.{role}::text = '{top}') THEN
    RAISE EXCEPTION 'the last {top} keeps the role' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR NEW.{role} IS DISTINCT FROM OLD.{role})
    AND EXISTS (SELECT 1 FROM {name} AS m WHERE {same.format(row="NEW")}) THEN
    SELECT m.{role}::text INTO own FROM {name} AS m WHERE {same.format(row="NEW")} AND m.{who} = {caller};
    IF own IS NOT NULL AND array_position(ranks, NEW.{role}::text) > array_position(ranks, own) THEN
      RAISE EXCEPTION 'nobody gives a role above their own' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'UPDATE' AND own IS NOT NULL AND array_position(ranks, OLD.{role}::text) > array_position(ranks, own) THEN
      RAISE EXCEPTION 'nobody takes a role above their own' USING ERRCODE = 'insufficient_privilege';
    END IF;
  END IF;
  RETURN COALESCE(NEW, OLD);
END
$$"""
        trigger = f"CREATE TRIGGER keep_roles BEFORE INSERT OR UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.{function}()"
        return function, body, trigger


def secure_rows(plan: Plan, prefix: str = "") -> RowSecurity:
    """The row-level security of a plan; its roles are named after the plan unless a prefix is given."""
    return RowSecurity(plan, prefix or snake(plan.name))


def export_row_security(plan: Plan, prefix: str = "") -> Source:
    """The row-level security of a plan's PostgreSQL tables, to be run once after the DDL.

    prefix: what the names of the roles begin with; the plan's name where it is left out.
    """
    made = secure_rows(plan, prefix)
    parts = [
        write_comment(
            f"{plan.name}: row-level security for PostgreSQL, made by archnb. Run it after the schema, as somebody who may make roles."
        )
    ]
    if not made.tables:
        parts.append(write_comment("No table of this plan is in PostgreSQL, so there is nothing to secure here."))
    else:
        parts.append(
            write_comment(
                "For each request the program says, in its transaction, who asks for what: SET LOCAL ROLE to the caller's role, and"
                " set_config('app.operation', …, true), set_config('app.person', …, true) with the key of the person's row,"
                " 'app.client' with that of the device's or program's, 'app.tenant' where the token names the tenant."
                " What is not said is nobody's, and finds no row."
            )
        )
        parts.append("\n")
        parts += [f"{one};\n\n" for one in made.statements()]
    text = "".join(parts).rstrip() + "\n"
    return Source(
        "row-security", "Row-level security of PostgreSQL", "sql", text, filename="row_security.postgresql.sql",
        description="Roles, policies and the functions that they ask. Whatever no policy names is refused.",
    )  # fmt: skip


__all__ = ["PUBLIC", "Policy", "RowSecurity", "export_row_security", "secure_rows"]
