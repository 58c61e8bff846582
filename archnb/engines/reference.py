"""The engines as a page to read: `python -m archnb.engines.reference > docs/engines.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from archnb.engines import ABILITIES, CACHE_PLACES, QUEUE_ENGINES, STANDINGS, STORE_ENGINES, Engine, engines


def write_reference() -> str:
    """The page of all engines, in Markdown.

    >>> write_reference().startswith("# Engines")
    True
    """
    return "\n".join(_list_lines()) + "\n"


def _list_lines() -> Iterator[str]:
    yield "# Engines"
    yield ""
    yield "What a design may name, and what archnb knows of it. Made from `archnb/engines/`, one module an engine:"
    yield "`python -m archnb.engines.reference > docs/engines.md`. A name that is not here is an error with the nearest one."
    yield ""
    yield "| field of a design | engines |"
    yield "|---|---|"
    for field, roster in (
        ("`schema.stores.*.engine`", STORE_ENGINES),
        ("`cache.policies.*.store`", CACHE_PLACES),
        ("`jobs.queues.*.engine`", QUEUE_ENGINES),
    ):
        yield f"| {field} | {', '.join(f'`{name}`' for name in roster.list_names())} |"
    yield ""
    yield "## What each is for"
    yield ""
    yield from _tabulate(
        ("engine", "kinds", "what it is", "spoken", "port", "indexes"),
        (
            (
                _link(one),
                ", ".join(one.kinds),
                one.summary,
                one.protocol or "–",
                _show(one.port),
                ", ".join(one.index_methods) or "–",
            )
            for one in engines().values()
        ),
    )
    yield ""
    yield "## What each can do"
    yield ""
    yield from _tabulate(
        ("", "what that means", "engines"),
        (
            (name, text, ", ".join(one.label for one in engines().values() if one.has(name)))
            for name, text in ABILITIES.items()
        ),
    )
    yield ""
    yield "The standing of a limit says how firm it is: " + "; ".join(f"*{k}*: {v}" for k, v in STANDINGS.items()) + "."
    for engine in engines().values():
        yield ""
        yield from _describe(engine)


def _describe(engine: Engine) -> Iterator[str]:
    yield f"## {engine.label}"
    yield ""
    yield f"`{engine.name}`. {engine.summary} {engine.source}"
    if engine.meanings:
        yield ""
        yield f"Also called {', '.join(engine.meanings)}."
    if engine.likes:
        yield ""
        yield f"Near it: {'; '.join(f'{name} ({how})' for name, how in engine.likes.items())}."
    if engine.identifier is not None:
        kept = engine.identifier
        ends = "is cut without an error" if kept.cuts else "is refused"
        folds = "folded to small letters" if kept.folds == "lower" else "kept as they are"
        yield ""
        yield f"Names: at most {kept.length} {kept.counted_in}, a longer one {ends}; without quotes they are {folds}."
    for choice in engine.choices:
        yield ""
        yield f"Proposed for {choice.kind}: {choice.strength}."
    for kind, text in engine.refused.items():
        yield ""
        yield f"Refused for {kind}: {text}."
    if engine.limits:
        yield ""
        yield from _tabulate(
            ("limit", "value", "what it means", "standing", "source", "as of"),
            ((one.name, one.value, one.because, one.standing, one.source, one.date) for one in engine.limits),
        )
    if engine.measures:
        yield ""
        yield f"Measured by {engine.measured_by}."
        yield ""
        yield from _tabulate(
            ("metric", "kind", "signal", "what it says"),
            ((f"`{one.name}`", one.kind, one.signal, one.summary) for one in engine.measures),
        )
    if engine.alarms:
        yield ""
        yield from _tabulate(
            ("alert", "when", "severity", "what to do"),
            ((f"`{one.name}`", f"`{one.measure} {one.condition}`", one.severity, one.runbook) for one in engine.alarms),
        )
    if engine.changes:
        yield ""
        yield from _tabulate(
            ("change while it runs", "steps", "lock"), ((one.name, one.steps, one.lock) for one in engine.changes)
        )
    if engine.types:
        yield ""
        yield "Types: " + ", ".join(f"{kind} → {native}" for kind, native in engine.types.items()) + "."


def _link(engine: Engine) -> str:
    return f"[{engine.label}](#{'-'.join(engine.label.lower().split())})"


def _show(port: int | None) -> str:
    return "–" if port is None else str(port)


def _tabulate(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


if __name__ == "__main__":
    sys.stdout.write(write_reference())
