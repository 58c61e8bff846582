"""Searches that a search store answers, in the query language of Elasticsearch: what is searched, and what is left out.

A document holds the fields of its entity under their names in JSON. What a read leaves out in SQL it leaves out here: rows
that are marked as deleted above all, which stay in the index until the job that feeds it has carried the deletion there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archnb.design.conditions import read_value
from archnb.naming import snake
from archnb.planned.entities import AccessPattern, Filter

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any
_BOUNDS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


def find_search_store(plan: Plan, name: str) -> str | None:
    """The store that answers a read with words from its copies; None where the tables themselves are searched."""
    pattern, places = plan.planned.entities.access[name], plan.model.places
    if not pattern.search:
        return None
    return next((one for one in places.list_copies(pattern.entity) if places.engine(one).serves("search")), None)


def write_search(plan: Plan, name: str) -> Json:
    """The body of `POST /{index}/_search` for a read with words; `:name` stands for what the caller or the token gives.

    Elasticsearch 8: a `bool` query with `must` for the words, `filter` and `must_not` for the rest, which do not count in the
    ranking; `search_after` starts behind the last document of the page before.
    """
    pattern = plan.planned.entities.access[name]
    names = plan.model.properties.names(pattern.entity)

    def call(field: str) -> str:
        return str(names.get(field, field))

    words = {"query": ":search", "fields": [call(one) for one in pattern.search], "operator": "and"}
    query: dict[str, list[Json]] = {"must": [{"multi_match": words}]}
    for field in pattern.by:
        query.setdefault("filter", []).append({"term": {call(field): f":{snake(field)}"}})
    if pattern.range:
        bounds = {"gte": f":{snake(pattern.range)}_from", "lt": f":{snake(pattern.range)}_to"}
        query.setdefault("filter", []).append({"range": {call(pattern.range): bounds}})
    for one in pattern.where:
        part, clause = _write_filter(one, call(one.field))
        query.setdefault(part, []).append(clause)
    body: dict[str, Json] = {"query": {"bool": query}}
    if pattern.sort:
        body["sort"] = [*_write_order(pattern, names), *({call(one): "asc"} for one in _list_ties(plan, pattern))]
    if pattern.limit:
        body["size"] = pattern.limit
    return body


def _write_order(pattern: AccessPattern, names: Any) -> list[Json]:
    return [
        {
            str(names.get(one.field, one.field)): {
                "order": "desc" if one.is_down else "asc",
                "missing": "_first" if one.nulls == "first" else "_last",
            }
        }
        for one in pattern.order
    ]


def _list_ties(plan: Plan, pattern: AccessPattern) -> tuple[str, ...]:
    """The fields that tell documents apart which the order leaves alike."""
    ordered = {one.field for one in pattern.order}
    return tuple(one for one in plan.planned.entities.entities[pattern.entity].key if one not in ordered)


def _write_filter(one: Filter, field: str) -> tuple[str, Json]:
    """In which part of a `bool` query a condition stands, and its clause."""
    if one.comparison in ("is missing", "is present"):
        return ("must_not" if one.comparison == "is missing" else "filter"), {"exists": {"field": field}}
    values = [_write_value(value) for value in one.values]
    if one.comparison == "in":
        return "filter", {"terms": {field: values}}
    if one.comparison == "<>":
        return "must_not", {"term": {field: values[0]}}
    if one.comparison in _BOUNDS:
        return "filter", {"range": {field: {_BOUNDS[one.comparison]: values[0]}}}
    return "filter", {"term": {field: values[0]}}


def _write_value(text: str) -> Json:
    """A constant as JSON has it; of what is known only when it is asked, a parameter."""
    value = read_value(text)
    if value.kind in ("caller", "tenant", "now"):
        return f":{'_'.join(text.replace('+', 'plus').replace('-', 'minus').split())}"
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        return value.text or text.strip("'\"")


def render_search(plan: Plan, name: str) -> str:
    """The query as indented JSON, behind the request that carries it."""
    index = snake(plan.planned.entities.access[name].entity)
    return f"POST /{index}/_search\n{json.dumps(write_search(plan, name), indent=2, ensure_ascii=False)}\n"


__all__ = ["find_search_store", "render_search", "write_search"]
