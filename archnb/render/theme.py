"""How everything drawn looks: one palette for light and dark, the fonts, and what kind of thing has which colour.

Drawings carry class names only; the style sheet gives them colour through custom properties, so the same drawing
follows the page's theme. A file of its own, or an image in a cell, embeds the sheet and stands on its own card.
"""

from __future__ import annotations

from typing import NamedTuple

FONT = 'Inter, "Helvetica Neue", Helvetica, Arial, "Liberation Sans", system-ui, sans-serif'
MONO = 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace'

Colour = str
Palette = dict[str, Colour]

# Neutral colours. `card` is what drawings stand on, `ink` and `soft` are text, `line` borders, `grid` rules.
LIGHT: Palette = {
    "card": "#ffffff",
    "panel": "#f6f8fa",
    "ink": "#1c2733",
    "soft": "#52606d",
    "line": "#8693a0",
    "rule": "#d5dce3",
    "link": "#0b5cad",
    "good": "#17693a",
    "notice": "#1d5fa8",
    "warning": "#8a5200",
    "danger": "#b3261e",
    "muted": "#5f6c78",
    "c1": "#1f6fb5",
    "c2": "#b4530f",
    "c3": "#23784a",
    "c4": "#8347a8",
    "c5": "#ad2f5e",
    "c6": "#5d6670",
    "limit": "#b3261e",
}
DARK: Palette = {
    "card": "#161b22",
    "panel": "#1e252e",
    "ink": "#e6ebf0",
    "soft": "#a9b4c0",
    "line": "#74818e",
    "rule": "#36404b",
    "link": "#79b8ff",
    "good": "#6bd39a",
    "notice": "#86bdf7",
    "warning": "#eebb63",
    "danger": "#ff938a",
    "muted": "#9aa6b2",
    "c1": "#6db3f2",
    "c2": "#f0a463",
    "c3": "#6fcf97",
    "c4": "#c9a0ea",
    "c5": "#f48fb1",
    "c6": "#b4bec8",
    "limit": "#ff938a",
}


class Look(NamedTuple):
    """The colours of one family of things: fill and stroke, in light and in dark. Text on the fill is `ink`."""

    fill: Colour
    stroke: Colour
    dark_fill: Colour
    dark_stroke: Colour


LOOKS: dict[str, Look] = {
    "plain": Look("#f1f4f7", "#7d8b99", "#242c36", "#7f8d9b"),
    "blue": Look("#e3effb", "#3178b8", "#15304b", "#5fa4e0"),
    "indigo": Look("#eae8fb", "#655bc0", "#2a2754", "#9a92ee"),
    "green": Look("#e2f3e9", "#2f8a58", "#143826", "#58b884"),
    "teal": Look("#ddf2f3", "#20838a", "#103a3e", "#4cb6bf"),
    "amber": Look("#fdf1d8", "#b07d1a", "#413110", "#d9a441"),
    "orange": Look("#fde9dc", "#c0622a", "#452716", "#e68a55"),
    "violet": Look("#f3e6f8", "#8e4bad", "#3b2147", "#bf85da"),
    "rose": Look("#fce6ec", "#b84468", "#45202d", "#e0809d"),
}

# Each kind of node in its family; a kind that is not here is drawn plain.
KINDS: dict[str, str] = {
    "node": "plain",
    "entity": "blue",
    "table": "blue",
    "junction": "violet",
    "subtype": "teal",
    "document": "green",
    "elsewhere": "plain",
    "client": "plain",
    "user": "plain",
    "browser": "plain",
    "gateway": "indigo",
    "cdn": "indigo",
    "load_balancer": "indigo",
    "identity": "rose",
    "auth": "rose",
    "service": "blue",
    "cache": "amber",
    "store": "green",
    "database": "green",
    "search": "teal",
    "queue": "violet",
    "topic": "violet",
    "stream": "violet",
    "worker": "teal",
    "job": "teal",
    "third_party": "orange",
    "external": "orange",
    "monitoring": "rose",
    "pattern": "indigo",
    "decision": "indigo",
    "state": "blue",
    "start": "green",
    "end": "rose",
    "compensation": "orange",
}

# Frames whose border is a trust boundary: dashed.
BOUNDARIES = frozenset({"zone", "trust", "trust_zone", "boundary"})


def look_class(kind: str) -> str:
    """The class of a kind of node.

    >>> look_class("cache"), look_class("never heard of")
    ('look-amber', 'look-plain')
    """
    return "look-" + KINDS.get(kind, "plain")


def contrast(one: Colour, other: Colour) -> float:
    """The WCAG 2 contrast ratio of two colours written `#rrggbb`.

    >>> round(contrast("#000000", "#ffffff"), 1)
    21.0
    """
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def palette_css(*, is_dark: bool) -> str:
    """The custom properties of one theme, as declarations."""
    colours = [f"--archnb-{name}:{value}" for name, value in (DARK if is_dark else LIGHT).items()]
    for name, look in LOOKS.items():
        fill, stroke = (look.dark_fill, look.dark_stroke) if is_dark else (look.fill, look.stroke)
        colours += [f"--archnb-{name}-fill:{fill}", f"--archnb-{name}-stroke:{stroke}"]
    return ";".join(colours)


def drawing_css() -> str:
    """The rules of the classes that drawings use, over the custom properties of the palette."""
    rules = [
        f".archnb-svg{{font-family:{FONT};font-size:12px;fill:var(--archnb-ink)}}",
        ".archnb-svg text{white-space:pre}",
        ".archnb-svg .card{fill:var(--archnb-card)}",
        ".archnb-svg .b{font-weight:600}",
        ".archnb-svg .i{font-style:italic}",
        ".archnb-svg .m{text-anchor:middle}",
        ".archnb-svg .e{text-anchor:end}",
        ".archnb-svg .t10{font-size:10px}",
        ".archnb-svg .t11{font-size:11px}",
        ".archnb-svg .t115{font-size:11.5px}",
        ".archnb-svg .t125{font-size:12.5px}",
        ".archnb-svg .t13{font-size:13px}",
        ".archnb-svg .soft{fill:var(--archnb-soft)}",
        ".archnb-svg .halo{paint-order:stroke;stroke:var(--archnb-card);stroke-width:4px;stroke-linejoin:round}",
        ".archnb-svg .on-panel{paint-order:stroke;stroke:var(--archnb-panel);stroke-width:4px;stroke-linejoin:round}",
        ".archnb-svg .wire{fill:none;stroke:var(--archnb-line);stroke-width:1.4}",
        ".archnb-svg .cross{stroke:var(--archnb-soft);stroke-width:1.7}",
        ".archnb-svg .foot{fill:none;stroke:var(--archnb-line);stroke-width:1.4;stroke-linecap:round}",
        ".archnb-svg .ring{fill:var(--archnb-card);stroke:var(--archnb-line);stroke-width:1.4}",
        ".archnb-svg .tip{fill:var(--archnb-line);stroke:none}",
        ".archnb-svg .dash{stroke-dasharray:5 4}",
        ".archnb-svg .dot{stroke-dasharray:1.5 3.5;stroke-linecap:round}",
        ".archnb-svg .rule{fill:none;stroke:var(--archnb-rule);stroke-width:1}",
        ".archnb-svg .paper{fill:var(--archnb-card)}",
        ".archnb-svg .plate{fill:var(--archnb-card);fill-opacity:.88}",
        ".archnb-svg .frame{fill:var(--archnb-panel);stroke:var(--archnb-rule);stroke-width:1.2}",
        ".archnb-svg .frame.boundary{stroke:var(--archnb-line);stroke-dasharray:6 4}",
        ".archnb-svg .memo{fill:var(--archnb-amber-fill);stroke:var(--archnb-amber-stroke);stroke-width:1}",
        ".archnb-svg a{cursor:pointer}",
        ".archnb-svg a:hover .title,.archnb-svg a:focus .title{text-decoration:underline}",
    ]
    for name in LOOKS:
        fill, stroke = f"var(--archnb-{name}-fill)", f"var(--archnb-{name}-stroke)"
        rules.append(f".archnb-svg .look-{name}{{fill:{fill};stroke:{stroke};stroke-width:1.3}}")
        rules.append(f".archnb-svg .line-{name}{{fill:none;stroke:{stroke};stroke-width:1.3}}")
    for name in CHART_INKS:
        rules.append(f".archnb-svg .f-{name}{{fill:var(--archnb-{name})}}")
        rules.append(f".archnb-svg .s-{name}{{stroke:var(--archnb-{name})}}")
    return "\n".join(rules)


# What a chart may be painted with: series, the limit, text, rules.
CHART_INKS = ("ink", "soft", "line", "rule", "card", "limit", "warning", "c1", "c2", "c3", "c4", "c5", "c6")
SERIES_INKS = ("c1", "c2", "c3", "c4", "c5", "c6")


def standalone_css() -> str:
    """The whole style sheet of a drawing that stands alone; it follows the reader's colour scheme."""
    light, dark = palette_css(is_dark=False), palette_css(is_dark=True)
    return f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{drawing_css()}"
