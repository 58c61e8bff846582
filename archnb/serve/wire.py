"""Values between JSON and the database: what each column type looks like in a body, and what the engine takes and gives."""

from __future__ import annotations

import base64
import datetime
import json
import re
import uuid
from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from archnb.planned.schema import Column

Json = Any


class MisfitError(ValueError):
    """A value that is right by its schema and still does not fit its column."""


# -- JSON from what the engine gives


def to_json(value: Any, column: Column) -> Json:
    """A column's value as JSON has it; NULL is null."""
    if value is None:
        return None
    make = _TO_JSON.get(column.type)
    return make(value, column) if make is not None else str(value)


def _decimal_text(value: Any, column: Column) -> str:
    number = Decimal(str(value))
    if column.length:
        number = number.quantize(Decimal(1).scaleb(-column.scale), context=Context(prec=60))
    text = f"{number:f}"
    if "." not in text:
        return text
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _moment(value: Any, _: Column) -> str:
    found = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(str(value))
    found = found.replace(tzinfo=datetime.UTC) if found.tzinfo is None else found.astimezone(datetime.UTC)
    return found.replace(tzinfo=None).isoformat(timespec="microseconds" if found.microsecond else "seconds") + "Z"


def _duration_text(value: Any, _: Column) -> str:
    seconds = value.total_seconds() if isinstance(value, datetime.timedelta) else float(value)
    return f"PT{int(seconds)}S"


def _document(value: Any, _: Column) -> Json:
    return json.loads(value) if isinstance(value, str | bytes) else value


def _point(value: Any, _: Column) -> Json:
    longitude, latitude = (float(one) for one in re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", str(value))[:2])
    return {"longitude": longitude, "latitude": latitude}


_TO_JSON: dict[str, Callable[[Any, Column], Json]] = {
    "int": lambda value, _: int(value),
    "smallint": lambda value, _: int(value),
    "float": lambda value, _: float(value),
    "bool": lambda value, _: bool(value),
    "decimal": _decimal_text,
    "money": _decimal_text,
    "timestamp": _moment,
    "date": lambda value, _: str(value)[:10],
    "time": lambda value, _: str(value)[:8],
    "duration": _duration_text,
    "uuid": lambda value, _: str(uuid.UUID(bytes=value) if isinstance(value, bytes) else uuid.UUID(str(value))),
    "json": _document,
    "vector": _document,
    "bytes": lambda value, _: base64.b64encode(bytes(value)).decode("ascii"),
    "point": _point,
}


# -- plain Python values from JSON


def from_json(value: Json, column: Column) -> Any:
    """A value of a body as a plain Python value for its column. Raises MisfitError where the column cannot hold it."""
    if value is None:
        return None
    make: Callable[[Any, Column], Any] = _FROM_JSON.get(column.type, _text)
    try:
        return make(value, column)
    except MisfitError:
        raise
    except (ValueError, TypeError, OverflowError, InvalidOperation, KeyError) as error:
        raise MisfitError(f"{str(value)[:60]!r} is no {column.type}") from error


def _text(value: Any, column: Column) -> str:
    text = str(value)
    if "\0" in text:
        raise MisfitError("a text holds no character U+0000")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise MisfitError("half of a surrogate pair is no character") from None
    return text


_BITS = {"smallint": 15, "int": 31, "bigint": 63, "key": 63}


def _whole(value: Any, column: Column) -> int:
    number = int(value)
    limit = 2 ** _BITS[column.type]
    if not -limit <= number < limit:
        raise MisfitError(f"{number} does not fit {column.type}")
    return number


def _exact(value: Any, column: Column) -> Decimal:
    number = Decimal(str(value))
    whole = (column.length or 38) - column.scale
    if abs(number) >= Decimal(10) ** whole:
        raise MisfitError(f"{value} has more than {whole} digits before the point")
    return number


def _read_moment(value: Any, _: Column) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(str(value))
    return (found.replace(tzinfo=datetime.UTC) if found.tzinfo is None else found).astimezone(datetime.UTC)


_DURATION = re.compile(
    r"P(?:(\d+)W)?(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


def is_duration(text: str) -> bool:
    """Whether a text is a duration of RFC 3339, appendix A, also one of months, which no column of a fixed length takes."""
    return _DURATION.fullmatch(text) is not None and text not in ("P", "PT") and not text.endswith("T")


def read_duration(text: str) -> datetime.timedelta:
    """A duration of RFC 3339, appendix A. Raises ValueError where a text is none, or counts months, which have no length.

    >>> read_duration("PT1H30M")
    datetime.timedelta(seconds=5400)
    """
    found = _DURATION.fullmatch(text)
    if found is None or not is_duration(text):
        raise ValueError(f"{text!r} is no duration")
    weeks, years, months, days, hours, minutes, seconds = (float(one or 0) for one in found.groups())
    if years or months:
        raise ValueError("years and months have no fixed length")
    return datetime.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _read_bytes(value: Any, column: Column) -> bytes:
    found = base64.b64decode(str(value), validate=True)
    if column.length and len(found) > column.length:
        raise MisfitError(f"{len(found)} bytes are more than {column.length}")
    return found


class Position(tuple[float, float]):
    """A longitude and a latitude; written as each engine writes a point."""


_FROM_JSON: dict[str, Callable[[Any, Column], Any]] = {
    "int": _whole,
    "smallint": _whole,
    "bigint": _whole,
    "key": _whole,
    "float": lambda value, _: float(value),
    "bool": lambda value, _: bool(value),
    "decimal": _exact,
    "money": _exact,
    "timestamp": _read_moment,
    "date": lambda value, _: datetime.date.fromisoformat(str(value)),
    "time": lambda value, _: datetime.time.fromisoformat(str(value)),
    "duration": lambda value, _: read_duration(str(value)),
    "uuid": lambda value, _: uuid.UUID(str(value)),
    "json": lambda value, _: json.dumps(value),
    "vector": lambda value, _: json.dumps(value),
    "bytes": _read_bytes,
    "point": lambda value, _: Position((float(value["longitude"]), float(value["latitude"]))),
}


def write_position(value: Position, dialect: str) -> str:
    """A point as an engine reads it."""
    return f"({value[0]},{value[1]})" if dialect == "postgresql" else f"POINT({value[0]} {value[1]})"


__all__ = ["MisfitError", "Position", "from_json", "is_duration", "read_duration", "to_json", "write_position"]
