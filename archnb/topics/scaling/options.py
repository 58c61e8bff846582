"""What each nine costs: the same parts once, twice and three times, in one region and in two, with what that buys."""

from __future__ import annotations

from archnb.fact.keys.cost import COST_NOW, COST_TOTAL
from archnb.fact.keys.flow import COMPONENT_AVAILABILITY, COMPONENT_NEEDED, COMPONENT_REPLICAS, SHARED_CAUSE
from archnb.quantity import MONTH, parse, show
from archnb.shapes import Cell, Row, Table
from archnb.sim.reliability import pool_availability
from archnb.topics.scaling.servers import stem
from archnb.topics.topic import Draft

_SEVERAL = ("gateway", "service", "store")


def view_nines(draft: Draft) -> Table:
    """One row an option: instances beyond what the load needs, availability of the parts that all requests meet, cost, and the cost of each minute that is won."""
    facts, components = draft.facts, draft.design.flow.components
    parts = [
        name for name, one in components.items()
        if one.kind in _SEVERAL and COST_NOW.of(stem(name)) in facts and COMPONENT_REPLICAS.of(name) in facts
    ]  # fmt: skip
    whole = facts.get(COST_TOTAL)
    if not parts or whole is None:
        return Table("nines", "What each nine costs", ("option",), ())
    dollars, minutes = parse("1 USD/month").unit, parse("1 min").unit
    fixed = whole.base - sum(facts[COST_NOW.of(stem(name))].base for name in parts)
    made: list[Row] = []
    before: tuple[float, float] | None = None
    for spare, option in enumerate(("only what the peak needs", "one more of each", "two more of each", "as planned")):
        up, cost = 1.0, fixed
        for name in parts:
            planned = facts[COMPONENT_REPLICAS.of(name)].base
            needed = facts.get(COMPONENT_NEEDED.of(name))
            least = max(1, round(needed.base)) if needed is not None else 1
            count = round(planned) if option == "as planned" else least + spare
            shared = facts[SHARED_CAUSE.of("stateful" if components[name].kind == "store" else "stateless")].base
            up *= pool_availability(facts[COMPONENT_AVAILABILITY.of(name)].base, count, min(least, count), shared)
            cost += facts[COST_NOW.of(stem(name))].base / planned * count
        away = (1 - up) * MONTH
        won = ""
        if before is not None and before[0] > away and cost > before[1]:
            each = (cost - before[1]) * MONTH / ((before[0] - away) / 60)
            won = f"{each:,.2f} USD"
        made.append(
            (
                option,
                Cell(up, f"{up * 100:.4g} %"),
                show(away / 60, minutes),
                Cell(cost, show(cost / dollars.factor, dollars)),
                won,
            )
        )
        before = (away, cost)
    return Table(
        "nines", "What each nine costs", ("option", "availability", "away a month", "cost", "a minute won costs"), tuple(made),
        description=f"Of {', '.join(parts)}, which every request meets: as many as the peak needs must work, of a store its primary; a share of the failures takes all of them, and no spare helps against those. The other parts are as planned.",
    )  # fmt: skip


__all__ = ["view_nines"]
