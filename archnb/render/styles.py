"""The style sheet of the figures: for a page that follows `data-theme` or the system, and for a notebook's cell."""

from __future__ import annotations

import re
from typing import Literal

from archnb.render.theme import FONT, MONO, drawing_css, palette_css

_DARK_HOSTS = (
    'body[data-jp-theme-light="false"]',  # JupyterLab, Notebook 7
    "body.vscode-dark",
    "body.vscode-high-contrast:not(.vscode-high-contrast-light)",
    'html[data-theme="dark"]',  # Jupyter Book, Sphinx themes
    "body.quarto-dark",
    "html[theme=dark]",  # Colab
)
_LIGHT_HOSTS = (
    'body[data-jp-theme-light="true"]',
    "body.vscode-light",
    "body.vscode-high-contrast-light",
    'html[data-theme="light"]',
    "body.quarto-light",
    "html[theme=light]",
)

COLUMNS = 16  # of a table that are set by what they hold


def _set_columns(face: str, rule: str, *, tags: str = "td") -> str:
    """A rule for the n-th column of tables that carry the class of that face and number."""
    selectors = (f".{face}{n} {tag}:nth-child({n})" for n in range(1, COLUMNS + 1) for tag in tags.split())
    return ",".join(selectors) + "{" + rule + "}"


_FIGURES = f"""
.archnb-figure{{margin:0 0 28px;padding:0;max-width:100%}}
.archnb-figure figcaption{{margin:0 0 8px}}
.archnb-title{{margin:0 0 2px}}
.archnb-description,.archnb-hint{{margin:0 0 6px;color:var(--archnb-soft);max-width:80ch}}
.archnb-hint{{font-size:.9em;margin:6px 0}}
.archnb-filename{{margin:0;font-size:.9em;color:var(--archnb-soft)}}
.archnb-part{{margin:14px 0 4px}}
.archnb-drawing,.archnb-scroll,.archnb-source{{overflow-x:auto;max-width:100%}}
.archnb-drawing{{background:var(--archnb-card);border:1px solid var(--archnb-rule);border-radius:8px}}
.archnb-drawing svg,.archnb-drawing img{{display:block;margin:0 auto;max-width:100%;height:auto}}
.archnb-wide svg,.archnb-wide img{{min-width:680px}}
.archnb-vast svg,.archnb-vast img{{min-width:920px}}
.archnb-table{{border-collapse:collapse;font-size:.9em;line-height:1.4;margin:0;font-variant-numeric:tabular-nums}}
.archnb-table caption{{text-align:left;font-weight:600;padding:6px 0;caption-side:top;color:var(--archnb-ink)}}
.archnb-is-table .archnb-table caption{{position:absolute;width:1px;height:1px;overflow:hidden;
  clip-path:inset(50%);white-space:nowrap}}
.archnb-table th,.archnb-table td{{text-align:left;vertical-align:top;padding:5px 12px 5px 0;
  border-bottom:1px solid var(--archnb-rule);max-width:60ch;overflow-wrap:break-word;white-space:pre-line}}
.archnb-table th{{color:var(--archnb-soft);font-weight:600;white-space:normal;vertical-align:bottom;
  border-bottom:1.5px solid var(--archnb-line)}}
.archnb-many{{font-size:.84em}}
.archnb-tight{{font-size:.84em;--archnb-prose:8em;--archnb-text:12.5em}}
.archnb-many.archnb-tight{{font-size:.8em}}
.archnb-tight.archnb-table th,.archnb-tight.archnb-table td{{padding-right:9px}}
.archnb-table td:last-child,.archnb-table th:last-child{{padding-right:4px}}
.archnb-table code{{white-space:inherit}}
{_set_columns("r", "text-align:right", tags="td th")}
{_set_columns("r", "white-space:nowrap")}
{_set_columns("k", "white-space:nowrap")}
{_set_columns("w", "min-width:7.5em")}
{_set_columns("p", "min-width:var(--archnb-prose,11em)")}
{_set_columns("q", "min-width:var(--archnb-text,17em)")}
.archnb-table tbody tr:last-child td{{border-bottom:0}}
.archnb-table tr:target td{{background:var(--archnb-amber-fill)}}
.archnb-scroll{{position:relative}}
.archnb-figure code,.archnb-source{{font-family:{MONO};font-size:.92em}}
.archnb-source{{background:var(--archnb-panel);border:1px solid var(--archnb-rule);border-radius:8px;
  padding:12px 14px;margin:0;max-height:34em;overflow:auto;line-height:1.45;tab-size:4}}
.archnb-source code{{font-size:13px;background:none;padding:0;color:var(--archnb-ink);white-space:pre}}
.archnb-comment{{color:var(--archnb-muted)}}
.archnb-equivalent{{margin:6px 0 0;font-size:.95em}}
.archnb-equivalent summary{{cursor:pointer;color:var(--archnb-soft);font-size:.9em;padding:4px 0}}
.archnb-more summary{{cursor:pointer;color:var(--archnb-soft)}}
.archnb-equivalent .archnb-scroll{{margin:0 0 14px}}
.archnb-table td a{{color:inherit;text-decoration:underline dotted var(--archnb-line);text-underline-offset:3px}}
.archnb-table td a:hover{{color:var(--archnb-link);text-decoration-style:solid}}
.archnb-good{{color:var(--archnb-good)}}
.archnb-notice{{color:var(--archnb-notice)}}
.archnb-warning{{color:var(--archnb-warning)}}
.archnb-danger{{color:var(--archnb-danger);font-weight:600}}
.archnb-muted{{color:var(--archnb-muted)}}
""".strip()

_PRINT = f"""
@media print{{
.archnb-drawing{{break-inside:avoid}}
.archnb-figure figcaption,.archnb-part,.archnb-equivalent summary{{break-after:avoid}}
.archnb-drawing,.archnb-scroll{{overflow:visible}}
.archnb-drawing svg,.archnb-drawing img{{min-width:0;max-height:21cm}}
.archnb-source{{max-height:none;overflow:visible;font-size:8pt}}
.archnb-source code{{font-size:8pt;white-space:pre-wrap;overflow-wrap:anywhere}}
.archnb-table{{font-size:8pt;width:auto;max-width:100%}}
.archnb-table td:nth-child(n){{min-width:0;max-width:none;padding-right:7px}}
.archnb-table.archnb-many{{font-size:6.6pt}}
.archnb-many td:nth-child(n){{white-space:normal}}
{_set_columns("p", "min-width:6em;overflow-wrap:anywhere")}
{_set_columns("q", "min-width:8em;overflow-wrap:anywhere")}
.archnb-table td:nth-child(n):has(code){{white-space:normal;overflow-wrap:anywhere;min-width:8em}}
.archnb-many.archnb-table td:nth-child(n):has(code){{min-width:6em}}
.archnb-table tr{{break-inside:avoid}}
.archnb-table thead{{display:table-header-group}}
}}
""".strip()


def css(mode: Literal["page", "cell"] = "page") -> str:
    """The style sheet for figures.

    On a page the theme follows the system, or `data-theme="light"` or `"dark"` on the root; print is light. In a cell
    the rules hold under `.archnb` only and follow JupyterLab, VS Code, Jupyter Book and Quarto, else the system.
    """
    light, dark = palette_css(is_dark=False), palette_css(is_dark=True)
    if mode == "page":
        return "\n".join(
            (
                f":root{{color-scheme:light;{light}}}",
                f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}",
                f":root[data-theme=dark]{{color-scheme:dark;{dark}}}",
                f"@media print{{:root,:root[data-theme],:root:not([data-theme=light]){{color-scheme:light;{light}}}}}",
                _FIGURES,
                drawing_css(),
                _PRINT,
            )
        )
    hosts = "--archnb-card:var(--jp-layout-color0,{card});--archnb-ink:var(--jp-content-font-color1,{ink})"
    light = f"color-scheme:light;{light};" + hosts.format(card="#ffffff", ink="#1c2733")
    dark = f"color-scheme:dark;{dark};" + hosts.format(card="#161b22", ink="#e6ebf0")

    def under(names: tuple[str, ...]) -> str:
        return ",".join(f"{name} .archnb" for name in names)

    base = f"font-family:var(--jp-content-font-family,{FONT});font-size:14px;line-height:1.5"
    return "\n".join(
        (
            f".archnb{{{base};{light}}}",
            f"@media (prefers-color-scheme:dark){{.archnb{{{dark}}}}}",
            f"{under(_LIGHT_HOSTS)}{{{light}}}",
            f"{under(_DARK_HOSTS)}{{{dark}}}",
            ".archnb{color:var(--archnb-ink);background:var(--archnb-card);padding:8px 4px}",
            *(_scope(rule) for rule in re.findall(r"[^{}]+\{[^}]*\}", _FIGURES)),
            # The sheets of notebooks stripe tables and set them to the right.
            ".archnb table.archnb-table{margin:0;border:0;table-layout:auto}",
            ".archnb table.archnb-table tr{background:none}",
            ".archnb .archnb-table td,.archnb .archnb-table th{text-align:left}",
            ".archnb .archnb-table code,.archnb .archnb-title code{background:none!important;padding:0!important;color:inherit}",
            ".archnb h3,.archnb h4{font-size:1.1em;font-weight:600}",
            ".archnb .archnb-drawing{background:none;border:0}",
            # A cell is narrower than a page.
            ".archnb .archnb-vast img{min-width:780px}",
            ".archnb .archnb-figure:last-child{margin-bottom:4px}",
        )
    )


def _scope(rule: str) -> str:
    selectors, rest = rule.strip().split("{", 1)
    return ",".join(f".archnb {selector}" for selector in selectors.split(",")) + "{" + rest
