"""Rules, and what they find: consequence first, remedy second, with the evidence.

A rule is a row and a function side by side: a stable id (the topic first), the principle it serves, the condition, the
effect, the remedy, and the function that says where it applies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from archnb.shapes import Cell, Shown, Table, Tone

if TYPE_CHECKING:
    import pandas

Principle = Literal["integrity", "security", "performance", "maintainability", "reliability", "scalability"]
PRINCIPLES: tuple[Principle, ...] = get_args(Principle)
Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_TONE: dict[str, Tone] = {"critical": "danger", "high": "danger", "medium": "warning", "low": "notice"}


@dataclass(frozen=True)
class Hit:
    """Where a rule applies, and the evidence; `effect` and `remedy` replace the rule's where the case says more."""

    path: str
    evidence: str
    effect: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule. `check` takes the completed draft of a design and gives a hit for each place where it applies."""

    id: str
    principle: Principle
    severity: Severity
    condition: str
    effect: str
    remedy: str
    check: Callable[[Any], Iterable[Hit]]

    def run(self, draft: Any) -> Iterator[Finding]:
        """The findings of this rule in a completed draft."""
        for hit in self.check(draft):
            yield Finding(self, hit.path, hit.evidence, hit.effect or self.effect, hit.remedy or self.remedy)


def rule(
    id: str, *, principle: Principle, severity: Severity, condition: str, effect: str, remedy: str
) -> Callable[[Callable[[Any], Iterable[Hit]]], Rule]:
    """Make a rule of the function below it."""

    def make(check: Callable[[Any], Iterable[Hit]]) -> Rule:
        return Rule(id, principle, severity, condition, effect, remedy, check)

    return make


@dataclass(frozen=True)
class Finding:
    """A rule that applies at a path of the design."""

    rule: Rule
    path: str
    evidence: str
    effect: str
    remedy: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.rule.severity

    def __str__(self) -> str:
        return f"{self.severity}: {self.path}: {self.effect} {self.remedy} [{self.rule.id}: {self.evidence}]"


class Findings(Shown, Sequence[Finding]):
    """The findings of a plan, worst first."""

    title = "Findings"

    def __init__(self, found: Iterable[Finding]) -> None:
        self._found = tuple(sorted(found, key=lambda one: (SEVERITIES.index(one.severity), one.rule.id, one.path)))

    def __getitem__(self, index: Any) -> Any:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return "\n".join(str(one) for one in self._found) or "no findings"

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings at or above a severity."""
        return tuple(one for one in self._found if SEVERITIES.index(one.severity) <= SEVERITIES.index(severity))

    @property
    def frame(self) -> pandas.DataFrame:
        """One row a finding."""
        return self.table.frame

    @property
    def table(self) -> Table:
        """One row a finding, worst first."""
        rows = tuple(
            (
                Cell(f.severity, tone=_TONE[f.severity]),
                Cell(f.path, is_code=True),
                f.effect,
                f.remedy,
                f.evidence,
                f.rule.principle,
                Cell(f.rule.id, is_code=True),
            )
            for f in self._found
        )
        columns = ("severity", "where", "effect", "remedy", "evidence", "principle", "rule")
        return Table(
            "findings",
            "Findings",
            columns,
            rows,
            description="Worst first. Each row is a rule that applies to this design, with its evidence.",
        )

    @property
    def views(self) -> tuple[Table, ...]:
        """The table of findings."""
        return (self.table,)
