"""What is always true of the rows of an entity, one line each, and the states that a row goes through.

The lines are read here and nowhere else; what they come to (a CHECK, a composite foreign key, an exclusion constraint) is
concluded from the records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from archnb.design.conditions import Filter
from archnb.design.declaration import DURATION, TIME, Refers, said
from archnb.design.record import Fault, Record
from archnb.exceptions import InputError, Problem, quote
from archnb.quantity import Quantity

Kind = Literal["order", "same", "no overlap", "exactly one of", "at most one of", "one"]
Sign = Literal["=", "<>", "<", "<=", ">", ">="]

_NAME = r"[^\W\d]\w*"
_PATH = rf"{_NAME}(?:\.{_NAME})*"
_NUMBER = r"-?\d+(?:\.\d+)?"
_COMPARED = re.compile(rf"\s*(?P<left>{_PATH})\s*(?P<sign><>|!=|<=|>=|<|>|=)\s*(?P<right>{_PATH}|{_NUMBER})\s*")
_OVERLAP = re.compile(
    rf"\s*no\s+overlap\s+of\s+(?P<start>{_NAME})\s*\.\.\s*(?P<end>{_NAME})(?:\s+per\s+(?P<per>.+?))?(?:\s+where\s+(?P<where>.+?))?\s*"
)
_ONE_OF = re.compile(r"\s*(?P<kind>exactly|at\s+most)\s+one\s+of\s+(?P<fields>.+?)\s*")
_ONE_PER = re.compile(r"\s*one\s+per\s+(?P<per>.+?)(?:\s+where\s+(?P<where>.+?))?\s*")
_NOT_ALWAYS = re.compile(r"\s*not\s+always\s+(?P<rest>.+?)\s*")
_WRITTEN: Mapping[str, Sign] = {"!=": "<>"}

HOLDS = (
    "FIELD > FIELD or NUMBER (or >=, <, <=, <>), FIELD = REFERENCE.FIELD, no overlap of FIELD..FIELD [per FIELD, …] [where …],"
    " exactly one of FIELD, FIELD (or at most one of), one per FIELD, … [where …]"
)
_NEXT = f"write one of: {HOLDS}"


@dataclass(frozen=True, kw_only=True)
class Invariant(Record):
    """What every row fulfils, alone or beside the others: `ends_at > starts_at`, `no overlap of starts_at..ends_at per room`."""

    SHORTHAND: ClassVar[str] = "a text such as 'ends_at > starts_at'"
    IS_LISTED: ClassVar[bool] = True

    kind: Kind | None = said("What kind of rule is it?", example="no overlap")
    fields: tuple[str, ...] = said(
        "Which fields is it about?", default=(), example="starts_at, ends_at", refers="part of a row"
    )
    sign: Sign | None = said("How are two fields compared?", example=">", meant={"!=": "<>"})
    number: str | None = said("With which number is the field compared?", example="0")
    source: str | None = said(
        "Which field of a row that it refers to has the same value?",
        example="project.workspace",
        refers="part of a row",
    )
    per: tuple[str, ...] = said(
        "Among the rows that agree in which fields?", default=(), example="room", refers="field of the entity"
    )
    where: tuple[Filter, ...] = said("Among which rows only?", default=(), example="status in (held, booked)")
    is_waived: bool | None = said(
        "Is it not always so?", example="true", help="Written `not always …`: then it is not proposed either."
    )

    @classmethod
    def continues(cls, before: str, text: str) -> bool:
        """Whether a text goes on from the one before: YAML and a list in one text cut at every comma."""
        return bool(re.fullmatch(rf"\s*{_NAME}(\s+where\s.*)?\s*", text)) and bool(
            re.match(
                r"\s*(not\s+always\s+)?(exactly\s+one\s+of|at\s+most\s+one\s+of|one\s+per|no\s+overlap\b.*\bper)\s",
                before,
            )
            and not re.search(r"\swhere\s", before)
        )

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        if (waived := _NOT_ALWAYS.fullmatch(text)) is not None:
            return {**cls.read_shorthand(waived["rest"]), "is_waived": True}
        if (found := _OVERLAP.fullmatch(text)) is not None:
            made: dict[str, Any] = {"kind": "no overlap", "fields": [found["start"], found["end"]]}
            return made | _read_group(found["per"], found["where"], text)
        if (found := _ONE_OF.fullmatch(text)) is not None:
            kind = "exactly one of" if found["kind"] == "exactly" else "at most one of"
            return {"kind": kind, "fields": _split(found["fields"], text)}
        if (found := _ONE_PER.fullmatch(text)) is not None:
            return {"kind": "one"} | _read_group(found["per"], found["where"], text)
        if (found := _COMPARED.fullmatch(text)) is not None:
            sign = _WRITTEN.get(found["sign"], found["sign"])
            if re.fullmatch(_NUMBER, found["right"]):
                return {"kind": "order", "fields": [found["left"]], "sign": sign, "number": found["right"]}
            if sign == "=":
                return {"kind": "same", "fields": [found["left"]], "source": found["right"]}
            return {"kind": "order", "fields": [found["left"], found["right"]], "sign": sign}
        raise InputError([Problem.of("", f"{quote(text)} is not a rule of rows", _NEXT, given=text)])

    def write_shorthand(self) -> str | None:
        made, fields, where = "", ", ".join(self.fields), ""
        if self.where:
            parts = [one.write_shorthand() for one in self.where]
            if None in parts:
                return None
            where = f" where {' and '.join(str(one) for one in parts)}"
        per = f" per {', '.join(self.per)}" if self.per else ""
        if self.kind == "order" and self.fields:
            made = f"{self.fields[0]} {self.sign} {self.number if self.number is not None else self.fields[-1]}"
        elif self.kind == "same" and self.fields:
            made = f"{self.fields[0]} = {self.source}"
        elif self.kind == "no overlap":
            made = f"no overlap of {'..'.join(self.fields)}{per}{where}"
        elif self.kind in ("exactly one of", "at most one of"):
            made = f"{self.kind} {fields}"
        elif self.kind == "one":
            made = f"one{per}{where}"
        return f"not always {made}" if made and self.is_waived else made or None

    def find_faults(self) -> Iterator[Fault]:
        """What a rule of its kind needs, where it is written with names."""
        needs = {"order": 1 if self.number is not None else 2, "same": 1, "no overlap": 2}.get(self.kind or "")
        if self.kind is None:
            yield Fault("", "its kind is missing", _NEXT)
        elif needs is not None and len(self.fields) != needs:
            yield Fault("", f"{len(self.fields)} fields are given where {needs} are needed", _NEXT)
        elif self.kind == "order" and self.sign is None:
            yield Fault("", "how they are compared is missing", _NEXT)
        elif self.kind == "same" and self.source is None:
            yield Fault("", "whose value it has is missing", "write for instance 'workspace = project.workspace'")
        elif self.kind in ("exactly one of", "at most one of") and len(self.fields) < 2:
            yield Fault("", "one of at least two fields is meant", "write for instance 'exactly one of post, photo'")
        elif self.kind == "one" and not self.per:
            yield Fault(
                "", "one for each of what is missing", "write for instance 'one per driver where status = started'"
            )


def _split(text: str, whole: str) -> list[str]:
    names = [one.strip() for one in text.split(",")]
    wrong = next((one for one in names if not re.fullmatch(_NAME, one)), None)
    if wrong is not None:
        told = f"{quote(wrong)} in {quote(whole)} is not the name of a field"
        raise InputError([Problem.of("", told, "write names of fields with commas between them", given=whole)])
    return names


def _read_group(per: str | None, where: str | None, whole: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if per:
        made["per"] = _split(per, whole)
    if where:
        made["where"] = [one for one in re.split(r"\s+and\s+", where) if one.strip()]
    return made


@dataclass(frozen=True, kw_only=True)
class Transition(Record):
    """A step from one state to the next, and who may take it: `requested -> accepted by driver`."""

    SHORTHAND: ClassVar[str] = "a text such as 'requested -> accepted by driver'"
    IS_LISTED: ClassVar[bool] = True

    before: tuple[str, ...] = said(
        "From which states?", default=(), example="requested", refers="state of the entity", also=("from", "source")
    )
    after: str | None = said(
        "Into which state?", example="accepted", refers="state of the entity", also=("to", "target")
    )
    by: tuple[str, ...] = said(
        "Who may take it?",
        default=(),
        example="driver",
        help="Left out, whoever may call the operation.",
        refers="role",
    )

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        found = re.fullmatch(r"\s*(?P<before>.+?)\s*->\s*(?P<after>\w+)(?:\s+by\s+(?P<by>.+?))?\s*", text)
        before = re.split(r"\s*\|\s*|\s+or\s+", found["before"]) if found is not None else []
        if found is None or not all(re.fullmatch(r"\w+", one) for one in before):
            next = "write STATE [or STATE] -> STATE [by ROLE [or ROLE]], for instance: requested -> accepted by driver"
            raise InputError([Problem.of("", f"{quote(text)} is not a transition", next, given=text)])
        by = re.split(r"\s*\|\s*|\s+or\s+", found["by"]) if found["by"] else []
        return {"before": before, "after": found["after"]} | ({"by": by} if by else {})

    def write_shorthand(self) -> str | None:
        if not self.before or self.after is None:
            return None
        made = f"{' or '.join(self.before)} -> {self.after}" + (f" by {' or '.join(self.by)}" if self.by else "")
        return made if re.fullmatch(r"[\w -]+->[\w ]+", made) else None

    def find_faults(self) -> Iterator[Fault]:
        """Both ends are said."""
        if not self.before or self.after is None:
            yield Fault("", "a transition has two ends", "write for instance 'requested -> accepted by driver'")


EXPIRES = "STATE [or STATE] -> STATE after TIME or FIELD"


@dataclass(frozen=True, kw_only=True)
class Expiry(Record):
    """A state that ends by itself when nobody came: `held -> cancelled after 15 min`, `offered -> expired after expires_at`."""

    SHORTHAND: ClassVar[str] = "a text such as 'held -> cancelled after 15 min'"
    IS_LISTED: ClassVar[bool] = True

    before: tuple[str, ...] = said(
        "Which states end?", default=(), example="held", refers="state of the entity", also=("from", "states")
    )
    becomes: str | None = said(
        "Into which state?", example="cancelled", refers="state of the entity", also=("to", "state")
    )
    wait: Quantity | None = said(
        "How long after the row came into the state?", unit=TIME, example="15 min", within=DURATION, also=("after",)
    )
    until: str | None = said(
        "Which field has the moment, where each row has its own?", example="expires_at", refers="field of the entity"
    )

    @classmethod
    def read_shorthand(cls, text: str) -> Mapping[str, Any]:
        found = re.fullmatch(r"\s*(?P<before>.+?)\s*->\s*(?P<becomes>\w+)\s+after\s+(?P<end>.+?)\s*", text)
        before = re.split(r"\s*\|\s*|\s+or\s+", found["before"]) if found is not None else []
        if found is None or not all(re.fullmatch(r"\w+", one) for one in before):
            next = f"write {EXPIRES}, for instance: held -> cancelled after 15 min"
            raise InputError([Problem.of("", f"{quote(text)} is not an end of a state", next, given=text)])
        end = {"until": found["end"]} if re.fullmatch(_NAME, found["end"]) else {"wait": found["end"]}
        return {"before": before, "becomes": found["becomes"], **end}

    def write_shorthand(self) -> str | None:
        end = self.until or (str(self.wait) if self.wait is not None else "")
        if not self.before or self.becomes is None or not end:
            return None
        made = f"{' or '.join(self.before)} -> {self.becomes} after {end}"
        return made if re.fullmatch(r"[\w -]+->[\w .]+", made) else None

    def find_faults(self) -> Iterator[Fault]:
        """Both ends are said, and one time."""
        if not self.before or self.becomes is None:
            yield Fault("", "a state that ends becomes another", f"write {EXPIRES}")
        elif (self.wait is None) == (self.until is None):
            told = "when it ends is missing" if self.wait is None else "it ends after a time and at a field's moment"
            yield Fault("", told, "say one of wait and until")


SPAN = Refers("field of the entity", pick=rf"({_NAME})(?=\s*\.\.)|\.\.\s*({_NAME})|(?:\bper|,)\s+({_NAME})")


def read_span(text: str) -> tuple[str, str, tuple[str, ...]] | None:
    """The two fields between which a row is valid, and the fields whose rows follow one upon the other.

    >>> read_span("valid_from..valid_to per product")
    ('valid_from', 'valid_to', ('product',))
    """
    found = re.fullmatch(rf"\s*({_NAME})\s*\.\.\s*({_NAME})(?:\s+per\s+({_NAME}(?:\s*,\s*{_NAME})*))?\s*", text)
    if found is None:
        return None
    return found[1], found[2], tuple(one.strip() for one in found[3].split(",")) if found[3] else ()
