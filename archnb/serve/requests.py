"""What an operation is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archnb.planned.auth import Grant
from archnb.serve.tokens import Caller

Json = Any


@dataclass(frozen=True)
class Request:
    """What an operation was sent, checked against its contract. `caller` and `grant` are None where everybody may call it."""

    parameters: Mapping[str, Json]
    body: Json = None
    caller: Caller | None = None
    grant: Grant | None = None
    if_match: str = ""


@dataclass(frozen=True)
class Result:
    """What an operation answers: a body that its contract describes, and what belongs into headers. is_made: whether a PUT made the row."""

    body: Json = None
    etag: str = ""
    location: str = ""
    redirect: str = ""
    is_made: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


__all__ = ["Json", "Request", "Result"]
