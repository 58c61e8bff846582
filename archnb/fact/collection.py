"""All facts of a plan by name, and the graph of what rests on what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from archnb.exceptions import ArchnbError, UnitError, unknown
from archnb.fact.expression import Apply, Fact, Origin, base_unit, take_percentile
from archnb.fact.key import Key
from archnb.quantity import ONE, Quantity, describe, number, parse, unit
from archnb.shapes import Shown, Table

if TYPE_CHECKING:
    import networkx
    import pandas

T = TypeVar("T")


class Facts(Shown, Mapping[str, Fact]):
    """All facts of a plan by name, in the order they were made.

    Code makes and reads them by handles (`fact.key`); a person may ask by name, and a name that is none gets the nearest.

    overrules: what the design says instead of an assumption, by the assumption's name.
    """

    title = "Facts"

    def __init__(self, overrules: Mapping[str, Quantity] | None = None) -> None:
        self._facts: dict[str, Fact] = {}
        self._overrules = dict(overrules or {})
        self._assumed: dict[str, bool] = {}

    def given(
        self,
        name: Key,
        value: Quantity | str | float,
        because: str = "",
        *,
        origin: Origin = "assumed",
        source: str = "",
        symbol: str = "",
        follows: Fact | None = None,
    ) -> Fact:
        """Add a given fact: said by a person, or proposed with a reason.

        symbol: the word of a counted thing. follows: the fact that it moves with, keeping its ratio to it in every sample.
        """
        quantity = parse(value)
        if symbol and quantity.unit == ONE:
            quantity = Quantity(
                quantity.low, quantity.high, unit(symbol), quantity.text and f"{quantity.text} {symbol}"
            )
        return self._add(
            name,
            Fact(
                quantity.unit,
                given=quantity,
                name=str(name),
                because=because,
                source=source,
                origin=origin,
                follows=follows,
            ),
        )

    def value(
        self,
        name: Key,
        value: Quantity | str | float,
        because: str = "",
        *,
        origin: Origin = "assumed",
        symbol: str = "",
        follows: Fact | None = None,
    ) -> Fact:
        """The one fact of a value of the design: made where it is first asked for, and the same one wherever it is used.

        Raises ArchnbError where the fact is there with another value: then two values would stand at one path.
        """
        known = self._facts.get(name)
        if known is None:
            return self.given(name, value, because, origin=origin, symbol=symbol, follows=follows)
        given, again = known.given, parse(value)
        if given is not None and (given.low != again.low or given.high != again.high):
            raise ArchnbError(f"fact {name!r} is {given} and cannot be {value} as well")
        return known

    def assume(
        self, name: Key, value: Quantity | str | float, because: str = "", *, source: str, symbol: str = ""
    ) -> Fact:
        """The one fact of an assumption or a threshold, with its source and date; what the design says instead of it wins."""
        if not name.is_assumption:
            raise ArchnbError(f"{name!r} is not declared as an assumption")
        known = self._facts.get(name)
        if known is not None:
            return known
        self._assumed[str(name)] = name in self._overrules
        if name in self._overrules:
            said = self._overrules[name]
            return self.given(
                name, said, f"{because}; said at assumptions.{name} instead of {value}", origin="said", symbol=symbol
            )
        return self.given(name, value, because, source=source, symbol=symbol)

    @property
    def assumptions(self) -> dict[str, bool]:
        """The names of what is assumed, and whether the design overrules it."""
        return dict(self._assumed)

    def define(
        self, name: Key, expression: Fact, symbol: str | None = None, because: str = "", *, source: str = ""
    ) -> Fact:
        """Name an expression, show it in the unit `symbol`, and say what it means. Raises UnitError where the unit does not fit."""
        shown = self._show_in(name, expression, symbol)
        if expression.name or expression.apply is None:
            # naming a named fact again makes a fact that points to it
            apply, base = Apply("", lambda value: value, (expression,)), None
        else:
            apply, base = expression.apply, expression.base
        return self._add(
            name,
            Fact(
                shown, apply=apply, name=str(name), because=because, source=source, base=base, unbounded=name.unbounded
            ),
        )

    def decide(
        self,
        name: Key,
        expression: Fact,
        symbol: str | None = None,
        because: str = "",
        *,
        source: str = "",
        at: str = "P50",
    ) -> Fact:
        """Name a choice (servers, workers, memory): taken once, and held when what it rests on varies.

        at: where in what is believed it is taken; P50 is the value with each input at its median, another percentile that
        of the samples. What follows from a decision is uncertain about what happens to it, not about what it is.
        """
        shown = self._show_in(name, expression, symbol)
        apply = expression.apply
        if expression.name or apply is None:
            apply = Apply("", lambda value: value, (expression,))
        base = expression.base
        if at != "P50" and expression.is_uncertain():
            base = take_percentile(expression.samples(), at) * expression.unit.factor
        return self._add(
            name, Fact(shown, apply=apply, name=str(name), because=because, source=source, base=base, at=at)
        )

    @staticmethod
    def _show_in(name: Key, expression: Fact, symbol: str | None) -> Any:
        shown = expression.unit if symbol is None else unit(symbol)
        if shown.dimension != expression.unit.dimension:
            raise UnitError(f"{name} = {expression.formula()} is {expression.unit.describe()}, not {symbol!r}")
        return shown

    def _add(self, name: Key, fact: Fact) -> Fact:
        if not isinstance(name, Key):
            raise ArchnbError(f"fact {name!r} is made without a handle; declare it with archnb.fact.key")
        if name.dimension is not None and fact.unit.dimension != name.dimension:
            raise UnitError(f"{name} is declared as {describe(name.dimension)}, and is made as {fact.unit.describe()}")
        if fact.name in self._facts:
            raise ArchnbError(f"fact {fact.name!r} is made twice")
        self._facts[fact.name] = fact
        return fact

    def __getitem__(self, name: str) -> Fact:
        try:
            return self._facts[name]
        except KeyError:
            raise KeyError(unknown("fact", name, self._facts)) from None

    # Mapping's own get would look for the nearest name first, and throw it away

    @overload
    def get(self, name: str, default: None = None, /) -> Fact | None: ...

    @overload
    def get(self, name: str, default: Fact | T, /) -> Fact | T: ...

    def get(self, name: str, default: Any = None, /) -> Any:
        """The fact of that name, or the default. Raises ArchnbError for a handle that is not declared as optional."""
        if isinstance(name, Key) and not name.is_optional:
            raise ArchnbError(f"fact {name!r} is never absent; read it with facts[...], or declare it as optional")
        return self._facts.get(name, default)

    def __contains__(self, name: object) -> bool:
        # without the search for the nearest name, which only a failed look-up should pay for
        return name in self._facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def __repr__(self) -> str:
        return f"<Facts: {len(self)}>"

    @property
    def graph(self) -> networkx.DiGraph[str]:
        """All facts as networkx, an edge from what a fact rests on to the fact."""
        import networkx

        made: networkx.DiGraph[str] = networkx.DiGraph()
        for name, fact in self._facts.items():
            made.add_node(name, value=fact.value, unit=fact.unit.symbol, origin=fact.origin)
            for parent in fact.parents():
                made.add_edge(parent.name, name)
        return made

    @property
    def frame(self) -> pandas.DataFrame:
        """One row a fact: its value in base units (seconds, bytes, plain numbers), so that rows compare, with P10, P50 and P90."""
        import pandas

        rows = [
            (
                n,
                f.base,
                base_unit(f.unit.dimension).symbol,
                f.text,
                *(one * f.unit.factor for one in f.percentiles()),
                f.formula() if f.apply else str(f.given),
                "decided" if f.at else f.origin,
                f.because,
                f.source,
            )
            for n, f in self.items()
        ]
        columns = ["fact", "value", "unit", "text", "p10", "p50", "p90", "formula", "origin", "because", "source"]
        return pandas.DataFrame(rows, columns=columns)

    @property
    def table(self) -> Table:
        """One row a fact: value, spread, formula, arithmetic, origin."""
        rows = []
        for name, fact in self.items():
            p10, _, p90 = fact.percentiles()
            spread = f"{fact.show(p10)} … {fact.show(p90)}" if p10 != p90 else ""
            formula = f"{fact.formula()} = {fact.arithmetic()}" if fact.apply else fact.origin
            if fact.at:
                formula = f"decided {fact.taken_at}: {formula}"
            elif fact.follows is not None:
                formula += f", moving with {fact.follows.name}"
            rows.append(
                (name, fact.text, spread, formula, "; ".join(part for part in (fact.because, fact.source) if part))
            )
        return Table(
            "facts",
            "Facts",
            ("fact", "value", "P10 … P90", "formula", "because"),
            tuple(rows),
            anchors=tuple(f"fact-{n}" for n in self),
            description=self.sampling,
        )

    @property
    def sampling(self) -> str:
        """How ranges are read and drawn, and what is held."""
        ranges = [one for one in self._facts.values() if one.given is not None and one.given.is_range]
        followers = [one for one in self._facts.values() if one.follows is not None]
        if not ranges:
            return "No input is a range, so no fact has a spread."
        text = (
            f"A range is P10 to P90 of what is believed. {number(len(ranges))} inputs are ranges, and each is drawn"
            " independently of the others"
        )
        if followers:
            text += f"; {number(len(followers))} rates move with what they follow"
        return text + ". Decisions are taken once and held."

    @property
    def views(self) -> tuple[Table, ...]:
        """The table of facts."""
        return (self.table,)
