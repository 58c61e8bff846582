"""Sequences as drawings: lifelines far enough apart for every label, messages in order from top to bottom."""

from __future__ import annotations

from markupsafe import Markup

from archnb.render.graph import Drawing
from archnb.render.lettering import block_width, wrap_text
from archnb.render.markup import element, join_markup
from archnb.render.theme import look_class
from archnb.shapes import Message, Participant, Sequence

_HEAD, _TEXT = 12.5, 11.5  # font sizes
_STEP, _MARGIN = 15.0, 16.0
_LABEL = 210.0  # the widest a label of one step gets, in pixels


def draw_sequence(sequence: Sequence) -> Drawing:
    """Draw a sequence. A message or note that names somebody unknown gets a lifeline of that name."""
    people = _find_people(sequence)
    places = {one.id: n for n, one in enumerate(people)}
    heads = [wrap_text(one.label or one.id, 130, _HEAD, is_bold=True) for one in people]
    widths = [max(block_width(head, _HEAD, is_bold=True) + 26, 84) for head in heads]
    texts = []
    number = 0
    for message in sequence.messages:
        number += message.kind != "note"
        mark = "" if message.kind == "note" else f"{number}. "
        texts.append(mark + message.label)
    steps = [(message, wrap_text(text, _LABEL, _TEXT)) for message, text in zip(sequence.messages, texts, strict=True)]
    xs, width = _place_lifelines(widths, steps, places)
    for n, (message, _) in enumerate(steps):
        # A message that passes over several lifelines has more room than one step's.
        room = abs(xs[places.get(message.source, 0)] - xs[places.get(message.target, 0)]) - 28
        if room > _LABEL:
            steps[n] = (message, wrap_text(texts[n], room, _TEXT))
    head_height = max((len(head) * 16 + 20 for head in heads), default=36)
    parts: list[Markup] = []
    y: float = head_height + 18
    for message, lines in steps:
        drawn, y = _draw_step(message, lines, xs, places, y)
        parts.append(drawn)
    bottom = y + 6
    lives = [element("line", x1=x, y1=head_height, x2=x, y2=bottom, class_="rule dash") for x in xs]
    boxes = _draw_heads(people, heads, widths, xs, 0.0, head_height)
    height = bottom
    if bottom > 520:
        # In a long sequence the names are wanted at the foot again.
        boxes += _draw_heads(people, heads, widths, xs, bottom, head_height)
        height += head_height
    return Drawing(max(width, 40), height + 2, join_markup([*lives, *boxes, *parts], "\n"))


def _find_people(sequence: Sequence) -> list[Participant]:
    people = {one.id: one for one in sequence.participants}
    for message in sequence.messages:
        for name in (message.source, message.target):
            if name not in people and (name or message.kind != "note"):
                people[name] = Participant(name, name)
    return list(people.values())


_Steps = list[tuple[Message, tuple[str, ...]]]


def _place_lifelines(widths: list[float], steps: _Steps, places: dict[str, int]) -> tuple[list[float], float]:
    """The x of each lifeline, as close as boxes and labels allow, and the whole width."""
    if not widths:
        return [], 0.0
    least: list[tuple[int, int, float]] = [
        (n, n + 1, (widths[n] + widths[n + 1]) / 2 + 24) for n in range(len(widths) - 1)
    ]
    left, right = widths[0] / 2, widths[-1] / 2
    last = len(widths) - 1
    for message, lines in steps:
        size = block_width(lines, _TEXT)
        low, high = sorted((places.get(message.source, 0), places.get(message.target, places.get(message.source, 0))))
        if message.kind == "note":
            half = (size + 24) / 2 + 8
            if low == high:
                if low == 0:
                    left = max(left, half)
                if high == last:
                    right = max(right, half)
                least += [(low - 1, low, half + 12)] * (low > 0) + [(high, high + 1, half + 12)] * (high < last)
            else:
                least.append((low, high, size + 8))
        elif low == high:
            if low == last:
                right = max(right, size + 48)
            else:
                least.append((low, low + 1, size + 56))
        else:
            least.append((low, high, size + 28))
    xs = [left + 2]
    for n in range(1, len(widths)):
        xs.append(max([xs[a] + gap for a, b, gap in least if b == n] or [xs[-1]]))
    return xs, xs[-1] + right + 2


def _draw_heads(
    people: list[Participant],
    heads: list[tuple[str, ...]],
    widths: list[float],
    xs: list[float],
    top: float,
    height: float,
) -> list[Markup]:
    parts = []
    for one, lines, width, x in zip(people, heads, widths, xs, strict=True):
        parts.append(
            element(
                "rect", x=x - width / 2, y=top + 1, width=width, height=height - 2, rx=5, class_=look_class(one.kind)
            )
        )
        y = top + height / 2 - (len(lines) - 1) * 8 + 4.5
        parts += [element("text", line, x=x, y=y + n * 16, class_="b m") for n, line in enumerate(lines)]
    return parts


def _draw_step(
    message: Message, lines: tuple[str, ...], xs: list[float], places: dict[str, int], y: float
) -> tuple[Markup, float]:
    """One message or note from height y, and the height below it."""
    start = xs[places.get(message.source, 0)]
    stop = xs[places.get(message.target, places.get(message.source, 0))]
    text_height = len(lines) * _STEP
    if message.kind == "note":
        middle = (start + stop) / 2
        width = max(block_width(lines, _TEXT) + 24, abs(stop - start) + 40 if start != stop else 0)
        box = element("rect", x=middle - width / 2, y=y - 6, width=width, height=text_height + 10, rx=3, class_="memo")
        text = _write(lines, middle, y + 8.5, "m", is_bare=True)
        return element("g", box, *text), y + text_height + 22
    dash = " dash" if message.kind == "return" else ""
    if start == stop:
        d = f"M{start:.1f} {y + 4:.1f}h22q6 0 6 6v10q0 6-6 6h-14"
        tip = _draw_tip(start, y + 26, -1, message.kind)
        text = _write(lines, start + 36, y + 9 + max(0.0, (26 - text_height) / 2), "")
        return element("g", element("path", d=d, class_="wire" + dash), tip, *text), y + max(text_height, 26) + 20
    line_y = y + text_height + 4
    way = 1 if stop > start else -1
    wire = element("line", x1=start, y1=line_y, x2=stop - way * 8, y2=line_y, class_="wire" + dash)
    text = _write(lines, (start + stop) / 2, y + 10, "m")
    return element("g", wire, _draw_tip(stop, line_y, way, message.kind), *text), line_y + 20


def _write(lines: tuple[str, ...], x: float, y: float, place: str, *, is_bare: bool = False) -> list[Markup]:
    classes = " ".join(name for name in ("t115", place, "" if is_bare else "halo") if name)
    return [element("text", line, x=x, y=y + n * _STEP, class_=classes) for n, line in enumerate(lines)]


def _draw_tip(x: float, y: float, way: int, kind: str) -> Markup:
    """An arrow's point: filled where the caller waits, open where it does not and on the way back."""
    points = f"{x - way * 9:.1f} {y - 4.5:.1f} {x:.1f} {y:.1f} {x - way * 9:.1f} {y + 4.5:.1f}"
    if kind == "call":
        return element("polygon", points=points, class_="tip")
    lead = element("line", x1=x - way * 8, y1=y, x2=x - way * 1, y2=y, class_="wire")
    return join_markup([lead, element("polyline", points=points, class_="wire")])
