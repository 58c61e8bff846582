"""The tables in an order in which what is referred to comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archnb.planned.schema import Schema

if TYPE_CHECKING:
    pass


def order_tables(schema: Schema) -> list[str]:
    """The relational tables so that what is referred to comes first; within a cycle, as they were declared."""
    names = [name for name in schema.tables if schema.is_relational(name)]
    done: list[str] = []
    on_the_way: set[str] = set()

    def visit(name: str) -> None:
        stack = [(name, iter(_referred(schema, name)))]
        on_the_way.add(name)
        while stack:
            at, rest = stack[-1]
            for one in rest:
                if one in names and one not in on_the_way:
                    on_the_way.add(one)
                    stack.append((one, iter(_referred(schema, one))))
                    break
            else:
                stack.pop()
                done.append(at)

    for name in names:
        if name not in on_the_way:
            visit(name)
    return done


def _referred(schema: Schema, name: str) -> list[str]:
    keys = schema.tables[name].foreign_keys.values()
    return [key.references for key in keys if key.references != name]


__all__ = ["order_tables"]
