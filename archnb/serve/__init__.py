"""The plan as a running service: each planned operation at its path, on a database that has the planned tables.

It interprets `planned.Operation` and nothing else, so what it answers is what was planned. It is for trying a design out
and for proving it, on this machine only; it is no way to run one.
"""

from __future__ import annotations

import importlib.util

from archnb.exceptions import EngineMissing
from archnb.serve.application import Service
from archnb.serve.limits import Limits


def check_libraries() -> None:
    """Raise EngineMissing, with the next step, where a library of the extra `serve` is not installed."""
    for library in ("starlette", "uvicorn", "jsonschema"):
        if importlib.util.find_spec(library) is None:
            raise EngineMissing.of_extra("A design is served by", library, "serve")


__all__ = ["Limits", "Service", "check_libraries"]
