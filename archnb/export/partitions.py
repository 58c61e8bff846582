"""The partitions of a table, and the function that makes them ahead of time and drops the old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archnb.export.dialects import Statement
from archnb.model.identifiers import shorten
from archnb.planned.schema import Split, Table

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.engine import Dialect


def usable_split(table: Table) -> Split | None:
    """How a table is split where an engine takes it: the columns are there, and in every unique key."""
    split = table.split
    if (
        split.kind == "none"
        or any(one not in table.columns for one in split.columns)
        or (split.kind == "hash" and not split.parts)
    ):
        return None
    keys = [table.primary_key, *(one.columns for one in table.uniques.values())]
    keys += [one.columns for one in table.indexes.values() if one.unique]
    return split if all(set(split.columns) <= set(key) for key in keys if key) else None


def write_partitions(table: sa.Table, split: Split, how: Dialect, reason: str, retention: float) -> list[Statement]:
    """The partitions: one for each remainder of a hash; of a range those of the time ahead, and one for whatever is in none."""
    quote = how.identifier_preparer.quote
    whole = quote(table.name)
    if split.kind == "hash":
        return [
            Statement(
                f"CREATE TABLE {quote(shorten(f'{table.name}_part_{n}'))} PARTITION OF {whole} FOR VALUES WITH (MODULUS {split.parts}, REMAINDER {n})",
                reason if n == 0 else "",
            )
            for n in range(split.parts)
        ]
    made = [Statement(f"CREATE TABLE {quote(shorten(f'{table.name}_default'))} PARTITION OF {whole} DEFAULT", reason)]
    if split.every:
        whole_text = whole.replace("'", "''")
        kept = f"INTERVAL '{round(retention)} seconds'" if retention else "NULL"
        why = f"the partitions of this {split.every} and those ahead; a job calls it each night, which drops what is past its retention too"
        made.append(
            Statement(f"SELECT roll_partitions('{whole_text}', '{split.every}', {AHEAD[split.every]}, {kept})", why)
        )
    return made


# how many pieces are made ahead
AHEAD = {"day": 14, "week": 4, "month": 3}


ROLL_PARTITIONS = """CREATE FUNCTION roll_partitions(whole regclass, unit text, ahead integer, kept interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    base text := (SELECT relname FROM pg_class WHERE oid = whole);
    lower timestamp;
    part record;
BEGIN
    FOR n IN -1..ahead LOOP
        lower := date_trunc(unit, now() AT TIME ZONE 'UTC') + n * ('1 ' || unit)::interval;
        BEGIN
            EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                left(base, 50) || to_char(lower, '_YYYYMMDD'), whole, lower || '+00', (lower + ('1 ' || unit)::interval) || '+00');
        EXCEPTION WHEN check_violation THEN
            RAISE WARNING 'rows of % are in the default partition of % already', lower, whole;
        END;
    END LOOP;
    FOR part IN
        SELECT c.oid::regclass AS name, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([^'']+)''\\)')::timestamptz AS ended
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = whole
    LOOP
        IF part.ended < now() - kept THEN
            EXECUTE format('DROP TABLE %s', part.name);
        END IF;
    END LOOP;
END
$$"""


__all__ = ["AHEAD", "ROLL_PARTITIONS", "usable_split"]
