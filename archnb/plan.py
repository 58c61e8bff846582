"""The pipe: a design goes through the topics once, and comes out complete, measured and checked.

A `Plan` is the completed design in the same types, the facts, the findings, and for every value the answer to "why".
"""

from __future__ import annotations

import contextlib
import datetime
import gc
import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archnb import topics
from archnb.design import Design, find_dangling, leaves, locate, plain
from archnb.design.declaration import Range
from archnb.exceptions import ArchnbError, InputError, Problem, printable, quote, unknown, unknown_name
from archnb.fact import Facts, Family, Key
from archnb.fact.keys import find_key, list_keys
from archnb.finding import Finding, Findings, Rule, accept, today
from archnb.model import Model
from archnb.planned import Backend
from archnb.quantity import describe
from archnb.shapes import AnyShape, Cell, Graph, Shown, Source, Table
from archnb.topics.topic import Because, Draft, Topic, Why

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    import networkx
    import pandas

    from archnb.answers.overload import Verdict
    from archnb.verify.proof import Evidence

# after so many rounds of leaving out what is wrong, what was found is told
MOST_ROUNDS = 12
# a design of more entities is not planned again only to tell more of what is wrong
MOST_ENTITIES = 300

# verbs of later rooms, as "module:function", that a plan offers as methods; the package's front door fills them
_verbs: dict[str, str] = {}


def offer(**verbs: str) -> None:
    """Say where the functions behind `Plan.export`, `Plan.verify` and `Plan.report` are. The front door calls it."""
    _verbs.update(verbs)


def _find_verb(verb: str) -> Any:
    module, _, name = _verbs[verb].partition(":")
    return getattr(importlib.import_module(module), name)


def plan(design: Design | str | os.PathLike[str], *, day: datetime.date | None = None) -> Plan:
    """Complete, measure and check a design, or the design in a file.

    The same design gives the same plan, and the design does not change.
    day: the day by which an acceptance with an end may be over; by default today.

    Raises InputError, with every problem and its line where the design was read from a file, where a value does not do or a
    name names nothing.
    """
    if not isinstance(design, Design):
        design = load(design)
    problems = [*find_dangling(design), *_find_unknown_rules(design), *_check_assumptions(design)]
    if problems:
        raise locate(design, find_more(problems, plain(design)))
    with _keeping_all():
        try:
            draft = _complete(design)
        except InputError as error:
            raise locate(design, find_more(error.problems, plain(design))) from None
        draft.rules = rules()
        # a topic's rules see what those before it found: the review looks for acceptances that have no finding
        for topic in topics.TOPICS:
            found = (finding for one in topic.RULES for finding in one.run(draft))
            draft.findings = Findings([*draft.findings, *accept(found, design.accepted, day or today())])
    return Plan(draft)


@contextlib.contextmanager
def _keeping_all() -> Iterator[None]:
    """Leave the cycle collector off: all that a plan makes stays, and looking through it again and again takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def load(path: str | os.PathLike[str]) -> Design:
    """Read a design file. Raises InputError with every problem and its line, those too that only a plan would show."""
    if not isinstance(path, str | os.PathLike):
        told = f"{quote(path)} is given where a design or the path of its file is expected"
        next = "write archnb.plan('shop.yaml'), or archnb.plan(archnb.load('shop.yaml'))"
        raise InputError([Problem.of("", told, next)])
    try:
        read: Callable[..., Design] = _find_verb("load")
        return read(path, must_say_format=True)
    except InputError as error:
        if error.data is None or error.locate is None:
            raise
        more = find_more(error.problems, error.data)[len(error.problems) :]
        raise InputError([*error.problems, *map(error.locate, more)], error.where) from None


def _complete(design: Design) -> Draft:
    draft = Draft(design)
    for topic in topics.TOPICS:
        draft.run(topic)
    problems = list(_check_overruled(draft))
    if problems:
        raise InputError(problems)
    return draft


def find_more(problems: Sequence[Problem], data: Any) -> list[Problem]:
    """Some problems of a design, and those that show once what is wrong is left out, so that all are told at once.

    data: the plain data of the design; it stays as it is.
    """
    found, last = list(problems), list(problems)
    if not isinstance(data, Mapping) or len(data.get("entities") or ()) > MOST_ENTITIES:
        return found
    rest = _copy_data(data)
    left_out: dict[str, bool] = {}
    for _ in range(MOST_ROUNDS):
        for one in last:
            # a name that is wrong itself was no use to anybody; anything else may have been
            left_out[one.path] = one.path.rpartition(".")[2] != one.given
            if not _leave_out(rest, one.path):
                return found
        try:
            design = Design.of(rest)
        except InputError as more:
            # what is wrong now was right while all was there
            last = list(more.problems)
            continue
        try:
            _complete(design)
            late = (*_find_unknown_rules(design), *_check_assumptions(design))
            found += [one for one in late if one not in found]
            break
        except InputError as more:
            last = list(more.problems)
            found += [one for one in last if one not in found and not _is_fallout(one, left_out)]
        except (ArchnbError, ArithmeticError, LookupError, TypeError, ValueError):
            # what is left need not make sense
            break
    return found


def _is_fallout(problem: Problem, left_out: Mapping[str, bool]) -> bool:
    """Whether a problem is only there because something was left out: a value in it, or what it refers to."""
    return any(
        path.startswith(f"{problem.path}.") or (is_name and path.rpartition(".")[2] == problem.given)
        for path, is_name in left_out.items()
    )


def _copy_data(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {name: _copy_data(one) for name, one in data.items()}
    return [_copy_data(one) for one in data] if isinstance(data, list | tuple) else data


def _leave_out(data: Any, path: str) -> bool:
    """Take the value at a path, or the nearest thing above it, out of plain data; whether there was one."""
    place, parts, at = data, path.split("."), 0
    while at < len(parts):
        # a name that is wrong may itself hold dots
        ends = (end for end in range(at + 1, len(parts) + 1) if ".".join(parts[at:end]) in place)
        end = next(ends, None)
        if end is None:
            return False
        name = ".".join(parts[at:end])
        if end == len(parts) or not isinstance(place[name], dict):
            # a field keeps its name, since others refer to it
            if place[name] != "text" and at >= 2 and parts[at - 1] == "fields":
                place[name] = "text"
            else:
                del place[name]
            return True
        place, at = place[name], end
    return False


def _find_unknown_rules(design: Design) -> Iterator[Problem]:
    known = [one.id for one in rules()] if design.accepted else []
    for n, one in enumerate(design.accepted):
        if one.rule not in known:
            yield unknown_name(f"accepted.{n}.rule", "rule", one.rule, known, "'archnb rules' lists them.")


def _check_assumptions(design: Design) -> Iterator[Problem]:
    """What the design says under `assumptions` that is no assumption, of another dimension, or out of its range."""
    if not design.assumptions:
        return
    names = [one if isinstance(one, Key) else one.name for one in list_keys() if one.is_assumption]
    for name, value in design.assumptions.items():
        found = find_key(name)
        path = f"assumptions.{name}"
        if found is None or not found.is_assumption:
            yield unknown_name(path, "assumption", name, names, "plan.facts.assumptions lists those of a plan.")
        elif found.dimension is not None and value is not None and value.unit.dimension != found.dimension:
            told = f"'{value}' is {value.unit.describe()}"
            yield Problem.of(path, told, f"give {describe(found.dimension)}", given=str(value))
        elif value is not None:
            within = Range(above="0" if found.is_positive else None, most="100%" if found.is_share else None)
            fault = within.find_fault(value)
            if fault is not None:
                yield Problem.of(path, f"'{value}' is {fault}", f"give {within.describe()}", given=str(value))


def _check_overruled(draft: Draft) -> Iterator[Problem]:
    """What the design says of a member that is not there: cores of a kind of part, a time of a third party."""
    assumed = draft.facts.assumptions if draft.said.assumptions else {}
    for name in draft.said.assumptions:
        if name not in assumed and isinstance(find_key(name), Family):
            yield unknown_name(f"assumptions.{name}", "assumption", name, assumed, "It is not made in this plan.")


def rules() -> tuple[Rule, ...]:
    """All rules of all topics."""
    return tuple(one for topic in topics.TOPICS for one in topic.RULES)


class Section(Shown):
    """One section of a plan as it is shown: its record, its views, its findings."""

    def __init__(self, plan: Plan, topic: Topic) -> None:
        self.plan, self.topic = plan, topic
        self.name, self.title = topic.NAME, topic.TITLE

    @property
    def record(self) -> Any:
        """The completed record (or the named records) of this section."""
        return getattr(self.plan.design, self.name, None)

    @cached_property
    def views(self) -> tuple[AnyShape, ...]:
        """The section's shapes, in reading order."""
        return tuple(self.topic.views(self.plan.draft))

    @property
    def note(self) -> str:
        """How much of the section was said, and how much proposed."""
        said, proposed = self.counts
        return f"{said} values said, {proposed} proposed. plan.why('{self.name}…') gives the reason of each."

    @property
    def counts(self) -> tuple[int, int]:
        """How many values of the section were said, and how many proposed."""
        said = sum(1 for _ in leaves(getattr(self.plan.said, self.name, None), self.name))
        return said, max(0, sum(1 for _ in leaves(self.record, self.name)) - said)

    @property
    def frame(self) -> pandas.DataFrame:
        """The first table of the section as a DataFrame."""
        return next(iter(self.frames.values()))

    @property
    def frames(self) -> dict[str, pandas.DataFrame]:
        """Every view's table by name; the tables come before the diagrams'."""
        ordered = sorted(self.views, key=lambda shape: not isinstance(shape, Table))
        return {shape.name: shape.frame for shape in ordered}

    @property
    def graph(self) -> networkx.MultiDiGraph[str]:
        """The first diagram of the section as networkx."""
        for shape in self.views:
            if isinstance(shape, Graph):
                return shape.graph
        raise ArchnbError(
            f"section {self.name!r} has no graph; its views are {', '.join(shape.name for shape in self.views)}"
        )

    def __getitem__(self, name: str) -> AnyShape:
        for shape in self.views:
            if shape.name == name:
                return shape
        raise KeyError(unknown("view", name, [shape.name for shape in self.views]))

    def __repr__(self) -> str:
        return f"<Section {self.name}: {', '.join(shape.name for shape in self.views)}>"


class Plan(Shown):
    """A completed, checked design. Sections are attributes: `plan.schema`, `plan.api`, …"""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    # made when first asked for: a plan that is only computed with is then free of cycles, and goes as soon as nobody holds it
    @cached_property
    def _sections(self) -> dict[str, Section]:
        return {topic.NAME: Section(self, topic) for topic in topics.TOPICS}

    @property
    def said(self) -> Design:
        """The design as people said it."""
        return self.draft.said

    @property
    def design(self) -> Design:
        """The design with everything proposed filled in."""
        return self.draft.design

    @property
    def model(self) -> Model:
        """What the completed design means: keys, references, people, tenants, ways, places, touches, traffic."""
        return self.draft.model

    @property
    def planned(self) -> Backend:
        """What was concluded, in records without gaps: what exporters and verifiers read."""
        return self.draft.planned

    @property
    def facts(self) -> Facts:
        """All numbers, by name."""
        return self.draft.facts

    @property
    def findings(self) -> Findings:
        """What the rules found, worst first."""
        return self.draft.findings

    @property
    def name(self) -> str:
        """The design's name."""
        return self.said.name or "design"

    @property
    def sections(self) -> dict[str, Section]:
        """The sections by name, in reading order."""
        return dict(self._sections)

    # a property a section, so that editors complete them

    @property
    def requirements(self) -> Section:
        """What is asked of the system."""
        return self._sections["requirements"]

    @property
    def entities(self) -> Section:
        """The data model and how it is used."""
        return self._sections["entities"]

    @property
    def schema(self) -> Section:
        """Stores, tables, keys and indexes."""
        return self._sections["schema"]

    @property
    def api(self) -> Section:
        """The operations."""
        return self._sections["api"]

    @property
    def auth(self) -> Section:
        """Who may do what."""
        return self._sections["auth"]

    @property
    def operations(self) -> Section:
        """The statements of each operation."""
        return self._sections["operations"]

    @property
    def cache(self) -> Section:
        """What is kept close."""
        return self._sections["cache"]

    @property
    def jobs(self) -> Section:
        """What runs later."""
        return self._sections["jobs"]

    @property
    def patterns(self) -> Section:
        """Which patterns are used."""
        return self._sections["patterns"]

    @property
    def flow(self) -> Section:
        """How requests travel."""
        return self._sections["flow"]

    @property
    def errors(self) -> Section:
        """What goes wrong, and what then."""
        return self._sections["errors"]

    @property
    def monitoring(self) -> Section:
        """What is measured."""
        return self._sections["monitoring"]

    @property
    def scaling(self) -> Section:
        """How it grows."""
        return self._sections["scaling"]

    @property
    def migrations(self) -> Section:
        """How it changes."""
        return self._sections["migrations"]

    @property
    def decisions(self) -> Section:
        """What was decided."""
        return self._sections["decisions"]

    @property
    def review(self) -> Section:
        """How it stands against the principles."""
        return self._sections["review"]

    def why(self, path: str) -> Why:
        """Why the value at a path of the completed design is what it is.

        Raises ArchnbError with the nearest path where there is no such value.
        """
        values, reasons = self._values, self.draft.reasons
        if path in self._said_values:
            return Why(path, True, values.get(path), "said in the design")
        if path in reasons:
            because = reasons[path]
            return Why(path, False, values.get(path, because.value), because.reason, because.facts)
        below = [one for one in values if one.startswith(path + ".")]
        if path not in values and not below:
            if path in self.facts:
                raise ArchnbError(f"'{path}' is a fact: plan.facts['{path}'].why() says what it follows from.")
            raise ArchnbError(unknown("path", path, [*values, *reasons, *self.facts], "plan.paths() lists them all."))
        if below and self.draft.is_said(path):
            said = [one for one in below if one in self._said_values]
            return Why(path, True, None, "said in the design, in part: " + ", ".join(said[:5]))
        # a value inside a record that was proposed as a whole has the record's reason
        above = path
        while "." in above:
            above = above.rpartition(".")[0]
            if above in reasons:
                because = reasons[above]
                return Why(path, False, values.get(path), because.reason, because.facts)
        return Why(
            path,
            False,
            values.get(path),
            "no reason of its own; see "
            + ", ".join([one for one in reasons if one.startswith(path + ".")][:5] or [path]),
        )

    @cached_property
    def _values(self) -> dict[str, Any]:
        return dict(leaves(self.design))

    @cached_property
    def _said_values(self) -> dict[str, Any]:
        return dict(leaves(self.said))

    def paths(self) -> list[str]:
        """Every path of the completed design that holds a value."""
        return list(self._values)

    def export(self, name: str, **options: str) -> Source:
        """Translate the plan into an artefact: 'sql', 'openapi', 'prometheus', … See archnb.export.EXPORTERS.

        options: those of the exporter, such as dialect="mysql". Raises ArchnbError where a name or an option is not known.
        """
        run: Callable[..., Source] = _find_verb("export")
        return run(self, name, **options)

    def verify(
        self, *, postgresql: str | None = None, mysql: str | None = None, only: str | Iterable[str] | None = None
    ) -> Evidence:
        """Run every artefact on the real thing, or say that it was not.

        postgresql, mysql: the URL of a server to use. only: names of archnb.verify.VERIFIERS. Raises EngineMissing where a
        given server does not answer, ArchnbError where a name is not known.
        """
        run: Callable[..., Evidence] = _find_verb("verify")
        return run(self, postgresql=postgresql, mysql=mysql, only=only)

    def report(
        self, path: str | Path, evidence: Evidence | None = None, *, artefacts: bool = True, simulated: bool = False
    ) -> str:
        """Write the whole plan as one self-contained HTML file; gives back the path.

        evidence: what `verify` gave; without it the report says that nothing was run. artefacts: whether they are put in.
        simulated: whether the overload verdict and the failure table are simulated and put in, which takes a while.
        """
        run: Callable[..., str] = _find_verb("report")
        return run(self, str(path), evidence, artefacts=artefacts, simulated=simulated)

    def overload(self, *, seconds: float = 30.0, seeds: int = 3, executor: Executor | None = None) -> Verdict:
        """Simulate the plan under more and more load: what it bears, what breaks first, whether it recovers, what would help.

        seconds: of each load. seeds: of each trigger. executor: where it is computed, of concurrent.futures. Raises
        ArchnbError where there is nothing to simulate, or too much for plain Python.
        """
        run: Callable[..., Verdict] = _find_verb("overload")
        return run(self, seconds=seconds, seeds=seeds, executor=executor)

    def failures(self, *, seeds: int = 1, executor: Executor | None = None) -> Table:
        """Simulate each part slow, partly lost, lost and cut off: what users see, what queues, and how long it takes.

        The same as of `overload`.
        """
        run: Callable[..., Table] = _find_verb("failures")
        return run(self, seeds=seeds, executor=executor)

    def what_if(self, changes: Mapping[str, Any], /, *, retaken: bool = False) -> Table:
        """One table of the numbers that move when something else is said: before, after, how many times as much.

        changes: values by path. retaken: whether decisions (servers, workers, memory, stores) are taken anew; else the plan's are
        held, and the table says what happens to them. Raises ArchnbError where a path is no number that facts rest on.
        """
        run: Callable[..., Table] = _find_verb("what_if")
        return run(self, changes, retaken=retaken)

    def data(self) -> Any:
        """The completed design as plain data."""
        return plain(self.design)

    @property
    def title(self) -> str:
        """What the plan is called when shown."""
        return f"Design '{self.name}'"

    @property
    def note(self) -> str:
        """One line on the whole."""
        said = sum(1 for _ in leaves(self.said))
        count = sum(1 for _ in leaves(self.design))
        return f"{said} values said, {max(0, count - said)} proposed; {len(self.facts)} facts; {self.findings.note}."

    @property
    def views(self) -> Sequence[AnyShape]:
        """The card: sections with what was said and proposed, and the worst findings."""
        rows = []
        for name, section in self._sections.items():
            said, proposed = section.counts
            found = [one for one in self.findings if _is_about(one, name)]
            accepted = sum(1 for one in found if one.is_accepted)
            counted = (said, proposed, len(found) - accepted, accepted)
            rows.append((Cell(f"plan.{name}", is_code=True), section.title, *counted))
        columns = ("section", "what", "said", "proposed", "findings", "accepted")
        card = Table("sections", "Sections", columns, tuple(rows))
        worst = self.findings.table
        return (
            card,
            Table(
                "worst-findings",
                "Worst findings",
                worst.columns,
                worst.rows[:3],
                description=f"One row a rule; {self.findings.note} in all: plan.findings",
            ),
        )

    def __repr__(self) -> str:
        return printable(f"<Plan {self.name}: {self.note}>")


def _is_about(finding: Finding, section: str) -> bool:
    return finding.rule.topic == section or finding.path.startswith(section + ".")


__all__ = ["Because", "Plan", "Section", "offer", "plan", "rules"]
