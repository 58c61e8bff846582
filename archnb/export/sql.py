"""DDL: the tables of the relational stores in PostgreSQL, MySQL or SQLite, compiled by SQLAlchemy.

`metadata` builds SQLAlchemy's tables, `statements` the statements in an order in which they run, `export_sql` the file.
SQLAlchemy quotes every name; conditions are translated by sqlglot where the dialect is another than the store's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archnb.design.schema import Schema as SaidSchema
from archnb.engines import load_engine
from archnb.export.column_types import is_built_in, sql_type, translate
from archnb.export.guards import Guards, is_taken_by_mysql
from archnb.export.strict import form_of, scale_of, to_units, use_units
from archnb.model.identifiers import claim_folded, shorten
from archnb.model.lookups import bare, list_full_text
from archnb.planned.schema import Column, Exclusion, Index, Schema, Table
from archnb.shapes import Source

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.engine import Dialect

    from archnb.plan import Plan
from archnb.export.dialects import (
    DIALECTS,
    Statement,
    check_dialect,
    lay_out_sql,
    make_dialect,
    name_limit,
    write_comment,
)
from archnb.export.partitions import ROLL_PARTITIONS, usable_split, write_partitions
from archnb.export.table_order import order_tables


@dataclass
class _Making:
    """What is needed while one table is made."""

    schema: Schema
    said: SaidSchema
    dialect: str
    names: dict[str, str]
    order: list[str]
    # case-folded
    taken: set[str]

    def source(self, table: str, kind: str, name: str, engine: str) -> str:
        """The dialect that an expression is written in: the store's where it was said, standard SQL where it was proposed."""
        said = self.said.tables.get(table)
        return engine if said is not None and name in getattr(said, kind) else ""

    def name(self, table: str, wanted: str) -> str:
        """A name for an index or constraint that fits the dialect and is taken by nobody else."""
        short = shorten(wanted, name_limit(self.dialect))
        if short.casefold() in self.taken:
            short = claim_folded(f"{table}_{wanted}", self.taken)
        self.taken.add(short.casefold())
        return short


def metadata(plan: Plan, dialect: str = "postgresql") -> sa.MetaData:
    """The relational tables as SQLAlchemy's, for a dialect: columns, keys, uniques, checks, foreign keys and indexes.

    A table keeps its name in the design as `table.info["table"]`. Partitions and comments are in `statements` only.
    """
    import sqlalchemy

    check_dialect(dialect)
    schema = plan.planned.schema
    order = order_tables(schema)
    made = sqlalchemy.MetaData()
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in order:
        names[name] = claim_folded(shorten(name, name_limit(dialect)), taken)
        taken.add(names[name].casefold())
    making = _Making(schema, plan.said.schema, dialect, names, order, taken)
    for name in order:
        _make_table(making, made, name)
    return made


def _make_table(making: _Making, target: sa.MetaData, name: str) -> None:
    import sqlalchemy as sa

    schema, dialect = making.schema, making.dialect
    table, engine = schema.tables[name], schema.store_of(name).engine
    key = primary_key_of(table, dialect)
    indexed = {
        *key,
        *(c for u in table.uniques.values() for c in u.columns),
        *(bare(c) for i in table.indexes.values() for c in i.columns),
    }
    indexed |= {c for one in table.foreign_keys.values() for c in one.columns}
    indexed |= {c for _, one in schema.list_referring(name) for c in one.referenced}
    parts: list[Any] = []
    columns: dict[str, sa.Column[Any]] = {}
    for column_name, column in table.columns.items():
        columns[column_name] = _make_column(making, name, column_name, column, engine, key, column_name in indexed)
    parts += columns.values()
    if key:
        parts.append(
            sa.PrimaryKeyConstraint(
                *(columns[one].name for one in key),
                name=making.name(name, f"{name}_pkey") if dialect != "mysql" else None,
            )
        )
    for wanted, unique in table.uniques.items():
        if not unique.where and not _is_caseless(table, unique.columns, dialect):
            parts.append(
                sa.UniqueConstraint(*(columns[one].name for one in unique.columns), name=making.name(name, wanted))
            )
    if load_engine(dialect).has("exclusion constraints"):
        parts += [
            _make_exclusion(making, name, table, wanted, one, columns) for wanted, one in table.exclusions.items()
        ]
    parts += _make_checks(making, name, table, engine)
    for wanted, one in table.foreign_keys.items():
        if one.references not in making.names or not one.columns:
            continue
        other = schema.tables[one.references]
        referenced = one.referenced or primary_key_of(other, dialect)
        if len(referenced) != len(one.columns):
            continue
        place = sa.ForeignKeyConstraint(
            [columns[c].name for c in one.columns],
            [f"{making.names[one.references]}.{shorten(c, name_limit(dialect))}" for c in referenced],
            name=making.name(name, wanted),
            ondelete=_action(one.on_delete), onupdate=_action(one.on_update),
            use_alter=_is_later(making, name, one.references),
        )  # fmt: skip
        parts.append(place)
    table_options: dict[str, Any] = {
        "mysql_charset": "utf8mb4",
        "sqlite_strict": _is_strict(table, engine, dialect),
    }
    split = usable_split(table)
    if load_engine(dialect).has("partitions with foreign keys") and split is not None:
        quote = make_dialect(dialect).identifier_preparer.quote
        table_options["postgresql_partition_by"] = (
            f"{split.kind.upper()} ({', '.join(quote(shorten(one)) for one in split.columns)})"
        )
    made = sa.Table(
        making.names[name], target, *parts, comment=table.comment or None, info={"table": name}, **table_options
    )
    for wanted, unique in table.uniques.items():
        is_partial = bool(unique.where) and load_engine(dialect).has("partial indexes")
        if is_partial or (not unique.where and _is_caseless(table, unique.columns, dialect)):
            folded = _is_caseless(table, unique.columns, dialect)
            source = making.source(name, "uniques", wanted, engine)
            condition = translate(unique.where, source, dialect) if unique.where else None
            options: dict[str, Any] = {} if condition is None else {f"{dialect}_where": sa.literal_column(condition)}
            _add_index(
                made,
                making.name(name, wanted),
                _fold(table, made, columns, unique.columns) if folded else [columns[one] for one in unique.columns],
                unique=True,
                info={"name": wanted},
                **options,
            )
    for wanted, index in table.indexes.items():
        _make_index(making, made, name, wanted, table, index, columns, engine)


# the range that two columns make, by their type
_RANGES = {
    "timestamp": "tstzrange",
    "date": "daterange",
    "int": "int4range",
    "bigint": "int8range",
    "decimal": "numrange",
}


def _make_exclusion(
    making: _Making, name: str, table: Table, wanted: str, one: Exclusion, columns: dict[str, sa.Column[Any]]
) -> Any:
    """EXCLUDE: rows that agree in columns and whose ranges meet are refused."""
    import sqlalchemy as sa
    from sqlalchemy.dialects.postgresql import ExcludeConstraint

    start = columns[one.start]
    native = (table.columns[one.start].native or "").lower()
    function = (
        "tsrange" if native.startswith("timestamp") and "with time zone" not in native and "tz" not in native else ""
    )
    function = function or _RANGES.get(table.columns[one.start].type, "numrange")
    bounds: Any = sa.literal_column("'[]'" if one.holds_end else "'[)'")
    span = getattr(sa.func, function)(start, columns[one.end], bounds)
    parts: list[Any] = [(columns[each], "=") for each in one.columns]
    where: Any = sa.literal_column(one.where) if one.where else None
    return ExcludeConstraint(
        *parts, (span, "&&"), using="gist", where=where, name=making.name(name, wanted), info={"name": wanted}
    )


def primary_key_of(table: Table, dialect: str) -> tuple[str, ...]:
    """The primary key in a dialect: only a table that is split there needs the partition's column in it."""
    if load_engine(dialect).has("partitions with foreign keys"):
        return table.primary_key
    return tuple(one for one in table.primary_key if one not in table.split.added)


def _is_later(making: _Making, name: str, referenced: str) -> bool:
    """Whether a foreign key waits until all tables are there: what it refers to is made later, and the dialect can add it."""
    is_able = load_engine(making.dialect).has("constraints added later")
    return is_able and making.order.index(referenced) > making.order.index(name)


def _action(word: str | None) -> str | None:
    return None if word is None or word == "no action" else word.upper()


def _make_column(
    making: _Making, table_name: str, name: str, column: Column, engine: str, key: tuple[str, ...], is_indexed: bool
) -> sa.Column[Any]:
    import sqlalchemy as sa

    dialect = making.dialect
    extra: list[Any] = []
    is_numbered = column.is_generated and column.type in ("key", "bigint", "int", "smallint")
    if is_numbered and dialect == "postgresql":
        extra.append(sa.Identity(always=False))
    default = None
    if column.default and not is_numbered:
        default = _make_default(column, making.source(table_name, "columns", name, engine), dialect)
    short = shorten(name, name_limit(dialect))
    return sa.Column(
        short, sql_type(column, dialect, engine=engine, is_indexed=is_indexed), *extra,
        nullable=column.nullable and name not in key,
        autoincrement=is_numbered and (dialect == "postgresql" or key[:1] == (name,)),
        server_default=default, comment=column.comment or None, info={"column": name},
    )  # fmt: skip


def _make_default(column: Column, source: str, dialect: str) -> Any:
    import sqlalchemy as sa

    word = column.default
    scale = scale_of(column) if dialect == "sqlite" else None
    if scale is not None and re.fullmatch(r"[-+]?\d+(?:\.\d+)?", word):
        return sa.literal_column(str(to_units(word, scale)))
    if dialect == "sqlite" and column.type == "timestamp" and word.upper().rstrip("()") in ("CURRENT_TIMESTAMP", "NOW"):
        # to the millisecond, which is all that SQLite knows of the time, written as every other instant is
        return sa.literal_column("(strftime('%Y-%m-%d %H:%M:%f000', 'now'))")
    if word.upper().rstrip("()") in ("CURRENT_TIMESTAMP", "NOW"):
        return sa.literal_column(
            "CURRENT_TIMESTAMP(6)" if dialect == "mysql" and column.type == "timestamp" else "CURRENT_TIMESTAMP"
        )
    if word.upper() in ("CURRENT_DATE", "CURRENT_TIME"):
        return sa.literal_column(f"({word.upper()})" if dialect != "postgresql" else word.upper())
    if word.upper() in ("TRUE", "FALSE"):
        return sa.literal_column({"sqlite": str(int(word.upper() == "TRUE"))}.get(dialect, word.lower()))
    made = translate(word, source, dialect)
    if made is None:
        return None
    # MySQL wants an expression as the default of a long text or a document in brackets
    is_long = dialect == "mysql" and column.type in ("text", "json", "url", "bytes", "point") and not column.length
    return sa.literal_column(f"({made})" if is_long or (dialect == "sqlite" and not _is_simple(made)) else made)


def _is_simple(expression: str) -> bool:
    return expression.startswith("'") or expression.replace(".", "").replace("-", "").isalnum()


def _is_caseless(table: Table, columns: Iterable[str], dialect: str) -> bool:
    """Whether a unique has to be told to compare e-mail addresses without case: the engine does not do so anyway."""
    is_told = not load_engine(dialect).has("case-insensitive text")
    return is_told and any(table.columns[one].type == "email" for one in columns)


def _fold(table: Table, made: sa.Table, columns: dict[str, sa.Column[Any]], names: Iterable[str]) -> list[Any]:
    import sqlalchemy as sa

    return [sa.func.lower(columns[one]) if table.columns[one].type == "email" else columns[one] for one in names]


def _make_checks(making: _Making, name: str, table: Table, engine: str) -> list[Any]:
    import sqlalchemy as sa

    made: list[Any] = []
    for wanted, check in table.checks.items():
        if not check.condition or (making.dialect == "mysql" and not is_taken_by_mysql(table, check)):
            continue
        condition = translate(check.condition or "", making.source(name, "checks", wanted, engine), making.dialect)
        if condition is not None and _is_strict(table, engine, making.dialect):
            condition = use_units(condition, table)
        if condition is not None:
            made.append(
                sa.CheckConstraint(sa.literal_column(condition), name=making.name(name, wanted), info={"name": wanted})
            )
    for column_name, column in table.columns.items():
        wanted = shorten(f"{name}_{column_name}_check")
        if (
            column.type == "enum"
            and column.values
            and not _has_own_words(column, engine, making.dialect)
            and wanted not in table.checks
        ):
            place: sa.ColumnClause[str] = sa.column(shorten(column_name, name_limit(making.dialect)))
            made.append(sa.CheckConstraint(place.in_(column.values), name=making.name(name, wanted)))
    if _is_strict(table, engine, making.dialect):
        made += _make_forms(making, name, table)
    return made


def _is_strict(table: Table, engine: str, dialect: str) -> bool:
    """Whether a table is a strict one of SQLite: all its types are ours, none is the engine's own as it was said."""
    natives = [one.native for one in table.columns.values() if one.native and engine == dialect]
    return dialect == "sqlite" and not any(is_built_in(one, dialect) for one in natives)


def _make_forms(making: _Making, name: str, table: Table) -> list[Any]:
    """Checks that hold in SQLite what the types hold elsewhere: how long a text is, which form a day has."""
    import sqlalchemy as sa

    quote = make_dialect(making.dialect).identifier_preparer.quote
    made: list[Any] = []
    for column_name, column in table.columns.items():
        form = form_of(column, quote(shorten(column_name, name_limit(making.dialect))))
        if form:
            wanted = making.name(name, shorten(f"{name}_{column_name}_form", name_limit(making.dialect)))
            made.append(sa.CheckConstraint(sa.literal_column(form), name=wanted))
    return made


def _has_own_words(column: Column, engine: str, dialect: str) -> bool:
    """Whether the column's type on this engine holds the words of its enum already."""
    return bool(column.native) and engine == dialect and is_built_in(column.native, dialect)


def _make_index(
    making: _Making,
    made: sa.Table,
    name: str,
    wanted: str,
    table: Table,
    index: Index,
    columns: dict[str, sa.Column[Any]],
    engine: str,
) -> None:
    import sqlalchemy as sa

    dialect, method, able = making.dialect, index.method, load_engine(making.dialect)
    if method not in METHODS:
        return
    if any(bare(one) not in columns for one in index.columns):
        # an index over an expression is written as it was said, on its own engine only
        if engine == dialect:
            parts = [
                columns[bare(one)] if bare(one) in columns else sa.literal_column(f"({one})") for one in index.columns
            ]
            _add_index(made, making.name(name, wanted), parts, unique=bool(index.unique), info={"name": wanted})
        return
    if method in POINTS and table.columns[bare(index.columns[0])].type == "point":
        # on PostgreSQL a GiST index over points; MySQL has its own kind, for columns that are never NULL; SQLite none
        place = columns[index.columns[0]]
        if dialect == "postgresql":
            _add_index(made, making.name(name, wanted), [place], info={"name": wanted}, postgresql_using=method)
        elif dialect == "mysql" and not table.columns[index.columns[0]].nullable:
            _add_index(made, making.name(name, wanted), [place], info={"name": wanted}, mysql_prefix="SPATIAL")
        return
    if method in list_full_text() and all(table.columns[one].type in TEXTS for one in index.columns):
        _add_full_text(making, made, name, wanted, [columns[one] for one in index.columns])
        return
    parts = []
    for one in index.columns:
        column: Any = columns[bare(one)]
        if table.columns[bare(one)].type == "email" and not able.has("case-insensitive text"):
            column = sa.func.lower(column)
        parts.append(column.desc() if one.startswith("-") else column)
    options: dict[str, Any] = {}
    if index.where and able.has("partial indexes"):
        condition = translate(index.where, making.source(name, "indexes", wanted, engine), dialect)
        if condition is None:
            return
        if _is_strict(table, engine, dialect):
            condition = use_units(condition, table)
        options[f"{dialect}_where"] = sa.literal_column(condition)
    if dialect == "postgresql" and method != "btree":
        options["postgresql_using"] = method
    if able.has("covering indexes") and index.include:
        options[f"{dialect}_include"] = [columns[one] for one in index.include if one in columns]
    _add_index(made, making.name(name, wanted), parts, unique=bool(index.unique), info={"name": wanted}, **options)


# access methods that come with an engine; those of extensions want operator classes that the design does not hold
METHODS = ("btree", "hash", "gin", "gist", "spgist", "brin", "fulltext")
POINTS = ("gist", "spgist")
TEXTS = ("text", "char", "code", "url", "email", "phone", "language", "enum", "country")


def _add_full_text(making: _Making, made: sa.Table, table: str, wanted: str, columns: list[sa.Column[Any]]) -> None:
    if making.dialect == "postgresql":
        _add_index(made, making.name(table, wanted), [words_of(columns)], info={"name": wanted}, postgresql_using="gin")
    elif making.dialect == "mysql":
        _add_index(made, making.name(table, wanted), columns, info={"name": wanted}, mysql_prefix="FULLTEXT")


def words_of(columns: Iterable[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
    """The words of some text columns on PostgreSQL, as the index holds them and the query asks for them."""
    import sqlalchemy as sa
    from sqlalchemy.dialects.postgresql import REGCONFIG

    text: Any = None
    for one in columns:
        part = sa.func.coalesce(one, sa.literal_column("''"))
        text = part if text is None else text + sa.literal_column("' '") + part
    return sa.func.to_tsvector(sa.cast(sa.literal_column("'simple'"), REGCONFIG), text)


def _add_index(made: sa.Table, name: str, parts: Iterable[Any], **options: Any) -> None:
    import sqlalchemy as sa

    # an index over expressions alone does not know its table
    index = sa.Index(name, *parts, **options)
    if index.table is None:
        index._set_parent(made)


def statements(plan: Plan, dialect: str = "postgresql") -> list[Statement]:
    """The DDL in an order in which it runs: extensions, tables with their indexes, late foreign keys, comments."""
    from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

    schema, made, how = plan.planned.schema, metadata(plan, dialect), make_dialect(dialect)
    able = load_engine(dialect)
    tables = {table.info["table"]: table for table in made.tables.values()}
    done: list[Statement] = []
    kinds = (
        {
            getattr(column.type, "text", "").partition("(")[0]
            for table in made.tables.values()
            for column in table.columns
        }
        if dialect == "postgresql"
        else set()
    )
    if "vector" in kinds:
        done.append(Statement("CREATE EXTENSION IF NOT EXISTS vector", "embeddings are kept and compared by pgvector"))
    excluding = [name for name in tables if schema.tables[name].exclusions and able.has("exclusion constraints")]
    if excluding:
        why = "an exclusion constraint compares numbers and keys for equality beside ranges"
        done.append(Statement("CREATE EXTENSION IF NOT EXISTS btree_gist", why))
    splits = (
        {name: usable_split(schema.tables[name]) for name in tables} if able.has("partitions with foreign keys") else {}
    )
    if any(one is not None and one.every for one in splits.values()):
        done.append(
            Statement(
                ROLL_PARTITIONS, "makes the partitions of a table ahead of time, and drops those past its retention"
            )
        )
    late: list[Statement] = []
    for name, table in tables.items():
        keys = sorted(table.foreign_key_constraints, key=lambda one: str(one.name))
        inline = [one for one in keys if not one.use_alter]
        path = f"schema.tables.{name}"
        reason = "" if able.has("comments") else table.comment or ""
        done.append(
            Statement(
                lay_out_sql(CreateTable(table, include_foreign_key_constraints=inline).compile(dialect=how)), reason
            )
        )
        split = usable_split(schema.tables[name])
        if able.has("partitions with foreign keys") and split is not None:
            done += write_partitions(
                table, split, how, _reason(plan, f"{path}.partition_by"), schema.tables[name].retention
            )
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            why = _reason(plan, f"{path}.indexes.{index.name}") or _reason(plan, f"{path}.uniques.{index.name}")
            text = lay_out_sql(CreateIndex(index).compile(dialect=how))
            kind = index.kwargs.get("mysql_prefix")
            done.append(Statement(_alter_index(table, index, kind, how) if kind else text, why))
        late += [
            Statement(lay_out_sql(AddConstraint(one).compile(dialect=how)), "the table it refers to comes later")
            for one in keys
            if one.use_alter
        ]
        if dialect == "postgresql":
            late += _make_comments(table, how)
    quote = how.identifier_preparer.quote
    guards = Guards(schema, dialect, {name: table.name for name, table in tables.items()}, quote).write()
    return done + late + [Statement(one.text, _why_guarded(plan, one.table, one.name)) for one in guards]


def _why_guarded(plan: Plan, table: str, name: str) -> str:
    if not table:
        return "what the triggers of tables call whose rows are only ever added"
    path = f"schema.tables.{table}"
    found = (_reason(plan, f"{path}.{kind}.{name}") for kind in ("exclusions", "checks", "uniques"))
    return next((one for one in found if one), "") or _reason(plan, f"{path}.{name}")


def left_out(plan: Plan, dialect: str) -> list[str]:
    """The indexes and checks of the design that the DDL of a dialect does not have, as `table.name`."""
    tables = {table.info["table"]: table for table in metadata(plan, dialect).tables.values()}
    missing = []
    quote = make_dialect(dialect).identifier_preparer.quote
    guards = Guards(plan.planned.schema, dialect, {name: table.name for name, table in tables.items()}, quote).write()
    for name, table in tables.items():
        record = plan.planned.schema.tables[name]
        made = {one.info.get("name") for one in (*table.indexes, *table.constraints)}
        made |= {one.name for one in guards if one.table == name}
        missing += [f"{name}.{one}" for one in (*record.indexes, *record.checks) if one not in made]
    return missing


def _alter_index(table: sa.Table, index: sa.Index, kind: str, how: Dialect) -> str:
    """MySQL's full-text or spatial index in the form that parsers know too."""
    quote = how.identifier_preparer.quote
    columns = ", ".join(quote(one.name) for one in index.columns)
    return f"ALTER TABLE {quote(table.name)} ADD {kind} INDEX {quote(str(index.name))} ({columns})"


def _make_comments(table: sa.Table, how: Dialect) -> list[Statement]:
    from sqlalchemy.schema import SetColumnComment, SetTableComment

    made = [Statement(lay_out_sql(SetTableComment(table).compile(dialect=how)))] if table.comment else []
    return made + [
        Statement(lay_out_sql(SetColumnComment(one).compile(dialect=how))) for one in table.columns if one.comment
    ]


def _reason(plan: Plan, path: str) -> str:
    because = plan.draft.reasons.get(path)
    return because.reason if because is not None else ""


def export_sql(plan: Plan, dialect: str = "postgresql") -> Source:
    """The DDL of the relational stores' tables as one file.

    dialect: 'postgresql', 'mysql' or 'sqlite'. Raises ArchnbError with the nearest name for another.
    """
    check_dialect(dialect)
    parts = [write_comment(f"{plan.name}: database schema for {load_engine(dialect).label}, made by archnb")]
    left = [name for name in plan.planned.schema.tables if not plan.planned.schema.is_relational(name)]
    if left:
        parts.append(write_comment(f"Not here, because they are in other stores: {', '.join(left)}"))
    missing = left_out(plan, dialect)
    if missing:
        parts.append(
            write_comment(f"Left out, because {load_engine(dialect).label} has no such thing: {', '.join(missing)}")
        )
    scaled = [
        name
        for name, table in plan.planned.schema.tables.items()
        if dialect == "sqlite" and any(scale_of(one) for one in table.columns.values())
    ]
    if scaled:
        text = (
            "Exact numbers are whole numbers in units of their last decimal: 12.34 of money, which has four, is 123400"
        )
        parts.append(write_comment(f"{text} (in {', '.join(scaled)})."))
    parts.append("\n")
    if dialect == "sqlite":
        parts.append("PRAGMA foreign_keys = ON;\n\n")
    for one in statements(plan, dialect):
        if dialect == "mysql" and "\nBEGIN\n" in one.text:
            # its client ends a statement at the first semicolon unless told otherwise
            parts.append(f"{write_comment(one.reason)}DELIMITER //\n{one.text}//\nDELIMITER ;\n\n")
            continue
        parts.append(write_comment(one.reason) + one.text + ";\n\n")
    return Source(f"sql-{dialect}", f"DDL for {load_engine(dialect).label}", "sql", "".join(parts).rstrip() + "\n", filename=f"schema.{dialect}.sql",
                  description="Tables, keys and indexes in an order in which they run.")  # fmt: skip


__all__ = [
    "DIALECTS",
    "Statement",
    "check_dialect",
    "export_sql",
    "left_out",
    "make_dialect",
    "metadata",
    "name_limit",
    "shorten",
    "statements",
    "words_of",
    "write_comment",
]
