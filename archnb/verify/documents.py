"""YAML documents as the OpenAPI validator reads them: with libyaml, which is many times faster than a parser in Python."""

from __future__ import annotations

import io
from typing import Any


def read_yaml(text: str) -> Any:
    """The plain data of a YAML (or JSON) text."""
    from jsonschema_path.handlers import file_handler

    return file_handler(io.StringIO(text))
