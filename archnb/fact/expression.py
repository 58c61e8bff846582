"""One fact: its expression, its value, and what can be asked of it: why, what if, how sure, what matters."""

from __future__ import annotations

import math
import re
import statistics
import zlib
from collections import deque
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

# of a formula of thousands of terms so many are printed, and so deep
SHOWN_TERMS = 12
SHOWN_DEPTH = 24

Origin = Literal["said", "assumed", "concluded"]
Operand = "Fact | Quantity | float | int"


@dataclass(frozen=True)
class Apply:
    """An operation on operands: arithmetic (`symbol` +, −, ×, ÷) or a named model, of which so many `terms` are printed."""

    symbol: str
    function: Callable[..., Any]
    operands: tuple[Fact, ...]
    labels: tuple[str, ...] = ()
    is_vectorised: bool = True
    terms: int = SHOWN_TERMS


# a text that a program wrote: an exponent, or more digits than an eye counts
_UNREADABLE = re.compile(r"\de[+-]?\d|\d{6,}")
_RANK = {"+": 1, "−": 1, "×": 2, "÷": 2}


class Fact(Shown):
    """A quantity that knows its formula.

    `value` is in `unit`; `base` in base units (seconds, bytes, plain numbers). Facts combine with `+ - * /`, with each
    other, with quantities and with numbers; units are checked. Facts are made by `Facts.given`, `Facts.define` and
    `Facts.decide`.

    at: of a decision, where in what is believed it was taken ("P50"); it is held when what it rests on varies.
    follows: of a given rate, the fact that it moves with: its ratio to it is the same in every sample.
    unbounded: what is said in place of a number where there is no finite one ("none: overloaded").
    """

    __slots__ = (
        "_base",
        "_drawn",
        "_is_array_ready",
        "_is_uncertain",
        "apply",
        "at",
        "because",
        "follows",
        "given",
        "name",
        "origin",
        "source",
        "unbounded",
        "unit",
    )

    _is_uncertain: bool
    _is_array_ready: bool

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
        at: str = "",
        follows: Fact | None = None,
        unbounded: str = "",
    ) -> None:
        self.unit, self.given, self.apply, self.at, self.follows = unit, given, apply, at, follows
        self.unbounded = unbounded
        self.name, self.because, self.source, self.origin = name, because, source, origin
        self._drawn: Any = None
        if given is not None:
            self._base = given.base
            self._is_uncertain = given.is_range or (follows is not None and follows._is_uncertain)
            self._is_array_ready = follows is None or follows._is_array_ready
        elif at and base is not None:
            # a decision is held, whatever its inputs do
            self._base, self._is_uncertain, self._is_array_ready = base, False, True
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
        return self.show(self.value)

    def show(self, value: float) -> str:
        """A value of this fact in `unit` as people write it: its own, or one of its samples."""
        return self.unbounded if self.unbounded and math.isinf(value) else show(value, self.unit)

    @property
    def label(self) -> str:
        """The name, or the formula of a fact without one."""
        return self.name or self.formula()

    @property
    def cell(self) -> Cell:
        """The fact as a table's cell that links to its formula."""
        base = base_unit(self.unit.dimension).symbol
        return Cell(self.value, self.text, fact=self.name, unit=base, factor=self.unit.factor)

    @property
    def operands(self) -> tuple[Fact, ...]:
        """What this fact is computed from: its formula's operands, or the fact that a given rate follows."""
        if self.apply is not None:
            return self.apply.operands
        return () if self.follows is None else (self.follows,)

    def inputs(self, *, retaken: bool = True) -> list[Fact]:
        """The given facts that this one rests on, each once, in the order they appear.

        retaken: whether to look behind decisions as well; without it a decision is an input.
        """
        return [one for one in self._walk(retaken) if one.name and (one.given is not None or (one.at and not retaken))]

    def parents(self) -> list[Fact]:
        """The named facts that this one's formula names."""
        found: dict[str, Fact] = {}
        stack = list(reversed(self.operands))
        while stack:
            one = stack.pop()
            if one.name:
                found.setdefault(one.name, one)
            else:
                stack.extend(reversed(one.operands))
        return list(found.values())

    def _walk(self, retaken: bool = True) -> Iterator[Fact]:
        seen: set[int] = set()
        stack = [self]
        while stack:
            one = stack.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            yield one
            if retaken or not one.at or one is self:
                stack.extend(reversed(one.operands))

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

    def _write(self, leaf: Callable[[Fact], str], rank: int, is_top: bool, depth: int = 0) -> str:
        if (self.name and not is_top) or self.apply is None:
            return leaf(self)
        if depth > SHOWN_DEPTH:
            return "…"
        symbol, operands = self.apply.symbol, self.apply.operands
        if not symbol:
            return operands[0]._write(leaf, rank, False, depth + 1)
        if symbol in _RANK and len(operands) == 2:
            return self._write_chain(leaf, rank, depth)
        labels = self.apply.labels or ("",) * len(operands)
        shown = [
            (f"{label} = " if label else "") + one._write(leaf, 0, False, depth + 1)
            for label, one in zip(labels[: self.apply.terms], operands[: self.apply.terms], strict=True)
        ]
        if len(operands) > self.apply.terms:
            shown.append(f"… {len(operands) - self.apply.terms} more")
        return f"{symbol}({', '.join(shown)})"

    def _write_chain(self, leaf: Callable[[Fact], str], rank: int, depth: int) -> str:
        """A sum or a product as its terms side by side; a long one by its first terms and how many more there are."""
        assert self.apply is not None
        mine, chain, first = _RANK[self.apply.symbol], list[tuple[str, Fact]](), self
        while first is self or not first.name:
            apply = first.apply
            if apply is None or len(apply.operands) != 2 or _RANK.get(apply.symbol) != mine:
                break
            chain.append((apply.symbol, apply.operands[1]))
            first = apply.operands[0]
        text = first._write(leaf, mine, False, depth + 1)
        chain.reverse()
        for symbol, term in chain[: SHOWN_TERMS - 1]:
            text += f" {symbol} {term._write(leaf, mine + (symbol in '−÷'), False, depth + 1)}"
        if len(chain) > SHOWN_TERMS - 1:
            text += f" {chain[-1][0]} … {len(chain) - SHOWN_TERMS + 1} more"
        return f"({text})" if mine < rank else text

    def why(self, depth: int = 12) -> str:
        """The answer to "why this number?": value, formula, arithmetic, and the same for every fact it rests on."""
        lines: list[str] = []
        self._explain(lines, 0, depth, set())
        drawn = self.independent()
        if len(drawn) > 1:
            names = ", ".join(one.name for one in drawn[:SHOWN_TERMS])
            more = f" and {len(drawn) - SHOWN_TERMS} more" if len(drawn) > SHOWN_TERMS else ""
            lines.append(f"drawn independently of each other: {names}{more}")
        return "\n".join(lines)

    def independent(self) -> list[Fact]:
        """The ranges that this fact rests on, each of which is drawn on its own."""
        return [one for one in self.inputs(retaken=False) if one.given is not None and one.given.is_range]

    def _explain(self, lines: list[str], level: int, depth: int, seen: set[str]) -> None:
        pad = "  " * level
        if self.name in seen:
            lines.append(f"{pad}{self.name} = {self.text} (see above)")
            return
        seen.add(self.name)
        if self.given is not None:
            tail = f"; {self.source}" if self.source else ""
            spread = f", {self.given}" if self.given.is_range else ""
            tail += f"; moves with {self.follows.name}" if self.follows is not None else ""
            lines.append(f"{pad}{self.label} = {self.text}{spread} ({self.origin}: {self.because or 'given'}{tail})")
            if self.follows is not None and level < depth:
                self.follows._explain(lines, level + 2, depth, seen)
            return
        lines.append(f"{pad}{self.label} = {self.text}" + (f"  ({self.because})" if self.because else ""))
        lines.append(f"{pad}  = {self.formula()}")
        lines.append(f"{pad}  = {self.arithmetic()}")
        if self.at:
            lines.append(f"{pad}  decided: {self.text} {self.taken_at}, and held")
        if level < depth:
            parents = self.parents()
            for parent in parents[:SHOWN_TERMS]:
                parent._explain(lines, level + 2, depth, seen)
            if len(parents) > SHOWN_TERMS:
                lines.append(f"{pad}    … and {len(parents) - SHOWN_TERMS} more facts")

    @property
    def taken_at(self) -> str:
        """Of a decision, at which of the values that are believed it was taken, in words; '' of any other fact."""
        return "" if not self.at else "at the median" if self.at == "P50" else f"at {self.at}"

    def __repr__(self) -> str:
        return f"<Fact {self.label} = {self.text}>"

    # -- evaluation

    def evaluate(self, changed: Mapping[str, Any], *, retaken: bool = False) -> Any:
        """The value in base units with some inputs replaced: name to base value, a number or an array of samples.

        retaken: whether decisions are taken again with what changed; else they are held.
        """
        return _evaluate(self, changed, retaken)

    def what_if(self, changed: Mapping[str, Any] | None = None, /, *, retaken: bool = False, **more: Any) -> float:
        """The value in `unit` with inputs or decisions replaced by quantities.

        changed: by name; as keywords, dots are written as double underscores. retaken: whether decisions (servers,
        workers, memory) are taken again; else the plan's are held, and the answer says what happens to them.
        Raises ArchnbError where a name is no input of this fact, QuantityError where a value is of another dimension.
        """
        named = {**(changed or {}), **{name.replace("__", "."): value for name, value in more.items()}}
        known = {one.name: one for one in self._walk() if one.name and (one.given is not None or one.at)}
        for name in named:
            if name not in known:
                raise ArchnbError(unknown("input", name, sorted(known), f"{self.label} does not rest on it."))
        given = {name: parse(value, known[name].unit.dimension).base for name, value in named.items()}
        return float(self.evaluate(given, retaken=retaken)) / self.unit.factor

    def samples(self) -> numpy.ndarray[Any, numpy.dtype[numpy.float64]]:
        """Samples in `unit`, the same draw for an input wherever it appears.

        10,000 of them, or 200 where a model on the way takes one number at a time; both by Latin hypercube.
        """
        import numpy

        count = SAMPLES if self._is_array_ready else MODEL_SAMPLES
        return numpy.broadcast_to(numpy.asarray(_sample(self, count), dtype=float) / self.unit.factor, (count,))

    def draw(self, count: int) -> numpy.ndarray[Any, numpy.dtype[numpy.float64]]:
        """So many samples in `unit`, in the order in which another fact has them that is drawn as often."""
        import numpy

        return numpy.broadcast_to(numpy.asarray(_sample(self, count), dtype=float) / self.unit.factor, (count,))

    def is_uncertain(self) -> bool:
        """Whether any input is a range."""
        return self._is_uncertain

    def percentiles(self) -> tuple[float, float, float]:
        """P10, P50 and P90 in `unit`; all three the value where no input is a range."""
        if not self.is_uncertain():
            return (self.value, self.value, self.value)
        import numpy

        samples = self.samples()
        # between a number and what never comes there is nothing to interpolate
        method: Any = "linear" if numpy.isfinite(samples).all() else "inverted_cdf"
        low, middle, high = numpy.percentile(samples, [10, 50, 90], method=method)
        return (float(low), float(middle), float(high))

    def sensitivity(self, nudge: float = 0.2) -> list[tuple[str, float, float]]:
        """What matters: for each input, the value with it at its low and at its high end, the widest first.

        A range goes to its ends, a plain number down and up by `nudge`. Decisions are held.
        """
        rows = []
        for one in self.inputs(retaken=False):
            if one.given is None:
                continue
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
        if not found or not math.isfinite(self.value):
            return (table,)
        names = tuple(name for name, _, _ in found)
        ends = [one for _, *pair in found for one in pair if math.isfinite(one)]
        # what has no end is drawn to the edge
        edge = 1.5 * max((abs(one) for one in (self.value, *ends)), default=1.0)
        endless = [name for name, *pair in found if not all(math.isfinite(one) for one in pair)]
        found = [(name, min(low, edge), min(high, edge)) for name, low, high in found]
        told = f" {', '.join(endless)} to the edge: {self.unbounded or 'without end'}." if endless else ""
        chart = Chart(
            f"tornado-{self.name}", f"What moves {self.name}",
            (Series(self.name, names, tuple(self.value for _ in found), tuple(min(a, b) for _, a, b in found), tuple(max(a, b) for _, a, b in found), kind="bar"),),
            x_label=f"{self.name} ({self.unit.symbol or 'number'})", is_horizontal=True,
            description=f"Each input at the ends of its range, or 20 % down and up, with all others as they are.{told}",
        )  # fmt: skip
        return (table, chart)

    @property
    def title(self) -> str:
        """What the fact is called when shown."""
        return f"{self.name} = {self.text}"


def _ancestors(fact: Fact) -> list[Fact]:
    found: dict[str, Fact] = {}
    queue = deque(fact.parents())
    while queue:
        one = queue.popleft()
        if one.name not in found:
            found[one.name] = one
            queue.extend(one.parents())
    return list(found.values())


def _evaluate(fact: Fact, changed: Mapping[str, Any], retaken: bool) -> Any:
    """The value of a fact, its operands first; a stack of its own, because formulas are deeper than Python recurses."""
    memo: dict[int, Any] = {}
    stack = [fact]
    while stack:
        one = stack[-1]
        mine, operands = id(one), one.operands
        if mine in memo:
            stack.pop()
        elif one.name in changed and one.follows is None:
            memo[mine] = changed[one.name]
        elif not operands or (one.at and not retaken):
            memo[mine] = one._base
        elif one.at and one.at != "P50":
            memo[mine] = _retake(one, changed)
        elif missing := [each for each in operands if id(each) not in memo]:
            stack.extend(missing)
        elif one.apply is None:
            memo[mine] = _follow(one, changed.get(one.name, one._base), memo[id(operands[0])])
        else:
            memo[mine] = _apply(one.apply, [memo[id(each)] for each in operands])
    return memo[id(fact)]


def _retake(decision: Fact, changed: Mapping[str, Any]) -> float:
    """A decision that was not taken at the median, taken again with some inputs replaced."""
    drawn = {one.name: _sample(one, MODEL_SAMPLES) for one in decision.independent()}
    assert decision.apply is not None
    free = Fact(decision.unit, apply=decision.apply, base=decision._base)
    return take_percentile(_evaluate(free, {**drawn, **changed}, True), decision.at)


def take_percentile(samples: Any, at: str) -> float:
    """The value of some samples at a percentile such as 'P90'."""
    import numpy

    return float(numpy.percentile(numpy.asarray(samples, dtype=float), float(at[1:]), method="inverted_cdf"))


def _follow(fact: Fact, own: Any, followed: Any) -> Any:
    """A rate that keeps its ratio to what it follows."""
    assert fact.follows is not None
    return own * followed / fact.follows._base if fact.follows._base else own


def _apply(apply: Apply, values: list[Any]) -> Any:
    """An operation on numbers or arrays; a model that takes numbers only is asked once for each distinct set of them."""
    if apply.is_vectorised or not any(getattr(value, "ndim", 0) for value in values):
        return apply.function(*values)
    import numpy

    rows, where = numpy.unique(numpy.column_stack(numpy.broadcast_arrays(*values)), axis=0, return_inverse=True)
    return numpy.array([float(apply.function(*row)) for row in rows.tolist()])[where.reshape(-1)]


def _sample(fact: Fact, count: int) -> Any:
    """A fact's samples in base units, kept on the fact; a plain number where nothing it rests on is a range."""
    stack = [fact]
    while stack:
        one = stack[-1]
        if _is_drawn(one, count):
            stack.pop()
        elif missing := [each for each in one.operands if not _is_drawn(each, count)]:
            stack.extend(missing)
        elif one.apply is not None:
            one._drawn = _apply(one.apply, [_drawn_of(each) for each in one.apply.operands])
            if not getattr(one._drawn, "ndim", 0):
                # what does not vary though its inputs do
                one._drawn = _fill(one._drawn, count)
        else:
            assert one.given is not None
            own = _draw(one.name, one.given, count) if one.given.is_range else one._base
            one._drawn = own if one.follows is None else _follow(one, own, _drawn_of(one.follows))
    return _drawn_of(fact)


def _is_drawn(fact: Fact, count: int) -> bool:
    return not fact._is_uncertain or (fact._drawn is not None and len(fact._drawn) == count)


def _drawn_of(fact: Fact) -> Any:
    return fact._drawn if fact._is_uncertain else fact._base


def _fill(value: Any, count: int) -> Any:
    import numpy

    return numpy.full(count, float(value))


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
