"""What the API shows: its operations, the messages of the main ones, the styles weighed."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote

from archnb.fact.keys.api import OPERATION_RESPONSE_SIZE
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.load import PEAK_REQUESTS
from archnb.planned import Operation
from archnb.planned.api import Api, Contract
from archnb.shapes import AnyShape, Cell, Scalar, Source, Table
from archnb.topics.api.values import write_text
from archnb.topics.topic import Draft

SHOWN = 12


def views(draft: Draft) -> Sequence[AnyShape]:
    """The operations, the examples, the styles."""
    if not draft.design.api.operations:
        return (draw_styles(draft),)
    return (draw_operations(draft), draw_examples(draft), draw_styles(draft))


def draw_operations(draft: Draft) -> Table:
    """One row an operation."""
    rows: list[tuple[Cell | Scalar, ...]] = []
    for name, operation in draft.design.api.operations.items():
        pattern = draft.design.access.get(operation.pattern or name)
        rate, size = (
            draft.facts.get(PATTERN_RATE.of(operation.pattern or name)),
            draft.facts.get(OPERATION_RESPONSE_SIZE.of(name)),
        )
        repeat = "key" if operation.needs_idempotency_key else "yes"
        rows.append(
            (
                Cell(operation.method, is_code=True),
                Cell(operation.path, is_code=True),
                Cell(name, is_code=True),
                operation.summary,
                ", ".join(pattern.roles) if pattern else "",
                rate.cell if rate else "",
                size.cell if size else "",
                str(operation.rate_limit or ""),
                Cell(repeat, "by its key" if repeat == "key" else "yes", tone="" if repeat == "yes" else "notice"),
                operation.status,
                ", ".join(operation.errors),
            )
        )
    columns = (
        "method",
        "path",
        "operation",
        "what it does",
        "roles",
        "peak rate",
        "answer",
        "limit a caller",
        "repeatable",
        "status",
        "errors",
    )
    return Table(
        "operations", "Operations", columns, tuple(rows), anchors=tuple(f"operation-{name}" for name in draft.design.api.operations),
        description=f"All paths stand below {draft.design.api.base_path}. A repeatable call may be sent again after a timeout without being done twice.",
    )  # fmt: skip


def pick_main(draft: Draft) -> list[str]:
    """The operations worth an example: the busiest of each kind, in the order of the table."""
    operations = draft.design.api.operations
    busiest = sorted(
        operations,
        key=lambda name: (
            -(fact.base if (fact := draft.facts.get(PATTERN_RATE.of(operations[name].pattern or name))) else 0.0)
        ),
    )
    kinds: dict[str, int] = {}
    chosen: list[str] = []
    for name in busiest:
        kind = operations[name].action or ""
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] <= 2 and len(chosen) < SHOWN:
            chosen.append(name)
    return [name for name in operations if name in chosen]


def draw_examples(draft: Draft) -> Source:
    """Requests and responses as they go over the wire; what one creates is what the next one gets."""
    operations = draft.planned.operations
    texts = [write_exchange(draft.planned.api, operations[name]) for name in pick_main(draft)]
    return Source(
        "api-examples", "Requests and responses", "http", "\n\n".join(texts) + "\n", filename="examples.http",
        description="The busiest operations of each kind. The examples belong together: what is created in one is what another gets.",
    )  # fmt: skip


def write_exchange(api: Api, operation: Operation) -> str:
    """One request and its response as HTTP text."""
    contract = operation.contract
    head = [
        f"### {operation.name}: {contract.summary}".replace("\n", " "),
        f"{contract.method} {write_address(api, contract)} HTTP/1.1",
        "Host: api.example.com",
    ]
    if operation.callers:
        head.append("Authorization: Bearer eyJhbGciOiJFUzI1NiIs…")
    head += [
        f"{name}: {parameter.example}" for name, parameter in contract.parameters.items() if parameter.place == "header"
    ]
    if not contract.request.is_empty:
        head += [f"Content-Type: {contract.request.media}", "", contract.request.text]
    try:
        phrase = HTTPStatus(contract.status).phrase
    except ValueError:
        phrase = ""
    back = [f"HTTP/1.1 {contract.status} {phrase}".rstrip()]
    if contract.location:
        back.append(f"Location: {contract.location}")
    if contract.redirect:
        back += [f"Location: {contract.redirect}", f"Cache-Control: {operation.cache_control}"]
    if contract.action in ("get", "update") and contract.status == 200:
        back.append(f'ETag: "{8 if contract.action == "update" else 7}"')
    if not contract.response.is_empty:
        back += [f"Content-Type: {contract.response.media}", "", contract.response.text]
    return "\n".join([*head, "", *back])


def write_address(api: Api, contract: Contract) -> str:
    """The path of an operation's example, its parameters filled in, with the query parameters that must be given."""
    path = api.base_path.rstrip("/") + contract.path
    query = []
    for name, parameter in contract.parameters.items():
        text = quote(write_text(parameter.example), safe="")
        if parameter.place == "path":
            path = path.replace("{" + name + "}", text)
        elif parameter.place == "query" and (parameter.required or name == "limit"):
            query.append(f"{quote(name)}={text}")
    return path + ("?" + "&".join(query) if query else "")


def draw_styles(draft: Draft) -> Table:
    """REST, GraphQL and gRPC weighed for this design."""
    access, chosen = draft.design.access, draft.design.api.style or "rest"
    reads = sum(1 for one in access.values() if one.reads)
    deep = [name for name, one in access.items() if len(one.include) > 1 or (one.depth or 0) > 1]
    roles = sorted({role for one in access.values() for role in one.roles})
    staff = [role for role in roles if role in ("internal", "service")]
    public = sum(1 for one in access.values() if "public" in one.roles and one.reads)
    rest = f"{reads} of {len(access)} operations read by a key or a filter, which is what a GET on a URL says" + (
        f"; what is public ({public} of them) can be kept by any HTTP cache"
        if public
        else "; ETag and If-Match guard what is changed"
    )
    graphql = (
        f"only {len(deep)} of {len(access)} operations ({', '.join(deep) or 'none'}) gather several entities; for the others one endpoint for everything "
        "loses caching by URL and makes the cost of a call unknown before it runs"
    )
    grpc = f"its callers are {', '.join(roles) or 'browsers and apps'}: a browser speaks it only through a proxy" + (
        f"; {', '.join(staff)} could, and gains little at {_peak(draft)}"
        if staff
        else f", and {_peak(draft)} does not need its smaller messages"
    )
    rows = tuple(
        (
            Cell(style, text),
            Cell("chosen" if chosen == style else "refused", tone="good" if chosen == style else "muted"),
            why,
            price,
        )
        for style, text, why, price in (
            (
                "rest",
                "REST over HTTP, JSON",
                rest,
                "Several calls where a page shows several things; fields that a caller does not need come along.",
            ),
            (
                "graphql",
                "GraphQL",
                graphql,
                "Limits on depth and cost, persisted queries, batching against N+1 reads, a cache of its own.",
            ),
            (
                "grpc",
                "gRPC",
                grpc,
                "A proxy for browsers, generated clients on every side, load balancing per call and not per connection.",
            ),
        )
    )
    note = "" if not draft.is_said("api.style") else f"The design says {chosen}."
    return Table(
        "api-styles",
        "API styles weighed",
        ("style", "verdict", "because", "price"),
        rows,
        description=note or "What each style would give this design, and what it would cost.",
    )


def _peak(draft: Draft) -> str:
    return f"{draft.facts[PEAK_REQUESTS].text} at the peak"
