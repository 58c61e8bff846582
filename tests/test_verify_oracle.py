"""Proofs that compare with an oracle: what is right passes on every engine, and what runs and is wrong does not."""

from __future__ import annotations

from typing import Any

import pytest

from archnb import Design, plan
from archnb.verify import Proof, verify

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
