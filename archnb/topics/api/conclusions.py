"""What the API comes to: every operation's contract, with the schema and the example of each body and parameter."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from archnb.design.api import Api as SaidApi
from archnb.design.api import Operation
from archnb.design.entities import AccessPattern
from archnb.design.record import Named
from archnb.planned import conclude as conclude_record
from archnb.planned.api import NO_BODY, Api, Body, Contract, Parameter
from archnb.topics.api.addresses import list_own
from archnb.topics.api.bodies import Body as MadeBody
from archnb.topics.api.bodies import describe_parameter, find_bodies, find_field, find_redirect
from archnb.topics.api.resources import Resources, find_resources
from archnb.topics.api.values import write_text
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Api:
    """The section without gaps."""
    api = draft.design.api
    resources = find_resources(draft.model)
    items = _find_items(resources, api)
    contracts = {
        name: _conclude_operation(
            resources, api, name, operation, draft.design.access.get(operation.pattern or name), items
        )
        for name, operation in api.operations.items()
    }
    sizes = {
        "page_size": int(api.page_size.value) if api.page_size else None,
        "max_page_size": int(api.max_page_size.value) if api.max_page_size else None,
    }
    return conclude_record(Api, api, "api", operations=Named(contracts), **sizes)


def _conclude_operation(
    resources: Resources,
    api: SaidApi,
    name: str,
    operation: Operation,
    pattern: AccessPattern | None,
    items: Mapping[str, str],
) -> Contract:
    is_last_result = bool(pattern and pattern.reads and pattern.is_async) and operation.status == 200
    request, response = find_bodies(resources, name, operation, pattern)
    is_stream = pattern is not None and resources.is_stream(pattern)
    # RFC 9110, section 10.2.2: in a 201 Location is where it is; of a 202 it says nothing
    is_made = operation.status == 201 and operation.action != "delete" and not is_stream
    is_upsert = pattern is not None and resources.model.writes.is_upsert(operation.pattern or name, pattern)
    return conclude_record(
        Contract,
        operation,
        f"api.operations.{name}",
        entity=operation.entity if operation.entity in resources.design.entities else "",
        pattern=operation.pattern or (name if pattern is not None else ""),
        parameters=Named(
            {
                parameter_name: _conclude_parameter(resources, api, operation, pattern, parameter_name)
                for parameter_name in operation.parameters
            }
        ),
        own=_list_own(resources, operation, pattern),
        request=_conclude_body(request),
        response=_conclude_body(response),
        location=items.get(operation.entity or "", "") if is_made else "",
        redirect=find_redirect(resources, operation),
        made_status=201 if operation.method == "PUT" and operation.status in (200, 204) and is_upsert else 0,
        is_last_result=is_last_result,
        is_batch=is_stream,
        is_report=bool(pattern and pattern.aggregate) or operation.status == 202,
    )


def _list_own(resources: Resources, operation: Operation, pattern: AccessPattern | None) -> tuple[str, ...]:
    """What the token says; where a said path or parameter gives it, the caller does."""
    given = {one.field for one in operation.parameters.values()}
    return tuple(one for one in list_own(resources, pattern) if one not in given) if pattern is not None else ()


def _conclude_body(body: MadeBody | None) -> Body:
    return NO_BODY if body is None else Body(**body._asdict())


def _conclude_parameter(
    resources: Resources, api: SaidApi, operation: Operation, pattern: AccessPattern | None, name: str
) -> Parameter:
    parameter = operation.parameters[name]
    place = parameter.place or "query"
    schema, example = describe_parameter(resources, operation, name, parameter)
    if name == "limit" and place == "query" and parameter.field is None and api.max_page_size is not None:
        limit = pattern.limit if pattern is not None else None
        most = max(1, int(api.max_page_size.value), limit or 1)
        usual = max(1, limit or (int(api.page_size.value) if api.page_size else 20))
        schema = {"type": "integer", "format": "int32", "minimum": 1, "maximum": most, "default": min(usual, most)}
        example = min(20, most)
    return Parameter(
        place=place,
        field=parameter.field or "",
        required=place == "path" or bool(parameter.required),
        summary=parameter.summary or ("Which one." if place == "path" else name),
        schema=schema,
        example=example,
    )


def _find_items(resources: Resources, api: SaidApi) -> dict[str, str]:
    """The example address of one of each entity: that of the first operation that gets it by its key."""
    found: dict[str, str] = {}
    for operation in api.operations.values():
        entity = operation.entity or ""
        if entity in found or entity not in resources.design.entities:
            continue
        fields = {parameter.field for parameter in operation.parameters.values() if parameter.place == "path"}
        pattern = resources.design.access.get(operation.pattern or "")
        own = list_own(resources, pattern) if pattern is not None else ()
        if operation.action != "get" or operation.method != "GET" or own or fields != set(resources.key(entity)):
            continue
        path = (api.base_path or "").rstrip("/") + (operation.path or "")
        for name, parameter in operation.parameters.items():
            known = find_field(resources, entity, parameter.field)
            path = path.replace("{" + name + "}", quote(write_text(known[1]), safe="") if known else name)
        found[entity] = path
    return found
