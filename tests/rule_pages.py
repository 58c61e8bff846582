"""Writes the pages of the rules: each from its rule, its two examples, and what the bad one is told.

Run it with `make docs` after a rule or an example changed; a test holds the pages up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archnb import load, plan, rules
from archnb.finding import Finding, Rule
from archnb.topics import TOPICS

EXAMPLES = Path(__file__).parent / "examples"
PAGES = Path(__file__).parent.parent / "docs" / "rules"
# a day for the example of an acceptance, and one on which none has ended
DAY = "2026-01-31"

INDEX = """\
# Rules

What archnb looks for in every plan. `archnb check design.yaml` runs them, `archnb rules` lists them, and `archnb rules ID` shows the
page of one. Each page has an example that fires the rule and one that does not; both are whole designs that plan.

A finding that is right in your case is accepted in the design file, with a reason and a date:

```yaml
accepted:
  - rule: schema-name-too-long
    path: schema.tables.legacy_*    # the finding's path, one above it, or `*` for any part of a name
    reason: The names are the vendor's.
    date: 2026-01-31
    until: 2026-12-31               # optional: from the next day on it is open again
```

An accepted finding stays visible, is counted apart, and `--fail-on` does not look at it.
"""


def write_pages() -> Iterator[tuple[str, str]]:
    """The name and the text of every page, the index first."""
    yield "README.md", write_index()
    for rule in rules():
        yield f"{rule.id}.md", write_page(rule)


def write_index() -> str:
    """All rules, a table a section."""
    parts = [INDEX]
    for topic in TOPICS:
        if not topic.RULES:
            continue
        rows = "\n".join(
            f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.principle} | {_in_cell(rule.condition)} |"
            for rule in topic.RULES
        )
        parts.append(f"## {topic.TITLE}\n\n| rule | severity | principle | when |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def write_page(rule: Rule) -> str:
    """One rule's page."""
    folder = EXAMPLES / rule.id
    found = [one for one in plan(load(folder / "bad.yaml")).findings if one.rule.id == rule.id]
    title = next(topic.TITLE for topic in TOPICS if rule in topic.RULES)
    return f"""\
# {rule.id}

{title} · serves {rule.principle} · {rule.severity}

**When.** {rule.condition}

**Effect.** {rule.effect}

**Remedy.** {rule.remedy}

## A design that fires it

```yaml
{_read_example(folder / "bad.yaml")}
```

{_tell(found)}

## The same, mended

```yaml
{_read_example(folder / "good.yaml")}
```

## To accept it

```yaml
accepted:
  - rule: {rule.id}
    path: {found[0].path}
    reason: Say here why it is right in your case.
    date: {DAY}
```

[How acceptances work, and all rules](README.md)
"""


def _tell(found: list[Finding]) -> str:
    """What the rule says of its bad example, a line a place; effect and remedy only where the case says more."""
    lines = []
    for one in found:
        special = [
            text for text, usual in ((one.effect, one.rule.effect), (one.remedy, one.rule.remedy)) if text != usual
        ]
        lines.append(" ".join([f"- `{one.path}`: {one.evidence}", *(f"*{text}*" for text in special)]))
    return "\n".join(["It finds:", "", *lines])


def _read_example(path: Path) -> str:
    return path.read_text(encoding="utf-8").rstrip("\n")


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write every page, and remove those of rules that are gone."""
    PAGES.mkdir(parents=True, exist_ok=True)
    written = dict(write_pages())
    for name, text in written.items():
        (PAGES / name).write_text(text, encoding="utf-8")
    for left in PAGES.glob("*.md"):
        if left.name not in written:
            left.unlink()
    print(f"{len(written)} pages are written to {PAGES}.")


if __name__ == "__main__":
    main()
