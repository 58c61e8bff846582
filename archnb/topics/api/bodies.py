"""Bodies: what an operation takes and gives, as a schema with its example, made from the fields that the operation names.

There is one example of each entity (`instances.py`): ids, references, prices and totals agree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from archnb.design.api import Operation, Parameter
from archnb.design.entities import AccessPattern, Field
from archnb.model import Setting
from archnb.naming import claim, snake, split_words
from archnb.planned.api import ARRAY_LIMIT, CURSOR, ETAG, MONEY_SCHEMA
from archnb.planned.entities import Setting as PlannedSetting
from archnb.topics.api.instances import make_instance
from archnb.topics.api.resources import Embed, Resources
from archnb.topics.api.values import TEXT, Json, Schema, describe_value, make_example, write_text

CURSOR_LIMIT, URL_LIMIT = 512, 2048
# what a cursor is written in (base64url, RFC 4648, section 5), and what a header or a URL takes: visible ASCII
CURSOR_FORM, VISIBLE = "^[0-9A-Za-z_=-]+$", r"^[\x21-\x7e]+$"
IDEMPOTENCY_KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"
# what stands in a request's element list beside fields: the paging and the search text of a read whose input is in the body
PAGING = ("q", "cursor", "limit")


# what the rows of a batch are called, and how many one call may carry: as many as one INSERT takes well
ROWS, MOST_ROWS = "items", 1000


class Part(NamedTuple):
    """One property of a body."""

    name: str
    schema: Schema
    example: Json
    is_required: bool


NO_FIELDS: Mapping[str, Field] = {}


class Body(NamedTuple):
    """A body: the schema of its object or of its items, the example of the whole, the media type."""

    schema: Schema
    example: Json
    is_list: bool = False
    is_paged: bool = False
    media: str = "application/json"

    @property
    def text(self) -> str:
        """The example as it is read."""
        return json.dumps(self.example, indent=2, ensure_ascii=False)


def make_object(parts: Iterable[Part], *, is_request: bool) -> tuple[Schema, dict[str, Json]]:
    """The object schema of some properties and its example. A request takes nothing else, so that no field is smuggled in."""
    listed = list(parts)
    schema: Schema = {"type": "object", "properties": {part.name: part.schema for part in listed}}
    needed = [part.name for part in listed if part.is_required]
    if needed:
        schema["required"] = needed
    if is_request:
        schema["additionalProperties"] = False
    return schema, {part.name: part.example for part in listed}


def list_visible(resources: Resources, entity: str, *, is_public: bool) -> list[str]:
    """The fields that may be shown: never a secret, and to the public nothing personal and no person's id."""
    return [
        name
        for name, field in resources.fields(entity).items()
        if not field.secret
        and not (is_public and (field.personal or (field.references and resources.is_of_people(field.references))))
    ]


def make_parts(
    resources: Resources,
    entity: str,
    elements: Iterable[str],
    values: Mapping[str, Json],
    *,
    is_request: bool,
    is_public: bool,
    n: int = 0,
    pattern: AccessPattern | None = None,
    extras: Mapping[str, Field] = NO_FIELDS,
) -> list[Part]:
    """The properties that some elements stand for: a field, an entity or relationship that comes along, or a word of its own."""
    made: list[Part] = []
    fields, names, embeds = resources.fields(entity), resources.names(entity), resources.embeds(entity)
    by_property = {embed.name: embed for embed in embeds.values()}
    by_name = {property: name for name, property in names.items()}
    for element in elements:
        name = element if element in fields else by_name.get(element, "")
        embed = embeds.get(element) or by_property.get(element)
        if name:
            field = fields[name]
            needed = not field.optional and field.default is None if is_request else True
            schema = describe_value(resources, field)
            if is_request and (default := _read_default(field)) is not None:
                schema["default"] = default
            made.append(Part(names[name], schema, values.get(name), needed))
        elif embed is not None:
            made.append(
                _embed(resources, entity, embed, is_request=is_request, is_public=is_public, n=n, pattern=pattern)
            )
        elif element in extras:
            extra = extras[element]
            example = make_example(resources, entity, element, extra, n)
            made.append(Part(element, describe_value(resources, extra), example, not extra.optional))
        elif element in resources.design.entities:
            # a thing that is more than one reference away comes along as a list
            inner = list_visible(resources, element, is_public=is_public)
            schema, example = make_object(
                make_parts(
                    resources,
                    element,
                    inner,
                    make_instance(resources, element, n),
                    is_request=False,
                    is_public=is_public,
                ),
                is_request=False,
            )
            made.append(
                Part(
                    claim(snake(element), [part.name for part in made]),
                    {"type": "array", "items": schema, "maxItems": ARRAY_LIMIT},
                    [example],
                    True,
                )
            )
        else:
            made.append(
                Part(
                    claim(snake(element), [part.name for part in made]),
                    dict(TEXT),
                    f"{snake(element)} 1",
                    not is_request,
                )
            )
    unique: dict[str, Part] = {}
    for part in made:
        unique.setdefault(part.name, part)
    return list(unique.values())


def _embed(
    resources: Resources,
    outer: str,
    embed: Embed,
    *,
    is_request: bool,
    is_public: bool,
    n: int,
    pattern: AccessPattern | None = None,
) -> Part:
    inner = embed.entity
    parts: list[Part]
    if embed.relationship:
        # one thing is not related to itself
        other = 1 - n if inner == outer else n
        names = list(resources.key(inner)) if is_request else list_visible(resources, inner, is_public=is_public)
        parts = make_parts(
            resources,
            inner,
            names,
            make_instance(resources, inner, other),
            is_request=False,
            is_public=is_public,
            n=other,
        )
        for name, field in resources.design.relationships[embed.relationship].fields.items():
            if not field.secret and not (is_public and field.personal):
                property = claim(snake(name), [part.name for part in parts])
                parts.append(
                    Part(
                        property,
                        describe_value(resources, field),
                        make_example(resources, inner, name, field, n),
                        not field.optional,
                    )
                )
    elif is_request:
        given = resources.given_with(outer, inner, pattern or AccessPattern(writes=outer, action="create"))
        names = [one.field for one in given]
        parts = make_parts(
            resources, inner, names, make_instance(resources, inner, n), is_request=True, is_public=is_public, n=n
        )
        parts = _require(resources, inner, parts, given)
    else:
        names = [
            name
            for name in list_visible(resources, inner, is_public=is_public)
            if not embed.is_many or name != embed.via
        ]
        values = dict(make_instance(resources, inner, n))
        parts = make_parts(resources, inner, names, values, is_request=False, is_public=is_public, n=n)
    schema, example = make_object(parts, is_request=is_request)
    if embed.is_many:
        # what the key of a part says belongs to it has at least one: an order without lines is none
        is_needed = is_request and embed.via in resources.key(inner)
        array = {"type": "array", "items": schema, "maxItems": ARRAY_LIMIT} | ({"minItems": 1} if is_needed else {})
        return Part(embed.name, array, [example], is_needed or not is_request)
    # what refers back is there later than what it refers to, or never
    refers = resources.fields(outer).get(embed.via)
    is_back = refers is None or refers.references != inner
    is_optional = bool(embed.via) and (not is_request if is_back else bool(refers and refers.optional))
    return Part(
        embed.name,
        {"anyOf": [schema, {"type": "null"}]} if is_optional else schema,
        example,
        not is_optional or not is_request,
    )


def _read_default(field: Field) -> Json | None:
    """A said default as the value that it is, or None where it is an expression of the database."""
    if field.default is None:
        return None
    if field.type == "enum":
        return field.default if field.default in field.values else None
    if field.type == "bool":
        return {"true": True, "false": False}.get(field.default)
    return None


def list_changes(resources: Resources, entity: str, request: Iterable[str]) -> dict[str, Json]:
    """What the example of a change changes: the first field that is no reference, not unique and bound to no other, else the first."""
    fields = resources.fields(entity)
    names = [name for name in request if name in fields]
    plain = [name for name in names if fields[name].references is None and not fields[name].unique]
    bound = {one for line in resources.model.invariants.list_lines(entity) for one in line.fields}
    free = [name for name in names if fields[name].references is None and name not in bound]
    plain = [one for one in plain if one not in bound] or free or plain
    other = make_instance(resources, entity, 1)
    return {name: other[name] for name in (plain or names)[:1]}


def find_bodies(
    resources: Resources, name: str, operation: Operation, pattern: AccessPattern | None
) -> tuple[Body | None, Body | None]:
    """What an operation takes and what it gives on success; made once for one record of an operation."""
    kept = resources.bodies.get(name)
    if kept is None or kept[0] is not operation:
        made = make_request(resources, name, operation, pattern), make_response(resources, name, operation, pattern)
        kept = resources.bodies[name] = (operation, made)
    return kept[1]


def make_request(
    resources: Resources, name: str, operation: Operation, pattern: AccessPattern | None = None
) -> Body | None:
    """The body that an operation takes, or None where it takes none."""
    if not operation.request:
        return None
    entity = operation.entity if operation.entity in resources.design.entities else None
    is_public = bool(operation.is_public)
    if entity is None:
        parts = [Part(snake(one), dict(TEXT), f"{snake(one)} 1", False) for one in dict.fromkeys(operation.request)]
        schema, example = make_object({part.name: part for part in parts}.values(), is_request=True)
        return Body(schema, example)
    if operation.action in ("get", "list", "search"):
        return _make_query(resources, entity, operation)
    is_change = operation.method == "PATCH"
    changed = list_changes(resources, entity, operation.request) if is_change else {}
    values = {**make_instance(resources, entity), **changed}
    asked = operation.pattern or name
    parts = make_parts(
        resources, entity, operation.request, values, is_request=True, is_public=is_public, pattern=pattern,
        extras=NO_FIELDS if pattern is None else resources.extras(asked, pattern),
    )  # fmt: skip
    parts = _require(resources, entity, parts, () if pattern is None else resources.given(asked, pattern))
    schema, example = make_object(parts, is_request=True)
    if pattern is not None and resources.is_stream(pattern):
        return _make_batch(resources, entity, operation, schema, example)
    if operation.action == "command" and parts and not schema.get("required") and _asks(resources, asked, pattern):
        schema |= {"required": [parts[0].name]} if len(parts) == 1 else {"minProperties": 1}
    if is_change:
        # RFC 7396: only what is given changes
        schema.pop("required", None)
        schema["minProperties"] = 1
        for inner in schema["properties"].values():
            inner.pop("default", None)
        names = [resources.names(entity)[one] for one in changed]
        return Body(
            schema,
            {key: value for key, value in example.items() if key in names} or example,
            media="application/merge-patch+json",
        )
    return Body(schema, example)


def _make_batch(resources: Resources, entity: str, operation: Operation, schema: Schema, example: Json) -> Body:
    """Several rows of a stream in one body; each is as the schema says."""
    other = make_parts(
        resources, entity, operation.request, make_instance(resources, entity, 1), is_request=True, is_public=False, n=1
    )
    rows = [example, make_object(other, is_request=True)[1]]
    whole: Schema = {
        "type": "object",
        "properties": {ROWS: {"type": "array", "items": schema, "minItems": 1, "maxItems": MOST_ROWS}},
        "required": [ROWS],
        "additionalProperties": False,
    }
    return Body(whole, {ROWS: rows})


def _require(
    resources: Resources, entity: str, parts: list[Part], given: Iterable[Setting | PlannedSetting]
) -> list[Part]:
    """The parts with what the caller must give, as the access pattern's assignments say it."""
    names = resources.names(entity)
    needed = {names[one.field]: one for one in given if one.field in names}
    made = []
    for part in parts:
        setting = needed.get(part.name)
        if setting is not None:
            part = part._replace(is_required=setting.is_required)
            if setting.given_by:
                told = f"Given by {' or '.join(setting.given_by)}; of everybody else the token says it."
                part = part._replace(schema={**part.schema, "description": told}, is_required=False)
        made.append(part)
    return made


def _asks(resources: Resources, name: str, pattern: AccessPattern | None) -> bool:
    """Whether a command does nothing but what its body says."""
    settings = () if pattern is None else resources.settings(name, pattern)
    return all(one.source == "caller" or (one.source == "server" and one.value == "now") for one in settings)


def _make_query(resources: Resources, entity: str, operation: Operation) -> Body:
    """The body of a read whose input must not stand in a URL."""
    values, fields = make_instance(resources, entity), resources.fields(entity)
    known = {*fields, *resources.names(entity).values()}
    words = [str(values[name]) for name, field in fields.items() if field.personal and field.type == "text"]
    parts: list[Part] = []
    for element in operation.request:
        # a field may be called `cursor`; then the paging's is `cursor_2`
        paging = re.sub(r"_\d+$", "", element)
        if paging not in PAGING or element in known:
            for part in make_parts(resources, entity, [element], values, is_request=True, is_public=False):
                parts.append(part._replace(is_required=True))
        elif paging == "limit":
            parts.append(Part(element, {"type": "integer", "minimum": 1}, 20, False))
        elif paging == "q":
            parts.append(Part(element, dict(TEXT), (words or ["ada"])[0].split(" ")[0].lower(), True))
        else:
            parts.append(Part(element, dict(TEXT), None, False))
    schema, example = make_object({part.name: part for part in parts}.values(), is_request=True)
    # the first page has no cursor yet
    return Body(
        schema,
        {name: value for name, value in example.items() if value is not None or name in schema.get("required", ())},
    )


def make_response(resources: Resources, name: str, operation: Operation, pattern: AccessPattern | None) -> Body | None:
    """The body that an operation gives on success, or None where it gives none."""
    entity = operation.entity if operation.entity in resources.design.entities else None
    if operation.status == 204 or not operation.response:
        return None
    is_public = bool(operation.is_public)
    is_list = operation.action in ("list", "search")
    if entity is None:
        parts = [Part(snake(one), dict(TEXT), f"{snake(one)} 1", True) for one in dict.fromkeys(operation.response)]
        schema, example = make_object({part.name: part for part in parts}.values(), is_request=False)
        return _list_body(schema, [example], operation) if is_list else Body(schema, example)
    if pattern is not None and pattern.aggregate and operation.action in ("list", "get"):
        return _make_aggregate(resources, entity, operation, pattern)
    first = dict(make_instance(resources, entity))
    if operation.method == "PATCH":
        first |= list_changes(resources, entity, operation.request)
    elif operation.action == "command":
        first |= _move_state(resources, entity, name)
    parts = make_parts(resources, entity, operation.response, first, is_request=False, is_public=is_public)
    schema, example = make_object(parts, is_request=False)
    if not is_list:
        return Body(schema, example)
    # what the caller asked for is the same in every row of the answer
    is_walk = pattern is not None and (pattern.depth or 0) > 1
    asked = [one.partition(".")[0] for one in (pattern.by if pattern and not is_walk else ())]
    second = make_instance(resources, entity, 1) | {one: first[one] for one in asked if one in first}
    unique = any(one in first and resources.model.keys.is_one_row(entity, (one,)) for one in asked)
    more = make_parts(resources, entity, operation.response, second, is_request=False, is_public=is_public, n=1)
    return _list_body(schema, [example] if unique else [example, make_object(more, is_request=False)[1]], operation)


def find_redirect(resources: Resources, operation: Operation) -> str:
    """Where the example of an operation that redirects leads: the one address that its entity holds; '' for any other."""
    entity = operation.entity
    if not 300 <= (operation.status or 0) <= 399 or entity is None or entity not in resources.design.entities:
        return ""
    fields = resources.fields(entity)
    name = next((name for name, field in fields.items() if field.type == "url"), None)
    return "" if name is None else str(make_instance(resources, entity)[name])


def _list_body(schema: Schema, items: list[Json], operation: Operation) -> Body:
    example: dict[str, Json] = {"items": items}
    if operation.is_paged:
        example["next_cursor"] = CURSOR
    return Body(schema, example, True, bool(operation.is_paged))


def list_aggregate(aggregate: str) -> tuple[str, ...]:
    """The properties of one row of a computation: what it is grouped by, then the value.

    >>> list_aggregate("sum of total by day")
    ('day', 'sum_of_total')
    """
    what, _, group = aggregate.partition(" by ")
    groups = [snake(one) for one in group.replace(" and ", ",").split(",") if one.strip()]
    return tuple(dict.fromkeys([*groups, snake(what)]))


def _make_aggregate(resources: Resources, entity: str, operation: Operation, pattern: AccessPattern) -> Body:
    """What comes back of a computation over rows."""
    what = snake((pattern.aggregate or "").partition(" by ")[0])
    fields, values = resources.fields(entity), make_instance(resources, entity)
    by_name = {snake(name): name for name in fields}
    source = next((name for words, name in by_name.items() if words in what.split("_")), None)
    is_money = source is not None and fields[source].type in ("money", "decimal") and "count" not in what.split("_")
    parts: list[Part] = []
    for word in operation.response:
        if word == what:
            if "count" in what.split("_"):
                # whole, and exact in a JSON number
                schema: Schema = {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**53 - 1}
            elif is_money and source:
                schema = _describe_total(resources, fields[source], what)
            else:
                schema = {"type": "number"}
            parts.append(Part(word, schema, values[source] if is_money and source else 42, True))
        elif word in by_name:
            parts.append(Part(word, describe_value(resources, fields[by_name[word]]), values[by_name[word]], True))
        else:
            example = {
                "day": "2026-03-14",
                "date": "2026-03-14",
                "month": "2026-03",
                "year": "2026",
                "hour": "2026-03-14T09:00:00Z",
            }.get(word, f"{word} 1")
            kind = {"day": "date", "date": "date", "hour": "timestamp"}.get(word, "text")
            schema = describe_value(resources, Field(type=kind))
            parts.append(Part(claim(snake(word), [part.name for part in parts]), schema, example, True))
    schema, row = make_object(parts, is_request=False)
    if operation.action == "get":
        return Body(schema, row)
    return _list_body(schema, [row], operation)


def _describe_total(resources: Resources, field: Field, what: str) -> Schema:
    """A computed amount: a sum has more digits than what is added up, a mean more behind the point."""
    if what.startswith(("min_", "max_")):
        return describe_value(resources, field, is_nullable=False)
    amount: Schema = {"type": "string", "pattern": r"^-?[0-9]{1,31}(\.[0-9]{1,20})?$", "maxLength": 53}
    if field.type != "money":
        return amount
    properties = {**MONEY_SCHEMA["properties"], "amount": amount}
    return {"type": "object", "properties": properties, "required": MONEY_SCHEMA["required"]}


def _move_state(resources: Resources, entity: str, name: str) -> dict[str, Json]:
    """The state that a command leads to, where the words of the state say it: cancel -> cancelled."""
    for field_name, field in resources.fields(entity).items():
        if resources.is_state(entity, field_name):
            for verb in split_words(name):
                stem = verb[: max(3, len(verb) - 1)]
                found = next((word for word in field.values if word.lower().startswith(stem)), None)
                if found is not None:
                    return {field_name: found}
    return {}


# -- addresses


def find_field(resources: Resources, entity: str | None, dotted: str | None) -> tuple[Field, Json] | None:
    """The field a parameter stands for and its example value; `customer.country` follows a reference one step."""
    if entity is None or dotted is None or entity not in resources.design.entities:
        return None
    name, _, rest = dotted.partition(".")
    fields = resources.fields(entity)
    if name not in fields:
        return None
    if rest and (target := fields[name].references) is not None and rest in resources.fields(target):
        return resources.fields(target)[rest], make_instance(resources, target)[rest]
    return fields[name], make_instance(resources, entity)[name]


def describe_parameter(
    resources: Resources, operation: Operation, name: str, parameter: Parameter
) -> tuple[Schema, Json]:
    """A parameter's schema and example."""
    found = find_field(resources, operation.entity, parameter.field)
    if found is not None:
        field, example = found
        if example is None:
            # the example of an entity has no parent of its own kind; who asks for the children of one names one
            example = make_example(resources, operation.entity or "", parameter.field or name, field)
        schema = describe_value(resources, field, is_nullable=False)
        if (
            schema.get("type") == "object"
            or "$ref" in schema
            or schema.get("type") == "array"
            or isinstance(schema.get("type"), list)
        ):
            # a structured value stands in a URL as text
            return {**TEXT, "maxLength": URL_LIMIT}, write_text(example)
        if example is None:
            # the row of the example has none, as the root of a tree; who asks gives one
            example = make_example(resources, operation.entity or "", parameter.field or name, field, 1)
        return schema, example
    if name == "cursor":
        return {"type": "string", "maxLength": CURSOR_LIMIT, "pattern": CURSOR_FORM}, CURSOR
    if name.lower() == "idempotency-key":
        return {"type": "string", "minLength": 16, "maxLength": 64, "pattern": VISIBLE}, IDEMPOTENCY_KEY
    if name.lower() == "if-match":
        return {"type": "string", "maxLength": 64, "pattern": VISIBLE}, ETAG
    kind = parameter.type or "text"
    schema = describe_value(resources, Field(type=kind if kind not in ("reference", "enum") else "text"))
    if name == "q":
        return {"type": "string", "minLength": 1, "maxLength": 200, "pattern": schema["pattern"]}, "lamp"
    return schema, make_example(
        resources, operation.entity or "", name, Field(type=kind if kind not in ("reference", "enum") else "text")
    )


def measure_bytes(value: Json) -> int:
    """How many bytes a value takes as compact JSON in UTF-8."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


__all__ = [
    "CURSOR", "IDEMPOTENCY_KEY", "Body", "Part", "describe_parameter", "find_field", "find_redirect", "list_visible",
    "make_request", "make_response", "measure_bytes",
]  # fmt: skip
