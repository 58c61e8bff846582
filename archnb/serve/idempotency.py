"""Idempotency keys: the first answer to a key is kept, and given again to whoever repeats the same request with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from archnb.serve.problems import Refused


@dataclass(frozen=True)
class Answer:
    """An answer as it goes out."""

    status: int
    headers: dict[str, str]
    body: bytes
    media: str = ""


class Answers:
    """The kept answers, by caller, operation and key, each with a fingerprint of the request that it answered."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], tuple[str, Answer]] = {}

    def find(self, caller: str, operation: str, key: str, request: str) -> Answer | None:
        """The answer that this request got before. Raises Refused where the key was used for another request."""
        kept = self._kept.get((caller, operation, key))
        if kept is None:
            return None
        if kept[0] != request:
            raise Refused("idempotency_key_reused", "this key was used for a request with another body or address")
        return kept[1]

    def keep(self, caller: str, operation: str, key: str, request: str, answer: Answer) -> None:
        """Keep the first answer to a key. What failed may be tried again, so only what was done is kept."""
        if answer.status < 400:
            self._kept[caller, operation, key] = (request, answer)


def make_fingerprint(address: str, body: bytes) -> str:
    """What tells a repeated request from another one with the same key."""
    return hashlib.sha256(address.encode() + b"\0" + body).hexdigest()


__all__ = ["Answer", "Answers", "make_fingerprint"]
