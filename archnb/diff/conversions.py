"""What becomes of the values that exist when a field gets another type: which no longer fit, and what of them is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archnb.design.entities import Field
from archnb.diff.changes import Effect

INTEGERS = {"smallint": 2**15 - 1, "int": 2**31 - 1, "bigint": 2**63 - 1, "key": 2**63 - 1}
# texts, most of them of a form
TEXTS = frozenset({"text", "char", "email", "url", "phone", "code", "enum", "country", "currency", "language"})
# a money amount has four decimals, as the plan stores it
_MONEY = (19, 4)
# what the greatest whole number is that a float of 64 bits holds exactly
_EXACT = 2**53
_EXPAND = "Expand and contract: add a second column, write both, backfill, move the readers, drop the first."


class Loss(NamedTuple):
    """What happens to the values: the effect, in words, and how it is carried out."""

    effect: Effect
    words: str
    how: str = ""


def convert(before: Field, after: Field, old_length: int, new_length: int) -> Iterator[Loss]:
    """What becomes of the values of a field of another type, or of another length of the same.

    old_length, new_length: the most characters that the columns hold, 0 without a bound.
    """
    a, b = before.type or "", after.type or ""
    if a == "decimal" and b == "decimal":
        yield from _digits(_size(before), _size(after))
    elif a in TEXTS and b in TEXTS:
        yield from _texts(before, after, old_length, new_length)
    elif a == b:
        yield from _same(before, after)
    elif a in INTEGERS and b in INTEGERS:
        yield from _integers(a, b)
    elif (a in INTEGERS or a in ("decimal", "float", "money")) and (
        b in INTEGERS or b in ("decimal", "float", "money")
    ):
        yield from _numbers(before, after)
    elif (a, b) in _KNOWN:
        yield _KNOWN[a, b]
    elif "reference" in (a, b):
        yield from _references(before, after)
    elif b == "text" and a not in ("bytes", "vector", "point", "json"):
        yield Loss("compatible", "every value can be written as a text")
        yield from _shorter(0, new_length, b)
    elif a == "text":
        yield Loss("breaking", f"texts that cannot be read as {_name(b)} no longer fit", _EXPAND)
    elif a == "json" and b == "text":
        yield Loss("compatible", "every document can be written as a text; nothing looks into it any more")
    else:
        words = f"no {_name(a)} is {_name(b)} as it stands: each value must be converted, and what cannot be is lost"
        yield Loss(
            "loses data",
            words,
            "Say how each value is converted before it is tried; keep the old column until that is proven.",
        )


def _name(kind: str) -> str:
    return {"int": "whole number", "bool": "truth value", "json": "document", "bytes": "binary"}.get(kind, kind)


def _same(before: Field, after: Field) -> Iterator[Loss]:
    if before.type == "reference" and before.references != after.references:
        words = f"every value is a key of {before.references}, and none of {after.references}"
        yield Loss(
            "breaking",
            words,
            "Add a second reference, fill it by a mapping that you say, move the readers, drop the first.",
        )
    elif before.length != after.length and before.type == "vector":
        yield Loss(
            "breaking",
            f"vectors of {before.length} dimensions do not compare with those of {after.length}",
            "Compute all of them anew.",
        )
    elif before.length != after.length:
        yield from _shorter(before.length or 0, after.length or 0, before.type or "")


def _integers(a: str, b: str) -> Iterator[Loss]:
    if INTEGERS[b] < INTEGERS[a]:
        words = f"values above {INTEGERS[b]:,} or below {-INTEGERS[b] - 1:,} no longer fit"
        yield Loss("breaking", words, _EXPAND)
    else:
        yield Loss("compatible", "every value fits")


def _size(field: Field) -> tuple[int, int]:
    """How many digits stand before the point, and how many after it."""
    precision, scale = (field.length or 38, field.scale or 0) if field.type == "decimal" else _MONEY
    return precision - scale, scale


def _digits(before: tuple[int, int], after: tuple[int, int]) -> Iterator[Loss]:
    if after[1] < before[1]:
        where = (
            f"all but {after[1]} of the {before[1]} digits after the point"
            if after[1]
            else "what stands after the point"
        )
        yield Loss(
            "loses data",
            f"{where} {'are' if after[1] else 'is'} rounded away",
            "Keep the old column until nobody needs the digits.",
        )
    if after[0] < before[0]:
        yield Loss("breaking", f"numbers of more than {after[0]} digits before the point no longer fit", _EXPAND)
    if after[0] >= before[0] and after[1] >= before[1]:
        yield Loss("compatible", "every value fits")


def _numbers(before: Field, after: Field) -> Iterator[Loss]:
    a, b = before.type or "", after.type or ""
    if a == "money":
        yield Loss(
            "loses data",
            "the currency of each amount is lost",
            "Keep the currency in a field of its own, or prove that there is only one.",
        )
    elif b == "money":
        yield Loss(
            "breaking",
            "no amount has a currency: each needs one",
            "Say which currency the old amounts are in, and backfill it.",
        )
    if b in INTEGERS:
        if a == "float" or a == "money" or (before.scale or 0) > 0:
            words = (
                "what stands after the point is lost, unless the amounts are kept in the smallest unit"
                if a == "money"
                else "what stands after the point is lost"
            )
            yield Loss("loses data", words, "Say how it is rounded, and keep the old column until that is proven.")
        elif INTEGERS[b] < 10 ** _size(before)[0]:
            yield Loss("breaking", f"values above {INTEGERS[b]:,} no longer fit", _EXPAND)
        if a == "float":
            yield Loss("breaking", f"values above {INTEGERS[b]:,} no longer fit", _EXPAND)
    elif b == "float":
        if a in ("decimal", "money"):
            yield Loss(
                "loses data",
                "a float is inexact: decimal digits such as those of 0.10 are not kept",
                "Keep exact numbers as decimal.",
            )
        elif INTEGERS[a] > _EXACT:
            yield Loss("loses data", f"whole numbers above {_EXACT:,} lose their last digits")
        else:
            yield Loss("compatible", "every value fits")
    elif a == "float":
        yield Loss(
            "loses data",
            f"values are rounded to {_size(after)[1]} digits after the point",
            "Keep the old column until nobody needs the digits.",
        )
    elif a in INTEGERS:
        if 10 ** _size(after)[0] <= INTEGERS[a]:
            yield Loss("breaking", f"numbers of more than {_size(after)[0]} digits no longer fit", _EXPAND)
        elif b != "money":
            yield Loss("compatible", "every value fits")
    else:
        yield from _digits(_size(before), _size(after))


def _texts(before: Field, after: Field, old_length: int, new_length: int) -> Iterator[Loss]:
    a, b = before.type or "", after.type or ""
    found = False
    if b == "enum":
        left = [one for one in before.values if one not in after.values]
        if a != "enum":
            found = True
            yield Loss(
                "breaking",
                f"texts other than {', '.join(after.values)} no longer fit",
                "Find and mend them, then add the check as NOT VALID and validate it.",
            )
        elif left:
            found = True
            words = f"rows with {' or '.join(map(repr, left))} no longer fit"
            yield Loss(
                "breaking",
                words,
                f"Give those rows another word, write none any more, then let go of {', '.join(left)}.",
            )
        else:
            yield Loss("compatible", "every row fits")
            return
    elif a not in ("enum", b) and b not in ("text", "char"):
        found = True
        yield Loss("breaking", f"values that are no {b} no longer fit", "Find and mend them first.")
    shorter = list(_shorter(old_length, new_length, b)) if b != "enum" and a != "enum" else []
    yield from shorter
    if not found and not shorter:
        yield Loss("compatible", "every value fits")


def _shorter(old: int, new: int, kind: str) -> Iterator[Loss]:
    if new and (not old or new < old):
        what = "bytes" if kind == "bytes" else "characters"
        yield Loss(
            "breaking",
            f"values longer than {new:,} {what} no longer fit",
            "Find and shorten them, then add CHECK (length(…) <= …) as NOT VALID and validate it.",
        )


def _references(before: Field, after: Field) -> Iterator[Loss]:
    if after.type == "reference":
        words = f"values that are no key of {after.references} no longer fit"
        yield Loss("breaking", words, "Find and mend them, add the foreign key as NOT VALID, validate it.")
    else:
        yield Loss(
            "breaking",
            f"the values are kept, and nothing holds any more that they are keys of {before.references}",
            "Keep the foreign key where the values stay keys.",
        )


_KNOWN = {
    ("timestamp", "date"): Loss("loses data", "the time of day is lost", "Keep the old column until nobody needs it."),
    ("timestamp", "time"): Loss("loses data", "the day is lost", "Keep the old column until nobody needs it."),
    ("date", "timestamp"): Loss("compatible", "every day becomes its midnight, in a time zone that must be said"),
    ("bool", "int"): Loss("compatible", "false becomes 0 and true 1"),
    ("bool", "smallint"): Loss("compatible", "false becomes 0 and true 1"),
    ("uuid", "text"): Loss("compatible", "every value can be written as a text"),
    ("text", "json"): Loss("breaking", "texts that are no JSON no longer fit", _EXPAND),
    ("json", "text"): Loss("compatible", "every document can be written as a text; nothing looks into it any more"),
}
