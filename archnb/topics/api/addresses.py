"""Methods and paths: where an operation stands, derived from what it reads or writes and by which fields.

Personal data never goes into a URL, since URLs end in access logs, browser histories and Referer headers: a read by an
e-mail address takes it in the body of a POST (RFC 9110, section 17.9).
"""

from __future__ import annotations

from typing import NamedTuple

from archnb.design.api import Action
from archnb.design.entities import AccessPattern
from archnb.naming import claim, kebab, plural, singular, snake, split_words, strip_parent
from archnb.topics.api.resources import Resources

# words of a change that say no more than that something changes
_CHANGING = frozenset({"update", "edit", "change", "patch", "modify", "save", "set", "rename", "correct"})
_MAKING = frozenset({"create", "add", "new", "make", "insert", "post", "register", "save", "write", "store", "record"})


# where the caller's own things are
ME = "/me"


class Address(NamedTuple):
    """A method, a path, the path's parameters with their fields, the fields left for the query or the body, and why."""

    action: Action
    method: str
    path: str
    in_path: tuple[tuple[str, str], ...]
    left: tuple[str, ...]
    why: str


def is_single(resources: Resources, pattern: AccessPattern) -> bool:
    """Whether a read gives at most one: by the key, by a unique field, or by its limit."""
    entity, by = pattern.reads or "", set(pattern.by)
    if pattern.aggregate or pattern.search or pattern.range or (pattern.depth or 0) > 1:
        return False
    if not by:
        return pattern.limit == 1
    return pattern.limit == 1 or resources.model.keys.is_one_row(entity, by)


# beside its address a short link holds only when it was made and until when, whose it is, and counts
_BESIDE_LINK = frozenset({"timestamp", "date", "bool", "int", "bigint", "smallint", "reference", "url"})


def is_redirect(resources: Resources, pattern: AccessPattern) -> bool:
    """Whether a read sends anybody on: one thing by its code alone, which holds an address and nothing else to be shown."""
    entity = pattern.reads or ""
    if (
        entity not in resources.design.entities
        or "public" not in pattern.roles
        or pattern.included
        or not is_single(resources, pattern)
    ):
        return False
    fields, key = resources.fields(entity), resources.key(entity)
    if len(key) != 1 or pattern.by != key or key[0] not in fields or fields[key[0]].type != "code":
        return False
    rest = [field for name, field in fields.items() if name != key[0]]
    return sum(field.type == "url" for field in rest) == 1 and all(
        field.references is not None or (field.type in _BESIDE_LINK and not (field.personal or field.secret))
        for field in rest
    )


def is_kept(resources: Resources, name: str) -> bool:
    """Whether an operation erases a person whose row stays, since rows that stay need it."""
    erasure = resources.model.erasures.find_pattern(name)
    return erasure is not None and erasure.keeps_row


def find_natural_parent(resources: Resources, entity: str) -> str | None:
    """The one reference by which an entity is both listed and told apart: a review's product, of its unique product + customer."""
    if entity not in resources.design.entities:
        return None
    design, fields = resources.design, resources.fields(entity)
    within = resources.model.keys.list_uniques(entity)
    reads = [one for name in resources.model.touches.list_about(entity) if (one := design.access[name]).reads]
    found = []
    for name, field in fields.items():
        target = field.references
        if target is None or target == entity or field.optional or resources.is_of_people(target):
            continue
        is_listed = any(
            one.by == (name,) and not (one.search or one.aggregate or (one.depth or 0) > 1)
            and not is_single(resources, one)
            for one in reads
        )  # fmt: skip
        if is_listed and any(name in group and len(group) > 1 for group in within):
            found.append(name)
    return found[0] if len(found) == 1 else None


def derive_address(resources: Resources, name: str, pattern: AccessPattern) -> Address:
    """The address that an access pattern asks for; clashes are resolved later."""
    if pattern.writes is not None:
        return _derive_write(resources, name, pattern, pattern.writes)
    return _derive_read(resources, name, pattern, pattern.reads or "")


def collection(entity: str) -> str:
    """The path of all of a kind: /order-lines."""
    return "/" + kebab(plural(snake(entity)))


def _is_personal(resources: Resources, entity: str, name: str) -> bool:
    first, _, rest = name.partition(".")
    field = resources.fields(entity).get(first)
    if field is None:
        return False
    if rest and field.references is not None:
        inner = resources.fields(field.references).get(rest)
        return bool(inner and (inner.personal or inner.secret))
    return bool(field.personal or field.secret)


def _item(resources: Resources, entity: str, taken: tuple[str, ...] = ()) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The path of one of a kind, with its parameters: /orders/{order_id}."""
    path, found = collection(entity), list[tuple[str, str]]()
    for name in resources.key(entity):
        parameter = claim(resources.id_parameter(entity, name), [*taken, *(one for one, _ in found)])
        path += "/{" + parameter + "}"
        found.append((parameter, name))
    return path, tuple(found)


def _parent(
    resources: Resources, entity: str, by: tuple[str, ...]
) -> tuple[str, str, tuple[tuple[str, str], ...]] | None:
    """The path of the parent that the first reference among some fields names: (field, /customers/{customer_id}, its parameters)."""
    fields = resources.fields(entity)
    for name in by:
        field = fields.get(name)
        if field is None or field.references is None or _is_personal(resources, entity, name):
            continue
        path, found = _item(resources, field.references)
        key = resources.key(field.references)
        # a parent with one key is the reference itself; of several the part is named
        linked = tuple((parameter, name if len(key) == 1 else f"{name}.{part}") for parameter, part in found)
        return name, path, linked
    return None


def list_own(resources: Resources, pattern: AccessPattern) -> tuple[str, ...]:
    """The fields of `by` that are whoever asks: the token says them, and the address does not."""
    return resources.model.writes.find_own(pattern)


def _find_mine(
    resources: Resources, entity: str, own: tuple[str, ...], rest: tuple[str, ...]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The path of what is the caller's own: /me for themselves, /me/orders/{order_id} for a row of theirs, /me/profile for the only one."""
    fields, key = resources.fields(entity), resources.key(entity)
    target = next((fields[one].references for one in own if one in fields and fields[one].references), None)
    if target is None:
        return ME, ()
    child, found = strip_parent(entity, target), list[tuple[str, str]]()
    left = [one for one in key if one not in own and one in rest]
    if not left:
        return f"{ME}/{kebab(child)}", ()
    path = f"{ME}/{kebab(plural(child))}"
    for one in left:
        parameter = claim(resources.id_parameter(entity, one), [each for each, _ in found])
        path += "/{" + parameter + "}"
        found.append((parameter, one))
    return path, tuple(found)


def _derive_read(resources: Resources, name: str, pattern: AccessPattern, entity: str) -> Address:
    fields, key = resources.fields(entity), resources.key(entity)
    own = list_own(resources, pattern)
    asked = tuple(one for one in pattern.by if one not in own)
    by = tuple(dict.fromkeys(key[0] if one == "id" and "id" not in fields else one for one in asked))
    whole = collection(entity)
    single = is_single(resources, pattern)
    hidden = [one for one in by if _is_personal(resources, entity, one)] + [
        one for one in pattern.search if _is_personal(resources, entity, one)
    ]
    if hidden:
        verb = "search" if pattern.search else "lookup"
        why = f"{', '.join(dict.fromkeys(hidden))} is personal, and a URL ends in logs and histories; so the input stands in the body of a POST that changes nothing"
        action: Action = "search" if pattern.search else "get" if single else "list"
        return Address(action, "POST", f"{whole}/{verb}", (), by, why)
    if own and single:
        path, found = _find_mine(resources, entity, own, by)
        left = tuple(one for one in by if one not in {field for _, field in found})
        if not set(pattern.by) >= {*key} and not resources.model.keys.is_one_row(entity, pattern.by):
            # the first of several
            target = next((fields[one].references for one in own if fields[one].references), entity)
            path = f"{ME}/{kebab(plural(strip_parent(entity, target or entity)))}/{_first_word(resources, pattern)}"
            found, left = (), by
        return Address("get", "GET", path, found, left, "it is the caller's own, and the token says who that is")
    if single and set(by) >= set(key):
        path, found = _item(resources, entity)
        return Address(
            "get",
            "GET",
            path,
            found,
            tuple(one for one in by if one not in key),
            "one thing by its key is the resource itself",
        )
    if set(by) >= set(key) and (pattern.depth or 0) > 1:
        path, found = _item(resources, entity)
        left = tuple(one for one in by if one not in key)
        return _with_tail(resources, name, pattern, entity, path, path, found, left, f"one {entity}")
    parent = _parent(resources, entity, by)
    mine = next((one for one in own if one in fields and fields[one].references), None)
    if mine is not None:
        parent = mine, ME, ()
    if parent is not None:
        field, path, found = parent
        target = fields[field].references or ""
        left = tuple(one for one in by if one != field)
        child = strip_parent(entity, target)
        if single and (fields[field].unique or set(key) == {field}):
            return Address(
                "get",
                "GET",
                f"{path}/{kebab(child)}",
                found,
                left,
                f"each {target} has one {entity}, which is a resource inside it",
            )
        tail = f"{path}/{kebab(plural(child))}"
        if single:
            return Address(
                "get",
                "GET",
                f"{tail}/{_first_word(resources, pattern)}",
                found,
                left,
                f"the first {entity} inside its {target}",
            )
        return _with_tail(
            resources,
            name,
            pattern,
            entity,
            tail,
            path,
            found,
            left,
            f"the {plural(snake(entity))} of {'the caller, whom the token names,' if mine else f'one {target}'} are inside it",
        )
    if single and len(by) == 1 and by[0] in fields:
        property = resources.names(entity)[by[0]]
        return Address(
            "get",
            "GET",
            f"{whole}/by-{kebab(by[0])}/{{{property}}}",
            ((property, by[0]),),
            (),
            f"{by[0]} is unique, so it identifies one {entity}",
        )
    if single and not by:
        return Address(
            "get", "GET", f"{whole}/{_first_word(resources, pattern)}", (), (), "the first of the list, by its order"
        )
    return _with_tail(
        resources, name, pattern, entity, whole, whole, (), by, f"the {plural(snake(entity))}, filtered in the query"
    )


def _first_word(resources: Resources, pattern: AccessPattern) -> str:
    fields = resources.fields(pattern.reads or "")
    first = next(iter(pattern.order), None)
    field = fields.get(first.field) if first is not None else None
    return (
        "latest"
        if first is not None and first.is_down and field is not None and field.type in ("timestamp", "date")
        else "first"
    )


def _with_tail(
    resources: Resources, name: str, pattern: AccessPattern, entity: str, tail: str, base: str,
    found: tuple[tuple[str, str], ...], left: tuple[str, ...], why: str,
) -> Address:  # fmt: skip
    if pattern.aggregate:
        # one value, or a row for each group
        kind: Action = "list" if " by " in pattern.aggregate else "get"
        return Address(
            kind,
            "GET",
            f"{tail}/{_own_words(name, entity)}",
            found,
            left,
            f"{pattern.aggregate} is a report over {why}",
        )
    if pattern.search:
        return Address(
            "search",
            "GET",
            f"{tail}/search",
            found,
            left,
            "a search ranks and pages otherwise than the list, so it has a path of its own",
        )
    if (pattern.depth or 0) > 1:
        return Address(
            "list",
            "GET",
            f"{base}/{_own_words(name, entity)}",
            found,
            left,
            f"it follows relationships {pattern.depth} deep from {why}",
        )
    return Address("list", "GET", tail, found, left, why)


def _own_words(name: str, entity: str) -> str:
    """What a pattern's name says beyond its entity: revenue_of_orders -> revenue."""
    own = {*split_words(entity), *split_words(plural(snake(entity)))}
    words = [word for word in split_words(name) if word not in own]
    while words and words[-1] in ("of", "for", "by", "to", "in", "the"):
        words.pop()
    while words and words[0] in ("get", "list", "show", "find", "the"):
        words.pop(0)
    return kebab("_".join(words)) if words else kebab(name)


def verb_of(name: str, entity: str) -> str:
    """What a write's name says beyond its entity: cancel_order -> cancel."""
    inner = split_words(entity)
    own = {*inner, plural(inner[-1]), singular(inner[-1]), "a", "an", "the", "my", "own", "of", "for", "in", "to"}
    words = [word for word in split_words(name) if word not in own]
    return "-".join(words)


def _derive_write(resources: Resources, name: str, pattern: AccessPattern, entity: str) -> Address:
    action, key, fields = pattern.effect or "create", resources.key(entity), resources.fields(entity)
    by = tuple(one for one in pattern.by if not (one == "id" and "id" not in fields))
    whole, verb = collection(entity), verb_of(name, entity)
    parent = _parent(resources, entity, by)
    if action == "create":
        bound = resources.parent(entity) or find_natural_parent(resources, entity)
        given = {one.field for one in resources.given(name, pattern) if one.source == "caller"}
        if bound is not None and bound not in given:
            # whose it is the token says
            bound = None
        if parent is None and bound is not None:
            parent = _parent(resources, entity, (bound,))
        if parent is not None:
            field, path, found = parent
            tail = f"{path}/{kebab(plural(strip_parent(entity, fields[field].references or '')))}"
            return Address("create", "POST", tail, found, (), "creates inside its parent")
        return Address(
            "create", "POST", whole, (), (), "the server chooses the id, so a new one is posted to the collection"
        )
    hidden = [one for one in by if _is_personal(resources, entity, one)]
    own = list_own(resources, pattern)
    if own and not hidden and resources.model.keys.is_one_row(entity, pattern.by):
        path, found = _find_mine(resources, entity, own, by)
        where = "what is the caller's own, whom the token names"
    elif not by or set(by) <= set(key) or (set(by) & set(key) and not hidden):
        path, found = _item(resources, entity)
        where = "one thing by its key"
    elif parent is not None and not hidden:
        field, path, found = parent
        target = fields[field].references or ""
        is_one = fields[field].unique or set(key) == {field}
        child = strip_parent(entity, target)
        path += "/" + (kebab(child) if is_one else kebab(plural(child)))
        where = f"the {entity} of one {target}"
    elif hidden:
        tail = {"delete": "erase"}.get(action, verb or "update")
        return Address(
            "command",
            "POST",
            f"{whole}/{kebab(tail)}",
            (),
            by,
            f"{', '.join(hidden)} is personal, so it stands in the body, not in the URL",
        )
    else:
        first = by[0]
        property = resources.names(entity).get(first, snake(first))
        path, found = f"{whole}/by-{kebab(first)}/{{{property}}}", ((property, first),)
        where = f"one thing by its {first}"
    if action == "delete" and is_kept(resources, name):
        why = f"what is personal in {where} goes and the row stays, which others need; a DELETE would promise that it is gone"
        return Address("command", "POST", f"{path}/{kebab(verb or name)}", found, (), why)
    if action == "delete":
        return Address("delete", "DELETE", path, found, (), f"removes {where}")
    words = set(verb.split("-")) - {""}
    if resources.model.writes.is_upsert(name, pattern) and not hidden:
        why = f"{where}, made where it is not there yet: a PUT, which may be repeated (RFC 9110, section 9.2.2)"
        return Address("update", "PUT", path, found, (), why)
    if not pattern.steps and (not words or words & _CHANGING):
        return Address(
            "update",
            "PATCH",
            path,
            found,
            (),
            f"changes some fields of {where}; If-Match keeps two editors from overwriting each other",
        )
    return Address(
        "command",
        "POST",
        f"{path}/{kebab(verb or name)}",
        found,
        (),
        f"a step in the life of {where}, with its own rules, is a command and no change of fields",
    )


def move_aside(resources: Resources, name: str, entity: str, address: Address) -> Address:
    """The same address under the operation's own name, for where another operation already has the path."""
    words = (
        verb_of(name, entity)
        if address.action in ("create", "update", "delete", "command")
        else _own_words(name, entity)
    )
    words = "-".join(one for one in words.split("-") if one and one not in _MAKING | {"update", "delete"}) or name
    segments = address.path.split("/")
    is_sub = address.action in ("list", "search") and address.in_path
    base = "/".join(segments[:-1]) if is_sub and not segments[-1].startswith("{") else address.path
    method = "POST" if address.method in ("PATCH", "DELETE") else address.method
    action: Action = "command" if method != address.method else address.action
    return address._replace(
        path=f"{base}/{kebab(words)}",
        method=method,
        action=action,
        why=f"{address.why}; another operation has {address.method} {address.path}, so this one carries its name",
    )


__all__ = [
    "ME",
    "Address",
    "collection",
    "derive_address",
    "find_natural_parent",
    "is_kept",
    "is_redirect",
    "is_single",
    "list_own",
    "move_aside",
    "verb_of",
]
