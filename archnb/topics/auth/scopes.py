"""Scopes: what a program may ask a token for, as resources that are read or written, and not as one word an operation.

A person who lets a program in understands `orders:read`; and a new operation on orders needs no new consent. What a row is
part of is its resource: the lines of an order are opened with the order. A scope bounds the program; on which rows the caller
may act is the grant's (RFC 6749, section 3.3: the scope of an access request).
"""

from __future__ import annotations

from archnb.naming import plural, snake, words
from archnb.topics.topic import Draft

# of operations that are on no entity
REST = "service"


def list_scopes(draft: Draft) -> tuple[dict[str, str], dict[str, str]]:
    """What each scope opens, and the scope of each operation that asks for a token."""
    found: dict[str, str] = {}
    scope_of: dict[str, str] = {}
    for name, operation in draft.design.api.operations.items():
        if operation.is_public:
            continue
        entity = operation.entity if operation.entity in draft.design.entities else None
        resource = snake(plural(snake(_find_whole(draft, entity)))) if entity else REST
        pattern = draft.design.access.get(operation.pattern or name)
        is_read = pattern.reads is not None if pattern is not None else operation.method in ("GET", "HEAD")
        scope = f"{resource}:{'read' if is_read else 'write'}"
        about = words(resource) if entity else "what the service does besides"
        found.setdefault(scope, f"{'Read' if is_read else 'Make, change and remove'} {about}.")
        scope_of[name] = scope
    return dict(sorted(found.items())), scope_of


def _find_whole(draft: Draft, entity: str) -> str:
    """What a row is part of in the end: the lines of an order are the order's; whatever is a person's is not the person."""
    seen = {entity}
    at = entity
    while True:
        whole = draft.model.references.find_whole(at)
        is_end = whole is None or whole.target in seen or draft.model.people.is_person(whole.target)
        # rows that join two things are part of neither alone
        if is_end or whole is None or len([one for one in draft.model.references.list_from(at) if one.is_key]) > 1:
            return at
        if whole.target == draft.model.tenants.tenant:
            return at
        seen.add(whole.target)
        at = whole.target


__all__ = ["REST", "list_scopes"]
