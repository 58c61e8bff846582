"""All facts of a plan by name, and the graph of what rests on what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from archnb.exceptions import ArchnbError, UnitError, unknown
from archnb.fact.expression import Apply, Fact, Origin
from archnb.quantity import ONE, Quantity, parse, show, unit
from archnb.shapes import Shown, Table

if TYPE_CHECKING:
    import networkx
    import pandas

T = TypeVar("T")


class Facts(Shown, Mapping[str, Fact]):
    """All facts of a plan by name, in the order they were made."""

    title = "Facts"

    def __init__(self) -> None:
        self._facts: dict[str, Fact] = {}

    def given(
        self,
        name: str,
        value: Quantity | str | float,
        because: str = "",
        *,
        origin: Origin = "assumed",
        source: str = "",
        symbol: str = "",
    ) -> Fact:
        """Add a given fact: said by a person, or assumed with a source (and its date)."""
        quantity = parse(value)
        if symbol and quantity.unit == ONE:
            quantity = Quantity(quantity.low, quantity.high, unit(symbol))
        return self._add(Fact(quantity.unit, given=quantity, name=name, because=because, source=source, origin=origin))

    def define(
        self, name: str, expression: Fact, symbol: str | None = None, because: str = "", *, source: str = ""
    ) -> Fact:
        """Name an expression, show it in the unit `symbol`, and say what it means. Raises UnitError where the unit does not fit."""
        shown = expression.unit if symbol is None else unit(symbol)
        if shown.dimension != expression.unit.dimension:
            raise UnitError(f"{name} = {expression.formula()} is {expression.unit.describe()}, not {symbol!r}")
        if expression.name or expression.apply is None:
            # naming a named fact again makes a fact that points to it
            made = Fact(
                shown, apply=Apply("", lambda value: value, (expression,)), name=name, because=because, source=source
            )
        else:
            made = Fact(shown, apply=expression.apply, name=name, because=because, source=source, base=expression.base)
        return self._add(made)

    def _add(self, fact: Fact) -> Fact:
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
        """The fact of that name, or the default."""
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
        """One row a fact, with P10, P50 and P90."""
        import pandas

        rows = [
            (
                n,
                f.value,
                f.unit.symbol,
                *f.percentiles(),
                f.formula() if f.apply else str(f.given),
                f.origin,
                f.because,
                f.source,
            )
            for n, f in self.items()
        ]
        return pandas.DataFrame(
            rows, columns=["fact", "value", "unit", "p10", "p50", "p90", "formula", "origin", "because", "source"]
        )

    @property
    def table(self) -> Table:
        """One row a fact: value, spread, formula, arithmetic, origin."""
        rows = []
        for name, fact in self.items():
            p10, _, p90 = fact.percentiles()
            spread = f"{show(p10, fact.unit)} … {show(p90, fact.unit)}" if p10 != p90 else ""
            formula = f"{fact.formula()} = {fact.arithmetic()}" if fact.apply else fact.origin
            rows.append(
                (name, fact.text, spread, formula, "; ".join(part for part in (fact.because, fact.source) if part))
            )
        return Table(
            "facts",
            "Facts",
            ("fact", "value", "P10 … P90", "formula", "because"),
            tuple(rows),
            anchors=tuple(f"fact-{n}" for n in self),
        )

    @property
    def views(self) -> tuple[Table, ...]:
        """The table of facts."""
        return (self.table,)
