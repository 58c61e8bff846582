"""The exported contracts before the linters that people run: Spectral, its OWASP ruleset, Redocly; buf for the gRPC service.

What they say is allowed only where `EXCEPTIONS` gives the reason, and only where that reason holds.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from archnb import load, plan
from archnb.export.openapi import build_document
from tests.designs import DESIGNS

ROOT = Path(__file__).parents[1]
BIN = ROOT / "node_modules" / ".bin"
DOMAINS = Path(__file__).parent / "domains" / "designs"

EXCEPTIONS: Mapping[str, str] = {
    "owasp:api1:2023-no-numeric-ids": "the design says a whole number as key, as the year of a season; who may read a row never"
    " rests on its key being hard to guess",
    "owasp:api8:2023-define-cors-origin": "the gateway answers CORS: a second Access-Control-Allow-Origin of the service would make"
    " browsers refuse the answer",
    "owasp:api8:2023-define-error-responses-401": "the operation is public: nobody proves who they are",
    "owasp:api2:2023-read-restricted": "the operation is public",
    "owasp:api2:2023-write-restricted": "the operation is public, as a registration is",
    "owasp:api2:2023-short-lived-access-tokens": "client credentials have no refresh token (RFC 6749, section 4.4.3)",
}


def _holds(rule: str, path: list[Any], document: Any) -> bool:
    """Whether the reason of an exception holds at the place that a linter names."""
    if rule.endswith("cors-origin"):
        return True
    if rule.endswith("short-lived-access-tokens"):
        return "clientCredentials" in path
    if rule.endswith("no-numeric-ids"):
        parameter = document["paths"][path[1]][path[2]]["parameters"][int(path[4])]
        return parameter["schema"]["type"] == "integer"
    operation = document["paths"][path[1]][path[2]]
    return operation.get("security") == []


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The documents of the shipped designs and of the other domains, as files by name."""
    folder = tmp_path_factory.mktemp("lint")
    found = {}
    for source in sorted([*DESIGNS.glob("*.yaml"), *DOMAINS.glob("*.yaml")]):
        path = folder / f"{source.stem}.openapi.json"
        path.write_text(json.dumps(build_document(plan(load(source)))), encoding="utf-8")
        found[source.stem] = path
    return found


def _run(*command: str | Path) -> str:
    return subprocess.run([str(one) for one in command], capture_output=True, text=True, cwd=ROOT, timeout=300).stdout


def _lint(documents: Mapping[str, Path], ruleset: str, folder: Path) -> Iterator[tuple[str, str, list[Any], str]]:
    rules = folder / "ruleset.yaml"
    rules.write_text(f"extends: [{json.dumps(ruleset)}]\n", encoding="utf-8")
    text = _run(BIN / "spectral", "lint", "--quiet", "--format", "json", "--ruleset", rules, *documents.values())
    for one in json.loads(text):
        if one["severity"] <= 1:
            yield Path(one["source"]).name.partition(".")[0], one["code"], one["path"], one["message"]


@pytest.mark.needs("api-lint")
def test_spectral_finds_nothing(documents: dict[str, Path], tmp_path: Path) -> None:
    """Spectral's own ruleset for OpenAPI has no error and no warning."""
    assert list(_lint(documents, "spectral:oas", tmp_path)) == []


@pytest.mark.needs("api-lint")
def test_owasp_finds_only_what_has_a_reason(documents: dict[str, Path], tmp_path: Path) -> None:
    """What the OWASP ruleset says is an exception by name, and its reason holds at that place."""
    ruleset = str(ROOT / "node_modules" / "@stoplight" / "spectral-owasp-ruleset" / "dist" / "ruleset.js")
    read = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in documents.items()}
    found = list(_lint(documents, ruleset, tmp_path))
    wrong = [one for one in found if one[1] not in EXCEPTIONS or not _holds(one[1], one[2], read[one[0]])]
    assert wrong == []
    assert {rule for _, rule, _, _ in found} == set(EXCEPTIONS)


@pytest.mark.needs("api-lint")
def test_redocly_finds_nothing(documents: dict[str, Path]) -> None:
    """Redocly's recommended rules have no error and no warning."""
    text = _run(BIN / "redocly", "lint", "--extends=recommended", "--format=json", *documents.values()).strip()
    decoder, problems, at, count = json.JSONDecoder(), [], 0, 0
    # one answer a document, one behind the other
    while at < len(text):
        found, at = decoder.raw_decode(text, at)
        at += len(text[at:]) - len(text[at:].lstrip())
        problems += [(one["ruleId"], one["location"][0]["pointer"]) for one in found["problems"]]
        count += 1
    read = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in documents.items()}
    for rule, pointer in problems:
        # an operation that leads elsewhere answers with 302 and nothing of 2xx
        path, method = (one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[2:4])
        answers = next(one["paths"][path][method]["responses"] for one in read.values() if path in one["paths"])
        assert rule == "operation-2xx-response" and "302" in answers
    assert count == len(documents)


@pytest.mark.needs("buf")
def test_buf_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gRPC service of each design builds, and keeps buf's standard rules; a field in another style is found."""
    from archnb.verify import proto

    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    for source in sorted([*DESIGNS.glob("*.yaml"), *DOMAINS.glob("*.yaml")]):
        made = plan(load(source))
        (check,) = [one for one in proto.verify_proto(made).details if one.name.startswith("buf")]
        assert check.verdict == "passed", (source.stem, check)
    text = made.export("proto")
    broken = type(text)("proto", text.title, "proto", text.text.replace("string next_cursor", "string nextCursor"))
    monkeypatch.setattr(proto, "export", lambda *_: broken)
    assert proto.verify_proto(made).verdict == "failed"
