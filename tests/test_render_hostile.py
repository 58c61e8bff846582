"""User text is escaped once and everywhere: hostile strings become visible text in every shape and format."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archnb import render
from archnb.shapes import (
    AnyShape,
    Cell,
    Chart,
    Edge,
    Graph,
    Group,
    Mark,
    Message,
    Node,
    Participant,
    Sequence,
    Series,
    Source,
    Table,
)

from .render_samples import read_dot

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "<b>bold</b>",
    "<<TABLE><TR><TD>x</TD></TR></TABLE>>",
    "]]><!--",
    "</style></title></svg>",
    "\\N \\G \\l \\",
    'a"b',
    "line\nbreak\r\nand\ttab",
    "&lt;already&gt; &amp; &#x3c;",
    "$x^2$ \\frac{1}{2}",
    "_hidden",
    "{record|label}",
    "",
    " ",
    "\x00\x07\x1b[31m\ufffe",
    "\ud800 lone",
    "\u202eright to left",
    "東京 größe 🙂 e\u0301",
    "x" * 300,
    "word " * 60,
    "%s {0} {{}}",
)
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
DRAWINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_shape(shape: AnyShape) -> None:
    """All formats of a shape parse, and hold nothing that could run or load."""
    page = ElementTree.fromstring(f"<root>{render.fragment(shape, prefix='p-')}</root>")
    ids = [node.get("id") for node in page.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    cell = render.bundle(shape)
    trees = [page, ElementTree.fromstring(cell["text/html"])]
    if isinstance(shape, Graph | Sequence | Chart):
        trees.append(ElementTree.fromstring(render.svg(shape)))
    for tree in trees:
        for node in tree.iter():
            tag = node.tag.split("}")[-1]
            assert tag not in {"script", "iframe", "object", "embed", "foreignObject", "b"}
            for name, value in node.attrib.items():
                assert not name.startswith("on"), name
                if name == "href":
                    assert value.startswith("#")
                if name == "src":
                    assert value.startswith("data:image/svg+xml;base64,")
                if tree is page:
                    assert name != "style"
    for svg in page.iter("{http://www.w3.org/2000/svg}svg"):
        assert not re.search(r"\b(nan|inf)\b", ElementTree.tostring(svg, "unicode").split("<desc")[0])
        for name in ("width", "height"):
            assert 0 < float(str(svg.get(name))) < 40_000
    assert isinstance(cell["text/plain"], str)


@DRAWINGS
@given(st.lists(TEXTS, min_size=8, max_size=8), st.sampled_from(["er", "flow", "graph"]))
def test_graphs_escape(texts: list[str], kind: str) -> None:
    """A graph with hostile names, kinds, groups, rows, labels and facts is only text."""
    a, b, c, d, e, f, g, h = texts
    nodes = (
        Node("1" + a, a, b, "g" + c, (("PK", c, d), (e, f, g)), fact=h),
        Node("2" + b, b, "entity", "", (), fact=a),
        Node("3" + c, c, "store", "", ((a, b, c),)),
    )
    edges = (
        Edge("1" + a, "2" + b, d, "async", "one", "zero-or-many"),
        Edge("2" + b, "1" + a, e),
        Edge("3" + c, "3" + c, f, tail="many", head="zero-or-one"),
    )
    graph = Graph(g, h, nodes, edges, groups=(Group("g" + c, d, e),), kind=kind, description=f)  # type: ignore[arg-type]
    check_shape(graph)
    read = read_dot(render.dot(graph))
    assert len([one for one in read["objects"] if one["name"].startswith("n")]) == 3 and len(read["edges"]) == 3


@DRAWINGS
@given(st.lists(TEXTS, min_size=6, max_size=6))
def test_sequences_escape(texts: list[str]) -> None:
    """A sequence with hostile names and messages is only text."""
    a, b, c, d, e, f = texts
    people = (Participant("1" + a, a, b), Participant("2" + b, b))
    messages = (
        Message("1" + a, "2" + b, c),
        Message("2" + b, "2" + b, d),
        Message("2" + b, "1" + a, e, "return"),
        Message("1" + a, "1" + a, f, "note"),
        Message("1" + a, c, d, "async"),
    )
    check_shape(Sequence(d, e, people, messages, description=f))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS, min_size=8, max_size=8), st.booleans())
def test_charts_escape(texts: list[str], is_horizontal: bool) -> None:
    """A chart with hostile names, labels, marks and panels is only text, and draws without a warning."""
    a, b, c, d, e, f, g, h = texts
    bars = Series(a, tuple(dict.fromkeys((b, c, d + "x"))), (1.0,) * len({b, c, d + "x"}), kind="bar", panel=e)
    line = Series(f, (1.0, 2.0, 3.0), (1.0, 5.0, 2.0), (0.0, 1.0, 1.0), (2.0, 9.0, 3.0), panel=g)
    series = (bars,) if is_horizontal else (bars, line) if e != g else (line,)
    marks = (Mark(1.0, h, panel=g), Mark(2.0, a, 3.0, g))
    check_shape(
        Chart(
            a, b, series, x_label=c, y_label=d, y_labels={e: f}, marks=marks, description=h, is_horizontal=is_horizontal
        )
    )


@given(st.lists(TEXTS, min_size=6, max_size=6))
@settings(deadline=None)
def test_tables_and_sources_escape(texts: list[str]) -> None:
    """A table and a source with hostile names, columns, cells, anchors and facts are only text."""
    a, b, c, d, e, f = texts
    rows = ((Cell(c, d, fact=e, is_code=True), f), (Cell(1.0, a, fact=b, tone="danger"), None))
    check_shape(Table(a, b, (c, d), rows, description=e, anchors=("1" + f, "2" + f)))
    check_shape(Source(a, b, c, d, filename=e, description=f))


@given(TEXTS)
@settings(deadline=None)
def test_text_arrives_as_it_was_written(text: str) -> None:
    """What a reader sees of a text is the text itself, whatever markup it resembles."""
    table = Table("t", "T", ("c",), ((text,),))
    root = ElementTree.fromstring(f"<root>{render.fragment(table)}</root>")
    seen = "".join(next(root.iter("td")).itertext())
    expected = re.sub(r"`([^`\n]+)`", r"\1", re.sub(r"\r\n?", "\n", text))  # between backticks is code
    assert len(seen) == len(expected)
    pairs = zip(
        seen.replace("\xa0", " "), expected.replace("\xa0", " "), strict=True
    )  # a number's blank does not break
    assert all(one == other or one == "\ufffd" for one, other in pairs)


OBEYED = "\x1b[2J\x9b2J\x07\x08\r\x7f\x85\u200b\u2028\u202e\u2066\ufeff\U000e0041"


def _see_nothing_obeyed(text: str) -> None:
    import unicodedata

    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    assert {c for c in text if unicodedata.category(c) in kinds and c not in "\n\t"} == set()


def test_nothing_shown_as_text_is_obeyed_by_a_terminal() -> None:
    """A plan, its sections with every view, its findings and a comparison, as text: controls are seen, not obeyed."""
    from archnb.design import Design
    from archnb.diff import diff
    from archnb.plan import plan
    from archnb.render import bundle

    text = f"a{OBEYED}b"
    hostile = Design.of({
        "name": text, "summary": text, "requirements": {"summary": text},
        "entities": {"Order": {"summary": text, "fields": {"id": "key", "note": {"type": "text", "comment": text, "default": text}}}},
        "access": {"orders": {"reads": "Order", "summary": text, "rate": "5/s"}},
    })  # fmt: skip
    made = plan(hostile)
    for shown in (
        made,
        *made.sections.values(),
        *(view for section in made.sections.values() for view in section.views),
    ):
        _see_nothing_obeyed(bundle(shown)["text/plain"])
    for shown in (
        made,
        made.findings,
        diff(made, plan(hostile.replace("entities.N\u202ew", {"fields": {"id": "key"}}))),
    ):
        _see_nothing_obeyed(repr(shown))
