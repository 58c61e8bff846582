"""The service: what it answers to whom, what it refuses and how, and that it ends without leaving anything behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from archnb import plan
from archnb.serve import Limits, Service
from archnb.serve.inside import Reply, send
from archnb.serve.problems import Refused
from archnb.serve.signing import Signer
from archnb.verify.journeys import Journeys
from archnb.verify.service import open_service
from tests.designs import ALL

pytestmark = pytest.mark.needs("serve")


class Client:
    """Sends requests to a service as somebody."""

    def __init__(self, service: Service, role: str = "", person: str = "") -> None:
        self.service = service
        self.token = ""
        if role:
            caller = service.people.find(role, person)
            assert caller is not None
            self.caller = caller
            self.token = service.tokens.issue(caller)

    def send(self, method: str, address: str, body: Any = None, **headers: str) -> Reply:
        """One request; a keyword is a header."""
        made = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            made.setdefault("Authorization", f"Bearer {self.token}")
        raw = b""
        if body is not None:
            raw = json.dumps(body).encode()
            made.setdefault("Content-Type", "application/json")
        return send(self.service.app, method, address, headers=made, body=raw)


@pytest.fixture(scope="module")
def shop() -> Iterator[Service]:
    """The shop on SQLite, with limits that let all through."""
    with open_service(plan(ALL["shop"]()), limits=Limits(is_strict=False)) as service:
        yield service


def test_reads_are_for_everybody_where_they_are_public(shop: Service) -> None:
    """A public product is there without a token, with what comes along and a validator."""
    reply = Client(shop).send("GET", "/v1/products/3")
    assert reply.status == 200 and reply.headers["etag"].startswith('"')
    assert {"brand", "images", "price"} <= set(reply.json)
    assert Client(shop).send("GET", "/v1/products/999999999").status == 404
    assert Client(shop).send("GET", "/v1/products/99999999999999999999").status == 422


def test_pages_lead_through_all_rows(shop: Service) -> None:
    """Page after page gives every row once; a cursor that was not given out is refused."""
    seen: list[str] = []
    address = "/v1/categories?limit=70"
    while True:
        reply = Client(shop).send("GET", address)
        seen += [one["id"] for one in reply.json["items"]]
        if reply.json["next_cursor"] is None:
            break
        address = f"/v1/categories?limit=70&cursor={reply.json['next_cursor']}"
    assert len(seen) == len(set(seen)) == shop.database.fetch("SELECT count(*) FROM category")[0][0]
    refused = Client(shop).send("GET", "/v1/categories?cursor=eyJhZnRlciI6IjEwNDIifQ")
    assert refused.status == 422 and refused.json["errors"][0]["code"] == "cursor"


def test_who_asks_must_prove_it(shop: Service) -> None:
    """Without a token or with a wrong one it is 401 and says how; with a role that may not, 403."""
    missing = Client(shop).send("GET", "/v1/orders/1")
    assert missing.status == 401 and missing.headers["www-authenticate"] == "Bearer"
    wrong = Client(shop).send("GET", "/v1/orders/1", Authorization="Bearer x.y")
    assert wrong.status == 401 and "invalid_token" in wrong.headers["www-authenticate"]
    assert Client(shop, "customer").send("GET", "/v1/staff").status == 403
    assert Client(shop, "admin").send("GET", "/v1/staff").status == 200


def test_a_create_is_done_once_with_one_key(shop: Service) -> None:
    """The same request gets the same answer again; another one with the same key is refused, and a name that is taken too."""
    admin = Client(shop, "admin")
    body = {"name": "Oakwright", "country": "PT"}
    first = admin.send("POST", "/v1/brands", body, Idempotency_Key="k" * 20)
    again = admin.send("POST", "/v1/brands", body, Idempotency_Key="k" * 20)
    assert first.status == 201 and again.body == first.body
    other = admin.send("POST", "/v1/brands", {**body, "country": "NL"}, Idempotency_Key="k" * 20)
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    taken = admin.send("POST", "/v1/brands", body, Idempotency_Key="l" * 20)
    assert (taken.status, taken.json["code"]) == (409, "duplicate_name")
    assert shop.database.fetch("SELECT count(*) FROM brand WHERE name = 'Oakwright'")[0][0] == 1


def test_what_is_wrong_is_told_with_its_place(shop: Service) -> None:
    """Every place that breaks the schema is named, in a problem document."""
    refused = Client(shop, "admin").send("POST", "/v1/brands", {"name": 7, "extra": 1}, Idempotency_Key="m" * 20)
    assert refused.status == 422 and refused.headers["content-type"] == "application/problem+json"
    assert {one["pointer"] for one in refused.json["errors"]} == {"/name", ""}
    assert Client(shop, "admin").send("POST", "/v1/brands", {"name": "x", "country": "PT"}).status == 422
    broken = send(
        shop.app,
        "POST",
        "/v1/brands",
        headers={
            "Authorization": f"Bearer {Client(shop, 'admin').token}",
            "Idempotency-Key": "n" * 20,
            "Content-Type": "application/json",
        },
        body=b'{"name": NaN}',
    )
    assert broken.status == 422


def test_a_change_meets_the_version_that_was_read(shop: Service) -> None:
    """With the validator that was read the change is made; with an old one it is 412, and nothing is changed."""
    editor = Client(shop, "catalogue_admin")
    read = editor.send("GET", "/v1/products/5")
    etag = read.headers["etag"]
    patch = {"name": "A quiet lamp"}
    media = "application/merge-patch+json"
    changed = editor.send("PATCH", "/v1/products/5", patch, If_Match=etag, Content_Type=media)
    assert changed.status == 200 and changed.json["name"] == "A quiet lamp" and changed.headers["etag"] != etag
    late = editor.send("PATCH", "/v1/products/5", {"name": "Late"}, If_Match=etag, Content_Type=media)
    assert (late.status, late.json["code"]) == (412, "precondition_failed")
    assert editor.send("GET", "/v1/products/5").json["name"] == "A quiet lamp"
    bare = editor.send("PATCH", "/v1/products/5", {"name": "Bare"}, Content_Type=media)
    assert (bare.status, bare.json["code"]) == (428, "precondition_required")


def test_other_methods_are_refused_with_those_there_are(shop: Service) -> None:
    """405 with Allow."""
    refused = Client(shop).send("PUT", "/v1/products/5")
    assert refused.status == 405 and refused.headers["allow"] == "GET, PATCH"
    assert Client(shop).send("GET", "/v1/nothing").json["code"] == "not_found"


def test_too_many_requests_are_told_when_to_come_back() -> None:
    """A caller over the limit gets 429 with the seconds to wait; a minute later it goes on."""
    now = [0.0]
    with open_service(plan(ALL["shop"]()), limits=Limits(lambda: now[0])) as service:
        replies = [Client(service).send("GET", "/v1/warehouses") for _ in range(200)]
        refused = next(one for one in replies if one.status == 429)
        assert int(refused.headers["retry-after"]) >= 1 and refused.json["code"] == "rate_limited"
        now[0] += 60
        assert Client(service).send("GET", "/v1/warehouses").status == 200


def test_pages_for_people(shop: Service) -> None:
    """The documentation, the document and the tokens are there, and ask nothing of another host."""
    docs = Client(shop).send("GET", "/docs")
    assert docs.status == 200 and b"place_order" in docs.body
    assert Client(shop).send("GET", "/openapi.json").json["openapi"] == "3.1.0"
    page = send(
        shop.app,
        "POST",
        "/dev/token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=f"role=customer&person={shop.people.list_callers('customer')[1][0]}".encode(),
    )
    assert page.status == 200 and b"Authorization: Bearer" in page.body
    for one in (docs.body, page.body):
        assert b"src=" not in one and b"@import" not in one and b"<script" not in one


def test_a_signature_is_good_for_one_purpose() -> None:
    """A cursor is no token, and a changed text is nothing."""
    signer = Signer()
    text = signer.sign("cursor", [1])
    assert signer.read("cursor", text) == [1]
    assert signer.read("token", text) is None
    assert signer.read("cursor", text[:-1]) is None and signer.read("cursor", "é") is None
    assert Signer().read("cursor", text) is None


def test_a_problem_is_an_exception_with_its_code() -> None:
    """What is refused says its code and why."""
    assert str(Refused("conflict", "it is taken")) == "conflict: it is taken"


def test_a_row_of_others_is_as_one_that_is_not_there(shop: Service) -> None:
    """Somebody's order is found by them and by support, and by no other customer; their list holds no row of others."""
    order = shop.records.find("Order", {}, limit=1)[0]
    mine = Client(shop, "customer", order["customer"])
    assert mine.send("GET", f"/v1/orders/{order['id']}").status == 200
    other = next(text for text, _ in shop.people.list_callers("customer") if text != order["customer"])
    assert Client(shop, "customer", other).send("GET", f"/v1/orders/{order['id']}").status == 404
    assert Client(shop, "support").send("GET", f"/v1/orders/{order['id']}").status == 200
    listed = Client(shop, "customer", other).send("GET", "/v1/me/orders")
    assert order["id"] not in [one["id"] for one in listed.json["items"]]


def test_nobody_gives_what_is_not_theirs_to_give(shop: Service) -> None:
    """An order belongs to whoever places it, begins as pending, and costs what its products cost."""
    customer = Client(shop, "customer")
    (key,) = customer.caller.subject.values()
    address = shop.records.find("Address", {"customer": key}, limit=1)
    assert address, "the first customer has an address"
    product = shop.records.find("Product", {}, limit=1)[0]
    body = {"ship_to_id": address[0]["id"], "lines": [{"product_id": product["id"], "quantity": 3}]}
    schema = shop.planned.operations["place_order"].contract.request.schema
    if "reservations" in schema.get("required", ()):
        stock = shop.records.find("Stock", {}, limit=1)[0]
        body["reservations"] = [
            {"product_id": stock["product"], "warehouse_id": stock["warehouse"], "quantity": 1, "expires_at": "2030-01-01T00:00:00Z"}
        ]  # fmt: skip
    made = customer.send("POST", "/v1/orders", body, Idempotency_Key="o" * 20)
    assert made.status == 201, made.json
    assert made.json["customer_id"] == key and made.json["status"] == "pending"
    assert float(made.json["total"]["amount"]) == pytest.approx(3 * float(product["price"]["amount"]))
    smuggled = customer.send("POST", "/v1/orders", {**body, "status": "paid"}, Idempotency_Key="p" * 20)
    assert smuggled.status == 422


def test_what_goes_on_after_the_answer_has_a_status() -> None:
    """A 202 says where its job is told of, and the job is done once the answer is out."""
    from archnb import Design

    rain = {
        "name": "rain",
        "entities": {
            "Gauge": {"fields": {"id": "key", "name": "text(40)"}, "rows": 40},
            "Report": {"fields": {"id": "uuid key", "gauge": "-> Gauge", "day": "date", "millimetres": "int >= 0"}, "rows": 900},
        },
        "access": {
            "send_report": {"writes": "Report", "action": "create", "is_async": True, "roles": "office", "rate": "1/s"},
            "reports": {"reads": "Report", "by": "gauge", "sort": "day", "limit": 10, "roles": "office", "rate": "1/s"},
        },
        "auth": {"roles": {"office": {"kind": "staff"}}},
    }  # fmt: skip
    with open_service(plan(Design.of(rain)), limits=Limits(is_strict=False)) as service:
        contract = service.planned.operations["send_report"].contract
        office = Client(service, "office")
        headers = {"Idempotency_Key": "r" * 20} if contract.needs_idempotency_key else {}
        sent = office.send(
            contract.method, service.planned.api.base_path + contract.path, contract.request.example, **headers
        )
        assert sent.status == 202, sent.json
        status = office.send("GET", sent.headers["link"].partition(">")[0].removeprefix("<"))
        assert status.status == 200 and status.json["state"] == "done" and status.json["operation"] == "send_report"
        assert office.send("GET", "/dev/jobs").json["items"] == [status.json]
        assert office.send("GET", "/dev/jobs/99").status == 404


def test_a_row_of_a_stream_that_is_sent_again_is_answered_as_at_first() -> None:
    """Another Idempotency-Key, the same row: nothing is added, and the body is what the contract promises."""
    from archnb import Design

    tides = {
        "name": "tides",
        "entities": {
            "Harbour": {"fields": {"id": "key", "name": "text(40)"}, "rows": 40},
            "Notice": {"fields": {"id": "key", "text": "text(90)", "raised_at": "timestamp"}, "rows": 90},
            "Board": {
                "fields": {"harbour": "-> Harbour", "notice": "-> Notice", "raised_at": "timestamp"},
                "key": ["harbour", "notice"], "rows": "3 bn", "growth": "20M/day", "retention": "30 days",
            },
        },
        "access": {
            "board_of": {"reads": "Board", "by": "harbour", "sort": "-raised_at", "limit": 20, "rate": "9/s", "roles": "office"},
            "post_up": {"writes": "Board", "action": "create", "rate": "2k/s", "is_async": True, "roles": "courier"},
        },
        "auth": {"roles": {"office": {"kind": "staff"}, "courier": {"kind": "service"}}},
    }  # fmt: skip
    with open_service(plan(Design.of(tides)), limits=Limits(is_strict=False)) as service:
        contract = service.planned.operations["post_up"].contract
        assert not contract.response.is_empty and not contract.is_batch
        (harbour,), (notice,) = (service.records.find(one, {}, limit=1) for one in ("Harbour", "Notice"))
        ids = {"harbour_id": harbour["id"], "notice_id": notice["id"]}
        path = (service.planned.api.base_path + contract.path).format_map(ids)
        body = {**contract.request.example, "notice_id": notice["id"]}
        courier, count = Client(service, "courier"), "SELECT count(*) FROM board"
        before = service.database.fetch(count)[0][0]
        replies = [courier.send("POST", path, body, Idempotency_Key=key * 20) for key in "tuv"]
        assert [one.status for one in replies] == [contract.status] * 3
        assert all(one.json.items() >= ids.items() for one in replies)
        assert service.database.fetch(count)[0][0] <= before + 1


def test_a_put_says_whether_it_made_the_row() -> None:
    """201 where there was none, 200 where it was changed (RFC 9110, section 9.3.4), and both are documented."""
    from archnb import Design

    library = {
        "name": "library",
        "entities": {
            "Reader": {"fields": {"id": "key", "name": "text(40) personal"}, "rows": 40},
            "Tome": {"fields": {"id": "key", "title": "text(90)"}, "rows": 90},
            "Bookmark": {"fields": {"reader": "-> Reader", "tome": "-> Tome", "page": "int >= 1"}, "key": ["reader", "tome"], "rows": 300},
        },
        "access": {
            "keep_place": {"writes": "Bookmark", "by": ["reader", "tome"], "action": "upsert", "sets": ["page"], "rate": "9/s", "roles": "reader"},
            "my_places": {"reads": "Bookmark", "by": "reader", "sort": "tome", "limit": 20, "rate": "9/s", "roles": "reader"},
        },
        "auth": {"roles": {"reader": {"kind": "person", "entity": "Reader"}}},
    }  # fmt: skip
    with open_service(plan(Design.of(library)), limits=Limits(is_strict=False)) as service:
        contract = service.planned.operations["keep_place"].contract
        assert (contract.method, contract.status, contract.made_status) == ("PUT", 200, 201)
        documented = next(item["put"] for path, item in service.document["paths"].items() if "put" in item)
        assert {"200", "201"} <= set(documented["responses"])
        reader = Client(service, "reader")
        marked = {one["tome"] for one in service.records.find("Bookmark", {"reader": reader.caller.subject["id"]})}
        tome = next(one["id"] for one in service.records.find("Tome", {}) if one["id"] not in marked)
        path = (service.planned.api.base_path + contract.path).format_map({"tome_id": tome})
        replies = [reader.send("PUT", path, {"page": page}) for page in (7, 8)]
        assert [(one.status, one.json["page"]) for one in replies] == [(201, 7), (200, 8)], replies


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("name", ["tiny", "shop"])
def test_journeys_on_postgresql(name: str) -> None:
    """The same service over PostgreSQL lives the same life."""
    made = plan(ALL[name]())
    with open_service(made, "postgresql", limits=Limits(is_strict=False)) as service:
        assert [one for one in Journeys(made, service, service.rows).run() if one.verdict == "failed"] == []


def test_erasure_leaves_nothing_that_tells_who_it_was() -> None:
    """What is personal is gone, and what must stay is there still."""
    with open_service(plan(ALL["shop"]()), limits=Limits(is_strict=False)) as service:
        person = service.records.find("Customer", {"id": service.records.find("Order", {}, limit=1)[0]["customer"]})[0]
        operation = service.planned.operations["erase_customer"].contract
        address = service.planned.api.base_path + operation.path.replace("{customer_id}", person["id"])
        headers = {"Idempotency-Key": "e" * 20} if operation.needs_idempotency_key else {}
        erased = Client(service, "admin").send(
            operation.method, address, **{k.replace("-", "_"): v for k, v in headers.items()}
        )
        assert erased.status in (200, 202, 204), erased.json
        (left,) = service.records.find("Customer", {"id": person["id"]}) or [{"email": None, "name": None}]
        assert left["email"] != person["email"] and left["name"] != person["name"]
        for one in service.records.find("Address", {"customer": person["id"]}):
            assert one["line1"].startswith("erased")
        assert service.records.find("Order", {"customer": person["id"]})
