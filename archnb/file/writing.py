"""Plain data as YAML text: what fits on one line stands on one line, everything else in blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

WIDTH = 110
INDENT = 2
_PLAIN = re.compile(r"(?:-> ?|-)?[^\W_](?:[\w ./@%+*()<>=;~'^$\\:,&-]*[\w.)%/+*>])?")
_FLOW_UNSAFE = re.compile(r"[,\[\]{}]")


@lru_cache(maxsize=1)
def _resolver() -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).resolver


@lru_cache(maxsize=20_000)
def write_text(text: str, is_alone: bool = False) -> str:
    """A text as a YAML scalar that reads back as the same text: bare where that is safe, else quoted.

    is_alone: whether it stands in a block, where commas and brackets end nothing.
    """
    from ruamel.yaml.nodes import ScalarNode

    # a comma or a bracket would end the scalar in a flow mapping; ': ' and ' #' would end it anywhere
    if (
        _PLAIN.fullmatch(text)
        and ": " not in text
        and not text.endswith(":")
        and (is_alone or not _FLOW_UNSAFE.search(text))
    ):
        tag = str(_resolver().resolve(ScalarNode, text, (True, False)))
        if tag == "tag:yaml.org,2002:str" and text.casefold() not in ("yes", "no", "on", "off", "y", "n"):
            return text
    escaped = json.dumps(text, ensure_ascii=False)
    return "".join(c if _is_printable(c) else _escape(c) for c in escaped)


def _is_printable(c: str) -> bool:
    point = ord(c)
    return (
        0x20 <= point <= 0x7E
        or (0xA0 <= point <= 0xD7FF and point not in (0x2028, 0x2029))
        or 0xE000 <= point < 0xFEFF
        or 0xFF00 <= point <= 0xFFFD
        or point >= 0x10000
    )


def _escape(c: str) -> str:
    point = ord(c)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"


def write_inline(value: Any) -> str:
    """The value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{write_text(str(k))}: {write_inline(_shorten(v))}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(write_inline(one) for one in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return write_text(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return ".nan" if value != value else (".inf" if value > 0 else "-.inf")
    if isinstance(value, float):
        # YAML reads 1e+16 as a number only with a point
        text = repr(float(value))
        return text if "." in text or "e" not in text else text.replace("e", ".0e")
    return repr(int(value))


def write_entry(name: str, value: Any, indent: int) -> str:
    """`name: value` at an indentation, on one line or as a block, ending in a line break."""
    lead = " " * indent + write_text(name) + ":"
    value = _shorten(value)
    if not isinstance(value, Mapping | list) or not value:
        return f"{lead} {write_text(value, True) if isinstance(value, str) else write_inline(value)}\n"
    # the sections stay open, so that they have room for comments
    is_section = indent == 0 and isinstance(value, Mapping) and any(isinstance(one, Mapping) for one in value.values())
    if not is_section and _is_flat(value, 2) and len(line := f"{lead} {write_inline(value)}") <= WIDTH:
        return line + "\n"
    return f"{lead}\n{write_block(value, indent + INDENT)}"


def _shorten(value: Any) -> Any:
    """A list of one plain word as the word, as a person would write it."""
    if (
        isinstance(value, list)
        and len(value) == 1
        and isinstance(value[0], str)
        and value[0].strip() == value[0] != ""
        and "," not in value[0]
    ):
        return value[0]
    return value


def _is_flat(value: Any, depth: int) -> bool:
    """Whether a value is nested at most so deep, counted in mappings: deeper ones read better as blocks."""
    if isinstance(value, Mapping):
        return depth > 0 and all(_is_flat(one, depth - 1) for one in value.values())
    return all(_is_flat(one, depth) for one in value) if isinstance(value, list) else True


def write_block(value: Any, indent: int) -> str:
    """A mapping or a list over several lines at an indentation, ending in a line break."""
    if isinstance(value, Mapping):
        return "".join(write_entry(str(name), one, indent) for name, one in value.items())
    return "".join(f"{' ' * indent}- {write_inline(one)}\n" for one in value)


def write_file(data: Mapping[str, Any]) -> str:
    """A whole file: the sections in order, a blank line before each that is a block."""
    made = ""
    for name, value in data.items():
        entry = write_entry(name, value, 0)
        made += ("\n" if made and entry.count("\n") > 1 else "") + entry
    return made
