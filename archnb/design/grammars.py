"""The little languages inside a design's texts: how a quantity, a field, a step, an order or a key is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archnb.design.conditions import ASSIGNMENT, FILTER
from archnb.design.entities import MARKS, STEP
from archnb.design.invariants import EXPIRES, HOLDS


@dataclass(frozen=True)
class Grammar:
    """How a text is written: its form (words in capitals stand for what one puts there), examples, and what they mean."""

    name: str
    form: str
    examples: tuple[str, ...]
    about: str


GRAMMARS: Mapping[str, Grammar] = {
    one.name: one
    for one in (
        Grammar(
            "quantity",
            "NUMBER[SUFFIX] [UNIT][/UNIT]",
            ("400/s", "300 ms", "2 KiB", "99.9%", "1.5M", "50k/day", "60%/year"),
            "A number with its unit. Suffixes are k, M, G, bn and T. Counted things may carry a word: `20k orders/day`."
            " A month is 30 days, a year 365. kB is 1,000 bytes and KiB 1,024; kbit are bits.",
        ),
        Grammar(
            "range of a quantity",
            "LOW..HIGH[UNIT]",
            ("1M..2M", "3..12 ms", "10..40%"),
            "What is not known exactly: the low end is the 10th, the high end the 90th percentile of what is believed."
            " The unit stands once, at the end. A range does not cross zero.",
        ),
        Grammar(
            "field",
            "TYPE[(ARGUMENTS)] [MARK …] [was OLD_NAME] [>= LEAST] [<= MOST] [= DEFAULT], or -> ENTITY [MARK …] [was OLD_NAME]",
            ("text(200) unique personal", "-> Customer optional", "smallint >= 1 <= 5 = 3", "enum(new, paid) = new", "decimal(10, 2)", "text(80) was full_name"),
            f"A type, then marks ({', '.join(MARKS)}), then what it was called before, the least and greatest value, the default. An arrow refers to"
            " another entity, or to one of several. Inside {} a text with a comma stands in quotes.",
        ),
        Grammar(
            "steps",
            STEP.removeprefix("a step is ").partition(",")[0],
            ("create OrderLine", "reserve Stock undo release", "capture Payment via psp undo refund"),
            "What a write does besides, in order: a verb and the entity; through which third party; what undoes it. Steps"
            " with a third party or in another store make a saga.",
        ),
        Grammar(
            "holds",
            HOLDS,
            ("ends_at > starts_at", "amount > 0", "workspace = project.workspace", "no overlap of starts_at..ends_at per room where status in (held, booked)", "exactly one of post, photo", "one per driver where status in (accepted, started)", "not always ends_at > starts_at"),
            "What every row of the entity fulfils. A condition behind `where` is FIELD = WORD, FIELD <> WORD, FIELD in (WORD, …),"
            " FIELD is missing or FIELD is present, joined by `and`. A span holds its beginning and not its end: one booking may"
            " begin when another ends.",
        ),
        Grammar(
            "valid",
            "FROM..TO [per FIELD, …]",
            ("valid_from..valid_to", "starts_on..ends_on per employee"),
            "The two fields between which a row is valid, the second of them open where it is missing; and whose rows follow"
            " upon each other.",
        ),
        Grammar(
            "states",
            "STATE [or STATE] -> STATE [by ROLE [or ROLE]]",
            ("requested -> accepted by driver", "requested or accepted -> cancelled by rider"),
            "A step that a row may take from one word of its enum to another, and who may take it.",
        ),
        Grammar(
            "expires",
            EXPIRES,
            ("held -> cancelled after 15 min", "tentative or requested -> expired after expires_at"),
            "A state that ends by itself when nobody came: so long after the row came into it, or at the moment of a field.",
        ),
        Grammar(
            "by",
            "FIELD[, FIELD …], where FIELD may be REFERENCE.FIELD",
            ("customer", "tenant, status", "customer.country"),
            "The fields that are given exactly. `customer.country` follows a reference one step. `id` is the key, whatever it"
            " is called.",
        ),
        Grammar(
            "where",
            FILTER.removeprefix("a filter is "),
            ("status = free", "status in (todo, doing)", "sent_at is missing", "deleted_at is missing, seen_at > now - 30 s", "ends_at > starts_at", "owner = caller"),
            "Conditions that are the same in every call; a row must meet all of them. A value is a word, a number, a text in"
            " quotes, `now` (more or less a time), `caller` (the key of whoever asks), `tenant`, or another field. Nothing"
            " equals what is not there: say `is missing`.",
        ),
        Grammar(
            "sets",
            ASSIGNMENT.removeprefix("an assignment is "),
            ("title, due_on", "status = cancelled", "driver = caller, accepted_at = now", "price = product.price", "stock = stock - quantity", "assignee = missing"),
            "What a write sets. A field alone is given by the caller; `caller` is the key of whoever asks, `tenant` theirs;"
            " `now`, `generated` and `computed` come from the server; a path such as product.price is read from the row that a reference"
            " leads to; a field may be made more or less. What is not said is proposed: nobody sets a key, an owner, a"
            " state, a price or a total of their own choice.",
        ),
        Grammar(
            "include",
            "ENTITY[ via FIELD][, …]",
            ("OrderLine", "User via assignee"),
            "What comes along. `via` says over which field, where several lead there.",
        ),
        Grammar(
            "range",
            "FIELD",
            ("placed_at",),
            "The one field that is given from and to.",
        ),
        Grammar(
            "sort",
            "[-]FIELD [nulls first|last][, …]",
            ("name", "-placed_at", "-score, name", "due_on nulls last"),
            "How the rows are ordered; a minus sorts downwards. Rows without a value stand where the index of the engine"
            " has them, as nothing else is said: upwards last in PostgreSQL and first in MySQL and SQLite, downwards the other way.",
        ),
        Grammar(
            "aggregate",
            "FUNCTION [of FIELD] [by FIELD or PERIOD]",
            ("sum of total by day", "count by status", "average of stars"),
            "What is computed over the rows: sum, count, average, min or max; by a field, or by hour, day, week, month or year.",
        ),
        Grammar(
            "grant",
            "any | none | PART [and PART …] [or PART …], where PART is own, tenant, member, FIELD[.FIELD …] or FIELD is missing",
            ("any", "own", "tenant", "practitioner", "own or assignee", "author and channel", "driver is missing"),
            "On which rows: on any; on those that refer to the caller (`own`); on those of the tenant, or of a group, that a row of"
            " membership joins the caller to (`tenant`, `member`); on those whose field leads to the caller, or to a group of theirs;"
            " on those that have nobody yet (`driver is missing`). `none` refuses.",
        ),
        Grammar(
            "cache key",
            "TEXT with {FIELD} in it",
            ("shop:v1:orders_of_customer:{customer}", "shop:v1:search:{query}:{cursor}"),
            "Under which key an answer is kept: everything that tells answers apart stands in braces; {subject} is whoever asks.",
        ),
        Grammar(
            "call",
            "SOURCE -> TARGET",
            ("service -> main", "worker -> mail"),
            "A call of one component by another, as the name of what is said of it.",
        ),
        Grammar(
            "schedule",
            "MINUTE HOUR DAY MONTH WEEKDAY",
            ("0 3 * * *", "*/5 * * * *"),
            "When, as cron writes it: at 3 o'clock every day, every five minutes.",
        ),
    )
}  # fmt: skip
