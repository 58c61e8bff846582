"""What a team decided to live with: a finding, named by its rule and its place, with a reason and a date."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from archnb.design.declaration import said
from archnb.design.record import Record
from archnb.exceptions import Problem, quote


@dataclass(frozen=True, kw_only=True)
class Acceptance(Record):
    """One finding, or all findings of a rule below a path, accepted."""

    rule: str | None = said("Which rule?", help="`archnb rules` lists them.", example="schema-name-too-long")
    path: str | None = said(
        "Where?",
        help="The finding's path, a path above it, or one in which `*` stands for any part of a name.",
        example="schema.tables.order_*",
    )
    reason: str | None = said("Why is it right here?", example="The names are the vendor's.")
    date: str | None = said("Since when?", help="Year, month and day.", example="2026-11-25")
    until: str | None = said(
        "Until when?", help="The last day; from the next on the finding is open again.", example="2027-06-30"
    )

    def covers(self, rule: str, path: str) -> bool:
        """Whether a finding of that rule at that path is meant.

        >>> one = Acceptance(rule="schema-name-too-long", path="schema.tables.old_*")
        >>> one.covers("schema-name-too-long", "schema.tables.old_orders.columns.x")
        True
        >>> one.covers("schema-name-too-long", "schema.tables.orders")
        False
        """
        return rule == self.rule and _pattern(self.path or "").match(path) is not None

    def has_ended(self, today: datetime.date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and datetime.date.fromisoformat(self.until) < today


@cache
def _pattern(path: str) -> re.Pattern[str]:
    """A path as a regular expression: `*` is any part of one name, and what lies below the path belongs to it."""
    parts = (re.escape(part).replace(r"\*", r"[^.]*") for part in path.split("."))
    return re.compile(r"\.".join(parts) + r"(?:\.|\Z)", re.DOTALL)


def check_acceptances(accepted: Sequence[Acceptance]) -> Iterator[Problem]:
    """What is missing in the acceptances, and what is no date. Whether the rule exists is known to who knows the rules."""
    for n, one in enumerate(accepted):
        here = f"accepted.{n}"
        wanted = {
            "rule": "name the rule; `archnb rules` lists them.",
            "path": "say where: the path that the finding shows.",
            "reason": "say why the finding is right here.",
            "date": "say since when, for instance 2026-11-25.",
        }
        for name, step in wanted.items():
            if not (getattr(one, name) or "").strip():
                yield Problem(here, f"the {name} is missing; {step}")
        dates = {name: text for name in ("date", "until") if (text := getattr(one, name)) is not None and text.strip()}
        read = {name: _read_date(text) for name, text in dates.items()}
        for name, day in read.items():
            if day is None:
                wrong = f"{quote(dates[name])} is no date; write year, month and day, for instance 2026-11-25."
                yield Problem(f"{here}.{name}", wrong)
        since, until = read.get("date"), read.get("until")
        if since is not None and until is not None and until < since:
            yield Problem(f"{here}.until", f"{until} is before {since}, when it was accepted; take a later day.")


def _read_date(text: str) -> datetime.date | None:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
