"""Shapes as topics would describe them: a shop's entities, data flow, sign-in, capacity; shared by the render tests."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from archnb.render.layout import find_bundled
from archnb.shapes import (
    Cell,
    Chart,
    Edge,
    Graph,
    Group,
    Mark,
    Message,
    Node,
    Participant,
    Sequence,
    Series,
    Source,
    Table,
)


def _entity(name: str, *fields: str, kind: str = "entity", group: str = "") -> Node:
    lines = []
    for one in fields:
        mark, field, note = one.split("|")
        lines.append((mark, field, note))
    return Node(name, name, kind, group, tuple(lines), fact=f"entities.{name}.rows")


def make_er() -> Graph:
    """Fourteen entities of a shop."""
    pk = "PK|id|uuid"
    nodes = (
        _entity("Customer", pk, "U|email|email", "|name|text(200)", "|created_at|timestamptz"),
        _entity("Address", pk, "FK|customer_id|uuid", "|street|text(200)", "|city|text(100)", "|country|char(2)"),
        _entity(
            "Order",
            pk,
            "FK|customer_id|uuid",
            "FK|address_id|uuid",
            "|status|enum",
            "|total|numeric(12,2)",
            "|placed_at|timestamptz",
        ),
        _entity(
            "OrderLine",
            "PK,FK|order_id|uuid",
            "PK,FK|product_id|uuid",
            "|quantity|integer",
            "|price|numeric(12,2)",
            kind="junction",
        ),
        _entity("Product", pk, "U|sku|text(40)", "|title|text(300)", "FK|category_id|uuid", "|price|numeric(12,2)"),
        _entity("Category", pk, "FK|parent_id|uuid", "|name|text(100)"),
        _entity(
            "Payment", pk, "FK|order_id|uuid", "|amount|numeric(12,2)", "|state|enum", "U|provider_reference|text(80)"
        ),
        _entity("Refund", pk, "FK|payment_id|uuid", "|amount|numeric(12,2)", "|reason|text(500)"),
        _entity("Shipment", pk, "FK|order_id|uuid", "FK|warehouse_id|uuid", "|tracking|text(60)"),
        _entity("Warehouse", pk, "|name|text(100)", "|country|char(2)"),
        _entity(
            "StockItem",
            "PK,FK|warehouse_id|uuid",
            "PK,FK|product_id|uuid",
            "|on_hand|integer",
            "|reserved|integer",
            kind="junction",
        ),
        _entity("Review", pk, "FK|customer_id|uuid", "FK|product_id|uuid", "|stars|smallint", "|body|text(4000)"),
        _entity("Cart", pk, "FK|customer_id|uuid", "|updated_at|timestamptz"),
        _entity("CartLine", "PK,FK|cart_id|uuid", "PK,FK|product_id|uuid", "|quantity|integer", kind="junction"),
    )
    rows = (
        ("Customer", "Address", "one", "zero-or-many"),
        ("Customer", "Order", "one", "zero-or-many"),
        ("Address", "Order", "one", "zero-or-many"),
        ("Order", "OrderLine", "one", "many"),
        ("Product", "OrderLine", "one", "zero-or-many"),
        ("Category", "Product", "one", "zero-or-many"),
        ("Category", "Category", "zero-or-one", "zero-or-many"),
        ("Order", "Payment", "one", "zero-or-many"),
        ("Payment", "Refund", "one", "zero-or-many"),
        ("Order", "Shipment", "one", "zero-or-many"),
        ("Warehouse", "Shipment", "one", "zero-or-many"),
        ("Warehouse", "StockItem", "one", "zero-or-many"),
        ("Product", "StockItem", "one", "zero-or-many"),
        ("Customer", "Review", "one", "zero-or-many"),
        ("Product", "Review", "one", "zero-or-many"),
        ("Customer", "Cart", "one", "zero-or-one"),
        ("Cart", "CartLine", "one", "many"),
        ("Product", "CartLine", "one", "zero-or-many"),
    )
    edges = tuple(Edge(a, b, tail=tail, head=head) for a, b, tail, head in rows)  # type: ignore[arg-type]
    return Graph(
        "schema.er",
        "Entities of the shop",
        nodes,
        edges,
        kind="er",
        description="14 entities and 18 relations; three junction tables carry the many-to-many relations.",
    )


def make_flow() -> Graph:
    """Fourteen components in four trust zones."""

    def part(id: str, label: str, kind: str, group: str, *notes: str) -> Node:
        return Node(id, label, kind, group, tuple(("", "", note) for note in notes), fact=f"flow.{id}.peak")

    nodes = (
        part("browser", "Browser", "client", "internet"),
        part("app", "Mobile app", "client", "internet"),
        part("cdn", "CDN", "cdn", "edge", "18,000 /s"),
        part("gateway", "API gateway", "gateway", "edge", "4,200 /s"),
        part("identity", "Identity provider", "identity", "edge", "120 /s"),
        part("catalogue", "Catalogue service", "service", "private", "3,100 /s"),
        part("orders", "Order service", "service", "private", "420 /s"),
        part("search", "Search index", "search", "private", "900 /s"),
        part("cache", "Redis", "cache", "private", "2,800 /s, 92 % hits"),
        part("db", "PostgreSQL", "store", "private", "640 /s"),
        part("queue", "Order events", "queue", "private", "180 /s"),
        part("worker", "Fulfilment worker", "worker", "private", "6 workers"),
        part("psp", "Payment provider", "third_party", "partners", "60 /s"),
        part("mail", "Mail provider", "third_party", "partners", "90 /s"),
    )
    rows = (
        ("browser", "cdn", "static files", ""),
        ("browser", "gateway", "HTTPS", ""),
        ("app", "gateway", "HTTPS", ""),
        ("browser", "identity", "OIDC", ""),
        ("gateway", "identity", "keys", ""),
        ("gateway", "catalogue", "browse", ""),
        ("gateway", "orders", "place order", ""),
        ("catalogue", "cache", "get", ""),
        ("catalogue", "search", "query", ""),
        ("catalogue", "db", "miss", ""),
        ("orders", "db", "transaction", ""),
        ("orders", "queue", "OrderPlaced", "async"),
        ("queue", "worker", "", "async"),
        ("worker", "psp", "capture", ""),
        ("worker", "mail", "confirmation", ""),
        ("worker", "db", "update", ""),
    )
    edges = tuple(Edge(a, b, label, kind or "edge") for a, b, label, kind in rows)
    groups = (
        Group("internet", "Internet (untrusted)", "zone"),
        Group("edge", "Edge", "zone"),
        Group("private", "Private network", "zone"),
        Group("partners", "Third parties", "zone"),
    )
    return Graph(
        "flow.data",
        "Data flow",
        nodes,
        edges,
        groups=groups,
        kind="flow",
        description="Peak rates per component; dashed frames are trust boundaries.",
    )


def make_sequence() -> Sequence:
    """Sign-in by authorisation code with PKCE."""
    people = (
        Participant("user", "User", "client"),
        Participant("app", "Single-page app", "service"),
        Participant("idp", "Identity provider", "identity"),
        Participant("api", "Shop API", "gateway"),
    )
    messages = (
        Message("user", "app", "sign in"),
        Message(
            "app", "app", "make code_verifier (43 to 128 characters) and code_challenge = BASE64URL(SHA-256(verifier))"
        ),
        Message("app", "idp", "GET /authorize?response_type=code&code_challenge=…&code_challenge_method=S256&state=…"),
        Message("idp", "user", "asks for credentials and consent"),
        Message("user", "idp", "credentials, second factor"),
        Message("idp", "app", "302 redirect_uri?code=…&state=…", "return"),
        Message("app", "app", "state must equal the one that was sent, or the answer is thrown away", "note"),
        Message("app", "idp", "POST /token with code and code_verifier"),
        Message("idp", "app", "access token (10 min), refresh token (rotating, 14 days)", "return"),
        Message("app", "api", "GET /orders, Authorization: Bearer …"),
        Message("api", "api", "check signature, issuer, audience, expiry"),
        Message("api", "app", "200 orders", "return"),
        Message("api", "idp", "audit event", "async"),
    )
    return Sequence(
        "auth.pkce",
        "Sign-in with PKCE",
        people,
        messages,
        description="The code is worthless without the verifier, which never leaves the app.",
    )


def make_capacity() -> Chart:
    """Four panels of demand and limit over 36 months."""
    months = tuple(float(n) for n in range(37))
    series: list[Series] = []
    marks: list[Mark] = []
    for panel, start, limit, rate in (
        ("Database writes", 420.0, 2000.0, 0.6),
        ("Storage", 380.0, 1000.0, 0.45),
        ("Connections", 90.0, 200.0, 0.6),
        ("Cache memory", 6.0, 32.0, 0.35),
    ):

        def grow(factor: float, start: float = start) -> tuple[float, ...]:
            return tuple(start * (1 + factor) ** (month / 12) for month in months)

        demand, low, high = grow(rate), grow(rate * 0.6), grow(rate * 1.5)
        series.append(Series("Demand (P10 to P90)", months, demand, low, high, panel=panel))
        series.append(Series("Limit at 70 % utilisation", (0.0, 36.0), (limit, limit), kind="limit", panel=panel))
        full = next((month for month, value in zip(months, demand, strict=True) if value > limit), None)
        if full is not None:
            marks.append(Mark(full, f"full in month {full:.0f}", limit, panel))
    return Chart(
        "scaling.capacity",
        "Capacity over 36 months",
        tuple(series),
        x_label="months from now",
        y_labels={"Database writes": "writes/s", "Storage": "GB", "Connections": "connections", "Cache memory": "GiB"},
        marks=tuple(marks),
        description="Demand with its range against what each resource carries; a ring is the month it is full.",
    )


def make_burn() -> Chart:
    """Burn rate of an error budget against the alerts' thresholds."""
    hours = tuple(float(n) / 4 for n in range(97))
    short = tuple(0.4 + (18 if 8 <= hour < 10 else 0) + 0.2 * ((n * 7) % 5) for n, hour in enumerate(hours))
    long = tuple(sum(short[max(0, n - 11) : n + 1]) / min(n + 1, 12) for n in range(97))
    return Chart(
        "monitoring.burn",
        "Burn rate",
        (
            Series("5-minute window", hours, short, kind="step"),
            Series("3-hour window", hours, long),
            Series("page at 14.4", (0.0, 24.0), (14.4, 14.4), kind="limit"),
            Series("ticket at 1", (0.0, 24.0), (1.0, 1.0), kind="limit"),
        ),
        x_label="hours",
        y_label="times the sustainable rate",
        marks=(Mark(8.25, "outage begins"), Mark(10.0, "fixed")),
    )


def make_tornado() -> Chart:
    """What matters for a number, one bar an input."""
    inputs = (
        ("daily users (1 M to 2 M)", 2900, 5800),
        ("requests per user and day (15 to 25)", 3200, 5200),
        ("peak factor (2 to 4)", 3300, 4900),
        ("growth (40 to 80 %/year)", 3700, 4600),
        ("read share (85 to 95 %)", 3950, 4400),
    )
    return Chart(
        "requirements.tornado",
        "What moves the peak read rate",
        (
            Series(
                "P10 to P90 of the input",
                tuple(name for name, _, _ in inputs),
                tuple(4167.0 for _ in inputs),
                tuple(float(low) for _, low, _ in inputs),
                tuple(float(high) for _, _, high in inputs),
                kind="bar",
            ),
        ),
        x_label="peak reads/s",
        is_horizontal=True,
    )


def make_table() -> Table:
    """Components with their peak rates."""
    return Table(
        "flow.rates",
        "Peak rates",
        ("Component", "Peak", "Key", "Verdict"),
        (
            (
                Cell("gateway", "API gateway"),
                Cell(4200.0, "4,200 /s", fact="flow.gateway.peak"),
                Cell("GET /items", is_code=True),
                Cell("ok", "holds", tone="good"),
            ),
            (
                Cell("db", "PostgreSQL"),
                Cell(640.0, "640 /s", fact="flow.db.peak"),
                Cell("SELECT …", is_code=True),
                Cell("full", "full in month 18: shard or archive", tone="danger"),
            ),
            (
                Cell("cache", "Redis"),
                Cell(2800.0, "2,800 /s"),
                None,
                Cell("tight", "92 % hits, below the 95 % asked for", tone="warning"),
            ),
        ),
        description="Each number links to its formula.",
        anchors=("component-gateway", "component-db", "component-cache"),
    )


def make_source() -> Source:
    """A little DDL."""
    text = """-- customers who ever ordered
CREATE TABLE customer (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email <> '')
);
"""
    return Source("schema.ddl", "DDL for PostgreSQL", "sql", text, filename="schema.sql")


def make_all() -> tuple[Graph | Sequence | Chart | Table | Source, ...]:
    """Every sample."""
    return (
        make_er(),
        make_flow(),
        make_sequence(),
        make_capacity(),
        make_burn(),
        make_tornado(),
        make_table(),
        make_source(),
    )


def read_dot(source: str) -> dict[str, Any]:
    """DOT source as Graphviz understands it, without a layout: `objects` (clusters and nodes) and `edges`."""
    program = find_bundled()
    assert program is not None, "graphviz-pure is not installed; make setup installs it"
    done = subprocess.run([program, "-Tdot_json"], input=source.encode(), capture_output=True, check=True, timeout=60)
    read: dict[str, Any] = json.loads(done.stdout)
    return read
