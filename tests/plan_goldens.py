"""A whole plan as readable text: every completed value, every fact with its formula, every finding, one line each.

The texts of all designs that we ship or judge stand in `tests/golden/plans/`, so that a constant that changes anywhere is
seen where it arrives. `python -m tests.plan_goldens` compares them in one quick process and stops at the first that
differs; `--refresh` writes them anew, as `pytest --refresh-goldens` does.
"""

from __future__ import annotations

import difflib
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

from archnb import Design, Plan, load, plan
from archnb.design import leaves
from archnb.export import EXPORTERS
from archnb.file import loads
from tests.designs import awkward

ROOT = Path(__file__).parent.parent
GOLDENS = Path(__file__).parent / "golden" / "plans"
SHIPPED = ROOT / "notebooks" / "designs"
DOMAINS = Path(__file__).parent / "domains" / "designs"
# designs made to say what the others leave to be proposed: every type of field, every section, stores of each kind
SAYING = Path(__file__).parent / "golden" / "designs"
EXAMPLES = Path(__file__).parent / "examples"
# what of a shape is text for people or for the eye: all of it, numbers to as many digits as every machine agrees on
DIGITS = 6


def read_readme_design() -> Design:
    """The example of the README's section on the design file."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## The design file", 1)[1]
    return loads(text.split("```yaml\n", 1)[1].split("```", 1)[0])


def find_designs() -> dict[str, Callable[[], Design]]:
    """Every design whose plan is on file, by the name of its golden."""
    found: dict[str, Callable[[], Design]] = {
        "readme": read_readme_design,
        "awkward": awkward,
        "empty": partial(Design, name="empty"),
    }
    for folder, prefix in ((SHIPPED, ""), (SAYING, ""), (DOMAINS, "domain-")):
        for path in sorted(folder.glob("*.yaml")):
            found[prefix + path.stem] = partial(load, path)
    return found


def describe(made: Plan) -> str:
    """A plan in text; what is long and told elsewhere (reasons, views) as a digest a section, so that a change shows."""
    return "\n".join(
        [
            f"# {made.name}: the whole plan. Written by --refresh-goldens; read the diff before you commit it.",
            "",
            "## values",
            *_describe_values(made),
            "",
            "## facts",
            *_describe_facts(made),
            "",
            "## findings",
            *(f"{found.rule.id} @ {found.path} ({found.severity}): {found.evidence}" for found in made.findings),
            "",
            "## digests of the reasons, the views and the artefacts",
            *_describe_digests(made),
            "",
        ]
    )


def _describe_values(made: Plan) -> Iterator[str]:
    """One line a record: the values that it holds itself, in their order."""
    records: dict[str, list[str]] = {}
    for path, value in leaves(made.design):
        record, _, field = path.rpartition(".")
        records.setdefault(record, []).append(f"{field}={_one_line(value)}")
    for record, values in records.items():
        yield f"{record or 'design'}: {'; '.join(values)}"


def _describe_facts(made: Plan) -> Iterator[str]:
    for name, fact in made.facts.items():
        low, _, high = fact.percentiles()
        spread = f" ({low:.3g} … {high:.3g}{fact.unit.symbol and ' ' + fact.unit.symbol})" if low != high else ""
        yield f"{name} = {_one_line(fact.text)}{spread} | {_one_line(fact.formula()) if fact.apply else fact.origin}"


def _describe_digests(made: Plan) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for path, because in made.draft.reasons.items():
        reasons.setdefault(path.partition(".")[0], []).append(f"{path}: {because.reason} {because.facts}")
    for name, lines in reasons.items():
        yield f"reasons {name}: {len(lines)}, {_digest(chr(10).join(lines))}"
    for name, section in made.sections.items():
        for shape in section.views:
            yield f"view {name} {shape.name}: {_digest(_spell(shape))}"
    for name in EXPORTERS:
        yield f"artefact {name}: {_digest(str(made.export(name).text))}"


def _spell(value: Any) -> str:
    """A shape with all that it holds, the tones and marks that no text shows included."""
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, tuple | list):
        return f"({' '.join(map(_spell, value))})"
    if is_dataclass(value):
        return f"{type(value).__name__}({' '.join(_spell(getattr(value, one.name)) for one in fields(value))})"
    return str(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _one_line(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text.replace("\n", "\\n")


def _describe_design(design: Callable[[], Design]) -> str:
    return describe(plan(design()))


def describe_examples() -> str:
    """The findings on every rule's examples, bad and good, with a digest of the rest of their plans."""
    lines = ["# The examples of the rules: what is found in each. Written by --refresh-goldens.", ""]
    for path in sorted(EXAMPLES.glob("*/*.yaml")):
        made = plan(load(path))
        rest = "\n".join([*_describe_values(made), *_describe_facts(made)])
        lines.append(f"{path.parent.name}/{path.stem}: {len(made.findings)} found, {_digest(rest)}")
        lines += [f"    {found.rule.id} @ {found.path} ({found.severity}): {found.evidence}" for found in made.findings]
    return "\n".join([*lines, ""])


def compare(name: str, now: str) -> str:
    """The lines of a description that are not as on file, as a diff; empty where nothing differs."""
    golden = GOLDENS / f"{name}.txt"
    if not golden.exists():
        return f"{golden.name} is not on file; run pytest --refresh-goldens"
    kept = golden.read_text(encoding="utf-8")
    if kept == now:
        return ""
    return "\n".join(difflib.unified_diff(kept.split("\n"), now.split("\n"), "on file", "now", lineterm="", n=0))


def refresh(name: str, now: str) -> None:
    """Write a golden anew."""
    GOLDENS.mkdir(parents=True, exist_ok=True)
    (GOLDENS / f"{name}.txt").write_text(now, encoding="utf-8", newline="\n")


def find_descriptions() -> dict[str, Callable[[], str]]:
    """What is on file, by name: the plan of each design, and the findings of the examples."""
    found: dict[str, Callable[[], str]] = {name: partial(_describe_design, one) for name, one in find_designs().items()}
    return found | {"examples": describe_examples}


def main(arguments: list[str]) -> int:
    """Compare all, or write all with --refresh; 1 at the first that differs, with the head of its diff."""
    for name, describe_now in find_descriptions().items():
        if "--refresh" in arguments:
            refresh(name, describe_now())
        elif difference := compare(name, describe_now()):
            print(f"{name} differs:", *difference.split("\n")[:20], sep="\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
