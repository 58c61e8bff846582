"""Protocol Buffers: every operation as a call of one gRPC service, in proto3.

It is made of the same contracts as the OpenAPI document. A request holds the parameters and the fields of the body; what may
be left out is `optional`, so that nothing and an empty text differ. Errors are gRPC's codes, told above each call with the
stable code that the details carry (google.rpc.ErrorInfo). Field numbers follow the order of the contract: they are right for
a first version, and are kept from then on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archnb.export.graphql import name_field, tell_callers
from archnb.naming import claim, pascal, snake
from archnb.planned import Operation
from archnb.planned.api import MONEY, MONEY_SCHEMA
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan

Json = Any
_TIMESTAMP, _VALUE = "google.protobuf.Timestamp", "google.protobuf.Value"
_IMPORTS = {_TIMESTAMP: "google/protobuf/timestamp.proto", _VALUE: "google/protobuf/struct.proto"}


def export_proto(plan: Plan) -> Source:
    """The API as a gRPC service.

    >>> from archnb import Design, plan
    >>> design = Design.of({"name": "notes", "entities": {"Note": {"fields": {"id": "key", "text": "text(200)"}}}})
    >>> export_proto(plan(design)).text.splitlines()[2]
    'syntax = "proto3";'
    """
    return Source("proto", "gRPC service", "proto", _File(plan).write(), filename="service.proto")


class _File:
    """One file on its way: its messages are collected while its calls are written."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.planned = plan, plan.planned
        self.messages: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self.imports: set[str] = set()
        self.service = claim(f"{pascal(plan.name) or 'Api'}Service", [], "")
        self.calls = dict.fromkeys(self.planned.operations, "")
        taken: list[str] = []
        for name in self.calls:
            self.calls[name] = claim(_upper(pascal(name)), taken, "")
            taken.append(self.calls[name])
        # what calls are named after is theirs alone
        self.taken = [self.service, *(f"{one}{end}" for one in taken for end in ("Request", "Response"))]

    def write(self) -> str:
        calls = [self._write_call(operation) for operation in self.planned.operations.values()]
        package = name_field(snake(self.plan.name)) or "api"
        major = re.sub(r"\D.*", "", self.planned.api.version) or "1"
        parts = [
            f"// {self.plan.name}: the API as a gRPC service, made by archnb\n".replace("\n\n", "\n"),
            'syntax = "proto3";\n',
            f"package {package}.v{major};\n",
        ]
        imports = [f'import "{one}";' for one in sorted(self.imports)]
        parts += ["\n".join(imports) + "\n"] if imports else []
        parts.append(f"service {self.service} {{\n" + "\n\n".join(calls) + ("\n" if calls else "") + "}\n")
        return "\n".join([*parts, *(f"{text}\n" for text in self.messages.values())])

    def _write_call(self, operation: Operation) -> str:
        contract, name = operation.contract, self.calls[operation.name]
        properties: dict[str, Json] = {}
        required: list[str] = []
        for parameter_name, one in contract.parameters.items():
            properties[snake(parameter_name)] = {**one.schema, "description": one.summary}
            required += [snake(parameter_name)] if one.required else []
        if not contract.request.is_empty:
            for below_name, below in contract.request.schema.get("properties", {}).items():
                properties.setdefault(below_name, below)
            required += contract.request.schema.get("required", ())
        self._put(f"{name}Request", self._fields(f"{name}Request", {"properties": properties, "required": required}))
        self._put(f"{name}Response", self._answer(name, operation))
        codes: dict[str, list[str]] = {}
        for code, error in operation.errors.items():
            codes.setdefault(error.grpc, []).append(code)
        told = [
            contract.summary,
            "Everybody may call it." if contract.is_public else tell_callers(operation),
        ]
        told += [f"{status}: {', '.join(listed)}." for status, listed in sorted(codes.items())]
        comments = "\n".join(f"  // {' '.join(line.split())}" for line in told)
        return f"{comments}\n  rpc {name}({name}Request) returns ({name}Response);"

    def _answer(self, name: str, operation: Operation) -> str:
        contract, body = operation.contract, operation.contract.response
        if body.is_empty:
            return "message {name} {{}}"
        if not body.is_list:
            return self._fields(f"{name}Response", body.schema)
        own = contract.is_report or not contract.entity
        item = self._message(f"{name}Item" if own else pascal(contract.entity), body.schema)
        cursor = (
            "\n  // Give it as cursor to go on; not there where nothing is left.\n  optional string next_cursor = 2;"
        )
        return f"message {{name}} {{{{\n  repeated {item} items = 1;{cursor if body.is_paged else ''}\n}}}}"

    # -- messages

    def _message(self, name: str, schema: Mapping[str, Json]) -> str:
        """The name of the message that a schema is; what is made of the same has one name, whoever uses it."""
        form = self._fields(name, schema)
        if form not in self.known:
            chosen = claim(_upper(name), [*self.messages, *self.taken], "")
            self.known[form] = chosen
            self._put(chosen, form)
        return self.known[form]

    def _put(self, name: str, form: str) -> None:
        self.messages[name] = form.format(name=name)

    def _fields(self, name: str, schema: Mapping[str, Json]) -> str:
        required, lines, taken = set(schema.get("required", ())), list[str](), list[str]()
        for number, (property_name, below) in enumerate(schema.get("properties", {}).items(), 1):
            field = name_field(snake(property_name), taken)
            taken.append(field)
            kind, is_repeated = self._kind(f"{name}{pascal(property_name)}", below)
            is_optional = not is_repeated and (property_name not in required or _is_nullable(below))
            label = "repeated " if is_repeated else "optional " if is_optional else ""
            text = " ".join(str(_bare(below).get("description", "")).split())
            # numbers 19000 to 19999 are the language's own
            lines.append(
                (f"  // {text}\n" if text else "")
                + f"  {label}{kind} {field} = {number if number < 19_000 else number + 1_000};"
            )
        if not lines:
            return "message {name} {{}}"
        body = "\n".join(lines).replace("{", "{{").replace("}", "}}")
        return f"message {{name}} {{{{\n{body}\n}}}}"

    def _kind(self, name: str, schema: Json) -> tuple[str, bool]:
        """The type of a schema, and whether it is a list."""
        schema = _bare(schema)
        if schema == MONEY:
            return self._money(), False
        kinds = schema.get("type")
        kind = kinds if isinstance(kinds, str) else next((one for one in kinds or () if one != "null"), "object")
        if kind == "array":
            inner, is_nested = self._kind(name, schema.get("items") or {})
            # a list of lists has no form of its own
            return (self._well_known(_VALUE), True) if is_nested else (inner, True)
        if schema.get("enum"):
            return self._enum(name, schema), False
        if kind == "object":
            is_plain = not schema.get("properties")
            return (self._well_known(_VALUE) if is_plain else self._message(name, schema)), False
        if kind == "string" and schema.get("format") == "date-time":
            return self._well_known(_TIMESTAMP), False
        return {"string": "string", "integer": "int32", "number": "double", "boolean": "bool"}.get(
            kind
        ) or self._well_known(_VALUE), False

    def _well_known(self, name: str) -> str:
        self.imports.add(_IMPORTS[name])
        return name

    def _money(self) -> str:
        text = "".join(f"// {line}\n" for line in [MONEY_SCHEMA["description"]])
        self.messages.setdefault("Money", f"{text}message Money {{\n  string amount = 1;\n  string currency = 2;\n}}")
        return "Money"

    def _enum(self, name: str, schema: Mapping[str, Json]) -> str:
        words = [one for one in schema["enum"] if isinstance(one, str)]
        plain = [snake(pascal(one)).upper() for one in words]
        if len(set(plain)) < len(words) or not all(re.fullmatch(r"[A-Z][A-Z0-9_]*", one) for one in plain):
            # words that are no names of the language stay texts
            return "string"
        key = f"enum {name}:{plain}"
        found = next(
            (known for form, known in self.known.items() if form.endswith(f":{plain}") and form.startswith("enum ")),
            None,
        )
        if found is not None:
            return found
        chosen = claim(_upper(name), [*self.messages, *self.taken], "")
        prefix = snake(chosen).upper()
        lines = [f"  {prefix}_UNSPECIFIED = 0;", *(f"  {prefix}_{one} = {n};" for n, one in enumerate(plain, 1))]
        self.known[key] = chosen
        self.messages[chosen] = f"enum {chosen} {{\n" + "\n".join(lines) + "\n}"
        return chosen


def _upper(name: str) -> str:
    return name if re.match(r"[A-Z]", name) else f"X{name}"


def _bare(schema: Json) -> Any:
    """A schema without the alternative of null."""
    for one in schema.get("anyOf", ()) if isinstance(schema, Mapping) else ():
        if one.get("type") != "null":
            return one
    return schema


def _is_nullable(schema: Json) -> bool:
    kinds = schema.get("type")
    return "anyOf" in schema or (isinstance(kinds, list) and "null" in kinds)


__all__ = ["export_proto"]
