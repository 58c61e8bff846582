"""archnb: a backend architect in a notebook.

A short design file says what is wanted; `plan` works the rest out, says why, and checks it; `export`, `verify` and
`report` hand over documents that are true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archnb import plan as _plan
from archnb import shapes as _shapes
from archnb.design import Design
from archnb.exceptions import ArchnbError, InputError
from archnb.plan import Plan, Section, plan, rules

if TYPE_CHECKING:
    from pathlib import Path

    from archnb.capture import Form
    from archnb.shapes import Graph, Table

__version__ = "0.1.0"


def load(path: str | Path) -> Design:
    """Read a design file; it remembers what it was read from. Raises InputError with the lines of everything that is wrong."""
    return _plan.load(path)


def save(design: Design, path: str | Path) -> None:
    """Write a design file; only the lines of what changed are touched, and a kill in the middle leaves the old file.

    Raises FileChangedError where somebody changed the file since the design was read from it: load it again and repeat the
    change. Under another name the comments come along.
    """
    from archnb.file import save as save_file

    save_file(design, path)


def form(design_or_path: Design | str | Path, section: str = "requirements") -> Form:
    """Ask for a section in a form; given a path, every accepted edit is saved there. Needs `pip install "archnb[lab]"`."""
    from archnb.capture import form as show_form

    return show_form(design_or_path, section)


def types() -> Table:
    """The field types, with sizes."""
    from archnb.design.entities import TYPES
    from archnb.shapes import Table

    rows = tuple((one.name + one.arguments, one.bytes, one.about) for one in TYPES.values())
    return Table("types", "Field types", ("type", "bytes", "what it is"), rows)


def units() -> Table:
    """The units, by dimension."""
    from archnb.quantity import units as listed
    from archnb.shapes import Table

    return Table(
        "units", "Units", ("dimension", "units"), tuple((name, ", ".join(found)) for name, found in listed().items())
    )


def er_diagram(design: Design) -> Graph:
    """The entity-relationship diagram of a design, completed."""
    return plan(design).schema["er"]  # type: ignore[return-value]


def data_flow(design: Design) -> Graph:
    """The data-flow diagram of a design, completed."""
    return plan(design).flow["data-flow"]  # type: ignore[return-value]


def capacity_chart(design: Design) -> Any:
    """Demand over the horizon against every resource's limit."""
    return plan(design).scaling["capacity"]


def caching_tradeoffs(design: Design) -> Table:
    """Policy and lifetime against hit ratio, staleness, load saved and memory."""
    return plan(design).cache["tradeoffs"]  # type: ignore[return-value]


def export_report(design: Design, path: str | Path, **options: Any) -> Any:
    """Plan a design and write its HTML report."""
    return plan(design).report(str(path), **options)


def _bundle(shown: Any) -> dict[str, str]:
    from archnb.render import bundle

    return bundle(shown)


_shapes.set_bundle(_bundle)
_plan.offer(
    load="archnb.file:load",
    export="archnb.export:export",
    verify="archnb.verify:verify",
    report="archnb.report:report",
    overload="archnb.answers:find_verdict",
    failures="archnb.answers:show_failures",
    what_if="archnb.diff.whatif:try_what_if",
)

__all__ = [
    "ArchnbError", "Design", "InputError", "Plan", "Section", "caching_tradeoffs", "capacity_chart", "data_flow",
    "er_diagram", "export_report", "form", "load", "plan", "rules", "save", "types", "units",
]  # fmt: skip
