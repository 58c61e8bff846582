"""Names in a dump as its engine resolves them: what is folded to small letters, which schema is meant, which table and
column a written name finds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from archnb.engines import load_engine
from archnb.readers.catalogue import Catalogue, ColumnRead, TableRead
from archnb.readers.native_types import Typed

_DEFAULT_SCHEMAS = {"postgresql": "public", "mysql": None, "sqlite": "main"}


class Names:
    """The tables of a dump by the names that find them again."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.engine = catalogue.engine
        kept = load_engine(self.engine).identifier
        self.is_folding = kept is not None and kept.folds == "lower"
        self.by_name: dict[str, TableRead] = {}
        self.domains: dict[str, tuple[Typed, bool]] = {}
        self.enums: dict[str, tuple[str, ...]] = {}
        self.default_schema = _DEFAULT_SCHEMAS[self.engine]
        self.path = self.default_schema
        self.schema = self.default_schema

    def enter(self, schema: str | None) -> None:
        """Go into the schema that a statement is nested in, or back to the search path."""
        self.schema = schema or self.path

    def set_path(self, text: str) -> None:
        """Take over a search path: its first schema holds what is created without one."""
        words = [one.strip().strip("\"'") for one in text.rstrip("; ").split(",")]
        named = [one for one in words if one and one.upper() != "DEFAULT" and not one.startswith(("pg_", "$"))]
        self.path = named[0] if named else self.default_schema

    def fold(self, part: Any) -> str:
        """A name as the engine keeps it: PostgreSQL folds what is not in quotes."""
        name = str(part.name if hasattr(part, "name") else part)
        is_quoted = bool(getattr(part, "args", {}).get("quoted"))
        return name if is_quoted or not self.is_folding else name.lower()

    def fold_written(self, text: str) -> str:
        """The last part of a written name such as `public."Order"`."""
        return self._split_written(text)[-1]

    def _split_written(self, text: str) -> list[str]:
        parts = re.findall(r"\"((?:[^\"]|\"\")+)\"|`((?:[^`]|``)+)`|\[([^\]]+)\]|([^.\s]+)", text)
        made = []
        for double, back, bracket, bare in parts:
            made.append(
                double.replace('""', '"')
                or back.replace("``", "`")
                or bracket
                or (bare.lower() if self.is_folding else bare)
            )
        return made or [text]

    def _full(self, names: Sequence[str]) -> str:
        schema = names[-2] if len(names) > 1 else self.schema
        is_plain = self.engine == "mysql" or schema in (None, self.default_schema)
        return names[-1] if is_plain else f"{schema}.{names[-1]}"

    def _key(self, full: str) -> str:
        # SQLite's tables, and MySQL's where files know no case, are the same in any case
        return full if self.engine == "postgresql" else full.casefold()

    def full_of(self, table: Any) -> str:
        """The full name of a table or type in a parsed statement."""
        return self._full([self.fold(part) for part in table.parts] if hasattr(table, "parts") else [self.fold(table)])

    def full_name(self, table: TableRead) -> str:
        return table.name if table.schema is None else f"{table.schema}.{table.name}"

    def find(self, table: Any) -> TableRead | None:
        return self.by_name.get(self._key(self.full_of(table)))

    def find_names(self, names: Sequence[str]) -> TableRead | None:
        return self.by_name.get(self._key(self._full(names))) if names else None

    def find_written(self, text: str, schema: str | None) -> TableRead | None:
        self.enter(schema)
        return self.find_names(self._split_written(text))

    def find_column(self, table: TableRead, name: str) -> ColumnRead | None:
        if name in table.columns or self.engine == "postgresql":
            return table.columns.get(name)
        return next((one for own, one in table.columns.items() if own.casefold() == name.casefold()), None)

    def number_column(self, written: str, schema: str | None) -> bool:
        """Mark a column as numbered by the database."""
        names = self._split_written(written)
        self.enter(schema)
        table = self.find_names(names[:-1])
        column = self.find_column(table, names[-1]) if table else None
        if column is not None:
            column.is_generated = column.typed.type in ("int", "bigint", "smallint")
        return column is not None
