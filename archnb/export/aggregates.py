"""Times cut to hours, days, weeks, months or years, as each dialect writes it."""

from __future__ import annotations

from typing import Any

from archnb.model.aggregates import FUNCTIONS, PERIODS, read_aggregate

_SQLITE = {"hour": "%Y-%m-%d %H", "day": "%Y-%m-%d", "week": "%Y-%W", "month": "%Y-%m", "year": "%Y"}
_MYSQL = {"hour": "%Y-%m-%d %H", "day": "%Y-%m-%d", "week": "%x-%v", "month": "%Y-%m", "year": "%Y"}


def truncate(column: Any, period: str, dialect: str) -> Any:
    """The expression of a time column cut to a period."""
    import sqlalchemy as sa

    if dialect == "postgresql":
        return sa.func.date_trunc(sa.literal_column(f"'{period}'"), column)
    if dialect == "mysql":
        return sa.func.date_format(column, sa.literal_column(f"'{_MYSQL[period]}'"))
    return sa.func.strftime(sa.literal_column(f"'{_SQLITE[period]}'"), column)


__all__ = ["FUNCTIONS", "PERIODS", "read_aggregate", "truncate"]
