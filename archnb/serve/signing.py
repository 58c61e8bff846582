"""Texts that only this process can have made: a payload with its HMAC, under a key that is gone when the process ends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any


class Signer:
    """Signs JSON payloads for one purpose each, so that a cursor is never taken for a token."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def sign(self, purpose: str, payload: Any) -> str:
        """The payload as a text of URL-safe letters."""
        body = json.dumps(payload, separators=(",", ":"), ensure_ascii=True).encode("ascii")
        return _write(self._make_mark(purpose, body) + body)

    def read(self, purpose: str, text: str) -> Any | None:
        """The payload of a text that was signed here for this purpose; None of any other text."""
        try:
            whole = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except ValueError:
            return None
        mark, body = whole[:16], whole[16:]
        # the text is compared as well: base64 has several ways to write the same bytes
        if not hmac.compare_digest(mark, self._make_mark(purpose, body)) or _write(whole) != text:
            return None
        return json.loads(body)

    def _make_mark(self, purpose: str, body: bytes) -> bytes:
        return hmac.new(self._key, purpose.encode() + b"\0" + body, hashlib.sha256).digest()[:16]


def _write(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode("ascii")
