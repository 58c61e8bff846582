"""Review: the design against the six principles, with what each score rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from archnb.finding import PRINCIPLES, Finding, Hit, Principle, Rule, Severity, rule
from archnb.planned.review import Review
from archnb.shapes import AnyShape, Cell, Row, Table, Tone
from archnb.topics.topic import Draft

NAME = "review"
TITLE = "Review"
CLOSES: tuple[str, ...] = ()

# what one finding takes from what is left of a principle's score
WEIGHT: dict[Severity, float] = {"critical": 0.5, "high": 0.25, "medium": 0.1, "low": 0.03}


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


@rule(
    "review-acceptance-without-finding", principle="maintainability", severity="low",
    condition="A finding is accepted that is not there.",
    effect="It hides the next finding of that rule at that place, which nobody has looked at.",
    remedy="Take the acceptance out, or mend its rule and its path.",
)  # fmt: skip
def acceptance_without_finding(draft: Draft) -> Iterator[Hit]:
    for n, one in enumerate(draft.said.accepted):
        # what this rule finds, and may be accepted itself, is not known yet
        is_about_this = one.rule == "review-acceptance-without-finding"
        if not is_about_this and not any(one.covers(found.rule.id, found.path) for found in draft.findings):
            yield Hit(f"accepted.{n}", f"{one.rule} at {one.path}, accepted on {one.date}")


RULES: Sequence[Rule] = (acceptance_without_finding,)


def views(draft: Draft) -> Sequence[AnyShape]:
    """Scores per principle, the findings, and the rules that were run."""
    rows: list[Row] = []
    for principle in PRINCIPLES:
        rows.append(_principle_row(draft, principle))
    scores = Table(
        "scores", "Scores by principle", ("principle", "score", "rests on", "findings", "worst", "after its remedy"), tuple(rows),
        description="100, less 50 % for each critical open finding, 25 % high, 10 % medium, 3 % low, each of what the others leave.",
    )  # fmt: skip
    fired = {one.rule.id for one in draft.findings.open}
    accepted = {one.rule.id for one in draft.findings.accepted} - fired
    listed = tuple(
        (
            Cell(one.id, is_code=True),
            one.principle,
            one.severity,
            one.condition,
            _state(one.id, fired, accepted),
        )
        for one in draft.rules
    )
    return (
        scores,
        *draft.findings.views,
        Table("rules", "The rules that were run", ("rule", "principle", "severity", "condition", "here"), listed),
    )


def _state(rule: str, fired: Set[str], accepted: Set[str]) -> Cell:
    if rule in fired:
        return Cell("fires", tone="warning")
    return Cell("accepted", tone="muted") if rule in accepted else Cell("silent", tone="good")


def _principle_row(draft: Draft, principle: Principle) -> Row:
    ran = [one for one in draft.rules if one.principle == principle]
    found = [one for one in draft.findings.open if one.rule.principle == principle]
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
