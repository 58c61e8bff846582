"""Values on the wire: for every field type its JSON Schema and, side by side, an example that is valid against it.

Numbers of 64 bits and exact decimals are texts: a JavaScript caller reads JSON numbers as doubles, which are exact only
up to 2^53 - 1 (RFC 8259, section 6). Times are RFC 3339 with an offset, money is an amount with its currency.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

from archnb.design.entities import Field
from archnb.naming import singular, snake, split_words
from archnb.planned.api import ARRAY_LIMIT, BYTES_LIMIT, MONEY, TEXT_LIMIT
from archnb.topics.api.resources import Resources

Json = Any
Schema = dict[str, Any]


def _base64(length: int) -> int:
    """How many characters as many bytes take in base64 (RFC 4648, section 4)."""
    return -(-length // 3) * 4


# every text has an end, and none holds U+0000, which PostgreSQL cannot keep
TEXT: Schema = {"type": "string", "maxLength": TEXT_LIMIT, "pattern": "^[^\\u0000]*$"}
_ID = {"type": "string", "pattern": "^[0-9]{1,19}$", "maxLength": 19}
_PLAIN: dict[str, Schema] = {
    "key": _ID,
    "uuid": {"type": "string", "format": "uuid", "maxLength": 36},
    "code": {"type": "string", "pattern": "^[0-9A-Za-z]+$", "maxLength": 64},
    "int": {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    "smallint": {"type": "integer", "format": "int32", "minimum": -(2**15), "maximum": 2**15 - 1},
    "bigint": {"type": "string", "pattern": "^-?[0-9]{1,19}$", "maxLength": 20},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "text": TEXT,
    "char": TEXT,
    "email": {"type": "string", "format": "email", "maxLength": 254},
    "url": {"type": "string", "format": "uri", "maxLength": 2048},
    "phone": {"type": "string", "pattern": r"^\+[1-9][0-9]{1,14}$", "maxLength": 16},
    # the longest has nine digits of a second and an offset
    "timestamp": {"type": "string", "format": "date-time", "maxLength": 35},
    "date": {"type": "string", "format": "date", "maxLength": 10},
    "time": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$", "maxLength": 8},
    # RFC 3339, appendix A, without years and months, which have no fixed length
    "duration": {
        "type": "string",
        "format": "duration",
        "pattern": "^P([0-9]{1,8}W$|[0-9]{1,8}D(T|$)|T)([0-9]{1,8}H)?([0-9]{1,8}M)?([0-9]{1,8}S)?$",
        "maxLength": 64,
    },
    "json": {
        "type": ["object", "array", "string", "number", "boolean"],
        "maxLength": TEXT_LIMIT,
        "pattern": TEXT["pattern"],
        "items": {},
        "maxItems": ARRAY_LIMIT,
    },
    "bytes": {
        "type": "string",
        "contentEncoding": "base64",
        "pattern": "^[0-9A-Za-z+/]*={0,2}$",
        "maxLength": _base64(BYTES_LIMIT),
    },
    "enum": {"type": "string"},
    "country": {"type": "string", "pattern": "^[A-Z]{2}$", "maxLength": 2},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "maxLength": 3},
    "language": {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "maxLength": 35},
    "ip": {
        "type": "string",
        "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}],
        "pattern": "^[0-9A-Fa-f:.]+$",
        "maxLength": 45,
    },
    "point": {
        "type": "object",
        "properties": {
            "longitude": {"type": "number", "minimum": -180, "maximum": 180},
            "latitude": {"type": "number", "minimum": -90, "maximum": 90},
        },
        "required": ["longitude", "latitude"],
    },
    "vector": {"type": "array", "items": {"type": "number"}, "maxItems": 16_384},
    "other": TEXT,
}


def describe_value(resources: Resources, field: Field, *, is_nullable: bool | None = None, depth: int = 0) -> Schema:
    r"""The JSON Schema (2020-12) of a field's value; an optional one also takes null, as OpenAPI 3.1 writes it.

    >>> from archnb.design import Design
    >>> from archnb.design.entities import Field
    >>> describe_value(Resources(Design()), Field(type="text", length=80, optional=True))
    {'type': ['string', 'null'], 'maxLength': 80, 'pattern': '^[^\\u0000]*$'}
    """
    nullable = bool(field.optional) if is_nullable is None else is_nullable
    if field.references is not None:
        made = _describe_reference(resources, field.references, depth)
    elif field.type == "money":
        made = dict(MONEY)
    elif field.type == "decimal":
        scale = min(field.scale or 0, 30) if field.length is not None else 6
        whole = max(1, min(field.length or 20, 60) - scale)
        sign = "" if field.minimum is not None and field.minimum >= 0 else "-?"
        fraction = f"(\\.[0-9]{{1,{scale}}})?" if scale else ""
        pattern, longest = f"^{sign}[0-9]{{1,{whole}}}{fraction}$", len(sign) // 2 + whole + (scale + 1 if scale else 0)
        made = {"type": "string", "pattern": pattern, "maxLength": longest}
    else:
        made = dict(_PLAIN[field.type or "other"])
        _add_limits(made, field)
    if field.comment and "$ref" not in made:
        made["description"] = field.comment
    if not nullable:
        return made
    if "$ref" in made:
        return {"anyOf": [made, {"type": "null"}]}
    kinds = made["type"] if isinstance(made["type"], list) else [made["type"]]
    made["type"] = [*kinds, "null"]
    if "anyOf" in made:
        made["anyOf"] = [*made["anyOf"], {"type": "null"}]
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    return made


def _add_limits(made: Schema, field: Field) -> None:
    if field.length is not None and field.type in ("text", "code", "char"):
        made["maxLength"] = field.length
        if field.type == "char":
            made["minLength"] = field.length
    if field.length and field.type == "bytes":
        made["maxLength"] = _base64(field.length)
    if field.type == "vector" and field.length is not None:
        made |= {"minItems": field.length, "maxItems": field.length}
    if field.type == "enum":
        made["enum"] = list(dict.fromkeys(field.values)) or ["unknown"]
    if field.type in ("int", "smallint", "float"):
        for limit, word in ((field.minimum, "minimum"), (field.maximum, "maximum")):
            if limit is not None:
                made[word] = int(limit) if limit == int(limit) else limit
        # limits that exclude each other are a mistake of the design that its own rule reports
        if made.get("minimum", 0) > made.get("maximum", made.get("minimum", 0)):
            made.pop("minimum"), made.pop("maximum")


def _describe_reference(resources: Resources, target: str, depth: int) -> Schema:
    key = resources.key(target)
    fields = resources.fields(target)
    if depth > 3 or any(name not in fields for name in key):
        return dict(TEXT)
    parts = {
        resources.names(target)[name]: describe_value(resources, fields[name], is_nullable=False, depth=depth + 1)
        for name in key
    }
    if len(parts) == 1:
        made = next(iter(parts.values()))
        made.pop("description", None)
        return made
    return {"type": "object", "properties": parts, "required": list(parts)}


# -- examples

_WORDS: dict[str, tuple[str, ...]] = {
    "first_name": ("Ada", "Grace"), "given_name": ("Ada", "Grace"), "forename": ("Ada", "Grace"),
    "last_name": ("Lovelace", "Hopper"), "family_name": ("Lovelace", "Hopper"), "surname": ("Lovelace", "Hopper"),
    "full_name": ("Ada Lovelace", "Grace Hopper"), "recipient": ("Ada Lovelace", "Grace Hopper"),
    "username": ("ada", "grace"), "login": ("ada", "grace"), "nickname": ("ada", "grace"),
    "street": ("12 Harbour Street", "7 Mill Lane"), "line1": ("12 Harbour Street", "7 Mill Lane"), "address": ("12 Harbour Street", "7 Mill Lane"),
    "city": ("Lisbon", "Utrecht"), "town": ("Lisbon", "Utrecht"), "region": ("Lisboa", "Utrecht"),
    "postal_code": ("1100-148", "3511 AB"), "postcode": ("1100-148", "3511 AB"), "zip": ("1100", "3511"),
    "title": ("A quiet lamp", "A sturdy chair"), "description": ("Warm light for long evenings.", "Solid oak, made to last."),
    "sku": ("LAMP-0042", "CHAIR-0107"), "slug": ("quiet-lamp", "sturdy-chair"), "colour": ("green", "blue"), "color": ("green", "blue"),
    "comment": ("Arrived in two days.", "Works as described."), "body": ("Arrived in two days.", "Works as described."),
    "text": ("Arrived in two days.", "Works as described."), "note": ("Leave it at the door.", "Ring twice."),
    "tracking_number": ("3SABCD1234567", "3SABCD7654321"), "user_agent": ("Mozilla/5.0", "curl/8.5"),
    "reason": ("The size does not fit.", "Ordered twice."), "locale": ("pt-PT", "nl-NL"), "timezone": ("Europe/Lisbon", "Europe/Amsterdam"),
    "password_hash": ("$argon2id$v=19$…", "$argon2id$v=19$…"),
}  # fmt: skip
_PEOPLE = frozenset(
    {
        "customer",
        "user",
        "person",
        "author",
        "member",
        "employee",
        "contact",
        "patient",
        "driver",
        "seller",
        "staff",
        "guest",
        "reader",
        "student",
        "actor",
    }
)
_NAMED = {
    "brand": ("Lumen", "Oakwright"), "category": ("Lighting", "Seating"), "warehouse": ("Lisbon North", "Utrecht West"),
    "product": ("Quiet lamp", "Sturdy chair"), "item": ("Quiet lamp", "Sturdy chair"), "company": ("Harbour Goods", "Mill Lane Trading"),
    "organisation": ("Harbour Goods", "Mill Lane Trading"), "tenant": ("Harbour Goods", "Mill Lane Trading"), "supplier": ("Harbour Goods", "Mill Lane Trading"),
    "tag": ("new", "sale"), "role": ("editor", "reader"), "team": ("Platform", "Payments"), "project": ("Aurora", "Borealis"),
}  # fmt: skip
# what lies after what it belongs to
_ENDS = frozenset(
    {"expires", "expiry", "until", "end", "ends", "due", "valid", "deadline", "delivered", "closed", "delivery"}
)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _seed(*parts: object) -> int:
    return zlib.crc32("|".join(str(part) for part in parts).encode("utf-8", "surrogatepass"))


def make_example(resources: Resources, entity: str, name: str, field: Field, n: int = 0, depth: int = 0) -> Json:
    """An example of a field's value in the n-th example of its entity: the same for the same design, and valid.

    A reference is the key of the example it refers to, so that examples of different operations fit together.
    """
    if field.references is not None:
        return _example_key(resources, field.references, n, depth)
    kind = field.type or "other"
    seed = _seed(entity, name, n)
    if kind in ("int", "smallint", "float"):
        return _example_number(resources, name, field, n, kind)
    if kind in ("decimal", "money"):
        return _example_amount(name, field, n, kind)
    if kind in ("text", "char", "other", "code"):
        return _example_text(entity, name, field, n, kind, seed)
    if kind == "enum":
        words = list(dict.fromkeys(field.values)) or ["unknown"]
        return field.default if field.default in words else words[0]
    return _example_plain(entity, name, field, n, kind, seed)


def _example_plain(entity: str, name: str, field: Field, n: int, kind: str, seed: int) -> Json:
    match kind:
        case "key":
            return str(1000 + _seed(entity) % 9000 + n)
        case "bigint":
            return str(1_000_000 + seed % 9_000_000)
        case "uuid":
            return f"0195{seed % 65536:04x}-{seed >> 16:04x}-7{seed % 4096:03x}-8{(seed >> 8) % 4096:03x}-{seed:08x}{seed % 65536:04x}"
        case "bool":
            return field.default != "false"
        case "email":
            return f"{('ada', 'grace')[n % 2]}@example.com"
        case "url":
            return f"https://example.com/{singular(snake(name)) + '/' if name.isascii() else ''}{1 + n}"
        case "phone":
            return f"+3512{10000000 + seed % 80000000}"
        case "timestamp" | "date":
            day = f"2026-{'06' if _ENDS & {*split_words(name)} else '03'}-{14 + n:02d}"
            return day if kind == "date" else f"{day}T09:{10 + _seed(entity, name) % 40:02d}:53Z"
        case "time":
            return f"{9 + n % 12:02d}:{10 + _seed(entity, name) % 40:02d}:00"
        case "country":
            return ("PT", "NL")[n % 2]
        case "language":
            return ("pt-PT", "nl-NL")[n % 2]
        case "ip":
            return f"192.0.2.{1 + seed % 250}"
        case "point":
            longitude, latitude = ((-9.1393, 38.7223), (5.1214, 52.0907))[n % 2]
            return {"longitude": longitude, "latitude": latitude}
        case "vector":
            length = min(field.length if field.length is not None else 3, 16_384)
            return [round(((seed >> (i % 24)) % 200 - 100) / 100, 2) for i in range(length)]
        case "json":
            return {"note": "free form"}
    return {"duration": "PT15M", "bytes": _write_bytes(b"hello"[: field.length]), "currency": "EUR"}[kind]


def _write_bytes(value: bytes) -> str:
    """Bytes as JSON writes them (RFC 4648, section 4)."""
    return base64.b64encode(value).decode("ascii")


def _example_number(resources: Resources, name: str, field: Field, n: int, kind: str) -> float | int:
    words = set(split_words(name))
    value: float = 2 + n
    for sign, usual in (
        ("rating", 4),
        ("stars", 4),
        ("score", 4),
        ("year", 2026),
        ("count", 12),
        ("stock", 40),
        ("hand", 40),
        ("age", 36),
    ):
        if sign in words:
            value = usual + (n if usual != 4 else -n)
    limits = describe_value(resources, field, is_nullable=False)
    low, high = limits.get("minimum", -1e300), limits.get("maximum", 1e300)
    value = min(max(value, low), high)
    return (
        int(value)
        if kind != "float" and value == int(value)
        else float(value)
        if kind == "float"
        else int(high if value > high else value)
    )


def _example_amount(name: str, field: Field, n: int, kind: str) -> Json:
    value = 49.90 + 15 * n
    if field.minimum is not None:
        value = max(value, field.minimum)
    if field.maximum is not None:
        value = min(value, field.maximum)
    if kind == "money":
        return {"amount": f"{max(min(value, 1e14), -1e14):.2f}", "currency": "EUR"}
    scale = min(field.scale or 0, 30) if field.length is not None else 6
    whole = max(1, min(field.length or 20, 60) - scale)
    if whole < 15:
        value = max(min(value, 10.0**whole - 1), -(10.0**whole) + 1)
    return f"{value:.{min(scale, 2)}f}"


def _example_text(entity: str, name: str, field: Field, n: int, kind: str, seed: int) -> str:
    if kind == "code":
        length = field.length if field.length is not None else 7
        return "".join(_ALPHABET[_seed(seed, i) % 62] for i in range(min(max(length, 1), 64)))
    words = snake(name)
    variants = _WORDS.get(words) or _WORDS.get(split_words(name)[-1])
    if variants is not None:
        text = variants[n % 2]
    elif split_words(name)[-1] == "name":
        is_person = bool(_PEOPLE & {*split_words(entity), *split_words(name)})
        usual = (f"{' '.join(split_words(entity)).capitalize()} {'AB'[n % 2]}",) * 2
        text = (
            ("Ada Lovelace", "Grace Hopper")[n % 2] if is_person else _NAMED.get(split_words(entity)[-1], usual)[n % 2]
        )
    else:
        text = f"{' '.join(split_words(name))} {n + 1}"
    if field.default is not None and kind != "char":
        text = field.default
    if kind == "char":
        length = field.length if field.length is not None else 1
        return (text.replace(" ", "").upper() + "X" * length)[:length]
    return text[: field.length] if field.length is not None and kind == "text" else text


def _example_key(resources: Resources, target: str, n: int, depth: int) -> Json:
    key, fields = resources.key(target), resources.fields(target)
    if depth > 3 or any(name not in fields for name in key):
        return "1"
    if len(key) == 1:
        return make_example(resources, target, key[0], fields[key[0]], n, depth + 1)
    return {
        resources.names(target)[name]: make_example(resources, target, name, fields[name], n, depth + 1) for name in key
    }


def write_text(value: Json) -> str:
    """A value as it stands in a path or a query."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ",".join(write_text(one) for one in value.values())
    return str(value)


__all__ = ["TEXT", "Json", "Schema", "describe_value", "make_example", "write_text"]
