"""The auth topic: who the user is, whose a row is, who may do what, and how long a token is good."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from archnb import Design, plan
from archnb.design import leaves
from archnb.model import Model, role_words
from archnb.plan import Plan
from archnb.shapes import Cell, Sequence, Table
from tests.designs import ALL


@lru_cache
def planned(name: str) -> Plan:
    """The plan of a sample design, made once."""
    return plan(ALL[name]())


BASE: dict[str, Any] = {
    "requirements": {"load": {"daily_users": "1M", "requests_per_user": "20/day", "peak_factor": 3}},
    "entities": {
        "Seller": {"fields": {"id": "key", "email": "email unique personal"}, "rows": 900},
        "Customer": {
            "fields": {"id": "key", "email": "email unique personal", "name": "text(200) personal"},
            "rows": "5k",
        },
        "Product": {"fields": {"id": "key", "seller": "-> Seller", "name": "text(200)"}, "rows": "9k"},
        "Order": {"fields": {"id": "key", "customer": "-> Customer", "total": "money"}, "rows": "10k"},
        "OrderLine": {"fields": {"id": "key", "order": "-> Order", "product": "-> Product"}, "rows": "30k"},
        "Cart": {"fields": {"id": "key", "customer": "-> Customer optional"}, "rows": "10k"},
        "CartLine": {"fields": {"id": "key", "cart": "-> Cart", "quantity": "int"}, "rows": "10k"},
        "Banner": {"fields": {"id": "key", "text": "text(80)"}, "rows": 20},
    },
    "access": {
        "get_order": {"reads": "Order", "by": "id", "roles": "customer, support"},
        "get_line": {"reads": "OrderLine", "by": "id", "roles": "customer"},
        "add_to_cart": {"writes": "CartLine", "action": "create", "roles": "customer"},
        "get_banner": {"reads": "Banner", "by": "id", "roles": "customer"},
        "edit_product": {"writes": "Product", "action": "update", "by": "id", "roles": "seller, admin"},
        "get_product": {"reads": "Product", "by": "id", "roles": "public"},
        "sync_orders": {"reads": "Order", "roles": "internal"},
    },
}


@lru_cache
def base() -> Plan:
    """The plan of the base design, made once."""
    return plan(Design.of(BASE))


def make(**more: Any) -> Plan:
    """The plan of the base design with more said."""
    return plan(Design.of(BASE | more)) if more else base()


def test_owner_is_who_signs_in_and_is_referred_to() -> None:
    """The user is the entity with an e-mail address whose name a role has and to which most refer, and the reason says so."""
    made = make()
    assert made.design.auth.owner == "Customer"
    reason = made.why("auth.owner").reason
    assert "email" in reason
    assert "2 fields refer to it" in reason
    assert "Seller could be too" in reason


def test_nobody_is_the_user_where_nobody_signs_in() -> None:
    """A design without an address to sign in with has no owner, and then every permission is on any row."""
    design = Design.of({"entities": {"Note": {"fields": {"id": "key", "text": "text(80)"}}}})
    assert not Model(design).people.user
    made = plan(design)
    assert made.design.auth.owner is None
    assert {scope for role in made.design.auth.roles.values() for scope in role.allows.values()} == {"any"}


def test_way_to_the_owner_follows_required_references() -> None:
    """A line is its order's customer's; a cart may be nobody's, and is the customer's where it has one; a banner is nobody's."""
    design = Design.of(BASE)
    assert str(Model(design).ways.find("OrderLine", "Customer")) == "OrderLine.order -> Order.customer"
    assert str(Model(design).ways.find("CartLine", "Customer")) == "CartLine.cart -> Cart.customer"
    assert Model(design).ways.find("Banner", "Customer") is None
    assert str(Model(design).ways.find("Customer", "Customer")) == "its own key"


def test_a_reference_in_a_circle_ends() -> None:
    """Entities that refer to each other in a circle do not keep the search going."""
    design = Design.of(
        {
            "entities": {
                "A": {"fields": {"id": "key", "b": "-> B"}},
                "B": {"fields": {"id": "key", "a": "-> A"}},
                "U": {"fields": {"id": "key", "mail": "email"}},
            }
        }
    )
    assert Model(design).ways.find("A", "U") is None


def test_users_act_on_their_own_rows_and_staff_on_any() -> None:
    """A customer's permission is on the own rows where rows have owners; a seller's rows are the seller's; staff and programs act on any."""
    roles = make().design.auth.roles
    said = {one: scope for one, scope in roles["customer"].allows.items() if one in BASE["access"]}
    assert said == {"get_order": "own", "get_line": "own", "add_to_cart": "own", "get_banner": "any"}
    # what is proposed keeps to it: both reach their own record, and their own rows only
    assert {"get_customer", "get_cart"} <= {*roles["customer"].allows}
    proposed = {one: scope for one, scope in roles["customer"].allows.items() if one not in BASE["access"]}
    assert {*proposed.values()} == {"own"}
    # a product that is only changed gets a creation, and the seller's own record is among them; the list of all sellers is not
    assert dict(roles["seller"].allows) == dict.fromkeys(
        ("edit_product", "create_product", "get_seller", "update_seller", "erase_seller"), "own"
    )
    assert roles["support"].allows["get_order"] == "any"
    assert roles["internal"].allows["sync_orders"] == "any"


def test_said_permissions_stay_as_they_are() -> None:
    """What a role was said to allow is neither widened nor narrowed, and what was not said is concluded beside it."""
    made = make(auth={"roles": {"customer": {"allows": {"get_order": "any"}}}})
    assert dict(made.design.auth.roles["customer"].allows) == {
        **base().design.auth.roles["customer"].allows,
        "get_order": "any",
    }


@pytest.mark.parametrize("name", ALL)
def test_every_closed_operation_has_a_role(name: str) -> None:
    """What archnb proposes leaves no operation that nobody may call."""
    made = planned(name)
    allowed = {one for role in made.design.auth.roles.values() for one in role.allows}
    closed = {op for op, one in made.design.api.operations.items() if not one.is_public}
    assert closed <= allowed


@pytest.mark.parametrize("name", ALL)
def test_every_proposed_value_has_a_reason(name: str) -> None:
    """Whatever stands in the section was said, or there is a reason for it or for the record that it stands in."""
    made = planned(name)
    said = {path for path, _ in leaves(made.said)}
    for path in made.paths():
        if path.startswith("auth.") and path not in said:
            above = [path[:n] for n, sign in enumerate(path) if sign == "."]
            found = [made.draft.reasons[one].reason for one in (path, *above) if one in made.draft.reasons]
            assert found and all(found), path


def test_clients_follow_from_who_uses_them() -> None:
    """Users get a program with PKCE, staff a web console, programs client credentials; each role has one."""
    clients = make().design.auth.clients
    assert {name: (one.kind, one.grant, one.roles) for name, one in clients.items()} == {
        "app": ("spa", "authorization_code_pkce", ("customer", "seller")),
        "console": ("web", "authorization_code_pkce", ("support", "admin")),
        "worker": ("service", "client_credentials", ("internal",)),
    }


@pytest.mark.parametrize(
    ("role", "kind"),
    [("admin", "admin"), ("catalogue_admin", "admin"), ("Administrator", "admin"), ("support", "staff"), ("customer", "user"), ("internal", "service"), ("service_admin", "service")],
)  # fmt: skip
def test_roles_are_told_apart_by_their_words(role: str, kind: str) -> None:
    """Admin, staff, service or user, by the words of the name."""
    found = (
        "admin"
        if role_words.is_admin(role)
        else "staff"
        if role_words.is_staff(role)
        else "service"
        if role_words.is_service(role)
        else "user"
    )
    assert found == kind


def test_only_admins_must_have_a_second_factor() -> None:
    """Admin needs a second factor, a customer does not."""
    roles = make().design.auth.roles
    assert roles["admin"].needs_mfa is True
    assert roles["customer"].needs_mfa is False


def test_lifetimes_nest_whatever_was_said() -> None:
    """Access is no longer than refresh, refresh no longer than the session, as long as what was said allows it."""
    for said in (
        {},
        {"session_ttl": "1 h"},
        {"refresh_token_ttl": "90 days"},
        {"session_ttl": "5 min"},
        {"access_token_ttl": "2 min"},
    ):
        auth = make(auth=said).design.auth
        assert auth.access_token_ttl and auth.refresh_token_ttl and auth.session_ttl
        assert auth.access_token_ttl.base <= auth.refresh_token_ttl.base <= auth.session_ttl.base


def test_strict_rules_shorten_the_tokens() -> None:
    """PCI DSS in the requirements makes tokens shorter, and the reason names it."""
    made = make(requirements=BASE["requirements"] | {"compliance": ["PCI-DSS"]})
    assert made.facts["auth.access_token_ttl"].to("min") == 5
    assert "PCI-DSS" in made.why("auth.access_token_ttl").reason


def test_provider_load_follows_from_the_users() -> None:
    """Active users by Little's law: a million a day, three times the average at the peak, a quarter of an hour each; a token each ten minutes."""
    facts = make().facts
    assert facts["auth.active_users"].value == pytest.approx(1e6 * 3 * 15 / 1440)
    assert facts["auth.token_rate"].to("/s") == pytest.approx(31250 / 600)
    assert facts["auth.revocation_delay"].to("min") == 10


def test_opaque_tokens_end_at_once_and_are_asked_about() -> None:
    """An opaque token can be taken back at once, and costs a question at each request."""
    facts = make(auth={"token_format": "opaque"}).facts
    assert facts["auth.revocation_delay"].value == 0
    assert facts["auth.introspection_rate"].value == facts["load.peak_requests"].value


def test_sign_in_has_the_parameters_by_their_names() -> None:
    """The sequence of authorisation code with PKCE shows each parameter that keeps it safe, in the right order."""
    shape = make().auth["sign-in"]
    assert isinstance(shape, Sequence)
    text = "\n".join(message.label for message in shape.messages)
    order = [
        "code_verifier",
        "code_challenge=BASE64URL(SHA256(code_verifier))&code_challenge_method=S256",
        "code=…&state=…&iss=…",
        "grant_type=authorization_code",
        "exp, nonce",
        "Authorization: Bearer",
    ]
    places = [text.index(one) for one in order]
    assert places == sorted(places)
    known = {one.id for one in shape.participants}
    assert all({message.source, message.target} <= known for message in shape.messages)
    assert "grant_type=password" not in text
    assert "response_type=token" not in text


def test_reuse_of_a_refresh_token_ends_the_session() -> None:
    """The renewal shows rotation, and that an old token used twice ends the family."""
    text = "\n".join(message.label for message in make().auth["token-refresh"].messages)  # type: ignore[union-attr]
    assert "refresh_token=r2" in text
    assert "invalid_grant" in text


def test_permissions_are_the_matrix_of_the_section() -> None:
    """One row an operation, a column a role; every cell is what the section says, and `own` says by which reference."""
    made = make()
    table = made.auth["permissions"]
    assert isinstance(table, Table)
    frame = table.frame.set_index("operation")
    for name in made.design.api.operations:
        for role, one in made.design.auth.roles.items():
            assert frame.loc[name, role] == (one.allows.get(name) or "")
    assert frame.loc["get_line", "whose rows"] == "OrderLine.order -> Order.customer = sub"
    assert "WHERE order.id = order_line.order_id AND order.customer_id = :caller" in frame.loc["get_line", "as SQL"]
    assert frame.loc["get_product", "public"] == "any"


def test_personal_data_shows_every_place() -> None:
    """Each personal or secret field has its readers; a secret has none."""
    fields = {"id": "key", "email": "email unique personal", "recovery_code": "bytes(32) secret"}
    small = plan(Design.of({"name": "small", "entities": {"Customer": {"fields": fields}}}))
    frame = small.auth["personal-data"].frame.set_index("field")
    assert frame.loc["Customer.recovery_code", "who reads it"] == "nobody"
    assert frame.loc["Customer.recovery_code", "logs and traces"] == "never"
    frame = planned("shop").auth["personal-data"].frame.set_index("field")
    assert "admin (any)" in frame.loc["Customer.email", "who reads it"]


def test_views_are_there_under_their_names() -> None:
    """Sequences, clients, roles, matrix, lifetimes, checks and personal data, in reading order."""
    names = [shape.name for shape in planned("tiny").auth.views]
    assert names == [
        "sign-in",
        "token-refresh",
        "service-token",
        "auth-clients",
        "roles",
        "permissions",
        "permission-kinds",
        "token-lifetimes",
        "auth-checks",
        "personal-data",
    ]


@pytest.mark.parametrize("name", ALL)
def test_every_view_has_a_table_behind_it(name: str) -> None:
    """Each shape gives its table, whatever things are called."""
    for shape in planned(name).auth.views:
        assert shape.frame is not None
        assert len(shape.frame) > 0


def test_roles_say_what_is_behind_them() -> None:
    """The table of roles shows whose rows stand for each, and how that is known; what is not known says what to write."""
    shown = next(one for one in make().auth.views if one.name == "roles")
    assert isinstance(shown, Table)
    rows = {str(row[0].value): row for row in shown.rows if isinstance(row[0], Cell)}
    assert rows["customer"][1:3] == ("person", "Customer")
    assert rows["support"][1:3] == ("staff", "")
    assert "No tenant is known" in shown.description
