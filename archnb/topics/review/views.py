"""What there is to be seen of the review: scores by principle, the findings, and the rules that were run."""

from __future__ import annotations

from collections.abc import Sequence, Set

from archnb.finding import PRINCIPLES, Principle
from archnb.shapes import AnyShape, Cell, Row, Table, Tone
from archnb.topics.review.scores import score
from archnb.topics.topic import Draft


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
