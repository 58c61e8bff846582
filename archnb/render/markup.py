"""The one place where user text becomes markup: all that is drawn is built by `element`, which escapes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import cache

from markupsafe import Markup, escape

Link = Callable[[str], str]
Attribute = str | int | float | bool | None

# What XML 1.0 cannot carry even escaped, lone surrogates, and controls that turn the reading direction of what follows.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
_SAFE_LINK = re.compile(r"^(#|https?://|mailto:)", re.IGNORECASE)
_BACKTICKS = re.compile(r"`([^`\n]+)`")
# A blank that parts thousands, or a number from a short unit of the ones that are written here.
_INSIDE_NUMBER = re.compile(
    r"(?<=\d) (?=\d{3}(?!\d))|(?<=\d) (?=(?:%|/|[kMGT]?(?:bit|B)\b|[KMGT]iB\b|[µmn]?s\b|min\b|[kMG]\b))"
)
_JOINT = re.compile(r"(?<=[._/])(?=\w|\{)|(?<=[a-z])(?=[A-Z])")
_LONG_WORD = 14  # letters that stand on one line even on a telephone
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "wbr"})


def clean_text(text: object) -> str:
    """A text that any HTML or XML file may hold: unprintable characters become U+FFFD."""
    return _UNPRINTABLE.sub("\ufffd", str(text))


def escape_text(text: object) -> Markup:
    """Text as markup; what already is `Markup` passes unchanged.

    >>> str(escape_text("</script>"))
    '&lt;/script&gt;'
    """
    return text if isinstance(text, Markup) else escape(clean_text(text))


def join_markup(parts: Iterable[object], separator: str = "") -> Markup:
    """Parts escaped where they need it, one after the other."""
    return Markup(separator).join(escape_text(part) for part in parts)


def element(tag: str, *children: object, **attributes: Attribute) -> Markup:
    """One element. A trailing underscore of an attribute's name falls away (`class_`), others turn to hyphens.

    An attribute of `None` or `False` is left out; numbers are rounded to a tenth; an unsafe `href` is left out.

    >>> str(element("p", "a < b", class_="x"))
    '<p class="x">a &lt; b</p>'
    """
    opened = [f"<{tag}"]
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        written = _WRITTEN.get(name) or _write_name(name)
        if written == "href" and not _SAFE_LINK.match(str(value)):
            continue
        if isinstance(value, float):
            text = number_text(value)
        else:
            text = "" if value is True else str(value) if isinstance(value, int) else str(escape(clean_text(value)))
        opened.append(f'{written}="{text}"')
    content = "".join([escape_text(child) for child in children if child is not None])
    # One string at the end: a page has tens of thousands of elements, and adding markup to markup is slow.
    if not content and tag in _CHILDLESS:
        return Markup(" ".join(opened) + "/>")
    return Markup(f"{' '.join(opened)}>{content}</{tag}>")


def prose_markup(text: object) -> Markup:
    """Prose as markup: what stands between backticks is code, and a number stays with its thousands and its unit.

    >>> str(prose_markup("set `a < b` to 2 000 ms"))
    'set <code>a &lt; b</code> to 2\xa0000\xa0ms'
    """
    if isinstance(text, Markup):
        return text
    # A plain string from here on: substituting in markup would escape what is put in.
    return Markup(_BACKTICKS.sub(r"<code>\1</code>", tie_numbers(str(escape_text(text)))))


def name_markup(text: str, longest: int = _LONG_WORD) -> Markup:
    """A name that may part after a dot, a slash or an underscore where it has no room; shorter words stay whole.

    >>> str(name_markup("load.average_requests")), str(name_markup("load.growth"))
    ('load.<wbr/>average_<wbr/>requests', 'load.growth')
    """
    if len(text) <= longest:
        return escape_text(text)
    words = (_JOINT.split(word) if len(word) > longest else [word] for word in text.split(" "))
    return Markup(" ").join(join_markup(parts, "<wbr/>") for parts in words)


def tie_numbers(text: str, tie: str = "\xa0") -> str:
    """A text in which no line breaks inside a number, nor between a number and its unit."""
    return _INSIDE_NUMBER.sub(tie, text) if " " in text else text


@cache
def _write_name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


_WRITTEN = {"viewBox": "viewBox", "preserveAspectRatio": "preserveAspectRatio", "textLength": "textLength"}
_CHILDLESS = _VOID | {"path", "rect", "line", "circle", "ellipse", "polygon", "polyline"}


def number_text(value: float) -> str:
    """A coordinate, rounded to a tenth of a pixel.

    >>> number_text(12.04), number_text(-0.01)
    ('12', '0')
    """
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def anchor_name(text: str) -> str:
    """A stable id for a name: letters, digits, dot, hyphen and underscore stay; a changed name carries a short digest.

    >>> anchor_name("schema.er"), anchor_name("a b") == anchor_name("a-b")
    ('schema.er', False)
    """
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-")[:80]
    if kept == text and kept[:1].isalpha():
        return kept
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{kept}-{digest}" if kept[:1].isalpha() else f"x-{kept}-{digest}" if kept else f"x-{digest}"


def fact_link(name: str) -> str:
    """Where a fact is explained on a page: the default of every `link` argument there.

    >>> fact_link("load.peak_reads")
    '#fact-load.peak_reads'
    """
    return "#fact-" + anchor_name(name)
