"""Keys, checks and indexes, as constraints of a table, options of a column or statements of their own say them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from archnb.readers.catalogue import IndexRead, KeyRead, TableRead
from archnb.readers.native_types import read_type
from archnb.readers.sql_names import Names
from archnb.readers.statements import Statement

if TYPE_CHECKING:
    from sqlglot import exp

# an engine's name for sqlglot
READ_AS = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}


class Constraints(Names):
    """The keys, checks and indexes of a dump's tables while it is read."""

    def _add_constraint(self, table: TableRead, one: Any, line: int, name: str | None = None) -> None:
        from sqlglot import exp

        if isinstance(one, exp.Constraint):
            for inner in one.expressions:
                self._add_constraint(table, inner, line, self.fold(one.this))
        elif isinstance(one, exp.PrimaryKey):
            table.primary_key = self._columns(table, one.expressions)
            table.primary_key_name = name or f"{table.name}_pkey"
            for each in table.primary_key:
                if each in table.columns:
                    table.columns[each].nullable = False
                    if (
                        self.engine == "sqlite"
                        and len(table.primary_key) == 1
                        and table.columns[each].typed == read_type("integer", "sqlite")
                    ):
                        table.columns[each].is_generated = True
        elif isinstance(one, exp.UniqueColumnConstraint):
            inner = one.this
            columns = self._columns(table, inner.expressions if isinstance(inner, exp.Schema) else [inner])
            own = self.fold(inner.this) if isinstance(inner, exp.Schema) and inner.this is not None else None
            table.uniques[table.name_free(name or own or f"{table.name}_{'_'.join(columns)}_key")] = columns
            if one.args.get("nulls"):
                self.catalogue.remark(line, f"{table.name}: {', '.join(columns)}", "NULLS NOT DISTINCT is not carried")
        elif isinstance(one, exp.CheckColumnConstraint):
            table.checks[table.name_free(name or f"{table.name}_check")] = self._condition(one.this)
        elif isinstance(one, exp.ForeignKey):
            columns = self._columns(table, one.expressions)
            if one.args.get("reference") is not None:
                self._add_key(table, columns, one.args["reference"], name, line)
        elif isinstance(one, exp.IndexColumnConstraint):
            columns = tuple(self._index_column(table, each) for each in one.expressions)
            kind = one.args.get("kind")
            method = str(kind).lower() if kind else None
            label = self.fold(one.this) if one.this is not None else f"{table.name}_{'_'.join(columns)}_idx"
            table.indexes[table.name_free(label)] = IndexRead(columns, method=method)
        elif isinstance(one, exp.LikeProperty):
            self._copy_table(table, one, line)
        else:
            self.catalogue.note(
                line,
                f"{table.name}: {one.sql(dialect=READ_AS[self.engine])}",
                "a design has no place for this constraint",
            )

    def _copy_table(self, table: TableRead, like: Any, line: int) -> None:
        source = self.find(like.this)
        if source is None:
            self.catalogue.note(line, f"{table.name}: {like.sql()}", "the table that it is like is not there")
            return
        table.columns |= copy.deepcopy(source.columns)
        wanted = {
            str(one.args.get("value") or "").upper() for one in like.expressions if str(one.this).upper() == "INCLUDING"
        }
        if wanted & {"ALL", "INDEXES"}:
            table.primary_key = source.primary_key
            for columns in source.uniques.values():
                table.uniques[table.name_free(f"{table.name}_{'_'.join(columns)}_key")] = columns
            for index in source.indexes.values():
                table.indexes[table.name_free(f"{table.name}_{'_'.join(c.lstrip('-') for c in index.columns)}_idx")] = (
                    copy.deepcopy(index)
                )
        if wanted & {"ALL", "CONSTRAINTS"}:
            table.checks |= source.checks

    def _columns(self, table: TableRead, several: Iterable[Any]) -> tuple[str, ...]:
        from sqlglot import exp

        made = []
        for one in several:
            inner = one.find(exp.Identifier) if not isinstance(one, exp.Identifier) else one
            name = self.fold(inner if inner is not None else one)
            column = self.find_column(table, name)
            made.append(column.name if column else name)
        return tuple(made)

    def _add_key(self, table: TableRead, columns: tuple[str, ...], reference: Any, name: str | None, line: int) -> None:
        from sqlglot import exp

        target = reference.this.this if isinstance(reference.this, exp.Schema) else reference.this
        referenced = reference.this.expressions if isinstance(reference.this, exp.Schema) else []
        actions: dict[str, str | None] = {"DELETE": None, "UPDATE": None}
        for option in reference.args.get("options") or ():
            if found := re.match(r"(?i)ON\s+(DELETE|UPDATE)\s+(.+)", str(option)):
                actions[found[1].upper()] = found[2].lower()
        key = KeyRead(
            "",
            columns,
            self._key(self.full_of(target)),
            tuple(self.fold(one) for one in referenced),
            actions["DELETE"],
            actions["UPDATE"],
            line,
        )
        table.foreign_keys[table.name_free(name or f"{table.name}_{'_'.join(columns)}_fkey")] = key

    def _condition(self, condition: Any) -> str:
        from sqlglot import exp

        while isinstance(condition, exp.Paren):
            condition = condition.this
        return self._sql(condition)

    def _sql(self, expression: Any) -> str:
        return str(expression.sql(dialect=READ_AS[self.engine])) if hasattr(expression, "sql") else str(expression)

    # -- indexes --------------------------------------------------------------------------------------------------

    def create_index(self, one: exp.Create, statement: Statement) -> None:
        index = one.this
        table = self.find(index.args["table"]) if index.args.get("table") is not None else None
        if table is None:
            self.catalogue.note(statement.line, statement.text, "the table of this index is not there")
            return
        parameters = index.args.get("params")
        given = parameters.args if parameters is not None else {}
        columns = tuple(self._index_column(table, each) for each in given.get("columns") or ())
        name = self.fold(index.this) if index.this is not None else f"{table.name}_{'_'.join(columns)}_idx"
        is_unique = bool(one.args.get("unique"))
        where = given.get("where")
        if is_unique and self.engine == "mysql":
            table.uniques[table.name_free(name)] = columns  # MySQL makes no difference between the two
            return
        using = given.get("using")
        method = str(using).lower() if using is not None else None
        if re.search(r"(?i)\b(\w+_(?:pattern_)?ops)\b", statement.text):
            self.catalogue.remark(statement.line, statement.text, "the operator class is not carried")
        if re.search(r"(?i)\bNULLS\s+(?:FIRST|LAST)\b", statement.text):
            self.catalogue.remark(statement.line, statement.text, "where NULLs are sorted is not carried")
        include = tuple(self.fold(each) for each in given.get("include") or ())
        condition = self._condition(where.this) if where is not None else None
        table.indexes[table.name_free(name)] = IndexRead(
            columns, is_unique, condition, method if method != "btree" else None, include
        )

    def _index_column(self, table: TableRead, one: Any) -> str:
        from sqlglot import exp

        is_down = False
        if isinstance(one, exp.Ordered):
            is_down, one = bool(one.args.get("desc")), one.this
        if isinstance(one, exp.Opclass | exp.Collate):
            one = one.this
        if isinstance(one, exp.ColumnPrefix):
            one = one.this
        if isinstance(one, exp.Anonymous) and self.engine == "mysql" and self.find_column(table, self.fold(one.this)):
            one = one.this  # `name`(10): the first ten characters
        if isinstance(one, (exp.Column, exp.Identifier, str)):
            name = self.fold(one.this if isinstance(one, exp.Column) else one)
            column = self.find_column(table, name)
            made = column.name if column else name
        else:
            made = self._sql(one)
        return f"-{made}" if is_down else made

    def attach_index(self, written: str) -> None:
        """An index of a partition becomes part of its parent's: it is the parent's own, said once."""
        name = self.fold_written(written)
        for table in self.by_name.values():
            if table.indexes.pop(name, None) is not None or table.uniques.pop(name, None) is not None:
                return
            if table.primary_key_name == name:
                table.primary_key = ()
                return
