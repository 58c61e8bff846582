"""The one place where user text becomes markup: all that is drawn is built by `element`, which escapes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable

from markupsafe import Markup, escape

Link = Callable[[str], str]
Attribute = str | int | float | bool | None

# What XML 1.0 cannot carry even escaped, lone surrogates, and controls that turn the reading direction of what follows.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
_SAFE_LINK = re.compile(r"^(#|https?://|mailto:)", re.IGNORECASE)
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "col"})


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
    opened = Markup("<") + Markup(tag)
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        written = name.rstrip("_").replace("_", "-") if name not in _CASED else _CASED[name]
        if written == "href" and not _SAFE_LINK.match(str(value)):
            continue
        text = number_text(value) if isinstance(value, float) else "" if value is True else clean_text(value)
        opened += Markup(' {}="{}"').format(Markup(written), text)
    content = join_markup(child for child in children if child is not None)
    if not content and tag in _VOID | _DRAWN:
        return opened + Markup("/>")
    return opened + Markup(">") + content + Markup("</") + Markup(tag) + Markup(">")


_CASED = {"viewBox": "viewBox", "preserveAspectRatio": "preserveAspectRatio", "textLength": "textLength"}
_DRAWN = frozenset({"path", "rect", "line", "circle", "ellipse", "polygon", "polyline"})


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
