"""The API, completed: every operation's contract, with the schema and the example of what goes in and comes out.

Schemas and examples are made once, here, so that the document, the mock, the proof and the report show the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from archnb.design.api import Action
from archnb.design.record import Named
from archnb.planned.record import Planned
from archnb.quantity import Quantity

# JSON data: what json.dumps takes
Json = Any

# how long a text and how many bytes may be of which nobody says it: what the TEXT and BLOB of MySQL hold, 65,535 bytes,
# in every script (a character takes up to four)
TEXT_LIMIT = 16_383
BYTES_LIMIT = 65_535
# how many rows stand in an array of which nobody says it
ARRAY_LIMIT = 1_000

# what the examples show: where a page ended, and how often a row was changed before it was read
CURSOR = "eyJhZnRlciI6IjEwNDIifQ"
CHANGES = 7
ETAG = f'"{CHANGES}"'

# an amount of money in every body
MONEY = {"$ref": "#/components/schemas/Money"}
MONEY_SCHEMA: Json = {
    "type": "object",
    "description": "An exact amount with its currency. The amount is a text, since a binary number cannot hold 0.10.",
    "properties": {
        "amount": {"type": "string", "pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$", "maxLength": 21},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "maxLength": 3, "description": "ISO 4217."},
    },
    "required": ["amount", "currency"],
    "examples": [{"amount": "49.90", "currency": "EUR"}],
}


@dataclass(frozen=True, kw_only=True)
class Body(Planned):
    """What is sent or comes back: the JSON Schema of its object, or of the items of its list; the example of the whole.

    A body without a media type is none.
    """

    media: str = ""
    schema: Json
    example: Json
    is_list: bool = False
    is_paged: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is no body."""
        return not self.media

    @property
    def text(self) -> str:
        """The example as it is read."""
        return json.dumps(self.example, indent=2, ensure_ascii=False)


NO_BODY = Body(schema={}, example="")


@dataclass(frozen=True, kw_only=True)
class Parameter(Planned):
    """A parameter with its schema and example. `field` is the field that it stands for, '' for none."""

    place: Literal["path", "query", "header"]
    field: str = ""
    required: bool
    summary: str
    schema: Json
    example: Json


@dataclass(frozen=True, kw_only=True)
class Contract(Planned):
    """What one operation takes and gives. Its name is the operation id.

    entity and pattern: '' where it is about none, as a health check. location: the example of where what was made can be
    read, '' where nothing was made. redirect: the example of the address that it leads to, '' where it leads nowhere.
    is_last_result: whether it gives what a worker has computed before. is_report: whether the answer is no entity.
    """

    summary: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    action: Action
    entity: str = ""
    pattern: str = ""
    parameters: Named[Parameter]
    # the fields by which rows are found whose value is whoever asks: their key, which the token says
    own: tuple[str, ...] = ()
    request: Body
    response: Body
    status: int
    # what a PUT is answered that has made the row (RFC 9110, section 9.3.4); 0 where it makes none
    made_status: int = 0
    is_paged: bool = False
    needs_idempotency_key: bool = False
    errors: tuple[str, ...] = ()
    is_public: bool = False
    rate_limit: Quantity
    location: str = ""
    redirect: str = ""
    is_last_result: bool = False
    is_report: bool = False
    # whether the body carries several rows, as `items`
    is_batch: bool = False


@dataclass(frozen=True, kw_only=True)
class Api(Planned):
    """The API."""

    style: Literal["rest", "graphql", "grpc"]
    version: str
    contact: str
    license: str
    base_path: str
    page_size: int
    max_page_size: int
    operations: Named[Contract]


def normalise(path: str) -> str:
    """The path without the names of its parameters: two paths that differ only in them are the same (OpenAPI 3.1, 4.8.8.1)."""
    return re.sub(r"\{[^{}]*\}", "{}", path)


__all__ = [
    "ARRAY_LIMIT",
    "BYTES_LIMIT",
    "CHANGES",
    "CURSOR",
    "ETAG",
    "MONEY",
    "MONEY_SCHEMA",
    "NO_BODY",
    "TEXT_LIMIT",
    "Api",
    "Body",
    "Contract",
    "Json",
    "Parameter",
    "normalise",
]
