"""Graphs in Graphviz's own language, for those who want to lay them out themselves."""

from __future__ import annotations

import re

from archnb.render.markup import clean_text, escape_text
from archnb.shapes import Edge, Graph, Node

_ARROWS = {"": "none", "one": "teetee", "zero-or-one": "teeodot", "many": "crowtee", "zero-or-many": "crowodot"}


def dot(graph: Graph) -> str:
    """The graph as DOT source: entities as tables with crow's-foot ends, groups as clusters."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    out = [
        f"digraph {_quote(graph.name)} {{",
        f"  graph [rankdir={graph.direction} label={_quote(graph.title)} labelloc=t fontname=Helvetica];",
        "  node [fontname=Helvetica fontsize=11 shape=box]; edge [fontname=Helvetica fontsize=10];",
    ]
    known = {group.id for group in graph.groups}
    for number, group in enumerate(graph.groups):
        style = "dashed" if graph.kind == "flow" else "solid"
        out.append(f"  subgraph cluster_{number} {{ label={_quote(group.label)}; style={style};")
        out += [
            f"    {_write_node(node, names[node.id], graph.kind)}" for node in graph.nodes if node.group == group.id
        ]
        out.append("  }")
    out += [f"  {_write_node(node, names[node.id], graph.kind)}" for node in graph.nodes if node.group not in known]
    out += [f"  {names[edge.source]} -> {names[edge.target]}{_write_edge(edge, graph.kind)};" for edge in graph.edges]
    return "\n".join([*out, "}", ""])


def _write_node(node: Node, name: str, kind: str) -> str:
    if kind != "er":
        text = "\n".join([node.label or node.id, *(" ".join(part for part in line if part) for line in node.lines)])
        return f"{name} [label={_quote(text)}];"
    cells = [f'<TR><TD COLSPAN="3"><B>{_escape(node.label or node.id)}</B></TD></TR>']
    for line in node.lines:
        cells.append("<TR>" + "".join(f'<TD ALIGN="LEFT">{_escape(part)}</TD>' for part in line) + "</TR>")
    table = f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0">{"".join(cells)}</TABLE>'
    return f"{name} [shape=plain label=<{table}>];"


def _write_edge(edge: Edge, kind: str) -> str:
    parts = [f"label={_quote(edge.label)}"] if edge.label else []
    if kind == "er" or edge.tail or edge.head:
        parts.append(f"dir=both arrowtail={_ARROWS[edge.tail]} arrowhead={_ARROWS[edge.head]}")
    return f" [{' '.join(parts)}]" if parts else ""


def _quote(text: str) -> str:
    """A quoted string: no escape of Graphviz's (`\\N`, `\\G`, `\\l`) takes effect, lines break where they did."""
    written = clean_text(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"\r\n|\r|\n", r"\\n", written) + '"'


def _escape(text: str) -> str:
    """Text in an HTML-like label; an empty bold is a syntax error there, so nothing becomes a blank."""
    return str(escape_text(re.sub(r"\s*[\r\n]+\s*", " ", text) or " ")).replace("\\", "&#92;")
