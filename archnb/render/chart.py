"""Charts by matplotlib, as SVG without colours of its own: its stand-in inks become the theme's classes."""

from __future__ import annotations

import io
import itertools
import math
import re
import warnings
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree

from markupsafe import Markup

from archnb.render.graph import Drawing
from archnb.render.lettering import measure_text, wrap_text
from archnb.render.markup import clean_text, element, join_markup, number_text
from archnb.render.theme import CHART_INKS, SERIES_INKS
from archnb.shapes import Chart, Mark, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Each ink of the theme by the colour matplotlib is told to use for it; any colours do, so long as they differ.
_STAND_INS = {name: f"#0a0b{n:02x}" for n, name in enumerate(CHART_INKS, 16)}
_INKS = {colour: name for name, colour in _STAND_INS.items()}
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_DPI = 72  # so that a matplotlib point is a pixel
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2.5)), (0, (2, 2)), (0, (7, 2, 2, 2)), (0, (3, 1.5)), (0, (1, 1.5)))
_LIMIT_DASHES: tuple[Any, ...] = ((0, (2, 1.6)), (0, (5, 3)))
_SIDES = ((1, -1), (-1, 1), (1, 1), (-1, -1), (0, 1), (0, -1), (1, 0), (-1, 0))  # where a mark's word may stand
_MARKERS = ("o", "s", "^", "D", "v", "P")
_NOT_STYLE = (
    "backend",
    "interactive",
    "toolbar",
    "timezone",
    "webagg",
    "keymap",
    "tk.",
    "docstring",
    "savefig.directory",
)
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

    panels = list(dict.fromkeys(one.panel for one in chart.series)) or [""]
    across = 1 if len(panels) == 1 or chart.is_horizontal else 2
    down = math.ceil(len(panels) / across)
    width, each = (760.0 if across == 1 else 960.0), _panel_height(chart, panels)
    with warnings.catch_warnings(), matplotlib.rc_context(_plain_settings()):
        # The reader's fonts draw the text, so what matplotlib's own lacks is no loss.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure = Figure(dpi=_DPI)
        FigureCanvasSVG(figure)
        figure.patch.set_alpha(0)
        drawn = [figure.add_subplot(down, across, number + 1) for number in range(len(panels))]
        for number, (axes, panel) in enumerate(zip(drawn, panels, strict=True)):
            _draw_panel(axes, chart, panel, is_lowest=number + across >= len(panels))
        head = _draw_legend(figure, drawn, width)
        height = each * down + head
        figure.set_size_inches(width / _DPI, height / _DPI)
        for axes, panel, size in zip(drawn, panels, _place_panels(drawn, across, each, head, width), strict=True):
            _draw_marks(axes, [mark for mark in chart.marks if mark.panel == panel], *size)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Drawing(width, height, _take_over(file.getvalue(), prefix))


def _place_panels(drawn: list[Axes], across: int, each: float, head: float, width: float) -> list[tuple[float, float]]:
    """Give each panel its place under a head, and tell its size in pixels.

    Matplotlib's own layout engines draw everything several times to measure it, which takes longer than all the rest.
    """
    margins = [_measure_margins(axes) for axes in drawn]
    lefts = [max(one[0] for one in margins[column::across]) for column in range(across)]
    height = head + each * math.ceil(len(drawn) / across)
    sizes = []
    for number, axes in enumerate(drawn):
        row, column = divmod(number, across)
        beside = margins[row * across : (row + 1) * across]
        top, bottom = max(one[1] for one in beside), max(one[2] for one in beside)
        left, wide = width / across * column + lefts[column], width / across - lefts[column] - 20
        low, tall = height - head - each * (row + 1) + bottom, each - top - bottom
        axes.set_position((left / width, low / height, wide / width, tall / height))
        sizes.append((wide, tall))
    return sizes


def _measure_margins(axes: Axes) -> tuple[float, float, float]:
    """What a panel's words need at its left, above and below, in pixels."""
    texts = []
    for axis, limits in ((axes.yaxis, axes.get_ylim()), (axes.xaxis, axes.get_xlim())):
        low, high = sorted(limits)
        texts.append(
            axis.get_major_formatter().format_ticks([one for one in axis.get_ticklocs() if low <= one <= high])
        )
    aside = max((measure_text(line, 11) for text in texts[0] for line in text.split("\n")), default=0)
    below = max((text.count("\n") + 1 for text in texts[1]), default=1)
    title, label, name = axes.get_title(loc="left"), axes.get_ylabel(), axes.get_xlabel()
    left = aside + 14 + (15 * (label.count("\n") + 1) if label else 0)
    above = 16 * (title.count("\n") + 1) + 14 if title else 12
    return left, above, 14 * below + 16 + (15 * (name.count("\n") + 1) if name else 0)


def _plain_settings() -> Any:
    """Matplotlib's defaults with ours over them: a reader's own style must not show through, nor change the bytes."""
    from matplotlib import rcParamsDefault

    return {name: rcParamsDefault[name] for name in rcParamsDefault if not name.startswith(_NOT_STYLE)} | _RC


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
    """One panel: its series, scales and words."""
    import numpy
    from matplotlib.ticker import FuncFormatter, MultipleLocator, NullLocator

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
        axes.yaxis.set_minor_locator(NullLocator())
    if chart.is_log_x:
        axes.set_xscale("log", nonpositive="mask")
        axes.xaxis.set_minor_locator(NullLocator())  # hundreds of little ticks cost more time than all else
    bars = [one for one in series if one.kind == "bar"]
    drawn = limits = 0
    for one in series:
        xs = numpy.array([positions[x] if isinstance(x, str) else float(x) for x in one.x], dtype=float)
        ys = numpy.array(one.y, dtype=float)
        limits += one.kind == "limit"
        ink_name = ("warning", "limit")[limits % 2] if one.kind == "limit" else SERIES_INKS[drawn % len(SERIES_INKS)]
        colour = _STAND_INS[ink_name]
        if one.kind == "bar":
            _draw_bars(axes, chart, one, xs, ys, bars, colour)
        else:
            _draw_line(axes, one, xs, ys, colour, limits if one.kind == "limit" else drawn)
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
        if chart.x_label.startswith("month") and not names and not chart.is_log_x:
            axes.xaxis.set_major_locator(MultipleLocator(6))  # people think in half years
    is_counted = not chart.is_log_y and not chart.is_horizontal
    if is_counted and all(min(one.low or one.y, default=0) >= 0 for one in series):
        axes.set_ylim(bottom=0)
    if not chart.is_horizontal:
        axes.margins(x=0.02)
    value_label, name_label = chart.y_labels.get(panel, chart.y_label), chart.x_label
    if chart.is_horizontal:
        # The values run along; the names speak for themselves unless both labels are given.
        value_label, name_label = (value_label, name_label) if value_label else (name_label, "")
        # A bar that does not start at zero must not look as if it did.
        axes.use_sticky_edges = not any(one.low for one in bars)
        axes.margins(x=0.04)
    across, along = (value_label, name_label) if chart.is_horizontal else (name_label, value_label)
    if is_lowest and across:
        axes.set_xlabel(_label(across, 340), color=soft, fontsize=11)
    if along:
        axes.set_ylabel(_label(along, 190), color=soft, fontsize=11)
    if panel:
        axes.set_title(_label(panel, 380), loc="left", fontsize=12.5, fontweight="bold", color=ink, pad=8)


def _draw_bars(axes: Axes, chart: Chart, one: Series, xs: Any, ys: Any, bars: list[Series], colour: str) -> None:
    """Bars beside one another; with `low` and `high` a bar runs from the one to the other, y being its middle (tornado)."""
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
            # Below the middle paler, so that the two sides are told apart.
            axes.barh(at, ys - start, left=start, height=thick * 0.9, color=_STAND_INS["card"], alpha=0.45, linewidth=0)
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
        axes.plot(xs, ys, color=colour, linewidth=1.5, linestyle=_LIMIT_DASHES[drawn % 2], label=label, drawstyle=where)
    elif one.kind == "points":
        axes.plot(xs, ys, color=colour, linestyle="none", marker=_MARKERS[drawn % 6], markersize=5, label=label)
    else:
        dash = _DASHES[drawn % 6]
        marker = _MARKERS[drawn % 6] if len(xs) <= 12 and drawn else ("o" if len(xs) == 1 else None)
        axes.plot(
            xs, ys, color=colour, linewidth=2, linestyle=dash, label=label, drawstyle=where, marker=marker, markersize=4
        )


def _draw_marks(axes: Axes, marks: list[Mark], width: float, height: float) -> None:
    """Points with a word beside them; a mark without y is an upright line with its word above all that is drawn."""
    low, high = axes.get_xlim()
    is_log = axes.get_xscale() == "log" and low > 0

    def share(x: float) -> float:
        if is_log and x > 0:
            return math.log(x / low) / math.log(high / low)
        return (x - low) / ((high - low) or 1)

    ink = _STAND_INS["ink"]
    rows: list[float] = []  # how far to the right each line of words above the series is taken, in pixels
    placed: list[tuple[Mark, str, bool, int]] = []
    for mark in sorted((mark for mark in marks if mark.y is None), key=lambda one: one.x):
        text = _label(mark.label, 150)
        lines = text.split("\n")
        size = max(measure_text(line, 11) for line in lines) + 14
        at = share(mark.x) * width
        is_right = at + size > width
        left = at - size if is_right else at
        row = next(n for n in range(len(rows) + 1) if all(end <= left for end in rows[n : n + len(lines)]))
        rows += [0.0] * (row + len(lines) - len(rows))
        rows[row : row + len(lines)] = [left + size] * len(lines)
        placed.append((mark, text, is_right, row))
    step = 15 / height
    if rows:
        _lift_roof(axes, min(0.03 + step * len(rows), 0.6))
    for mark, text, is_right, row in placed:
        axes.axvline(mark.x, color=ink, linewidth=1, linestyle=(0, (2, 2)))
        axes.annotate(
            text,
            (mark.x, 1 - step * row),
            xycoords=("data", "axes fraction"),
            xytext=(-5 if is_right else 5, 0),
            textcoords="offset points",
            ha="right" if is_right else "left",
            va="top",
            fontsize=11,
            color=ink,
        )
    _draw_points(axes, [mark for mark in marks if mark.y is not None], width, height)


def _draw_points(axes: Axes, marks: list[Mark], width: float, height: float) -> None:
    """Rings with a word each, on the side where it hides the least of the lines and of the words before it."""
    ink = _STAND_INS["ink"]
    place = axes.transScale + axes.transLimits
    drawn = [
        (x * width, y * height)
        for line in axes.get_lines()
        for x, y in place.transform(_thicken(line.get_xydata()))
        if math.isfinite(x) and math.isfinite(y)
    ]
    taken: list[tuple[float, float, float, float]] = []
    for mark in marks:
        level = float(mark.y or 0)
        text = _label(mark.label, 150)
        lines = text.split("\n")
        wide, tall = max(measure_text(line, 11) for line in lines) + 4, 14.0 * len(lines)
        x, y = (float(part) for part in place.transform((mark.x, level)))
        x, y = x * width, y * height
        best: tuple[float, float, float, tuple[float, float, float, float]] | None = None
        for gap, (across, along) in itertools.product((8, 34), _SIDES):
            left = x + across * 8 - (wide if across < 0 else wide / 2 if across == 0 else 0)
            low = y + along * gap - (tall if along < 0 else tall / 2 if along == 0 else 0)
            box = (left, low, left + wide, low + tall)
            cost = sum(box[0] - 2 <= px <= box[2] + 2 and box[1] <= py <= box[3] for px, py in drawn) + gap / 8
            cost += 500 * sum(
                box[0] < right2 and left2 < box[2] and box[1] < top2 and low2 < box[3]
                for left2, low2, right2, top2 in taken
            )
            cost += 1000 * (box[0] < 0 or box[1] < 0 or box[2] > width + 12 or box[3] > height + 10)
            if best is None or cost < best[0]:
                best = (cost, across * 7, along * (gap - 1), box)
        assert best is not None
        _, right, up, box = best
        taken.append(box)
        axes.plot([mark.x], [level], marker="o", markersize=7, color=ink, markerfacecolor=_STAND_INS["card"], zorder=5)
        axes.annotate(
            text,
            (mark.x, level),
            xytext=(right, up),
            textcoords="offset points",
            ha="left" if right > 0 else "right" if right < 0 else "center",
            va="bottom" if up > 0 else "top" if up < 0 else "center",
            fontsize=11,
            color=ink,
            arrowprops={"arrowstyle": "-", "color": ink, "linewidth": 0.8, "shrinkB": 4} if abs(up) > 8 else None,
        )


def _thicken(points: Any) -> Any:
    """A line's points with nine more between each two, so that what lies between its ends counts too."""
    import numpy

    if len(points) < 2 or len(points) > 2000:
        return points
    steps = numpy.linspace(0, len(points) - 1, (len(points) - 1) * 10 + 1)
    whole = numpy.arange(len(points))
    return numpy.column_stack([numpy.interp(steps, whole, numpy.asarray(points)[:, n]) for n in (0, 1)])


def _lift_roof(axes: Axes, share: float) -> None:
    """Leave a share of the panel's height free at its top."""
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log" and low > 0:
        axes.set_ylim(low, low * (high / low) ** (1 / (1 - share)))
    else:
        axes.set_ylim(low, low + (high - low) / (1 - share))


def _draw_legend(figure: Figure, panels: list[Axes], width: float) -> float:
    """One legend over everything, where no line can run through it, and its height; a label stands in it once."""
    found: dict[str, Any] = {}
    for axes in panels:
        own = axes.get_title(loc="left").replace("\n", " ")
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            # What the panel's title says already needs no entry.
            if label and not label.startswith("_") and label != own:
                found.setdefault(label, handle)
    if not found:
        return 0.0
    wrapped = [_label(label, 330) for label in found]
    room = width - 40
    widest = max(measure_text(line, 11) for label in wrapped for line in label.split("\n")) * 1.15 + 56
    columns = max(1, min(len(found), int(room // widest)))
    # Matplotlib fills columns; people read rows.
    tall = [len(found) // columns + (column < len(found) % columns) for column in range(columns)]
    order = [row * columns + column for column in range(columns) for row in range(tall[column])]
    handles = list(found.values())
    figure.legend(
        [handles[n] for n in order],
        [wrapped[n] for n in order],
        loc="upper left",
        borderaxespad=0.4,
        borderpad=0.2,
        ncols=columns,
        frameon=False,
        fontsize=11,
        labelcolor=_STAND_INS["soft"],
        handlelength=2.4,
        columnspacing=1.6,
    )
    lines = [
        max(wrapped[n].count("\n") + 1 for n in range(row, min(row + columns, len(found))))
        for row in range(0, len(found), columns)
    ]
    return 14.0 + sum(14.0 * one + 6 for one in lines)


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
        if value is not None and not value.startswith("rotate(-0 "):
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
        size = style.get("font-size", "").removesuffix("px")
        classes.append({"12.5": "t125"}.get(size, "t11"))
        classes += ["b"] * (style.get("font-weight") == "700")
        classes += {"middle": ["m"], "end": ["e"]}.get(style.get("text-anchor", ""), [])
        # Words of marks stand on lines and bands.
        classes += ["halo"] * (size == "11" and "f-ink" in classes)
    return classes


_NUMBER = re.compile(r"-?\d+\.\d+")


def _shorten(value: str) -> str:
    """Coordinates to a tenth of a pixel."""
    return _NUMBER.sub(lambda found: number_text(float(found.group())), " ".join(value.split()))
