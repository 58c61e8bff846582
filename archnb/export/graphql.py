"""GraphQL: every operation as a field of Query or Mutation, in the schema definition language (GraphQL, October 2021).

It is made of the same contracts as the OpenAPI document, so that both take and give the same fields: reads are queries, what
changes something is a mutation with an input; a page is its items and the cursor of the next; what a call is refused with
stands in its description, by the codes of the error catalogue, which an answer carries as `extensions.code`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archnb.naming import claim, pascal, snake
from archnb.planned import Operation
from archnb.planned.api import MONEY, MONEY_SCHEMA, Body
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any
_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_SCALARS = {
    "DateTime": "An instant as RFC 3339 writes it, with its offset.",
    "Date": "A calendar day, as 2026-03-14.",
    "JSON": "A value whose inner form is free.",
}
# names that the language itself has, or this file
_TAKEN = (
    "Query",
    "Mutation",
    "Subscription",
    "String",
    "Int",
    "Float",
    "Boolean",
    "ID",
    "Money",
    "MoneyInput",
    *_SCALARS,
)


def export_graphql(plan: Plan) -> Source:
    """The API as a GraphQL schema.

    >>> from archnb import Design, plan
    >>> design = Design.of({"name": "notes", "entities": {"Note": {"fields": {"id": "key", "text": "text(200)"}}}})
    >>> "type Query" in export_graphql(plan(design)).text
    True
    """
    return Source("graphql", "GraphQL schema", "graphql", _Schema(plan).write(), filename="schema.graphql")


def name_field(name: str, taken: list[str] | None = None) -> str:
    """A name as a field's in GraphQL, Protocol Buffers and alike: ASCII letters, digits and underscores."""
    plain = name if _NAME.fullmatch(name) else snake(pascal(name)) or "field"
    return claim(plain if _NAME.fullmatch(plain) else f"f_{plain}", taken or [])


def tell_callers(operation: Operation) -> str:
    """Which roles may call an operation, in words."""
    roles = [role for role, grant in operation.grants.items() if not grant.is_refused]
    return f"For {', '.join(roles)}." if roles else "Nobody may call it as yet."


class _Schema:
    """One schema on its way: its types are collected while its fields are written."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.planned = plan, plan.planned
        # the text of each type by its name, and the name of each by what it is made of
        self.types: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self.scalars: set[str] = set()

    def write(self) -> str:
        fields: dict[str, list[str]] = {"Query": [], "Mutation": []}
        taken: dict[str, list[str]] = {"Query": [], "Mutation": []}
        for operation in self.planned.operations.values():
            pattern = operation.patterns[0] if operation.patterns else None
            is_read = pattern.is_read if pattern is not None else operation.contract.method == "GET"
            root = "Query" if is_read else "Mutation"
            name = name_field(operation.name, taken[root])
            taken[root].append(name)
            fields[root].append(self._write_operation(name, operation))
        if not fields["Query"]:
            fields["Query"].append(f"{_describe('The version of the API.', '  ')}  version: String!")
        parts = [f"# {self.plan.name}: the API as GraphQL, made by archnb"]
        for root, listed in fields.items():
            if listed:
                parts.append(f"type {root} {{\n" + "\n\n".join(listed) + "\n}")
        parts += self.types.values()
        parts += [f"{_describe(_SCALARS[one])}scalar {one}" for one in _SCALARS if one in self.scalars]
        return "\n\n".join(parts) + "\n"

    def _write_operation(self, name: str, operation: Operation) -> str:
        contract = operation.contract
        arguments, taken = list[str](), list[str]()
        for parameter_name, one in contract.parameters.items():
            argument = name_field(snake(parameter_name), taken)
            taken.append(argument)
            kind = self._refer(f"{pascal(operation.name)}{pascal(parameter_name)}", one.schema, is_input=True)
            arguments.append(f"{argument}: {kind}{'!' if one.required else ''}")
        if not contract.request.is_empty:
            kind = self._refer(f"{pascal(operation.name)}Input", contract.request.schema, is_input=True)
            arguments.append(f"{name_field('input', taken)}: {kind}!")
        told = [contract.summary]
        told.append("Everybody may call it." if contract.is_public else tell_callers(operation))
        if contract.errors:
            told.append(f"Refused with: {', '.join(contract.errors)}.")
        text = _describe(" ".join(told), "  ")
        given = f"({', '.join(arguments)})" if arguments else ""
        return f"{text}  {name}{given}: {self._answer(operation)}"

    def _answer(self, operation: Operation) -> str:
        contract, body = operation.contract, operation.contract.response
        if body.is_empty:
            return "Boolean!"
        own = contract.action == "command" or contract.is_report or not contract.entity
        name = f"{pascal(operation.name)}Answer" if own else pascal(contract.entity)
        inner = self._refer(name, body.schema, is_input=False)
        if not body.is_list:
            # what is not there, or not for the caller, is null beside its error
            return inner
        return self._page(inner, body) + "!"

    def _page(self, inner: str, body: Body) -> str:
        if not body.is_paged:
            return f"[{inner}!]"
        name = f"{inner}Page"
        if name not in self.types:
            cursor = _describe("Give it as cursor to go on; null where nothing is left.", "  ")
            self.types[name] = f"type {name} {{\n  items: [{inner}!]!\n{cursor}  next_cursor: String\n}}"
        return name

    # -- types

    def _refer(self, name: str, schema: Json, *, is_input: bool) -> str:
        """The type of a schema, without the mark of what must be there."""
        schema = _bare(schema)
        if schema == MONEY:
            return self._money(is_input=is_input)
        kinds = schema.get("type")
        kind = kinds if isinstance(kinds, str) else next((one for one in kinds or () if one != "null"), "object")
        if schema.get("enum"):
            return self._enum(name, schema)
        if kind == "array":
            return f"[{self._refer(name, schema.get('items') or {}, is_input=is_input)}!]"
        if kind == "object":
            return self._object(name, schema, is_input=is_input) if schema.get("properties") else self._scalar("JSON")
        if kind == "string":
            scalar = {"date-time": "DateTime", "date": "Date"}.get(schema.get("format", ""))
            if scalar:
                return self._scalar(scalar)
            return (
                "ID"
                if str(schema.get("pattern", "")).startswith("^[0-9]{1,") or schema.get("format") == "uuid"
                else "String"
            )
        return {"integer": "Int", "number": "Float", "boolean": "Boolean"}.get(kind, self._scalar("JSON"))

    def _scalar(self, name: str) -> str:
        self.scalars.add(name)
        return name

    def _money(self, *, is_input: bool) -> str:
        name = "MoneyInput" if is_input else "Money"
        if name not in self.types:
            text = _describe(MONEY_SCHEMA["description"])
            self.types[name] = (
                f"{text}{'input' if is_input else 'type'} {name} {{\n  amount: String!\n  currency: String!\n}}"
            )
        return name

    def _enum(self, name: str, schema: Mapping[str, Json]) -> str:
        words = [one for one in schema["enum"] if isinstance(one, str)]
        plain = [name_field(one) for one in words]
        if len(set(plain)) < len(words) or any(
            one in ("true", "false", "null") or one != word for one, word in zip(plain, words, strict=True)
        ):
            # words that are no names of the language stay texts
            return "String"
        return self._keep(name, f"enum {{name}} {{{{\n  {chr(10).join(plain).replace(chr(10), chr(10) + '  ')}\n}}}}")

    def _object(self, name: str, schema: Mapping[str, Json], *, is_input: bool) -> str:
        required, lines, taken = set(schema.get("required", ())), list[str](), list[str]()
        for property_name, below in schema["properties"].items():
            field = name_field(property_name, taken)
            taken.append(field)
            kind = self._refer(
                f"{re.sub('Input$', '', name)}{pascal(property_name)}{'Input' * is_input}", below, is_input=is_input
            )
            is_needed = property_name in required and not _is_nullable(below)
            text = _describe(str(_bare(below)["description"]), "  ") if _bare(below).get("description") else ""
            lines.append(f"{text}  {field}: {kind}{'!' if is_needed else ''}")
        body = "\n".join(lines).replace("{", "{{").replace("}", "}}")
        return self._keep(name, f"{'input' if is_input else 'type'} {{name}} {{{{\n{body}\n}}}}")

    def _keep(self, name: str, form: str) -> str:
        """The name of a type; what is made of the same has one name, whoever uses it."""
        if form in self.known:
            return self.known[form]
        chosen = claim(name, [*self.types, *_TAKEN], "")
        self.known[form] = chosen
        self.types[chosen] = form.format(name=chosen)
        return chosen


def _bare(schema: Json) -> Any:
    """A schema without the alternative of null."""
    for one in schema.get("anyOf", ()) if isinstance(schema, Mapping) else ():
        if one.get("type") != "null":
            return one
    return schema


def _is_nullable(schema: Json) -> bool:
    kinds = schema.get("type")
    return "anyOf" in schema or (isinstance(kinds, list) and "null" in kinds)


def _describe(text: str, indent: str = "") -> str:
    """A description in quotes, on a line of its own."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'{indent}"{plain}"\n'


__all__ = ["export_graphql", "name_field", "tell_callers"]
