"""Shapes made visible: SVG, HTML and text of one look, for a notebook's cell, the desk and the report alike.

This room sees shapes only. Whatever offers `views` (a section of a plan) or `card` (a plan) is shown as the shapes
in it.
"""

from __future__ import annotations

from typing import Any

from archnb.exceptions import printable
from archnb.render.dot import dot
from archnb.render.html import fragment, source_html, table_html
from archnb.render.markup import clean_text, element, escape_text, fact_link, join_markup, name_markup, prose_markup
from archnb.render.styles import css
from archnb.render.svg import chart_svg, graph_svg, sequence_svg, svg
from archnb.render.text import plain_text
from archnb.shapes import AnyShape, Chart, Graph, Sequence, Source, Table

__all__ = [
    "bundle",
    "chart_svg",
    "css",
    "dot",
    "escape_text",
    "fact_link",
    "fragment",
    "graph_svg",
    "name_markup",
    "plain_text",
    "prose_markup",
    "sequence_svg",
    "source_html",
    "svg",
    "table_html",
]


def bundle(shown: Any) -> dict[str, str]:
    """The mimebundle of a shape, or of anything with `views` or `card` (tuples of shapes), `title` and perhaps `note`.

    The HTML holds no script; drawings are images, so that they appear in an untrusted notebook too.
    """
    if isinstance(shown, Table | Graph | Sequence | Chart | Source):
        return {"text/plain": plain_text(shown), "text/html": _wrap_cell([fragment(shown, mode="cell")])}
    shapes: tuple[AnyShape, ...] | None = getattr(shown, "views", None)
    if shapes is None:
        shapes = getattr(shown, "card", None)
    if shapes is None:
        return {"text/plain": repr(shown)}
    title, note = str(getattr(shown, "title", "")), str(getattr(shown, "note", "") or "")
    texts = [printable(clean_text(part)) for part in (title, note) if part]
    heads = [element("h3", clean_text(title), class_="archnb-heading")] if title else []
    heads += [element("p", prose_markup(note), class_="archnb-description")] if note else []
    return {
        "text/plain": "\n\n".join(texts + [plain_text(shape) for shape in shapes]),
        "text/html": _wrap_cell(heads + [fragment(shape, mode="cell", heading=4) for shape in shapes]),
    }


def _wrap_cell(parts: list[Any]) -> str:
    from markupsafe import Markup

    # The sheet is ours alone; as markup it must not be escaped.
    return str(element("div", element("style", Markup(css("cell"))), join_markup(parts, "\n"), class_="archnb"))
