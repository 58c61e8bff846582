"""What there is to be seen of requirements: the load with its spread, the objectives, and what moves the peak."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.fact import Facts
from archnb.fact.keys.load import PEAK_REQUESTS
from archnb.shapes import AnyShape, Cell, Chart, Row, Table
from archnb.topics.topic import Draft


def views(draft: Draft) -> Sequence[AnyShape]:
    """The load with its spread, the objectives, and what moves the peak."""
    facts, requirements = draft.facts, draft.design.requirements
    made: list[AnyShape] = [_load_table(facts)]
    rows: list[Row] = []
    for name, one in requirements.objectives.items():
        where = "said" if draft.is_said(f"requirements.objectives.{name}") else "proposed"
        rows.append((Cell(name, is_code=True), *(str(getattr(one, word) or "") for word in _OBJECTIVE), where))
    made.append(
        Table(
            "objectives",
            "Objectives",
            ("operation", "p50", "p95", "p99", "availability", "staleness", "consistency", "origin"),
            tuple(rows),
        )
    )
    recovery = requirements.recovery
    constraints = (
        ("recovery point (RPO)", str(recovery.rpo)), ("recovery time (RTO)", str(recovery.rto)),
        ("compliance", ", ".join(requirements.compliance) or "none"), ("team", f"{requirements.team_size} engineers"),
        ("regions", str(requirements.regions)),
    )  # fmt: skip
    made.append(Table("requirements-constraints", "Constraints", ("what", "value"), constraints))
    made += [one for one in facts[PEAK_REQUESTS].views if isinstance(one, Chart)]
    return made


_OBJECTIVE = ("latency_p50", "latency_p95", "latency_p99", "availability", "staleness", "consistency")


_LONGEST = 400  # characters of a formula in a cell


def _load_table(facts: Facts) -> Table:
    from archnb.quantity import show

    rows: list[Row] = []
    for name, fact in facts.items():
        if not name.startswith(("load.", "requirements.load.")):
            continue
        p10, p50, p90 = fact.percentiles()
        spread = tuple(show(one, fact.unit) for one in (p10, p50, p90)) if fact.is_uncertain() else ("", "", "")
        formula = f"{fact.formula()} = {fact.arithmetic()}" if fact.apply else f"{fact.origin}: {fact.because}"
        if not fact.apply and fact.because.startswith(fact.origin):
            formula = fact.because  # "said: said in the design" says it twice
        elif len(formula) > _LONGEST:
            formula = fact.because + ": its formula is among the facts, for it has a term for every entity"
        rows.append((Cell(name, is_code=True, fact=name), fact.cell, *spread, formula))
    return Table(
        "load",
        "Load",
        ("fact", "value", "P10", "P50", "P90", "formula or source"),
        tuple(rows),
        description="A range is read as P10 to P90.",
    )
