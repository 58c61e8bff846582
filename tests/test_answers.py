"""The examples of the OpenAPI document: each is sent as it is written, and answered as the document says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from archnb import Design, load, plan
from archnb.serve import Limits
from archnb.verify.answers import Answers, verify_answers
from archnb.verify.service import open_service
from tests.designs import ALL
from tests.domains.case import FOLDER

pytestmark = pytest.mark.needs("serve")
RETOLD = sorted(one.stem for one in FOLDER.glob("*.yaml"))
# a relationship's own column, which no field of the entity stands for, is set by no write
NOT_MET = {("awkward", "create_lone")}


def find_failures(name: str, design: Design) -> list[str]:
    """What is answered otherwise than the document says."""
    proof = verify_answers(plan(design))
    assert proof.kind == "executed on the engine" and proof.details
    return [f"{one.name}: {one.text}" for one in proof.failures if (name, one.name.split()[-1]) not in NOT_MET]


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_example_of_the_shipped_designs_is_answered_as_written(name: str) -> None:
    """Status, headers and body are those of the document, and If-Match names the version that the read gives."""
    assert find_failures(name, ALL[name]()) == []


@pytest.mark.parametrize("name", RETOLD)
def test_every_example_of_other_domains_is_answered_as_written(name: str) -> None:
    """The same in ten other domains."""
    assert find_failures(name, load(FOLDER / f"{name}.yaml")) == []


@pytest.fixture(scope="module")
def told() -> Iterator[Answers]:
    """The examples of the shortener."""
    with open_service(plan(ALL["shortener"]()), limits=Limits(is_strict=False), is_told=True) as service:
        yield Answers(service)


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (("responses", "200", "content", "application/json", "schema"), {"type": "integer"}, "is not of type"),
        (("responses",), {"201": {"description": "Created."}}, "201 is documented, 200 came"),
        (("responses", "200", "headers", "X-Never"), {}, "without X-Never"),
    ],
)
def test_another_answer_than_the_documented_one_is_found(told: Answers, path: Any, value: Any, what: str) -> None:
    """A document that promises what the service does not give fails."""
    import copy

    document = told.document
    broken = copy.deepcopy(document)
    place = next(
        about for item in broken["paths"].values() for about in item.values() if about["operationId"] == "get_account"
    )
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    told.use(broken)
    try:
        (failed,) = [one for one in told.run() if one.verdict == "failed"]
    finally:
        told.use(document)
    assert failed.name == "example get_account" and what in failed.text


def test_an_old_version_is_not_the_example(told: Answers) -> None:
    """The ETag that is read and the If-Match that is shown are one; after a change they are not."""
    service = told.service
    account = service.planned.operations["get_account"].contract
    key = next(one.example for one in account.parameters.values() if one.place == "path")
    with service.undone():
        service.database.run("UPDATE account SET version = 8 WHERE id = :id", {"id": int(key)})
        failed = {one.name: one.text for one in told.run() if one.verdict == "failed"}
    assert 'its ETag is "8"' in failed["example get_account"] and "412 came" in failed["example update_account"]
