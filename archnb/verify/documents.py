"""YAML documents as the OpenAPI validator reads them: with libyaml, which is many times faster than a parser in Python.

Without the validator's library the parser in Python serves: Prometheus rules are read where the extra `verify` is missing.
"""

from __future__ import annotations

import io
from typing import Any


def read_yaml(text: str) -> Any:
    """The plain data of a YAML (or JSON) text."""
    try:
        from jsonschema_path.handlers import file_handler
    except ImportError:
        from ruamel.yaml import YAML

        return YAML(typ="safe", pure=True).load(text)
    return file_handler(io.StringIO(text))
