"""Quantities as people write them, "400/s", "300 ms", "2 KiB", "10M..30M", and back: a number or a range with a unit.

A unit has a dimension (time, bytes, bits, money), a factor to the base unit, and the text it is printed with. Counted
things (users, requests, rows) have no dimension of their own: their word is a label. Bits and bytes are different
dimensions, and kB (1 000) and KiB (1 024) different factors, so neither is taken for the other. A year is 365 days
and a month a twelfth of it, everywhere.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache

from archnb.exceptions import QuantityError, UnitError, nearest, quote

Dimension = tuple[tuple[str, int], ...]
NONE: Dimension = ()

TIME = {
    "ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3,
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "min": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "d": 86400.0, "day": 86400.0, "days": 86400.0,
    "week": 7 * 86400.0, "weeks": 7 * 86400.0,
    "month": 365 * 86400.0 / 12, "months": 365 * 86400.0 / 12,
    "year": 365 * 86400.0, "years": 365 * 86400.0,
}  # fmt: skip
MONTH, YEAR = TIME["month"], TIME["year"]
_SI = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
BYTES = {f"{prefix}B": 1000.0**power for prefix, power in _SI.items()}
BYTES |= {f"{prefix}iB": 1024.0**power for prefix, power in _SI.items() if power and prefix != "k"}
BYTES |= {"byte": 1.0, "bytes": 1.0}
BITS = {f"{prefix}bit": 1000.0**power for prefix, power in _SI.items()}
BITS |= {f"{prefix}b": 1000.0**power for prefix, power in _SI.items() if power}
BITS |= {"bits": 1.0}
MONEY = {"USD": 1.0, "$": 1.0}
SUFFIX = {
    "k": 1e3,
    "K": 1e3,
    "M": 1e6,
    "G": 1e9,
    "bn": 1e9,
    "T": 1e12,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
}
AMBIGUOUS = {
    "m": "'min', 'month' or 'M' (million)",
    "mb": "'MB' or 'Mbit'",
    "kb": "'kB' or 'kbit'",
    "gb": "'GB' or 'Gbit'",
}

# what people write for a unit, in lower case, and the unit that is meant
MEANT = {
    "nanosecond": "ns", "nanoseconds": "ns", "usec": "µs", "microsecond": "µs", "microseconds": "µs",
    "msec": "ms", "msecs": "ms", "millis": "ms", "millisecond": "ms", "milliseconds": "ms",
    "secs": "s", "mins": "min", "hr": "h", "hrs": "h", "wk": "week", "wks": "weeks", "mo": "month", "mos": "months",
    "yr": "year", "yrs": "years", "rps": "/s", "qps": "/s", "tps": "/s", "rpm": "/min", "percent": "%", "pct": "%",
    "kilobyte": "kB", "kilobytes": "kB", "megabyte": "MB", "megabytes": "MB", "gigabyte": "GB", "gigabytes": "GB",
    "terabyte": "TB", "terabytes": "TB", "kbps": "kbit/s", "mbps": "Mbit/s", "gbps": "Gbit/s",
    "dollar": "USD", "dollars": "USD", "usd": "USD",
}  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """A unit: the text it prints with, its dimension, and what one of it is in base units (s, byte, bit, USD)."""

    symbol: str
    dimension: Dimension = NONE
    factor: float = 1.0

    @property
    def is_percent(self) -> bool:
        """Whether the numerator is a share in percent."""
        return self.symbol.startswith("%")

    def describe(self) -> str:
        """The dimension in words, for errors: 'a time', 'a rate (per time)', 'a size in bytes'."""
        return describe(self.dimension)


ONE = Unit("")
PERCENT = Unit("%", NONE, 0.01)

_WORDS: dict[Dimension, str] = {
    NONE: "a plain number",
    (("time", 1),): "a time such as '300 ms' or '10 years'",
    (("time", -1),): "a rate such as '400/s' or '20/day'",
    (("byte", 1),): "a size in bytes such as '2 KiB'",
    (("bit", 1),): "a size in bits such as '10 Mbit'",
    (("byte", 1), ("time", -1)): "bytes per time such as '10 MB/s'",
    (("bit", 1), ("time", -1)): "bits per time such as '1 Gbit/s'",
    (("money", 1),): "money such as '100 USD'",
}


def describe(dimension: Dimension) -> str:
    """A dimension in words, for errors."""
    return _WORDS.get(dimension) or "·".join(f"{name}^{power}" for name, power in dimension)


@lru_cache(maxsize=4096)
def combine(left: Dimension, right: Dimension, sign: int = 1) -> Dimension:
    """The dimension of a product (sign 1) or a quotient (sign -1)."""
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


@lru_cache(maxsize=4096)
def unit(symbol: str) -> Unit:
    """The unit that a text names: 'ms', '/s', 'requests/s', 'MB/s', '%/year', 'users'.

    >>> unit("MB/s").dimension
    (('byte', 1), ('time', -1))

    Raises QuantityError where the part under the stroke is not a time, or a unit is ambiguous.
    """
    text = symbol.strip()
    if not text:
        return ONE
    above, *below = (part.strip() for part in text.split("/"))
    dimension, factor = _above(above)
    for part in below:
        if part in TIME:
            dimension, factor = combine(dimension, (("time", 1),), -1), factor / TIME[part]
        elif part in BYTES:
            dimension, factor = combine(dimension, (("byte", 1),), -1), factor / BYTES[part]
        elif not re.fullmatch(r"[^\W\d_][\w ]*", part):
            raise QuantityError(f"{quote(part)} in {quote(symbol)} is not a time", "write for instance '/s' or '/day'")
        elif (match := nearest(part, TIME)) is not None and len(part) > 2 and part not in COUNTED:
            raise QuantityError(f"{quote(part)} in {quote(symbol)} is not a time", f"did you mean {match!r}?", match)
    return Unit(text, dimension, factor)


COUNTED = frozenset({"user", "users", "request", "row", "read", "write", "order", "item"})


def _above(text: str) -> tuple[Dimension, float]:
    """The dimension and factor of the part over the stroke; a word that is no unit is a label of counted things."""
    if text == "%":
        return NONE, 0.01
    for table, name in ((TIME, "time"), (BYTES, "byte"), (BITS, "bit"), (MONEY, "money")):
        if text in table:
            return ((name, 1),), table[text]
    if text.casefold() in AMBIGUOUS:
        raise QuantityError(f"{quote(text)} can be read in two ways", f"write {AMBIGUOUS[text.casefold()]}")
    if text and not re.fullmatch(r"[^\W\d_][\w .²³·-]*", text):
        raise QuantityError(f"{quote(text)} is not a unit", "see archnb.units()")
    # a near miss of a unit ("hrs", "secs") must not pass as a label of counted things
    if 1 < len(text) <= 4 and text not in COUNTED:
        for table in (TIME, BYTES, BITS):
            for known in table:
                if len(known) > 1 and text != known and text.casefold() == known.casefold():
                    raise QuantityError(f"{quote(text)} is not a unit", f"did you mean {known!r}?", known)
    return NONE, 1.0


def find_units(found: Unit) -> str:
    """What in a unit's text measures something and does not merely count: 'GB/GB' for a share of bytes, '' for 'users'.

    >>> find_units(unit("GB/GB")), find_units(unit("users")), find_units(unit("%"))
    ('GB/GB', '', '')
    """
    parts = (part.strip() for part in found.symbol.split("/"))
    return found.symbol if any(part in table for part in parts for table in (TIME, BYTES, BITS, MONEY)) else ""


@dataclass(frozen=True)
class Quantity:
    """A number with a unit, or a range of them: `low` and `high` are in the unit, and equal for a plain number.

    A range is read as the 10th and the 90th percentile of what is believed: lognormal where both ends are above
    zero, else normal. Its one value is the median: the geometric or the arithmetic mean of the two ends.
    """

    low: float
    high: float
    unit: Unit = ONE
    text: str = field(default="", compare=False)

    @property
    def is_range(self) -> bool:
        """Whether this is a range."""
        return self.low != self.high

    @property
    def value(self) -> float:
        """The one value, in the unit."""
        if self.low == self.high:
            return self.low
        return math.sqrt(self.low * self.high) if self.low > 0 else (self.low + self.high) / 2

    @property
    def base(self) -> float:
        """The one value in base units: seconds, bytes, bits, plain numbers."""
        return self.value * self.unit.factor

    def to(self, symbol: str) -> float:
        """The one value in another unit of the same dimension.

        >>> parse("2 KiB").to("byte")
        2048.0
        """
        target = unit(symbol)
        if target.dimension != self.unit.dimension:
            raise UnitError(f"{self} is {self.unit.describe()}, and {symbol!r} is {target.describe()}")
        return self.base / target.factor

    def __str__(self) -> str:
        if self.text:
            return self.text
        # a range is many, even where it ends at one: 0.5..1 workers
        return f"{number(self.low)}..{_show(self.high, self.unit, 3)}" if self.is_range else show(self.low, self.unit)

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"


_NUMBER = r"[+-]?(?:\d[\d_]*(?:[ ,]\d{3})*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
_SUFFIX = "|".join(sorted((re.escape(s) for s in SUFFIX), key=len, reverse=True))
_ONE = re.compile(rf"\s*(?P<number>{_NUMBER})\s*(?P<rest>.*?)\s*", re.DOTALL)


def parse(text: object, expected: Dimension | None = None) -> Quantity:
    """Read a quantity from text or a number.

    >>> parse("10M..30M users").low
    10000000.0
    >>> parse("50k/day").unit.symbol
    '/day'

    expected: the dimension it must have. Raises QuantityError that quotes what was given and says what is allowed.
    """
    if isinstance(text, Quantity):
        found = text
    elif isinstance(text, bool):
        raise QuantityError(f"{quote(text)} is not a quantity", f"give {_expect(expected)}")
    elif isinstance(text, int | float):
        # a whole number may be longer than any float
        if abs(text) > 1.7e308 or text != text:
            raise QuantityError(f"{quote(text)} is not a finite number.")
        found = Quantity(
            float(text),
            float(text),
            ONE,
            str(int(text)) if float(text).is_integer() and abs(text) < 1e15 else str(text),
        )
    elif isinstance(text, str):
        found = _parse_text(text)
    else:
        raise QuantityError(f"{quote(text)} is not a quantity", f"give {_expect(expected)}")
    if expected is not None and found.unit.dimension != expected:
        if found.unit == ONE and found.value == 0:
            return found
        raise QuantityError(f"{quote(str(found))} is {found.unit.describe()}", f"give {_expect(expected)}")
    return found


def _expect(expected: Dimension | None) -> str:
    return (
        "a number with a unit such as '400/s', '300 ms', '2 KiB' or '10M..30M'"
        if expected is None
        else describe(expected)
    )


@lru_cache(maxsize=4096)
def _parse_text(text: str) -> Quantity:
    if len(text) > 100:
        raise QuantityError(f"{quote(text)} is too long for a quantity.")
    parts = text.split("..")
    if len(parts) > 2:
        raise QuantityError(f"{quote(text)} is not a range", "write 'low..high', for instance '10M..30M'")
    if len(parts) == 1:
        value, found = _parse_one(parts[0], text)
        return Quantity(value, value, found, text.strip())
    high, high_unit = _parse_one(parts[1], text)
    low, low_unit = _parse_one(parts[0], text)
    above, stroke, below = high_unit.symbol.partition("/")
    if low_unit == ONE or (stroke and "/" not in low_unit.symbol and low_unit.dimension == unit(above).dimension):
        # 10%..100%/year, 100 MB..1 GB/day: the time stands once, at the end
        low_unit = high_unit if low_unit == ONE else unit(f"{low_unit.symbol}/{below}")
    if low_unit.dimension != high_unit.dimension:
        raise QuantityError(f"{quote(text)}: the two ends differ in unit", "write the unit once, at the end")
    low = low * low_unit.factor / high_unit.factor
    if low > high:
        raise QuantityError(f"{quote(text)}: the low end is above the high end", "write the smaller one first")
    return Quantity(low, high, high_unit, text.strip())


def _parse_one(text: str, whole: str) -> tuple[float, Unit]:
    match = _ONE.fullmatch(text)
    if match is None:
        raise QuantityError(f"{quote(whole)} is not a quantity", f"give {_expect(None)}")
    value = float(re.sub(r"[ _,]", "", match["number"]))
    rest = match["rest"]
    # "10M users" and "10 million/day" carry a number suffix, "10 MB" and "10 min" a unit: units win
    try_suffix = re.match(rf"({_SUFFIX})(?![^\W\d_%])\s*(.*)", rest, re.DOTALL)
    if try_suffix is not None and rest not in TIME and rest not in BYTES and rest not in BITS:
        value, rest = value * SUFFIX[try_suffix[1]], try_suffix[2]
    if not math.isfinite(value):
        raise QuantityError(f"{quote(whole)} is not a finite number.")
    _check_meaning(rest.strip(), whole)
    return value, unit(rest.strip())


def _check_meaning(symbol: str, whole: str) -> None:
    """Refuse what people write for a unit and archnb reads as a label, with the unit that is meant."""
    parts = [part.strip() for part in symbol.split("/")]
    for part in parts:
        meant = MEANT.get(part.casefold())
        if meant is not None and not any(part in table for table in (TIME, BYTES, BITS, MONEY)):
            right = "/".join(meant if one == part else one for one in parts)
            said = whole.strip().removesuffix(symbol).strip()
            written = f"{said}{right}" if right.startswith(("/", "%")) else f"{said} {right}"
            raise QuantityError(
                f"{quote(part)} in {quote(whole)} is not a unit", f"did you mean {meant!r}? Write {written}", written
            )


def period(found: Unit) -> Quantity:
    """The time under a unit's stroke: of '%/month' a month, of '/s' a second. A year where there is none.

    >>> period(unit("%/month")).unit.symbol, period(unit("%")).unit.symbol
    ('month', 'year')
    """
    below = found.symbol.rpartition("/")[2].strip() if "/" in found.symbol else ""
    word = below if below in TIME else "year"
    return Quantity(1, 1, unit(word), f"1 {word}")


def number(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, grouped in thousands.

    >>> number(1234567.8), number(0.0123), number(3858.02)
    ('1 230 000', '0.0123', '3 860')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude >= 15 or magnitude < -6:
        return f"{value:.{digits - 1}e}"
    rounded = round(value, digits - 1 - magnitude)
    decimals = max(0, digits - 1 - magnitude)
    text = f"{rounded:,.{decimals}f}".replace(",", " ")
    return text.rstrip("0").rstrip(".") if "." in text else text


_STEPS: dict[str, tuple[tuple[float, str], ...]] = {
    "byte": ((1e18, "EB"), (1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "bit": ((1e12, "Tbit"), (1e9, "Gbit"), (1e6, "Mbit"), (1e3, "kbit"), (1.0, "bit")),
    "time": ((365 * 86400.0, "years"), (86400.0, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs")),
}  # fmt: skip


def show(value: float, found: Unit, digits: int = 3) -> str:
    """A value that is in a unit, as people write it: sizes and times step to the fitting multiple, large counts to M or bn.

    >>> show(5e12, unit("B"))
    '5 TB'
    >>> show(0.25, unit("s"))
    '250 ms'
    >>> show(1, unit("workers")), show(1, unit("rows/day"))
    ('1 worker', '1 row/day')
    """
    text = _show(value, found, digits)
    return _make_singular(text) if text.startswith("1 ") else text


# labels of counted things that end in s and are one already
_ONE_ALREADY = frozenset({"status", "bus", "bonus", "series", "species", "news", "https", "dns", "tls", "qps", "rps"})
_UNTOUCHED = frozenset({"", *BYTES, *BITS, *MONEY}) | {one for one in TIME if len(one) < 4}


def _make_singular(text: str) -> str:
    """The text of exactly one of something with the unit's word in the singular; symbols stay: '1 /s', '1 h', '1 GB'."""
    above, stroke, below = text.partition("/")
    match = re.fullmatch(r"1 ([^\W\d_]+)", above.rstrip())
    word = match[1] if match is not None else ""
    if not word.endswith("s") or word in _UNTOUCHED or word in _ONE_ALREADY or word.isupper() or word.endswith("ss"):
        return text
    for ending, stem in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("tches", "tch")):
        if word.endswith(ending) and len(word) > 4:
            return f"1 {word.removesuffix(ending)}{stem}{stroke}{below}"
    return f"1 {word[:-1]}{stroke}{below}"


def _show(value: float, found: Unit, digits: int) -> str:
    if math.isinf(value):
        return "never" if found.dimension == (("time", 1),) else "unbounded"
    base = value * found.factor
    above, stroke, below = found.symbol.partition("/")
    name = found.dimension[0][0] if found.dimension else ""
    if above.strip() in TIME or above.strip() in BYTES or above.strip() in BITS:
        if above.strip().endswith("iB"):
            return f"{number(value, digits)} {found.symbol}"
        per = 1.0 / unit(f"/{below}").factor if below else 1.0
        for size, symbol in _STEPS[name]:
            if abs(base * per) >= size or symbol in ("B", "bit", "µs"):
                return f"{number(base * per / size, digits)} {symbol}{stroke}{below}"
    if found.is_percent:
        # four nines must not print as 100 %
        digits = max(digits, 6) if 99 <= value < 100 else digits
        return f"{number(value, digits)} {found.symbol}"
    for size, suffix in ((1e12, " T"), (1e9, " bn"), (1e6, " M")):
        if abs(value) >= size:
            return (
                f"{number(value / size, digits)}{suffix} {found.symbol}".rstrip()
                if not stroke or above
                else f"{number(value / size, digits)}{suffix}{found.symbol}"
            )
    plain = number(value, digits)
    return f"{plain}{found.symbol}" if found.symbol.startswith("/") else f"{plain} {found.symbol}".rstrip()


def units() -> dict[str, list[str]]:
    """The units by dimension, as they may be written."""
    return {
        "time": list(TIME),
        "bytes": list(BYTES),
        "bits": list(BITS),
        "money": list(MONEY),
        "number": list(SUFFIX),
        "share": ["%"],
    }
