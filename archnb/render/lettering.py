"""How wide a text is and where it breaks: estimates for the usual sans-serif fonts, without opening a font file.

Drawings are laid out before anybody knows which font will show them, so widths are those of Helvetica with a margin;
boxes keep padding enough for a wider one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from archnb.render.markup import tie_numbers

# Advance widths of Helvetica, in thousandths of an em (Adobe's published font metrics), by width.
_BY_WIDTH = {
    200: "'ijl|",
    278: "!,./:;I[\\]ft \u202f\xa0",
    333: "()-`r",
    355: '"',
    389: "*",
    469: "^",
    500: "Jckvsxyz",
    556: "#$0123456789?L_abdeghnopqu",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1015: "@",
}
_ADVANCE = {character: width / 1000 for width, characters in _BY_WIDTH.items() for character in characters}
_BOLD = 1.07
_MARGIN = 1.06
_TIE = "\u202f"  # as wide as a blank here, and no place to break; it leaves again with the lines
_BREAK_WORDS = re.compile(r"(?<= )(?<!\d )(?![·/])|(?<= )(?![\d·/])")  # a thousands' blank holds its number together
_BREAK_AFTER = re.compile(r"(?<=[_\-/.,:;=&?|+])|(?<=[a-z])(?=[A-Z])")


def measure_text(text: str, size: float, *, is_bold: bool = False) -> float:
    """The width of one line in pixels at a font size in pixels: a slight overestimate for the fonts of the theme.

    >>> measure_text("id", 10) < measure_text("width", 10)
    True
    """
    total = sum(_advance(character) for character in text)
    return total * size * _MARGIN * (_BOLD if is_bold else 1.0)


@lru_cache(maxsize=4096)
def _advance(character: str) -> float:
    known = _ADVANCE.get(character)
    if known is not None:
        return known
    if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Mn", "Me"}:
        return 0.0
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return 1.0
    # Symbols and letters of other scripts come from a fallback font: wide enough for the widest common ones.
    return 0.72 if ord(character) < 0x2000 else 1.0


def wrap_text(text: str, width: float, size: float, *, is_bold: bool = False) -> tuple[str, ...]:
    """The lines of a text that each fit into `width` pixels; a word breaks only when it alone is too long.

    >>> wrap_text("authorisation code", 90, 12)
    ('authorisation', 'code')
    """
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for piece in _pieces(tie_numbers(re.sub(r"[ \t]+", " ", paragraph).strip(" "), _TIE), width, size, is_bold):
            if line and measure_text((line + piece).rstrip(), size, is_bold=is_bold) > width:
                lines.append(line.rstrip(" ·"))  # a dot that parts two words is not wanted where the line does
                line = piece.lstrip()
            else:
                line += piece
        lines.append(line.rstrip())
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return tuple(one.replace(_TIE, " ") for one in lines)


def _pieces(text: str, width: float, size: float, is_bold: bool) -> list[str]:
    """Words with the blank after them; one wider than the line is cut at a sign inside it, or else anywhere."""
    pieces: list[str] = []
    for word in _BREAK_WORDS.split(text):
        if measure_text(word.rstrip(), size, is_bold=is_bold) <= width:
            pieces.append(word)
            continue
        for section in _BREAK_AFTER.split(word):
            part = ""
            for character in section:
                if part and measure_text(part + character, size, is_bold=is_bold) > width:
                    pieces.append(part)
                    part = ""
                part += character
            pieces.append(part)
    return pieces


def block_width(lines: tuple[str, ...], size: float, *, is_bold: bool = False) -> float:
    """The width in pixels of the widest of some lines."""
    return max((measure_text(line, size, is_bold=is_bold) for line in lines), default=0.0)
