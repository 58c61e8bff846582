"""Names in the forms that outside languages want: snake_case, kebab-case, PascalCase, plural, a sentence's words.

Names come from people and from other systems' dumps, so every function here takes any text and gives a name that is
safe where it stands; two names that fall together are told apart by a number.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

_UNCOUNTABLE = frozenset(
    {
        "stock",
        "news",
        "data",
        "media",
        "metadata",
        "equipment",
        "information",
        "series",
        "species",
        "staff",
        "feedback",
        "content",
        "traffic",
        "money",
        "inventory",
    }
)
_IRREGULAR = {"person": "people", "child": "children", "man": "men", "woman": "women", "foot": "feet", "datum": "data"}
_SINGULAR = {many: one for one, many in _IRREGULAR.items() if one != "datum"}


@lru_cache(maxsize=8192)
def split_words(text: str) -> tuple[str, ...]:
    """The words of a name in lower case, whatever its style.

    >>> split_words("OrderLine"), split_words("HTTPServer-2"), split_words("größe (cm)")
    (('order', 'line'), ('http', 'server', '2'), ('größe', 'cm'))

    A name without any letter or digit gets a word made of its checksum, so that it stays a name.
    """
    spaced = re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", text))
    spaced = re.sub(r"([^\WA-Z_])([A-Z])", r"\1 \2", spaced)
    spaced = re.sub(r"([A-Z]+)([A-Z][^\WA-Z\d_])", r"\1 \2", spaced)
    # lower case of some letters brings a combining mark with it, which is no word character
    words = re.sub(r"[\W_]+", " ", spaced.lower()).split()
    return tuple(words) or (f"x{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}",)


@lru_cache(maxsize=8192)
def snake(text: str) -> str:
    """The name in snake_case.

    >>> snake("OrderLine")
    'order_line'
    """
    return "_".join(split_words(text))


@lru_cache(maxsize=8192)
def kebab(text: str) -> str:
    """The name as one segment of a path: kebab-case, percent-encoded where it is not ASCII (RFC 3986, section 2.1).

    >>> kebab("OrderLine"), kebab("größe")
    ('order-line', 'gr%C3%B6%C3%9Fe')
    """
    return quote("-".join(split_words(text)), safe="-")


@lru_cache(maxsize=4096)
def pascal(text: str) -> str:
    """The name in PascalCase and ASCII, as the keys of OpenAPI components must be (3.1, section 4.8.7.2).

    >>> pascal("order_line"), pascal("größe")
    ('OrderLine', 'Grosse')
    """
    joined = "".join(word[:1].upper() + word[1:] for word in split_words(text)).replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", joined).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]", "", plain)
    return plain or f"X{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"


@lru_cache(maxsize=4096)
def plural(text: str) -> str:
    """The plural of a snake_case name; a name that already is one stays.

    >>> [plural(one) for one in ("order", "category", "box", "stock", "person", "orders", "address")]
    ['orders', 'categories', 'boxes', 'stock', 'people', 'orders', 'addresses']
    """
    head, stroke, last = text.rpartition("_")
    return head + stroke + _make_plural(last)


def _make_plural(word: str) -> str:
    if word in _UNCOUNTABLE or word in _SINGULAR or not word[-1:].isascii() or not word[-1:].isalpha():
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return word[:-1] + "ies"
    if word.endswith(("ss", "us", "is", "x", "z", "ch", "sh")):
        return word + "es"
    return word if word.endswith("s") else word + "s"


def words(text: str) -> str:
    """The name as words in a sentence.

    >>> words("OrderLine")
    'order line'
    """
    return " ".join(split_words(text))


def with_article(text: str) -> str:
    """A noun with its article: an order, a user.

    >>> with_article("order"), with_article("user"), with_article("SLO"), with_article("store")
    ('an order', 'a user', 'an SLO', 'a store')
    """
    is_vowel = (text[:1].lower() in "aeiou" or text.startswith("SLO")) and not text.lower().startswith(
        ("use", "uni", "eu", "one")
    )
    return f"{'an' if is_vowel and text else 'a'} {text}"


@lru_cache(maxsize=4096)
def singular(text: str) -> str:
    """The singular of a snake_case name, for the name of an id.

    >>> [singular(one) for one in ("orders", "categories", "address", "people", "status")]
    ['order', 'category', 'address', 'person', 'status']
    """
    head, stroke, last = text.rpartition("_")
    if last in _SINGULAR:
        last = _SINGULAR[last]
    elif last.endswith("ies") and len(last) > 4 and last not in _UNCOUNTABLE:
        last = last[:-3] + "y"
    elif last.endswith(("sses", "xes", "ches", "shes")):
        last = last[:-2]
    elif last.endswith("s") and not last.endswith(("ss", "us", "is")) and len(last) > 2 and last not in _UNCOUNTABLE:
        last = last[:-1]
    return head + stroke + last


def strip_parent(child: str, parent: str) -> str:
    """The child's name without its parent's words in front: the lines of an order, not its order_lines.

    >>> strip_parent("OrderLine", "Order"), strip_parent("Payment", "Order")
    ('line', 'payment')
    """
    inner, outer = split_words(child), split_words(parent)
    cut = inner[len(outer) :] if inner[: len(outer)] == outer and len(inner) > len(outer) else inner
    return "_".join(cut)


def claim(name: str, taken: Iterable[str], mark: str = "_") -> str:
    """The name, or the name with the first number that makes it one of its own.

    >>> claim("total", ["total", "total_2"])
    'total_3'
    """
    used = set(taken)
    made, n = name, 1
    while made in used:
        n += 1
        made = f"{name}{mark}{n}"
    return made
