"""Operations: what they send and give, and how often one user calls them."""

from __future__ import annotations

from archnb.fact.key import NUMBER, RATE, SIZE, family, key

LARGEST_PAGE = key("api.largest_page", NUMBER, "Rows that one page may hold at most.", assumption=True)
CALLS_PER_USER = family(
    "api.{operation}.calls_per_user", RATE, "How often an average user of a day calls an operation.", optional=True
)
ITEM_SIZE = family("api.{operation}.item_size", SIZE, "Bytes of one row of an answer.")
OPERATION_REQUEST_SIZE = family("api.{operation}.request_size", SIZE, "Bytes of the body that a call sends.")
OPERATION_RESPONSE_SIZE = family(
    "api.{operation}.response_size", SIZE, "Bytes of the body that comes back.", optional=True
)
