"""One fact: its expression, its value, and what can be asked of it: why, what if, how sure, what matters."""

from __future__ import annotations

import math
import re
import statistics
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from archnb.exceptions import ArchnbError, UnitError, unknown
from archnb.quantity import NONE, ONE, Dimension, Quantity, Unit, combine, parse, show, unit
from archnb.shapes import Cell, Chart, Series, Shown, Table

if TYPE_CHECKING:
    import numpy

SAMPLES = 10_000
# where a named model cannot take arrays: stratified, so that a percentile is good to about one part in a hundred
MODEL_SAMPLES = 200
# the standard normal's 90th percentile: a range's ends are the 10th and the 90th
Z90 = 1.2815515655446004

Origin = Literal["said", "assumed", "concluded"]
Operand = "Fact | Quantity | float | int"


@dataclass(frozen=True)
class Apply:
    """An operation on operands: arithmetic (`symbol` +, −, ×, ÷) or a named model."""

    symbol: str
    function: Callable[..., Any]
    operands: tuple[Fact, ...]
    labels: tuple[str, ...] = ()
    is_vectorised: bool = True


# a text that a program wrote: an exponent, or more digits than an eye counts
_UNREADABLE = re.compile(r"\de[+-]?\d|\d{6,}")
_RANK = {"+": 1, "−": 1, "×": 2, "÷": 2}


class Fact(Shown):
    """A quantity that knows its formula.

    `value` is in `unit`; `base` in base units (seconds, bytes, plain numbers). Facts combine with `+ - * /`, with each
    other, with quantities and with numbers; units are checked. Facts are made by `Facts.given` and `Facts.define`.
    """

    __slots__ = (
        "_base",
        "_drawn",
        "_is_array_ready",
        "_is_uncertain",
        "apply",
        "because",
        "given",
        "name",
        "origin",
        "source",
        "unit",
    )

    def __init__(
        self,
        unit: Unit,
        *,
        given: Quantity | None = None,
        apply: Apply | None = None,
        name: str = "",
        because: str = "",
        source: str = "",
        origin: Origin = "concluded",
        base: float | None = None,
    ) -> None:
        self.unit, self.given, self.apply = unit, given, apply
        self.name, self.because, self.source, self.origin = name, because, source, origin
        self._drawn: Any = None
        if given is not None:
            self._base, self._is_uncertain, self._is_array_ready = given.base, given.is_range, True
        else:
            assert apply is not None
            # one pass, no generators: thousands of facts are made in one plan
            is_uncertain, is_ready = False, True
            for one in apply.operands:
                is_uncertain = is_uncertain or one._is_uncertain
                is_ready = is_ready and one._is_array_ready
            self._is_uncertain = is_uncertain
            self._is_array_ready = is_ready and (apply.is_vectorised or not is_uncertain)
            # naming an expression does not compute it again
            self._base = base if base is not None else float(apply.function(*[one._base for one in apply.operands]))

    # -- values

    @property
    def base(self) -> float:
        """The one value in base units."""
        return self._base

    @property
    def value(self) -> float:
        """The one value, in `unit`."""
        return self._base / self.unit.factor

    def to(self, symbol: str) -> float:
        """The one value in another unit of the same dimension."""
        target = unit(symbol)
        if target.dimension != self.unit.dimension:
            raise UnitError(f"{self.label} is {self.unit.describe()}, and {symbol!r} is {target.describe()}")
        return self._base / target.factor

    @property
    def quantity(self) -> Quantity:
        """The one value as a quantity."""
        return Quantity(self.value, self.value, self.unit)

    @property
    def text(self) -> str:
        """The one value as people write it; a given number as it was given."""
        if (
            self.given is not None
            and self.given.text
            and not self.given.is_range
            and not _UNREADABLE.search(self.given.text)
        ):
            return self.given.text
        return show(self.value, self.unit)

    @property
    def label(self) -> str:
        """The name, or the formula of a fact without one."""
        return self.name or self.formula()

    @property
    def cell(self) -> Cell:
        """The fact as a table's cell that links to its formula."""
        return Cell(self.value, self.text, fact=self.name)

    def inputs(self) -> list[Fact]:
        """The given facts that this one rests on, each once, in the order they appear."""
        found: dict[int, Fact] = {}
        for one in self._walk():
            if one.given is not None and one.name:
                found[id(one)] = one
        return list(found.values())

    def parents(self) -> list[Fact]:
        """The named facts that this one's formula names."""
        found: dict[str, Fact] = {}
        stack = list(self.apply.operands) if self.apply else []
        while stack:
            one = stack.pop(0)
            if one.name:
                found.setdefault(one.name, one)
            elif one.apply is not None:
                stack = [*one.apply.operands, *stack]
        return list(found.values())

    def _walk(self) -> Iterator[Fact]:
        seen: set[int] = set()
        stack = [self]
        while stack:
            one = stack.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            yield one
            if one.apply is not None:
                stack.extend(reversed(one.apply.operands))

    # -- arithmetic

    def __add__(self, other: Fact | Quantity | float) -> Fact:
        return _same("+", lambda a, b: a + b, self, as_fact(other))

    def __radd__(self, other: Quantity | float) -> Fact:
        return _same("+", lambda a, b: a + b, as_fact(other), self)

    def __sub__(self, other: Fact | Quantity | float) -> Fact:
        return _same("−", lambda a, b: a - b, self, as_fact(other))

    def __rsub__(self, other: Quantity | float) -> Fact:
        return _same("−", lambda a, b: a - b, as_fact(other), self)

    def __mul__(self, other: Fact | Quantity | float) -> Fact:
        return _product("×", lambda a, b: a * b, self, as_fact(other), 1)

    def __rmul__(self, other: Quantity | float) -> Fact:
        return _product("×", lambda a, b: a * b, as_fact(other), self, 1)

    def __truediv__(self, other: Fact | Quantity | float) -> Fact:
        return _product("÷", _divide, self, as_fact(other), -1)

    def __rtruediv__(self, other: Quantity | float) -> Fact:
        return _product("÷", _divide, as_fact(other), self, -1)

    # -- explanation

    def formula(self) -> str:
        """The expression in names: `load.average_reads × load.peak_factor`."""
        return self._write(lambda one: one.name or one.text, 0, True)

    def arithmetic(self) -> str:
        """The expression in numbers: `1 290 reads/s × 3`."""
        return self._write(lambda one: one.text, 0, True)

    def parts(self) -> list[tuple[str, str]]:
        """The expression in names, cut where a fact is named: pairs of text and that fact's name, or ''."""
        mark = "\0"
        cut = self._write(lambda one: f"{mark}{one.name}{mark}" if one.name else one.text, 0, True).split(mark)
        return [(text, text if n % 2 else "") for n, text in enumerate(cut) if text]

    def _write(self, leaf: Callable[[Fact], str], rank: int, is_top: bool) -> str:
        if (self.name and not is_top) or self.apply is None:
            return leaf(self)
        symbol, operands = self.apply.symbol, self.apply.operands
        if not symbol:
            return operands[0]._write(leaf, rank, False)
        if symbol in _RANK and len(operands) == 2:
            mine = _RANK[symbol]
            left = operands[0]._write(leaf, mine, False)
            right = operands[1]._write(leaf, mine + (symbol in "−÷"), False)
            text = f"{left} {symbol} {right}"
            return f"({text})" if mine < rank else text
        labels = self.apply.labels or ("",) * len(operands)
        inner = ", ".join(
            (f"{label} = " if label else "") + one._write(leaf, 0, False)
            for label, one in zip(labels, operands, strict=True)
        )
        return f"{symbol}({inner})"

    def why(self, depth: int = 12) -> str:
        """The answer to "why this number?": value, formula, arithmetic, and the same for every fact it rests on."""
        lines: list[str] = []
        self._explain(lines, 0, depth, set())
        return "\n".join(lines)

    def _explain(self, lines: list[str], level: int, depth: int, seen: set[str]) -> None:
        pad = "  " * level
        if self.name in seen:
            lines.append(f"{pad}{self.name} = {self.text} (see above)")
            return
        seen.add(self.name)
        if self.given is not None:
            tail = f"; {self.source}" if self.source else ""
            spread = f", {self.given}" if self.given.is_range else ""
            lines.append(f"{pad}{self.label} = {self.text}{spread} ({self.origin}: {self.because or 'given'}{tail})")
            return
        lines.append(f"{pad}{self.label} = {self.text}" + (f"  ({self.because})" if self.because else ""))
        lines.append(f"{pad}  = {self.formula()}")
        lines.append(f"{pad}  = {self.arithmetic()}")
        if level < depth:
            for parent in self.parents():
                parent._explain(lines, level + 2, depth, seen)

    def __repr__(self) -> str:
        return f"<Fact {self.label} = {self.text}>"

    # -- evaluation

    def evaluate(self, changed: Mapping[str, Any]) -> Any:
        """The value in base units with some inputs replaced: name to base value, a number or an array of samples."""
        return _evaluate(self, changed, {})

    def what_if(self, **changed: Any) -> float:
        """The value in `unit` with inputs replaced by quantities; dots in names are written as double underscores."""
        given = {name.replace("__", "."): parse(value).base for name, value in changed.items()}
        known = [one.name for one in self.inputs()]
        for name in given:
            if name not in known:
                raise ArchnbError(unknown("input", name, known, f"{self.label} does not rest on it."))
        return float(self.evaluate(given)) / self.unit.factor

    def samples(self) -> numpy.ndarray[Any, numpy.dtype[numpy.float64]]:
        """Samples in `unit`, the same draw for an input wherever it appears.

        10,000 of them, or 200 where a model on the way takes one number at a time; both by Latin hypercube.
        """
        import numpy

        count = SAMPLES if self._is_array_ready else MODEL_SAMPLES
        return numpy.broadcast_to(numpy.asarray(_sample(self, count), dtype=float) / self.unit.factor, (count,))

    def is_uncertain(self) -> bool:
        """Whether any input is a range."""
        return self._is_uncertain

    def percentiles(self) -> tuple[float, float, float]:
        """P10, P50 and P90 in `unit`; all three the value where no input is a range."""
        if not self.is_uncertain():
            return (self.value, self.value, self.value)
        import numpy

        low, middle, high = numpy.percentile(self.samples(), [10, 50, 90])
        return (float(low), float(middle), float(high))

    def sensitivity(self, nudge: float = 0.2) -> list[tuple[str, float, float]]:
        """What matters: for each input, the value with it at its low and at its high end, the widest first.

        A range goes to its ends, a plain number down and up by `nudge`.
        """
        rows = []
        for one in self.inputs():
            assert one.given is not None
            if one.given.is_range:
                low, high = one.given.low * one.given.unit.factor, one.given.high * one.given.unit.factor
            else:
                low, high = one.base * (1 - nudge), one.base * (1 + nudge)
            if one.given.unit.is_percent and one.given.unit.dimension == NONE:
                high = min(high, 1.0) if one.base <= 1 else high
            pair = [float(self.evaluate({one.name: end})) / self.unit.factor for end in (low, high)]
            rows.append((one.name, pair[0], pair[1]))
        return sorted((r for r in rows if r[1] != r[2]), key=lambda r: -abs(r[2] - r[1]))

    @property
    def views(self) -> tuple[Table | Chart, ...]:
        """The fact as shapes: the chain of formulas behind it, and the tornado chart of what matters."""
        from_here = [self, *_ancestors(self)]
        rows = tuple(
            (
                Cell(one.name, fact=one.name),
                one.cell,
                one.formula() if one.apply else str(one.given),
                one.origin,
                one.because,
            )
            for one in from_here
        )
        table = Table(f"fact-{self.name}", self.name, ("fact", "value", "formula", "origin", "because"), rows)
        found = self.sensitivity()[:12]
        if not found:
            return (table,)
        names = tuple(name for name, _, _ in found)
        chart = Chart(
            f"tornado-{self.name}", f"What moves {self.name}",
            (Series(self.name, names, tuple(self.value for _ in found), tuple(min(a, b) for _, a, b in found), tuple(max(a, b) for _, a, b in found), kind="bar"),),
            x_label=f"{self.name} ({self.unit.symbol or 'number'})", is_horizontal=True,
            description="Each input at the ends of its range, or 20 % down and up, with all others as they are.",
        )  # fmt: skip
        return (table, chart)

    @property
    def title(self) -> str:
        """What the fact is called when shown."""
        return f"{self.name} = {self.text}"


def _ancestors(fact: Fact) -> list[Fact]:
    found: dict[str, Fact] = {}
    queue = fact.parents()
    while queue:
        one = queue.pop(0)
        if one.name not in found:
            found[one.name] = one
            queue.extend(one.parents())
    return list(found.values())


def _evaluate(fact: Fact, changed: Mapping[str, Any], memo: dict[int, Any]) -> Any:
    if id(fact) in memo:
        return memo[id(fact)]
    if fact.name in changed:
        made = changed[fact.name]
    elif fact.apply is None:
        made = fact._base
    else:
        made = _apply(fact.apply, [_evaluate(one, changed, memo) for one in fact.apply.operands])
    memo[id(fact)] = made
    return made


def _apply(apply: Apply, values: list[Any]) -> Any:
    """An operation on numbers or arrays; a model that takes numbers only is asked once for each distinct set of them."""
    if apply.is_vectorised or not any(getattr(value, "ndim", 0) for value in values):
        return apply.function(*values)
    import numpy

    rows, where = numpy.unique(numpy.column_stack(numpy.broadcast_arrays(*values)), axis=0, return_inverse=True)
    return numpy.array([float(apply.function(*row)) for row in rows.tolist()])[where.reshape(-1)]


def _sample(fact: Fact, count: int) -> Any:
    """A fact's samples in base units, kept on the fact; a plain number where nothing it rests on is a range."""
    if not fact._is_uncertain:
        return fact._base
    if fact._drawn is None or len(fact._drawn) != count:
        if fact.given is not None:
            fact._drawn = _draw(fact.name, fact.given, count)
        elif fact.apply is not None:
            fact._drawn = _apply(fact.apply, [_sample(one, count) for one in fact.apply.operands])
    return fact._drawn


@cache
def _quantiles(count: int) -> tuple[float, ...]:
    """The standard normal at the middle of each of so many equal strata."""
    normal = statistics.NormalDist()
    return tuple(normal.inv_cdf((n + 0.5) / count) for n in range(count))


def _draw(name: str, given: Quantity, count: int) -> numpy.ndarray[Any, numpy.dtype[numpy.float64]]:
    """Stratified samples of a range in base units: lognormal above zero, else normal; seeded by name, so draws repeat."""
    import numpy

    z = numpy.random.default_rng(zlib.crc32(name.encode())).permutation(numpy.array(_quantiles(count)))
    low, high = given.low, given.high
    if low > 0:
        middle, spread = (math.log(low) + math.log(high)) / 2, math.log(high / low) / (2 * Z90)
        made = numpy.exp(middle + spread * z)
    else:
        made = (low + high) / 2 + (high - low) / (2 * Z90) * z
    if given.unit.is_percent and given.unit.dimension == NONE and high <= 100:
        made = numpy.clip(made, 0, 100)
    return made * given.unit.factor


def as_fact(value: Fact | Quantity | float) -> Fact:
    """A quantity or a number as a fact without a name; a fact is itself."""
    if isinstance(value, Fact):
        return value
    found = value if isinstance(value, Quantity) else Quantity(float(value), float(value), ONE)
    return Fact(found.unit, given=found)


def _divide(a: Any, b: Any) -> Any:
    if isinstance(b, float) and b == 0:
        # nothing over nothing is nothing; something over nothing never ends
        if getattr(a, "ndim", 0):
            import numpy

            return numpy.where(a == 0, 0.0, math.inf)
        return math.inf if a else 0.0
    return a / b


def _same(symbol: str, function: Callable[..., Any], left: Fact, right: Fact) -> Fact:
    if left.unit.dimension != right.unit.dimension:
        raise UnitError(
            f"{left.label} ({left.unit.describe()}) and {right.label} ({right.unit.describe()}) cannot be combined with '{symbol}'"
        )
    return Fact(left.unit, apply=Apply(symbol, function, (left, right)))


_BASE_SYMBOL = {"time": "s", "byte": "B", "bit": "bit", "money": "USD"}


@cache
def base_unit(dimension: Dimension) -> Unit:
    """The unit of a dimension whose factor is 1."""
    above = "·".join(_BASE_SYMBOL[n] + (f"^{p}" if p > 1 else "") for n, p in dimension if p > 0)
    below = "/".join(_BASE_SYMBOL[n] + (f"^{-p}" if p < -1 else "") for n, p in dimension if p < 0)
    return Unit(f"{above}/{below}" if below else above, dimension, 1.0)


def _product(symbol: str, function: Callable[..., Any], left: Fact, right: Fact, sign: int) -> Fact:
    dimension = combine(left.unit.dimension, right.unit.dimension, sign)
    keeps = left.unit if dimension == left.unit.dimension and not left.unit.is_percent else base_unit(dimension)
    return Fact(keeps, apply=Apply(symbol, function, (left, right)))
