"""Rules, and what they find: consequence first, remedy second, with the evidence.

A rule is a row and a function side by side: a stable id (the topic first), the principle it serves, the condition, the
effect, the remedy, and the function that says where it applies. A finding is open until the design accepts it.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from archnb.design.accepted import Acceptance
from archnb.shapes import Cell, Row, Shown, Table, Tone

if TYPE_CHECKING:
    import pandas

Principle = Literal["integrity", "security", "performance", "maintainability", "reliability", "scalability"]
PRINCIPLES: tuple[Principle, ...] = get_args(Principle)
Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_TONE: dict[str, Tone] = {"critical": "danger", "high": "danger", "medium": "warning", "low": "notice"}
# places of one rule that are shown at once; the others stand behind them
SHOWN = 3


@dataclass(frozen=True)
class Hit:
    """Where a rule applies, and the evidence; `effect` and `remedy` replace the rule's where the case says more.

    weight: how much is at stake here, in the rule's own measure (rows, bytes, requests a second); the most comes first.
    """

    path: str
    evidence: str
    effect: str = ""
    remedy: str = ""
    weight: float = 0.0


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
            yield Finding(
                self, hit.path, hit.evidence, hit.effect or self.effect, hit.remedy or self.remedy, hit.weight
            )

    @property
    def topic(self) -> str:
        """The section that the rule belongs to."""
        return self.id.partition("-")[0]


def rule(
    id: str, *, principle: Principle, severity: Severity, condition: str, effect: str, remedy: str
) -> Callable[[Callable[[Any], Iterable[Hit]]], Rule]:
    """Make a rule of the function below it."""

    def make(check: Callable[[Any], Iterable[Hit]]) -> Rule:
        return Rule(id, principle, severity, condition, effect, remedy, check)

    return make


@dataclass(frozen=True)
class Finding:
    """A rule that applies at a path of the design. `acceptance` is what the design says of it, be it still in force or not."""

    rule: Rule
    path: str
    evidence: str
    effect: str
    remedy: str
    weight: float = 0.0
    acceptance: Acceptance | None = None
    is_accepted: bool = False

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.rule.severity

    @property
    def badge(self) -> Cell:
        """The severity as a cell, in its colour."""
        return Cell(self.severity, tone=_TONE[self.severity])

    @property
    def place(self) -> str:
        """Where it applies, and the evidence; an acceptance that has ended is told."""
        ended = self.acceptance.until if self.acceptance is not None and not self.is_accepted else None
        return f"`{self.path}`: {self.evidence}" + (f" (was accepted until {ended})" if ended else "")

    def __str__(self) -> str:
        state = f"accepted ({self.severity})" if self.is_accepted else self.severity
        return f"{state}: {self.path}: {self.effect} {self.remedy} [{self.rule.id}: {self.evidence}]"


def today() -> datetime.date:
    """The day by which an acceptance may have ended; SOURCE_DATE_EPOCH fixes it."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date()
    return datetime.date.today()


def accept(found: Iterable[Finding], accepted: Sequence[Acceptance], day: datetime.date) -> Iterator[Finding]:
    """The findings, each with the acceptance that covers it; one that is in force goes before one that has ended."""
    of_rule: dict[str, list[Acceptance]] = {}
    for one in sorted(accepted, key=lambda one: one.has_ended(day)):
        of_rule.setdefault(one.rule or "", []).append(one)
    for finding in found:
        rule = finding.rule.id
        covering = next((one for one in of_rule.get(rule, ()) if one.covers(rule, finding.path)), None)
        if covering is None:
            yield finding
        else:
            yield replace(finding, acceptance=covering, is_accepted=not covering.has_ended(day))


@dataclass(frozen=True)
class Group:
    """What one rule found: its findings, the worst place first."""

    rule: Rule
    findings: tuple[Finding, ...]

    @property
    def effect(self) -> str:
        """The effect that all places share, or else the rule's."""
        return self._shared({one.effect for one in self.findings}, self.rule.effect)

    @property
    def remedy(self) -> str:
        """The remedy that all places share, or else the rule's."""
        return self._shared({one.remedy for one in self.findings}, self.rule.remedy)

    @staticmethod
    def _shared(texts: set[str], otherwise: str) -> str:
        return next(iter(texts)) if len(texts) == 1 else otherwise

    @property
    def places(self) -> tuple[str, ...]:
        """Each place with its evidence, and with its own effect and remedy where the places differ in them."""
        return tuple(
            " ".join([one.place.rstrip(".") + ".", *told] if told else [one.place])
            for one in self.findings
            for told in [self._list_differing(one)]
        )

    def _list_differing(self, one: Finding) -> list[str]:
        """The effect and the remedy of a finding, where they are not the group's."""
        effect = [one.effect] if one.effect != self.effect else []
        return effect + ([one.remedy] if one.remedy != self.remedy else [])

    @property
    def where(self) -> Cell:
        """The worst places as a cell, with the others behind them."""
        return Cell("\n".join(self.places[:SHOWN]), more=self.places[SHOWN:])


class Findings(Shown, Sequence[Finding]):
    """The findings of a plan, single ones: the open before the accepted, of each the worst first."""

    title = "Findings"

    def __init__(self, found: Iterable[Finding]) -> None:
        self._found = tuple(
            sorted(
                found,
                key=lambda one: (
                    one.is_accepted,
                    SEVERITIES.index(one.severity),
                    one.rule.id,
                    -one.weight,
                    one.path,
                ),
            )
        )

    def __getitem__(self, index: Any) -> Any:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return "\n".join(str(one) for one in self._found) or "no findings"

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that nobody accepted, or whose acceptance has ended."""
        return tuple(one for one in self._found if not one.is_accepted)

    @property
    def accepted(self) -> tuple[Finding, ...]:
        """The findings that the design accepts."""
        return tuple(one for one in self._found if one.is_accepted)

    @property
    def note(self) -> str:
        """How many there are, the accepted counted apart."""
        accepted = len(self.accepted)
        if not accepted:
            return f"{len(self)} finding{'s' * (len(self) != 1)}"
        return f"{len(self) - accepted} open and {accepted} accepted findings"

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """The open findings at or above a severity."""
        return tuple(one for one in self.open if SEVERITIES.index(one.severity) <= SEVERITIES.index(severity))

    @property
    def groups(self) -> tuple[Group, ...]:
        """The open findings, those of one rule together, the worst rule first."""
        return _group(self.open)

    @property
    def frame(self) -> pandas.DataFrame:
        """One row a finding, accepted or not."""
        import pandas

        columns = ["severity", "where", "effect", "remedy", "evidence", "principle", "rule", "accepted"]
        rows = [
            (
                one.severity,
                one.path,
                one.effect,
                one.remedy,
                one.evidence,
                one.rule.principle,
                one.rule.id,
                one.acceptance.reason if one.acceptance is not None and one.is_accepted else None,
            )
            for one in self._found
        ]
        return pandas.DataFrame(rows, columns=columns)

    @property
    def table(self) -> Table:
        """One row a rule that found something open, worst first, with its places."""
        rows: tuple[Row, ...] = tuple(
            (
                group.findings[0].badge,
                len(group.findings),
                group.where,
                group.effect,
                group.remedy,
                group.rule.principle,
                Cell(group.rule.id, is_code=True),
            )
            for group in self.groups
        )
        columns = ("severity", "places", "where, and the evidence", "effect", "remedy", "principle", "rule")
        return Table(
            "findings",
            "Findings",
            columns,
            rows,
            description="Worst first. Each row is a rule that applies to this design, with its places, the worst ones first.",
        )

    @property
    def accepted_table(self) -> Table:
        """One row a rule and acceptance, with the reason and since when."""
        together: dict[tuple[str, Acceptance], list[Finding]] = {}
        for one in self.accepted:
            assert one.acceptance is not None
            together.setdefault((one.rule.id, one.acceptance), []).append(one)
        rows: tuple[Row, ...] = tuple(
            (
                Cell(found[0].severity, tone="muted"),
                len(found),
                Group(found[0].rule, tuple(found)).where,
                acceptance.reason,
                acceptance.date,
                acceptance.until,
                Cell(rule, is_code=True),
            )
            for (rule, acceptance), found in together.items()
        )
        return Table(
            "accepted-findings",
            "Accepted findings",
            ("severity", "places", "where, and the evidence", "reason", "since", "until", "rule"),
            rows,
            description="What the design accepts, with the reason. It does not count as open.",
        )

    @property
    def views(self) -> tuple[Table, ...]:
        """The open findings, and those that are accepted where there are any."""
        return (self.table, self.accepted_table) if self.accepted else (self.table,)


def _group(found: Sequence[Finding]) -> tuple[Group, ...]:
    together: dict[str, list[Finding]] = {}
    for one in found:
        together.setdefault(one.rule.id, []).append(one)
    return tuple(Group(ones[0].rule, tuple(ones)) for ones in together.values())
