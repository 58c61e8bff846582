"""Samples of slips that are kept beside the checkout, where they are there: each header says what must happen."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from archnb import InputError, file, load, plan
from archnb.diff import diff
from tests.test_references import save

CASES = next(
    (above / "shared" / "cases" for above in Path(__file__).resolve().parents if (above / "shared" / "cases").is_dir()), None
)  # fmt: skip
SLIPS = CASES / "slips" if CASES is not None else Path("nowhere")

pytestmark = pytest.mark.skipif(CASES is None, reason="shared/cases is not beside this checkout")


def read(name: str) -> dict[str, Any]:
    """The cases of a file; none where it is not there."""
    from ruamel.yaml import YAML

    path = SLIPS / name
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) if path.exists() else {"cases": []}


REFERENCES, RANGES, ERRORS = read("references.yaml"), read("ranges.yaml"), read("errors.yaml")


def _name(case: Any) -> str:
    """What a case is called; where there are none, pytest asks for the name of nothing."""
    if isinstance(case, Path):
        return case.stem
    if not isinstance(case, dict):
        return "none"
    return str(case.get("name") or case.get("mistake") or f"{case['path']} {case['value']!a}")


def put(path: list[str], value: Any) -> dict[str, Any]:
    """The base of the references with a value at a path."""
    data = {"archnb": 1, **copy.deepcopy(REFERENCES["base"])}
    place = data
    for part in path[:-1]:
        if not isinstance(place.get(part), dict):
            place[part] = {}
        place = place[part]
    there = place.get(path[-1])
    place[path[-1]] = {**there, **value} if isinstance(there, dict) and isinstance(value, dict) else value
    return data


@pytest.mark.parametrize("case", REFERENCES["cases"], ids=_name)
def test_references(case: dict[str, Any], tmp_path: Path) -> None:
    """Every name of nothing is an error with line, path, nearest match and next step."""
    with pytest.raises(InputError) as caught:
        plan(save(put(case["path"].split("/"), case["value"]), tmp_path))
    problems = caught.value.problems
    assert all(one.line and one.path and one.next for one in problems)
    nearest = {one.nearest for one in problems}
    if case["nearest"] is None:
        assert all(one.allowed for one in problems)
    else:
        assert nearest == set(case["nearest"].split(", "))


@pytest.mark.parametrize("case", RANGES["cases"], ids=_name)
def test_ranges(case: dict[str, Any], tmp_path: Path) -> None:
    """Every value that is out of range is refused; what is unwise is found; what is right is planned."""
    from ruamel.yaml import YAML

    value = case["value"]
    if isinstance(value, str) and value.startswith("{"):
        value = YAML(typ="safe", pure=True).load(value)
    path = [part.strip('"') for part in re.findall(r'"[^"]*"|[^.]+', case["path"])]
    file = save(put(path, value), tmp_path)
    if case["expect"] == "error":
        with pytest.raises(InputError) as caught:
            plan(file)
        assert all(one.line and one.path and one.next for one in caught.value.problems)
    else:
        found = plan(file).findings
        assert bool(found) == ("finding" in case["expect"])


@pytest.mark.parametrize("case", ERRORS["cases"], ids=_name)
def test_errors(case: dict[str, Any], tmp_path: Path) -> None:
    """Every mistake is told at its line, in our own words, with the next step."""
    path = tmp_path / "design.yaml"
    path.write_text(case["text"], encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(path)
    problems = caught.value.problems
    lines = case["line"] if isinstance(case["line"], list) else [case["line"]]
    assert [one.line for one in problems] == lines
    assert all(one.next for one in problems)
    assert "while scanning" not in str(caught.value)


@pytest.mark.parametrize("path", sorted((CASES or Path("nowhere")).glob("designs/*.yaml")), ids=_name)
def test_designs_of_other_domains(path: Path) -> None:
    """Designs of other kinds of system are read and planned."""
    assert len(plan(path).facts) > 100


# what is wrong and named by a finding, since nothing is executed
NAMED = {"hot": "schema-hot-table-unpartitioned"}


def list_proofs(folder: str, to_come: frozenset[str] = frozenset()) -> list[Any]:
    """The designs of a folder, those that are to come marked as expected failures."""
    mark = pytest.mark.xfail(reason="comes with the oracle of the proofs", raises=AssertionError, strict=True)
    return [
        pytest.param(path, marks=[mark] if path.stem in to_come else [], id=path.stem)
        for path in sorted(SLIPS.glob(f"{folder}/*.yaml"))
    ]


# what was wrong in the artefacts, and is right in them now, so that it passes; tests/test_verify_oracle.py shows that it
# would fail if it were wrong again
MENDED = frozenset({"erase", "incl", "not_yet", "nullable_page", "overlap", "sqlite_types"})


@pytest.mark.parametrize("path", list_proofs("passed-while-wrong"))
def test_what_is_wrong_is_not_proven(path: Path) -> None:
    """A design whose artefacts run and are wrong has a proof that fails, or a finding that weighs."""
    made = plan(path)
    if path.stem in NAMED:
        assert NAMED[path.stem] in {one.rule.id for one in made.findings}
        return
    evidence = made.verify(only="sqlite")
    if path.stem in MENDED:
        told = {one.name: one.text for proof in evidence for one in proof.details if one.verdict == "passed"}
        assert evidence.is_passed and "were refused" in told["types"] and "sums are exact" in told["types"]
        assert ("EXCLUSION" in told) == (path.stem == "overlap")
        return
    # SQLite takes a unique of any length; PostgreSQL does not
    assert not evidence.is_passed or path.stem == "uniq"


@pytest.mark.parametrize("path", list_proofs("failed-while-right"))
def test_what_is_right_is_proven(path: Path) -> None:
    """A right design passes its proofs."""
    assert plan(path).verify(only=["sqlite", "openapi"]).is_passed


# -- what a change means

DIFFERENCES = read("diff.yaml")


@pytest.mark.parametrize(
    "case", DIFFERENCES["cases"], ids=lambda case: case["case"] if isinstance(case, dict) else "none"
)
def test_what_a_change_means(case: dict[str, str]) -> None:
    """The comparison of the two plans says the verdict: what it does at worst, and the numbers in it."""
    base = (SLIPS / "diff-base.yaml").read_text(encoding="utf-8")
    assert case["before"] in base
    old, new = (plan(file.loads(text)) for text in (base, base.replace(case["before"], case["after"], 1)))
    found, verdict = diff(old, new), case["verdict"]
    text = repr(found)
    assert found.effect == ("loses data" if "loses" in verdict.replace("lose the field", "") else "breaking"), text
    for number in re.findall(r"\d[\d,]*", verdict):
        assert re.search(rf"(?<!\d){number}(?!\d)", text), text
    for word in re.findall(r"rows|callers|readers|currency|cursors|index|rewritten", verdict):
        assert word in text, text


def test_what_was_called_otherwise() -> None:
    """A field that goes while one of its type comes is offered as a rename, which loses nothing once it is said."""
    if CASES is None or not (CASES / "public" / "diff-rename-old.yaml").exists():
        pytest.skip("the two versions are not beside this checkout")
    old, new = (CASES / "public" / f"diff-rename-{one}.yaml" for one in ("old", "new"))
    assert diff(plan(old), plan(new)).effect == "loses data"
    assert "`display_name: text(80) was full_name`" in repr(diff(plan(old), plan(new)))
    said = new.read_text(encoding="utf-8").replace("display_name: text(80)", "display_name: text(80) was full_name")
    renamed = diff(plan(old), plan(file.loads(said)))
    assert [(one.effect, one.path) for one in renamed.changes] == [("breaking", "entities.Run.fields.display_name")]
