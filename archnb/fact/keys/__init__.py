"""The handles of all facts, a module a section; whoever makes or reads a fact imports its handle from here."""

from __future__ import annotations

import functools

from archnb.fact.key import Family, Key, list_declared
from archnb.fact.keys import (
    api,
    auth,
    cache,
    cost,
    decisions,
    entities,
    errors,
    flow,
    jobs,
    load,
    migrations,
    monitoring,
    operations,
    patterns,
    recovery,
    scaling,
    schema,
)

SECTIONS = (
    load, entities, schema, api, auth, operations, cache, jobs, patterns, flow, errors, monitoring, scaling, recovery, cost, migrations, decisions,
)  # fmt: skip


@functools.cache
def list_keys() -> tuple[Key | Family, ...]:
    """Every handle that is declared, in the order of the sections."""
    return tuple(list_declared(*SECTIONS))


def find_key(name: str) -> Key | Family | None:
    """The handle that a fact's name belongs to; of several families the one that says most of the name, None where there is none."""
    found: list[Family] = []
    for one in list_keys():
        if isinstance(one, Key):
            if one == name:
                return one
        elif one.find(name) is not None:
            found.append(one)
    return max(found, key=lambda one: len(one.name), default=None)
