"""What guards rows where an engine has no constraint for it: triggers that refuse, in each dialect's own words.

PostgreSQL holds overlaps by EXCLUDE; SQLite, whose writers come one by one, and MySQL by a trigger, on MySQL under a lock of
the row that is taken. Rows that are only added are kept by a trigger on all three. A check that MySQL does not take (over
the number of the row itself, or over a key that is set to NULL) is a trigger there, and a unique among some rows a column that is NULL for all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from archnb.export.column_types import translate
from archnb.model.identifiers import claim_folded, shorten
from archnb.planned.schema import Check, Exclusion, Schema, Table, Unique


class Guard(NamedTuple):
    """A statement that makes a trigger (or what it needs), and the constraint or the table it is for."""

    text: str
    table: str
    name: str


# the names of an engine: 64 signs on MySQL, 63 bytes on PostgreSQL
_LIMIT = 60


class Guards:
    """Writes the guards of a schema's tables in a dialect; `names` are the tables as the dialect has them, `quote` how it
    writes a name."""

    def __init__(self, schema: Schema, dialect: str, names: Mapping[str, str], quote: Callable[[str], str]) -> None:
        self.schema, self.dialect, self.names, self._quote = schema, dialect, names, quote
        self._taken: set[str] = set()

    def write(self) -> list[Guard]:
        """All of them, in an order in which they run."""
        made = []
        tables = [(name, self.schema.tables[name]) for name in self.names]
        if self.dialect == "postgresql" and any(table.append_only for _, table in tables):
            text = (
                "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n"
                "    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME;\nEND\n$$"
            )
            made.append(Guard(text, "", "refuse_change"))
        for name, table in tables:
            if table.append_only:
                made += self._keep_rows(name)
            if self.dialect != "postgresql":
                for wanted, exclusion in table.exclusions.items():
                    made += self._refuse_overlap(name, table, wanted, exclusion)
            if self.dialect == "mysql":
                for wanted, unique in table.uniques.items():
                    if unique.where:
                        made.append(self._hold_among(name, table, wanted, unique))
                for wanted, check in table.checks.items():
                    if not is_taken_by_mysql(table, check):
                        made += self._refuse_row(name, wanted, check)
        return made

    def _name(self, wanted: str) -> str:
        made = claim_folded(shorten(wanted, _LIMIT), self._taken)
        self._taken.add(made.casefold())
        return made

    def _refuse(self, message: str) -> str:
        text = message.replace("'", "''")
        if self.dialect == "sqlite":
            return f"SELECT RAISE(ABORT, '{text}')"
        return f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{text[:120]}'"

    # -- rows that are only added

    def _keep_rows(self, name: str) -> Iterator[Guard]:
        place = self._quote(self.names[name])
        if self.dialect == "postgresql":
            trigger = self._quote(self._name(f"{name}_append_only"))
            text = f"CREATE TRIGGER {trigger} BEFORE UPDATE OR DELETE ON {place}\nFOR EACH ROW EXECUTE FUNCTION refuse_change()"
            yield Guard(text, name, "append_only")
            return
        for verb in ("UPDATE", "DELETE"):
            trigger = self._quote(self._name(f"{name}_no_{verb.lower()}"))
            told = self._refuse(f"rows of {name} are only ever added")
            body = f"BEGIN\n    {told};\nEND" if self.dialect == "sqlite" else f"FOR EACH ROW {told}"
            yield Guard(f"CREATE TRIGGER {trigger} BEFORE {verb} ON {place}\n{body}", name, "append_only")

    # -- rows that overlap

    def _refuse_overlap(self, name: str, table: Table, wanted: str, one: Exclusion) -> Iterator[Guard]:
        for verb in ("INSERT", "UPDATE"):
            trigger = self._quote(self._name(f"{wanted}_{verb.lower()}"))
            head = f"CREATE TRIGGER {trigger} BEFORE {verb} ON {self._quote(self.names[name])}"
            if self.dialect == "sqlite":
                found = f"EXISTS (SELECT 1 FROM {self._clash(name, table, one, verb)})"
                when = self._when(one, "NEW")
                condition = f"{when} AND {found}" if when else found
                yield Guard(f"{head}\nWHEN {condition}\nBEGIN\n    {self._refuse(wanted)};\nEND", name, wanted)
            else:
                yield Guard(
                    f"{head}\nFOR EACH ROW\nBEGIN\n{self._lock_and_look(name, table, wanted, one, verb)}\nEND",
                    name,
                    wanted,
                )

    def _lock_and_look(self, name: str, table: Table, wanted: str, one: Exclusion, verb: str) -> str:
        """MySQL: the row that is taken is locked first, so that of two at once the second waits and sees the first."""
        lines = ["    DECLARE found INT DEFAULT 0;"]
        when = self._when(one, "NEW")
        indent = "    "
        if when:
            lines.append(f"    IF {when} THEN")
            indent = "        "
        for key in table.foreign_keys.values():
            if {*key.columns} <= {*one.columns} and key.references in self.names:
                match = " AND ".join(
                    f"{self._quote(there)} = NEW.{self._quote(here)}"
                    for here, there in zip(key.columns, key.referenced, strict=True)
                )
                parent = self._quote(self.names[key.references])
                lines.append(f"{indent}SELECT COUNT(*) INTO found FROM {parent} WHERE {match} FOR UPDATE;")
        clash = self._clash(name, table, one, verb)
        # a trigger may not lock its own table for writing; the share lock reads what is committed, not an old snapshot
        lines.append(f"{indent}SELECT COUNT(*) INTO found FROM {clash} LOCK IN SHARE MODE;")
        lines.append(f"{indent}IF found > 0 THEN\n{indent}    {self._refuse(wanted)};\n{indent}END IF;")
        if when:
            lines.append("    END IF;")
        return "\n".join(lines)

    def _when(self, one: Exclusion, source: str) -> str:
        return qualify(one.where, source, self.dialect) if one.where else ""

    def _clash(self, name: str, table: Table, one: Exclusion, verb: str) -> str:
        """The other rows that a new one overlaps."""
        start, end = self._quote(one.start), self._quote(one.end)
        sign = "<=" if one.holds_end else "<"
        parts = [f"other.{self._quote(column)} = NEW.{self._quote(column)}" for column in one.columns]
        parts.append(
            _open(f"other.{start} {sign} NEW.{end}", table, {one.start: f"other.{start}", one.end: f"NEW.{end}"})
        )
        parts.append(
            _open(f"NEW.{start} {sign} other.{end}", table, {one.start: f"NEW.{start}", one.end: f"other.{end}"})
        )
        if one.where:
            parts.append(self._when(one, "other"))
        if verb == "UPDATE" and table.primary_key:
            same = " AND ".join(f"other.{self._quote(c)} = OLD.{self._quote(c)}" for c in table.primary_key)
            parts.append(f"NOT ({same})")
        return f"{self._quote(self.names[name])} AS other WHERE {' AND '.join(parts)}"

    # -- uniques among some rows

    def _hold_among(self, name: str, table: Table, wanted: str, one: Unique) -> Guard:
        """MySQL has no index over a part of the rows: a column that is NULL for the others is part of the key, and NULLs differ."""
        condition = translate(one.where, "", self.dialect) or "TRUE"
        among = self._quote(
            claim_folded(shorten(f"{wanted}_among", _LIMIT), {column.casefold() for column in table.columns})
        )
        columns = ", ".join([*(self._quote(column) for column in one.columns), among])
        text = (
            f"ALTER TABLE {self._quote(self.names[name])}\n"
            f"    ADD COLUMN {among} SMALLINT GENERATED ALWAYS AS (CASE WHEN {condition} THEN 1 END) VIRTUAL,\n"
            f"    ADD UNIQUE KEY {self._quote(self._name(wanted))} ({columns})"
        )
        return Guard(text, name, wanted)

    # -- checks that MySQL does not take

    def _refuse_row(self, name: str, wanted: str, check: Check) -> Iterator[Guard]:
        condition = qualify(check.condition, "NEW", self.dialect)
        if not condition:
            return
        for verb in ("INSERT", "UPDATE"):
            trigger = self._quote(self._name(f"{wanted}_{verb.lower()}"))
            head = f"CREATE TRIGGER {trigger} BEFORE {verb} ON {self._quote(self.names[name])}"
            body = (
                f"FOR EACH ROW\nBEGIN\n    IF NOT ({condition}) THEN\n        {self._refuse(wanted)};\n    END IF;\nEND"
            )
            yield Guard(f"{head}\n{body}", name, wanted)


def _open(comparison: str, table: Table, places: Mapping[str, str]) -> str:
    """A comparison of ends, one of which may be open."""
    missing = [f"{place} IS NULL" for column, place in places.items() if table.columns[column].nullable]
    return f"({' OR '.join([*missing, comparison])})" if missing else comparison


def is_taken_by_mysql(table: Table, check: Check) -> bool:
    """Whether MySQL takes a check: none over a column that numbers its rows, nor over a key that is changed by a rule."""
    columns = find_columns(check.condition)
    ruled = {
        column
        for key in table.foreign_keys.values()
        if key.on_delete in ("set null", "set default") or key.on_update in ("cascade", "set null", "set default")
        for column in key.columns
    }
    numbered = {name for name, one in table.columns.items() if one.is_generated}
    return not columns & {one.casefold() for one in ruled | numbered}


def _parse(condition: str) -> object:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        return sqlglot.parse_one(condition, read="postgres")
    except (SqlglotError, RecursionError):
        return None


@lru_cache(maxsize=4096)
def find_columns(condition: str) -> frozenset[str]:
    """The columns that a condition names, case-folded; none where it cannot be read."""
    from sqlglot import exp

    parsed = _parse(condition)
    if not isinstance(parsed, exp.Expression):
        return frozenset()
    return frozenset(one.name.casefold() for one in parsed.find_all(exp.Column))


def qualify(condition: str, source: str, dialect: str) -> str:
    """A condition of standard SQL about a row's columns, as one about the row called `source`; '' where it cannot be read.

    >>> qualify('"state" IN (\\'held\\')', "NEW", "sqlite")
    'NEW."state" IN (\\'held\\')'
    """
    from sqlglot import exp

    parsed = _parse(condition)
    if not isinstance(parsed, exp.Expression):
        return ""
    for column in list(parsed.find_all(exp.Column)):
        name = column.this.copy()
        column.replace(exp.column(name, table=exp.to_identifier(source)))
    written: str = parsed.sql(dialect={"postgresql": "postgres"}.get(dialect, dialect))
    return written
