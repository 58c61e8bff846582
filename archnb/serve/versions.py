"""Versions of records as validators: what a read gives as ETag, and a change names as If-Match.

Where the plan counts the changes of a row, that count is the version, so that the condition of the request and the guard of
the statement compare one thing. Where it does not, a digest of the fields stands for it.
"""

from __future__ import annotations

import hashlib
import json

from archnb.model.write_words import VERSION
from archnb.serve.records import Record, Records

# the types of a count
WHOLE = ("int", "bigint", "smallint")


class Versions:
    """Reads the versions of the records of one database."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def find_table(self, entity: str) -> str | None:
        """The table of an entity, or of what it extends, whose rows count their changes."""
        for table in self.records.chain(entity):
            column = self.records.schema.tables[table].columns.get(VERSION)
            if column is not None and column.type in WHOLE:
                return table
        return None

    def write(self, entity: str, record: Record) -> str:
        """The entity-tag of a record (RFC 9110, section 8.8.3)."""
        import sqlalchemy as sa

        table = self.find_table(entity)
        if table is None:
            text = json.dumps(record, sort_keys=True)
            return f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
        column = self.records.column(table, VERSION)
        where = self.records.locate(entity, record, table)
        ((count,),) = self.records.fetch(sa.select(column).where(*where))
        return f'"{count}"'

    def meets(self, condition: str, entity: str, record: Record) -> bool:
        """Whether the present version is one of those that an If-Match names (RFC 9110, section 13.1.1); '' asks for none."""
        if condition in ("", "*"):
            return True
        return self.write(entity, record) in (one.strip() for one in condition.split(","))


__all__ = ["WHOLE", "Versions"]
