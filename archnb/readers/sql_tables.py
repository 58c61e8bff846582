"""Tables as statements build them up: CREATE TABLE and ALTER TABLE, applied in the order of the dump."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from archnb.readers.catalogue import ColumnRead, TableRead
from archnb.readers.native_types import Typed, read_type
from archnb.readers.parts import Part, slice_body, slice_parts
from archnb.readers.sql_constraints import READ_AS, Constraints
from archnb.readers.statements import Statement

if TYPE_CHECKING:
    from sqlglot import exp

_SERIALS = re.compile(r"(?i)(?:big|small)?serial[248]?")
_CAST = re.compile(r"""('(?:[^']|'')*'|[\w.]+\(\)|-?[\d.]+)::[\w\s."\[\]]+(?:\(\d+(?:,\s*\d+)?\))?""")


class Tables(Constraints):
    """The tables of a dump while it is read."""

    # -- tables ---------------------------------------------------------------------------------------------------

    def parse(self, text: str) -> list[Any]:
        import sqlglot

        return [one for one in sqlglot.parse(text, read=READ_AS[self.engine]) if one is not None]

    def create(self, statement: Statement) -> None:
        from sqlglot import exp

        text = statement.text
        if self.engine == "sqlite":
            text = re.sub(r"(?is)\)\s*(?:WITHOUT\s+ROWID|STRICT)(?:\s*,\s*(?:WITHOUT\s+ROWID|STRICT))*\s*\Z", ")", text)
        body = slice_body(text)
        parts = slice_parts(text, body) if body else []
        parsed, odd = self._parse_table(text, body, parts, statement)
        if parsed is None:
            self.catalogue.note(statement.line, text, "sqlglot does not read this table")
            return
        if parsed.args.get("expression") is not None and not isinstance(parsed.this, exp.Schema):
            self.catalogue.note(statement.line, text, "a table made from a query: its columns are not written down")
            return
        target = parsed.this.this if isinstance(parsed.this, exp.Schema) else parsed.this
        full = self.full_of(target)
        if self._key(full) in self.by_name:
            if not parsed.args.get("exists"):
                self.catalogue.note(statement.line, text, f"the table {full!r} is there already")
            return
        schema, _, _ = (
            full.rpartition(".")
            if (self.engine == "postgresql" and len(target.parts) > 1)
            or ("." in full and full != self.fold(target.this))
            else ("", "", full)
        )
        table = TableRead(name=self.fold(target.this), schema=schema or None, line=statement.line)
        self.by_name[self._key(full)] = self.catalogue.tables[full] = table
        self._read_properties(table, parsed, statement)
        written = {one.start: one for one in parts}
        columns = [one for one in parts if one.is_column and one.start not in odd]
        for definition in parsed.this.expressions if isinstance(parsed.this, exp.Schema) else ():
            if isinstance(definition, exp.ColumnDef | exp.Identifier | exp.Column):
                part = columns.pop(0) if columns else None
                self._add_column(table, definition, part, statement, self._line(statement, part))
            else:
                self._add_constraint(table, definition, statement.line)
        if not odd:
            return
        for start in odd:
            self._add_odd(table, written[start], statement)
        order = [
            one.name if one.is_quoted or not self.is_folding else one.name.lower() for one in parts if one.is_column
        ]
        table.columns = {name: table.columns[name] for name in (*order, *table.columns) if name in table.columns}

    def _line(self, statement: Statement, part: Part | None) -> int:
        return statement.line + (statement.text.count("\n", 0, part.start) if part else 0)

    def _parse_table(
        self, text: str, body: tuple[int, int] | None, parts: list[Part], statement: Statement
    ) -> tuple[Any, list[int]]:
        """The parsed CREATE TABLE, and the starts of the parts that had to be left out for it to parse."""
        from sqlglot import exp
        from sqlglot.errors import SqlglotError

        def attempt(candidate: str) -> Any:
            try:
                made = self.parse(candidate)
            except (SqlglotError, RecursionError):
                return None
            return made[0] if made and isinstance(made[0], exp.Create) else None

        made = attempt(text)
        if made is not None or body is None:
            return made, []
        # one odd part must not cost the table: each is tried alone
        odd = [one.start for one in parts if attempt(f"CREATE TABLE x ({one.text})") is None]
        kept = [one.text for one in parts if one.start not in odd]
        head = re.sub(r"(?is)\A(CREATE)\s+(?:GLOBAL\s+|LOCAL\s+)?(?:UNLOGGED\s+|FOREIGN\s+)", r"\1 ", text[: body[0]])
        for tail in (text[body[1] :], ")"):
            if (made := attempt(head + ", ".join(kept) + tail)) is not None:
                if tail == ")" and text[body[1] + 1 :].strip():
                    self.catalogue.note(statement.line, text[body[1] + 1 :], "the options after the table are not read")
                return made, odd
        return None, odd

    def _add_odd(self, table: TableRead, part: Part, statement: Statement) -> None:
        """A part that sqlglot does not read: a column is kept with the type as it is written."""
        line = self._line(statement, part)
        if not part.is_column:
            self.catalogue.note(line, part.text, "sqlglot does not read this constraint")
            return
        name = part.name if part.is_quoted or not self.is_folding else part.name.lower()
        is_required = bool(re.search(r"(?i)\bNOT\s+NULL\b", part.text))
        table.columns[name] = ColumnRead(name, self._type(part.type)[0], not is_required, _clean_default(part.default))
        self.catalogue.note(line, part.text, "of this column only name, type, NOT NULL and default are read")

    def _read_properties(self, table: TableRead, parsed: Any, statement: Statement) -> None:
        from sqlglot import exp

        properties = parsed.args.get("properties")
        for one in properties.expressions if properties is not None else ():
            if isinstance(one, exp.PartitionedOfProperty):
                parent = self.find(one.this)
                if parent is not None:
                    table.columns = copy.deepcopy(parent.columns)
                    table.partition_of = self.full_name(parent)
                    bounds = re.search(r"(?is)\b(FOR\s+VALUES\b.*|DEFAULT\s*$)", statement.text)
                    table.bounds = (
                        " ".join(re.split(r"(?i)\bPARTITION\s+BY\b", bounds[1])[0].split()) if bounds else None
                    )
                else:
                    self.catalogue.note(
                        statement.line, statement.text, "the table that it is a partition of is not there"
                    )
            elif isinstance(one, exp.InheritsProperty):
                for name in one.expressions:
                    parent = self.find(name)
                    if parent is None:
                        self.catalogue.note(
                            statement.line, statement.text, f"the table {name.sql()} that it inherits from is not there"
                        )
                        continue
                    table.columns |= copy.deepcopy(parent.columns)
                    self.catalogue.remark(
                        statement.line, statement.text, f"the columns of {parent.name!r} are its own in the design"
                    )
            elif isinstance(one, exp.PartitionedByProperty):
                table.partition_by = (
                    self._sql(one.this).lower() if isinstance(one.this, exp.Anonymous) else self._sql(one.this)
                )
            elif isinstance(one, exp.SchemaCommentProperty) and isinstance(one.this, exp.Literal):
                table.comment = one.this.name
            elif isinstance(one, exp.TemporaryProperty):
                self.catalogue.remark(statement.line, statement.text, "the table is temporary")
        # what was in `PARTITION BY` in the author's own words
        found = re.search(
            r"(?is)\bPARTITION\s+BY\s+(RANGE|LIST|HASH)\s*(\([^;]*?\))\s*(?:WITH\b.*|TABLESPACE\b.*)?\Z", statement.text
        )
        if found and self.engine == "postgresql":
            table.partition_by = f"{found[1].lower()} {' '.join(found[2].split())}"

    def _type(self, written: str) -> tuple[Typed, bool]:
        """The type behind what is written, and whether the type itself (a domain) forbids NULL."""
        names = self._split_written(re.sub(r"(?:\([^)]*\)|\[\d*\])+\s*\Z", "", written)) if written else [""]
        is_array = written.rstrip().endswith("]")
        if not is_array and names[-1] in self.domains and len(names) < 3:
            return self.domains[names[-1]]
        full = self._full(names)
        words = self.enums.get(full) or self.enums.get(names[-1])
        if words and not is_array:
            return Typed("enum", values=words), False
        if not written:
            return Typed("other", native="blob" if self.engine == "sqlite" else None), False
        bare = re.sub(r"(?i)\Apg_catalog\.", "", written)
        return read_type(bare, self.engine), False

    def _add_column(
        self, table: TableRead, definition: Any, part: Part | None, statement: Statement, line: int
    ) -> None:
        from sqlglot import exp

        name = self.fold(definition.this if isinstance(definition, exp.ColumnDef | exp.Column) else definition)
        kind = definition.args.get("kind") if isinstance(definition, exp.ColumnDef) else None
        written = (
            part.type
            if part is not None and part.is_column
            else (kind.sql(dialect=READ_AS[self.engine]) if kind is not None else "")
        )
        typed, is_required = self._type(written)
        column = ColumnRead(name, typed, nullable=not is_required)
        if _SERIALS.fullmatch(written):
            column.is_generated, column.nullable = True, False
        table.columns[name] = column
        for constraint in definition.args.get("constraints") or () if isinstance(definition, exp.ColumnDef) else ():
            self._read_option(table, column, constraint, part, line)
        if self.engine == "sqlite" and written.upper() == "INTEGER" and table.primary_key == (name,):
            column.is_generated = True  # an alias of the row's number

    def _read_option(self, table: TableRead, column: ColumnRead, constraint: Any, part: Part | None, line: int) -> None:
        from sqlglot import exp

        kind = constraint.args.get("kind") if isinstance(constraint, exp.ColumnConstraint) else constraint
        given = (
            self.fold(constraint.this)
            if isinstance(constraint, exp.ColumnConstraint) and constraint.this is not None
            else None
        )
        if isinstance(kind, exp.NotNullColumnConstraint):
            column.nullable = bool(kind.args.get("allow_null"))
        elif isinstance(kind, exp.DefaultColumnConstraint):
            written = part.default if part is not None and part.default else self._sql(kind.this)
            if re.match(r"(?i)\(?\s*nextval\s*\(", written) and column.typed.type in ("int", "bigint", "smallint"):
                column.is_generated = True
            elif written.upper() != "NULL":
                column.default = _clean_default(written)
        elif isinstance(kind, exp.PrimaryKeyColumnConstraint):
            table.primary_key, table.primary_key_name = (column.name,), given or f"{table.name}_pkey"
            column.nullable = False
        elif isinstance(kind, exp.UniqueColumnConstraint):
            table.uniques[table.name_free(given or f"{table.name}_{column.name}_key")] = (column.name,)
        elif isinstance(kind, exp.CheckColumnConstraint):
            table.checks[table.name_free(given or f"{table.name}_{column.name}_check")] = self._condition(kind.this)
        elif isinstance(kind, exp.Reference):
            self._add_key(table, (column.name,), kind, given, line)
        elif isinstance(kind, exp.GeneratedAsIdentityColumnConstraint) and kind.args.get("this") is not None:
            column.is_generated, column.nullable = True, False
        elif isinstance(kind, exp.AutoIncrementColumnConstraint):
            column.is_generated = True
        elif isinstance(kind, exp.CommentColumnConstraint):
            column.comment = kind.this.name if isinstance(kind.this, exp.Literal) else None
        elif isinstance(kind, exp.CollateColumnConstraint | exp.CharacterSetColumnConstraint):
            self.catalogue.remark(line, f"{table.name}.{column.name}", f"{kind.sql()} is not carried")
        elif isinstance(
            kind,
            exp.ComputedColumnConstraint | exp.GeneratedAsRowColumnConstraint | exp.GeneratedAsIdentityColumnConstraint,
        ):
            self.catalogue.note(
                line,
                part.text if part else f"{table.name}.{column.name}",
                "that the column is computed is not carried; it is kept as a plain one",
            )
        else:
            what = kind.sql(dialect=READ_AS[self.engine]) if kind is not None else str(constraint)
            self.catalogue.note(line, f"{table.name}.{column.name}: {what}", "this option of a column is not carried")

    # -- changes --------------------------------------------------------------------------------------------------

    def alter(self, one: exp.Alter, statement: Statement) -> None:
        from sqlglot import exp

        table = self.find(one.this)
        if table is None:
            self.catalogue.note(statement.line, statement.text, "the table is not there")
            return
        actions = list(one.args.get("actions") or ())
        for action in actions:
            if isinstance(action, exp.AddConstraint):
                for each in action.expressions:
                    self._add_constraint(table, each, statement.line)
            elif isinstance(action, exp.Constraint):
                self._add_constraint(table, action, statement.line)
            elif isinstance(action, exp.ColumnDef):
                self._add_column(table, action, self._part_of(action, statement), statement, statement.line)
            elif isinstance(action, exp.ModifyColumn):
                self._modify(table, action.this, statement)
            elif isinstance(action, exp.AlterColumn):
                self._alter_column(table, action, statement)
            elif isinstance(action, exp.Drop):
                self._drop_part(table, action, statement)
            elif isinstance(action, exp.RenameColumn):
                self._rename_column(table, self.fold(action.this), self.fold(action.args["to"]))
            elif isinstance(action, exp.AlterRename):
                self._rename_table(table, action.this)
            else:
                self.catalogue.note(statement.line, statement.text, "this change of a table is not read")
        if not actions:
            self.catalogue.note(statement.line, statement.text, "this change of a table is not read")

    def _part_of(self, definition: Any, statement: Statement) -> Part | None:
        """A column in an ALTER TABLE in the author's own words."""
        name = re.escape(str(definition.this.name))
        found = re.search(
            rf"(?is)\b(?:ADD|MODIFY)\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?([\"`\[]?{name}[\"`\]]?\s.*)",
            statement.text,
        )
        if not found:
            return None
        parts = slice_parts(found[1], (0, len(found[1])))
        return parts[0] if parts and parts[0].is_column else None

    def _modify(self, table: TableRead, definition: Any, statement: Statement) -> None:
        place = list(table.columns)
        self._add_column(table, definition, self._part_of(definition, statement), statement, statement.line)
        table.columns = {name: table.columns[name] for name in [*place, *table.columns]}

    def _alter_column(self, table: TableRead, action: Any, statement: Statement) -> None:
        column = self.find_column(table, self.fold(action.this))
        if column is None:
            self.catalogue.note(statement.line, statement.text, "the column is not there")
            return
        given = action.args
        if given.get("dtype") is not None:
            found = re.search(r"(?is)\bTYPE\s+(.+?)(?:\s+USING\b.*|\s+COLLATE\b.*)?\Z", statement.text)
            column.typed = self._type(found[1] if found else self._sql(given["dtype"]))[0]
        elif given.get("default") is not None:
            written = self._sql(given["default"])
            if re.match(r"(?i)nextval\s*\(", written):
                column.is_generated = True
            else:
                found = re.search(r"(?is)\bSET\s+DEFAULT\s+(.+)\Z", statement.text)
                column.default = _clean_default(found[1] if found else written)
        elif given.get("allow_null") is not None:
            column.nullable = bool(given["allow_null"]) or bool(given.get("drop"))
        elif given.get("drop"):
            column.default, column.is_generated = None, False
        else:
            self.catalogue.note(statement.line, statement.text, "this change of a column is not read")

    def _drop_part(self, table: TableRead, action: Any, statement: Statement) -> None:
        kind = str(action.args.get("kind") or "").upper()
        # sqlglot names what is dropped `this` in some versions and lists it under `tables` in others
        targets = [one for one in (action.args.get("this"), *(action.args.get("tables") or ())) if one is not None]
        name = self.fold(targets[0].this if hasattr(targets[0], "this") else targets[0]) if targets else ""
        if kind == "COLUMN" and (column := self.find_column(table, name)) is not None:
            self._forget_column(table, column.name)
        elif kind in ("CONSTRAINT", "FOREIGN KEY", "INDEX") and any(
            group.pop(name, None) is not None
            for group in (table.uniques, table.checks, table.foreign_keys, table.indexes)
        ):
            return
        elif kind == "CONSTRAINT" and name == table.primary_key_name:
            table.primary_key = ()
        else:
            self.catalogue.note(statement.line, statement.text, "what is dropped is not there")

    def _forget_column(self, table: TableRead, name: str) -> None:
        """A dropped column takes along whatever names it."""
        del table.columns[name]
        table.primary_key = () if name in table.primary_key else table.primary_key
        table.uniques = {k: v for k, v in table.uniques.items() if name not in v}
        table.foreign_keys = {k: v for k, v in table.foreign_keys.items() if name not in v.columns}
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        table.checks = {k: v for k, v in table.checks.items() if not word.search(v)}
        table.indexes = {k: v for k, v in table.indexes.items() if not any(word.search(c) for c in v.columns)}

    def _rename_column(self, table: TableRead, old: str, new: str) -> None:
        def renamed(several: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(new if one == old else f"-{new}" if one == f"-{old}" else one for one in several)

        table.columns = {new if name == old else name: column for name, column in table.columns.items()}
        if new in table.columns:
            table.columns[new].name = new
        table.primary_key = renamed(table.primary_key)
        table.uniques = {name: renamed(columns) for name, columns in table.uniques.items()}
        for key in table.foreign_keys.values():
            key.columns = renamed(key.columns)
        for index in table.indexes.values():
            index.columns = renamed(index.columns)
        own = self._key(self.full_name(table))
        for other in self.by_name.values():
            for key in other.foreign_keys.values():
                if key.table == own:
                    key.referenced = renamed(key.referenced)

    def _rename_table(self, table: TableRead, target: Any) -> None:
        old = self.full_name(table)
        table.name = self.fold(target.this)
        new = self.full_name(table)
        self.catalogue.tables = {new if full == old else full: one for full, one in self.catalogue.tables.items()}
        self.by_name = {self._key(new) if one is table else key: one for key, one in self.by_name.items()}
        for other in self.by_name.values():
            for key in other.foreign_keys.values():
                if key.table == self._key(old):
                    key.table = self._key(new)
            if other.partition_of == old:
                other.partition_of = new

    def drop(self, one: exp.Drop) -> None:
        targets = [each for each in (one.args.get("this"), *(one.args.get("tables") or ())) if each is not None]
        for target in targets:
            table = self.by_name.pop(self._key(self.full_of(target)), None)
            if table is not None:
                self.catalogue.tables.pop(self.full_name(table), None)
            else:
                self.catalogue.skip("drops of what is not there yet")

    def finish(self) -> None:
        """Give foreign keys the exact names of what they refer to, and partitions only what they have of their own."""
        for table in self.by_name.values():
            for key in table.foreign_keys.values():
                target = self.by_name.get(key.table)
                if target is not None:
                    key.table = self.full_name(target)
                    key.referenced = tuple(
                        (self.find_column(target, one) or ColumnRead(one, Typed("other"))).name
                        for one in key.referenced
                    )
        for table in self.by_name.values():
            parent = self.by_name.get(self._key(table.partition_of)) if table.partition_of else None
            if parent is not None:
                self._merge_partition(table, parent)

    def _merge_partition(self, table: TableRead, parent: TableRead) -> None:
        """PostgreSQL makes a partition's key, where its parent has the same, a part of the parent's: it is said once."""
        if table.primary_key == parent.primary_key:
            table.primary_key = ()
        table.uniques = {
            name: columns for name, columns in table.uniques.items() if columns not in parent.uniques.values()
        }
        theirs = {(key.columns, key.table, key.referenced) for key in parent.foreign_keys.values()}
        table.foreign_keys = {
            name: key
            for name, key in table.foreign_keys.items()
            if (key.columns, key.table, key.referenced) not in theirs
        }


def _clean_default(written: str | None) -> str | None:
    """A default without the casts that pg_dump adds and without brackets around all of it."""
    if not written or written.upper() == "NULL":
        return None
    made = written.strip()
    while made.startswith("(") and made.endswith(")") and _is_wrapped(made):
        made = made[1:-1].strip()
    found = _CAST.fullmatch(made)
    return found[1] if found else made


def _is_wrapped(text: str) -> bool:
    """Whether the first bracket closes with the last."""
    depth = 0
    for n, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return n == len(text) - 1
    return False
