"""A grant as a condition of SQL, for whoever reads the plan: with the parameters that the token gives."""

from __future__ import annotations

from archnb.planned.auth import Grant, Reach
from archnb.planned.fence import PARAMETERS


def write_condition(grant: Grant) -> str:
    """The condition that a row must meet, over the table of the grant's entity.

    `:caller` (the key of the person, device or program) and `:caller_tenant` are the values of the token.
    """
    if not grant.reaches:
        return "true" if grant.kind == "any" else "false"
    written = [" AND ".join(_write_reach(grant.table, part) for part in one.parts) for one in grant.reaches]
    return written[0] if len(written) == 1 else " OR ".join(f"({one})" if " AND " in one else one for one in written)


def _write_reach(table: str, reach: Reach) -> str:
    at, sources, conditions = table, list[str](), list[str]()
    for n, join in enumerate(reach.joins):
        # the same table again is another row of it
        taken = join.table == table or any(join.table == before.table for before in reach.joins[:n])
        alias = f"{join.table}_{n + 1}" if taken else join.table
        sources.append(f"{join.table} AS {alias}" if taken else join.table)
        conditions += [f"{alias}.{here} = {at}.{before}" for before, here in join.columns]
        at = alias
    conditions += [
        f"{at}.{one} = :{PARAMETERS[reach.token]}" if reach.token else f"{at}.{one} IS NULL" for one in reach.columns
    ]
    if reach.words:
        conditions.append(f"{at}.{reach.role_column} IN ({', '.join(repr(one) for one in reach.words)})")
    inner = " AND ".join(conditions)
    return f"EXISTS (SELECT 1 FROM {', '.join(sources)} WHERE {inner})" if sources else inner
