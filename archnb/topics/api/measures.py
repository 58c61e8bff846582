"""Sizes: how many bytes each operation takes and gives, counted on its example, and what they come to at the peak."""

from __future__ import annotations

from archnb.fact import Fact, Key, total
from archnb.fact.keys.api import ITEM_SIZE, OPERATION_REQUEST_SIZE, OPERATION_RESPONSE_SIZE
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.load import (
    MEDIA_EGRESS,
    MEDIA_INGRESS,
    PEAK_EGRESS,
    PEAK_INGRESS,
    PEAK_REQUESTS,
    REQUEST_SIZE,
    RESPONSE_SIZE,
)
from archnb.quantity import Quantity, parse, unit
from archnb.topics.api.bodies import find_bodies, find_redirect, measure_bytes
from archnb.topics.api.resources import find_resources
from archnb.topics.topic import Because, Draft

# a status line and the headers that every answer carries; HTTP/2 packs them, HTTP/1.1 does not
_SOURCE = "the example of the operation as compact JSON in UTF-8, without headers and compression"


def _bytes(count: float) -> Quantity:
    return Quantity(count, count, unit("B"))


def measure(draft: Draft) -> None:
    """The facts `api.<operation>.request_size` and `.response_size`, and the bandwidth over all."""
    api, facts = draft.design.api, draft.facts
    resources = find_resources(draft.model)
    rates: list[Fact] = []
    incoming: list[Fact] = []
    outgoing: list[Fact] = []
    for name, operation in api.operations.items():
        pattern = draft.design.access.get(operation.pattern or name)
        request, response = find_bodies(resources, name, operation, pattern)
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
            rates.append(rate)
            incoming.append(rate * size)
            outgoing.append(rate * answer)
    load = draft.design.requirements.load
    _measure_bandwidth(draft, REQUEST_SIZE, load.request_size, PEAK_INGRESS, incoming, rates, "into the system")
    _measure_bandwidth(draft, RESPONSE_SIZE, load.response_size, PEAK_EGRESS, outgoing, rates, "out of the system")
    made = draft.fill(
        "requirements.load", load,
        request_size=Because(facts[REQUEST_SIZE].quantity, "the mean over the operations", (REQUEST_SIZE,)),
        response_size=Because(facts[RESPONSE_SIZE].quantity, "the mean over the operations", (RESPONSE_SIZE,)),
    )  # fmt: skip
    draft.close("requirements.load.request_size", made.request_size)
    draft.close("requirements.load.response_size", made.response_size)


def _measure_bandwidth(
    draft: Draft, size: Key, said: Quantity | None, flow: Key, each: list[Fact], rates: list[Fact], direction: str
) -> None:
    """Bytes at the peak and the mean size: from the said mean, else from every operation's rate and example."""
    facts = draft.facts
    media = facts.get(MEDIA_INGRESS if flow is PEAK_INGRESS else MEDIA_EGRESS)
    if said is not None or not each:
        mean = draft.value(size, said or parse("1 kB"), because="headers and a small JSON body")
        bodies = facts[PEAK_REQUESTS] * mean
        facts.define(flow, bodies if media is None else bodies + media, "MB/s", f"{direction} at the peak")
        return
    bytes_a_second = facts.define(
        flow,
        total(each if media is None else [*each, media]),
        "MB/s",
        f"{direction} at the peak: every operation's body × its rate, if nothing is compressed"
        + ("" if media is None else ", and its files"),
    )
    bodies = bytes_a_second if media is None else total(each)
    facts.define(size, bodies / total(rates), "kB", "the mean over the operations")
