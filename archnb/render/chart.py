"""Charts by matplotlib, as SVG without colours of its own: painted with stand-in inks that become the theme's classes."""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree

from markupsafe import Markup

from ..shapes import Chart, Mark, Series
from .graph import Drawing
from .lettering import wrap_text
from .markup import clean_text, element, join_markup, number_text
from .theme import CHART_INKS, SERIES_INKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Each ink of the theme by the colour matplotlib is told to use for it; any colours do, so long as they differ.
_STAND_INS = {name: f"#0a0b{n:02x}" for n, name in enumerate(CHART_INKS, 16)}
_INKS = {colour: name for name, colour in _STAND_INS.items()}
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_DPI = 72  # so that a matplotlib point is a pixel
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2.5)), (0, (2, 2)), (0, (7, 2, 2, 2)), (0, (3, 1.5)), (0, (1, 1.5)))
_MARKERS = ("o", "s", "^", "D", "v", "P")
_RC: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "archnb",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, and is wider than what will be shown: room to spare
    "font.size": 11,
    "text.usetex": False,
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "path.simplify": True,
}


def draw_chart(chart: Chart, *, prefix: str = "") -> Drawing:
    """Draw a chart; `prefix` starts its ids. The same chart gives the same bytes."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    panels = list(dict.fromkeys(one.panel for one in chart.series)) or [""]
    across = 1 if len(panels) == 1 or chart.is_horizontal else 2
    down = math.ceil(len(panels) / across)
    each = _panel_height(chart, panels)
    width, height = (760, each) if across == 1 else (960, each * down)
    if across == 1 and len(panels) > 1:
        height = each * down
    with matplotlib.rc_context(_RC):
        engine = ConstrainedLayoutEngine(w_pad=0.09, h_pad=0.09, wspace=0.04, hspace=0.04)
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, layout=engine)
        FigureCanvasSVG(figure)
        figure.patch.set_alpha(0)
        grid = figure.subplots(down, across, squeeze=False)
        for number, axes in enumerate(grid.flat):
            if number >= len(panels):
                axes.set_visible(False)
                continue
            _draw_panel(axes, chart, panels[number], is_lowest=number + across >= len(panels))
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Drawing(width, height, _take_over(file.getvalue(), prefix))


def _panel_height(chart: Chart, panels: list[str]) -> float:
    if not chart.is_horizontal:
        return 340.0 if len(panels) == 1 else 270.0
    bars = max(sum(len(one.x) for one in chart.series if one.panel == panel and one.kind == "bar") for panel in panels)
    lines = max((len(_wrap(str(x), 230)) for one in chart.series for x in one.x), default=1)
    return 110.0 + max(bars, 2) * (12 + 14 * lines)


def _wrap(text: str, width: float) -> tuple[str, ...]:
    return wrap_text(clean_text(text), width, 11)


def _label(text: str, width: float = 260) -> str:
    return "\n".join(_wrap(text, width))


def _draw_panel(axes: Axes, chart: Chart, panel: str, *, is_lowest: bool) -> None:
    """One panel: its series, marks, scales, words and legend."""
    import numpy
    from matplotlib.ticker import FuncFormatter

    series = [one for one in chart.series if one.panel == panel]
    names = list(dict.fromkeys(x for one in series for x in one.x if isinstance(x, str)))
    positions = {name: float(n) for n, name in enumerate(names)}
    ink, soft, rule = _STAND_INS["ink"], _STAND_INS["soft"], _STAND_INS["rule"]
    axes.patch.set_alpha(0)
    axes.set_axisbelow(True)
    axes.grid(True, which="major", axis="x" if chart.is_horizontal else "y", color=rule, linewidth=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_STAND_INS["line"])
    axes.tick_params(which="both", colors=soft, labelcolor=soft, length=3, labelsize=11)
    if chart.is_log_y and not chart.is_horizontal:
        axes.set_yscale("log", nonpositive="mask")
    if chart.is_log_x:
        axes.set_xscale("log", nonpositive="mask")
    bars = [one for one in series if one.kind == "bar"]
    drawn = 0
    for one in series:
        xs = numpy.array([positions[x] if isinstance(x, str) else float(x) for x in one.x], dtype=float)
        ys = numpy.array(one.y, dtype=float)
        colour = _STAND_INS["limit" if one.kind == "limit" else SERIES_INKS[drawn % len(SERIES_INKS)]]
        if one.kind == "bar":
            _draw_bars(axes, chart, one, xs, ys, bars, colour)
        else:
            _draw_line(axes, one, xs, ys, colour, drawn)
        drawn += one.kind != "limit"
    if names:
        ticks = list(positions.values())
        if chart.is_horizontal:
            axes.set_yticks(ticks, [_label(name, 230) for name in names])
            axes.set_ylim(len(names) - 0.4, -0.6)
        else:
            step = max(1, math.ceil(len(names) / 12))
            axes.set_xticks(ticks[::step], [_label(name, max(60, 620 / len(names))) for name in names[::step]])
    numbers = FuncFormatter(lambda value, _: format_tick(value))
    if chart.is_horizontal:
        axes.xaxis.set_major_formatter(numbers)
    else:
        axes.yaxis.set_major_formatter(numbers)
        if not names:
            axes.xaxis.set_major_formatter(numbers)
    is_counted = not chart.is_log_y and not chart.is_horizontal
    if is_counted and all(min(one.low or one.y, default=0) >= 0 for one in series):
        axes.set_ylim(bottom=0)
    if not chart.is_horizontal:
        axes.margins(x=0.02)
    value_label, name_label = chart.y_labels.get(panel, chart.y_label), chart.x_label
    across, along = (value_label, name_label) if chart.is_horizontal else (name_label, value_label)
    if is_lowest and across:
        axes.set_xlabel(_label(across, 340), color=soft, fontsize=11)
    if along:
        axes.set_ylabel(_label(along, 190), color=soft, fontsize=11)
    if panel:
        axes.set_title(_label(panel, 380), loc="left", fontsize=12.5, fontweight="bold", color=ink, pad=8)
    _draw_marks(axes, [mark for mark in chart.marks if mark.panel == panel], series)
    _draw_legend(axes, has_room_above=not panel)


def _draw_bars(axes: Axes, chart: Chart, one: Series, xs: Any, ys: Any, bars: list[Series], colour: str) -> None:
    """Bars beside one another; with `low` and `high` a bar runs from the one to the other (a tornado), y being the middle."""
    import numpy

    count, place = len(bars), bars.index(one)
    numeric = not any(isinstance(x, str) for x in one.x)
    whole = float(min(numpy.diff(numpy.unique(xs)))) * 0.8 if numeric and len(numpy.unique(xs)) > 1 else 0.72
    thick = whole / count
    at = xs + (place - (count - 1) / 2) * thick
    has_span = bool(one.low and one.high)
    start = numpy.array(one.low, dtype=float) if has_span else numpy.zeros_like(ys)
    size = numpy.array(one.high, dtype=float) - start if has_span else ys
    if chart.is_horizontal:
        axes.barh(at, size, left=start, height=thick * 0.9, color=colour, label=clean_text(one.label), linewidth=0)
        if has_span:
            axes.vlines(ys, at - thick * 0.45, at + thick * 0.45, color=_STAND_INS["ink"], linewidth=1.6)
    else:
        axes.bar(at, size, bottom=start, width=thick * 0.9, color=colour, label=clean_text(one.label), linewidth=0)


def _draw_line(axes: Axes, one: Series, xs: Any, ys: Any, colour: str, drawn: int) -> None:
    label = clean_text(one.label)
    where = "steps-post" if one.kind == "step" else "default"
    if one.low and one.high:
        step: Literal["post"] | None = "post" if one.kind == "step" else None
        axes.fill_between(xs, list(one.low), list(one.high), color=colour, alpha=0.2, linewidth=0, step=step)
    if one.kind == "limit":
        axes.plot(xs, ys, color=colour, linewidth=1.5, linestyle=(0, (5, 3)), label=label, drawstyle=where)
    elif one.kind == "points":
        axes.plot(xs, ys, color=colour, linestyle="none", marker=_MARKERS[drawn % 6], markersize=5, label=label)
    else:
        dash = _DASHES[drawn % 6]
        marker = _MARKERS[drawn % 6] if len(xs) <= 12 and drawn else ("o" if len(xs) == 1 else None)
        axes.plot(
            xs, ys, color=colour, linewidth=2, linestyle=dash, label=label, drawstyle=where, marker=marker, markersize=4
        )


def _draw_marks(axes: Axes, marks: list[Mark], series: list[Series]) -> None:
    """Points with a word beside them; a mark without y stands as an upright line with its word at the top."""
    low, high = axes.get_xlim()
    is_log = axes.get_xscale() == "log" and low > 0
    for n, mark in enumerate(sorted(marks, key=lambda one: one.x)):
        share = (
            math.log(mark.x / low) / math.log(high / low)
            if is_log and mark.x > 0
            else (mark.x - low) / ((high - low) or 1)
        )
        is_right = share > 0.55
        text = _label(mark.label, 150)
        ink = _STAND_INS["ink"]
        box = {"boxstyle": "round,pad=0.25", "facecolor": _STAND_INS["card"], "edgecolor": "none", "alpha": 0.85}
        if mark.y is None:
            axes.axvline(mark.x, color=ink, linewidth=1, linestyle=(0, (2, 2)))
            axes.annotate(
                text,
                (mark.x, 1 - 0.13 * (n % 5)),
                xycoords=("data", "axes fraction"),
                xytext=(-5 if is_right else 5, -3),
                textcoords="offset points",
                ha="right" if is_right else "left",
                va="top",
                fontsize=11,
                color=ink,
                bbox=box,
            )
        else:
            axes.plot(
                [mark.x], [mark.y], marker="o", markersize=7, color=ink, markerfacecolor=_STAND_INS["card"], zorder=5
            )
            axes.annotate(
                text,
                (mark.x, mark.y),
                xytext=(-9 if is_right else 9, 9 if is_right else -9),
                textcoords="offset points",
                ha="right" if is_right else "left",
                va="bottom" if is_right else "top",
                fontsize=11,
                color=ink,
                bbox=box,
            )


def _draw_legend(axes: Axes, *, has_room_above: bool) -> None:
    """The legend stands under the panel, where no line can run through it; one series that has no band needs none."""
    handles, labels = axes.get_legend_handles_labels()
    kept = [
        (handle, label) for handle, label in zip(handles, labels, strict=True) if label and not label.startswith("_")
    ]
    if len(kept) < 2 and (not has_room_above or not kept):
        return
    wrapped = [_label(label, 170) for _, label in kept]
    longest = max(len(line) for label in wrapped for line in label.split("\n"))
    columns = max(1, min(len(kept), (58 if not has_room_above else 100) // (longest + 8)))
    axes.legend(
        [handle for handle, _ in kept],
        wrapped,
        loc="upper left",
        bbox_to_anchor=(0.0, -0.2 if not has_room_above else -0.16),
        ncols=columns,
        frameon=False,
        fontsize=11,
        labelcolor=_STAND_INS["soft"],
        handlelength=2.2,
        borderaxespad=0.0,
        columnspacing=1.4,
    )


def format_tick(value: float) -> str:
    """A number on an axis: short, and exact for what ticks usually are.

    >>> [format_tick(v) for v in (0, 0.25, 1500, 12000, 3_500_000, 2e12)]
    ['0', '0.25', '1500', '12k', '3.5M', '2T']
    """
    size = abs(value)
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit * 0.9999:
            scale = 1e3 if letter == "k" else limit
            return f"{value / scale:.4g}{letter}".replace("-", "\u2212")
    return f"{value:.4g}".replace("-", "\u2212")


# --- matplotlib's SVG in our words -----------------------------------------------------------------------------------


def _take_over(text: str, prefix: str) -> Markup:
    """The marks of matplotlib's SVG: no style attribute, colours as classes, ids that start with the prefix."""
    root = ElementTree.fromstring(text[text.index("<svg") :])
    return join_markup(_convert(child, prefix) for child in root if child.tag != f"{_SVG}metadata")


_KEPT = ("x", "y", "d", "width", "height", "transform", "points", "x1", "y1", "x2", "y2", "cx", "cy", "r", "clip-path")


def _convert(node: ElementTree.Element, prefix: str) -> Markup:
    tag = node.tag.removeprefix(_SVG)
    if tag in {"style", "metadata"}:
        return Markup()
    children = [_convert(child, prefix) for child in node]
    style = dict(part.split(":", 1) for part in node.get("style", "").split(";") if ":" in part)
    style = {name.strip(): value.strip() for name, value in style.items()}
    if (tag == "g" and not style and not set(node.keys()) - {"id"}) or (tag == "defs" and not "".join(children)):
        return join_markup(children)
    given: dict[str, str] = {}
    for name in _KEPT:
        value = node.get(name)
        if value is not None:
            given[name] = _shorten(value) if name != "clip-path" else re.sub(r"#", f"#{prefix}", value)
    if node.get("id") and (tag == "clipPath" or _is_used(tag, node)):
        given["id"] = prefix + str(node.get("id"))
    if node.get(_HREF):
        given["href"] = "#" + prefix + str(node.get(_HREF)).removeprefix("#")
    classes = _paint(style, given, tag)
    if classes:
        given["class"] = " ".join(classes)
    content = [clean_text(node.text)] if tag == "text" and node.text else []
    # `href` to a mark of the same drawing; attributes keep their order so that the same chart gives the same text.
    return element(tag, *content, *children, **given)


def _is_used(tag: str, node: ElementTree.Element) -> bool:
    """Matplotlib numbers every group; only ids of marks and glyphs, ten hex digits long, are referred to."""
    return tag in {"path", "g"} and re.fullmatch(r"[A-Za-z]*[0-9a-f]{10}", str(node.get("id"))) is not None


def _paint(style: dict[str, str], given: dict[str, str], tag: str) -> list[str]:
    """Classes for the theme's inks; everything else of a style as presentation attributes."""
    classes = []
    for name, short in (("fill", "f"), ("stroke", "s")):
        value = style.pop(name, "")
        if value in _INKS:
            classes.append(f"{short}-{_INKS[value]}")
        elif value:
            given[name] = value
    for name in ("stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "fill-opacity", "opacity"):
        if (name in style and style[name] not in {"0"}) or (name == "stroke-width" and name in style):
            given[name] = style[name]
    if tag == "text":
        size = re.search(r"([\d.]+)px", style.get("font", "") + style.get("font-size", ""))
        if size and size.group(1) != "11":
            classes.append({"12.5": "t125"}.get(size.group(1), "t11"))
        else:
            classes.append("t11")
        if "bold" in style.get("font", "") or re.search(r"\b[67]00\b", style.get("font", "")):
            classes.append("b")
        anchor = style.get("text-anchor", "")
        classes += {"middle": ["m"], "end": ["e"]}.get(anchor, [])
    return classes


_NUMBER = re.compile(r"-?\d+\.\d+")


def _shorten(value: str) -> str:
    """Coordinates to a tenth of a pixel."""
    return _NUMBER.sub(lambda found: number_text(float(found.group())), " ".join(value.split()))
