"""Parameters: what an operation takes in its address and its headers."""

from __future__ import annotations

from collections.abc import Mapping

from archnb.design.api import Api, Parameter
from archnb.design.entities import AccessPattern
from archnb.design.record import Named
from archnb.model.write_words import VERSION
from archnb.naming import claim, snake
from archnb.topics.api.addresses import Address
from archnb.topics.api.resources import Resources
from archnb.topics.topic import Draft

PAGE, MAX_PAGE = 20, 100


def counts_changes(draft: Draft, entity: str) -> bool:
    """Whether the changes of a row are counted, so that one that was read before the last of them can be refused."""
    model, tables = draft.model, draft.planned.schema.tables
    places = (model.places.find_table(one) for one in model.inheritance.list_ancestry(entity))
    return any(VERSION in tables[one].columns for one in places if one is not None and one in tables)


def choose_parameters(
    resources: Resources, draft: Draft, api: Api, pattern: AccessPattern, entity: str, address: Address,
    in_path: Mapping[str, str], method: str, is_list: bool, needs_key: bool,
) -> Named[Parameter]:  # fmt: skip
    made: dict[str, Parameter] = {}
    names = resources.names(entity)
    for parameter, dotted in in_path.items():
        made[parameter] = Parameter(
            place="path",
            type=_find_type(resources, entity, dotted),
            field=dotted or None,
            required=True,
            summary=f"Which {say(dotted) or 'one'}.",
        )
    is_in_url = not (method == "POST" and pattern.reads is not None)
    if pattern.reads is not None and is_in_url:
        left = (
            address.left
            if address.in_path or not in_path
            else tuple(one for one in address.left if one not in in_path.values())
        )
        for field in left:
            first, _, rest = field.partition(".")
            name = claim(
                "_".join(snake(one) for one in (first, rest) if one) if rest else names.get(first, snake(first)), made
            )
            made[name] = Parameter(
                place="query",
                type=_find_type(resources, entity, field),
                field=field,
                required=True,
                summary=f"Only those with this {say(field)}.",
            )
        if pattern.range:
            for end, word in (("from", "at or after"), ("to", "before")):
                name = claim(f"{snake(pattern.range)}_{end}", made)
                made[name] = Parameter(
                    place="query",
                    type=_find_type(resources, entity, pattern.range),
                    field=pattern.range,
                    required=False,
                    summary=f"Only those whose {say(pattern.range)} is {word} this.",
                )
        if pattern.search:
            made[claim("q", made)] = Parameter(
                place="query",
                type="text",
                required=True,
                summary=f"The words to search for in {', '.join(say(one) for one in pattern.search)}.",
            )
        if is_list and not pattern.aggregate:
            size = int(api.page_size.value) if api.page_size else PAGE
            most = int(api.max_page_size.value) if api.max_page_size else MAX_PAGE
            made[claim("cursor", made)] = Parameter(
                place="query",
                type="text",
                required=False,
                summary="Where the last page ended: its next_cursor, as it was given.",
            )
            made[claim("limit", made)] = Parameter(
                place="query",
                type="int",
                required=False,
                summary=f"How many at most: 1 to {most}, {pattern.limit or size} where it is not given.",
            )
    if needs_key:
        made["Idempotency-Key"] = Parameter(
            place="header",
            type="text",
            required=True,
            summary="A fresh UUID for each thing to be done; the same one for each repeat of it. Kept for 24 hours, and each caller has keys of its own; the same key with another body is refused.",
        )
    if method == "PATCH" and counts_changes(draft, entity):
        made["If-Match"] = Parameter(
            place="header",
            type="text",
            required=True,
            summary="The ETag of the version that was read; a newer one in between gives 412, none at all 428.",
        )
    return Named(made)


def say(dotted: str) -> str:
    """The words of a field, or of a path of fields."""
    return " ".join(snake(one).replace("_", " ") for one in dotted.split(".") if one)


def _find_type(resources: Resources, entity: str, dotted: str) -> str:
    """The type of a parameter: that of its field, and for a reference that of the key it refers to."""
    name, _, rest = dotted.partition(".")
    field = resources.fields(entity).get(name)
    for _ in range(4):
        if field is None or field.references is None:
            break
        target = field.references
        part = rest or resources.key(target)[0]
        rest = ""
        field = resources.fields(target).get(part)
    kind = field.type if field is not None else "text"
    return "text" if kind in (None, "reference") else str(kind)


__all__ = ["MAX_PAGE", "PAGE", "choose_parameters", "counts_changes", "say"]
