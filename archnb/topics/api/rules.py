"""Rules of the API: what was said that callers, attackers or the load will make somebody regret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archnb.design.api import Operation
from archnb.fact.keys.api import CALLS_PER_USER, LARGEST_PAGE
from archnb.fact.keys.entities import ENTITY_ROWS_AT_HORIZON, PATTERN_RATE
from archnb.finding import Hit, Rule, rule
from archnb.naming import snake
from archnb.planned.api import normalise
from archnb.quantity import show, unit
from archnb.topics.api.limits import find_calls
from archnb.topics.api.resources import find_resources
from archnb.topics.topic import Draft

_OFFSETS = frozenset({"offset", "skip", "page", "page_number", "start"})


def _operations(draft: Draft) -> Iterator[tuple[str, str, Operation]]:
    for name, operation in draft.design.api.operations.items():
        yield name, f"api.operations.{name}", operation


def _rows(draft: Draft, entity: str | None) -> str:
    """How many rows an entity will have, in words, where it is known."""
    fact = draft.facts.get(ENTITY_ROWS_AT_HORIZON.of(entity or ""))
    return f"{fact.text} of {entity}" if fact is not None else f"all rows of {entity}"


def _field_of(draft: Draft, operation: Operation, element: str) -> tuple[str, bool, bool] | None:
    """The entity's field that an element of a body names, as (name, is secret, is personal)."""
    if operation.entity is None or operation.entity not in draft.design.entities:
        return None
    resources = find_resources(draft.model)
    for name, property in resources.names(operation.entity).items():
        if element in (name, property):
            field = resources.fields(operation.entity)[name]
            return name, bool(field.secret), bool(field.personal)
    return None


def _is_stream(draft: Draft, pattern: str) -> bool:
    """Whether a pattern adds rows to a stream."""
    found = draft.design.access.get(pattern)
    return found is not None and find_resources(draft.model).is_stream(found)


@rule(
    "api-unbounded-list", principle="scalability", severity="high",
    condition="A list is not paged, and no limit bounds it.",
    effect="The answer grows with the data until it times out, and one caller can fill the server's memory.",
    remedy="Leave is_paged to the proposal: a caller who needs all of it follows the cursor.",
)  # fmt: skip
def unbounded_list(draft: Draft) -> Iterator[Hit]:
    """Lists whose answer has no bound."""
    for name, path, operation in _operations(draft):
        said = draft.said.access.get(operation.pattern or name)
        if operation.action not in ("list", "search") or operation.is_paged is not False:
            continue
        if said is not None and said.aggregate:
            continue
        if said is None or said.limit is None:
            yield Hit(f"{path}.is_paged", f"one answer holds {_rows(draft, operation.entity)}")


@rule(
    "api-page-size-over-limit", principle="integrity", severity="medium",
    condition="The usual page, or the limit of an access pattern, is larger than the largest page.",
    effect="A call that asks for nothing special is refused or cut short.",
    remedy="Raise api.max_page_size or lower the page.",
)  # fmt: skip
def page_size_over_limit(draft: Draft) -> Iterator[Hit]:
    """Pages larger than the largest page."""
    api = draft.design.api
    if api.max_page_size is None:
        return
    most = api.max_page_size.value
    if api.page_size is not None and api.page_size.value > most:
        yield Hit("api.page_size", f"page_size {api.page_size} is above max_page_size {api.max_page_size}")
    for name, pattern in draft.design.access.items():
        if pattern.limit is not None and most < pattern.limit <= draft.facts[LARGEST_PAGE].base:
            yield Hit(f"access.{name}.limit", f"limit {pattern.limit} is above max_page_size {api.max_page_size}")


@rule(
    "api-write-without-idempotency", principle="reliability", severity="high",
    condition="A POST that writes takes no idempotency key.",
    effect="A caller that timed out cannot know whether it was done, repeats it, and it is done twice.",
    remedy="Leave needs_idempotency_key to the proposal: keep the key with the first answer for 24 hours and give that answer again.",
)  # fmt: skip
def write_without_idempotency(draft: Draft) -> Iterator[Hit]:
    """Unsafe calls whose repeat does it again."""
    for name, path, operation in _operations(draft):
        if (
            operation.method == "POST"
            and operation.action in ("create", "command")
            and operation.needs_idempotency_key is False
            # erasing twice is erasing once
            and draft.model.erasures.find_pattern(operation.pattern or name) is None
            and not _is_stream(draft, operation.pattern or name)
        ):
            rate = draft.facts.get(PATTERN_RATE.of(operation.pattern or name))
            yield Hit(
                f"{path}.needs_idempotency_key",
                f"{operation.method} {operation.path} without a key" + (f", {rate.text} at the peak" if rate else ""),
            )


@rule(
    "api-public-write", principle="security", severity="critical",
    condition="Anybody, without a token, may change or remove what exists.",
    effect="Anyone who finds the address can overwrite or delete other people's data, and no record says who did.",
    remedy="Name the roles that may do it instead of public.",
)  # fmt: skip
def public_write(draft: Draft) -> Iterator[Hit]:
    """Changes and removals open to everybody; to create something, such as an account, may be open."""
    for _, path, operation in _operations(draft):
        if operation.is_public and operation.method in ("PATCH", "PUT", "DELETE"):
            yield Hit(path, f"{operation.method} {operation.path} may be called without a token")


@rule(
    "api-personal-data-in-url", principle="security", severity="high",
    condition="A path or a query carries personal data or a secret.",
    effect="URLs end in access logs, browser histories, Referer headers and third parties' statistics, where nobody erases them.",
    remedy="Take it in the body of a POST such as /customers/lookup, or address the thing by its id.",
)  # fmt: skip
def personal_data_in_url(draft: Draft) -> Iterator[Hit]:
    """Personal or secret fields among the parameters of a URL."""
    for _, path, operation in _operations(draft):
        # the two ends of a range are one field
        seen: set[str] = set()
        for name, parameter in operation.parameters.items():
            if parameter.place not in ("path", "query"):
                continue
            found = _field_of(draft, operation, parameter.field or name)
            if found is not None and (found[1] or found[2]) and found[0] not in seen:
                seen.add(found[0])
                yield Hit(
                    f"{path}.parameters.{name}",
                    f"{operation.entity}.{found[0]} is {'a secret' if found[1] else 'personal'} and stands in the {parameter.place} of {operation.path}",
                )


@rule(
    "api-secret-in-response", principle="security", severity="critical",
    condition="An answer carries a field that is marked as a secret.",
    effect="Password hashes, tokens and keys reach every caller, every cache and every log on the way.",
    remedy="Take the field out of the response; give a yes or no, or the last digits, where a caller needs a hint.",
)  # fmt: skip
def secret_in_response(draft: Draft) -> Iterator[Hit]:
    """Secret fields among what comes back."""
    for _, path, operation in _operations(draft):
        for element in operation.response:
            found = _field_of(draft, operation, element)
            if found is not None and found[1]:
                yield Hit(
                    f"{path}.response",
                    f"{operation.entity}.{found[0]} is secret, and {operation.method} {operation.path} gives it",
                )


@rule(
    "api-mass-assignment", principle="security", severity="high",
    condition="A request may set a key that the server generates, a secret, or the state of a life cycle.",
    effect="A caller chooses ids, or marks its own order as paid, by adding a field to the body (OWASP API3:2023).",
    remedy="Take the field out of the request; let a command of its own move the state.",
)  # fmt: skip
def mass_assignment(draft: Draft) -> Iterator[Hit]:
    """Fields in a said request that only the server may set."""
    resources = find_resources(draft.model)
    for name, path, operation in _operations(draft):
        said = draft.said.api.operations.get(name)
        if (
            said is None
            or operation.action not in ("create", "update")
            or operation.entity is None
            or operation.entity not in draft.design.entities
        ):
            continue
        for element in said.request:
            found = _field_of(draft, operation, element)
            if found is None:
                continue
            field = resources.fields(operation.entity)[found[0]]
            is_open = resources.is_state(operation.entity, found[0]) and (
                operation.action == "create" or bool(operation.is_public)
            )
            if field.type == "key" or found[1] or is_open:
                what = "the generated key" if field.type == "key" else "a secret" if found[1] else "the state"
                yield Hit(
                    f"{path}.request",
                    f"{operation.method} {operation.path} lets the caller set {operation.entity}.{found[0]}, {what}",
                )


@rule(
    "api-path-clash", principle="maintainability", severity="high",
    condition="Two operations have the same method and the same path.",
    effect="Only one of them can be reached, and which one depends on the order in which a framework reads them.",
    remedy="Give one of them a path of its own, or leave its path to the proposal.",
)  # fmt: skip
def path_clash(draft: Draft) -> Iterator[Hit]:
    """Operations that hide each other."""
    first: dict[tuple[str | None, str], str] = {}
    for name, path, operation in _operations(draft):
        at = (operation.method, normalise(operation.path or ""))
        if at in first:
            yield Hit(f"{path}.path", f"{operation.method} {operation.path} is also the address of {first[at]}")
        else:
            first[at] = name


@rule(
    "api-unsafe-get", principle="reliability", severity="critical",
    condition="A GET changes something.",
    effect="Browsers, crawlers, link previews and caches call a GET whenever they like, and repeat it: each call changes the data, or a cached answer changes nothing.",
    remedy="Use POST for a command, PATCH for a change, DELETE to remove (RFC 9110, section 9.2.1).",
)  # fmt: skip
def unsafe_get(draft: Draft) -> Iterator[Hit]:
    """Writes behind a method that must be safe."""
    for name, path, operation in _operations(draft):
        pattern = draft.design.access.get(operation.pattern or name)
        if operation.method == "GET" and pattern is not None and pattern.writes is not None:
            yield Hit(f"{path}.method", f"GET {operation.path} writes {pattern.writes}")


@rule(
    "api-offset-pagination", principle="performance", severity="medium",
    condition="A list is paged by an offset or a page number.",
    effect="The store reads and throws away every row before the page, and rows that come or go meanwhile are skipped or shown twice.",
    remedy="Page by a cursor: the sort values and the key of the last row, as an opaque text.",
)  # fmt: skip
def offset_pagination(draft: Draft) -> Iterator[Hit]:
    """Paging that costs more the deeper it goes."""
    for _, path, operation in _operations(draft):
        for name, parameter in operation.parameters.items():
            if (
                operation.action in ("list", "search")
                and parameter.place == "query"
                and parameter.field is None
                and snake(name) in _OFFSETS
            ):
                yield Hit(
                    f"{path}.parameters.{name}",
                    f"the last page of {operation.path} reads {_rows(draft, operation.entity)}",
                )


@rule(
    "api-rate-limit-below-need", principle="reliability", severity="medium",
    condition="A rate limit is lower than what an average user needs.",
    effect="Ordinary users are refused with 429 on an ordinary day.",
    remedy="Raise the limit to several times an average user's calls, or leave it to the proposal.",
)  # fmt: skip
def rate_limit_below_need(draft: Draft) -> Iterator[Hit]:
    """Limits that an average user meets."""
    for name, path, operation in _operations(draft):
        calls = draft.facts.get(CALLS_PER_USER.of(name)) or find_calls(draft, operation.pattern or name)
        if operation.rate_limit is not None and calls is not None and operation.rate_limit.base < calls.base:
            yield Hit(
                f"{path}.rate_limit",
                f"{operation.rate_limit} is {show(operation.rate_limit.to('/day'), unit('/day'))}; an average user calls it {calls.text}",
            )


@rule(
    "api-async-answered-as-done", principle="integrity", severity="medium",
    condition="A write that goes on after the answer says that it is done.",
    effect="The caller tells its user that it worked; when it fails later, nobody is told.",
    remedy="Answer 202 with a link to where its status can be read, or do it before the answer.",
)  # fmt: skip
def async_answered_as_done(draft: Draft) -> Iterator[Hit]:
    """Asynchronous writes whose status promises that they are done."""
    for name, path, operation in _operations(draft):
        pattern = draft.design.access.get(operation.pattern or name)
        if pattern is not None and pattern.is_async and pattern.writes and operation.status in (200, 201, 204):
            yield Hit(f"{path}.status", f"{name} is asynchronous and answers {operation.status}")


@rule(
    "api-unbound-path-parameter", principle="integrity", severity="medium",
    condition="A path names a parameter that stands for no field.",
    effect="Nobody can say what the caller is to put there, and the documentation guesses.",
    remedy="Name the parameter after the key of what it addresses, or say its field under parameters.",
)  # fmt: skip
def unbound_path_parameter(draft: Draft) -> Iterator[Hit]:
    """Parameters in said paths that could not be tied to a field."""
    for name, path, operation in _operations(draft):
        said = draft.said.api.operations.get(name)
        if said is None or said.path is None or operation.entity not in draft.design.entities:
            continue
        for one in re.findall(r"\{([^{}]*)\}", said.path):
            parameter = operation.parameters.get(one)
            if parameter is None or parameter.field is None:
                yield Hit(f"{path}.path", f"{{{one}}} in {said.path!r} stands for no field of {operation.entity}")


RULES: Sequence[Rule] = (
    unbounded_list, page_size_over_limit, write_without_idempotency, public_write, personal_data_in_url,
    secret_in_response, mass_assignment, path_clash, unsafe_get, offset_pagination,
    rate_limit_below_need, async_answered_as_done, unbound_path_parameter,
)  # fmt: skip
