"""The statements of operations: what a write sets and from where, what guards it, and that pages leave no row out."""

from __future__ import annotations

from typing import Any

import pytest

from archnb import Design, Plan, plan
from archnb.export.queries import Query, queries
from archnb.planned.statements import Delete, Insert, Read, Update, Upsert

# a workshop: members book benches, volunteers lend tools, a till moves vouchers
WORKSHOP: dict[str, Any] = {
    "name": "workshop",
    "entities": {
        "Member": {"fields": {"id": "uuid key", "email": "email unique personal", "name": "text(80) personal", "rating": "decimal(3, 2) optional"}},
        "Helper": {"fields": {"id": "uuid key", "email": "email unique personal"}},
        "Tool": {"fields": {"id": "key", "label": "text(40)", "fee": "money >= 0", "status": "enum(here, lent, broken) = here"}},
        "Repair": {
            "fields": {
                "id": "uuid key", "member": "-> Member", "helper": "-> Helper optional", "title": "text(200)", "due_on": "date optional",
                "state": "enum(asked, accepted, completed, cancelled) = asked", "asked_at": "timestamp = now()", "completed_at": "timestamp optional",
                "deleted_at": "timestamp optional",
            }
        },
        "Loan": {"fields": {"id": "uuid key", "member": "-> Member", "tool": "-> Tool", "fee": "money >= 0", "made_at": "timestamp = now()"}},
        "Photo": {"fields": {"id": "uuid key", "repair": "-> Repair cascade", "address": "url"}},
        "Voucher": {"fields": {"id": "key", "member": "-> Member", "balance": "money >= 0"}},
        "Gift": {"fields": {"id": "uuid key", "from_voucher": "-> Voucher", "to_voucher": "-> Voucher", "amount": "money", "made_at": "timestamp = now()"}},
        "Bookmark": {"fields": {"member": "-> Member", "tool": "-> Tool", "page": "int", "updated_at": "timestamp"}, "key": ["member", "tool"]},
    },
    "access": {
        "ask_repair": {"writes": "Repair", "action": "create", "rate": "1/s", "roles": "member"},
        "accept_repair": {"writes": "Repair", "action": "update", "by": "id", "rate": "1/s", "roles": "helper"},
        "cancel_repair": {"writes": "Repair", "action": "update", "by": "id", "rate": "1/s", "roles": "member"},
        "delete_repair": {"writes": "Repair", "action": "delete", "by": "id", "rate": "1/s", "roles": "member"},
        "repairs_of_member": {"reads": "Repair", "by": "member", "sort": "due_on", "limit": 20, "include": ["Photo", "Helper"], "rate": "9/s", "roles": "member"},
        "borrow": {"writes": "Loan", "action": "create", "rate": "1/s", "roles": "member"},
        "give": {"writes": "Gift", "action": "create", "steps": ["debit Voucher", "credit Voucher"], "rate": "1/s", "roles": "member"},
        "save_bookmark": {"writes": "Bookmark", "action": "update", "by": ["member", "tool"], "rate": "5/s", "roles": "member"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def workshop() -> Plan:
    return plan(Design.of(WORKSHOP))


def sources(made: Plan, operation: str) -> dict[str, str]:
    """What a write sets, and from where."""
    found = made.planned.entities.access[operation].sets
    return {one.field: f"{one.source} {one.value}".strip() for one in found}


def query(made: Plan, operation: str, dialect: str = "postgresql") -> list[Query]:
    return [one for one in queries(made, dialect) if one.pattern == operation]


def test_nobody_sets_what_is_not_theirs(workshop: Plan) -> None:
    """Key, owner, state and moments of a new row come from the server and the token; a helper is known when one takes it."""
    found = sources(workshop, "ask_repair")
    assert {name for name, source in found.items() if source == "caller"} == {"title", "due_on"}
    assert found["member"] == "token caller" and found["state"] == "server default"
    assert found["helper"] == "server missing" and found["completed_at"] == "server missing"
    assert "the token says who that is" in workshop.why("access.ask_repair.sets").reason


def test_a_price_is_copied_from_where_it_stands(workshop: Plan) -> None:
    """What a loan costs is read from the tool in the statement itself."""
    assert sources(workshop, "borrow")["fee"] == "row tool.fee"
    (made,) = query(workshop, "borrow")
    assert "(SELECT tool.fee_amount" in made.sql and ":new_fee" not in made.sql


def test_a_verb_is_a_step_in_the_life_of_a_row(workshop: Plan) -> None:
    """Accepting sets the state and who does it, of a row that is asked for and nobody's; cancelling of one that is not over."""
    accept, cancel = query(workshop, "accept_repair")[0].sql, query(workshop, "cancel_repair")[0].sql
    assert sources(workshop, "accept_repair")["helper"] == "token caller"
    assert "repair.state = 'asked'" in accept and "repair.helper_id IS NULL" in accept
    assert "repair.state IN ('asked', 'accepted')" in cancel


@pytest.mark.parametrize(
    "name, more, states",
    [
        ("postpone_repair", {}, {"asked", "accepted"}),
        ("change_due_on", {}, {"asked", "accepted"}),
        # who edits a title may do so afterwards, and what is said of the state stands
        ("edit_repair", {}, None),
        ("postpone_repair", {"where": ["state is present"]}, None),
        ("postpone_repair", {"many": True, "by": "member"}, None),
    ],
)
def test_what_is_over_is_not_moved(name: str, more: dict[str, Any], states: set[str] | None) -> None:
    write = {"writes": "Repair", "action": "update", "by": "id", "rate": "1/s", "roles": "member"}
    made = plan(Design.of({**WORKSHOP, "access": {**WORKSHOP["access"], name: {**write, **more}}}))
    (update,) = made.planned.statements.procedures[name].statements
    assert isinstance(update, Update)
    found = [one for one in update.guards if one.kind == "state"]
    assert bool(found) == (states is not None)
    if states is not None:
        assert {one.name for one in found[0].predicate.values} == states  # type: ignore[union-attr]
        assert "completed or cancelled" in found[0].reason


def test_the_ends_of_a_life_that_is_told_whole() -> None:
    entities = {
        **WORKSHOP["entities"],
        "Crate": {"fields": {"id": "key", "state": "enum(packed, away, home, scrapped) = packed"}, "states": ["packed -> away", "away -> home", "away -> scrapped", "home -> packed"]},
    }  # fmt: skip
    model = plan(Design.of({**WORKSHOP, "entities": entities})).model
    assert model.states.list_ends("Crate") == ("scrapped",)
    assert model.states.list_ends("Repair") == ("completed", "cancelled")
    assert model.states.list_ends("Member") == ()


def test_the_transaction_has_the_statement(workshop: Plan) -> None:
    """The transaction section says the condition that the exported statement has."""
    (one,) = workshop.planned.operations["accept_repair"].transactions
    assert "state = 'asked'" in one.guard and "helper_id IS NULL" in one.guard


def test_what_is_deleted_softly_stays_and_is_not_read(workshop: Plan) -> None:
    """A deletion marks the row, and every read leaves such rows out."""
    (deletion,) = workshop.planned.operations["delete_repair"].statements
    assert isinstance(deletion, Update)
    assert "repair.deleted_at IS NULL" in query(workshop, "repairs_of_member")[0].sql


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
def test_a_page_behind_a_missing_value(workshop: Plan, dialect: str) -> None:
    """The next page has rows without a value as well; children come in a statement of their own, capped, and once each."""
    (made,) = query(workshop, "repairs_of_member", dialect)
    assert made.next_page is not None and ":after_due_on IS" in made.next_page and "due_on IS" in made.next_page
    assert [one.purpose for one in made.includes] == ["with Photo", "with Helper"]
    assert "row_number() OVER (PARTITION BY photo.repair_id" in made.includes[0].sql
    assert "JOIN" not in made.sql


def test_what_moves_between_rows_is_one_transaction(workshop: Plan) -> None:
    """Both rows are locked in the order of their keys; neither falls below what is taken."""
    found = workshop.planned.operations["give"].statements
    assert [type(one) for one in found] == [Read, Insert, Update, Update]
    lock, _, debit, credit = query(workshop, "give")
    assert lock.sql.endswith("FOR UPDATE") and "ORDER BY voucher.id" in lock.sql
    assert "voucher.balance_amount >= :new_amount" in debit.sql and "balance_amount >=" not in credit.sql


def test_a_place_that_is_kept_is_made_where_there_is_none(workshop: Plan) -> None:
    """An update by the whole key of what nothing makes is an upsert, in which the later moment wins."""
    (one,) = workshop.planned.operations["save_bookmark"].statements
    assert isinstance(one, Upsert) and workshop.planned.entities.access["save_bookmark"].is_upsert
    (made,) = query(workshop, "save_bookmark")
    assert (
        "ON CONFLICT (member_id, tool_id) DO UPDATE" in made.sql
        and "bookmark.updated_at < excluded.updated_at" in made.sql
    )


def test_what_is_said_stands() -> None:
    """Said assignments and filters are what the statement has, with what the server sets besides."""
    said = {**WORKSHOP, "access": {
        "lend": {"writes": "Tool", "action": "update", "by": "id", "where": "status = here", "sets": "status = lent", "rate": "1/s", "roles": "helper"},
        "clear": {"writes": "Photo", "action": "delete", "by": "repair", "many": True, "rate": "1/s", "roles": "helper"},
        "late": {"reads": "Repair", "where": "due_on < now - 3 days, state in (asked, accepted)", "sort": "-due_on nulls last", "limit": 9, "rate": "1/s", "roles": "helper"},
    }}  # fmt: skip
    made = plan(Design.of(said))
    (lend,) = query(made, "lend")
    assert "SET status='lent'" in lend.sql and "tool.status = 'here'" in lend.sql
    (clear,) = made.planned.operations["clear"].statements
    assert isinstance(clear, Delete) and clear.rows == "many"
    (late,) = query(made, "late")
    assert "repair.state IN ('asked', 'accepted')" in late.sql and "NULLS LAST" in late.sql
    assert late.parameters[0].offset == -3 * 86400 and late.parameters[0].text == "now"
    assert "operations-write-of-many-rows" not in {
        one.rule.id for one in made.findings if one.path.startswith("access.clear")
    }
