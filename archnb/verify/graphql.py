"""GraphQL: the schema built by graphql-core, and every operation asked and answered with its own examples."""

from __future__ import annotations

import importlib.util
import re
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from archnb.exceptions import EngineMissing
from archnb.export import export
from archnb.naming import snake
from archnb.planned import Operation
from archnb.verify.proof import Check, Proof, conclude
from archnb.verify.session import shorten_message

if TYPE_CHECKING:
    from archnb.plan import Plan

ARTEFACT = "GraphQL schema"
TOOL = "graphql-core"


def verify_graphql(plan: Plan, **_: Any) -> Proof:
    """Build and validate the schema, then ask each operation with the example of its arguments.

    Resolvers give the examples of the contracts, so that the kind is 'emulated': what is proven is that the schema takes
    these arguments and can give these answers, field by field.
    """
    started = time.perf_counter()
    if (missing := find_missing()) is not None:
        check = Check("engine", "not run", str(missing))
        return Proof(ARTEFACT, TOOL, "", "not verified", 0, 0.0, "not run", (check,))
    from graphql import build_schema, validate_schema

    text = export(plan, "graphql").text
    try:
        schema = build_schema(text)
    except Exception as error:  # graphql-core has an error for each stage
        failed = (Check("schema", "failed", shorten_message(str(error))),)
        return Proof(ARTEFACT, TOOL, version(TOOL), "emulated", 0, time.perf_counter() - started, "failed", failed)
    details = [Check("schema", "failed", shorten_message(str(error))) for error in validate_schema(schema)]
    count = 0
    if not details:
        operations = plan.planned.operations
        for operation in operations.values():
            count += 1
            details += _try_operation(schema, operation)
    if not details:
        details = [Check("operations", "passed", f"{count} operations take and give their examples")]
    return Proof(
        ARTEFACT,
        TOOL,
        version(TOOL),
        "emulated",
        count,
        time.perf_counter() - started,
        conclude(details),
        tuple(details),
    )


def find_missing() -> EngineMissing | None:
    """What to say where graphql-core is not installed; None where it is."""
    if importlib.util.find_spec("graphql") is None:
        return EngineMissing.of_extra("a GraphQL schema is checked by", TOOL, "verify")
    return None


def _try_operation(schema: Any, operation: Operation) -> Iterator[Check]:
    from graphql import graphql_sync

    found = _find_field(schema, operation)
    if found is None:
        yield Check(operation.name, "failed", "no field of Query or Mutation is called so")
        return
    root, name, field = found
    asked = dict(_list_arguments(operation))
    if absent := [one for one in asked if one not in field.args]:
        yield Check(operation.name, "failed", f"it takes no {', '.join(absent)}")
        return
    variables = {argument: _translate(value, field.args[argument].type) for argument, value in asked.items()}
    missing = [one for one, argument in field.args.items() if str(argument.type).endswith("!") and one not in variables]
    if missing:
        yield Check(operation.name, "failed", f"no value for {', '.join(missing)}")
        return
    given = ", ".join(f"${one}: {field.args[one].type}" for one in variables)
    passed = ", ".join(f"{one}: ${one}" for one in variables)
    shape = _select(field.type)
    query = f"{root}{f'({given})' if given else ''} {{ {name}{f'({passed})' if passed else ''} {shape} }}"
    body = operation.contract.response
    answer = True if body.is_empty else _rename(body.example)
    if body.is_list and not body.is_paged and isinstance(answer, Mapping):
        answer = answer["items"]
    result = graphql_sync(schema, query, root_value={name: answer}, variable_values=variables)
    if result.errors:
        yield Check(operation.name, "failed", shorten_message(str(result.errors[0])))
    elif result.data is None or (lost := _find_loss(answer, result.data[name])):
        yield Check(operation.name, "failed", f"the answer lost {lost if result.data else 'everything'}")


def _find_field(schema: Any, operation: Operation) -> tuple[str, str, Any] | None:
    from archnb.export.graphql import name_field

    wanted = name_field(operation.name)
    for word, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        for name, field in (root.fields if root is not None else {}).items():
            if name == wanted or re.sub(r"_\d+$", "", name) == wanted:
                return word, name, field
    return None


def _list_arguments(operation: Operation) -> Iterator[tuple[str, Any]]:
    from archnb.export.graphql import name_field

    contract = operation.contract
    taken: list[str] = []
    for name, one in contract.parameters.items():
        argument = name_field(snake(name), taken)
        taken.append(argument)
        yield argument, one.example
    if not contract.request.is_empty:
        yield name_field("input", taken), _rename(contract.request.example)


def _rename(value: Any) -> Any:
    """A JSON value with the names of its properties as the schema writes them."""
    from archnb.export.graphql import name_field

    if isinstance(value, Mapping):
        made: dict[str, Any] = {}
        for name, below in value.items():
            made[name_field(name, list(made))] = _rename(below)
        return made
    return [_rename(one) for one in value] if isinstance(value, list) else value


def _translate(value: Any, kind: Any) -> Any:
    """A value as a variable of its type: what the type counts as text is given as text."""
    bare = str(kind).strip("[]!")
    return str(value) if bare in ("ID", "String") and isinstance(value, int | float) else value


def _select(kind: Any, depth: int = 0) -> str:
    """Every field of a type, with what it holds."""
    from graphql import get_named_type, is_object_type

    named = get_named_type(kind)
    if not is_object_type(named) or depth > 6:
        return ""
    parts = [f"{name} {_select(one.type, depth + 1)}".strip() for name, one in named.fields.items()]
    return f"{{ {' '.join(parts)} }}"


def _find_loss(wanted: Any, given: Any, at: str = "") -> str:
    """Where an answer holds less than the example; '' where it holds all."""
    if isinstance(wanted, Mapping) and isinstance(given, Mapping):
        return next(
            (lost for name, one in wanted.items() if (lost := _find_loss(one, given.get(name), f"{at}/{name}"))), ""
        )
    if isinstance(wanted, list) and isinstance(given, list):
        if len(wanted) != len(given):
            return at or "rows"
        return next((lost for n, one in enumerate(wanted) if (lost := _find_loss(one, given[n], f"{at}/{n}"))), "")
    same = wanted == given or str(wanted) == str(given)
    return "" if same else at or "the value"
