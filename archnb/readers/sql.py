"""A PostgreSQL, MySQL or SQLite dump as a design. sqlglot reads each statement; what it hands back as an unread command,
and everything that a design has no place for, is listed with its line and the reason: nothing is left out in silence.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archnb.engines import Roster
from archnb.exceptions import FileUseError, InputError, Problem
from archnb.readers.catalogue import Catalogue, Import, TableRead
from archnb.readers.native_types import read_type
from archnb.readers.sql_tables import Tables
from archnb.readers.statements import MAX_STATEMENT, Statement, guess_dialect, split_statements

if TYPE_CHECKING:
    from sqlglot import exp

DIALECTS = ("postgresql", "mysql", "sqlite")
_ROSTER = Roster("dialect", lambda one: one.name in DIALECTS)
MAX_BYTES = 200_000_000

# statements that hold no part of a schema: first words -> what they are
_SKIPPED = (
    (r"SET\b|SELECT (PG_CATALOG\.)?SET_CONFIG|PRAGMA|USE\b|RESET\b", "session settings"),
    (r"BEGIN|START TRANSACTION|COMMIT|ROLLBACK|END$|LOCK TABLES|UNLOCK TABLES|SAVEPOINT|RELEASE", "transactions and locks"),
    (r"SELECT (PG_CATALOG\.)?SETVAL|ALTER SEQUENCE .* RESTART", "positions of sequences"),
    (r"CREATE DATABASE|DROP DATABASE|CREATE SCHEMA|DROP SCHEMA|ALTER DATABASE|COMMENT ON (SCHEMA|EXTENSION|DATABASE)", "databases and schemas"),
    (r"CREATE EXTENSION|DROP EXTENSION", "extensions"),
    (r"ALTER .* OWNER TO|REASSIGN", "owners"),
    (r"DROP (VIEW|FUNCTION|TRIGGER|PROCEDURE|SEQUENCE|TYPE|DOMAIN|MATERIALIZED|RULE|AGGREGATE|EVENT)", "drops of what is not there yet"),
    (r"ANALYZE|VACUUM|REINDEX|CLUSTER|ALTER TABLE .* (DISABLE|ENABLE) KEYS|REFRESH MATERIALIZED", "maintenance"),
    (r"UPDATE|DELETE|TRUNCATE|WITH|MERGE", "changes of data"),
)  # fmt: skip

_NO_PLACE = (
    (r"CREATE (OR REPLACE )?(ALGORITHM.* |DEFINER.* |TEMP(ORARY)? |RECURSIVE |SQL SECURITY.* )*VIEW", "a view: a design has no place for views yet"),
    (r"CREATE MATERIALIZED VIEW", "a materialized view: a design has no place for views yet"),
    (r"CREATE (OR REPLACE )?(DEFINER.* )?(CONSTRAINT |TEMP |TEMPORARY )?TRIGGER", "a trigger: a design has no place for triggers"),
    (r"CREATE (OR REPLACE )?(DEFINER.* )?(FUNCTION|PROCEDURE|AGGREGATE)", "a routine: a design has no place for code in the database"),
    (r"CREATE (OR REPLACE )?RULE", "a rewrite rule: a design has no place for them"),
    (r"CREATE POLICY|ALTER TABLE .* ROW LEVEL SECURITY", "a row policy: say who may do what under `auth`"),
    (r"GRANT|REVOKE|ALTER DEFAULT PRIVILEGES|CREATE ROLE|CREATE USER|ALTER ROLE", "rights in the database: say who may do what under `auth`"),
    (r"SELECT|VALUES|CALL|DO\b|EXECUTE|SHOW", "it runs something and defines nothing that can be read"),
    (r"\\", "a command of psql"),
)  # fmt: skip


def read_dump(path: str | Path, dialect: str | None = None) -> Import:
    """Read the SQL dump in a file; `dialect` is postgresql, mysql or sqlite, guessed from the text where it is not said.

    Raises InputError where the file cannot be read or the dialect is not known.
    """
    place = Path(path)
    try:
        size = place.stat().st_size
        if size > MAX_BYTES:
            raise InputError(
                [
                    Problem(
                        "",
                        f"the file has {size:,} bytes, at most {MAX_BYTES:,} are read; dump the schema alone (pg_dump --schema-only).",
                    )
                ],
                str(path),
            )
        data = place.read_bytes()
    except (OSError, ValueError) as error:
        raise FileUseError(str(path), "cannot be read", error) from None
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16") if is_wide else data.decode("utf-8-sig", errors="replace")
    except UnicodeDecodeError as error:
        told = f"the file begins as UTF-16 and goes on as something else: {error.reason}; save it as UTF-8."
        raise InputError([Problem("", told)], str(path)) from None
    # a dump may be large: what was decoded is not held twice
    del data
    return read_sql(text, dialect, place.name)


def read_sql(text: str, dialect: str | None = None, source: str = "") -> Import:
    """Read the SQL text of a dump.

    >>> made = read_sql("CREATE TABLE shop (id serial PRIMARY KEY, name text NOT NULL);")
    >>> made.counts["columns"], made.design.schema.tables["shop"].columns["name"].type
    (2, 'text')

    Raises InputError where the dialect is not known or the text holds no table.
    """
    if dialect is not None and dialect not in DIALECTS:
        raise InputError([Problem("dialect", _ROSTER.explain_unknown(dialect))])
    if "\x00" in text[:4096]:
        raise InputError(
            [
                Problem(
                    "", "the file is not text; dump it as plain SQL (pg_dump --format=plain, mysqldump, sqlite3 .dump)."
                )
            ],
            source,
        )
    engine = dialect or guess_dialect(text)
    reader = _Reader(engine, source)
    text = text.replace("\r\n", "\n")
    with _quiet_sqlglot():
        for statement in split_statements(text, engine):
            reader.read(statement)
    if not reader.catalogue.tables:
        many = len(reader.catalogue.notes)
        found = f"; {many} statement{' was' if many == 1 else 's were'} not understood" if many else ""
        raise InputError(
            [
                Problem(
                    "",
                    f"there is no CREATE TABLE in this file{found}. It was read as {engine}; say another dialect with `dialect`.",
                )
            ],
            source,
        )
    return reader.finish()


@contextmanager
def _quiet_sqlglot() -> Iterator[None]:
    """sqlglot warns on its logger where it falls back to a command; here each fallback becomes a note instead."""
    logger = logging.getLogger("sqlglot")
    was = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = was


class _Reader:
    def __init__(self, engine: str, source: str) -> None:
        self.engine = engine
        self.catalogue = Catalogue(engine, source)
        self.tables = Tables(self.catalogue)

    def finish(self) -> Import:
        self.tables.finish()
        return self.catalogue.finish()

    def read(self, statement: Statement) -> None:
        words = statement.words
        if statement.rows or re.match(r"INSERT|REPLACE INTO|COPY .* FROM", words):
            self._read_data(statement)
            return
        if not statement.text:
            return
        self.tables.enter(statement.schema)
        try:
            self._read_definition(statement, words)
        except _sql_errors() as error:
            reason = re.sub(r"\x1b\[\d+m", "", str(error)).splitlines()[0].rstrip(". ")
            self.catalogue.note(statement.line, statement.text, f"sqlglot cannot read it: {reason}")

    def _read_data(self, statement: Statement) -> None:
        self.catalogue.skip("rows of data", statement.rows)
        match = re.match(
            r"(?is)\s*(?:INSERT\s+(?:IGNORE\s+|OR\s+\w+\s+)?INTO|REPLACE\s+INTO|COPY)\s+(?:ONLY\s+)?([^\s(]+)",
            statement.text,
        )
        if match and (table := self.tables.find_written(match[1], statement.schema)) is not None:
            table.rows = (table.rows or 0) + statement.rows

    def _read_definition(self, statement: Statement, words: str) -> None:
        text, line = statement.text, statement.line
        path = re.match(
            r"(?is)SET\s+(?:SESSION\s+|LOCAL\s+)?search_path\s*(?:=|TO)\s*(.+)|SELECT\s+(?:pg_catalog\.)?set_config\(\s*'search_path'\s*,\s*'([^']*)'",
            text,
        )
        if path:
            self.tables.set_path(path[1] or path[2] or "")
        for pattern, kind in _SKIPPED:
            if re.match(pattern, words, re.DOTALL) or (
                kind == "owners" and re.match(r"(?is)ALTER\b.{0,400}\bOWNER TO\b", text)
            ):
                self.catalogue.skip(kind)
                return
        if text.startswith("\\") and re.match(
            r"\\(un)?restrict\b|\\connect\b|\\c\b|\\echo\b|\\pset\b|\\set\b|\\encoding\b", text
        ):
            self.catalogue.skip("session settings")
            return
        if re.match(r"\\copy\b", text):
            self.catalogue.skip("data in other files")
            return
        for pattern, reason in _NO_PLACE:
            if re.match(pattern, words):
                self.catalogue.note(line, text, reason)
                return
        if statement.length:
            told = f"the statement has {statement.length:,} characters; at most {MAX_STATEMENT:,} are read"
            self.catalogue.note(line, text[:400], told)
            return
        for pattern, handler in self._handlers():
            if match := re.match(pattern, text, re.IGNORECASE | re.DOTALL):
                handler(match, statement)
                return
        self._read_parsed(statement)

    def _handlers(self) -> tuple[tuple[str, Any], ...]:
        """Statements that sqlglot does not read, or reads without what matters here."""
        name = r"((?:\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|[\w$]+)(?:\.(?:\"[^\"]+\"|`[^`]+`|[\w$]+))*)"
        only = r"(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?"
        return (
            (rf"CREATE\s+DOMAIN\s+{name}\s+(?:AS\s+)?(.+)", self._read_domain),
            (r"CREATE\s+(?:TEMP\w*\s+)?SEQUENCE\b", lambda m, s: self.catalogue.skip("sequences")),
            (r"ALTER\s+SEQUENCE\b", lambda m, s: self.catalogue.skip("sequences")),
            (rf"ALTER\s+TABLE\s+{only}{name}\s+ATTACH\s+PARTITION\s+{name}\s*(.*)", self._attach),
            (rf"ALTER\s+INDEX\s+{name}\s+ATTACH\s+PARTITION\s+{name}", lambda m, s: self.tables.attach_index(m[2])),
            (rf"ALTER\s+TABLE\s+{only}{name}\s+ALTER\s+(?:COLUMN\s+)?{name}\s+ADD\s+GENERATED\b", self._number),
            (rf"ALTER\s+TABLE\s+{only}{name}\s+ADD\s+(?:CONSTRAINT\s+{name}\s+)?(PRIMARY\s+KEY|UNIQUE)\s+USING\s+INDEX\s+{name}", self._use_index),
            (rf"ALTER\s+TABLE\s+{only}{name}\s+ALTER\s+(?:COLUMN\s+)?{name}\s+SET\s+(?:STATISTICS|STORAGE)\b", lambda m, s: self.catalogue.skip("storage settings")),
            (rf"ALTER\s+TABLE\s+{only}{name}\s+(?:SET\s+\(|CLUSTER|REPLICA|SET\s+(?:UN)?LOGGED|SET\s+WITHOUT)", lambda m, s: self.catalogue.skip("storage settings")),
            (rf"ALTER\s+TABLE\s+{only}{name}\s+(?:VALIDATE|INHERIT|(?:ENABLE|DISABLE)\s+TRIGGER)\b", self._no_place),
            (r"COMMENT\s+ON\s+(?!TABLE|COLUMN)", lambda m, s: self.catalogue.skip("comments on other things")),
        )  # fmt: skip

    def _no_place(self, match: re.Match[str], statement: Statement) -> None:
        self.catalogue.note(statement.line, statement.text, "this change of a table is not read")

    def _read_domain(self, match: re.Match[str], statement: Statement) -> None:
        rest = match[2]
        native = re.split(r"(?i)\s+(?:CONSTRAINT|CHECK|NOT\s+NULL|NULL|DEFAULT|COLLATE)\b", rest, maxsplit=1)[0]
        is_required = bool(re.search(r"(?i)\bNOT\s+NULL\b", rest))
        self.tables.domains[self.tables.fold_written(match[1])] = (read_type(native, self.engine), is_required)
        if re.search(r"(?i)\bCHECK\b|\bDEFAULT\b", rest):
            self.catalogue.note(
                statement.line,
                statement.text,
                f"the domain is taken as its type {native!r}; its condition or default is not carried",
            )
        else:
            self.catalogue.remark(statement.line, statement.text, f"the domain is taken as its type {native!r}")

    def _attach(self, match: re.Match[str], statement: Statement) -> None:
        parent, child = (self.tables.find_written(match[n], statement.schema) for n in (1, 2))
        if parent is None or child is None:
            self.catalogue.note(statement.line, statement.text, "one of the two tables is not there")
            return
        child.partition_of, child.bounds = self.tables.full_name(parent), " ".join(match[3].split())

    def _number(self, match: re.Match[str], statement: Statement) -> None:
        if not self.tables.number_column(f"{match[1]}.{match[2]}", statement.schema):
            self._no_place(match, statement)

    def _use_index(self, match: re.Match[str], statement: Statement) -> None:
        table = self.tables.find_written(match[1], statement.schema)
        index = table.indexes.pop(self.tables.fold_written(match[4]), None) if table else None
        if table is None or index is None:
            self._no_place(match, statement)
        elif match[3].upper().startswith("PRIMARY"):
            table.primary_key = index.columns
        else:
            table.uniques[self.tables.fold_written(match[2] or match[4])] = index.columns

    def _read_parsed(self, statement: Statement) -> None:
        from sqlglot import exp

        if re.match(r"(?is)CREATE\s+(?:(?:GLOBAL\s+|LOCAL\s+)?(?:UNLOGGED\s+|FOREIGN\s+)?)TABLE\b", statement.text):
            self.tables.create(statement)
            return
        if not re.match(r"(?i)CREATE|ALTER|COMMENT|DROP", statement.text):
            self.catalogue.note(statement.line, statement.text[:400], "a design has no place for it")
            return
        parsed = self.tables.parse(re.sub(r"(?is)\A(CREATE\s+.{0,300}?\sON\s+)ONLY\s+", r"\1", statement.text))
        for one in parsed:
            if isinstance(one, exp.Create) and one.kind == "INDEX":
                self.tables.create_index(one, statement)
            elif isinstance(one, exp.Create) and one.kind == "TYPE":
                self._read_enum(one, statement)
            elif isinstance(one, exp.Alter) and str(one.args.get("kind", "")).upper() == "TABLE":
                self.tables.alter(one, statement)
            elif isinstance(one, exp.Comment):
                self._read_comment(one, statement)
            elif isinstance(one, exp.Drop) and str(one.args.get("kind", "")).upper() == "TABLE":
                self.tables.drop(one)
            elif isinstance(one, exp.Drop):
                self.catalogue.skip("drops of what is not there yet")
            elif isinstance(one, exp.Command):
                self.catalogue.note(statement.line, statement.text, "sqlglot does not read it")
            else:
                self.catalogue.note(statement.line, statement.text, "a design has no place for it")

    def _read_enum(self, one: exp.Create, statement: Statement) -> None:
        from sqlglot import exp

        kind = one.args.get("expression")
        if isinstance(kind, exp.DataType) and kind.this == exp.DataType.Type.ENUM:
            words = tuple(str(word.name) for word in kind.expressions)
            self.tables.enums[self.tables.full_of(one.this)] = words
            self.catalogue.remark(statement.line, statement.text, "columns of this type are enums of its words")
        else:
            self.catalogue.note(
                statement.line,
                statement.text,
                "only enumerated types are read; columns of this one keep its name as `native`",
            )

    def _read_comment(self, one: exp.Comment, statement: Statement) -> None:
        from sqlglot import exp

        kind = str(one.args.get("kind", "")).upper()
        text = one.expression.name if isinstance(one.expression, exp.Literal) else None
        target = one.this
        table: TableRead | None = None
        if kind == "TABLE":
            table = self.tables.find(target)
            if table is not None:
                table.comment = text
        elif kind == "COLUMN" and isinstance(target, exp.Column):
            names = [self.tables.fold(part) for part in target.parts]
            table = self.tables.find_names(names[:-1])
            column = self.tables.find_column(table, names[-1]) if table else None
            if column is not None:
                column.comment = text
            else:
                table = None
        if table is None:
            self.catalogue.note(
                statement.line, statement.text, "what it comments on is not a table or a column that was read"
            )


def _sql_errors() -> tuple[type[Exception], ...]:
    from sqlglot.errors import SqlglotError

    return (SqlglotError, RecursionError, ValueError, KeyError, AttributeError, TypeError, IndexError)
