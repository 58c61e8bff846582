"""Evidence: what was run, on which engine, and what came of it, each with its honest kind of proof.

A proof that parsed something never says that it ran something, and one that could not be had says so: `not run` is
neither passed nor failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from archnb.shapes import Cell, Shape, Shown, Table, Tone
from archnb.shapes import Sequence as Way

if TYPE_CHECKING:
    import pandas

Kind = Literal["executed on the engine", "explored in full", "emulated", "parsed or schema-checked", "not verified"]
Verdict = Literal["passed", "failed", "not run"]

KINDS: tuple[Kind, ...] = get_args(Kind)
VERDICTS: tuple[Verdict, ...] = ("passed", "failed", "not run")
_TONES: dict[Verdict, Tone] = {"passed": "good", "failed": "danger", "not run": "muted"}


@dataclass(frozen=True)
class Check:
    """One thing that was checked within a proof: its name, its verdict, and what was seen."""

    name: str
    verdict: Verdict
    text: str = ""


@dataclass(frozen=True)
class Served:
    """How one access pattern's query went: the index that served it, the line of the plan that says so, the rows it gave."""

    pattern: str
    engine: str
    index: str
    plan: str
    rows: int | None
    verdict: Verdict
    text: str = ""


@dataclass(frozen=True)
class Proof:
    """What one engine (or parser) said about one artefact."""

    artefact: str
    engine: str
    version: str
    kind: Kind
    statements: int
    seconds: float
    verdict: Verdict
    details: tuple[Check, ...] = ()
    queries: tuple[Served, ...] = ()
    # the ways to what must not be, where a proof can draw them
    ways: tuple[Way, ...] = ()

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks and queries that failed."""
        queries = tuple(
            Check(f"query {one.pattern}", "failed", one.text) for one in self.queries if one.verdict == "failed"
        )
        return (*(one for one in self.details if one.verdict == "failed"), *queries)

    @property
    def summary(self) -> str:
        """How many checks passed, failed and were not run; of a single one, its text."""
        found: list[Check | Served] = [*self.details, *self.queries]
        if len(found) == 1:
            return found[0].text
        count = Counter(one.verdict for one in found)
        return ", ".join(f"{count[verdict]} {verdict}" for verdict in VERDICTS if count[verdict])


def conclude(checks: Iterable[Check | Served]) -> Verdict:
    """The verdict over checks: failed where one failed, not run where none passed, else passed."""
    found = [one.verdict for one in checks]
    if "failed" in found:
        return "failed"
    return "passed" if "passed" in found else "not run"


@dataclass(frozen=True, eq=False)
class Evidence(Shown, Sequence[Proof]):
    """All proofs of one plan, in order."""

    proofs: tuple[Proof, ...]

    @overload
    def __getitem__(self, at: int) -> Proof: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Proof, ...]: ...
    def __getitem__(self, at: int | slice) -> Proof | tuple[Proof, ...]:
        return self.proofs[at]

    def __len__(self) -> int:
        return len(self.proofs)

    def __iter__(self) -> Iterator[Proof]:
        return iter(self.proofs)

    @property
    def title(self) -> str:
        """What it is called when shown."""
        return "Evidence"

    @property
    def is_passed(self) -> bool:
        """Whether no proof failed. A proof that was not run has not failed, and its kind says that nothing is proven."""
        return all(one.verdict != "failed" for one in self.proofs)

    @property
    def counts(self) -> dict[str, int]:
        """How many proofs there are of each verdict and of each kind; zeros are left in."""
        verdicts = Counter(one.verdict for one in self.proofs)
        kinds = Counter(one.kind for one in self.proofs)
        return {**{one: verdicts[one] for one in VERDICTS}, **{one: kinds[one] for one in KINDS}}

    @property
    def note(self) -> str:
        """One line on the whole."""
        counts = self.counts
        made = ", ".join(f"{counts[one]} {one}" for one in VERDICTS if counts[one])
        kinds = ", ".join(f"{counts[one]} {one}" for one in KINDS if counts[one])
        return f"{len(self)} proofs: {made}. By kind: {kinds}." if self.proofs else "Nothing was run."

    @property
    def views(self) -> tuple[Shape, ...]:
        """The summary; what served each access pattern; and where something failed, what, and the way there."""
        made: list[Shape] = [_summary(self.proofs)]
        queries = [one for proof in self.proofs for one in proof.queries]
        if queries:
            made.append(_queries(queries))
        failures = [(proof, one) for proof in self.proofs for one in proof.failures]
        if failures:
            made.append(_failures(failures))
        return (*made, *(way for proof in self.proofs for way in proof.ways))

    @property
    def frame(self) -> pandas.DataFrame:
        """The summary, one row a proof."""
        return _summary(self.proofs).frame

    def data(self) -> list[dict[str, Any]]:
        """The proofs as plain data, for JSON."""
        return [asdict(one) for one in self.proofs]

    def __repr__(self) -> str:
        return f"<Evidence: {self.note}>"


def _cell(verdict: Verdict) -> Cell:
    return Cell(verdict, tone=_TONES[verdict])


def _summary(proofs: Sequence[Proof]) -> Table:
    rows = tuple(
        (
            one.artefact,
            one.engine,
            one.version,
            one.kind,
            one.statements,
            Cell(round(one.seconds, 3), f"{one.seconds:.2f} s"),
            _cell(one.verdict),
            one.summary,
        )
        for one in proofs
    )
    columns = ("artefact", "engine", "version", "kind of proof", "statements", "time", "verdict", "checks")
    return Table(
        "evidence", "What was run", columns, rows,
        description="Every artefact, the engine or parser that judged it, and which kind of proof that is.",
    )  # fmt: skip


def _queries(queries: Sequence[Served]) -> Table:
    rows = tuple(
        (
            Cell(one.pattern, is_code=True),
            one.engine,
            Cell(one.index, is_code=True),
            Cell(one.plan, is_code=True),
            one.rows,
            _cell(one.verdict),
            one.text,
        )
        for one in queries
    )
    return Table(
        "evidence-queries",
        "Which index serves which access pattern",
        ("access pattern", "engine", "index", "line of the plan", "rows", "verdict", "what was seen"),
        rows,
        description="Each query was run over synthetic rows that fulfil every constraint, and explained by the engine.",
    )


def _failures(failures: Sequence[tuple[Proof, Check]]) -> Table:
    rows = tuple(
        (proof.artefact, f"{proof.engine} {proof.version}".strip(), Cell(one.name, is_code=True), one.text)
        for proof, one in failures
    )
    return Table("evidence-failures", "What failed", ("artefact", "engine", "check", "what was seen"), rows)
