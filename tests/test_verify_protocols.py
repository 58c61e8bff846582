"""The protocols of a plan: what the records have as protection is what the machine has, and what they lack is found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from archnb import Design, load, plan
from archnb.design.named import Named
from archnb.file import loads
from archnb.planned import Backend
from archnb.verify.protocols import list_protocols, verify_protocols
from tests.designs import ALL

RENTAL = """
archnb: 1
name: rental
requirements:
  objectives:
    see_tool: {staleness: 30 s}
entities:
  Person: {fields: {id: key, email: email unique personal}, rows: 50k}
  Tool: {fields: {id: key, name: text(80), left: int >= 0, day_price: money}, rows: 20k}
  Loan: {fields: {id: key, person: -> Person, tool: -> Tool, status: "enum(asked, running, cancelled) = asked", taken_at: timestamp}, rows: 1M}
  Deposit: {fields: {id: key, loan: -> Loan, reference: text(64) unique, amount: money, status: "enum(held, taken, failed)"}, rows: 1M}
access:
  see_tool: {reads: Tool, by: id, limit: 1, rate: 4000/s, roles: public}
  rename_tool: {writes: Tool, action: update, by: id, sets: [name], rate: 20/s, roles: keeper}
  lend:
    writes: Loan
    action: create
    steps:
      - reserve Tool undo release
      - hold Deposit via bank undo free
    rate: 3/s
    roles: person
"""


def find_checks(design: Design) -> dict[str, tuple[str, str]]:
    """Verdict and text by name."""
    return {one.name: (one.verdict, one.text) for one in verify_protocols(plan(design)).details}


def test_a_sound_plan_holds() -> None:
    """The lending of tools, with all that archnb proposes: the saga, two at once, its messages, its cache, its keys."""
    proof = verify_protocols(plan(loads(RENTAL)))
    assert (proof.verdict, proof.kind, proof.ways) == ("passed", "explored in full", ())
    assert proof.statements > 1_000
    names = {one.name for one in proof.details}
    assert {"saga lend", "saga lend, two at once", "idempotency keys, together"} <= names


def test_a_cache_that_writes_empty_is_explored_with_its_fill() -> None:
    """The same tools in another design, where the answer is found again by its key after each write."""
    said = "roles: person\ncache: {policies: {see_tool: {ttl: 10 min, invalidation: on write}}}\n"
    verdict, text = find_checks(loads(RENTAL.replace("roles: person\n", said)))["cache see_tool"]
    assert verdict == "passed"
    assert "filled under a lease" in text


@pytest.mark.parametrize(
    ("old", "new", "check", "told"),
    [
        ("reserve Tool undo release", "reserve Tool", "saga lend", "leaves nothing behind"),
        (
            "roles: person\n",
            "roles: person\ncache: {policies: {see_tool: {ttl: 10 min, invalidation: on write, fill: freely}}}\n",
            "cache see_tool",
            "the cache holds nothing, or what the store holds",
        ),
    ],
)
def test_a_protection_that_is_left_out_is_found(old: str, new: str, check: str, told: str) -> None:
    """Each with the sentence that is not true any more, and the way there as a diagram."""
    assert RENTAL.count(old) == 1
    proof = verify_protocols(plan(loads(RENTAL.replace(old, new))))
    found = {one.name: one for one in proof.details}
    assert found[check].verdict == "failed"
    assert told in found[check].text
    assert proof.verdict == "failed"
    assert len(proof.ways) == sum(one.verdict == "failed" for one in proof.details)
    way = proof.ways[0]
    parties = {one.id for one in way.participants}
    assert all({one.source, one.target} <= parties for one in way.messages)
    assert len(way.frame) == len(way.messages)


def test_keys_without_their_table_are_found() -> None:
    """Where no table of the store holds the keys, they can only be looked for before the work: then it is done twice."""
    planned = plan(loads(RENTAL)).planned
    tables = Named({name: one for name, one in planned.schema.tables.items() if one.role != "idempotency"})
    bare = Backend()
    for name, section in planned.sections.items():
        bare.put(name, dataclasses.replace(planned.schema, tables=tables) if name == "schema" else section)
    found = {one.name: one.outcome.verdict for one in list_protocols(bare) if "keys" in one.name}
    assert found == {"idempotency keys, checked": "violated"}


def test_what_stays_as_long_as_is_allowed_is_told_and_passes() -> None:
    """An old answer that anybody may put back stays for its lifetime: within what the objective allows, that is said."""
    said = "roles: person\ncache: {policies: {see_tool: {ttl: 20 s, invalidation: on write, fill: freely}}}\n"
    verdict, text = find_checks(loads(RENTAL.replace("roles: person\n", said)))["cache see_tool"]
    assert verdict == "passed"
    assert "20 s at most, and 30 s is allowed" in text


def test_a_party_that_cannot_be_asked_is_named() -> None:
    """A notice may come twice, and the proof says so."""
    notice = RENTAL.replace("hold Deposit via bank undo free", "notify Person via mailer")
    verdict, text = find_checks(loads(notice))["saga lend"]
    assert verdict == "passed"
    assert "mailer cannot be asked, so 'notify Person' may come twice" in text


DOMAINS = sorted((Path(__file__).parent / "domains" / "designs").glob("*.yaml"))


@pytest.mark.parametrize("path", DOMAINS, ids=[path.stem for path in DOMAINS])
def test_no_plan_of_another_domain_breaks_its_own_protocols(path: Path) -> None:
    """The same of designs of other domains."""
    failed = [one for one in verify_protocols(plan(load(path))).details if one.verdict == "failed"]
    assert failed == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_shipped_plan_breaks_its_own_protocols(name: str) -> None:
    """What archnb proposes holds where everything is proposed."""
    failed = [one for one in verify_protocols(plan(ALL[name]())).details if one.verdict == "failed"]
    assert failed == []


def test_protocols_are_listed_in_a_fixed_order() -> None:
    """Twice the same, so that two reports can be compared."""
    made = plan(loads(RENTAL))
    assert [one.name for one in list_protocols(made.planned)] == [one.name for one in list_protocols(made.planned)]
