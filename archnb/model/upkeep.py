"""What must be done to rows when nobody asks: states that end, messages that are due, periods that are billed, sums that are kept.

Each follows from fields, states, references and writes; where something waits and nothing says how long, the answer is unknown
with the line to write. What a job does to rows is written as an access pattern, so that its statements are made like all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from archnb.design.conditions import Assignment, Filter
from archnb.design.entities import AccessPattern, Entity, Field
from archnb.design.invariants import Expiry
from archnb.design.jobs import Saga
from archnb.model import write_words as words_of
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.references import Reference, References
from archnb.model.roles import Principal, Roles
from archnb.model.states import States
from archnb.model.unknown import Unknown
from archnb.naming import plural, snake, split_words, with_article, words

Kind = Literal["expire", "deliver", "withdraw", "renew", "roll_up", "check"]
# how long a saga may take, where nobody says
SAGA_TIMEOUT = "15 min"
NUMBERS = ("int", "bigint", "smallint", "decimal", "money", "float")
_TIMES = ("timestamp", "date")

# states in which a row waits for somebody
_WAITING = frozenset(
    {
        "tentative", "held", "on_hold", "hold", "requested", "asked", "pending", "invited", "offered", "provisional",
        "unconfirmed", "unpaid", "waiting", "reserved", "proposed", "reserving", "option", "optioned",
    }
)  # fmt: skip
_WAITING_FOR = re.compile(r"(awaiting|waiting_for|pending|to_be)_\w+|\w+_(pending|requested)")
# the end that fits best first
_ENDED = (
    "expired", "lapsed", "timed_out", "abandoned", "released", "cancelled", "canceled", "called_off", "withdrawn",
    "revoked", "void", "voided", "declined", "rejected", "failed",
)  # fmt: skip
# the moment at which a row is void
_VOID_AT = re.compile(
    r"until|(.*_)?(expires|expiry|expiration|valid_until|held_until|hold_until|reserved_until|respond_by|pay_by|confirm_by|accept_by"
    r"|answer_by|deadline)(_(at|on|time|date))?"
)
# a moment that is planned for something to be sent or shown
_DUE = re.compile(
    r"(.*_)?(due|send|remind|notify|deliver|fire|scheduled|publish|dispatch|trigger|post)_(at|on|for|time)"
)
_TOLD = frozenset({"send", "remind", "notify", "publish", "dispatch", "post"})
_SENT = frozenset(
    {"sent", "delivered", "notified", "fired", "processed", "pushed", "mailed", "emailed", "reminded", "published", "dispatched"}
)  # fmt: skip
_MESSAGES = frozenset(
    {"notice", "notification", "reminder", "message", "alert", "email", "mail", "sms", "digest", "newsletter", "invitation", "campaign"}
)  # fmt: skip
CHANNELS = frozenset({"email", "mail", "sms", "push", "phone", "whatsapp", "letter", "chat", "app", "fax"})
_PERIOD_END = re.compile(
    r"(current_|billing_)?period_(end|ends|to)(_(at|on))?|renew(s|al)?_(at|on|date)|next_(billing|invoice|bill|charge|renewal|payment)"
    r"(_(at|on|date))?|(billed|paid|invoiced|charged|covered)_(until|through|to)"
)
_PERIOD_START = re.compile(
    r"(billing_|service_)?period(_(start|starts|from|begin|begins))?(_(at|on))?|(billing_|for_)?(month|quarter|week|year)|(covers_)?from_(date|day|on)"
)
# what is owed for a period; a payment or a charge is an attempt at it, of which there may be several
_BILLS = frozenset(
    {
        "bill",
        "invoice",
        "statement",
        "fee",
        "rent",
        "premium",
        "instalment",
        "installment",
        "due",
        "dues",
        "levy",
        "renewal",
    }
)
_PERIODS: Mapping[str, str] = {
    "minute": "minute", "minutely": "minute", "hour": "hour", "hourly": "hour", "day": "day", "daily": "day", "date": "day",
    "week": "week", "weekly": "week", "month": "month", "monthly": "month", "year": "year", "yearly": "year", "annual": "year",
}  # fmt: skip
_SUMMED = frozenset({"avg", "average", "mean", "min", "max", "minimum", "maximum", "sum", "total", "count", "last", "first", "p50", "p95", "p99", "median", "number", "of", "num"})  # fmt: skip
_BOUNDS = frozenset({"threshold", "limit", "bound", "min", "max", "minimum", "maximum", "ceiling", "floor", "lower", "upper", "level", "value", "setpoint", "target", "above", "below"})  # fmt: skip
_RAISED = re.compile(r"(raised|opened|triggered|fired|detected|started|created|began|occurred|noticed)_(at|on)")
_CLEARED = re.compile(r"(cleared|resolved|closed|ended|recovered|finished|settled)_(at|on)")


@dataclass(frozen=True)
class Upkeep:
    """Work on rows that nobody asks for.

    pattern: what it does to each row, as an access pattern; None where no statement says it. absent: the entity of which no
    row may refer to the row that is changed. moment: the field by which rows come due, or the limit in words. source: whose
    rows are added up or compared. about: the reference to what the row is about. triggers: the writes that start it, none
    where the clock does. period: of sums. unique: the fields of `target` that no two rows share, so that a second run makes
    none.
    """

    name: str
    kind: Kind
    entity: str
    summary: str
    reason: str
    pattern: AccessPattern | None = None
    absent: str = ""
    moment: str = ""
    source: str = ""
    about: str = ""
    calls: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    period: str = ""
    target: str = ""
    unique: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notice:
    """Rows that are sent at a moment planned before: when, the field that says it was, and what they are about.

    off: the states of what they are about in which they are void. off_by, moved_by: the writes that end it, or move it.
    """

    entity: str
    due: str
    sent: str
    about: Reference | None
    state: str
    living: tuple[str, ...]
    off_by: tuple[str, ...]
    moved_by: tuple[str, ...]


@dataclass(frozen=True)
class Billing:
    """Rows that are made once a period for each row of another: of whom, by which field, and the field of the period there."""

    contract: str
    end: str
    bill: str
    reference: str
    # '' where the bill says nothing of the period that it is for
    start: str


class Upkeeps:
    """What rows ask for by themselves."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        access: Mapping[str, AccessPattern],
        sagas: Mapping[str, Saga],
        inheritance: Inheritance,
        keys: Keys,
        references: References,
        roles: Roles,
        states: States,
    ) -> None:
        self._entities, self._access, self._sagas = entities, access, sagas
        self._inheritance, self._keys, self._references = inheritance, keys, references
        self._roles, self._states = roles, states
        self._made = {one.writes for one in access.values() if one.writes and one.effect == "create"}
        self._made |= {
            step.entity
            for one in access.values()
            for step in one.steps
            if step.entity and step.action in ("create", "add")
        }
        self._found: tuple[Upkeep, ...] | None = None
        self._unknown: list[tuple[str, Unknown]] = []

    def list_all(self) -> tuple[Upkeep, ...]:
        """All of it, in the order of the entities."""
        if self._found is None:
            found: dict[str, Upkeep] = {}
            for entity in self._entities:
                for one in (
                    *self._expire(entity), *self._send(entity), *self._renew(entity), *self._roll_up(entity),
                    *self._check(entity),
                ):  # fmt: skip
                    found.setdefault(one.name, one)
            self._found = tuple(found.values())
        return self._found

    def list_unknown(self) -> tuple[tuple[str, Unknown], ...]:
        """Where something waits and nothing says how long: the path, and why."""
        self.list_all()
        return tuple(self._unknown)

    def _fields(self, entity: str) -> Mapping[str, Field]:
        return self._inheritance.fields(entity)

    # -- states that end

    def _expire(self, entity: str) -> Iterator[Upkeep]:
        said = self._entities[entity].expires
        state = self._states.find_field(entity)
        if not said and state is not None and self._is_swept(entity, state):
            return
        if said and state is not None:
            for one in said:
                yield from self._expire_said(entity, state, one, len(said) > 1)
            return
        moment = self.find_void_moment(entity)
        self._ask_moments(entity, state)
        values = self._fields(entity)[state].values if state is not None else ()
        waiting = tuple(word for word in values if is_waiting(word))
        end = next((ended for ended in _ENDED for word in values if snake(word) == ended), None)
        word = next((one for one in values if end is not None and snake(one) == end), None)
        if moment is not None:
            yield self._expire_at(entity, moment, state, waiting or values[:1], word)
        elif state is not None and waiting:
            yield from self._expire_waiting(entity, state, waiting, word)

    def _is_swept(self, entity: str, state: str) -> bool:
        """Whether a write of the design ends all rows that are in a state, so that a job has nothing to add."""
        for name in self._states.writing.get(entity, ()):
            one = self._access[name]
            if (
                one.many
                and any(each.field == state for each in one.where)
                and any(each.field == state for each in one.sets)
            ):
                return True
        return False

    def _ask_moments(self, entity: str, state: str | None) -> None:
        """A moment that is called by a state, `trial_ends_at`: it says when the state ends, and not what comes then."""
        fields = self._fields(entity)
        values = fields[state].values if state is not None else ()
        for n, word in enumerate(values):
            ends = re.compile(rf"{re.escape(snake(word))}_(ends?|until|expires|expiry|over|runs_out)(_(at|on))?")
            moment = next(
                (name for name, one in fields.items() if one.type in _TIMES and ends.fullmatch(snake(name))), None
            )
            if moment is None or _VOID_AT.fullmatch(snake(moment)):
                continue
            after = values[n + 1] if n + 1 < len(values) else values[0]
            line = f"entities.{entity}.expires: {word} -> {after} after {moment}"
            why = f"{moment} says until when {with_article(words(entity))} is {word}, and nothing says what it becomes then"
            self._unknown.append((f"entities.{entity}.expires", Unknown(why, line)))

    def find_void_moment(self, entity: str) -> str | None:
        """The field that says from when on a row is void."""
        return next(
            (n for n, one in self._fields(entity).items() if one.type in _TIMES and _VOID_AT.fullmatch(snake(n))), None
        )

    def _expire_said(self, entity: str, state: str, one: Expiry, is_named: bool) -> Iterator[Upkeep]:
        name = f"expire_{snake(entity)}" + (f"_{snake(one.before[0])}" if is_named else "")
        told = " or ".join(one.before)
        if one.until is not None:
            due, when = Filter(field=one.until, comparison="<=", values=("now",)), one.until
        else:
            entered = self._find_entered(entity, one.before)
            if entered is None:
                self._miss(entity, "expires", f"no field says since when {with_article(words(entity))} is {told}")
                return
            due = Filter(field=entered, comparison="<=", values=(f"now - {one.wait}",))
            when = f"{one.wait} after {entered}"
        yield Upkeep(
            name, "expire", entity,
            f"Ends each {entity} that is still {told} {when}: it becomes {one.becomes}, and what it held is free.",
            f"the design says it: {one.write_shorthand()}. The change asks that the row is still {told}, so that whoever came in the last moment wins",
            self._change(entity, state, one.before, one.becomes or "", due), moment=when,
        )  # fmt: skip

    def _expire_at(
        self, entity: str, moment: str, state: str | None, waiting: tuple[str, ...], end: str | None
    ) -> Upkeep:
        name, pattern = f"expire_{snake(entity)}", None
        if state is not None and end is not None and end not in waiting:
            due = Filter(field=moment, comparison="<=", values=("now",))
            pattern = self._change(entity, state, waiting, end, due)
            told = f"Ends each {entity} that is still {' or '.join(waiting)} past {moment}: it becomes {end}."
        else:
            told = f"Ends each {entity} that is past {moment}."
        return Upkeep(
            name, "expire", entity, told,
            f"{entity}.{moment} says when a row is void: reads must check it themselves, and every minute what it held is given back",
            pattern, moment=moment,
        )  # fmt: skip

    def _expire_waiting(self, entity: str, state: str, waiting: tuple[str, ...], end: str | None) -> Iterator[Upkeep]:
        """A row that waits without a time of its own: for as long as the saga that made it, else nobody says how long."""
        fields = self._fields(entity)
        first = fields[state].default or fields[state].values[0]
        if first not in waiting:
            return
        leaving = self._list_leaving(entity, first)
        made = self._find_made(entity)
        cause, paying = self._find_paying(entity)
        if end is None:
            if cause or leaving:
                listed = ", ".join((*fields[state].values, "expired"))
                line = f'entities.{entity}.fields.{state}: "enum({listed}) = {first}"'
                self._unknown.append(
                    (f"entities.{entity}.fields.{state}", Unknown(f"{first} has no word for its end", line))
                )
            return
        if paying and made is not None:
            saga = self._sagas.get(cause)
            limit = str(saga.timeout) if saga is not None and saga.timeout is not None else SAGA_TIMEOUT
            due = Filter(field=made, comparison="<=", values=(f"now - {limit}",))
            undone = [f"{step.undo} {step.entity}" for step in self._access[cause].steps if step.undo and not step.via]
            first_undo = f", after {' and '.join(undone)}" if undone else ""
            yield Upkeep(
                f"expire_{snake(entity)}", "expire", entity,
                f"Sets free what each {first} {entity} without {with_article(paying)} holds {limit} after {made}: it becomes {end}{first_undo}.",
                f"{cause} makes {with_article(words(entity))} {first} before its {words(paying)} is there. Where that never comes the row would hold"
                f" its place for ever: {limit} after {made}, the time that {cause} has, it becomes {end}, if it is still {first} and has no {words(paying)}",
                # what the write took besides is given back by its compensations, which no one statement is
                None if undone else self._change(entity, state, (first,), end, due),
                absent=paying, moment=f"{limit} after {made}",
            )  # fmt: skip
        if leaving:
            line = f"entities.{entity}.expires: {first} -> {end} after 15 min"
            who = ", ".join(leaving)
            why = f"{with_article(words(entity))} that is {first} waits for somebody ({who}), and nothing says for how long"
            self._unknown.append((f"entities.{entity}.expires", Unknown(why, line)))

    def _list_leaving(self, entity: str, first: str) -> list[str]:
        """The writes by which others than whoever made a row take it out of its first state, to something good."""
        makers = {
            role for name in self._states.writing.get(entity, ()) for role in self._access[name].roles
            if self._access[name].effect == "create"
        }  # fmt: skip
        found = []
        for name in self._states.writing.get(entity, ()):
            step = self._states.find_step(name)
            if step is None or first not in step.before or words_of.UNDONE.search(snake(step.after)):
                continue
            if not {*self._access[name].roles} & makers:
                found.append(name)
        return found

    def _find_paying(self, entity: str) -> tuple[str, str]:
        """The write that makes a row together with one that a third party must grant, and the entity of that one."""
        for name in self._states.writing.get(entity, ()):
            one = self._access[name]
            if one.effect != "create":
                continue
            for step in one.steps:
                told = step.entity or ""
                back = [each for each in self._references.list_to(entity) if each.entity == told and each.is_required]
                if step.via and back and any(each.type == "money" for each in self._fields(told).values()):
                    return name, told
        return "", ""

    def _find_made(self, entity: str) -> str | None:
        return next(
            (
                n for n, one in self._fields(entity).items()
                if one.type == "timestamp" and not one.optional and words_of.is_moment_of_making(n)
            ),
            None,
        )  # fmt: skip

    def _find_entered(self, entity: str, before: tuple[str, ...]) -> str | None:
        """The moment since when a row is in a state: its own field, else that of its making or of its last change."""
        fields = self._fields(entity)
        own = next((f"{snake(word)}_at" for word in before if f"{snake(word)}_at" in fields), None)
        changed = next(
            (n for n, one in fields.items() if one.type == "timestamp" and words_of.is_moment_of_change(n)), None
        )
        return own or self._find_made(entity) or changed

    def _miss(self, entity: str, at: str, why: str) -> None:
        line = f"entities.{entity}.fields.created_at: timestamp = now()"
        self._unknown.append((f"entities.{entity}.{at}", Unknown(why, line)))

    @staticmethod
    def _change(entity: str, state: str, before: tuple[str, ...], after: str, due: Filter) -> AccessPattern:
        still = Filter(field=state, comparison="=" if len(before) == 1 else "in", values=before)
        return AccessPattern(
            writes=entity, action="update", many=True, where=(still, due), sets=(Assignment(field=state, value=after),)
        )

    # -- messages that are due

    def find_notice(self, entity: str) -> Notice | None:
        """How rows are sent at their moment; None where they are not."""
        fields = self._fields(entity)
        due = next(
            (
                n
                for n, one in fields.items()
                if one.type == "timestamp" and not one.optional and _DUE.fullmatch(snake(n))
            ),
            None,
        )
        sent = next(
            (
                n
                for n, one in fields.items()
                if one.type == "timestamp" and one.optional and {*split_words(n)[:-1]} & _SENT
            ),
            None,
        )
        if due is None or sent is None or not (split_words(due)[0] in _TOLD or self._is_message(entity, sent)):
            return None
        for one in self._references.list_from(entity):
            state = self._states.find_field(one.target)
            if not one.is_required or state is None:
                continue
            words_there = self._fields(one.target)[state].values
            living = tuple(word for word in words_there if not words_of.UNDONE.search(snake(word)))
            writers = self._states.writing.get(one.target, ())
            off_by = tuple(
                name for name in writers
                if self._access[name].effect == "delete"
                or ((step := self._states.find_step(name)) is not None and words_of.UNDONE.search(snake(step.after)) is not None)
            )  # fmt: skip
            moved_by = tuple(name for name in writers if name not in off_by and self._moves(name, one.target))
            if len(living) < len(words_there) or off_by or moved_by:
                return Notice(
                    entity, due, sent, one, state, living if len(living) < len(words_there) else (), off_by, moved_by
                )
        return Notice(entity, due, sent, None, "", (), (), ())

    def _is_message(self, entity: str, sent: str) -> bool:
        """Whether rows are messages: by their name, a field with a channel, or a program that reads what is not sent."""
        if {*split_words(entity)} & _MESSAGES or "published" in split_words(sent):
            return True
        if any({*one.values} & CHANNELS for one in self._fields(entity).values()):
            return True
        for one in self._access.values():
            found = [self._roles.find(role) for role in one.roles]
            are_programs = bool(found) and all(isinstance(each, Principal) and each.kind == "service" for each in found)
            if one.reads == entity and are_programs:
                return True
        return False

    def _moves(self, name: str, entity: str) -> bool:
        """Whether a change gives a row another time."""
        one = self._access[name]
        if one.effect != "update":
            return False
        times = {
            n
            for n, each in self._fields(entity).items()
            if each.type in _TIMES and words_of.PLANNED_AT.fullmatch(snake(n))
        }
        return bool({*split_words(name)[:1]} & words_of.MOVING) or bool(times & {each.field for each in one.sets})

    def _send(self, entity: str) -> Iterator[Upkeep]:
        notice = self.find_notice(entity)
        if notice is None:
            return
        channels = tuple(
            dict.fromkeys(
                word
                for one in self._fields(entity).values()
                for word in one.values
                if word in CHANNELS - {"phone", "app"}
            )
        )
        not_sent = Filter(field=notice.sent, comparison="is missing")
        about = notice.about
        if about is not None and notice.living:
            asked = (
                f"; the state of its {words(about.target)} is asked again as it is sent: one that was planned for"
                f" {with_article(words(about.target))} {' or '.join(notice.living)} is not sent for one that is no longer so"
            )
        else:
            asked = ""
        yield Upkeep(
            f"send_{snake(entity)}", "deliver", entity, f"{'Publishes' if 'published' in split_words(notice.sent) else 'Sends'} each {entity} whose {notice.due} has come, once.",
            f"{entity} says when it is due, and {notice.sent} that it was sent: every minute those that are due are taken, each by one worker{asked}",
            AccessPattern(
                writes=entity, action="update", by=self._keys.fields(entity), where=(not_sent,),
                sets=(Assignment(field=notice.sent, value="now"),),
            ),
            moment=notice.due, about=about.field if about is not None else "", calls=channels,
        )  # fmt: skip
        triggers = (*notice.off_by, *notice.moved_by)
        if about is None or not triggers:
            return
        becomes = [*(["called off"] if notice.off_by else []), *(["moved"] if notice.moved_by else [])]
        anew = "; the new time is planned as for a new one" if notice.moved_by else ""
        yield Upkeep(
            f"withdraw_{snake(entity)}", "withdraw", entity,
            f"Takes back each {entity} that was not sent yet of {with_article(about.target)} that was {' or '.join(becomes)}{anew}.",
            f"{' and '.join(triggers)} change what {with_article(words(entity))} was planned for: what is not sent yet goes with the old"
            f" {'time' if notice.moved_by else 'state'}",
            AccessPattern(writes=entity, action="delete", many=True, by=(about.field,), where=(not_sent,)),
            about=about.field, triggers=triggers,
        )  # fmt: skip

    # -- periods

    def find_billing(self, entity: str) -> Billing | None:
        """What is made once a period for each row of an entity; None where nothing is."""
        fields = self._fields(entity)
        end = next((n for n, one in fields.items() if one.type in _TIMES and _PERIOD_END.fullmatch(snake(n))), None)
        if end is None:
            return None
        found = []
        for one in self._references.list_to(entity):
            own = self._fields(one.entity)
            if one.is_required and not one.is_unique and any(each.type == "money" for each in own.values()):
                found.append(one)
        for bill in sorted(found, key=lambda one: not {*split_words(one.entity)} & _BILLS):
            start = next(
                (n for n, one in self._fields(bill.entity).items() if one.type in (*_TIMES, "text", "char", "int") and _PERIOD_START.fullmatch(snake(n))), ""
            )  # fmt: skip
            if {*split_words(bill.entity)} & _BILLS or (start and bill.entity not in self._made):
                return Billing(entity, end, bill.entity, bill.field, start)
        return None

    def _renew(self, entity: str) -> Iterator[Upkeep]:
        found = self.find_billing(entity)
        if found is None:
            return
        start = found.start or "period_start"
        parties = (step.via for one in self._access.values() for step in one.steps if step.entity == found.bill)
        calls = tuple(dict.fromkeys(via for via in parties if via))[:1]
        charged = f", charges it through {calls[0]}," if calls else ""
        yield Upkeep(
            f"renew_{snake(entity)}", "renew", entity,
            f"Makes the {found.bill} of each {entity} whose {found.end} has come{charged} and moves the period on.",
            f"{entity}.{found.end} comes for every row, and nobody asks for it: a run makes one {found.bill} for each, known by {found.reference} and"
            f" {start}. No two may be of the same, so that a second run, or a run after a crash, makes and charges none twice; the period"
            f" moves on only from the {found.end} that was read",
            moment=found.end, calls=calls, target=found.bill, unique=(found.reference, start),
        )  # fmt: skip

    # -- sums

    def _roll_up(self, entity: str) -> Iterator[Upkeep]:
        found = self.find_rollup(entity)
        if found is None:
            return
        source, period, time = found
        per = " and ".join(name for name in self._keys.fields(entity))
        yield Upkeep(
            f"fill_{snake(entity)}", "roll_up", entity,
            f"Adds up each {source} by {per} into {entity}, and again for the {plural(period)} into which a late one fell.",
            f"no operation writes {entity}, whose fields add up those of {source} by {per}: a job computes each {period} once it is over, and the one"
            f" before it again, so that a late {words(source)} corrects its {period}; a run replaces what it finds by the key",
            source=source, period=period, moment=time, unique=self._keys.fields(entity), target=entity,
        )  # fmt: skip

    def find_rollup(self, entity: str) -> tuple[str, str, str] | None:
        """Whose rows an entity adds up, by which period, and the field of that period; None where it adds up none."""
        key = self._keys.fields(entity)
        fields = self._fields(entity)
        times = [name for name in key if name in fields and fields[name].type in _TIMES]
        refs = {one.target for one in self._references.list_from(entity) if one.field in key}
        if entity in self._made or entity in self._states.writing or len(times) != 1 or not refs:
            return None
        spoken = (*split_words(times[0]), *split_words(entity))
        period = next((_PERIODS[word] for word in spoken if word in _PERIODS), None)
        if period is None:
            return None
        best: tuple[int, str] = (0, "")
        near = {one.entity for target in refs for one in self._references.list_to(target) if one.is_required}
        for other in sorted(near - {entity}):
            if not any(one.type == "timestamp" and not one.optional for one in self._fields(other).values()):
                continue
            matched = sum(1 for name in fields if name not in key and self._adds_up(name, other))
            best = max(best, (matched, other))
        return (best[1], period, times[0]) if best[0] else None

    def _adds_up(self, name: str, source: str) -> bool:
        """Whether a field adds up a field of the source, or counts its rows."""
        spoken = split_words(name)
        if "_".join(spoken) == plural(snake(source)) or spoken in (("count",), ("rows",)):
            return True
        base = tuple(word for word in spoken if word not in _SUMMED)
        numeric = {split_words(n) for n, one in self._fields(source).items() if one.type in NUMBERS and not one.key}
        return len(base) < len(spoken) and (base in numeric or "_".join(base) == plural(snake(source)))

    # -- limits

    def _check(self, entity: str) -> Iterator[Upkeep]:
        found = self.find_alarm(entity)
        if found is None:
            return
        rule, source, cleared, _ = found
        yield Upkeep(
            f"check_{snake(rule)}", "check", entity,
            f"Compares each new {source} with each {rule}, raises {with_article(entity)} where it is passed, and clears it when it no longer is.",
            f"no operation makes {with_article(words(entity))}: a job compares what arrived with each {words(rule)}. One that is passed again and again is"
            f" one {words(entity)} until it is cleared: no two may be open of the same, so that two runs at once raise one",
            source=source, about=rule, moment=cleared, target=entity,
            unique=tuple(one.field for one in self._references.list_from(entity) if one.is_required),
        )  # fmt: skip

    def find_alarm(self, entity: str) -> tuple[str, str, str, str] | None:
        """What is raised by nobody: the entity with its limits, whose rows are compared, the moments of its end and of its beginning."""
        if entity in self._made:
            return None
        fields = self._fields(entity)
        cleared = next(
            (
                n
                for n, one in fields.items()
                if one.type == "timestamp" and one.optional and _CLEARED.fullmatch(snake(n))
            ),
            None,
        )
        raised = next(
            (
                n
                for n, one in fields.items()
                if one.type == "timestamp" and not one.optional and _RAISED.fullmatch(snake(n))
            ),
            None,
        )
        if cleared is None or raised is None:
            return None
        for one in self._references.list_from(entity):
            rule = self._fields(one.target)
            bounds = [n for n, each in rule.items() if each.type in NUMBERS and {*split_words(n)} & _BOUNDS]
            if not one.is_required or not bounds:
                continue
            source = self._find_measured(one.target, entity)
            if source is not None:
                return one.target, source, cleared, raised
        return None

    def _find_measured(self, rule: str, alarm: str) -> str | None:
        """The entity whose rows a limit is about: its numbers are the words of an enum of the limit, or it is the one that is measured."""
        spoken = {word for one in self._fields(rule).values() for word in one.values}
        groups = {one.target for name in (rule, alarm) for one in self._references.list_from(name)} - {rule, alarm}
        near = {one.entity for group in groups for one in self._references.list_to(group) if one.is_required}
        found = []
        for other in sorted(near & self._made - {rule, alarm}):
            numbers = {n for n, one in self._fields(other).items() if one.type in NUMBERS and not one.key}
            has_time = any(one.type == "timestamp" and not one.optional for one in self._fields(other).values())
            if has_time and numbers:
                found.append((len(numbers & spoken), other))
        named = [one for one in found if one[0]]
        if named:
            return max(named)[1]
        return found[0][1] if len(found) == 1 else None


def is_waiting(word: str) -> bool:
    """Whether a state is one in which a row waits for somebody."""
    plain = snake(word)
    return plain in _WAITING or _WAITING_FOR.fullmatch(plain) is not None


__all__ = ["SAGA_TIMEOUT", "Billing", "Notice", "Upkeep", "Upkeeps", "is_waiting"]
