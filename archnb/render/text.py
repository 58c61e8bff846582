"""Shapes as plain text, for a terminal and for cells that show nothing else."""

from __future__ import annotations

import textwrap

from archnb.exceptions import printable
from archnb.render.markup import clean_text
from archnb.render.tables import cell_text, is_numeric, tabulate_shape
from archnb.shapes import AnyShape, Cell, Graph, Scalar, Sequence, Source, Table

_WIDEST = 60  # characters of a column


def plain_text(shape: AnyShape) -> str:
    """A shape in text: tables aligned, graphs as lists of edges, sequences as steps, charts as their values.

    A terminal only shows it: what it would obey is written out.
    """
    head = [clean_text(shape.title)]
    if shape.description:
        head += textwrap.wrap(clean_text(shape.description), 100)
    if isinstance(shape, Table):
        body = table_text(shape)
    elif isinstance(shape, Source):
        body = clean_text(shape.text.rstrip("\n"))
    elif isinstance(shape, Graph):
        body = graph_text(shape)
    elif isinstance(shape, Sequence):
        body = sequence_text(shape)
    else:
        body = "\n\n".join(f"{table.title}\n{table_text(table)}" for table in tabulate_shape(shape))
    return printable("\n".join([*head, "", body]).rstrip() if body else "\n".join(head))


def table_text(table: Table, *, most: int = 200) -> str:
    """A table in aligned columns; long cells wrap, and rows after `most` are counted."""
    if not table.rows:
        return "(no rows)"
    rows = [[_lines_of(cell) for cell in row] for row in table.rows[:most]]
    heads = [_lines(column) for column in table.columns]
    count = len(table.columns)
    widths = [max(len(line) for row in [heads, *rows] for line in row[n]) for n in range(count)]
    right = [all(is_numeric(row[n]) or not cell_text(row[n]) for row in table.rows[:most]) for n in range(count)]

    def write(row: list[list[str]]) -> list[str]:
        out = []
        for part in range(max((len(cell) for cell in row), default=0)):
            texts = [cell[part] if part < len(cell) else "" for cell in row]
            placed = [
                text.rjust(width) if at_right else text.ljust(width)
                for text, width, at_right in zip(texts, widths, right, strict=True)
            ]
            out.append("  ".join(placed).rstrip())
        return out

    out = [*write(heads), "  ".join("-" * width for width in widths)]
    for row in rows:
        out += write(row)
    if len(table.rows) > most:
        out.append(f"... and {len(table.rows) - most:,} more rows")
    return "\n".join(out)


def _lines_of(cell: Cell | Scalar) -> list[str]:
    """The lines of a cell; what stands behind it is counted."""
    more = [f"and {len(cell.more):,} more"] if isinstance(cell, Cell) and cell.more else []
    return [line for text in [*cell_text(cell).split("\n"), *more] for line in _lines(text)]


def _lines(text: str) -> list[str]:
    return textwrap.wrap(clean_text(text), _WIDEST) or [""]


def graph_text(graph: Graph) -> str:
    """Nodes with their lines, then edges."""
    labels = {node.id: _flat(node.label or node.id) for node in graph.nodes}
    out = []
    for node in graph.nodes:
        kind = f" ({node.kind.replace('_', ' ')})" if graph.kind != "er" and node.kind != "node" else ""
        out.append(labels[node.id] + kind)
        out += ["  " + "  ".join(_flat(part) for part in line if part) for line in node.lines]
    if graph.edges:
        out.append("")
    for edge in graph.edges:
        tail = f" [{edge.tail}]" if edge.tail else ""
        head = f"[{edge.head}] " if edge.head else ""
        label = f": {_flat(edge.label)}" if edge.label else ""
        arrow = "--" if tail or head else "->"
        out.append(f"{labels[edge.source]}{tail} {arrow} {head}{labels[edge.target]}{label}")
    return "\n".join(out)


def sequence_text(sequence: Sequence) -> str:
    """Numbered steps; a return points back, a note stands in brackets."""
    labels = {one.id: _flat(one.label or one.id) for one in sequence.participants}
    out = []
    number = 0
    for message in sequence.messages:
        source, target = labels.get(message.source, message.source), labels.get(message.target, message.target)
        if message.kind == "note":
            out.append(f"    [{_flat(source)}: {_flat(message.label)}]")
            continue
        number += 1
        arrow = {"return": "-->", "async": "->>"}.get(message.kind, "->")
        out.append(f"{number:2}. {_flat(source)} {arrow} {_flat(target)}: {_flat(message.label)}")
    return "\n".join(out)


def _flat(text: str) -> str:
    return " ".join(clean_text(text).split())
