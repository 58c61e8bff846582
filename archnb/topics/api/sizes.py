"""Sizes: how many bytes each operation takes and gives, counted on its example, and what they come to at the peak."""

from __future__ import annotations

from archnb.fact import Fact, total
from archnb.fact.keys.api import BODIES_IN, BODIES_OUT, ITEM_SIZE, OPERATION_REQUEST_SIZE, OPERATION_RESPONSE_SIZE
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.quantity import Quantity, unit
from archnb.topics.api.bodies import find_redirect, make_request, make_response, measure_bytes
from archnb.topics.api.resources import find_resources
from archnb.topics.topic import Draft

# a status line and the headers that every answer carries; HTTP/2 packs them, HTTP/1.1 does not
_SOURCE = "the example of the operation as compact JSON in UTF-8, without headers and compression"


def _bytes(count: float) -> Quantity:
    return Quantity(count, count, unit("B"))


def measure_sizes(draft: Draft) -> None:
    """The facts `api.<operation>.request_size` and `.response_size`, and `api.peak_ingress` and `api.peak_egress` over all."""
    api, facts = draft.design.api, draft.facts
    resources = find_resources(draft.design)
    incoming: list[Fact] = []
    outgoing: list[Fact] = []
    for name, operation in api.operations.items():
        pattern = draft.design.access.get(operation.pattern or name)
        request = make_request(resources, name, operation)
        response = make_response(resources, name, operation, pattern)
        link = find_redirect(resources, operation)
        size = facts.given(
            OPERATION_REQUEST_SIZE.of(name),
            _bytes(measure_bytes(request.example) if request else 0),
            "The body that a call sends.",
            origin="concluded",
            source=_SOURCE,
        )
        if response is not None and response.is_list:
            rows = response.example["items"]
            item = facts.given(
                ITEM_SIZE.of(name),
                _bytes(max(1, round(measure_bytes(rows) / max(1, len(rows))))),
                "One row of the answer.",
                origin="concluded",
                source=_SOURCE,
            )
            count = (pattern.limit if pattern else None) or (int(api.page_size.value) if api.page_size else 20)
            answer = facts.define(
                OPERATION_RESPONSE_SIZE.of(name), item * float(count), "B", f"A full page of {count} rows."
            )
        else:
            answer = facts.given(
                OPERATION_RESPONSE_SIZE.of(name),
                _bytes(measure_bytes(response.example) if response else len(link.encode())),
                "The address that comes back in Location." if link else "The body that comes back.",
                origin="concluded",
                source=_SOURCE,
            )
        rate = facts.get(PATTERN_RATE.of(operation.pattern or name))
        if rate is not None:
            incoming.append(rate * size)
            outgoing.append(rate * answer)
    if outgoing:
        facts.define(
            BODIES_IN, total(incoming), "MB/s", "Bodies that come in at the peak, over all operations."
        )
        facts.define(
            BODIES_OUT,
            total(outgoing),
            "MB/s",
            "Bodies that go out at the peak, over all operations, if nothing is compressed.",
        )
