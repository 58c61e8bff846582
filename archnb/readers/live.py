"""A live database as a design, read from its own catalogue through SQLAlchemy's reflection. Only the catalogue is read,
never a row.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

from archnb.address import hide_password, normalise_address, show_address
from archnb.exceptions import EngineMissing, InputError, Problem
from archnb.readers.catalogue import Catalogue, ColumnRead, Import, IndexRead, KeyRead, TableRead
from archnb.readers.native_types import Typed, read_type

_DRIVERS = {
    "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mysql+pymysql",
    "sqlite": "sqlite",
}  # fmt: skip

# What a partition has from its parent, which SQLAlchemy does not tell apart, and how tables are partitioned.
_INHERITED = """
SELECT c.relname, n.nspname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.conparentid <> 0 OR (k.contype = 'c' AND NOT k.conislocal)
UNION ALL SELECT t.relname, n.nspname, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace WHERE c.relispartition
"""
_PARTITIONS = """
SELECT n.nspname, c.relname, pn.nspname, p.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE c.relispartition AND c.relkind IN ('r', 'p')
"""
_PARTITIONED = """
SELECT n.nspname, c.relname, pg_get_partkeydef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'p'
"""


def read_live(url: str) -> Import:
    """Read the database at a URL: postgresql://user@host/shop, mysql://…, sqlite:///shop.db.

    Raises InputError for a URL of another engine or an empty database, EngineMissing where it does not answer.
    """
    import sqlalchemy as sa
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    try:
        given = sa.make_url(normalise_address(url))
    except (ArgumentError, ValueError):
        raise InputError(
            [Problem("", "this is not a database URL; write for instance postgresql://user@host/shop.")]
        ) from None
    shown = show_address(url)
    family = given.drivername.partition("+")[0].lower()
    if family not in _DRIVERS:
        raise InputError(
            [Problem("", f"a database of the kind {family!r} is not read; allowed: postgresql, mysql, sqlite.")], shown
        )
    if family == "sqlite" and given.database and given.database != ":memory:":
        _check_file(given.database, shown)
    if "+" not in given.drivername:
        given = given.set(drivername=_DRIVERS[family])
    try:
        engine = sa.create_engine(given, poolclass=sa.pool.NullPool)
        with engine.connect() as connection, warnings.catch_warnings():
            # of a type that SQLAlchemy does not know it warns; here it becomes a note
            warnings.simplefilter("ignore", sa.exc.SAWarning)
            made = _Live(connection, shown).read()
    except (NoSuchModuleError, ImportError) as error:
        if given.drivername == _DRIVERS[family]:
            driver = given.drivername.partition("+")[2]
            raise EngineMissing.of_extra(f"{shown} is read through", driver, "verify") from None
        raise EngineMissing(f"the driver for {shown} is not installed: {hide_password(error, url)}") from None
    except SQLAlchemyError as error:
        told = str(getattr(error, "orig", None) or error).strip().splitlines() or ["no reason given"]
        reason = hide_password(told[0], url)
        raise EngineMissing(f"{shown} cannot be read: {reason}. Next: start it, or correct the address.") from None
    if not made.counts["tables"]:
        raise InputError([Problem("", "the database holds no table that this user can see.")], shown)
    return made


def _check_file(path: str, shown: str) -> None:
    """SQLite makes a file that is not there: a slip must not end in an empty database."""
    from pathlib import Path

    if not Path(path).is_file():
        raise InputError([Problem("", f"there is no file {path!r}.")], shown)


class _Live:
    def __init__(self, connection: Any, shown: str) -> None:
        import sqlalchemy as sa

        self.connection, self.inspector = connection, sa.inspect(connection)
        self.dialect = connection.dialect
        self.engine = "mysql" if self.dialect.name in ("mysql", "mariadb") else str(self.dialect.name)
        self.catalogue = Catalogue(self.engine, shown)
        self.default = self.inspector.default_schema_name
        self.inherited: set[tuple[str, str, str]] = set()

    def read(self) -> Import:
        if self.engine == "postgresql":
            self.inherited = {(row[1], row[0], row[2]) for row in self._query(_INHERITED)}
            names = [
                one
                for one in self.inspector.get_schema_names()
                if not one.startswith("pg_") and one != "information_schema"
            ]
            schemas: list[str | None] = [None if one == self.default else one for one in names]
        else:
            schemas = [None]
        for schema in schemas:
            self._read_schema(schema)
        if self.engine == "postgresql":
            self._read_partitions()
        return self.catalogue.finish()

    def _query(self, text: str) -> list[Any]:
        import sqlalchemy as sa

        return list(self.connection.execute(sa.text(text)))

    def _read_schema(self, schema: str | None) -> None:
        from sqlalchemy.engine.reflection import ObjectKind

        several: dict[str, Any] = {"schema": schema, "kind": ObjectKind.TABLE}
        look = self.inspector
        columns = look.get_multi_columns(**several)
        keys, foreign = look.get_multi_pk_constraint(**several), look.get_multi_foreign_keys(**several)
        uniques, indexes = look.get_multi_unique_constraints(**several), look.get_multi_indexes(**several)
        checks = look.get_multi_check_constraints(**several)
        comments = look.get_multi_table_comment(**several) if self.dialect.supports_comments else {}
        for place, found in columns.items():
            name = str(place[1])
            full = name if schema is None else f"{schema}.{name}"
            table = TableRead(name=name, schema=schema)
            self.catalogue.tables[full] = table
            key = keys.get(place) or {}
            if not self._is_inherited(schema, name, key.get("name")):
                table.primary_key = tuple(key.get("constrained_columns") or ())
            for one in found:
                table.columns[one["name"]] = self._make_column(table, one)
            for one in self._sqlite_uniques(name) if self.engine == "sqlite" else uniques.get(place) or ():
                if not self._is_inherited(schema, name, one.get("name")):
                    table.uniques[table.name_free(one.get("name") or f"{name}_{'_'.join(one['column_names'])}_key")] = (
                        tuple(one["column_names"])
                    )
            for one in checks.get(place) or ():
                if not self._is_inherited(schema, name, one.get("name")):
                    table.checks[table.name_free(one.get("name") or f"{name}_check")] = str(one["sqltext"])
            for one in self._sqlite_keys(name) if self.engine == "sqlite" else foreign.get(place) or ():
                if not self._is_inherited(schema, name, one.get("name")):
                    self._add_key(table, one)
            for one in indexes.get(place) or ():
                self._add_index(table, one)
            table.comment = (comments.get(place) or {}).get("text")
        views = [*look.get_view_names(schema=schema)]
        if self.engine == "postgresql":
            views += look.get_materialized_view_names(schema=schema)
        for view in views:
            self.catalogue.note(0, view, "a view: a design has no place for views yet")

    def _sqlite_uniques(self, table: str) -> list[dict[str, Any]]:
        """SQLAlchemy finds unique constraints in the text of the table, and misses some; the pragma has them all."""
        quoted = self.dialect.identifier_preparer.quote(table)
        found = []
        for row in self.connection.exec_driver_sql(f"PRAGMA index_list({quoted})"):
            if row[3] == "u":
                name = self.dialect.identifier_preparer.quote(row[1])
                columns = [one[2] for one in self.connection.exec_driver_sql(f"PRAGMA index_info({name})")]
                found.append({"name": None, "column_names": columns})
        return found

    def _sqlite_keys(self, table: str) -> list[dict[str, Any]]:
        """The same for foreign keys, whose actions SQLAlchemy misses where no columns are named."""
        quoted = self.dialect.identifier_preparer.quote(table)
        found: dict[int, dict[str, Any]] = {}
        for row in self.connection.exec_driver_sql(f"PRAGMA foreign_key_list({quoted})"):
            options = {"onupdate": row[5], "ondelete": row[6]}
            empty = {"referred_table": row[2], "constrained_columns": [], "referred_columns": [], "options": options}
            one = found.setdefault(row[0], empty)
            one["constrained_columns"].append(row[3])
            if row[4] is not None:
                one["referred_columns"].append(row[4])
        return [found[number] for number in sorted(found)]

    def _is_inherited(self, schema: str | None, table: str, name: str | None) -> bool:
        return (schema or self.default, table, name) in self.inherited

    def _make_column(self, table: TableRead, found: Mapping[str, Any]) -> ColumnRead:
        typed = self._type(found["type"])
        default = found.get("default")
        is_generated = bool(found.get("identity")) or "nextval(" in str(default)
        if self.engine == "mysql":
            is_generated = found.get("autoincrement") is True
        if self.engine == "sqlite":
            is_generated = table.primary_key == (found["name"],) and str(found["type"]).upper() == "INTEGER"
        if found.get("computed"):
            self.catalogue.note(
                0,
                f"{table.name}.{found['name']}",
                "that the column is computed is not carried; it is kept as a plain one",
            )
        text = (
            None
            if is_generated or default is None or str(default).upper() == "NULL"
            else re.sub(r"^('(?:[^']|'')*')::[\w\s.\"\[\]()]+$", r"\1", str(default))
        )
        return ColumnRead(
            found["name"], typed, bool(found.get("nullable", True)), text, is_generated, found.get("comment")
        )

    def _type(self, kind: Any) -> Typed:
        import sqlalchemy as sa
        from sqlalchemy.dialects import postgresql

        if isinstance(kind, postgresql.DOMAIN):
            return self._type(kind.data_type)
        if isinstance(kind, sa.Enum):
            words = tuple(str(one) for one in kind.enums)
            return Typed(
                "enum",
                values=words,
                native=None if self.engine == "postgresql" else str(kind.compile(dialect=self.dialect)),
            )
        if isinstance(kind, sa.types.NullType):
            return Typed("other", native="blob" if self.engine == "sqlite" else None)
        text = str(kind.compile(dialect=self.dialect))
        return read_type(re.sub(r"(?i)\s+(?:CHARACTER SET|COLLATE) \S+", "", text).lower(), self.engine)

    def _add_key(self, table: TableRead, found: Mapping[str, Any]) -> None:
        schema = found.get("referred_schema")
        target = found["referred_table"] if schema in (None, self.default) else f"{schema}.{found['referred_table']}"
        options = found.get("options") or {}
        columns = tuple(found["constrained_columns"])
        if self.engine != "postgresql":
            # a reference may be written in another case than the table
            names = {one.casefold(): one for one in self.inspector.get_table_names()}
            target = names.get(target.casefold(), target)
        name = table.name_free(found.get("name") or f"{table.name}_{'_'.join(columns)}_fkey")
        table.foreign_keys[name] = KeyRead(
            name,
            columns,
            target,
            tuple(found.get("referred_columns") or ()),
            options.get("ondelete"),
            options.get("onupdate"),
        )

    def _add_index(self, table: TableRead, found: Mapping[str, Any]) -> None:
        if found.get("duplicates_constraint") or self._is_inherited(table.schema, table.name, found.get("name")):
            return
        if self.engine == "mysql" and found.get("unique"):
            return  # it is among the unique constraints
        sorting = found.get("column_sorting") or {}
        texts = found.get("expressions") or found.get("column_names") or ()
        columns = tuple(f"-{one}" if "desc" in sorting.get(one, ()) else str(one) for one in texts if one is not None)
        options = found.get("dialect_options") or {}
        method = options.get("postgresql_using") or (options.get("mysql_prefix") or "").lower() or None
        where = options.get("postgresql_where") or options.get("sqlite_where")
        include = tuple(options.get("postgresql_include") or ())
        name = table.name_free(str(found.get("name") or f"{table.name}_idx"))
        table.indexes[name] = IndexRead(
            tuple(one for one in columns if one not in include), bool(found.get("unique")), str(where) if where is not None else None,
            method if method != "btree" else None, include,
        )  # fmt: skip

    def _read_partitions(self) -> None:
        tables = self.catalogue.tables

        def full(schema: str, name: str) -> str:
            return name if schema == self.default else f"{schema}.{name}"

        for schema, name, parent_schema, parent, bounds in self._query(_PARTITIONS):
            if full(schema, name) in tables:
                tables[full(schema, name)].partition_of, tables[full(schema, name)].bounds = (
                    full(parent_schema, parent),
                    bounds,
                )
        for schema, name, key in self._query(_PARTITIONED):
            if full(schema, name) in tables:
                method, _, rest = key.partition(" ")
                tables[full(schema, name)].partition_by = f"{method.lower()} {rest}"
