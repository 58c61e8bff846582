"""The tables behind drawings: what a graph, a sequence or a chart says, for those who read rather than look."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence as Several
from typing import Literal

from archnb.shapes import Cell, Chart, Graph, Scalar, Sequence, Table

MANY = 7  # columns; a table of more is set smaller
_MOST = 16  # rows of a curve's table: enough to read it by, and a page holds many curves
_EMPTY = frozenset({"", "-", "–", "—"})
_QUANTITY = re.compile(r"[-−~≈<>≥≤]? ?\d[\d.,\s]*(?:[^\s\d]{1,12}|/ ?\w+)?(?: \w{1,12})?")
_ENDS = {
    "one": "exactly one",
    "zero-or-one": "zero or one",
    "many": "one or many",
    "zero-or-many": "zero or many",
    "": "",
}


def tabulate_shape(shape: Graph | Sequence | Chart) -> tuple[Table, ...]:
    """The tables that say all that a drawing shows; empty ones are left out."""
    if isinstance(shape, Graph):
        tables = _tabulate_graph(shape)
    elif isinstance(shape, Sequence):
        tables = [_tabulate_sequence(shape)]
    else:
        tables = _tabulate_chart(shape)
    return tuple(table for table in tables if table.rows)


def _tabulate_graph(graph: Graph) -> list[Table]:
    labels = {node.id: node.label or node.id for node in graph.nodes}
    groups = {group.id: group.label for group in graph.groups}
    has_groups = any(node.group in groups for node in graph.nodes)
    rows: list[tuple[Cell | Scalar, ...]] = []
    if graph.kind == "er":
        for node in graph.nodes:
            name = Cell(labels[node.id], fact=node.fact)
            group = (groups.get(node.group, ""),) if has_groups else ()
            fields = node.lines or (("", "", ""),)
            rows += [(name, *group, field, note, mark) for mark, field, note in fields]
        columns = ("Entity", *(("Group",) if has_groups else ()), "Field", "Type", "Key")
        relations = tuple(
            (labels[e.source], _ENDS[e.tail], labels[e.target], _ENDS[e.head], e.label) for e in graph.edges
        )
        joined = Table(
            f"{graph.name}-relations", "Relations", ("From", "How many", "To", "How many of it", "By"), relations
        )
        return [Table(f"{graph.name}-fields", "Entities and fields", columns, tuple(rows)), joined]
    for node in graph.nodes:
        notes = "; ".join(" ".join(part for part in line if part) for line in node.lines)
        group = (groups.get(node.group, ""),) if has_groups else ()
        rows.append((Cell(labels[node.id], fact=node.fact), node.kind.replace("_", " "), *group, notes))
    columns = ("Name", "Kind", *(("Within",) if has_groups else ()), "Notes")
    edges = tuple(
        (labels[e.source], labels[e.target], e.label, e.kind if e.kind != "edge" else "") for e in graph.edges
    )
    return [
        Table(f"{graph.name}-nodes", "Parts", columns, tuple(rows)),
        Table(f"{graph.name}-edges", "Connections", ("From", "To", "What", "Kind"), edges),
    ]


def _tabulate_sequence(sequence: Sequence) -> Table:
    labels = {one.id: one.label or one.id for one in sequence.participants}
    rows: list[tuple[Cell | Scalar, ...]] = []
    number = 0
    for message in sequence.messages:
        number += message.kind != "note"
        source, target = labels.get(message.source, message.source), labels.get(message.target, message.target)
        step = None if message.kind == "note" else number
        rows.append((step, source, target, message.label, message.kind))
    return Table(f"{sequence.name}-steps", "Steps", ("Step", "From", "To", "Message", "Kind"), tuple(rows))


def _tabulate_chart(chart: Chart) -> list[Table]:
    tables = []
    for number, panel in enumerate(dict.fromkeys(one.panel for one in chart.series), 1):
        series = [one for one in chart.series if one.panel == panel]
        values: dict[str | float, dict[int, Cell]] = {}
        for n, one in enumerate(series):
            names: tuple[str | float, ...] = one.x
            for place, (x, y) in enumerate(zip(names, one.y, strict=True)):
                text = format_number(y)
                if one.low and one.high:
                    text += f" ({format_number(one.low[place])} to {format_number(one.high[place])})"
                values.setdefault(x, {})[n] = Cell(y, text)
        # A limit's own ends are no rows where the other series have theirs.
        shown = {x for one in series if one.kind != "limit" for x in one.x}
        values = {x: row for x, row in values.items() if not shown or x in shown}
        step = math.ceil(len(values) / _MOST) if not any(isinstance(x, str) for x in values) else 1
        rows = []
        for place, (x, row) in enumerate(values.items()):
            if place % step and place + 1 < len(values):
                continue
            first = x if isinstance(x, str) else Cell(x, format_number(x))
            rows.append((first, *(row.get(n, _standing(series[n].y, series[n].kind)) for n in range(len(series)))))
        unit = chart.y_labels.get(panel, chart.y_label)
        title = ", ".join(part for part in (panel or chart.title, unit) if part)
        if step > 1:
            title += f" (one point in {step}; all {len(values)} are in .frame)"
        columns = ((chart.x_label if not chart.is_horizontal else "") or "x", *(one.label for one in series))
        tables.append(Table(f"{chart.name}-values-{number}", title, columns, tuple(rows)))
    marks = tuple((mark.panel, Cell(mark.x, format_number(mark.x)), mark.label) for mark in chart.marks)
    if marks:
        tables.append(Table(f"{chart.name}-marks", "Marks", ("Panel", chart.x_label or "x", "What"), marks))
    return tables


def _standing(values: tuple[float, ...], kind: str) -> Cell | None:
    """A limit that is one number holds everywhere."""
    if kind == "limit" and len(set(values)) == 1:
        return Cell(values[0], format_number(values[0]))
    return None


def format_number(value: float) -> str:
    """A number for reading: four digits, thousands parted.

    >>> [format_number(v) for v in (0.5, 2026, 12345.6, 1e9, 3)]
    ['0.5', '2026', '12,346', '1,000,000,000', '3']
    """
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 1e15):
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e15 else f"{value:.4g}"


def cell_text(cell: Cell | Scalar) -> str:
    """What is read in a cell."""
    if isinstance(cell, Cell):
        if cell.text or isinstance(cell.value, str):
            return cell.text or str(cell.value)
        cell = cell.value
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell if isinstance(cell, str) else format_number(cell)


def is_numeric(cell: Cell | Scalar) -> bool:
    """Whether a cell's value is a number, so that it stands at the right."""
    value = cell.value if isinstance(cell, Cell) else cell
    return isinstance(value, int | float) and not isinstance(value, bool)


Face = Literal["r", "k", "p", "q"]


def judge_column(cells: Several[Cell | Scalar]) -> Face:
    """How a column is set: right (`r`), kept together (`k`), as prose (`p`), or as long prose that needs room (`q`).

    >>> [judge_column(cells) for cells in (["3 ms", "12 ms"], ["GET", "POST"], ["word " * 10], ["word " * 40])]
    ['r', 'k', 'p', 'q']
    """
    texts = [text for text in map(cell_text, cells) if text not in _EMPTY]
    if not texts:
        return "k"
    longest = max(max(map(len, text.split("\n"))) for text in texts)
    if longest <= 24 and (all(map(is_numeric, cells)) or all(map(_QUANTITY.fullmatch, texts))):
        return "r"
    is_code = all(isinstance(cell, Cell) and cell.is_code for cell in cells if cell_text(cell))
    if longest <= (40 if is_code else 26):
        return "k"
    return "q" if longest > 90 else "p"


_GAP = 12  # pixels between two columns
_ROOM = 1040  # pixels a page or a cell gives a table, with some kept back for wide letters


def estimate_width(columns: Several[str], faces: Several[str], texts: Several[Several[str]], size: float) -> float:
    """How wide a table wants to be at least, in pixels, in letters of `size` pixels.

    >>> round(estimate_width(["method"], ["k"], [["GET", "DELETE"]], 10))
    48
    """
    letter = 0.6 * size
    wanted = {"p": 11 * size, "q": 17 * size}
    width = 0.0
    for name, face, held in zip(columns, faces, texts, strict=True):
        longest = max((len(line) for text in held for line in text.split("\n")), default=0)
        word = max(map(len, name.split()), default=0)
        width += max(wanted.get(face, longest * letter), word * letter) + _GAP
    return width


def is_wide(columns: Several[str], faces: Several[str], texts: Several[Several[str]]) -> bool:
    """Whether a table as it stands would be wider than the page."""
    return estimate_width(columns, faces, texts, 12.6 if len(columns) > MANY else 13.5) > _ROOM
