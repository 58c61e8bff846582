"""Review: the design against the six principles, with what each score rests on."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.finding import PRINCIPLES, Finding, Principle, Rule, Severity
from archnb.planned.review import Review
from archnb.shapes import AnyShape, Cell, Row, Table, Tone
from archnb.topics.topic import Draft

NAME = "review"
TITLE = "Review"
CLOSES: tuple[str, ...] = ()

# what one finding takes from what is left of a principle's score
WEIGHT: dict[Severity, float] = {"critical": 0.5, "high": 0.25, "medium": 0.1, "low": 0.03}

RULES: Sequence[Rule] = ()


def complete(draft: Draft) -> None:
    """Nothing is proposed here: the review reads what the others made."""


def measure(draft: Draft) -> None:
    """Nothing is counted before the rules have run."""


def conclude(draft: Draft) -> Review:
    """The principles; their scores follow from the findings."""
    return Review(principles=PRINCIPLES)


def score(found: Sequence[Finding]) -> float:
    """From 0 to 100: each finding takes its weight from what the others leave.

    >>> score([])
    100.0
    """
    left = 100.0
    for one in found:
        left *= 1 - WEIGHT[one.severity]
    return left


def views(draft: Draft) -> Sequence[AnyShape]:
    """Scores per principle, the findings, and the rules that were run."""
    rows: list[Row] = []
    for principle in PRINCIPLES:
        rows.append(_principle_row(draft, principle))
    scores = Table(
        "scores", "Scores by principle", ("principle", "score", "rests on", "findings", "worst", "after its remedy"), tuple(rows),
        description="100, less 50 % for each critical finding, 25 % high, 10 % medium, 3 % low, each of what the others leave.",
    )  # fmt: skip
    fired = {one.rule.id for one in draft.findings}
    listed = tuple(
        (
            Cell(one.id, is_code=True),
            one.principle,
            one.severity,
            one.condition,
            Cell("fires", tone="warning") if one.id in fired else Cell("silent", tone="good"),
        )
        for one in draft.rules
    )
    return (
        scores,
        draft.findings.table,
        Table("rules", "The rules that were run", ("rule", "principle", "severity", "condition", "here"), listed),
    )


def _principle_row(draft: Draft, principle: Principle) -> Row:
    ran = [one for one in draft.rules if one.principle == principle]
    found = [one for one in draft.findings if one.rule.principle == principle]
    value = score(found)
    tone: Tone = "good" if value >= 90 else "warning" if value >= 60 else "danger"
    worst = found[0] if found else None
    after = score(found[1:]) if found else value
    rests = f"{len(ran)} rules, {len(ran) - len({one.rule.id for one in found})} silent"
    return (
        principle,
        Cell(round(value), tone=tone),
        rests,
        len(found),
        f"{worst.path}: {worst.effect}" if worst else "",
        round(after),
    )
