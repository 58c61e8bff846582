"""The API topic: addresses, bodies, limits and examples that follow from the access patterns."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archnb import Design, plan
from archnb.design import leaves
from archnb.design.api import Operation
from archnb.naming import claim, kebab, pascal, plural, singular, snake, split_words
from archnb.plan import Plan
from archnb.planned.api import normalise
from archnb.topics.api.bodies import make_instance, make_request, make_response, measure_bytes
from archnb.topics.api.resources import Resources
from tests.designs import ALL, shop


@lru_cache
def planned(name: str) -> Plan:
    """The plan of a sample design, made once."""
    return plan(ALL[name]())


BASE: dict[str, Any] = {
    "entities": {
        "Customer": {"fields": {"id": "key", "email": "email unique personal", "name": "text(200) personal", "pin": "text(80) secret"}, "rows": "5k"},
        "Product": {"fields": {"id": "key", "slug": "text(80) unique", "name": "text(200)", "price": "money", "active": "bool = true"}, "rows": "9k"},
        "Order": {
            "fields": {"id": "key", "customer": "-> Customer", "status": "enum(new, paid, cancelled)", "total": "money", "placed_at": "timestamp"},
            "rows": "10k",
        },
        "OrderLine": {
            "fields": {"order": "-> Order cascade", "product": "-> Product", "quantity": "int >= 1", "unit_price": "money"},
            "key": ["order", "product"],
            "rows": "30k",
        },
        "Stock": {"fields": {"id": "key", "product": "-> Product unique", "on_hand": "int"}, "rows": "9k"},
        "Taste": {"fields": {"customer": "-> Customer", "product": "-> Product", "liked": "bool"}, "key": ["customer", "product"], "rows": "9k"},
        "Review": {"fields": {"id": "key", "product": "-> Product", "stars": "int"}, "rows": "9k"},
    },
}  # fmt: skip


def make(**access: dict[str, Any]) -> Plan:
    """The plan of the base design with some access patterns."""
    return plan(Design.of(BASE | {"access": access}))


def operation(**access: dict[str, Any]) -> Operation:
    """The operation of the one access pattern that is given."""
    (name,) = access
    return make(**access).design.api.operations[name]


ADDRESSES = {
    "by key": ("get_order", {"reads": "Order", "by": "id"}, "GET", "/orders/{order_id}", "get"),
    "by a reference": ("orders_of_customer", {"reads": "Order", "by": "customer", "roles": "support"}, "GET", "/customers/{customer_id}/orders", "list"),
    "one's own": ("orders_of_customer", {"reads": "Order", "by": "customer", "roles": "customer"}, "GET", "/me/orders", "list"),
    "oneself": ("profile", {"reads": "Customer", "by": "id", "limit": 1, "roles": "customer"}, "GET", "/me", "get"),
    "an upsert of one's own": ("save_taste", {"writes": "Taste", "action": "upsert", "by": "customer, product", "roles": "customer"}, "PUT", "/me/tastes/{product_id}", "update"),
    "by a plain field": ("orders_by_status", {"reads": "Order", "by": "status"}, "GET", "/orders", "list"),
    "by a unique field": ("product_by_slug", {"reads": "Product", "by": "slug"}, "GET", "/products/by-slug/{slug}", "get"),
    "by a unique reference": ("stock_of_product", {"reads": "Stock", "by": "product"}, "GET", "/products/{product_id}/stock", "get"),
    "by personal data": ("find_customer", {"reads": "Customer", "by": "email"}, "POST", "/customers/lookup", "get"),
    "by nothing": ("products", {"reads": "Product"}, "GET", "/products", "list"),
    "a search": ("find_products", {"reads": "Product", "search": "name"}, "GET", "/products/search", "search"),
    "a search in personal data": ("find_people", {"reads": "Customer", "search": "name"}, "POST", "/customers/search", "search"),
    "a report": ("revenue_by_day", {"reads": "Order", "aggregate": "sum of total by day"}, "GET", "/orders/revenue-by-day", "list"),
    "the newest": ("last_order", {"reads": "Order", "by": "customer", "sort": "-placed_at", "limit": 1, "roles": "support"}, "GET", "/customers/{customer_id}/orders/latest", "get"),
    "deep": ("similar", {"reads": "Product", "by": "id", "depth": 3}, "GET", "/products/{product_id}/similar", "list"),
    "a composite key": ("line", {"reads": "OrderLine", "by": "order, product"}, "GET", "/order-lines/{order_id}/{product_id}", "get"),
    "create": ("place_order", {"writes": "Order", "action": "create"}, "POST", "/orders", "create"),
    "create a part": ("add_line", {"writes": "OrderLine", "action": "create"}, "POST", "/orders/{order_id}/lines", "create"),
    "update": ("update_order", {"writes": "Order", "action": "update"}, "PATCH", "/orders/{order_id}", "update"),
    "a command": ("cancel_order", {"writes": "Order", "action": "update", "by": "id"}, "POST", "/orders/{order_id}/cancel", "command"),
    "delete": ("remove_review", {"writes": "Review", "action": "delete"}, "DELETE", "/reviews/{review_id}", "delete"),
    "erase whom others need": ("erase_customer", {"writes": "Customer", "action": "delete"}, "POST", "/customers/{customer_id}/erase", "command"),
}  # fmt: skip


@pytest.mark.parametrize("case", ADDRESSES)
def test_address_follows_from_the_access_pattern(case: str) -> None:
    """What is read or written, and by which fields, gives method, path and action."""
    name, pattern, method, path, action = ADDRESSES[case]
    found = operation(**{name: pattern})
    assert (found.method, found.path, found.action) == (method, path, action)


@pytest.mark.parametrize("name", ALL)
def test_every_access_pattern_has_an_operation_and_no_two_share_an_address(name: str) -> None:
    """One operation a pattern, under its name; method and path are unique."""
    made = planned(name)
    assert set(made.design.access) <= set(made.design.api.operations)
    addresses = [(one.method, normalise(one.path or "")) for one in made.design.api.operations.values()]
    assert len(set(addresses)) == len(addresses)


def test_a_second_pattern_of_one_address_moves_aside_the_same_way_each_time() -> None:
    """Of two patterns with one address the first keeps it, and the second stands under its own name."""
    made = make(
        get_order={"reads": "Order", "by": "id"},
        order_for_print={"reads": "Order", "by": "id"},
        update_order={"writes": "Order", "action": "update"},
        update_order_total={"writes": "Order", "action": "update"},
    ).design.api.operations
    assert made["get_order"].path == "/orders/{order_id}"
    assert made["order_for_print"].path == "/orders/{order_id}/for-print"
    assert (made["update_order_total"].method, made["update_order_total"].path) == ("POST", "/orders/{order_id}/total")


def test_said_address_stays_and_the_proposed_one_gives_way() -> None:
    """What was said is never overwritten, and nobody else takes its address."""
    design = Design.of(
        BASE
        | {
            "access": {"first": {"reads": "Product", "by": "slug"}, "get_product": {"reads": "Product", "by": "id"}},
            "api": {"operations": {"first": {"path": "/products/{slug}"}}},
        }
    )
    made = plan(design).design.api.operations
    assert made["first"].path == "/products/{slug}"
    assert made["first"].parameters["slug"].field == "slug"
    assert normalise(made["get_product"].path or "") != "/products/{}"


@pytest.mark.parametrize("name", ALL)
def test_every_proposed_value_has_a_reason(name: str) -> None:
    """Whatever stands in the section was said, or there is a reason for it or for the record that it stands in."""
    made = planned(name)
    said = {path for path, _ in leaves(made.said)}
    for path in made.paths():
        if path.startswith("api.") and path not in said:
            above = [path[:n] for n, sign in enumerate(path) if sign == "."]
            found = [made.draft.reasons[one].reason for one in (path, *above) if one in made.draft.reasons]
            assert found and all(found), path


@pytest.mark.parametrize("name", ALL)
def test_path_parameters_are_those_of_the_path(name: str) -> None:
    """Each name in braces is a parameter in the path, required, and the other way round."""
    for one in planned(name).design.api.operations.values():
        in_path = [parameter for parameter, value in one.parameters.items() if value.place == "path"]
        assert [f"{{{parameter}}}" for parameter in in_path] == [
            part for part in (one.path or "").split("/") if part.startswith("{")
        ]
        assert all(one.parameters[parameter].required for parameter in in_path)


def test_lists_are_paged_by_cursor_and_ranges_have_two_ends() -> None:
    """A list takes cursor and limit; a range field gives `_from` and `_to`."""
    found = operation(
        recent={"reads": "Order", "by": "customer", "range": "placed_at", "limit": 20, "roles": "support"}
    )
    assert found.is_paged
    assert {name: value.place for name, value in found.parameters.items()} == {
        "customer_id": "path", "placed_at_from": "query", "placed_at_to": "query", "cursor": "query", "limit": "query",
    }  # fmt: skip
    assert not found.parameters["placed_at_from"].required


def test_a_field_named_like_a_paging_parameter_keeps_its_name() -> None:
    """A filter on a field called `cursor` does not hide the paging cursor."""
    design = Design.of(
        {
            "entities": {"A": {"fields": {"id": "key", "cursor": "int"}}},
            "access": {"as": {"reads": "A", "by": "cursor"}},
        }
    )
    found = plan(design).design.api.operations["as"].parameters
    assert found["cursor"].field == "cursor"
    assert found["cursor_2"].field is None


def test_only_unsafe_calls_that_repeat_badly_need_a_key() -> None:
    """POST that writes takes an Idempotency-Key; PATCH takes If-Match; reads and DELETE take neither."""
    made = make(
        place={"writes": "Order", "action": "create"},
        change={"writes": "Order", "action": "update"},
        drop={"writes": "Order", "action": "delete"},
        see={"reads": "Order", "by": "id"},
        find={"reads": "Customer", "by": "email"},
    ).design.api.operations
    headers = {
        name: [h for h, value in made[name].parameters.items() if value.place == "header"]
        for name in ("place", "change", "drop", "see", "find")
    }
    assert headers == {"place": ["Idempotency-Key"], "change": ["If-Match"], "drop": [], "see": [], "find": []}
    assert [name for name in headers if made[name].needs_idempotency_key] == ["place"]


def test_statuses_say_what_happened() -> None:
    """201 for what is created, 202 for what goes on later, 204 for what is gone, 200 else."""
    made = make(
        place={"writes": "Order", "action": "create"},
        import_orders={"writes": "Order", "action": "create", "is_async": True},
        drop={"writes": "Order", "action": "delete"},
        see={"reads": "Order", "by": "id"},
    ).design.api.operations
    assert [made[name].status for name in ("place", "import_orders", "drop", "see")] == [201, 202, 204, 200]
    assert made["import_orders"].response == ("id",)


def test_request_holds_only_what_a_caller_may_set() -> None:
    """No generated key, no secret, no state, no time the server sets, no sum of the parts; the parts are nested."""
    made = make(place_order={"writes": "Order", "action": "create", "roles": "support"})
    found = made.design.api.operations["place_order"]
    assert found.request == ("customer", "OrderLine")
    body = make_request(Resources(made.design), "place_order", found, made.design.access["place_order"])
    assert body is not None
    assert sorted(body.schema["properties"]) == ["customer_id", "lines"]
    assert sorted(body.schema["properties"]["lines"]["items"]["properties"]) == ["product_id", "quantity"]
    assert body.schema["additionalProperties"] is False


def test_the_caller_is_named_by_the_token_not_by_the_body() -> None:
    """Where only the role `customer` may call it, the customer is whom the token names."""
    assert "customer" not in operation(place_order={"writes": "Order", "action": "create", "roles": "customer"}).request


@pytest.mark.parametrize("name", ALL)
def test_no_secret_ever_comes_back(name: str) -> None:
    """No answer that archnb proposes carries a field marked as a secret, nor a public one a personal field."""
    made = planned(name)
    resources = Resources(made.design)
    for op, one in made.design.api.operations.items():
        body = make_response(resources, op, one, made.design.access.get(op))
        if body is None or one.entity is None:
            continue
        for entity in (one.entity, *(part for part in one.response if part in made.design.entities)):
            for field, said in resources.fields(entity).items():
                if said.secret or (one.is_public and said.personal):
                    assert json.dumps(resources.names(entity)[field]) not in json.dumps(body.schema)


def test_a_public_answer_leaves_personal_data_out() -> None:
    """Where anybody may read, personal fields stay inside; where a role reads, they come along."""
    assert operation(see={"reads": "Customer", "by": "id", "roles": "public"}).response == ("id",)
    assert operation(see={"reads": "Customer", "by": "id", "roles": "admin"}).response == ("id", "email", "name")


def test_errors_follow_from_what_can_go_wrong() -> None:
    """Steps that take from a stock can find too little; third parties can fail; a unique value can be taken."""
    steps = ["reserve Stock undo release", "charge Order via psp"]
    found = operation(place_order={"writes": "Order", "action": "create", "steps": steps, "roles": "customer"}).errors
    assert {"insufficient_stock", "upstream_failed", "timeout", "idempotency_key_reused", "unauthenticated"} <= {*found}
    assert "not_found" not in found
    assert "conflict" in operation(sign_up={"writes": "Customer", "action": "create"}).errors
    assert not {"unauthenticated", "forbidden"} & {
        *operation(see={"reads": "Product", "by": "id", "roles": "public"}).errors
    }


def test_examples_belong_together() -> None:
    """What an example creates is what the next one gets and lists; a line's price is the product's, and the total adds up."""
    made = make(
        place_order={"writes": "Order", "action": "create", "roles": "support"},
        get_order={"reads": "Order", "by": "id"},
        orders_of_customer={"reads": "Order", "by": "customer"},
        cancel_order={"writes": "Order", "action": "update", "by": "id"},
        get_product={"reads": "Product", "by": "id"},
    )
    resources = Resources(made.design)

    def give(name: str) -> Any:
        body = make_response(resources, name, made.design.api.operations[name], made.design.access[name])
        assert body is not None
        return body.example

    created, product = give("place_order"), give("get_product")
    assert created == give("get_order")
    listed = give("orders_of_customer")["items"]
    assert listed[0] == {name: value for name, value in created.items() if name != "lines"}
    assert listed[1]["id"] != listed[0]["id"]
    assert listed[1]["customer_id"] == listed[0]["customer_id"]
    line = created["lines"][0]
    assert line["product_id"] == product["id"]
    assert line["unit_price"] == product["price"]
    assert float(created["total"]["amount"]) == pytest.approx(line["quantity"] * float(product["price"]["amount"]))
    assert give("cancel_order") == created | {"status": "cancelled"}
    request = make_request(resources, "place_order", made.design.api.operations["place_order"])
    assert request is not None
    assert request.example["customer_id"] == created["customer_id"]


def test_an_instance_is_the_same_each_time() -> None:
    """Examples depend on the design alone."""
    assert make_instance(Resources(shop()), "Order") == make_instance(Resources(shop()), "Order")


def test_rate_limit_follows_from_the_load() -> None:
    """A limit lets ten times an average user's day pass in a minute, and is never below what hands can do."""
    made = planned("tiny")
    calls = made.facts["api.orders_of_customer.calls_per_user"].to("/day")
    limit = made.design.api.operations["orders_of_customer"].rate_limit
    assert limit is not None
    assert limit.to("/min") >= 10 * calls
    assert limit.to("/min") < 20 * calls
    assert made.why("api.operations.orders_of_customer.rate_limit").facts == ("api.orders_of_customer.calls_per_user",)
    erase = made.design.api.operations["erase_customer"].rate_limit
    assert erase is not None
    assert erase.to("/min") == 10


def test_sizes_are_those_of_the_examples_and_sum_to_the_egress() -> None:
    """A response's size is its example's bytes, a page's the row times the limit; egress is the sum of rate times size."""
    made = planned("tiny")
    resources = Resources(made.design)
    total = 0.0
    for name, one in made.design.api.operations.items():
        body = make_response(resources, name, one, made.design.access[name])
        size = made.facts[f"api.{name}.response_size"].to("B")
        if body is not None and not body.is_list:
            assert size == measure_bytes(body.example)
        total += made.facts[f"access.{name}.rate"].to("/s") * size
    assert made.facts["load.peak_egress"].to("B/s") == pytest.approx(total)
    assert made.facts["api.orders_of_customer.response_size"].to("B") == 20 * made.facts[
        "api.orders_of_customer.item_size"
    ].to("B")


@pytest.mark.parametrize("name", ALL)
def test_views_are_there_under_their_names(name: str) -> None:
    """Operations, examples and the styles weighed, one row an operation."""
    made = planned(name)
    assert [shape.name for shape in made.api.views] == ["operations", "api-examples", "api-styles"]
    assert len(made.api["operations"].frame) == len(made.design.api.operations)
    assert list(made.api["api-styles"].frame["verdict"]) == ["chosen", "refused", "refused"]


def test_example_of_a_creation_names_where_it_is() -> None:
    """The HTTP example of what is created has a Location, and that is the address of the get."""
    text = str(
        make(place_order={"writes": "Order", "action": "create"}, get_order={"reads": "Order", "by": "id"}).api[
            "api-examples"
        ]
    )
    place = text.partition("### place_order")[2].partition("###")[0]
    get = text.partition("### get_order")[2].partition("###")[0]
    location = next(line for line in place.splitlines() if line.startswith("Location: ")).removeprefix("Location: ")
    assert f"GET {location} HTTP/1.1" in get
    assert "201 Created" in place


def test_an_operation_without_an_entity_is_completed_too() -> None:
    """A health check that was said with its path only gets a method and a status."""
    design = Design.of(BASE | {"api": {"operations": {"health": {"path": "/health", "is_public": True}}}})
    found = plan(design).design.api.operations["health"]
    assert (found.method, found.path, found.status, found.is_public) == ("GET", "/health", 200, True)


@given(st.text(max_size=30))
def test_names_are_safe_where_they_stand(text: str) -> None:
    """Any text gives words, a snake_case name, a path segment without reserved characters, and an ASCII component name."""
    assert all(split_words(text))
    assert snake(text).replace("_", "").isalnum()
    assert not set(kebab(text)) & set("/?#{}[]@:;, \"'<>")
    assert kebab(text).isascii()
    assert pascal(text).isascii()
    assert pascal(text).isalnum()


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b"]), max_size=12))
def test_claimed_names_are_all_different(wanted: list[str]) -> None:
    """Names that fall together are told apart."""
    taken: list[str] = []
    for one in wanted:
        taken.append(claim(one, taken))
    assert len(set(taken)) == len(taken)


@pytest.mark.parametrize(
    "word", ["order", "category", "box", "address", "person", "day", "order_line", "invoice", "company", "class"]
)
def test_singular_undoes_plural(word: str) -> None:
    """The singular of the plural is the word."""
    assert singular(plural(word)) == word


def test_an_asynchronous_read_gives_what_was_last_computed() -> None:
    """A worker computes it and the read answers 200 at once: the API, its reason and the job say the same."""
    made = planned("shop")
    operation = made.design.api.operations["revenue_by_day"]
    assert (operation.method, operation.status) == ("GET", 200)
    assert "last computed" in str(made.why("api.operations.revenue_by_day.status"))
    assert made.design.access["revenue_by_day"].is_async
    why = str(made.why("jobs.jobs.revenue_by_day"))
    assert "last computed" in why
    assert "202" not in why


LINK: dict[str, Any] = {
    "name": "links",
    "entities": {
        "Account": {"fields": {"id": "key", "email": "email unique personal"}, "rows": "5k"},
        "Link": {
            "fields": {"code": "code(7) key", "target": "url", "account": "-> Account optional", "created_at": "timestamp = now()"},
            "rows": "9k",
        },
    },
    "access": {
        "resolve": {"reads": "Link", "by": "code", "limit": 1, "roles": "public"},
        "links_of_account": {"reads": "Link", "by": "account", "limit": 20, "roles": "user"},
        "shorten": {"writes": "Link", "action": "create", "roles": "user"},
    },
}  # fmt: skip


def test_a_short_link_redirects_and_says_nothing_else() -> None:
    """302 with the address in Location and no body, so nobody learns whose link it is; the example shows the header."""
    made = plan(Design.of(LINK))
    one = made.design.api.operations["resolve"]
    assert (one.method, one.path, one.status, one.response) == ("GET", "/links/{code}", 302, ())
    assert make_response(Resources(made.design), "resolve", one, made.design.access["resolve"]) is None
    text = str(made.api["api-examples"].text)
    assert "HTTP/1.1 302 Found\nLocation: https://" in text
    assert "account" in made.design.api.operations["links_of_account"].response
    assert made.facts["api.resolve.response_size"].to("B") > 10


@pytest.mark.parametrize("extra", [{"title": "text(80)"}, {"other": "url"}, {"price": "money"}])
def test_what_holds_more_than_an_address_is_shown(extra: dict[str, str]) -> None:
    """A coupon with a picture is no short link: it is answered as JSON, but without the id of a person."""
    fields = LINK["entities"]["Link"]["fields"] | extra
    design = LINK | {"entities": LINK["entities"] | {"Link": {"fields": fields, "rows": "9k"}}}
    one = plan(Design.of(design)).design.api.operations["resolve"]
    assert one.status == 200
    assert {"target", *extra} <= set(one.response)
    assert "account" not in one.response


def test_what_was_said_of_an_answer_is_kept() -> None:
    """A said response or status makes it an ordinary read again."""
    for said in ({"response": ["target"]}, {"status": 200}):
        one = plan(Design.of(LINK | {"api": {"operations": {"resolve": said}}})).design.api.operations["resolve"]
        assert one.status == 200
        assert "target" in one.response


def test_the_public_is_not_told_whose_a_row_is() -> None:
    """No open operation of any sample gives a reference to what holds personal data, unless the caller named it."""
    for name in ALL:
        design = planned(name).design
        resources = Resources(design)
        for operation_name, one in design.api.operations.items():
            if (
                not one.is_public
                or one.entity not in design.entities
                or "response" in str(planned(name).said.api.operations.get(operation_name, ""))
            ):
                continue
            pattern = design.access.get(one.pattern or operation_name)
            for field in one.response:
                target = (
                    resources.fields(one.entity)[field].references if field in resources.fields(one.entity) else None
                )
                if target is not None and (pattern is None or field not in pattern.by):
                    assert not resources.is_of_people(target), (name, operation_name, field)


def test_a_row_that_is_listed_by_its_parent_is_created_there() -> None:
    """POST stands where GET stands, where the parent is part of what tells rows apart; else the collection takes it."""
    base = BASE["entities"] | {
        "Review": {
            "fields": {"id": "key", "product": "-> Product", "customer": "-> Customer", "stars": "int"},
            "unique": ["product + customer"],
            "rows": "9k",
        }
    }
    access = {
        "reviews_of_product": {"reads": "Review", "by": "product", "limit": 20},
        "write_review": {"writes": "Review", "action": "create", "roles": "customer"},
    }
    made = plan(Design.of({"entities": base, "access": access})).design.api.operations
    assert made["write_review"].path == made["reviews_of_product"].path == "/products/{product_id}/reviews"
    assert "product" not in made["write_review"].request
    assert "conflict" in made["write_review"].errors
    alone = plan(
        Design.of({"entities": base, "access": {"write_review": access["write_review"]}})
    ).design.api.operations
    assert alone["write_review"].path == "/reviews"


def test_a_natural_key_may_be_taken() -> None:
    """A line of a cart is told apart by cart and product, so a second one is a conflict; a generated key never is one."""
    made = planned("shop").design.api.operations
    assert "conflict" in made["put_in_cart"].errors
    assert "cart + product" in str(planned("shop").why("api.operations.put_in_cart.errors"))
    assert "conflict" not in made["place_order"].errors


def test_the_mean_answer_is_no_larger_than_the_largest() -> None:
    """The mean over the operations is over their own rates, however far these are from the load that was said."""
    said: dict[str, Any] = {
        "requirements": {"load": {"daily_users": "1k", "requests_per_user": "1/day"}},
        "entities": {"Leaf": {"fields": {"id": "key", "name": "text(40)"}, "rows": "10k"}},
        "access": {"view_leaf": {"reads": "Leaf", "by": "id", "rate": "500/s"}},
    }
    facts = plan(Design.of(said)).facts
    sizes = [fact.base for name, fact in facts.items() if name.startswith("api.") and name.endswith(".response_size")]
    assert 0.999 * min(sizes) <= facts["requirements.load.response_size"].base <= 1.001 * max(sizes)


def test_a_call_about_no_entity_takes_what_it_says_and_nothing_else() -> None:
    """Its words are texts; a word that is not said is refused, as in any request."""
    said = Operation(method="POST", path="/search-hints", request=("phrase",), action="command")
    body = make_request(Resources(Design.of(BASE)), "hint", said)
    assert body is not None
    assert body.schema["additionalProperties"] is False and list(body.schema["properties"]) == ["phrase"]


def test_an_answer_without_content_has_no_body() -> None:
    """204 says that nothing follows (RFC 9110, 15.3.5), whatever the operation names as its response."""
    said = Operation(
        method="DELETE", path="/orders/{id}", entity="Order", action="delete", status=204, response=("id",)
    )
    assert make_response(Resources(Design.of(BASE)), "drop", said, None) is None
