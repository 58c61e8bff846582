"""Input against the contract: the body and every parameter, by the JSON Schema that the OpenAPI document shows."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from archnb.planned.api import MONEY_SCHEMA, Contract, Parameter
from archnb.serve.problems import Fault, Refused
from archnb.serve.wire import is_duration

Json = Any


@cache
def _load() -> tuple[Any, Any]:
    """The validator class and the checker of formats; jsonschema loads when a service starts."""
    from jsonschema import Draft202012Validator, FormatChecker, validators
    from jsonschema.exceptions import ValidationError

    checker = FormatChecker(["date", "email", "ipv4", "ipv6", "uuid"])
    checker.checks("date-time", ValueError)(_check_moment)
    checker.checks("duration", ValueError)(_check_duration)
    checker.checks("uri", ValueError)(_check_uri)

    def check_pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
        # in ECMA-262, `$` is the very end; in Python a line feed may follow it
        if validator.is_type(value, "string") and not re.search(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), value):
            yield ValidationError(f"{value!r} does not match {pattern!r}")

    return validators.extend(Draft202012Validator, {"pattern": check_pattern}), checker


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)


def _check_moment(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not _MOMENT.fullmatch(value) or not value.isascii():
        return False
    datetime.datetime.fromisoformat(value.upper())
    return True


def _check_duration(value: object) -> bool:
    return not isinstance(value, str) or is_duration(value)


def _check_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    # RFC 3986, section 2: letters outside of its alphabet are percent-encoded; section 3: a scheme comes first
    if re.search(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})", value):
        return False
    return bool(urlsplit(value).scheme)


class Checker:
    """Checks what one operation is sent."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._body = None if contract.request.is_empty else make_validator(contract.request.schema)
        self._parameters = {name: make_validator(one.schema) for name, one in contract.parameters.items()}

    def check_parameters(
        self, path: Mapping[str, str], query: Mapping[str, list[str]], headers: Mapping[str, str]
    ) -> dict[str, Json]:
        """The parameters that were given, as JSON values. Raises Refused with every place that is wrong."""
        found: dict[str, Json] = {}
        faults: list[Fault] = []
        for name, parameter in self.contract.parameters.items():
            given = _find_given(name, parameter, path, query, headers)
            if not given:
                if parameter.required:
                    faults.append(Fault(f"/{_escape(name)}", f"the {parameter.place} parameter {name} is missing"))
                elif "default" in parameter.schema:
                    found[name] = parameter.schema["default"]
                continue
            if len(given) > 1:
                faults.append(Fault(f"/{_escape(name)}", f"{name} is given {len(given)} times"))
                continue
            value = _read_text(given[0], parameter.schema)
            told = [one.message for one in self._parameters[name].iter_errors(value)]
            faults += [Fault(f"/{_escape(name)}", f"{parameter.place} parameter {name}: {one}") for one in told]
            found[name] = value
        if faults:
            lacking = {name.lower() for name in self.contract.parameters if name not in found}
            is_unconditional = "if-match" in lacking and "if-match" not in headers and len(faults) == 1
            # RFC 6585, section 3: the answer explains how to send it again
            code = "precondition_required" if is_unconditional else "validation_failed"
            raise Refused(code if code in self.contract.errors else "validation_failed", faults[0].detail, faults)
        return found

    def check_body(self, raw: bytes, media: str) -> Json:
        """The body as JSON. Raises Refused where it is none, or not as the contract says."""
        if self._body is None:
            return None
        wanted = self.contract.request.media
        kind = media.partition(";")[0].strip().lower()
        if kind not in (wanted, "application/json"):
            detail = f"the body is {kind or 'of no media type'}; {wanted} is expected"
            raise Refused("validation_failed", detail, [Fault("", detail)])
        try:
            body = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Refused("validation_failed", f"the body is no JSON: {error}", [Fault("", str(error))]) from None
        faults = [
            Fault("".join(f"/{_escape(str(one))}" for one in error.absolute_path), error.message[:300])
            for error in self._body.iter_errors(body)
        ]
        if faults:
            raise Refused("validation_failed", faults[0].detail, faults)
        return body


def _refuse_constant(word: str) -> Json:
    raise ValueError(f"{word} is no number of JSON (RFC 8259, section 6)")


def make_validator(schema: Json) -> Any:
    """The validator of a schema of the API, formats included."""
    validator, checker = _load()
    # amounts of money are a component of the document, which the schema names
    whole = {**schema, "components": {"schemas": {"Money": MONEY_SCHEMA}}}
    return validator(whole, format_checker=checker)


def _find_given(
    name: str, parameter: Parameter, path: Mapping[str, str], query: Mapping[str, list[str]], headers: Mapping[str, str]
) -> list[str]:
    if parameter.place == "path":
        return [path[name]] if name in path else []
    if parameter.place == "query":
        return query.get(name, [])
    found = headers.get(name.lower())
    return [] if found is None else [found]


def _read_text(text: str, schema: Json) -> Json:
    """A parameter's text as the JSON value that its schema means; one that cannot be read stays a text, and is refused so."""
    kinds = schema.get("type")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind == "integer" and re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
            return int(text)
        if kind == "number" and re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", text):
            return float(text)
        if kind == "boolean" and text in ("true", "false"):
            return text == "true"
        if kind == "null" and text == "null":
            return None
    return text


def _escape(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


__all__ = ["Checker", "make_validator"]
