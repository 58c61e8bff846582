"""Names in the forms that outside languages want: snake_case, kebab-case, plural, a sentence's words."""

from __future__ import annotations

import re
from functools import lru_cache

_IRREGULAR = {
    "person": "people",
    "child": "children",
    "staff": "staff",
    "stock": "stock",
    "media": "media",
    "data": "data",
    "status": "statuses",
}


@lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """The name in snake_case, letters and digits kept as they are in any script.

    >>> snake("OrderLine"), snake("HTTPServer"), snake("ship to")
    ('order_line', 'http_server', 'ship_to')
    """
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+", "_", text).strip("_").lower() or "unnamed"


def kebab(name: str) -> str:
    """The name in kebab-case.

    >>> kebab("OrderLine")
    'order-line'
    """
    return snake(name).replace("_", "-")


def words(name: str) -> str:
    """The name as words in a sentence.

    >>> words("OrderLine")
    'order line'
    """
    return snake(name).replace("_", " ")


@lru_cache(maxsize=4096)
def plural(name: str) -> str:
    """The English plural of a name's last word; its case form stays.

    >>> plural("category"), plural("order_line"), plural("address"), plural("Staff")
    ('categories', 'order_lines', 'addresses', 'Staff')
    """
    head, last = re.fullmatch(r"(.*?)([^_\W]*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
    lower = last.lower()
    if lower in _IRREGULAR:
        made = _IRREGULAR[lower]
        return head + (last[0] + made[1:] if last else made)
    if re.search(r"[^aeiou]y$", lower):
        return f"{head}{last[:-1]}ies"
    if re.search(r"(s|x|z|ch|sh)$", lower):
        return f"{head}{last}es"
    return f"{head}{last}s"
