"""What is always true of rows: as it was said, and as it follows from the fields, the summary and the reads of an entity.

A conclusion is drawn only where the design leaves no other reading, and each is one line of the language of `holds`, with its
reason; a line that says the same of the same fields, or `not always …`, takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from archnb.design.conditions import Filter
from archnb.design.entities import AccessPattern, Entity
from archnb.design.invariants import Invariant, Sign, read_span
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.lifetimes import Lifetimes
from archnb.model.people import People
from archnb.model.references import Reference, References
from archnb.naming import plural, snake, split_words, with_article, words

# words for a beginning, each with those for its end; compared with the one word by which two names differ
_ENDS: Mapping[str, frozenset[str]] = {
    "start": frozenset({"end", "stop", "finish"}),
    "starts": frozenset({"ends", "stops", "finishes"}),
    "started": frozenset({"ended", "stopped", "finished"}),
    "begin": frozenset({"end", "finish"}),
    "begins": frozenset({"ends", "finishes"}),
    "began": frozenset({"ended", "finished"}),
    "beginning": frozenset({"end", "ending"}),
    "from": frozenset({"to", "until", "till"}),
    "since": frozenset({"until", "till"}),
    "open": frozenset({"close"}),
    "opens": frozenset({"closes"}),
    "opening": frozenset({"closing"}),
    "arrives": frozenset({"departs", "leaves"}),
    "arrival": frozenset({"departure"}),
    "arrive": frozenset({"depart", "leave"}),
    "in": frozenset({"out"}),
    "checkin": frozenset({"checkout"}),
    "pickup": frozenset({"dropoff", "return"}),
    "min": frozenset({"max"}),
    "minimum": frozenset({"maximum"}),
    "low": frozenset({"high"}),
    "lower": frozenset({"upper"}),
    "least": frozenset({"most"}),
}
_SPANNING = frozenset(_ENDS) - {"min", "minimum", "low", "lower", "least", "in"}
_TIMES = ("timestamp", "date", "time")
_NUMBERS = ("int", "bigint", "smallint", "decimal", "float", "money")
_WHOLE = ("int", "bigint", "smallint")
# a stay ends on the day on which another may begin
_STAYS = frozenset({"in", "checkin", "arrives", "arrival", "arrive", "pickup"})
# states in which a row takes no room any more
_OFF = frozenset(
    {
        "cancelled", "canceled", "rejected", "declined", "refused", "withdrawn", "void", "voided", "expired", "abandoned",
        "deleted", "removed", "revoked", "aborted", "released", "refunded", "off", "failed", "waived", "lapsed",
    }
)  # fmt: skip
_OFF_PHRASES = frozenset({"called_off", "no_show", "not_taken", "timed_out", "turned_down"})
_DONE = frozenset(
    {
        "done",
        "completed",
        "complete",
        "finished",
        "closed",
        "ended",
        "over",
        "returned",
        "delivered",
        "landed",
        "arrived",
    }
)
# the only one at a time, in the name of a read
_CURRENT = frozenset({"current", "active", "ongoing", "running", "present"})
# what gives and what takes, as the word by which two references differ
_SIDES: Mapping[str, frozenset[str]] = {
    "from": frozenset({"to"}),
    "source": frozenset({"target", "destination", "dest"}),
    "origin": frozenset({"destination", "target"}),
    "sender": frozenset({"receiver", "recipient"}),
    "payer": frozenset({"payee"}),
    "giver": frozenset({"taker", "receiver"}),
    "debit": frozenset({"credit"}),
    "debited": frozenset({"credited"}),
    "debtor": frozenset({"creditor"}),
    "follower": frozenset({"followed", "followee", "following"}),
    "blocker": frozenset({"blocked"}),
    "home": frozenset({"away"}),
    "buyer": frozenset({"seller"}),
}
# a quantity that is counted or measured from nothing, as the last word of a whole number's name
_COUNTED = frozenset(
    {
        "count", "counts", "seconds", "minutes", "hours", "days", "weeks", "months", "milliseconds", "millis", "ms", "size",
        "bytes", "quantity", "qty", "samples", "length", "views", "attempts", "retries", "seats", "capacity", "stock",
        "points", "number", "duration", "visits", "clicks", "likes", "kilometres", "metres", "meters", "pages", "stars",
    }
)  # fmt: skip
# what may well be below nothing
_SIGNED = frozenset(
    {"offset", "delta", "difference", "diff", "change", "balance", "adjustment", "correction", "shift", "zone"}
)
_OVERLAP = re.compile(r"overlap|double[\s-]?book|twice\s+at\s+(the\s+same|one|a)\s+time|booked\s+twice", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(never|no|not|nor|none|neither|without|cannot|impossible|refused?|prevents?|free of)\b", re.IGNORECASE
)


class Concluded(NamedTuple):
    """A line that follows, and why."""

    line: Invariant
    reason: str


class Span(NamedTuple):
    """Two fields between which something lasts; whether the end itself belongs to it, as the last day of a leave does."""

    start: str
    end: str
    holds_end: bool


class Machine(NamedTuple):
    """The enum whose words are the states of a row, and the one that a new row has."""

    field: str
    states: tuple[str, ...]
    first: str | None


class Invariants:
    """What always holds, entity by entity."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        access: Mapping[str, AccessPattern],
        inheritance: Inheritance,
        keys: Keys,
        references: References,
        people: People,
        lifetimes: Lifetimes,
    ) -> None:
        self._entities, self._access, self._inheritance, self._keys = entities, access, inheritance, keys
        self._references, self._people, self._lifetimes = references, people, lifetimes

    # -- as said

    def list_lines(self, entity: str) -> tuple[Invariant, ...]:
        """The lines in force: said or, in a completed design, concluded; what is waived is not among them."""
        return (
            tuple(one for one in self._entities[entity].holds if not one.is_waived) if entity in self._entities else ()
        )

    def find_source(self, entity: str, field: str) -> tuple[str, str] | None:
        """The reference and the field there whose value a field always has, as in `workspace = project.workspace`."""
        for one in self.list_lines(entity):
            if one.kind == "same" and one.fields == (field,) and one.source is not None and one.source.count(".") == 1:
                reference, _, there = one.source.partition(".")
                return reference, there
        return None

    # -- what follows

    def conclude(self, entity: str) -> tuple[Concluded, ...]:
        """The lines that follow and that nobody said, nor refused."""
        said = self._entities[entity].holds
        found: list[Concluded] = []
        for find in (
            self._order, self._counted, self._sides, self._same, self._variants_of_money, self._overlaps, self._one_active
        ):  # fmt: skip
            for one in find(entity, [*said, *(each.line for each in found)]):
                if not any(_is_about_same(one.line, other) for other in (*said, *(each.line for each in found))):
                    found.append(one)
        return tuple(found)

    def list_spans(self, entity: str) -> tuple[Span, ...]:
        """The pairs of fields that begin and end something, by their names, or as `valid` says."""
        record = self._entities[entity]
        found = []
        said = read_span(record.valid) if record.valid else None
        if said is not None and said[0] in record.fields:
            found.append(Span(said[0], said[1], record.fields[said[0]].type == "date"))
        for start, end, word in self._pairs(entity):
            if word in _SPANNING or word in _STAYS:
                found.append(Span(start, end, record.fields[start].type == "date" and word not in _STAYS))
        return tuple(dict.fromkeys(found))

    def find_span(self, entity: str, start: str, end: str, lines: tuple[Invariant, ...] = ()) -> Span:
        """A span whose fields are known; its end belongs to it where it may be the day on which it begins."""
        field = self._inheritance.fields(entity).get(start)
        is_strict = any(
            one.kind == "order" and set(one.fields) == {start, end} and one.sign in (">", "<")
            for one in lines or self.list_lines(entity)
        )
        return Span(start, end, field is not None and field.type == "date" and not is_strict)

    def find_machine(self, entity: str) -> Machine | None:
        """The enum that is the state of a row: the one that `states` speaks of, else the only one that is called so."""
        fields = {
            name: one for name, one in self._inheritance.fields(entity).items() if one.type == "enum" and one.values
        }
        steps = self._entities[entity].states
        spoken = {word for step in steps for word in (*step.before, step.after or "")}
        found = [name for name, one in fields.items() if spoken and spoken <= {*one.values}]
        if not spoken:
            found = [name for name in fields if split_words(name)[-1] in ("status", "state", "phase", "stage")]
        if len(found) != 1:
            return None
        one = fields[found[0]]
        return Machine(found[0], one.values, one.default if one.default in one.values else None)

    def list_unguarded_spans(self, entity: str) -> tuple[tuple[Span, Reference], ...]:
        """Spans of time beside a reference to what may be taken once at a time, of which no line says so."""
        record = self._entities[entity]
        if any(one.kind == "no overlap" for one in record.holds):
            # whoever said of one thing that it is not taken twice has thought of the others
            return ()
        spans = [one for one in self.list_spans(entity) if record.fields[one.start].type in ("timestamp", "date")]
        if len(spans) != 1:
            return ()
        needed = [one for one in self._references.list_from(entity) if one.is_required and not one.is_self]
        # a person takes something, and so does whom they act for
        return tuple(
            (spans[0], one)
            for one in needed
            if not self._people.is_person(one.target) and one.target not in self.parties
        )

    def _pairs(self, entity: str) -> Iterator[tuple[str, str, str]]:
        """Fields of one type whose names differ in one word, which means a beginning in the one and its end in the other."""
        fields = {n: one for n, one in self._entities[entity].fields.items() if one.type in (*_TIMES, *_NUMBERS)}
        by_words = {split_words(name): name for name in fields}
        for parts, name in by_words.items():
            for n, word in enumerate(parts):
                for other in _ENDS.get(word, ()):
                    end = by_words.get((*parts[:n], other, *parts[n + 1 :]))
                    if end is None or fields[end].type != fields[name].type or end == name:
                        continue
                    is_time = fields[name].type in _TIMES
                    if is_time == (word in ("min", "minimum", "low", "lower", "least")):
                        continue
                    if word == "in" and "check" not in parts:
                        continue
                    yield name, end, word

    def _order(self, entity: str, lines: list[Invariant]) -> Iterator[Concluded]:
        fields = self._entities[entity].fields
        found = list(self._pairs(entity))
        if (span := read_span(self._entities[entity].valid or "")) is not None:
            found.append((span[0], span[1], "from"))
        for start, end, word in found:
            if start not in fields or end not in fields:
                continue
            kind = fields[start].type
            may_be_equal = kind in _NUMBERS or (kind == "date" and word not in _STAYS)
            sign: Sign = ">=" if may_be_equal else ">"
            why = f"{end} is where what begins with {start} ends: "
            if kind in _NUMBERS:
                why = f"{end} is the greater bound of {start}: "
            more = (
                "one that lasts a day has both on it"
                if kind == "date" and may_be_equal
                else "a row that says otherwise means nothing"
            )
            if kind == "time":
                more = "one that goes past midnight is two rows, a day each"
            yield Concluded(Invariant(kind="order", fields=(end, start), sign=sign), f"{why}{more}.")

    def _counted(self, entity: str, lines: list[Invariant]) -> Iterator[Concluded]:
        for name, one in self._entities[entity].fields.items():
            parts = split_words(name)
            if (
                one.type in _WHOLE
                and one.minimum is None
                and parts[-1] in _COUNTED
                and not _SIGNED & {*parts}
                and not one.key
            ):
                line = Invariant(kind="order", fields=(name,), sign=">=", number="0")
                yield Concluded(line, f"{name} counts from nothing: a value below is a slip of whoever wrote it.")

    def find_sides(self, entity: str) -> tuple[Reference, Reference] | None:
        """Two references to one entity of which the one gives what the other takes; None where there are none such, or more."""
        own = [one for one in self._references.list_from(entity) if not one.is_inherited]
        found = []
        for one in own:
            parts = split_words(one.field)
            for other in own:
                others = split_words(other.field)
                if one.target != other.target or one is other or len(parts) != len(others):
                    continue
                differing = [(a, b) for a, b in zip(parts, others, strict=True) if a != b]
                if len(differing) == 1 and differing[0][1] in _SIDES.get(differing[0][0], ()):
                    found.append((one, other))
        return found[0] if len(found) == 1 else None

    def _sides(self, entity: str, lines: list[Invariant]) -> Iterator[Concluded]:
        sides = self.find_sides(entity)
        if sides is None:
            return
        one, other = sides
        yield Concluded(
            Invariant(kind="order", fields=(one.field, other.field), sign="<>"),
            f"{one.field} gives what {other.field} takes: nothing goes from {with_article(words(one.target))} to itself.",
        )
        for name, field in self._entities[entity].fields.items():
            is_amount = field.type == "money" or (
                field.type in ("decimal", "int", "bigint") and split_words(name)[-1] == "amount"
            )
            if (
                is_amount
                and field.minimum is None
                and not field.optional
                and split_words(name)[-1] in ("amount", "value", "sum")
            ):
                line = Invariant(kind="order", fields=(name,), sign=">", number="0")
                why = f"{one.field} and {other.field} say which way it goes: a negative amount would turn it round, and none is no movement"
                yield Concluded(line, f"{why}.")

    def _variants_of_money(self, entity: str, lines: list[Invariant]) -> Iterator[Concluded]:
        """What is moved between two of a kind is in the currency of both: where each keeps one amount, and no rate is told."""
        sides = self.find_sides(entity)
        if sides is None:
            return
        own = [name for name, one in self._entities[entity].fields.items() if one.type == "money"]
        there = [name for name, one in self._inheritance.fields(sides[0].target).items() if one.type == "money"]
        is_exchange = any({*split_words(name)} & {"rate", "exchange", "fx"} for name in self._entities[entity].fields)
        if len(own) != 1 or len(there) != 1 or is_exchange or self._entities[entity].fields[own[0]].optional:
            return
        if self._inheritance.fields(sides[0].target)[there[0]].optional:
            return
        for one in sides:
            line = Invariant(kind="same", fields=(f"{own[0]}.currency",), source=f"{one.field}.{there[0]}.currency")
            yield Concluded(
                line,
                f"there is one {own[0]} and no rate of exchange: it is in the currency of {one.field}'s {there[0]}, or it means nothing.",
            )

    def _same(self, entity: str, lines: list[Invariant]) -> Iterator[Concluded]:
        """A row and one that it refers to both name a third, and the design shows that they name the same one."""
        for one, through in self._list_thirds(entity):
            told = f"both the {entity} and its {through.field} say of which {one.target} they are"
            if one.target not in self.parties:
                yield Concluded(_same_line(one, through), f"{told}: one row under two of them would be seen from both.")
            elif (evidence := self._find_evidence(entity, one, through)) is not None:
                yield Concluded(_same_line(one, through), f"{told}, and {evidence}.")

    def list_undecided(self, entity: str) -> tuple[tuple[Invariant, Reference, Reference], ...]:
        """Where a row and one that it refers to both name a party, and nothing shows whether it is the same: the line that may
        be meant, the row's own reference, and the one that leads to the other. Whoever rents a machine is not whose machine it is.
        """
        said = self._entities[entity].holds if entity in self._entities else ()
        found = []
        for one, through in self._list_thirds(entity):
            line = _same_line(one, through)
            is_open = one.target in self.parties and self._find_evidence(entity, one, through) is None
            if is_open and not any(_is_about_same(line, other) for other in said):
                found.append((line, one, through))
        return tuple(found)

    @cached_property
    def parties(self) -> frozenset[str]:
        """What people are in: groups with members, and what the entity of a person refers to."""
        groups = {one.group.target for one in self._people.memberships}
        own = (one.target for person in self._people.all for one in self._references.list_from(person))
        return frozenset(groups | {*own}) - {*self._people.all}

    def _list_thirds(self, entity: str) -> Iterator[tuple[Reference, Reference]]:
        """A reference of an entity, and another one whose target has the same reference."""
        own = [one for one in self._references.list_from(entity) if not one.is_inherited]
        for one in own:
            if self._people.is_person(one.target):
                continue
            for through in own:
                if through is one or (
                    through.target == one.target and not through.is_self and through.target != entity
                ):
                    continue
                there = self._references.find(through.target, one.field)
                if there is None or there.target != one.target or not there.is_required or there.is_inherited:
                    continue
                yield one, through

    def _find_evidence(self, entity: str, one: Reference, through: Reference) -> str | None:
        """What shows that a row and the one it refers to are of the same party; None where nothing does."""
        there, field = through.target, one.field
        if through.is_self:
            return f"a {words(entity)} and its {words(through.field)} are of one kind"
        if self._inheritance.fields(there)[field].unique:
            return f"{with_article(words(one.target))} has one {words(there)}"
        lists = [
            (name, pattern)
            for name, pattern in self._access.items()
            if pattern.reads == there and not self._keys.is_one_row(there, pattern.by)
        ]
        across = [name for name, pattern in lists if not self._is_within(there, field, pattern)]
        if across:
            return None
        if self._keys.is_in_key(there, field):
            return f"the key of {there} has it in it"
        whole = self._references.find_whole(entity)
        if whole is not None and whole.field == through.field:
            return f"{with_article(words(entity))} is a part of its {words(through.field)}"
        if lists:
            return f"{lists[0][0]} shows nobody those of another {words(one.target)}"
        return None

    def _is_within(self, entity: str, field: str, pattern: AccessPattern) -> bool:
        """Whether a list is of rows of one party: by the field itself, or by another reference whose rows have it."""
        asked = {*pattern.by, *(one.field for one in pattern.where if one.comparison == "=")}
        if field in asked:
            return True
        references = (self._references.find(entity, name) for name in asked if name)
        return any(one is not None and self._references.find(one.target, field) is not None for one in references)

    def _overlaps(self, entity: str, lines: list[Invariant]) -> Iterator[Concluded]:
        record = self._entities[entity]
        valid = read_span(record.valid) if record.valid else None
        if valid is not None:
            per = valid[2] or tuple(self._list_subjects(entity))
            if per:
                line = Invariant(kind="no overlap", fields=valid[:2], per=per, where=self._living(entity, False))
                yield Concluded(
                    line,
                    f"a row is valid from {valid[0]} to {valid[1]}, and of one {', '.join(per)} one row at a time.",
                )
        spans = [one for one in self.list_spans(entity) if record.fields[one.start].type in ("timestamp", "date")]
        if len(spans) != 1:
            return
        span = spans[0]
        if record.summary and _OVERLAP.search(record.summary) and _DENIED.search(record.summary):
            for one in self._named_in(entity, record.summary):
                line = Invariant(
                    kind="no overlap", fields=(span.start, span.end), per=(one.field,), where=self._living(entity, True)
                )
                yield Concluded(line, f"the summary says so: {record.summary.strip().rstrip('.')}.")
        for joined in record.unique:
            parts = tuple(part.strip() for part in joined.split("+"))
            rest = tuple(part for part in parts if part != span.start)
            if (
                span.start in parts
                and rest
                and all(part in record.fields and record.fields[part].references for part in rest)
            ):
                line = Invariant(
                    kind="no overlap", fields=(span.start, span.end), per=rest, where=self._living(entity, False)
                )
                yield Concluded(
                    line,
                    f"{' + '.join(parts)} is unique: a {' and a '.join(rest)} has one row for each span, and spans that overlap would count a day twice.",
                )

    def _list_subjects(self, entity: str) -> list[str]:
        needed = [one.field for one in self._references.list_from(entity) if one.is_required and not one.is_self]
        return needed if len(needed) == 1 else []

    def _named_in(self, entity: str, summary: str) -> list[Reference]:
        """The references whose name, or whose target's, stands in a text; the only one that a row needs where none does."""
        told = {*split_words(summary)}

        def is_named(name: str) -> bool:
            forms = (split_words(name), split_words(plural(snake(name))))
            return any({*form} <= told for form in forms)

        needed = [one for one in self._references.list_from(entity) if not one.is_self]
        named = [one for one in needed if is_named(one.field) or is_named(one.target)]
        required = [one for one in needed if one.is_required]
        return named or (required if len(required) == 1 else [])

    def _living(self, entity: str, without_off: bool) -> tuple[Filter, ...]:
        """The rows that take their room: those in a state that has not ended it, and that are not deleted."""
        made: list[Filter] = []
        machine = self.find_machine(entity)
        if machine is not None and without_off:
            kept = tuple(word for word in machine.states if not _is_off(word))
            if len(kept) < len(machine.states) and kept:
                made.append(_among(machine.field, kept))
        deleted = self._lifetimes.find_soft_delete(entity)
        if deleted is not None:
            is_flag = self._inheritance.fields(entity)[deleted].type == "bool"
            made.append(_among(deleted, ("false",)) if is_flag else Filter(field=deleted, comparison="is missing"))
        return tuple(made)

    def _one_active(self, entity: str, lines: list[Invariant]) -> Iterator[Concluded]:
        """A read gives the one current row of whoever asks: there is one at most."""
        machine = self.find_machine(entity)
        if machine is None or machine.first is None:
            return
        for name, one in self._access.items():
            if (
                one.reads != entity
                or one.limit != 1
                or one.sort
                or one.range
                or machine.field not in one.by
                or len(one.by) != 2
            ):
                continue
            field = next(part for part in one.by if part != machine.field)
            reference = self._references.find(entity, field)
            if reference is None or not _CURRENT & {*split_words(name)}:
                continue
            if not any(snake(role) == snake(reference.target) for role in one.roles):
                continue
            active = self._list_active(entity, machine)
            if active and not self._keys.is_one_row(entity, one.by):
                line = Invariant(kind="one", per=(field,), where=(_among(machine.field, active),))
                yield Concluded(
                    line,
                    f"{name} gives a {reference.target} the one {entity} that is {' or '.join(active)}: two of them, and one is never shown.",
                )

    def _list_active(self, entity: str, machine: Machine) -> tuple[str, ...]:
        """The states between the first and the last: words of a state are listed as a row goes through them."""
        steps = self._entities[entity].states
        if steps:
            left = {word for step in steps for word in step.before}
            return tuple(word for word in machine.states if word in left and word != machine.first)
        alive = [word for word in machine.states if not _is_off(word)]
        if alive and not _DONE & {alive[-1]} and f"{alive[-1]}_at" not in self._entities[entity].fields:
            return ()
        return tuple(word for word in alive[:-1] if word != machine.first)


def _same_line(one: Reference, through: Reference) -> Invariant:
    return Invariant(kind="same", fields=(one.field,), source=f"{through.field}.{one.field}")


def _among(field: str, words: tuple[str, ...]) -> Filter:
    return Filter(field=field, comparison="=" if len(words) == 1 else "in", values=words)


def _is_off(word: str) -> bool:
    plain = snake(word)
    return plain in _OFF_PHRASES or plain in _OFF


def _is_about_same(one: Invariant, other: Invariant) -> bool:
    """Whether two lines are about the same fields in the same way, so that one takes the other's place."""
    if one.kind != other.kind:
        return False
    if one.kind == "same":
        return one.fields == other.fields and one.source == other.source
    if one.kind == "order":
        return {*one.fields} == {*other.fields}
    if one.kind == "no overlap":
        return {*one.fields} == {*other.fields} and {*one.per} == {*other.per}
    return {*one.per} == {*other.per} and {*one.fields} == {*other.fields}
