"""Idempotency keys: the first answer to a key stands in the planned table, in the transaction of what it answered.

So it is there if and only if the change is, after a restart too. A repeat that comes while the first one is at work waits: the
engine holds its row back until the other transaction has ended, and then gives it the answer.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from archnb.serve.problems import Refused
from archnb.serve.records import Records


@dataclass(frozen=True)
class Answer:
    """An answer as it goes out."""

    status: int
    headers: dict[str, str]
    body: bytes
    media: str = ""


class Answers:
    """The kept answers, by caller and key, each with a fingerprint of the request that it answered.

    Where the plan has no table for them, as of a store that is not relational, they are kept as long as the process lives.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        found = (n for n, one in records.schema.tables.items() if one.role == "idempotency" and n in records.tables)
        self._table = next(found, None)
        needed = {"caller", "key", "operation", "request_hash", "status", "answer", "expires_at"}
        if self._table is not None and not needed <= {*records.schema.tables[self._table].columns}:
            # one that a design has said with other columns
            self._table = None
        self._kept: dict[tuple[str, str], tuple[str, Answer]] = {}

    def take(self, caller: str, operation: str, key: str, request: str) -> Answer | None:
        """Take a key within the transaction of the change: None where nobody had it, else the answer that it got before.

        Raises Refused where the key was used for another request, or the first one has not been answered.
        """
        caller, key = _shorten(caller, 200), _shorten(key, 64)
        if self._table is None:
            kept = self._kept.get((caller, key))
            if kept is not None and kept[0] != request:
                raise _refuse_reuse()
            return kept[1] if kept is not None else None
        now = datetime.datetime.now(datetime.UTC)
        seconds = self._records.schema.tables[self._table].retention or 86400.0
        self._delete_old(caller, key, now)
        row = {
            "caller": caller, "key": key, "operation": operation[:80], "request_hash": request,
            "expires_at": (now + datetime.timedelta(seconds=seconds)).isoformat(),
        }  # fmt: skip
        if self._insert(row):
            return None
        return self._find(caller, key, request)

    def _insert(self, row: dict[str, Any]) -> bool:
        """Whether a row was added; one that another transaction is adding is waited for."""
        made = self._own_insert().values(self._bind(row)).on_conflict_do_nothing()
        return self._records.run(made) > 0

    def _own_insert(self) -> Any:
        from sqlalchemy.dialects import postgresql, sqlite

        insert = postgresql.insert if self._records.database.dialect == "postgresql" else sqlite.insert
        return insert(self._records.tables[self._table or ""])

    def _bind(self, row: dict[str, Any]) -> dict[Any, Any]:
        import sqlalchemy as sa

        table = self._table or ""
        return {
            self._records.column(table, name): sa.literal(self._records.bind(self._records.cell(table, name), value))
            for name, value in row.items()
        }

    def _where(self, caller: str, key: str) -> list[Any]:
        return [column == value for column, value in self._bind({"caller": caller, "key": key}).items()]

    def _delete_old(self, caller: str, key: str, now: datetime.datetime) -> None:
        import sqlalchemy as sa

        ((expires, moment),) = self._bind({"expires_at": now.isoformat()}).items()
        table = self._records.tables[self._table or ""]
        self._records.run(sa.delete(table).where(*self._where(caller, key), expires <= moment))

    def _find(self, caller: str, key: str, request: str) -> Answer:
        import sqlalchemy as sa

        table = self._table or ""
        columns = [self._records.column(table, one) for one in ("request_hash", "status", "answer")]
        ((told, status, answer),) = self._records.fetch(sa.select(*columns).where(*self._where(caller, key)))
        if str(told) != request:
            raise _refuse_reuse()
        if status is None:
            raise Refused("conflict", "the first request with this key is still at work")
        kept = json.loads(answer) if isinstance(answer, str | bytes) else answer
        return Answer(int(status), dict(kept["headers"]), kept["body"].encode("utf-8"), kept["media"])

    def keep(self, caller: str, key: str, request: str, answer: Answer) -> None:
        """Keep the first answer to a key. What failed may be tried again: its transaction takes the key back with it."""
        import sqlalchemy as sa

        caller, key = _shorten(caller, 200), _shorten(key, 64)
        if self._table is None:
            self._kept[caller, key] = (request, answer)
            return
        told = {"headers": answer.headers, "body": answer.body.decode("utf-8"), "media": answer.media}
        values = self._bind({"status": answer.status, "answer": told})
        self._records.run(sa.update(self._records.tables[self._table]).where(*self._where(caller, key)).values(values))


def _refuse_reuse() -> Refused:
    return Refused("idempotency_key_reused", "this key was used for a request with another body or address")


def _shorten(text: str, most: int) -> str:
    """A text that fits: what is too long is told by its digest."""
    return text if len(text) <= most else hashlib.sha256(text.encode()).hexdigest()[:most]


def make_fingerprint(address: str, body: bytes) -> str:
    """What tells a repeated request from another one with the same key."""
    return hashlib.sha256(address.encode() + b"\0" + body).hexdigest()


__all__ = ["Answer", "Answers", "make_fingerprint"]
