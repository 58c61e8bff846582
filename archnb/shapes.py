"""What a topic shows, as data: tables, graphs, sequences, charts and sources, which the renderers draw in a cell and in the report alike.

Shapes hold plain values only; a picture of one is made in `archnb.render`. Every shape gives the table behind it as
`.frame` (pandas), and a graph gives itself as `.graph` (networkx).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import networkx
    import pandas

Scalar = str | int | float | bool | None
Tone = Literal["", "good", "notice", "warning", "danger", "muted"]

_bundle: Callable[[Any], dict[str, str]] | None = None


def set_bundle(function: Callable[[Any], dict[str, str]]) -> None:
    """Fill the one display slot: the function that gives a shown object's mimebundle. The package's front door calls it."""
    global _bundle
    _bundle = function


class Shown:
    """Something that displays itself in a notebook through the one display slot."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return _bundle(self) if _bundle is not None else {"text/plain": repr(self)}


@dataclass(frozen=True)
class Cell:
    """A value in a table: what is computed with (`value`), what is read (`text`), the fact it comes from, a tone, code or prose.

    `more` are lines that stand behind the cell: counted where it is read, unfolded where that can be done.
    unit, factor: the base unit, and what one of the value's own unit is in it, so that a column of frames compares.
    """

    value: Scalar
    text: str = ""
    fact: str = ""
    tone: Tone = ""
    is_code: bool = False
    more: tuple[str, ...] = ()
    unit: str = ""
    factor: float = 1.0

    @property
    def base(self) -> Scalar:
        """The value in base units."""
        return self.value * self.factor if self.factor != 1 and isinstance(self.value, int | float) else self.value

    def __str__(self) -> str:
        return self.text or ("" if self.value is None else str(self.value))


Row = tuple[Cell | Scalar, ...]


@dataclass(frozen=True)
class Shape(Shown):
    """What all shapes have: a stable name (an anchor), a title, and a sentence that says what is to be seen."""

    name: str
    title: str
    description: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Table(Shape):
    """Columns and rows. `anchors` names a row's anchor (an entity, a rule) so that it can be linked to."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    anchors: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.name!r}: a row of {len(row)} cells under {len(self.columns)} columns")

    @property
    def frame(self) -> pandas.DataFrame:
        """The rows as a DataFrame of plain values, those with a unit in base units (seconds, bytes, per second).

        The unit stands in a column of its own, `<column> unit`, so that a rate a day never ranks above a rate a second.
        """
        import pandas

        made: dict[str, list[Scalar]] = {}
        for n, column in enumerate(self.columns):
            cells = [row[n] for row in self.rows]
            made[column] = [cell.base if isinstance(cell, Cell) else cell for cell in cells]
            units = [cell.unit if isinstance(cell, Cell) else "" for cell in cells]
            if any(units):
                made[f"{column} unit"] = list(units)
        return pandas.DataFrame(made, columns=list(made))


End = Literal["", "one", "zero-or-one", "many", "zero-or-many"]


@dataclass(frozen=True)
class Node:
    """A box: its lines are (mark, name, note), say ("PK", "id", "bigint"); `kind` picks its look; `group` the frame around it."""

    id: str
    label: str
    kind: str = "node"
    group: str = ""
    lines: tuple[tuple[str, str, str], ...] = ()
    fact: str = ""


@dataclass(frozen=True)
class Edge:
    """A line from source to target. `tail` and `head` are crow's-foot ends at the source and at the target; `kind` its look."""

    source: str
    target: str
    label: str = ""
    kind: str = "edge"
    tail: End = ""
    head: End = ""


@dataclass(frozen=True)
class Group:
    """A frame around nodes: a domain of entities, a trust zone."""

    id: str
    label: str
    kind: str = "group"


@dataclass(frozen=True)
class Graph(Shape):
    """Nodes, edges and groups. `kind` is 'er', 'flow' or 'graph'; `direction` as Graphviz has it."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Group, ...] = field(default=(), kw_only=True)
    kind: Literal["er", "flow", "graph"] = field(default="graph", kw_only=True)
    direction: Literal["LR", "TB"] = field(default="LR", kw_only=True)

    def __post_init__(self) -> None:
        known = {node.id for node in self.nodes}
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in known:
                    raise ValueError(
                        f"graph {self.name!r}: edge {edge.source!r} -> {edge.target!r} names no node {end!r}"
                    )

    @property
    def graph(self) -> networkx.MultiDiGraph[str]:
        """The graph as networkx, with every node's and edge's data as attributes."""
        import networkx

        made: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(name=self.title)
        for node in self.nodes:
            made.add_node(node.id, label=node.label, kind=node.kind, group=node.group, lines=node.lines)
        for edge in self.edges:
            made.add_edge(edge.source, edge.target, label=edge.label, kind=edge.kind, tail=edge.tail, head=edge.head)
        return made

    @property
    def frame(self) -> pandas.DataFrame:
        """One row an edge."""
        import pandas

        rows = [(e.source, e.target, e.label, e.kind, e.tail, e.head) for e in self.edges]
        return pandas.DataFrame(rows, columns=["source", "target", "label", "kind", "tail", "head"])


@dataclass(frozen=True)
class Participant:
    """Who takes part in a sequence."""

    id: str
    label: str
    kind: str = "service"


@dataclass(frozen=True)
class Message:
    """One arrow of a sequence; a 'note' stands at its source, a 'return' is dashed, an 'async' one is not waited for."""

    source: str
    target: str
    label: str
    kind: Literal["call", "return", "async", "note"] = "call"


@dataclass(frozen=True)
class Sequence(Shape):
    """Participants and the messages between them, in order."""

    participants: tuple[Participant, ...]
    messages: tuple[Message, ...]

    @property
    def frame(self) -> pandas.DataFrame:
        """One row a message."""
        import pandas

        rows = [(n, m.source, m.target, m.label, m.kind) for n, m in enumerate(self.messages, 1)]
        return pandas.DataFrame(rows, columns=["step", "source", "target", "message", "kind"])


@dataclass(frozen=True)
class Series:
    """One line, band or set of bars: x and y alike long; `low` and `high` draw a band around y; `limit` is a reference line."""

    label: str
    x: tuple[float, ...] | tuple[str, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    kind: Literal["line", "step", "bar", "limit", "points"] = "line"
    panel: str = ""


@dataclass(frozen=True)
class Mark:
    """A point on a chart that carries a word, say the month a resource saturates."""

    x: float
    label: str
    y: float | None = None
    panel: str = ""


@dataclass(frozen=True)
class Chart(Shape):
    """Series over an x axis, in one panel or, where series name panels, in small multiples that share x.

    A panel's y axis is labelled `y_labels[panel]`, or else `y_label`.
    """

    series: tuple[Series, ...]
    x_label: str = field(default="", kw_only=True)
    y_label: str = field(default="", kw_only=True)
    y_labels: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    marks: tuple[Mark, ...] = field(default=(), kw_only=True)
    is_log_x: bool = field(default=False, kw_only=True)
    is_log_y: bool = field(default=False, kw_only=True)
    is_horizontal: bool = field(default=False, kw_only=True)

    @property
    def frame(self) -> pandas.DataFrame:
        """Long form: one row a point."""
        import pandas

        rows = []
        for one in self.series:
            for n, (x, y) in enumerate(zip(one.x, one.y, strict=True)):
                low = one.low[n] if one.low else None
                high = one.high[n] if one.high else None
                rows.append((one.panel, one.label, x, y, low, high))
        return pandas.DataFrame(rows, columns=["panel", "series", "x", "y", "low", "high"])


@dataclass(frozen=True)
class Source(Shape):
    """A text in a language, with the file name it is saved under: DDL, OpenAPI, alerting rules."""

    language: str
    text: str
    filename: str = field(default="", kw_only=True)

    def __str__(self) -> str:
        return self.text

    @property
    def frame(self) -> pandas.DataFrame:
        """One row a line."""
        import pandas

        lines = self.text.splitlines()
        return pandas.DataFrame({"line": range(1, len(lines) + 1), "text": lines})


AnyShape = Table | Graph | Sequence | Chart | Source
