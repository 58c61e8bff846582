"""Shapes are drawn safely, legibly and the same every time, on a page, in a cell and as text."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from archnb import render
from archnb.render.lettering import measure_text, wrap_text
from archnb.render.markup import anchor_name, element
from archnb.render.tables import tabulate_shape
from archnb.shapes import AnyShape, Cell, Chart, Edge, Graph, Group, Message, Node, Participant, Sequence, Series, Table

from .render_samples import (
    make_all,
    make_capacity,
    make_er,
    make_flow,
    make_sequence,
    make_source,
    make_table,
    read_dot,
)

GOLDEN = Path(__file__).parent / "golden"
SVG = "{http://www.w3.org/2000/svg}"
SAMPLES = make_all()
DRAWN = tuple(shape for shape in SAMPLES if isinstance(shape, Graph | Sequence | Chart))


def parse(markup: str) -> ElementTree.Element:
    """Our markup is XML as well as HTML."""
    return ElementTree.fromstring(f"<root>{markup}</root>")


def read_texts(root: ElementTree.Element) -> list[str]:
    """The texts of a drawing in order."""
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


def measure_boxes(root: ElementTree.Element) -> list[tuple[str, float, float, float, float]]:
    """The rectangle of each upright text of a drawing: text, left, top, right, bottom."""
    sizes = {"t10": 10.0, "t11": 11.0, "t115": 11.5, "t125": 12.5, "t13": 13.0}
    boxes = []
    for node in root.iter(f"{SVG}text"):
        classes = (node.get("class") or "").split()
        text = "".join(node.itertext())
        if node.get("transform") or not text.strip():
            continue
        size = next((sizes[name] for name in classes if name in sizes), 12.0)
        x, y = float(node.get("x", 0)), float(node.get("y", 0))
        width = measure_text(text, size, is_bold="b" in classes) / 1.06  # without the margin for wider fonts
        left = x - width / 2 if "m" in classes else x - width if "e" in classes else x
        boxes.append((text, left, y - size * 0.72, left + width, y + size * 0.2))
    return boxes


@pytest.mark.parametrize("shape", DRAWN, ids=lambda shape: shape.name)
def test_texts_neither_overlap_nor_leave_the_drawing(shape: Graph | Sequence | Chart) -> None:
    """No label of a drawing lies on another one or beyond its edge."""
    root = ElementTree.fromstring(render.svg(shape))
    _, _, width, height = (float(part) for part in str(root.get("viewBox")).split())
    boxes = measure_boxes(root)
    assert len(boxes) > 5
    for n, (text, left, top, right, bottom) in enumerate(boxes):
        assert left >= -12 and top >= -12 and right <= width - 12 and bottom <= height - 12, text
        for other, left2, top2, right2, bottom2 in boxes[n + 1 :]:
            assert right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top, (text, other)


@pytest.mark.parametrize("shape", DRAWN, ids=lambda shape: shape.name)
def test_drawing_names_itself(shape: Graph | Sequence | Chart) -> None:
    """Every drawing is an image with a title and a description that its ids refer to."""
    root = ElementTree.fromstring(render.svg(shape))
    assert root.get("role") == "img"
    ids = {node.get("id"): node for node in root.iter() if node.get("id")}
    title, description = (ids[name] for name in str(root.get("aria-labelledby")).split())
    assert title.text == shape.title
    assert description.text == (shape.description or shape.title)


@pytest.mark.parametrize("shape", SAMPLES, ids=lambda shape: shape.name)
def test_page_fragment_obeys_the_content_policy(shape: AnyShape) -> None:
    """On a page there is no inline style, no handler, no script and no address that loads anything."""
    root = parse(render.fragment(shape))
    for node in root.iter():
        tag = node.tag.split("}")[-1]
        assert tag not in {"script", "style", "img", "iframe", "object", "link"}
        for name, value in node.attrib.items():
            assert name != "style" and not name.startswith("on")
            if name in {"href", "src"}:
                assert value.startswith("#")


def test_ids_are_unique_over_a_page() -> None:
    """All samples on one page, two of them twice under another prefix, share no id; references find theirs."""
    markup = "".join(render.fragment(shape) for shape in SAMPLES)
    markup += "".join(render.fragment(shape, prefix="again-") for shape in (make_er(), make_capacity()))
    root = parse(markup)
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    for node in root.iter():
        for value in node.attrib.values():
            for name in re.findall(r"url\(#([^)]+)\)", value):
                assert name in ids
        if node.tag == f"{SVG}use":
            assert str(node.get("href"))[1:] in ids


@pytest.mark.parametrize("shape", DRAWN, ids=lambda shape: shape.name)
def test_drawing_has_its_table(shape: Graph | Sequence | Chart) -> None:
    """Behind every drawing stands a table that says the same."""
    root = parse(render.fragment(shape))
    details = next(node for node in root.iter("details"))
    assert [node.text for node in details.iter("summary")] == ["As a table"]
    said = " ".join(" ".join(node.itertext()) for node in details.iter("td")).replace("\xa0", " ")
    if isinstance(shape, Graph):
        words = [node.label for node in shape.nodes] + [edge.label for edge in shape.edges]
    elif isinstance(shape, Sequence):
        words = [message.label for message in shape.messages]
    else:
        words = [mark.label for mark in shape.marks]
    assert all(word in said for word in words)


def test_same_shape_gives_the_same_bytes() -> None:
    """Drawing twice, the second time under other matplotlib settings, gives the same text."""
    import matplotlib

    first = [render.svg(shape) for shape in DRAWN]
    with matplotlib.rc_context({"svg.hashsalt": None, "font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}):
        assert [render.svg(shape) for shape in DRAWN] == first


def test_drawing_leaves_no_global_state() -> None:
    """A chart neither imports pyplot nor changes matplotlib's settings."""
    code = (
        "import sys, matplotlib\n"
        # to read the backend is to choose one, which imports pyplot
        "def read(): return {k: matplotlib.rcParams[k] for k in matplotlib.rcParams if k != 'backend'}\n"
        "before = read()\n"
        "from archnb.render.chart import draw_chart\nfrom archnb.shapes import Chart, Series\n"
        "draw_chart(Chart('c', 'C', (Series('s', (1.0, 2.0), (3.0, 4.0)),)))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\nassert read() == before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_room_loads_nothing_heavy() -> None:
    """Importing the room loads neither matplotlib nor Graphviz nor pandas."""
    code = (
        "import sys, archnb.render\n"
        "heavy = {'matplotlib', 'pandas', 'numpy', 'networkx', 'IPython'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- graphs --------------------------------------------------------------------------------------------------------


def test_entity_rows_are_all_drawn() -> None:
    """An entity diagram shows every name, mark and type of every row."""
    texts = read_texts(ElementTree.fromstring(render.graph_svg(make_er())))
    for node in make_er().nodes:
        for part in (node.label, *(part for line in node.lines for part in line if part)):
            assert part in texts


@pytest.mark.parametrize(
    ("end", "rings", "strokes"), [("one", 0, 2), ("zero-or-one", 1, 1), ("many", 0, 2), ("zero-or-many", 1, 1)]
)
def test_crows_foot_ends_differ(end: str, rings: int, strokes: int) -> None:
    """A ring stands for 'zero', a bar for 'one', a three-pronged foot for 'many'."""
    nodes = (Node("a", "A"), Node("b", "B"))
    graph = Graph("g", "G", nodes, (Edge("a", "b", head=end),), kind="er")  # type: ignore[arg-type]
    root = ElementTree.fromstring(render.graph_svg(graph))
    feet = [str(node.get("d")) for node in root.iter(f"{SVG}path") if node.get("class") == "foot"]
    assert len(feet) == 1
    assert len(list(root.iter(f"{SVG}circle"))) == rings
    assert feet[0].count("M") == strokes
    assert (feet[0].count("L") - feet[0].count("M") == 1) is ("many" in end)


def test_foot_touches_its_box_at_a_right_angle() -> None:
    """Both ends of a relation stand on a border of their boxes, upright to it."""
    graph = Graph("g", "G", (Node("a", "A"), Node("b", "B")), (Edge("a", "b", tail="one", head="many"),), kind="er")
    root = ElementTree.fromstring(render.graph_svg(graph))
    boxes = [node for node in root.iter(f"{SVG}rect") if node.get("class") == "paper"]
    wire = next(str(n.get("d")) for n in root.iter(f"{SVG}path") if n.get("class") == "wire")
    numbers = [float(part) for part in re.findall(r"-?[\d.]+", wire)]
    (x0, y0), (x1, y1) = numbers[:2], numbers[2:4]
    (xe, ye), (xf, yf) = numbers[-2:], numbers[-4:-2]
    left, right = sorted(boxes, key=lambda node: float(str(node.get("x"))))
    assert x0 == pytest.approx(float(str(left.get("x"))) + float(str(left.get("width"))), abs=0.2)
    assert xe == pytest.approx(float(str(right.get("x"))), abs=0.2)
    assert y0 == y1 and ye == yf and x1 > x0 and xf < xe


def test_boxes_do_not_overlap_and_stand_in_their_frames() -> None:
    """No component lies on another one, and each lies inside the frame of its trust zone."""
    from archnb.render import layout

    flow = make_flow()
    arrange = layout.arrange
    seen: list[tuple[tuple[layout.Box, ...], layout.Arrangement]] = []

    def spy(boxes: tuple[layout.Box, ...], *rest: Any, **options: Any) -> layout.Arrangement:
        seen.append((boxes, arrange(boxes, *rest, **options)))
        return seen[0][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "arrange", spy)
        render.graph_svg(flow)
    boxes, found = seen[0]
    spans = [
        (x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2)
        for box, (x, y) in zip(boxes, found.centres, strict=True)
    ]
    zones = {group.id: frame for group, frame in zip(flow.groups, found.frames, strict=True)}
    for n, (left, top, right, bottom) in enumerate(spans):
        for left2, top2, right2, bottom2 in spans[n + 1 :]:
            assert right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
        zone = zones[flow.nodes[n].group]
        assert zone is not None
        assert zone[0] <= left and zone[1] <= top and zone[2] >= right and zone[3] >= bottom


def test_facts_of_nodes_are_linked_on_a_page() -> None:
    """A component's rate leads to its formula; a cell's image has no link."""
    hrefs = {node.get("href") for node in parse(render.fragment(make_flow())).iter(f"{SVG}a")}
    assert "#fact-flow.db.peak" in hrefs
    mine = render.fragment(make_flow(), link=lambda name: f"#n-{name}")
    assert 'href="#n-flow.db.peak"' in mine and "#fact-" not in mine
    assert "href" not in render.bundle(make_flow())["text/html"]


def make_large(count: int, groups: int = 0) -> Graph:
    """A ring of entities with chords."""
    nodes = tuple(
        Node(f"e{n}", f"Entity{n}", "entity", f"g{n % groups}" if groups else "", (("PK", "id", "uuid"),))
        for n in range(count)
    )
    edges = tuple(Edge(f"e{n}", f"e{(n * 7 + 1) % count}", tail="one", head="many") for n in range(count))
    frames = tuple(Group(f"g{n}", f"Domain {n}") for n in range(groups))
    return Graph("large", "Large", nodes, edges, kind="er", groups=frames)


@pytest.mark.parametrize("groups", [0, 4])
def test_large_entity_diagram_is_split_and_says_so(groups: int) -> None:
    """Past sixty entities a diagram comes in parts, every entity with its rows in one of them."""
    graph = make_large(130, groups)
    markup = render.fragment(graph)
    root = parse(markup)
    drawings = list(root.iter(f"{SVG}svg"))
    assert len(drawings) >= 3
    assert f"it is split into {len(drawings)}" in markup
    rows = sum(read_texts(drawing).count("uuid") for drawing in drawings)
    assert rows == 130
    if groups:
        assert "Large: Domain 3" in markup


def test_large_entity_diagram_in_one_drops_rows_and_says_so() -> None:
    """Drawn in one, a large diagram keeps the names alone and tells the reader."""
    from archnb.render.graph import draw_graph

    drawing = draw_graph(make_large(70))
    assert "only the names are drawn" in drawing.hint
    assert "uuid" not in drawing.body and "Entity69" in drawing.body


def test_wires_do_not_run_behind_boxes() -> None:
    """No relation of the shop's diagram crosses an entity that is none of its ends."""
    from archnb.render import graph as drawing

    boxes = []
    root = ElementTree.fromstring(render.graph_svg(make_er()))
    for node in root.iter(f"{SVG}rect"):
        if node.get("class") == "paper":
            boxes.append([float(str(node.get(name))) for name in ("x", "y", "width", "height")])
    wires = [str(n.get("d")) for n in root.iter(f"{SVG}path") if n.get("class") == "wire"]
    assert len(wires) == 18
    for wire in wires:
        numbers = [float(part) for part in re.findall(r"-?[\d.]+", wire)]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        curve = drawing._sample_curve(points[1:-1])
        touched = sum(any(x < px < x + w and y < py < y + h for px, py in curve) for x, y, w, h in boxes)
        assert touched == 0


# --- without Graphviz ----------------------------------------------------------------------------------------------


@pytest.fixture
def fresh_layouts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """No layouts made before, no Graphviz from pip, and an empty folder as the PATH."""
    from archnb.render import layout

    layout._arrange_well.cache_clear()
    layout._search.cache_clear()
    monkeypatch.setattr(layout, "find_bundled", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    yield tmp_path
    layout._arrange_well.cache_clear()
    layout._search.cache_clear()


def test_drawing_without_graphviz_is_plain_and_says_so(fresh_layouts: Path) -> None:
    """Without graphviz-pure and dot there is still a drawing of all boxes, with a hint of one line."""
    for graph in (make_er(), make_flow()):
        markup = render.fragment(graph)
        assert "pip install graphviz-pure" in markup
        texts = read_texts(parse(markup))
        assert all(node.label in texts for node in graph.nodes)
        html = render.bundle(graph)["text/html"]
        assert "pip install graphviz-pure" in html and "data:image/svg+xml" in html


def test_graphviz_from_pip_serves_without_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What pip installed is found where pip put it: nobody has to activate an environment."""
    from archnb.render import layout

    monkeypatch.setenv("PATH", str(tmp_path))
    layout._arrange_well.cache_clear()
    layout._search.cache_clear()
    layout.find_bundled.cache_clear()
    for graph in (make_er(), make_flow()):
        assert "plain arrangement" not in render.fragment(graph)


@pytest.mark.skipif(sys.platform == "win32", reason="the dot of this test is a shell script")
def test_dot_on_the_path_serves_without_graphviz_pure(request: pytest.FixtureRequest) -> None:
    """A `dot` command gives the same drawing as the program from pip."""
    from archnb.render import layout

    bundled, drawn = layout.find_bundled(), render.graph_svg(make_flow())
    command: Path = request.getfixturevalue("fresh_layouts") / "dot"
    command.write_text(f'#!/bin/sh\nexec "{bundled}" "$@"\n')
    command.chmod(0o755)
    assert render.graph_svg(make_flow()) == drawn


@pytest.mark.skipif(sys.platform == "win32", reason="the dot of this test is a shell script")
@pytest.mark.parametrize(
    ("script", "hint"),
    [("sleep 5", "longer than 0.2 s"), ("exit 3", "Graphviz failed"), ("echo nonsense", "could not be read")],
)
def test_layout_that_fails_never_raises(
    fresh_layouts: Path, monkeypatch: pytest.MonkeyPatch, script: str, hint: str
) -> None:
    """A layout that hangs, fails or talks nonsense leaves a plain drawing and the reason."""
    from archnb.render import layout

    command = fresh_layouts / "dot"
    command.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setattr(layout, "TIME_LIMIT", 0.2)
    assert hint in render.fragment(make_flow())


def test_plain_arrangement_keeps_boxes_apart() -> None:
    """Shelves overlap nothing, whatever the sizes and frames."""
    from archnb.render.layout import Box, Line, arrange_plainly

    boxes = tuple(Box(60 + 17 * (n % 5), 30 + 23 * (n % 4), n % 3 - 1) for n in range(40))
    found = arrange_plainly(boxes, (Line(0, 0), Line(0, 39, 50, 14)), (80.0, 90.0))
    spans = [
        (x - b.width / 2, y - b.height / 2, x + b.width / 2, y + b.height / 2)
        for b, (x, y) in zip(boxes, found.centres, strict=True)
    ]
    for n, (left, top, right, bottom) in enumerate(spans):
        assert left >= 0 and top >= 0 and right <= found.width and bottom <= found.height
        for left2, top2, right2, bottom2 in spans[n + 1 :]:
            assert right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top


# --- charts and sequences ------------------------------------------------------------------------------------------


def test_chart_is_painted_with_the_theme() -> None:
    """A chart carries no colour of its own: classes paint it, so that it follows light and dark."""
    svg = render.chart_svg(make_capacity())
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    assert {"f-c1", "s-c1", "s-limit", "f-ink", "f-soft", "s-rule"} <= set(re.findall(r"[fs]-\w+", svg))


@pytest.mark.parametrize("kind", ["line", "step", "bar", "points", "limit"])
@pytest.mark.parametrize("is_horizontal", [False, True])
def test_every_kind_of_series_is_drawn(kind: str, is_horizontal: bool) -> None:
    """Each kind of series draws, named or numbered along x, upright or lying, with every name readable."""
    names = ("reads", "writes", "searches")
    for x in (names, (1.0, 2.0, 3.0)):
        if kind != "bar" and is_horizontal:
            continue
        one = Series("rate", x, (1.0, 20.0, 300.0), (0.5, 10.0, 200.0), (2.0, 30.0, 400.0), kind=kind)  # type: ignore[arg-type]
        chart = Chart("c", "C", (one,), is_horizontal=is_horizontal)
        texts = read_texts(ElementTree.fromstring(render.chart_svg(chart)))
        assert "rate" in texts
        if x is names:
            assert set(names) <= set(texts)


def test_legend_does_not_repeat_the_panel() -> None:
    """A series named like its panel is named once, by the panel's title."""
    series = tuple(Series(name, (1.0, 2.0), (1.0, 2.0), panel=name) for name in ("reads", "writes"))
    texts = read_texts(ElementTree.fromstring(render.chart_svg(Chart("c", "C", series))))
    assert texts.count("reads") == texts.count("writes") == 1


@pytest.mark.parametrize(
    ("kind", "classes"),
    [("call", "wire"), ("async", "wire dash"), ("call-border", "wire cross"), ("async-border", "wire dash cross")],
)
def test_kind_of_an_edge_is_seen(kind: str, classes: str) -> None:
    """What is not waited for is dashed, what crosses a trust border is drawn stronger, alone or together."""
    graph = Graph("g", "G", (Node("a", "A"), Node("b", "B")), (Edge("a", "b", kind=kind),), kind="flow")
    root = ElementTree.fromstring(render.graph_svg(graph))
    assert [n.get("class") for n in root.iter(f"{SVG}path") if "wire" in str(n.get("class"))] == [classes]


def test_log_axes_and_empty_charts_draw() -> None:
    """Logarithmic scales with a zero among the values, no points and no series at all give a drawing."""
    zero = Chart("c", "C", (Series("s", (0.0, 10.0, 1000.0), (0.0, 5.0, 5e6)),), is_log_x=True, is_log_y=True)
    for chart in (zero, Chart("c", "C", (Series("s", (), ()),)), Chart("c", "C", ())):
        ElementTree.fromstring(render.chart_svg(chart))
        assert render.plain_text(chart).startswith("C")


def test_sequence_shows_each_step_once_and_in_order() -> None:
    """Steps are numbered from top to bottom; a note has no number."""
    root = ElementTree.fromstring(render.sequence_svg(make_sequence()))
    found = [
        (float(str(node.get("y"))), int(number.group(1)))
        for node in root.iter(f"{SVG}text")
        if (number := re.match(r"(\d+)\. ", "".join(node.itertext())))
    ]
    assert [number for _, number in found] == list(range(1, 13))
    assert found == sorted(found)


def test_sequence_draws_a_stranger() -> None:
    """A message to somebody who was not introduced gives him a lifeline instead of an error."""
    sequence = Sequence("s", "S", (Participant("a", "A"),), (Message("a", "b", "hello"), Message("b", "b", "", "note")))
    assert "b" in read_texts(ElementTree.fromstring(render.sequence_svg(sequence)))


# --- tables, sources, cells ----------------------------------------------------------------------------------------


def test_table_is_a_real_table() -> None:
    """A caption, scoped headers, numbers at the right, tones as classes, code as code, rows with anchors."""
    root = parse(render.fragment(make_table()))
    table = next(root.iter("table"))
    assert next(table.iter("caption")).text == "Peak rates"
    assert [(node.get("scope"), node.text) for node in table.iter("th")] == [
        ("col", name) for name in ("Component", "Peak", "Key", "Verdict")
    ]
    assert [node.get("id") for node in next(table.iter("tbody"))] == [
        "component-gateway",
        "component-db",
        "component-cache",
    ]
    second = next(iter(next(table.iter("tbody"))))
    assert [node.get("class") for node in second] == [None, None, None, "archnb-good"]
    assert str(table.get("class")).split() == ["archnb-table", "k1", "r2", "k3", "p4", "archnb-slim"]
    assert ".r2 td:nth-child(2)" in render.css("page") and ".r2 td:nth-child(2)" in render.css("cell")
    assert [node.get("href") for node in table.iter("a")] == ["#fact-flow.gateway.peak", "#fact-flow.db.peak"]
    assert [node.text for node in table.iter("code")] == ["GET /items", "SELECT …"]


@pytest.mark.parametrize("text", ["x" * 40, "x" * 100_000, "é<&" * 3000])
def test_preview_in_a_cell_stays_small_and_says_so(text: str) -> None:
    """A large table shows less than 64 KB of itself in a cell and says how much; a page shows it all."""
    table = Table("t", "T", ("n", "text"), tuple((n, text) for n in range(5000 if len(text) < 50 else 20)))
    html = render.bundle(table)["text/html"]
    preview = html[html.index("<table") : html.index("</table>")]
    assert len(preview.encode()) < 64_000
    assert "rows are shown; .frame holds them all" in html or "characters)" in html
    assert "rows are shown" not in render.fragment(table)


def test_cell_values_read_well() -> None:
    """Nothing is empty, truth is yes or no, thousands are parted from ten thousand on."""
    table = Table("t", "T", ("a", "b", "c", "d"), ((None, True, 12345678.0, Cell(0.25)),))
    assert [node.text for node in parse(render.fragment(table)).iter("td")] == [None, "yes", "12,345,678", "0.25"]


def test_source_keeps_its_text() -> None:
    """What is shown of a source, tags taken away, is the source."""
    root = parse(render.fragment(make_source()))
    assert "".join(next(root.iter("code")).itertext()) in {"schema.sql", make_source().text}
    assert "".join(next(root.iter("pre")).itertext()) == make_source().text


@pytest.mark.parametrize("shape", SAMPLES, ids=lambda shape: shape.name)
def test_cell_shows_without_scripts_and_ids(shape: AnyShape) -> None:
    """In a cell there is text and HTML; drawings are images in data URLs, which untrusted notebooks show too."""
    shown = render.bundle(shape)
    assert set(shown) == {"text/plain", "text/html"}
    root = parse(shown["text/html"])
    assert not list(root.iter("script"))
    assert not [node for node in root.iter() if node.get("id")]
    images = list(root.iter("img"))
    assert len(images) == (shape in DRAWN)
    for image in images:
        kind, data = str(image.get("src")).split(",", 1)
        assert kind == "data:image/svg+xml;base64"
        assert str(image.get("alt")).startswith(shape.title)
        inside = ElementTree.fromstring(base64.b64decode(data))
        assert "prefers-color-scheme:dark" in str(inside.findtext(f"{SVG}style"))


def test_sections_and_cards_show_their_shapes_in_order() -> None:
    """Whatever has views, or a card, shows itself as a heading, a note and its shapes."""
    for name in ("views", "card"):
        section = SimpleNamespace(title="Data <flow>", note="two views", **{name: (make_flow(), make_table())})
        shown = render.bundle(section)
        root = parse(shown["text/html"])
        assert [node.text for node in root.iter("h3")] == ["Data <flow>"]
        assert [node.text for node in root.iter("h4")] == ["Data flow", "Peak rates"]
        assert shown["text/plain"].startswith("Data <flow>\n\ntwo views\n\nData flow\n")
    assert set(render.bundle(42)) == {"text/plain"}


def test_cell_style_stays_in_the_cell() -> None:
    """Every rule of a cell's sheet holds under `.archnb` only."""
    sheet = re.sub(r"@media[^{]*\{(.*?\})\}", r"\1", render.css("cell"))
    for selectors in re.findall(r"([^{}]+)\{[^}]*\}", sheet):
        assert all(".archnb" in one for one in selectors.split(",")), selectors


@pytest.mark.parametrize("shape", SAMPLES, ids=lambda shape: shape.name)
def test_text_of_shapes_is_as_agreed(shape: AnyShape, request: pytest.FixtureRequest) -> None:
    """The plain text of every sample is what the golden file holds."""
    golden = GOLDEN / f"render-{shape.name}.txt"
    text = render.plain_text(shape) + "\n"
    if request.config.getoption("--refresh-goldens", default=False):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_dot_source_is_understood_by_graphviz() -> None:
    """The DOT of every graph parses, with all its nodes, edges and groups."""
    for graph in (make_er(), make_flow()):
        read = read_dot(render.dot(graph))
        assert len(read["objects"]) == len(graph.nodes) + len(graph.groups)
        assert len(read["edges"]) == len(graph.edges)


# --- the small tools -----------------------------------------------------------------------------------------------


def test_wrapped_lines_fit_and_lose_nothing() -> None:
    """Wrapping keeps every letter and never makes a line wider than asked."""
    for text in ("authorisation code with PKCE", "a" * 300, "snake_case_" * 20, "Größe 東京 " * 9, "", "x"):
        lines = wrap_text(text, 90, 12)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(measure_text(line, 12) <= 90 for line in lines)


def test_numbers_do_not_break_at_their_blank() -> None:
    """The blank that parts thousands holds its number together; other blanks break."""
    assert wrap_text("TLS 3 250/s", 45, 11) == ("TLS", "3 250/s")
    assert wrap_text("10\xa0TB of logs", 40, 11) == ("10\xa0TB", "of logs")


def test_markup_drops_unsafe_addresses() -> None:
    """Only anchors and web addresses become links."""
    assert "href" not in element("a", "x", href="javascript:alert(1)")
    assert "href" not in element("a", "x", href=" data:text/html,x")
    assert element("a", "x", href="#here") == '<a href="#here">x</a>'


def test_prose_shows_code_and_keeps_numbers_whole() -> None:
    """What stands between backticks in a cell is code, escaped as ever; a number stays with its unit."""
    table = Table("t", "T", ("what",), (("set `is_async: <b>` below 2 000 ms",),))
    html = render.table_html(table)
    assert "set <code>is_async: &lt;b&gt;</code> below 2\xa0000\xa0ms" in html


def test_entities_stand_close_together() -> None:
    """Twelve entities that all refer to one are not drawn as one column, and a domain is a colour with its key."""
    nodes = tuple(
        Node(f"n{n}", f"entity_{n}", "entity", "one" if n % 2 else "two", (("PK", "id", "bigint"),) * 6)
        for n in range(13)
    )
    edges = tuple(Edge(f"n{n}", "n0", "id", tail="many", head="one") for n in range(1, 13))
    graph = Graph("g", "G", nodes, edges, groups=(Group("one", "First"), Group("two", "Second")), kind="er")
    root = ElementTree.fromstring(render.graph_svg(graph))
    width, height = (float(str(root.get(name))) for name in ("width", "height"))
    assert width < 1200 and height < 1400  # one column would be over 2,000 high
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert texts.count("First") == texts.count("Second") == 1
    assert {"look-blue", "look-green"} <= {str(node.get("class")) for node in root.iter(f"{SVG}path")}


def test_anchor_names_do_not_collide() -> None:
    """Names that differ have anchors that differ, and plain names keep theirs."""
    names = ["a b", "a-b", "a/b", "ä", "ö", "", "1", "-", "a" * 200, "a" * 201]
    assert len({anchor_name(name) for name in names}) == len(names)
    assert anchor_name("schema.er") == "schema.er"


def test_limits_fill_every_row_of_the_table() -> None:
    """A limit given by its two ends stands in every row of the chart's table, and adds no rows of its own."""
    table = tabulate_shape(make_capacity())[0]
    assert [row[0].value for row in table.rows if isinstance(row[0], Cell)] == list(range(0, 37, 3))
    assert "one point in 3; all 37" in table.title
    assert {str(row[2]) for row in table.rows} == {"2000"}
