"""Proofs that compare with an oracle: what is right passes on every engine, and what runs and is wrong does not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from archnb import Design, plan
from archnb.export.queries import Query, queries
from archnb.verify import Proof, relational, verify
from archnb.verify.rows import make_rows
from tests import designs
from tests.test_verify import _break

LOAD = {"load": {"daily_users": "10k", "requests_per_user": "10/day"}}
ENGINES = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
    pytest.param("mysql", marks=pytest.mark.needs("mysql")),
]


def prove(design: dict[str, Any], engine: str) -> Proof:
    """The proof of a design on one engine."""
    (proof,) = verify(plan(Design.of({"requirements": LOAD, **design})), only=engine)
    return proof


# terms of a thesaurus, each with a broader one by scheme and code; who files a paper belongs to exactly one of three cases
RIGHT: dict[str, dict[str, Any]] = {
    "a key that leads to a unique of its own table": {
        "entities": {
            "Term": {
                "fields": {
                    "id": "key", "scheme": "text(20)", "code": "text(20)",
                    "broader_scheme": "text(20) optional", "broader_code": "text(20) optional",
                },
                "unique": ["scheme + code"],
                "rows": "30k",
            }
        },
        "access": {
            "term": {"reads": "Term", "by": ["scheme", "code"], "limit": 1, "rate": "9/s", "roles": "editor"},
            "move_term": {"writes": "Term", "action": "update", "by": "id", "rate": "1/s", "roles": "editor"},
        },
        "schema": {
            "tables": {
                "term": {
                    "foreign_keys": {
                        "term_broader": {
                            "columns": ["broader_scheme", "broader_code"], "references": "term", "referenced": ["scheme", "code"],
                        }
                    }
                }
            }
        },
    },
    "exactly one of three parents": {
        "entities": {
            "Claim": {"fields": {"id": "key", "title": "text(80)"}, "rows": "10k"},
            "Visit": {"fields": {"id": "uuid key", "on": "date"}, "rows": "10k"},
            "Letter": {"fields": {"id": "key", "sent": "date"}, "rows": "10k"},
            "Paper": {
                "fields": {"id": "key", "name": "text(90)", "claim": "-> Claim optional", "visit": "-> Visit optional", "letter": "-> Letter optional"},
                "rows": "200k",
            },
        },
        "access": {"papers_of_claim": {"reads": "Paper", "by": "claim", "limit": 30, "rate": "20/s", "roles": "clerk"}},
        "schema": {
            "tables": {
                "paper": {
                    "checks": {
                        "one_parent": {
                            "condition": "(claim_id IS NOT NULL AND visit_id IS NULL AND letter_id IS NULL) OR (claim_id IS NULL AND "
                            "visit_id IS NOT NULL AND letter_id IS NULL) OR (claim_id IS NULL AND visit_id IS NULL AND letter_id IS NOT NULL)"
                        }
                    }
                }
            }
        },
    },
    "one tenant column in two keys": {
        "entities": {
            "Club": {"fields": {"id": "key", "name": "text(60)"}, "rows": "1k"},
            "Player": {"fields": {"club": "-> Club", "no": "bigint", "name": "text(60) personal"}, "key": ["club", "no"], "rows": "90k"},
            "Locker": {"fields": {"club": "-> Club", "no": "bigint", "keeper": "bigint", "label": "text(30)"}, "key": ["club", "no"], "rows": "80k"},
        },
        "access": {
            "lockers": {"reads": "Locker", "by": "club", "sort": "label", "limit": 40, "rate": "30/s", "roles": "warden"},
            "change_locker": {"writes": "Locker", "action": "update", "by": ["club", "no"], "rate": "1/s", "roles": "warden"},
        },
        "schema": {
            "tables": {
                "locker": {
                    "foreign_keys": {"keeper_of_club": {"columns": ["club_id", "keeper"], "references": "player", "referenced": ["club_id", "no"]}}
                }
            }
        },
    },
    "a tree with its closure": {
        "entities": {
            "Shelf": {"fields": {"id": "key", "within": "-> Shelf optional", "name": "text(80)"}, "rows": "100k"},
            "ShelfPath": {
                "fields": {"upper": "-> Shelf cascade", "lower": "-> Shelf cascade", "steps": "smallint >= 0"},
                "key": ["upper", "lower"],
                "rows": "900k",
            },
        },
        "access": {
            "shelves_within": {"reads": "Shelf", "by": "within", "sort": "name", "limit": 100, "rate": "60/s", "roles": "clerk"},
            "rename_shelf": {"writes": "Shelf", "action": "update", "by": "id", "rate": "1/s", "roles": "clerk"},
        },
    },
    "two kinds of children": {
        "entities": {
            "Recipe": {"fields": {"id": "key", "name": "text(80)"}, "rows": "10k"},
            "Step": {"fields": {"id": "key", "recipe": "-> Recipe cascade", "text": "text(200)"}, "rows": "90k"},
            "Rating": {"fields": {"id": "key", "recipe": "-> Recipe cascade", "stars": "smallint >= 1 <= 5"}, "rows": "500k"},
        },
        "access": {"view_recipe": {"reads": "Recipe", "by": "id", "include": ["Step", "Rating"], "limit": 1, "rate": "9/s", "roles": "public"}},
    },
    "what is not there yet": {
        "entities": {"Parcel": {"fields": {"id": "key", "packed": "timestamp", "fetched": "timestamp optional"}, "rows": "90k"}},
        "access": {"waiting": {"reads": "Parcel", "by": "fetched", "range": "packed", "sort": "packed", "limit": 90, "rate": "1/s", "roles": "clerk"}},
    },
    "pages behind a missing value": {
        "entities": {
            "Shelf": {"fields": {"id": "key", "name": "text(80)"}, "rows": "1k"},
            "Book": {"fields": {"id": "key", "shelf": "-> Shelf", "title": "text(90)", "lent_on": "date optional"}, "rows": "300k"},
        },
        "access": {"books": {"reads": "Book", "by": "shelf", "sort": "-lent_on", "limit": 50, "rate": "9/s", "roles": "reader"}},
    },
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", list(RIGHT))
def test_what_is_right_passes(name: str, engine: str) -> None:
    """A right design is filled, its constraints refuse, and its operations do what they say."""
    proof = prove(RIGHT[name], engine)
    assert proof.failures == ()
    assert proof.verdict == "passed"


def test_a_row_of_another_tenant_is_shown_to_be_refused() -> None:
    """A key over a shared tenant column is tried with a row that is there, of another tenant."""
    proof = prove(RIGHT["one tenant column in two keys"], "sqlite")
    assert {one.name: one.verdict for one in proof.details}["another's key"] == "passed"


def test_the_children_of_a_row_have_an_example() -> None:
    """A list by a reference to the own entity names a parent in its example."""
    proof = prove(RIGHT["a tree with its closure"], "openapi")
    assert proof.failures == ()


# -- what runs and is wrong

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "columns that are swapped": (
        {
            "entities": {"Parcel": {"fields": {"id": "key", "sender": "text(80)", "receiver": "text(80)"}, "rows": "90k"}},
            "access": {"sent_by": {"reads": "Parcel", "by": "sender", "limit": 20, "rate": "9/s", "roles": "clerk"}},
            "schema": {
                "tables": {
                    "parcel": {
                        "entity": "Parcel",
                        "columns": {
                            "id": {"type": "key", "field": "id"},
                            "sender": {"type": "text", "length": 80, "field": "receiver", "nullable": False},
                            "receiver": {"type": "text", "length": 80, "field": "sender", "nullable": False},
                        },
                        "primary_key": ["id"],
                        "indexes": {"x": {"columns": ["receiver"]}},
                    }
                }
            },
        },
        "sent_by",
        "Parcel.sender is",
    ),
    "a change of one that finds several": (
        {
            "entities": {
                "Hall": {"fields": {"id": "key", "name": "text(80)"}, "rows": 100},
                "Seat": {"fields": {"id": "key", "hall": "-> Hall", "label": "text(9)"}, "rows": "90k"},
            },
            "access": {"edit_label": {"writes": "Seat", "action": "update", "by": "hall", "rate": "1/s", "roles": "warden"}},
        },
        "edit_label",
        "one is meant",
    ),
    "a removal of what others need": (
        {
            "entities": {
                "Member": {"fields": {"id": "key", "name": "text(80)"}, "rows": "10k"},
                "Loan": {"fields": {"id": "key", "member": "-> Member", "until": "date"}, "rows": "90k"},
            },
            "access": {"drop_member": {"writes": "Member", "action": "delete", "by": "id", "rate": "1/s", "roles": "clerk"}},
        },
        "drop_member",
        "loan_member_id_fkey",
    ),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", list(WRONG))
def test_what_runs_and_is_wrong_fails(name: str, engine: str) -> None:
    """A query that runs and answers, or leaves, something else than the design says fails, and says what."""
    design, pattern, told = WRONG[name]
    failures = {
        one.name.split()[1]: one.text for one in prove(design, engine).failures if one.name.startswith("query ")
    }
    assert told in failures[pattern]


@pytest.mark.needs("postgresql")
def test_a_text_longer_than_an_index_takes_fails() -> None:
    """Samples are as long as a type allows, so that a unique over a long text is seen to refuse them."""
    fields = {"id": "key", "target": "text(3000) unique", "body": "text unique"}
    proof = prove({"entities": {"Link": {"fields": fields, "rows": "10k"}}}, "postgresql")
    told = " ".join(one.text for one in proof.failures)
    assert "2704" in told and "link_target_key" in told and "body" in told


GUARDED: dict[str, Any] = {
    "entities": {
        "Rink": {"fields": {"id": "key", "name": "text(40)"}, "rows": 200},
        "Rent": {
            "fields": {
                "id": "key", "rink": "-> Rink", "begins": "date", "ends": "date optional", "state": "enum(open, closed)",
            },
            "holds": ["ends >= begins", "no overlap of begins..ends per rink where state = open"],
            "rows": "50k",
        },
        "Skate": {
            "fields": {"id": "key", "rink": "-> Rink", "size": "smallint >= 20 <= 50", "state": "enum(lent, back)"},
            "holds": ["one per rink where state = lent"],
            "rows": "50k",
        },
        "Reading": {"fields": {"rink": "-> Rink", "at": "timestamp", "degrees": "int"}, "key": ["rink", "at"], "append_only": True, "rows": "5M"},
    },
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_overlaps_and_rows_that_are_only_added_are_tried(engine: str) -> None:
    """A row that overlaps, a second of what there is one of, and a change of what is only added are refused by what says so."""
    proof = prove(GUARDED, engine)
    assert [one for one in proof.details if one.verdict == "failed"] == []
    kinds = {one.name: one.text for one in proof.details if one.verdict == "passed"}
    assert kinds["EXCLUSION"].startswith("1 of 1") and kinds["APPEND ONLY"].startswith("2 of 2")


@pytest.mark.parametrize("kind", ["timestamp", "date", "time", "int", "decimal(8, 2)"])
def test_rows_that_must_not_overlap_do_not(kind: str) -> None:
    """Sample rows fulfil an exclusion, and there are as many as there is room for."""
    fields = {"id": "key", "desk": "-> Desk", "a": kind, "b": f"{kind} optional"}
    entities = {
        "Desk": {"fields": {"id": "key"}, "rows": 100},
        "Use": {"fields": fields, "holds": ["no overlap of a..b per desk"], "rows": "10k"},
    }
    made = plan(Design.of({"requirements": LOAD, "entities": entities}))
    rows = make_rows(made.planned.schema.tables, {"desk": 50, "use": 300}).tables["use"]
    assert len(rows) > 100
    by_desk: dict[int, list[Any]] = {}
    for row in rows:
        by_desk.setdefault(row["desk_id"], []).append(row)
    for found in by_desk.values():
        for one in found:
            for other in found:
                if one is not other and (other["b"] is None or one["a"] < other["b"]):
                    assert one["b"] is not None and one["b"] <= other["a"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_index_over_a_flag_alone_is_not_passed(engine: str) -> None:
    """An index that no planner takes for as many rows as the design has, or that gives less than it costs, does not pass."""
    design = {
        "entities": {"Lamp": {"fields": {"id": "key", "name": "text(40)", "lit": "bool"}, "rows": "5M"}},
        "access": {"lit_lamps": {"reads": "Lamp", "by": "lit", "limit": 100, "rate": "9/s", "roles": "warden"}},
    }
    failures = {one.name: one.text for one in prove(design, engine).failures}
    assert "not used as the planner chooses" in failures["query lit_lamps"]
    found = plan(Design.of({"requirements": LOAD, **design})).findings
    assert "schema-index-of-few-values" in {one.rule.id for one in found}


# -- queries that are broken on purpose

LIBRARY: dict[str, Any] = {
    "entities": {
        "Shelf": {"fields": {"id": "key", "name": "text(80)"}, "rows": "1k"},
        "Book": {
            "fields": {"id": "key", "shelf": "-> Shelf", "title": "text(90)", "lent_on": "date optional", "price": "money >= 0"},
            "rows": "300k",
        },
        "Page": {"fields": {"id": "key", "book": "-> Book cascade", "no": "int >= 1"}, "rows": "5M"},
        "Note": {"fields": {"id": "key", "book": "-> Book cascade", "text": "text(200)"}, "rows": "900k"},
    },
    "access": {
        "books": {"reads": "Book", "by": "shelf", "sort": "-lent_on", "limit": 50, "rate": "9/s", "roles": "reader"},
        "view_book": {"reads": "Book", "by": "id", "include": ["Page", "Note"], "limit": 1, "rate": "9/s", "roles": "reader"},
        "at_hand": {"reads": "Book", "by": "shelf", "where": "lent_on is missing", "sort": "title", "limit": 20, "rate": "9/s", "roles": "reader"},
        "worth": {"reads": "Book", "by": "shelf", "aggregate": "sum of price", "rate": "1/s", "roles": "reader"},
        "rename": {"writes": "Book", "action": "update", "by": "id", "sets": ["title"], "rate": "1/s", "roles": "reader"},
    },
}  # fmt: skip


def test_the_library_is_right() -> None:
    """What is broken below is right before."""
    assert prove(LIBRARY, "sqlite").failures == ()


@pytest.mark.parametrize(
    ("pattern", "found", "replaced", "told"),
    [
        # the next page compares with NULL
        (
            "books", r"(?s)WHERE (.*?) AND \(.*ORDER BY",
            r"WHERE \1 AND (book.lent_on, book.id) < (:after_lent_on, :after_id) ORDER BY", "are on no page",
        ),
        ("books", "DESC", "ASC", ""),
        ("at_hand", "IS NULL", "= NULL", "lent_on is missing"),
        ("at_hand", r"book\.lent_on IS NULL", "1 = 1", "not what is asked for"),
        ("worth", "sum", "max", "sum of price"),
        ("worth", r"sum\(book\.price_amount\)", "sum(book.price_amount) * 1.0 + 0.1", "sum of price"),
        ("rename", r"WHERE book\.id = :id", "WHERE book.id >= :id", "another row is changed"),
        ("rename", "title=:new_title", "title='x'", "title"),
    ],
)  # fmt: skip
def test_a_query_that_is_broken_fails(
    monkeypatch: pytest.MonkeyPatch, pattern: str, found: str, replaced: str, told: str
) -> None:
    """A query that loses rows, shows others, counts wrong or changes more than is meant fails, and says what."""

    def change(text: str) -> str:
        return re.sub(found, replaced, text)

    def broken(made: Any, dialect: str) -> list[Query]:
        return [
            one
            if one.pattern != pattern
            else replace(
                one,
                sql=change(one.sql) if "after_" not in replaced else one.sql,
                next_page=None if one.next_page is None else change(one.next_page),
            )
            for one in queries(made, dialect)
        ]

    monkeypatch.setattr(relational, "queries", broken)
    failures = {one.name.split()[1]: one.text for one in prove(LIBRARY, "sqlite").failures}
    assert told in failures[pattern]


@pytest.mark.parametrize(
    ("found", "replaced", "told"),
    [(r"FROM (\w+)", r"FROM \1 JOIN shelf ON shelf.id <= 2", "comes 2 times"), ("WHERE", "WHERE 1 = 0 AND", "belong to a row")],
)  # fmt: skip
def test_children_that_come_twice_or_not_at_all_fail(
    monkeypatch: pytest.MonkeyPatch, found: str, replaced: str, told: str
) -> None:
    """What comes along is each child once: neither multiplied with what else does, nor left out."""

    def broken(made: Any, dialect: str) -> list[Query]:
        return [
            replace(one, includes=tuple(replace(each, sql=re.sub(found, replaced, each.sql)) for each in one.includes))
            for one in queries(made, dialect)
        ]

    monkeypatch.setattr(relational, "queries", broken)
    failures = {one.name.split()[1]: one.text for one in prove(LIBRARY, "sqlite").failures}
    assert told in failures["view_book"]


# -- guards that are broken on purpose

RENT: dict[str, Any] = {
    "entities": {
        "Boat": {"fields": {"id": "key", "name": "text(40)"}, "rows": 300},
        "Trip": {
            "fields": {"id": "key", "boat": "-> Boat", "begins": "timestamp", "ends": "timestamp"},
            "holds": ["no overlap of begins..ends per boat"],
            "rows": "90k",
        },
    },
    "access": {"book_trip": {"writes": "Trip", "action": "create", "rate": "1/s", "roles": "clerk"}},
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_of_two_at_once_one_is_refused(engine: str) -> None:
    """Two connections book what can be booked once: the second waits for the first, and is refused."""
    proof = prove(RENT, engine)
    assert proof.failures == ()
    assert any(one.name == "two at once: trip" and one.verdict == "passed" for one in proof.details)


@pytest.mark.needs("postgresql")
def test_two_at_once_are_seen_where_nothing_holds_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its constraint, rows that overlap are taken one after the other and at once, and both are told."""

    _break(monkeypatch, lambda text: re.sub(r"\n\s*CONSTRAINT \w+ EXCLUDE .*", "", text))
    failures = {one.name for one in prove(RENT, "postgresql").failures}
    assert {"EXCLUSION trip.trip_boat_id_excl", "two at once: trip"} <= failures


def test_the_last_item_is_sold_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes an amount takes no more than there is, however often it is run; without its condition it is told."""
    made = plan(designs.shop())
    (proof,) = verify(made, only="sqlite")
    assert any(one.pattern == "place_order (reserve Stock)" and one.verdict == "passed" for one in proof.queries)

    def broken(made: Any, dialect: str) -> list[Query]:
        return [
            replace(one, sql=re.sub(r" AND stock\.\w+ >= .*", "", one.sql)) if one.purpose == "reserve Stock" else one
            for one in queries(made, dialect)
        ]

    monkeypatch.setattr(relational, "queries", broken)
    (proof,) = verify(made, only="sqlite")
    assert "taken twice" in {one.name: one.text for one in proof.failures}["query place_order (reserve Stock)"]
