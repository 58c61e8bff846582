"""Operations: one for each access pattern, complete: address, parameters, bodies, status, errors, limits, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping

from archnb.design.api import Api, Operation, Parameter
from archnb.design.conditions import AMOUNT
from archnb.design.entities import AccessPattern
from archnb.design.record import Named
from archnb.design.references import Reference, find_entity
from archnb.fact.keys.api import LARGEST_PAGE
from archnb.naming import claim, kebab, plural, snake
from archnb.planned.api import normalise
from archnb.topics.api.addresses import Address, derive_address, is_redirect, move_aside
from archnb.topics.api.bodies import PAGING, list_aggregate, list_visible
from archnb.topics.api.limits import choose_rate_limit
from archnb.topics.api.parameters import MAX_PAGE, PAGE, choose_parameters, counts_changes, say
from archnb.topics.api.refusals import choose_errors
from archnb.topics.api.resources import Resources, find_resources
from archnb.topics.topic import Because, Draft

# words of a body that are no field: how far the work is, and what an aggregate is grouped by
STATES = ("status", "version")
PERIODS = ("hour", "day", "week", "month", "year")


def complete(draft: Draft) -> None:
    """Fill the API section: its style and sizes, and an operation for every access pattern and every operation that was said."""
    design, api = draft.design, draft.design.api
    resources = find_resources(draft.model)
    resources.concluded = draft.planned.entities.access
    draft.check_names("api", {"element of the operation": lambda names, at: list_elements(resources, at)})
    most = draft.facts.assume(
        LARGEST_PAGE, 1000, "rows that one page may hold at most", source="rule of thumb of archnb, 2026-11"
    )
    limits = [one.limit for one in design.access.values() if one.limit is not None and 1 < one.limit <= most.base]
    largest = max([MAX_PAGE, *limits, int(api.page_size.value) if api.page_size else 0])
    api = draft.fill(
        "api",
        api,
        style=Because("rest", _style_reason(design.access)),
        version=Because(
            "1.0.0",
            "The first version; semantic versioning, so a breaking change is a new major version and a new base path.",
        ),
        base_path=Because(
            "/v1",
            "The major version stands in the path, so that an old and a new one can run side by side while clients move.",
        ),
        contact=Because(
            f"the team behind {draft.said.name}" if draft.said.name else "the team behind it",
            "Somebody answers for an API; nobody is named, so it is whoever runs the system.",
        ),
        license=Because(
            "LicenseRef-All-rights-reserved", "Nothing is said, and without a licence nothing is permitted."
        ),
        page_size=Because(str(PAGE), "A screenful: what a list gives when the caller does not say how many."),
        max_page_size=Because(
            str(largest),
            "A bound on the work and the bytes of one call (OWASP API4:2023); the largest limit that an access pattern asks for, at least 100.",
        ),
    )
    taken: set[tuple[str | None, str]] = {
        (one.method, normalise(one.path)) for one in api.operations.values() if one.method and one.path
    }
    made: dict[str, Operation] = {}
    for name in dict.fromkeys([*design.access, *api.operations]):
        said = api.operations.get(name, Operation())
        pattern = design.access.get(name) or design.access.get(said.pattern or "") or _imagine_pattern(resources, said)
        made[name] = _complete_one(draft, resources, api, name, said, pattern, taken)
    draft.close("api", _with_operations(api, made))


def list_elements(resources: Resources, at: Reference) -> list[str] | None:
    """What a body of the operation that a name stands in may carry; None where anything may, as in a command's."""
    holder = at.holder(Operation)
    if holder is None:
        return None
    name, said = holder
    design = resources.design
    entity, pattern = find_entity(design, name, said), design.access.get(said.pattern or name)
    if entity not in design.entities or entity is None or (pattern is None and said.action in (None, "command")):
        return None
    embeds = resources.embeds(entity)
    computed = (*list_aggregate(pattern.aggregate), *PERIODS) if pattern is not None and pattern.aggregate else ()
    return [
        *resources.fields(entity), *resources.names(entity).values(), *embeds, *(one.name for one in embeds.values()),
        *computed, *PAGING, *STATES, *design.entities, *design.relationships, *resources.relations(entity), AMOUNT,
    ]  # fmt: skip


def _with_operations(api: Api, made: Mapping[str, Operation]) -> Api:
    import dataclasses

    return dataclasses.replace(api, operations=Named(dict(made)))


def _style_reason(access: Mapping[str, AccessPattern]) -> str:
    reads = sum(1 for one in access.values() if one.reads)
    return (
        f"{reads} of {len(access)} operations only read: as GET on a URL they are cached by browsers, gateways and CDNs without further work, "
        "and every caller already speaks it."
    )


def _imagine_pattern(resources: Resources, said: Operation) -> AccessPattern | None:
    """The access pattern behind an operation that was said without one."""
    if said.entity is None or said.entity not in resources.design.entities:
        return None
    key = resources.key(said.entity)
    action = said.action or (
        "get"
        if said.method in (None, "GET")
        else {"POST": "create", "DELETE": "delete"}.get(said.method or "", "update")
    )
    if action in ("get", "list", "search"):
        return AccessPattern(reads=said.entity, by=key if action == "get" else ())
    return AccessPattern(
        writes=said.entity,
        action="create" if action == "create" else "delete" if action == "delete" else "update",
        by=() if action == "create" else key,
    )


def _complete_one(
    draft: Draft,
    resources: Resources,
    api: Api,
    name: str,
    said: Operation,
    pattern: AccessPattern | None,
    taken: set[tuple[str | None, str]],
) -> Operation:
    path = f"api.operations.{name}"
    if pattern is None:
        return _complete_bare(draft, path, name, said, taken)
    entity = pattern.reads or pattern.writes or ""
    address = derive_address(resources, name, pattern)
    address = _make_unique(resources, name, entity, address, said, taken)
    is_public = said.is_public if said.is_public is not None else "public" in pattern.roles
    method = said.method or address.method
    action = said.action or address.action
    in_path = _match_path(resources, said.path, address, entity) if said.path else dict(address.in_path)
    is_read = pattern.reads is not None
    is_list = action in ("list", "search")
    is_async = bool(pattern.is_async) and not is_read
    is_erasure = action in ("delete", "command") and resources.model.erasures.find_pattern(name) is not None
    is_stream = resources.is_stream(pattern)
    needs_key = method == "POST" and not is_read and not is_erasure and not is_stream
    request, request_why = _choose_request(resources, name, pattern, entity, action, method, address, in_path)
    response, response_why = (
        ((), "What is gone has nothing to show." if is_erasure else "What was sent is all that there is to know.")
        if is_erasure or is_stream
        else _choose_response(resources, pattern, entity, action, is_public, is_async)
    )
    if is_redirect(resources, pattern) and not said.response and (said.status or 302) // 100 == 3 and method == "GET":
        response, status = (), 302
        response_why = "The address stands in Location; nobody who follows it needs more, and whose it is stays inside."
    else:
        status = (
            202
            if is_async
            else 204
            if is_stream or is_erasure or action == "delete"
            else 201
            if action == "create"
            else 200
        )
    is_conditional = method == "PATCH" and counts_changes(draft, entity)
    parameters = choose_parameters(resources, draft, api, pattern, entity, address, in_path, method, is_list, needs_key)
    errors, errors_why = choose_errors(
        resources,
        name,
        pattern,
        entity,
        action,
        is_public,
        bool(in_path),
        bool(request or parameters),
        method,
        needs_key,
        is_erasure,
        is_stream,
        is_conditional,
    )
    limit, limit_why, limit_facts = choose_rate_limit(draft, name, is_read)
    return draft.fill(
        path, said,
        summary=Because(pattern.summary or _write_summary(resources, name, entity, pattern, action), "The access pattern says what it is for."),
        method=Because(address.method, f"{address.why[0].upper()}{address.why[1:]}."),
        path=Because(address.path, f"Plural nouns in kebab-case: {address.why}."),
        action=Because(address.action, "What the access pattern does."),
        entity=Because(entity, "The access pattern's entity."),
        pattern=Because(name if name in draft.design.access else None, "An operation serves the access pattern of its name."),
        parameters=Because(parameters, "What the access pattern filters by, paging, and the headers that make a repeat or a lost update harmless."),
        request=Because(request, request_why),
        response=Because(response, response_why),
        status=Because(status, _LAST_RESULT if is_read and pattern.is_async else _explain_status(status)),
        is_paged=Because(is_list and not pattern.aggregate, "What is computed comes whole: a cursor would cut a sum in two." if pattern.aggregate else "A list grows; a cursor names the row after which to go on, so that no page costs more than the first and none skips or repeats rows." if is_list else "It gives one answer."),
        needs_idempotency_key=Because(needs_key, _explain_keyless(resources, pattern, is_erasure=is_erasure) or _explain_repeat(method, is_read=is_read, is_conditional=is_conditional)),
        errors=Because(errors, errors_why),
        is_public=Because(is_public, "Its roles include public." if is_public else "Only a caller with a token may do it."),
        rate_limit=Because(limit, limit_why, limit_facts),
    )  # fmt: skip


def _complete_bare(
    draft: Draft, path: str, name: str, said: Operation, taken: set[tuple[str | None, str]]
) -> Operation:
    """An operation without an entity, such as a health check: only what its method implies is proposed."""
    method = said.method or "GET"
    proposed = "/" + kebab(claim(snake(name), [one.strip("/").replace("-", "_") for _, one in taken]))
    found = _match_path(find_resources(draft.model), said.path, None, None) if said.path else {}
    taken.add((method, normalise(said.path or proposed)))
    is_read = method == "GET"
    limit, why, facts = choose_rate_limit(draft, name, is_read)
    is_public = bool(said.is_public)
    errors = (
        *(("validation_failed",) if found else ()),
        *(() if is_public else ("unauthenticated", "forbidden")),
        *(("not_found",) if found else ()),
        "rate_limited",
        "internal",
        "unavailable",
    )
    return draft.fill(
        path, said,
        summary=Because(f"{snake(name).replace('_', ' ').capitalize()}.", "The operation's name."),
        method=Because(method, "Nothing was said, so it is taken to change nothing."),
        path=Because(proposed, "The operation's name in kebab-case."),
        action=Because("get" if is_read else "command", "What the method implies."),
        parameters=Because(Named({one: Parameter(place="path", type="text", required=True, summary="Which one.") for one in found}), "What the path names."),
        response=Because(("status",), "A word that says how it went.") if method != "DELETE" else Because(None, ""),
        status=Because(204 if method == "DELETE" else 200, "The usual status."),
        is_paged=Because(False, "It gives one answer."),
        needs_idempotency_key=Because(method == "POST", _explain_repeat(method, is_read=is_read)),
        errors=Because(errors, "What every operation can meet."),
        is_public=Because(False, "Only a caller with a token may do it."),
        rate_limit=Because(limit, why, facts),
    )  # fmt: skip


def _make_unique(
    resources: Resources, name: str, entity: str, address: Address, said: Operation, taken: set[tuple[str | None, str]]
) -> Address:
    """The address, moved aside where another operation has it. Said addresses come first, then the order of the patterns."""
    if said.path and said.method:
        return address
    method = said.method or address.method
    if said.path:
        address = address._replace(method=method)
        taken.add((method, normalise(said.path)))
        return address
    if (method, normalise(address.path)) in taken:
        address = move_aside(resources, name, entity, address)
        method = said.method or address.method
    address = address._replace(path=_claim_path(address.path, method, taken))
    taken.add((method, normalise(address.path)))
    return address


def _claim_path(path: str, method: str | None, taken: set[tuple[str | None, str]]) -> str:
    made, n = path, 1
    while (method, normalise(made)) in taken:
        n += 1
        made = f"{path}-{n}" if not path.endswith("}") else f"{path}/{n}"
    return made


def _match_path(resources: Resources, path: str | None, address: Address | None, entity: str | None) -> dict[str, str]:
    """The parameters of a said path with their fields: those of the derived path, else the field of that name, else by place."""
    named = list(dict.fromkeys(re.findall(r"\{([^{}]*)\}", path or "")))
    derived = dict(address.in_path) if address else {}
    left = [field for parameter, field in derived.items() if parameter not in named]
    fields: dict[str, str] = {}
    if entity is not None:
        for name, property in resources.names(entity).items():
            fields |= {property: name, name: name}
    return {one: derived[one] if one in derived else left.pop(0) if left else fields.get(one, "") for one in named}


def _choose_request(
    resources: Resources,
    name: str,
    pattern: AccessPattern,
    entity: str,
    action: str,
    method: str,
    address: Address,
    in_path: Mapping[str, str],
) -> tuple[tuple[str, ...], str]:
    if pattern.reads is not None:
        if method != "POST":
            return (), "A read takes its input in the URL."
        known = {*resources.fields(entity), *resources.names(entity).values()}
        is_list = action in ("list", "search")
        more = [claim(one, known) for one in PAGING if (is_list if one != "q" else pattern.search)]
        return (*address.left, *more), "What is searched for is personal, so it stands in the body."
    located = {field.partition(".")[0] for field in in_path.values()}
    given = [one.field for one in resources.given(name, pattern) if one.field not in located]
    given += resources.extras(name, pattern)
    if action == "create":
        nested = _nested_entities(resources, pattern, entity)
        return (*given, *nested), _explain_given(resources, name, pattern)
    if pattern.effect == "delete" or (action == "command" and not given):
        return (
            address.left,
            "What identifies it is personal, so it stands in the body." if address.left else "The path says all.",
        )
    if not given:
        return (), "The path says all."
    told = "Any of the fields that may change; what is not given stays (RFC 7396)." if method == "PATCH" else ""
    return (*address.left, *given), f"{told} {_explain_given(resources, name, pattern)}".strip()


def _explain_given(resources: Resources, name: str, pattern: AccessPattern) -> str:
    """What the caller gives, and where the rest comes from."""
    others: dict[str, list[str]] = {}
    words = {
        "token": "the token says",
        "server": "the server sets",
        "row": "other rows give",
        "constant": "the operation says",
    }
    for one in resources.settings(name, pattern):
        if one.source in words:
            others.setdefault(words[one.source], []).append(one.field)
    rest = "; ".join(f"{verb} {', '.join(fields)}" for verb, fields in others.items())
    return "What the caller sets" + (f"; {rest}." if rest else ".")


def _nested_entities(resources: Resources, pattern: AccessPattern, entity: str) -> tuple[str, ...]:
    """What is created together with it: its parts, and the steps that make something which refers to it without a third party."""
    embeds = resources.embeds(entity)
    stepped = [
        step.entity
        for step in pattern.steps
        if step.entity
        and not step.via
        and (step.action or "").lower() in ("add", "create", "insert", "write", "attach")
    ]
    named = [
        one
        for one in (*resources.parts(entity), *stepped)
        # what a step makes, nobody sets: a reservation
        if one in embeds
        and embeds[one].is_many
        and not resources.is_made_by_step(one, pattern)
        and len(resources.model.writes.list_sides(pattern.steps, one)) < 2
    ]
    return tuple(dict.fromkeys(named))


def _choose_response(
    resources: Resources, pattern: AccessPattern, entity: str, action: str, is_public: bool, is_async: bool
) -> tuple[tuple[str, ...], str]:
    if action == "delete":
        return (), "What is gone has nothing to show."
    if is_async:
        return resources.key(entity), "It is not done yet: the caller gets the id, and where to look."
    if pattern.aggregate:
        return list_aggregate(pattern.aggregate), "What is computed, and what it is grouped by."
    if pattern.returns:
        # what was said, or what everybody may see
        known = resources.fields(entity)
        kept = tuple(one for one in pattern.returns if one not in known or not known[one].secret)
        return (
            *kept,
            *(one for one in pattern.included if one not in kept),
        ), "What the access pattern answers with, and what comes along."
    fields = list_visible(resources, entity, is_public=is_public)
    if is_public:
        # whom the caller named is no news to it
        named = {one for one, field in resources.fields(entity).items() if one in pattern.by and field.references}
        fields = [one for one in resources.fields(entity) if one in fields or one in named]
    hidden = [one for one in resources.fields(entity) if one not in fields]
    along: list[str] = []
    if action in ("get", "create", "command"):
        along += resources.parts(entity)
    along += [one for one in pattern.included if one not in along]
    if action == "create":
        along += [one for one in _nested_entities(resources, pattern, entity) if one not in along]
    reason = "The fields of the entity, and what comes along with it."
    if hidden:
        reason += f" {', '.join(hidden)} stays inside: " + (
            "a secret, or personal where anybody may read, or the id of a person."
            if is_public
            else "a secret is never shown."
        )
    return (*fields, *along), reason


_LAST_RESULT = "A worker computes it; what was last computed is read at once, and Last-Modified says when that was. A read changes nothing, so 202 would promise what only a POST can begin."


def _explain_keyless(resources: Resources, pattern: AccessPattern, *, is_erasure: bool) -> str:
    """Why a POST whose repeat does no harm keeps no key."""
    if is_erasure:
        return "Erasing twice is erasing once."
    if not resources.is_stream(pattern):
        return ""
    entity = pattern.writes or ""
    if resources.model.lifetimes.is_told_by_key(entity):
        return f"A row sent twice is stored once, by its key ({', '.join(resources.key(entity))}); a key for each call would be kept as often as the rows themselves."
    return "A key for each call would be kept as often as the rows themselves; that one is there twice does no harm in a stream."


def _explain_repeat(method: str, *, is_read: bool, is_conditional: bool = False) -> str:
    """What a repeat of the call does, and so whether it needs a key."""
    if is_read:
        return (
            f"{method} is safe (RFC 9110, section 9.2.1)."
            if method == "GET"
            else "It changes nothing, so a repeat does no harm."
        )
    if method == "PATCH" and not is_conditional:
        return (
            "PATCH is neither safe nor idempotent (RFC 5789, section 2); this one sets what it is sent, so that a repeat sets the"
            " same again, and it comes so often that nobody can have read the row before."
        )
    if method == "PATCH":
        return (
            "PATCH is neither safe nor idempotent (RFC 5789, section 2); what makes its repeat harmless is If-Match: the version"
            " that it names is no longer the present one, so the second call changes nothing and gets 412 (RFC 9110, section 13.1.1)."
        )
    if method in ("PUT", "DELETE"):
        return f"{method} is idempotent (RFC 9110, section 9.2.2)."
    return (
        "POST is not idempotent, and a repeat would do it twice; with the key the server gives the first answer again."
    )


def _explain_status(status: int) -> str:
    return {
        200: "Done, and the answer is in the body.",
        201: "Created; Location says where (RFC 9110, section 15.3.2).",
        202: "Accepted, not done: the work goes on after the answer, which points to where its status can be read (RFC 9110, section 15.3.3).",
        302: "Found: a browser goes on to the address in Location (RFC 9110, section 15.4.3). Not 301, which browsers may keep for good, so that nothing could be changed, ended or counted.",
        204: "Done, and there is nothing to say (RFC 9110, section 15.3.5).",
    }[status]


def _write_summary(resources: Resources, name: str, entity: str, pattern: AccessPattern, action: str) -> str:
    thing, many = snake(entity).replace("_", " "), plural(snake(entity)).replace("_", " ")
    by = " and ".join(say(one) for one in pattern.by)
    if action == "get":
        return f"Gives one {thing}{f' by its {by}' if by else ''}."
    if action == "search":
        return f"Searches {many} by {', '.join(say(one) for one in pattern.search) or 'words'}."
    if action == "list":
        order = (
            f", {'newest' if pattern.order[0].is_down else 'lowest'} {say(pattern.order[0].field)} first"
            if pattern.sort
            else ""
        )
        what = f"Computes {pattern.aggregate} over {many}" if pattern.aggregate else f"Lists {many}"
        return f"{what}{f' of one {by}' if by else ''}{order}."
    if action == "command":
        return f"{' '.join(snake(name).split('_')).capitalize()}."
    verb = {"create": "Creates", "update": "Changes", "delete": "Removes"}[action]
    return f"{verb} {'an' if thing[0] in 'aeiou' else 'a'} {thing}."
