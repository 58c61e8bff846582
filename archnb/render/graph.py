"""Graphs as drawings: entity diagrams in crow's-foot notation, data flows in their trust zones, plain graphs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from markupsafe import Markup

from archnb.render.layout import Arrangement, Box, Line, Point, arrange_best, arrange_freely
from archnb.render.lettering import block_width, measure_text, wrap_text
from archnb.render.markup import Link, clean_text, element, join_markup
from archnb.render.theme import BOUNDARIES, KINDS, look_class
from archnb.shapes import Edge, End, Graph, Node

LARGE = 60  # nodes; an entity diagram above it is shown without its rows, or in parts
_HEADER, _ROW, _SIDE = 13.0, 12.0, 10.0  # font sizes and inner margin
_FOOT, _TIP = 20.0, 9.0  # pixels kept free before a box for a crow's foot, for an arrow's tip
_DASHED = frozenset({"async", "event", "publish", "subscribe", "replication", "weak", "optional", "proposed"})
_UNDIRECTED = frozenset({"link", "undirected", "relation"})
_UNSAID = frozenset({"node", "state", "start", "end", "elsewhere", "pattern", "decision"})  # a caption adds nothing
_ROUND = frozenset({"store", "database", "cache", "search"})
_DOMAINS = ("blue", "green", "amber", "rose", "teal", "orange", "indigo")  # violet is a junction's
_PIPES = frozenset({"queue", "topic", "stream"})


@dataclass(frozen=True)
class Drawing:
    """A picture before it gets its frame: its size in pixels, its marks, and what the reader must be told about it."""

    width: float
    height: float
    body: Markup
    hint: str = ""


@dataclass(frozen=True)
class _Face:
    """A node measured: its wrapped title, its rows, and its size."""

    title: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...], str], ...]
    caption: str
    width: float
    height: float


def draw_graph(graph: Graph, *, link: Link | None = None) -> Drawing:
    """Draw a graph; `link` says where a node's fact points. An ER diagram of more than `LARGE` boxes leaves the rows out."""
    hint = ""
    if graph.kind == "er" and len(graph.nodes) > LARGE:
        graph = replace(graph, nodes=tuple(replace(node, lines=()) for node in graph.nodes))
        hint = f"{len(graph.nodes)} boxes are too many to read with their rows, so only the names are drawn."
    is_er = graph.kind == "er"
    # Frames would pull an entity diagram apart, so there a domain is a colour.
    looks = _colour_groups(graph) if is_er else {}
    framed = () if is_er else graph.groups
    places = {group.id: number for number, group in enumerate(framed)}
    numbers = {node.id: number for number, node in enumerate(graph.nodes)}
    faces = [_measure_rows(node) if is_er else _measure_box(node) for node in graph.nodes]
    pad = _FOOT if is_er else _TIP
    boxes = tuple(
        Box(face.width + 2 * pad, face.height + 2 * pad, places.get(node.group, -1))
        for node, face in zip(graph.nodes, faces, strict=True)
    )
    labels = [
        wrap_text(edge.label, 130 if is_er else 96, 11)
        if edge.label.strip() and not (is_er and _is_told(edge, graph))
        else ()
        for edge in graph.edges
    ]
    lines = tuple(
        Line(numbers[e.source], numbers[e.target], *((block_width(t, 11) + 10, len(t) * 14 + 4) if t else ()))
        for e, t in zip(graph.edges, labels, strict=True)
    )
    frames = tuple(measure_text(clean_text(group.label), 11, is_bold=True) + 8 for group in framed)
    direction: str = graph.direction
    if is_er:
        found, direction = arrange_freely(boxes, lines, gap=10.0)
    else:
        found, direction = arrange_best(boxes, lines, frames, direction=direction, gap=18.0)
    parts, titles = _draw_frames(graph, found) if framed else ([], [])
    ends, paths = _route_lines(found, boxes, lines, direction, pad)
    middles = _place_labels(found, boxes, lines, paths, frames)
    wires, words = [], []
    for number, edge in enumerate(graph.edges):
        wires.append(_draw_wire(edge, graph.kind, paths[number], ends[number], pad))
        centre = middles[number]
        if centre is not None:
            line = lines[number]
            left, top = centre[0] - line.width / 2 + 1, centre[1] - line.height / 2
            words.append(element("rect", x=left, y=top, width=line.width - 2, height=line.height, rx=3, class_="plate"))
            words.append(_draw_lines(labels[number], centre[0], centre[1], 14, class_="t11 m soft"))
    parts += [*wires, *titles]
    for node, face, centre in zip(graph.nodes, faces, found.centres, strict=True):
        look = looks.get(node.group) or look_class(node.kind)
        drawn = _draw_table(node, face, centre, look) if is_er else _draw_box(node, face, centre)
        parts.append(element("a", drawn, href=link(node.fact)) if node.fact and link else drawn)
    hint = " ".join(part for part in (hint, found.hint) if part)
    width, height = max(found.width, 40), max(found.height, 24)
    key, low = _draw_key(graph, looks, width)
    return Drawing(width, height + low, join_markup([*parts, *words, *_move_down(key, height)], "\n"), hint)


def _is_told(edge: Edge, graph: Graph) -> bool:
    """Whether a relation's name stands as a row of the entity it starts from, so that its line need not repeat it."""
    return any(edge.label == name for node in graph.nodes if node.id == edge.source for _, name, _ in node.lines)


def _colour_groups(graph: Graph) -> dict[str, str]:
    """A colour for each group that has members, while the colours last; one group alone needs none."""
    present = [group.id for group in graph.groups if any(node.group == group.id for node in graph.nodes)]
    if len(present) < 2:
        return {}
    return {name: f"look-{look}" for name, look in zip(present, [*_DOMAINS, *["plain"] * len(present)], strict=False)}


def _draw_key(graph: Graph, looks: dict[str, str], width: float) -> tuple[list[Markup], float]:
    """What the colours mean, in rows under the drawing, and their height."""
    parts: list[Markup] = []
    x, y = 0.0, 14.0
    for group in graph.groups:
        if group.id not in looks:
            continue
        text = clean_text(group.label)
        size = measure_text(text, 11) + 36
        if x and x + size > width:
            x, y = 0.0, y + 20
        parts.append(element("rect", x=x, y=y, width=14, height=11, rx=2, class_=looks[group.id]))
        parts.append(element("text", text, x=x + 20, y=y + 9.5, class_="t11 soft"))
        x += size
    return parts, (y + 14 if parts else 0.0)


def _move_down(parts: list[Markup], height: float) -> list[Markup]:
    return [element("g", *parts, transform=f"translate(0 {height:.0f})")] if parts else []


def _measure_rows(node: Node) -> _Face:
    title = wrap_text(node.label or node.id, 260, _HEADER, is_bold=True)
    rows = tuple((mark, wrap_text(name, 220, _ROW), note) for mark, name, note in node.lines)
    notes = [wrap_text(note, 160, 11) for _, _, note in rows]
    marks = _mark_width(node)
    names = max((block_width(name, _ROW) for _, name, _ in rows), default=0)
    types = max((block_width(note, 11) for note in notes), default=0)
    inner = max(block_width(title, _HEADER, is_bold=True), marks + names + (types + 18 if types else 0))
    heights = [max(len(name), len(note)) * 15 + 5 for (_, name, _), note in zip(rows, notes, strict=True)]
    height = len(title) * 17 + 11 + sum(heights) + (6 if rows else 0)
    return _Face(title, rows, "", max(inner + 2 * _SIDE, 90), height)


def _mark_width(node: Node) -> float:
    widest = max((measure_text(mark, 10, is_bold=True) for mark, _, _ in node.lines), default=0)
    return widest + 8 if widest else 0


def _measure_box(node: Node) -> _Face:
    title = wrap_text(node.label or node.id, 150, 12.5, is_bold=True)
    told = [" ".join(part for part in line if part) for line in node.lines]
    rows = tuple(("", wrap_text(line, 170, 11), "") for line in told)
    caption = node.kind.replace("_", " ") if node.kind in KINDS and node.kind not in _UNSAID else ""
    if caption.casefold() == " ".join(title).casefold():
        caption = ""
    widths = [block_width(title, 12.5, is_bold=True), measure_text(caption, 10)]
    widths += [block_width(lines, 11) for _, lines, _ in rows]
    height = len(title) * 16 + (13 if caption else 0) + sum(len(lines) * 14 for _, lines, _ in rows) + 16
    if node.kind in _ROUND:
        height += 10
    return _Face(title, rows, caption, max(max(widths) + 28, 84), max(height, 40))


def _draw_frames(graph: Graph, found: Arrangement) -> tuple[list[Markup], list[Markup]]:
    """The frames, which go under the lines, and their titles, which go over them."""
    parts, titles = [], []
    for group, frame in zip(graph.groups, found.frames, strict=True):
        if frame is None:
            continue
        left, top, right, bottom = frame
        is_boundary = graph.kind == "flow" or group.kind in BOUNDARIES
        parts.append(
            element(
                "rect",
                x=left,
                y=top,
                width=right - left,
                height=bottom - top,
                rx=8,
                class_="frame boundary" if is_boundary else "frame",
            )
        )
        title = element("text", clean_text(group.label), x=left + 12, y=top + 18, class_="t11 b soft on-panel")
        titles.append(title)
    return parts, titles


def _draw_lines(lines: tuple[str, ...], x: float, middle: float, step: float, *, class_: str) -> Markup:
    """Some lines of text around the middle of a height; 0.35 em puts a line's middle on its coordinate."""
    top = middle - (len(lines) - 1) * step / 2
    drawn = [element("text", line, x=x, y=top + n * step + 4, class_=class_) for n, line in enumerate(lines) if line]
    return join_markup(drawn)


def _draw_table(node: Node, face: _Face, centre: Point, look: str) -> Markup:
    """An entity: a coloured header over rows of mark, name and type."""
    left, top = centre[0] - face.width / 2, centre[1] - face.height / 2
    right = left + face.width
    head = len(face.title) * 17 + 11
    parts = [
        element("rect", x=left, y=top, width=face.width, height=face.height, rx=5, class_="paper"),
        element("path", d=_round_top(left, top, right, head, face.height), class_=look),
    ]
    x = left + _SIDE if face.rows else centre[0]
    place = "t13 b title" if face.rows else "t13 b m title"
    for n, line in enumerate(face.title):
        parts.append(element("text", line, x=x, y=top + 18.5 + n * 17, class_=place))
    y = top + head + 4
    name_x = left + _SIDE + _mark_width(node)
    for mark, name, note in face.rows:
        notes = wrap_text(note, 160, 11)
        if mark:
            parts.append(element("text", mark, x=left + _SIDE, y=y + 12.5, class_="t10 b soft"))
        bold = "b" if "PK" in mark else None
        parts += [element("text", line, x=name_x, y=y + 13 + n * 15, class_=bold) for n, line in enumerate(name)]
        for n, line in enumerate(notes):
            parts.append(
                element("text", line, x=right - _SIDE, y=y + 13 + n * 15, class_="t11 e soft") if line else Markup()
            )
        y += max(len(name), len(notes)) * 15 + 5
    outline = {"x": left, "y": top, "width": face.width, "height": face.height, "rx": 5.0}
    parts.append(element("rect", **outline, class_=look.replace("look-", "line-")))
    return element("g", *parts)


def _round_top(left: float, top: float, right: float, head: float, height: float) -> str:
    """The header's outline: round above, and below too where it is the whole box."""
    bottom, r = top + head, 5
    start = f"V{top + r:.1f}q0-{r} {r}-{r}H{right - r:.1f}q{r} 0 {r} {r}"
    if head >= height - 1:
        return f"M{left:.1f} {top + r:.1f}{start}V{bottom - r:.1f}q0 {r}-{r} {r}H{left + r:.1f}q-{r} 0-{r}-{r}z"
    return f"M{left:.1f} {bottom:.1f}{start}V{bottom:.1f}z"


def _draw_box(node: Node, face: _Face, centre: Point) -> Markup:
    """A component: its shape says what it is (a drum stores, a pipe queues), its caption says it in words."""
    w, h = face.width, face.height
    left, top = centre[0] - w / 2, centre[1] - h / 2
    look = look_class(node.kind)
    parts: list[Markup] = []
    y = top + 8
    if node.kind in _ROUND:
        r = 7
        arc = f"a{w / 2:.1f} {r} 0 0 1"
        body = f"M{left:.1f} {top + r:.1f}{arc} {w:.1f} 0V{top + h - r:.1f}{arc}-{w:.1f} 0z"
        lid = f"M{left:.1f} {top + r:.1f}a{w / 2:.1f} {r} 0 0 0 {w:.1f} 0"
        parts += [element("path", d=body, class_=look), element("path", d=lid, class_=look.replace("look-", "line-"))]
        y += 9
    elif node.kind in _PIPES:
        parts.append(element("rect", x=left, y=top, width=w, height=h, rx=min(h / 2, 22), class_=look))
    else:
        parts.append(element("rect", x=left, y=top, width=w, height=h, rx=5, class_=look))
    used = len(face.title) * 16 + (13 if face.caption else 0) + sum(len(lines) * 14 for _, lines, _ in face.rows)
    room = h - 16 - (10 if node.kind in _ROUND else 0)
    y += max(0.0, (room - used) / 2)
    for line in face.title:
        parts.append(element("text", line, x=centre[0], y=y + 12.5, class_="b m title"))
        y += 16
    if face.caption:
        parts.append(element("text", face.caption, x=centre[0], y=y + 9.5, class_="t10 m soft"))
        y += 13
    for _, lines, _ in face.rows:
        for line in lines:
            parts.append(element("text", line, x=centre[0], y=y + 11, class_="t11 m"))
            y += 14
    return element("g", *parts)


_Ends = tuple[tuple[Point, Point], tuple[Point, Point]]


def _route_lines(
    found: Arrangement, boxes: tuple[Box, ...], lines: tuple[Line, ...], direction: str, pad: float
) -> tuple[list[_Ends], list[list[Point]]]:
    """Ends at right angles and smooth curves between them; a line that would then run behind a box keeps its own way."""
    stubborn: set[int] = set()
    for _ in range(2):
        ends = _place_ends(found, boxes, lines, direction, stubborn, pad)
        paths = [_bend_route(found.routes[n], ends[n], is_smooth=n not in stubborn) for n in range(len(lines))]
        blocked = {n for n in range(len(lines)) if _is_blocked(n, paths[n], found, boxes, lines, pad)}
        if not blocked - stubborn:
            break
        stubborn |= blocked
    return ends, paths


def _is_blocked(
    number: int, path: list[Point], found: Arrangement, boxes: tuple[Box, ...], lines: tuple[Line, ...], pad: float
) -> bool:
    """Whether a line runs behind a box that is none of its ends."""
    line = lines[number]
    points = _sample_curve(path)
    return any(
        n not in {line.source, line.target}
        and any(abs(x - cx) < box.width / 2 - pad + 3 and abs(y - cy) < box.height / 2 - pad + 3 for x, y in points)
        for n, (box, (cx, cy)) in enumerate(zip(boxes, found.centres, strict=True))
    )


def _place_ends(
    found: Arrangement,
    boxes: tuple[Box, ...],
    lines: tuple[Line, ...],
    direction: str,
    stubborn: set[int],
    pad: float,
) -> list[_Ends]:
    """For each line its two ends as (place on the padded border, way out), spread so that none stands on another."""
    sides: dict[tuple[int, int, int], list[tuple[float, int, int]]] = {}
    for n, (line, route) in enumerate(zip(lines, found.routes, strict=True)):
        for end, number in ((0, line.source), (1, line.target)):
            at, before = (
                (route[0], route[min(3, len(route) - 1)]) if end == 0 else (route[-1], route[-min(4, len(route))])
            )
            nx, ny = _find_side(at, found.centres[number], boxes[number], "" if n in stubborn else direction)
            order = (at[1] + 0.15 * (before[1] - at[1])) if nx else (at[0] + 0.15 * (before[0] - at[0]))
            sides.setdefault((number, nx, ny), []).append((order, n, end))
    made: dict[tuple[int, int], tuple[Point, Point]] = {}
    for (number, nx, ny), entries in sides.items():
        box, (cx, cy) = boxes[number], found.centres[number]
        extent = (box.height if nx else box.width) / 2 - pad - 8
        middle = cy if nx else cx
        entries.sort()
        spread = _spread([order for order, _, _ in entries], middle - max(extent, 0), middle + max(extent, 0), 17)
        for (_, n, end), place in zip(entries, spread, strict=True):
            at = (cx + nx * box.width / 2, place) if nx else (place, cy + ny * box.height / 2)
            made[n, end] = (at, (float(nx), float(ny)))
    return [(made[n, 0], made[n, 1]) for n in range(len(lines))]


def _find_side(at: Point, centre: Point, box: Box, direction: str) -> tuple[int, int]:
    """The outward direction of the border a point lies on; near a corner, of the border that faces the flow."""
    across = (at[0] - centre[0]) / (box.width / 2)
    along = (at[1] - centre[1]) / (box.height / 2)
    if abs(across) * (2 if direction == "LR" else 1) >= abs(along) * (2 if direction == "TB" else 1):
        return (1 if across > 0 else -1), 0
    return 0, (1 if along > 0 else -1)


def _spread(wanted: list[float], low: float, high: float, step: float) -> list[float]:
    """Places near the wanted ones (in rising order), inside the bounds, at least a step apart where there is room."""
    if len(wanted) > 1:
        step = min(step, (high - low) / (len(wanted) - 1))
    places: list[float] = []
    for n, one in enumerate(wanted):
        floor = places[-1] + step if places else low
        ceiling = high - step * (len(wanted) - 1 - n)
        places.append(min(max(one, floor), max(ceiling, floor)))
    return places


def _place_labels(
    found: Arrangement,
    boxes: tuple[Box, ...],
    lines: tuple[Line, ...],
    paths: list[list[Point]],
    frames: tuple[float, ...],
) -> list[Point | None]:
    """Labels moved from beside their lines onto them, where no box and no other label stands in the way."""
    taken = [(*centre, box.width, box.height) for centre, box in zip(found.centres, boxes, strict=True)]
    for title, frame in zip(frames, found.frames, strict=True):
        if frame is not None:
            taken.append((frame[0] + 12 + title / 2, frame[1] + 14, title + 12, 20))
    curves = [_sample_curve(path) for path in paths]
    middles = list(found.labels)
    # Twice, for what a label leaves behind another may take.
    for n, line, at in [*zip(range(len(lines)), lines, found.labels, strict=True)] * 2:
        if at is None:
            continue
        others = [(*o, lines[m].width, lines[m].height) for m, o in enumerate(middles) if o is not None and m != n]
        free = [
            (math.dist(point, at) + 30 * _count_crossings(point, line, n, curves), point)
            for point in curves[n]
            if not any(
                abs(point[0] - x) < (line.width + w) / 2 and abs(point[1] - y) < (line.height + h) / 2
                for x, y, w, h in [*taken, *others]
            )
        ]
        if free:
            middles[n] = min(free)[1]
    return middles


def _count_crossings(at: Point, line: Line, number: int, curves: list[list[Point]]) -> int:
    """How many other lines a label would lie on; not asked where there are so many that no label is free anyway."""
    if len(curves) > LARGE:
        return 0
    return sum(
        any(abs(x - at[0]) < line.width / 2 and abs(y - at[1]) < line.height / 2 for x, y in curve)
        for n, curve in enumerate(curves)
        if n != number
    )


def _sample_curve(route: list[Point]) -> list[Point]:
    """Points along a Bézier route."""
    out = [route[0]]
    for start in range(0, len(route) - 3, 3):
        a, b, c, d = route[start : start + 4]
        for step in range(1, 25):
            t = step / 24
            u = 1 - t
            weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
            out.append(
                (
                    sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
                    sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
                )
            )
    return out


def _draw_wire(edge: Edge, kind: str, points: list[Point], ends: _Ends, pad: float) -> Markup:
    """A line that leaves and meets its boxes at a right angle, with what its ends say."""
    touch = [(at[0] - way[0] * pad, at[1] - way[1] * pad) for at, way in ends]
    is_relation = kind == "er" and bool(edge.tail or edge.head)
    has_tip = not is_relation and not edge.head and not _UNDIRECTED & set(edge.kind.split("-"))
    last = points[-1] if has_tip else touch[1]
    d = f"M{_pair(touch[0])}L{_pair(points[0])}" + _curve(points) + f"L{_pair(last)}"
    kinds = set(edge.kind.split("-"))
    dash = (" dash" if kinds & _DASHED else "") + (" cross" if "border" in kinds else "")
    parts = [element("path", d=d, class_="wire" + dash)]
    parts.append(_draw_end(edge.tail, touch[0], ends[0][1]))
    parts.append(_draw_end(edge.head, touch[1], ends[1][1]))
    if has_tip:
        (x, y), (nx, ny) = touch[1], ends[1][1]
        a = (x + nx * pad + ny * 4, y + ny * pad + nx * 4)
        b = (x + nx * pad - ny * 4, y + ny * pad - nx * 4)
        parts.append(element("polygon", points=f"{_pair((x, y))} {_pair(a)} {_pair(b)}", class_="tip"))
    return element("g", *parts)


def _bend_route(route: tuple[Point, ...], ends: _Ends, *, is_smooth: bool) -> list[Point]:
    """A route that leaves and arrives at right angles to the borders it touches."""
    (start, out), (stop, into) = ends
    points = _smooth_route(route) if is_smooth else list(route)
    points[0], points[-1] = start, stop
    if len(points) >= 4:
        for at, control, far, way in ((0, 1, 3, out), (-1, -2, -4, into)):
            reach = math.dist(points[at], points[far])
            bend = min(max(math.dist(points[at], points[control]), 24), reach * 0.5)
            points[control] = (points[at][0] + way[0] * bend, points[at][1] + way[1] * bend)
    return points


def _smooth_route(route: tuple[Point, ...]) -> list[Point]:
    """A route without the short pieces at its ends, which would turn to kinks when the ends are set upright."""
    points = list(route)
    while len(points) >= 7 and math.dist(points[-1], points[-4]) < 90:
        del points[-5:-2]
    while len(points) >= 7 and math.dist(points[0], points[3]) < 90:
        del points[2:5]
    return points


def _curve(points: list[Point]) -> str:
    if len(points) < 4:
        return "".join(f"L{_pair(point)}" for point in points[1:])
    whole = points[1 : 1 + (len(points) - 1) // 3 * 3]
    return "C" + " ".join(_pair(point) for point in whole)


def _draw_end(end: End, touch: Point, way: Point) -> Markup:
    """A crow's-foot end at a border: a foot or a bar for the most, a ring or a second bar for the least."""
    if not end:
        return Markup()
    (x, y), (nx, ny) = touch, way

    def at(along: float, across: float) -> str:
        return _pair((x + nx * along + ny * across, y + ny * along + nx * across))

    if end in {"many", "zero-or-many"}:
        marks = f"M{at(0, -6)}L{at(10, 0)}L{at(0, 6)}"
        least = 14.0
    else:
        marks = f"M{at(6, -5)}L{at(6, 5)}"
        least = 12.0 if end == "one" else 13.0
    if end.startswith("zero"):
        centre = (x + nx * least, y + ny * least)
        ring = element("circle", cx=centre[0], cy=centre[1], r=3.6, class_="ring")
        return join_markup([element("path", d=marks, class_="foot"), ring])
    marks += f"M{at(least - 1, -5)}L{at(least - 1, 5)}" if end == "many" else f"M{at(10, -5)}L{at(10, 5)}"
    return element("path", d=marks, class_="foot")


def _pair(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def split_graph(graph: Graph, most: int = LARGE) -> tuple[Graph, ...]:
    """A large graph in parts that can be read: by group, else by neighbourhood; a part shows who else it is joined to.

    >>> split_graph(Graph("g", "G", (Node("a", "A"),), ())) == (Graph("g", "G", (Node("a", "A"),), ()),)
    True
    """
    if len(graph.nodes) <= most:
        return (graph,)
    parts: list[Graph] = []
    for label, members in _choose_parts(graph, most):
        inside = {node.id for node in members}
        edges = tuple(e for e in graph.edges if e.source in inside or e.target in inside)
        others = {end for e in edges for end in (e.source, e.target)} - inside
        if len(others) > most // 2:
            edges, others = tuple(e for e in edges if e.source in inside and e.target in inside), set()
        strangers = tuple(
            replace(node, lines=(), kind="elsewhere", group="") for node in graph.nodes if node.id in others
        )
        number = len(parts) + 1
        parts.append(
            replace(
                graph,
                name=f"{graph.name}-{number}",
                title=f"{graph.title}: {label or f'part {number}'}",
                nodes=(*members, *strangers),
                edges=edges,
            )
        )
    return tuple(parts)


def _choose_parts(graph: Graph, most: int) -> list[tuple[str, list[Node]]]:
    known = {group.id: group.label for group in graph.groups}
    by_group: dict[str, list[Node]] = {}
    for node in graph.nodes:
        by_group.setdefault(node.group if node.group in known else "", []).append(node)
    parts: list[tuple[str, list[Node]]] = []
    for group, nodes in by_group.items():
        chunks = [nodes] if len(nodes) <= most else _neighbourhoods(nodes, graph.edges, most * 2 // 3)
        for n, chunk in enumerate(chunks, 1):
            label = known.get(group, "")
            parts.append((f"{label} ({n} of {len(chunks)})" if label and len(chunks) > 1 else label, chunk))
    return parts


def _neighbourhoods(nodes: list[Node], edges: tuple[Edge, ...], most: int) -> list[list[Node]]:
    """Chunks of nodes that are joined to one another, walked breadth first from the first node left."""
    joined: dict[str, list[str]] = {}
    for edge in edges:
        joined.setdefault(edge.source, []).append(edge.target)
        joined.setdefault(edge.target, []).append(edge.source)
    left = {node.id: node for node in nodes}
    chunks: list[list[Node]] = []
    chunk: list[Node] = []
    while left:
        queue = [next(iter(left))]
        while queue:
            node = left.pop(queue.pop(0), None)
            if node is None:
                continue
            chunk.append(node)
            if len(chunk) >= most:
                chunks.append(chunk)
                chunk = []
                break
            queue += [other for other in joined.get(node.id, ()) if other in left]
    return [*chunks, chunk] if chunk else chunks
