"""Plain data as a YAML document that other programs read: block style, every text quoted that could be read as anything else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# texts, numbers, and mappings and lists of them
Data = Any

_BARE = re.compile(r"[A-Za-z_/$][A-Za-z0-9_/$.{}-]*(?: [A-Za-z0-9_/$.{}(][A-Za-z0-9_/$.{}()-]*)*")
# printable in YAML 1.1 and 1.2, and no line break in either
_SHOWN = re.compile(r"[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]+")
_WORDS_OF_YAML = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"])


def write_yaml(value: Data) -> str:
    """Plain data as YAML, in block style, texts quoted as JSON wherever they could be read as anything else.

    JSON is YAML (1.2, section 1.3), so that the quoting of hostile text is that of the standard library's JSON writer.
    """
    lines: list[str] = []
    _write_block(value, 0, lines)
    return "\n".join(lines) + "\n"


def _write_scalar(value: Data) -> str:
    if isinstance(value, str):
        if _BARE.fullmatch(value) and value.lower() not in _WORDS_OF_YAML:
            return value
        if ('"' in value or "\\" in value) and _SHOWN.fullmatch(value):
            # an expression full of quotation marks stays readable
            return "'" + value.replace("'", "''") + "'"
        text = json.dumps(value, ensure_ascii=False)
        # line separators and the like are line breaks or not printable to YAML
        return re.sub(
            r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text
        )
    if isinstance(value, Mapping | list | tuple):
        return "{}" if isinstance(value, Mapping) else "[]"
    return json.dumps(value)


def _write_block(value: Data, depth: int, lines: list[str]) -> None:
    pad = "  " * depth
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = _write_scalar(str(key))
            if isinstance(inner, Mapping | list | tuple) and inner:
                lines.append(f"{pad}{name}:")
                _write_block(inner, depth + 1, lines)
            else:
                lines.append(f"{pad}{name}: {_write_scalar(inner)}")
        return
    for inner in value:
        if isinstance(inner, Mapping | list | tuple) and inner:
            before = len(lines)
            _write_block(inner, depth + 1, lines)
            lines[before] = f"{pad}- {lines[before][len(pad) + 2 :]}"
        else:
            lines.append(f"{pad}- {_write_scalar(inner)}")


__all__ = ["write_yaml"]
