"""Requests to a service in this process, without a port: what proofs and tests send, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

Json = Any


@dataclass(frozen=True)
class Reply:
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as JSON; None where there is none."""
        return json.loads(self.body) if self.body else None


def send(app: Any, method: str, address: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
    """One request to an ASGI application, and its whole answer. An error in the application is raised here."""
    request = _send(app, method, address, dict(headers or {}), body)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(request)
    # a notebook has a loop of its own in this thread, and a second one needs a thread of its own
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, request).result()


async def _send(app: Any, method: str, address: str, headers: dict[str, str], body: bytes) -> Reply:
    parts = urlsplit(address)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(parts.path), "raw_path": parts.path.encode(), "query_string": parts.query.encode(),
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
    }  # fmt: skip
    told: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def tell(message: Mapping[str, Any]) -> None:
        told.append(message)

    await app(scope, receive, tell)
    found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in told[0]["headers"]}
    return Reply(int(told[0]["status"]), found, b"".join(one.get("body", b"") for one in told[1:]))


__all__ = ["Reply", "send"]
