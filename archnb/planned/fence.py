"""A grant as predicates of a statement, so that lists, counts, cursors and writes find no rows but those that it reaches.

The values of the token are bound as `caller` (the key of the person, or of the device or program) and `caller_tenant`.
"""

from __future__ import annotations

from dataclasses import replace

from archnb.planned.auth import Grant, Reach, Token
from archnb.planned.statements import (
    AllOf,
    Among,
    AnyOf,
    Column,
    Condition,
    Delete,
    Exists,
    Insert,
    Join,
    Missing,
    Output,
    Predicate,
    Read,
    Statement,
    Update,
    Value,
)

# how each value of the token is bound
PARAMETERS: dict[Token, str] = {"person": "caller", "client": "caller", "tenant": "caller_tenant"}


def list_predicates(grant: Grant, source: str = "") -> tuple[Predicate, ...]:
    """What a row of the grant's table must fulfil besides what is asked for: nothing for `any`, what is never true for `none`.

    source: the alias under which the table stands in the statement; its own name where it is left out.
    """
    if grant.kind == "any":
        return ()
    at = source or grant.table
    ways = tuple(
        _all(tuple(_write(part, grant.table, at, n) for n, part in enumerate(one.parts))) for one in grant.reaches
    )
    return (ways[0],) if len(ways) == 1 else (AnyOf(parts=ways),)


def fence(statement: Statement, grant: Grant) -> Statement:
    """A statement that finds no rows but those that a grant reaches, where it is on the grant's table; any other as it is."""
    if not isinstance(statement, Read | Update | Delete) or statement.table != grant.table:
        return statement
    source = statement.source if isinstance(statement, Read) else statement.table
    more = [one for one in list_predicates(grant, source) if not _is_said(one, statement.conditions)]
    return replace(statement, conditions=(*statement.conditions, *more))


def _is_said(one: Predicate, conditions: tuple[Predicate, ...]) -> bool:
    """Whether a statement asks for it already: the caller's key, bound from the token, or that there is none."""
    if isinstance(one, Missing):
        return one in conditions
    return isinstance(one, Condition) and any(
        isinstance(other, Condition)
        and (other.left.column, other.left.source, other.operator) == (one.left.column, one.left.source, "=")
        and (other.value.source, other.value.claim) == ("token", "caller")
        for other in conditions
    )


def check_new(statement: Insert, grant: Grant) -> tuple[Read, ...]:
    """What must be found before a row is added: the rows that join the caller to what the new row is to lie in.

    One read for each part of the grant that leads through other tables, of which each must give a row; none where the grant
    asks for nothing but the caller's own key, which the token sets. A grant with alternatives is checked by the first.
    """
    given = {one.column.column: one.value for one in statement.assignments}
    made = []
    for part in grant.reaches[0].parts if statement.table == grant.table and grant.reaches else ():
        if not part.joins:
            continue
        predicate = _write(part, grant.table, grant.table, 0)
        if not isinstance(predicate, Exists):
            continue
        conditions = tuple(
            replace(one, value=replace(given[one.value.name], like=one.left))
            if isinstance(one, Condition) and one.value.source == "row" and one.value.name in given
            else one
            for one in predicate.conditions
        )
        if any(isinstance(one, Condition) and one.value.source == "row" for one in conditions):
            # what the row is to lie in is not given, but looked up
            continue
        at = part.joins[0]
        column = Column(table=at.table, column=at.columns[0][1], source=predicate.source, field=at.to)
        made.append(
            Read(
                table=at.table,
                source=predicate.source,
                entity=at.entity,
                columns=(Output(column=column, label=column.column, entity=at.entity),),
                joins=predicate.joins,
                conditions=conditions,
                limit=1,
                rows="one",
                purpose="may the caller: no row, and it is refused",
            )
        )
    return tuple(made)


def _all(parts: tuple[Predicate, ...]) -> Predicate:
    return parts[0] if len(parts) == 1 else AllOf(parts=parts)


def _write(reach: Reach, table: str, source: str, number: int) -> Predicate:
    taken, sources = {source}, list[str]()
    for join in reach.joins:
        # an alias that nothing else in the statement has, where the table itself may be there already
        alias = f"{join.table}_of_caller" + (f"_{number + 1}" if number else "")
        alias = alias if alias not in taken else f"{alias}_{len(sources) + 1}"
        taken.add(alias)
        sources.append(alias)
    at, last = source, table
    pairs: list[tuple[tuple[Column, Column], ...]] = []
    for join, alias in zip(reach.joins, sources, strict=True):
        pairs.append(
            tuple(
                (
                    Column(table=join.table, column=here, source=alias, field=join.to),
                    Column(table=last, column=before, source=at, field=join.field),
                )
                for before, here in join.columns
            )
        )
        at, last = alias, join.table
    ends = [_end(reach, Column(table=last, column=one, source=at, field=reach.field)) for one in reach.columns]
    if reach.words:
        column = Column(table=last, column=reach.role_column, source=at, field=reach.role_field)
        words = tuple(Value(source="constant", name=one, like=column) for one in reach.words)
        ends.append(Among(left=column, values=words))
    if not reach.joins:
        return _all(tuple(ends))
    first, *rest = pairs
    outer = tuple(
        Condition(left=here, operator="=", value=Value(source="row", name=before.column, like=here, column=(before,)))
        for here, before in first
    )
    joins = tuple(
        Join(table=join.table, source=alias, on=on)
        for join, alias, on in zip(reach.joins[1:], sources[1:], rest, strict=True)
    )
    return Exists(table=reach.joins[0].table, source=sources[0], joins=joins, conditions=(*outer, *ends))


def _end(reach: Reach, column: Column) -> Predicate:
    if not reach.token:
        return Missing(left=column)
    name = PARAMETERS[reach.token]
    claim = "tenant" if reach.token == "tenant" else "subject"
    return Condition(
        left=column, operator="=", value=Value(source="token", name=name, like=column, parameter=name, claim=claim)
    )


__all__ = ["PARAMETERS", "check_new", "fence", "list_predicates"]
