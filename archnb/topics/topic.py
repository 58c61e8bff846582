"""What every topic offers, and the draft that travels through them.

A topic is a folder with the same few words, each from a file of the same name in all of them: `complete` from `proposals`,
`measure` from `measures`, `conclude` from `conclusions`, `RULES` from `rules`, `views` from `views`; and `NAME`, `TITLE`,
`CLOSES`. Beside these files stand the nouns of its field. The draft carries the design as completed so far, the facts, and
the reason of everything proposed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from archnb.design import Design, leaves
from archnb.design.expansion import expand, is_short
from archnb.design.record import Named, Record, hints
from archnb.design.references import SCOPES, Find, Names, Reference, find_unknown, list_references
from archnb.exceptions import ArchnbError, InputError
from archnb.fact import Fact, Facts, Key, Origin
from archnb.finding import Findings, Rule
from archnb.model import Model
from archnb.planned import Backend, Planned
from archnb.quantity import Quantity, parse
from archnb.shapes import AnyShape

R = TypeVar("R", bound=Record)


# an assumption's handle, its value, what it is, its source and date
Assumption = tuple[Key, str | float, str, str]


class Because(NamedTuple):
    """A proposed value and the reason for it; `facts` names the facts that the reason rests on."""

    value: Any
    reason: str
    facts: tuple[str, ...] = ()


class Why(NamedTuple):
    """The answer to "why" for one value: its path, whether it was said, the value, the reason, and the facts behind it."""

    path: str
    is_said: bool
    value: Any
    reason: str
    facts: tuple[str, ...] = ()


class Draft:
    """A design on its way through the topics.

    `said` is the design as people said it; `design` the same with every section that a topic has completed; `planned` what
    the topics so far concluded, without gaps; `facts` the numbers so far; `reasons` why each proposed value is what it is,
    by dotted path.
    """

    def __init__(self, said: Design) -> None:
        self.said = said
        self.design = said
        if is_short(said.entities):
            self.design = dataclasses.replace(said, entities=Named(expand(said.entities)))
        # what was said means, before anything was proposed
        self.said_model = self._model = Model(self.design)
        self.planned = Backend()
        self.facts = Facts(said.assumptions)
        # the sections that the topic at work may close
        self._owned: tuple[str, ...] = ()
        self.reasons: dict[str, Because] = {}
        # filled by the pipe once every topic is complete
        self.rules: tuple[Rule, ...] = ()
        self.findings = Findings(())
        self._closed: set[str] = set()
        self._later: dict[str, list[Reference]] | None = None
        # every path with all that are above it, so that asking costs one look
        self._said_paths = {path[:end] for path, _ in leaves(said) for end in _ends(path)}

    @property
    def model(self) -> Model:
        """What the design means, as completed so far: keys, references, people, places, what belongs to whom."""
        if self._model.design is not self.design:
            self._model = self._model.renew(self.design)
        return self._model

    def run(self, topic: Topic) -> None:
        """Let a topic complete, measure and conclude its section."""
        self._owned = topic.CLOSES
        topic.complete(self)
        topic.measure(self)
        self.planned.put(topic.NAME, topic.conclude(self))
        self._owned = ()

    def is_said(self, path: str) -> bool:
        """Whether a person said the value at a path, or anything below it."""
        return path in self._said_paths

    def fill(self, path: str, record: R, /, **proposals: Because) -> R:
        """The record with every field that was not said set to its proposal, the reasons noted under the record's path.

        A text proposed for a quantity is parsed. A field is unsaid where it is None or empty.
        """
        changed: dict[str, Any] = {}
        for name, because in proposals.items():
            value = getattr(record, name)
            is_unsaid = value is None or (not value and isinstance(value, Mapping | tuple))
            if is_unsaid and because.value is not None:
                hint = _is_quantity(type(record), name)
                changed[name] = (
                    parse(because.value) if hint and not isinstance(because.value, Quantity) else because.value
                )
                self.reasons[f"{path}.{name}" if path else name] = because
        return _copy(record, changed) if changed else record

    def note(self, path: str, reason: str, *facts: str, value: Any = None) -> None:
        """Note why what stands at a path was proposed, for a whole record: a table, an operation, a job."""
        self.reasons[path] = Because(value, reason, facts)

    def value(
        self,
        path: Key,
        value: Quantity | float,
        *,
        symbol: str = "",
        because: str = "",
        origin: Origin | None = None,
        follows: Fact | None = None,
    ) -> Fact:
        """The one fact of a field's value, named by its path: said, or proposed with the reason noted there.

        It is made where it is first asked for; whoever asks again gets the same. symbol: the word of a counted thing.
        because: the reason where none is noted. follows: the fact that a rate moves with.
        """
        reason = self.reasons.get(path)
        is_said = reason is None and self.is_said(path)
        text = reason.reason if reason else because or path.meaning
        origin = origin or ("said" if is_said else "assumed")
        return self.facts.value(path, value, text, origin=origin, symbol=symbol, follows=follows)

    def assume(self, assumptions: Iterable[Assumption]) -> None:
        """Add assumptions and thresholds as facts, each with what it is, its source and date; the design overrules them."""
        for name, value, because, source in assumptions:
            self.facts.assume(name, value, because, source=source)

    def close(self, section: str, completed: Any) -> None:
        """Put a completed section, or a part of one at a dotted path, into the design.

        Raises ArchnbError where it is not the section of the topic at work: each topic closes its own and no other.
        InputError where something said names what the section, now complete, does not have.
        """
        if section not in self._owned:
            raise ArchnbError(f"section {section!r} is closed by a topic that closes {', '.join(self._owned)}")
        *above, last = section.split(".")
        records: list[Any] = [self.design]
        for name in above:
            records.append(getattr(records[-1], name))
        for record, name in zip(reversed(records), (last, *reversed(above)), strict=True):
            completed = dataclasses.replace(record, **{name: completed})
        self.design = completed
        self._closed.add(section)
        self.check_names(section)

    def check_names(self, section: str, finds: Mapping[str, Find] | None = None) -> None:
        """Refuse what was said and names nothing in a section: `finds` gives, by scope, names that its topic alone knows.

        A topic calls it where it needs the names to be right before its section is complete.
        """
        if self._later is None:
            self._later = {}
            for one in list_references(self.said):
                owner = SCOPES[one.refers.scope].section
                if owner is not None:
                    self._later.setdefault(owner, []).append(one)
        waiting = self._later.get(section) if finds is not None else self._later.pop(section, None)
        if not waiting:
            return
        asked = [one for one in waiting if finds is None or one.refers.scope in finds]
        problems = list(find_unknown(asked, Names(self.design, self._closed), finds))
        if problems:
            raise InputError(problems)


def _copy(record: R, changed: Mapping[str, Any]) -> R:
    """`dataclasses.replace` without running the constructor: records only hold fields, and a plan copies hundreds."""
    made = object.__new__(type(record))
    made.__dict__.update(record.__dict__)
    made.__dict__.update(changed)
    return made


def _ends(path: str) -> list[int]:
    """Where a dotted path's parts end."""
    return [n for n, sign in enumerate(path) if sign == "."] + [len(path)]


_QUANTITIES: dict[type[Record], frozenset[str]] = {}


def _is_quantity(cls: type[Record], name: str) -> bool:
    if cls not in _QUANTITIES:
        _QUANTITIES[cls] = frozenset(
            one for one, kind in hints(cls).items() if "Quantity" in str(kind) and "Dotted" not in str(kind)
        )
    return name in _QUANTITIES[cls]


class Topic(Protocol):
    """The words of a topic; a package with these names is one."""

    # read-only, so that a tuple of rules will do

    @property
    def NAME(self) -> str: ...

    @property
    def TITLE(self) -> str: ...

    # the sections of the design that it closes, as dotted paths
    @property
    def CLOSES(self) -> tuple[str, ...]: ...

    @property
    def RULES(self) -> Sequence[Rule]: ...

    def complete(self, draft: Draft) -> None:
        """Propose what was not said of this topic's section, with reasons, and close the section."""
        ...

    def measure(self, draft: Draft) -> None:
        """Add the facts that follow."""
        ...

    def conclude(self, draft: Draft) -> Planned:
        """The section as a planned record, in which nothing is missing."""
        ...

    def views(self, draft: Draft) -> Sequence[AnyShape]:
        """What there is to be seen, in reading order. Runs when asked for, after all topics are complete."""
        ...
