"""Shapes as HTML: the same figure for a page (drawings inline) and for a cell (drawings as images)."""

from __future__ import annotations

from typing import Literal

from markupsafe import Markup

from archnb.render.graph import LARGE, split_graph
from archnb.render.markup import (
    Link,
    anchor_name,
    clean_text,
    element,
    fact_link,
    join_markup,
    name_markup,
    prose_markup,
)
from archnb.render.styles import COLUMNS
from archnb.render.svg import data_url, draw_shape, frame_drawing
from archnb.render.tables import MANY, cell_text, is_wide, judge_column, tabulate_shape
from archnb.shapes import AnyShape, Cell, Chart, Graph, Scalar, Sequence, Source, Table

Mode = Literal["page", "cell"]

PREVIEW_BYTES = 60_000  # of one table in a cell; with its frame it stays under 64 KB
_JUDGED = 400  # rows by which a column is judged
_LONGEST = 2_000  # characters of one cell of a table in a notebook
_FOLDED = 50  # lines behind one cell of a table in a notebook
_SLIM = 12  # characters of a first column that needs no more room than it takes
_TOGETHER = 19  # characters of a name that stay on one line in a table that has little room
_LEADERS = {"sql": "--", "yaml": "#", "python": "#", "promql": "#", "protobuf": "//", "proto": "//", "graphql": "#"}


def table_html(
    table: Table,
    *,
    link: Link | None = fact_link,
    prefix: str = "",
    limit: int | None = None,
    has_caption: bool = True,
) -> Markup:
    """A table with its caption; `link` says where a fact points, `limit` cuts after so many bytes and says so."""
    judged = table.rows[:_JUDGED]
    faces: list[str] = [judge_column([row[n] for row in judged]) for n in range(len(table.columns))]
    texts = [[cell_text(row[n]) for row in judged] for n in range(len(table.columns))]
    is_tight = is_wide(table.columns, faces, texts)
    if is_tight:  # what is kept together may part where it is long, so that the table fits the page
        faces = ["w" if face == "k" and _is_long(held) else face for face, held in zip(faces, texts, strict=True)]
    rows: list[Markup] = []
    size = 0
    for number, row in enumerate(table.rows):
        anchor = table.anchors[number] if number < len(table.anchors) else ""
        made = element(
            "tr",
            *(_draw_cell(cell, link, is_short=limit is not None, is_tight=is_tight) for cell in row),
            id=prefix + anchor_name(anchor) if anchor and limit is None else None,
        )
        size += len(made.encode())
        if limit is not None and size > limit:
            break
        rows.append(made)
    heads = [element("th", clean_text(column), scope="col") for column in table.columns]
    # One class a column on the table: on every cell they would make a third of the page.
    classes = ["archnb-table", *(f"{face}{n}" for n, face in enumerate(faces[:COLUMNS], 1))]
    if len(table.columns) > MANY:
        classes.append("archnb-many")
    if is_tight:
        classes.append("archnb-tight")
    if texts and not _is_long(texts[0], _SLIM):
        classes.append("archnb-slim")
    made = element(
        "table",
        element("caption", prose_markup(table.title)) if has_caption else None,
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_=" ".join(classes),
    )
    told = None
    if len(rows) < len(table.rows):
        text = f"The first {len(rows):,} of {len(table.rows):,} rows are shown; .frame holds them all."
        told = element("p", text, class_="archnb-hint")
    elif not table.rows:
        told = element("p", "No rows.", class_="archnb-hint")
    scroll = element(
        "div", made, class_="archnb-scroll", tabindex="0", role="group", aria_label=clean_text(table.title)
    )
    return join_markup(part for part in (scroll, told) if part)


def _is_long(texts: list[str], longest: int = _TOGETHER) -> bool:
    return any(len(line) > longest for text in texts for line in text.split("\n"))


def _draw_cell(cell: Cell | Scalar, link: Link | None, *, is_short: bool, is_tight: bool = False) -> Markup:
    text = clean_text(cell_text(cell))
    if is_short and len(text) > _LONGEST:
        text = text[:_LONGEST] + f"… ({len(text):,} characters)"
    is_code = isinstance(cell, Cell) and cell.is_code
    if is_code and text:
        # a long name parts at its joints: in a table with little room, and anywhere on a telephone
        content = element("code", text if is_short and not is_tight else name_markup(text))
    else:
        content = prose_markup(text)
    tone = None
    if isinstance(cell, Cell):
        if cell.fact and link and text:
            content = element("a", content, href=link(cell.fact))
        if cell.more:
            content = join_markup([content, _fold_lines(cell.more, is_short=is_short)])
        if cell.tone:
            tone = f"archnb-{anchor_name(cell.tone)}"
    return element("td", content, class_=tone)


def _fold_lines(lines: tuple[str, ...], *, is_short: bool) -> Markup:
    """Lines to be unfolded; a cell of a notebook holds the first of them."""
    shown = lines[:_FOLDED] if is_short else lines
    told = [f"… and {len(lines) - len(shown):,} more; .frame holds them all"] if len(shown) < len(lines) else []
    text = clean_text("\n".join([*shown, *told]))
    summary = element("summary", f"and {len(lines):,} more")
    return element("details", summary, prose_markup(text), class_="archnb-more")


def source_html(source: Source) -> Markup:
    """A text as it is, with its whole-line comments set back."""
    leader = _LEADERS.get(source.language.casefold(), "")
    text = clean_text(source.text.replace("\r\n", "\n"))
    lines = [
        element("span", line, class_="archnb-comment") if leader and line.lstrip().startswith(leader) else line
        for line in text.split("\n")
    ]
    name = clean_text(source.filename or source.title)
    language = anchor_name(source.language) if source.language else "text"
    code = element("code", join_markup(lines, "\n"), class_=f"language-{language}")
    return element("pre", code, class_="archnb-source", tabindex="0", role="group", aria_label=name)


def fragment(
    shape: AnyShape, *, mode: Mode = "page", heading: int = 3, prefix: str = "", link: Link | None = None
) -> Markup:
    """One shape as a figure: title, description, the drawing or text, and for a drawing the table that says the same.

    In a page, ids begin with `prefix` and facts point to `#fact-<name>` unless `link` says otherwise; there is no
    inline style and no script. In a cell, drawings are images, ids and links are left out, and tables are previews.
    """
    is_page = mode == "page"
    if is_page and link is None:
        link = fact_link
    if not is_page:
        link = None
    name = prefix + anchor_name(shape.name)
    head: list[Markup] = [element(f"h{min(max(heading, 1), 6)}", clean_text(shape.title), class_="archnb-title")]
    if shape.description:
        head.append(element("p", prose_markup(shape.description), class_="archnb-description"))
    if isinstance(shape, Table):
        # An untrusted notebook drops our style sheet, and with it what hides the caption under a heading that says the same.
        limit = None if is_page else PREVIEW_BYTES
        body = [table_html(shape, link=link, prefix=prefix, limit=limit, has_caption=is_page)]
    elif isinstance(shape, Source):
        if shape.filename:
            head.append(element("p", element("code", clean_text(shape.filename)), class_="archnb-filename"))
        body = [source_html(shape if is_page else _cut_source(shape))]
    else:
        body = _draw_parts(shape, is_page=is_page, prefix=prefix, link=link)
    return element(
        "figure",
        element("figcaption", *head),
        *body,
        class_=f"archnb-figure archnb-is-{type(shape).__name__.lower()}",
        id=name if is_page else None,
    )


def _draw_parts(shape: Graph | Sequence | Chart, *, is_page: bool, prefix: str, link: Link | None) -> list[Markup]:
    """The drawing, in several parts where one could not be read, and its tables."""
    is_split = isinstance(shape, Graph) and shape.kind == "er" and len(shape.nodes) > LARGE
    parts: tuple[Graph | Sequence | Chart, ...] = (
        split_graph(shape) if is_split and isinstance(shape, Graph) else (shape,)
    )
    made: list[Markup] = []
    if len(parts) > 1 and isinstance(shape, Graph):
        text = f"{len(shape.nodes)} boxes are too many for one drawing, so it is split into {len(parts)}; "
        text += "a box of another part is shown by its name."
        made.append(element("p", text, class_="archnb-hint"))
    for part in parts:
        drawing = draw_shape(part, prefix=prefix, link=link)
        if len(parts) > 1:
            made.append(element("p", element("strong", clean_text(part.title)), class_="archnb-part"))
        size = " archnb-vast" if drawing.width > 1060 else " archnb-wide" if drawing.width > 700 else ""
        if is_page:
            picture = frame_drawing(drawing, part, prefix=prefix)
        else:
            picture = element(
                "img",
                src=data_url(frame_drawing(drawing, part, is_standalone=True)),
                alt=clean_text(". ".join(text for text in (part.title, part.description) if text)),
                width=round(drawing.width + 24),
            )
        made.append(
            element(
                "div",
                picture,
                class_="archnb-drawing" + size,
                tabindex="0",
                role="group",
                aria_label=clean_text(part.title),
            )
        )
        if drawing.hint:
            made.append(element("p", drawing.hint, class_="archnb-hint"))
    limit = None if is_page else PREVIEW_BYTES // 2
    tables = [table_html(table, link=link, prefix=prefix, limit=limit) for table in tabulate_shape(shape)]
    if tables:
        made.append(element("details", element("summary", "As a table"), *tables, class_="archnb-equivalent"))
    return made


def _cut_source(source: Source) -> Source:
    """A text short enough for a cell; what is missing is said in its last line."""
    if len(source.text.encode("utf-8", "replace")) <= PREVIEW_BYTES:
        return source
    kept = source.text.encode("utf-8", "replace")[:PREVIEW_BYTES].decode("utf-8", "ignore").rsplit("\n", 1)[0]
    left = source.text.count("\n") - kept.count("\n")
    return Source(
        source.name, source.title, source.language, f"{kept}\n… and {left:,} more lines", filename=source.filename
    )
