"""Binds a plan's shapes into the page: chapters in order, facts with linked formulas, provenance, a hash-based policy."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from archnb.answers import find_verdict, show_failures
from archnb.design import FORMAT, plain
from archnb.export import export
from archnb.fact.keys.cache import CACHE_HIT_RATIO
from archnb.fact.keys.flow import OPERATION_P99
from archnb.fact.keys.load import PEAK_REQUESTS
from archnb.fact.keys.scaling import HORIZON, SERVERS
from archnb.fact.keys.schema import SCHEMA_SIZE, SCHEMA_SIZE_AT_HORIZON
from archnb.file import replace_file
from archnb.finding import SEVERITIES
from archnb.plan import Plan
from archnb.render import css, fragment, prose_markup
from archnb.shapes import AnyShape

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

    from archnb.fact import Fact

# the reader's order: what was asked, the nine outputs, how it changes, why, how it stands
CHAPTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What is asked", ("requirements", "entities")),
    ("The design", ("schema", "api", "auth", "operations", "flow", "cache", "jobs", "errors", "monitoring", "scaling")),
    ("Change and reasons", ("migrations", "patterns", "decisions")),
    ("Standing", ("review",)),
)
KEY_FIGURES = (
    ("requests at the peak", PEAK_REQUESTS),
    ("data today", SCHEMA_SIZE),
    ("data in {horizon}", SCHEMA_SIZE_AT_HORIZON),
    ("reads the cache answers", CACHE_HIT_RATIO),
    ("servers", SERVERS.of("service")),
)
HANDOFF = "handoff-"
# what people read; the longer ones (OpenAPI, alerting rules) are for programs, and are written beside the page
ARTEFACTS = ("sql", "queries")
MOST_NAMES = 16


@dataclass(frozen=True)
class Part:
    """A section of the page: an anchor, a title, a line under it, and figures."""

    anchor: str
    title: str
    note: str
    figures: tuple[Markup, ...]


def report(plan: Plan, path: str, evidence: Any = None, **options: Any) -> str:
    """Write the report of a plan; gives back the path. A kill in the middle leaves the old file, whose mode and link stay.

    evidence: what `plan.verify()` gave; without it the report says that nothing was run.

    Raises FileUseError where the file cannot be written.
    """
    replace_file(path, render_page(plan, evidence, **options))
    return str(path)


def render_page(plan: Plan, evidence: Any = None, *, artefacts: bool = True, simulated: bool = False) -> str:
    """The report as text. With SOURCE_DATE_EPOCH set, the same plan and evidence give the same bytes.

    simulated: whether load and failures are simulated for it.
    """
    style = css("page") + "\n" + _read("style.css")
    script = _read("script.js")
    chapters = [(title, tuple(_section(plan, name) for name in names)) for title, names in CHAPTERS]
    reasons = chapters[2]
    chapters[2] = (reasons[0], (*reasons[1], _handoffs(plan)))
    if simulated:
        standing = chapters[3]
        chapters[3] = (standing[0], (*standing[1], _simulated(plan)))
    return _template().render(
        plan=plan,
        chapters=chapters,
        facts=[_fact_row(fact) for fact in plan.facts.values()],
        evidence=_evidence_part(evidence),
        sources=[
            (one.title, fragment(one, prefix="artefact-", heading=3))
            for one in (export(plan, name) for name in ARTEFACTS)
        ]
        if artefacts
        else [],
        figures=_key_figures(plan),
        findings=plan.findings.open,
        accepted=len(plan.findings.accepted),
        severities={one: sum(1 for f in plan.findings.open if f.severity == one) for one in SEVERITIES},
        counts={"evidence": len(evidence) if evidence is not None else 0},
        provenance=_provenance(plan),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _key_figures(plan: Plan) -> list[tuple[str, str, str, str]]:
    """What one asks first of a design: label, number, where it is explained, and its range or what it belongs to."""
    made = []
    horizon = plan.facts[HORIZON].text
    for label, name in KEY_FIGURES:
        if name in plan.facts:
            row = _fact_row(plan.facts[name])
            made.append((label.format(horizon=horizon), row["text"], _fact_link(name), row["spread"]))
    slowest = max(
        (fact for name, fact in plan.facts.items() if OPERATION_P99.find(name) is not None),
        key=lambda fact: fact.base,
        default=None,
    )
    if slowest is not None:
        operation = slowest.name.split(".")[1]
        made.append(("slowest operation, p99", slowest.text, _fact_link(slowest.name), operation))
    return made


def _section(plan: Plan, name: str) -> Part:
    section = plan.sections[name]
    shown = [one for one in section.views if not one.name.startswith(HANDOFF)]
    said, proposed = section.counts
    note = f"{said} values said, {proposed} proposed." if said + proposed else ""
    return Part(
        name, section.title, note, tuple(fragment(one, prefix=f"{name}-", heading=3, link=_fact_link) for one in shown)
    )


def _handoffs(plan: Plan) -> Part:
    shown: list[AnyShape] = [one for one in plan.decisions.views if one.name.startswith(HANDOFF)]
    note = "What each colleague needs from this design, and what is still open."
    return Part(
        "handoffs",
        "Hand-offs",
        note,
        tuple(fragment(one, prefix="handoffs-", heading=3, link=_fact_link) for one in shown),
    )


def _simulated(plan: Plan) -> Part:
    shown = (*find_verdict(plan).views, show_failures(plan))
    note = (
        "Simulated from the plan's rates, times of work, time limits and retries: more load than planned, and failures."
    )
    return Part(
        "simulated",
        "Load and failures, simulated",
        note,
        tuple(fragment(one, prefix="simulated-", heading=3, link=_fact_link) for one in shown),
    )


def _evidence_part(evidence: Any) -> Part:
    if evidence is None:
        return Part(
            "evidence", "Evidence", "Nothing was run for this report: every artefact in it is not verified.", ()
        )
    figures = tuple(fragment(one, prefix="evidence-", heading=3) for one in evidence.views)
    return Part("evidence", "Evidence", "What was run, on which engine, and which kind of proof that is.", figures)


def _fact_row(fact: Fact) -> dict[str, Any]:
    spread = ""
    if fact.is_uncertain():
        p10, _, p90 = fact.percentiles()
        low, high = fact.show(p10), fact.show(p90)
        unit = high.lstrip("0123456789. ")
        spread = f"{low.removesuffix(unit).strip()} to {high}" if low != high else ""
    parts = _link_once(fact) if fact.apply else []
    names = sum(1 for _, link in parts if link)
    return {
        "name": fact.name,
        "anchor": _fact_link(fact.name)[1:],
        "text": fact.text,
        "spread": spread,
        "origin": fact.origin,
        "parts": parts,
        # a sum over every table is folded, or it would fill a screen
        "terms": names if names > MOST_NAMES else 0,
        "arithmetic": fact.arithmetic() if fact.apply else str(fact.given),
        "because": "; ".join(one for one in (_decided(fact), fact.because, fact.source) if one),
    }


def _decided(fact: Fact) -> str:
    """That a number was chosen and is held, or that a rate moves with another."""
    if fact.follows is not None:
        return f"moves with {fact.follows.name}"
    return f"decided {fact.taken_at}, and held" if fact.at else ""


@cache
def _fact_link(name: str) -> str:
    """Where a fact's row is: short, for a page holds thousands of such links, and the same from export to export."""
    return "#f" + base64.b32encode(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())[:7].decode().lower()


def _link_once(fact: Fact) -> list[tuple[str, str]]:
    """The formula in parts; a name is a link where it stands first, which keeps a long page small."""
    seen: set[str] = set()
    parts = []
    for text, name in fact.parts():
        parts.append((text, _fact_link(name) if name and name not in seen else ""))
        seen.add(name)
    return parts


def _provenance(plan: Plan) -> dict[str, str]:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = (
        datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
        if epoch.isdigit()
        else datetime.datetime.now(datetime.UTC)
    )
    said = json.dumps(plain(plan.said), ensure_ascii=True, sort_keys=True).encode()
    return {
        "archnb": version("archnb"),
        "design format": str(FORMAT),
        "design version": plan.design.migrations.version or "",
        "SHA-256 of the design": hashlib.sha256(said).hexdigest(),
        "made": moment.strftime("%Y-%m-%d %H:%M UTC"),
    }


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return files("archnb.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    import jinja2

    # autoescape is the one place where the page's own texts are escaped; figures come as markup from the renderer
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["prose"] = prose_markup
    return environment.from_string(_read("page.html.j2"))
