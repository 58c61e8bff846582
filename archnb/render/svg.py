"""Drawings in their frame: one SVG per shape, for the page (inline, coloured by the page's sheet) or on its own."""

from __future__ import annotations

import base64

from markupsafe import Markup

from archnb.render.chart import draw_chart
from archnb.render.graph import Drawing, draw_graph
from archnb.render.markup import Link, anchor_name, clean_text, element
from archnb.render.sequence import draw_sequence
from archnb.render.theme import standalone_css
from archnb.shapes import AnyShape, Chart, Graph, Sequence

_MARGIN = 12.0


def graph_svg(graph: Graph, *, prefix: str = "", is_standalone: bool = False, link: Link | None = None) -> str:
    """A graph as SVG."""
    return frame_drawing(draw_graph(graph, link=link), graph, prefix=prefix, is_standalone=is_standalone)


def sequence_svg(sequence: Sequence, *, prefix: str = "", is_standalone: bool = False) -> str:
    """A sequence as SVG."""
    return frame_drawing(draw_sequence(sequence), sequence, prefix=prefix, is_standalone=is_standalone)


def chart_svg(chart: Chart, *, prefix: str = "", is_standalone: bool = False) -> str:
    """A chart as SVG."""
    drawing = draw_chart(chart, prefix=f"{prefix}{anchor_name(chart.name)}-")
    return frame_drawing(drawing, chart, prefix=prefix, is_standalone=is_standalone)


def draw_shape(shape: Graph | Sequence | Chart, *, prefix: str = "", link: Link | None = None) -> Drawing:
    """The drawing of a shape that is drawn."""
    if isinstance(shape, Graph):
        return draw_graph(shape, link=link)
    if isinstance(shape, Sequence):
        return draw_sequence(shape)
    return draw_chart(shape, prefix=f"{prefix}{anchor_name(shape.name)}-")


def svg(shape: AnyShape) -> str:
    """A drawn shape as an SVG file that stands alone, in light and dark; tables and sources have no drawing."""
    if not isinstance(shape, Graph | Sequence | Chart):
        raise TypeError(f"a {type(shape).__name__} has no drawing; only Graph, Sequence and Chart have")
    return frame_drawing(draw_shape(shape), shape, is_standalone=True)


def frame_drawing(
    drawing: Drawing, shape: Graph | Sequence | Chart, *, prefix: str = "", is_standalone: bool = False
) -> Markup:
    """An `<svg>` that says what it shows: role, title and description; alone, with its card and style sheet.

    Every id begins with the prefix and the shape's name, so ids are unique on a page on which names are.
    """
    name = prefix + anchor_name(shape.name)
    width, height = drawing.width + 2 * _MARGIN, drawing.height + 2 * _MARGIN
    told = shape.description or shape.title
    inner = [
        element("title", clean_text(shape.title), id=f"{name}-title"),
        element("desc", clean_text(told), id=f"{name}-desc"),
    ]
    if is_standalone:
        # The sheet is ours alone and holds no `</style>`; as markup it must not be escaped.
        inner.append(element("style", Markup(standalone_css())))
        inner.append(element("rect", width=width, height=height, rx=8, class_="card"))
    inner.append(element("g", drawing.body, transform=f"translate({_MARGIN:.0f} {_MARGIN:.0f})"))
    return element(
        "svg",
        *inner,
        xmlns="http://www.w3.org/2000/svg",
        class_="archnb-svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=round(width),
        height=round(height),
        # What is an image has no parts that can be reached; a drawing with links has.
        role="group" if "<a " in drawing.body else "img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def data_url(text: str) -> str:
    """An SVG as the address of an image."""
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()
