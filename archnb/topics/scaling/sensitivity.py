"""Sensitivity: which three inputs matter most to each headline, and how much narrower it would be if one were measured."""

from __future__ import annotations

from archnb.fact import Fact
from archnb.fact.keys.cost import COST_TOTAL, COST_TOTAL_AT_HORIZON
from archnb.fact.keys.load import PEAK_REQUESTS
from archnb.fact.keys.scaling import RESOURCE_SATURATES, SERVERS_NEEDED
from archnb.fact.keys.schema import SCHEMA_SIZE_AT_HORIZON
from archnb.shapes import Cell, Row, Table
from archnb.topics.scaling.servers import serving, stem
from archnb.topics.topic import Draft

SHOWN = 3


def list_headlines(draft: Draft) -> list[Fact]:
    """What people ask first: the load, the servers, the storage, the first saturation within the horizon, and the cost."""
    facts = draft.facts
    found = [facts[PEAK_REQUESTS]]
    found += [
        facts[SERVERS_NEEDED.of(stem(name))] for name in serving(draft) if SERVERS_NEEDED.of(stem(name)) in facts
    ][-1:]
    found += [facts[SCHEMA_SIZE_AT_HORIZON]] if SCHEMA_SIZE_AT_HORIZON in facts else []
    times = [
        facts[RESOURCE_SATURATES.of(stem(name))]
        for name in draft.design.scaling.resources
        if RESOURCE_SATURATES.of(stem(name)) in facts
    ]
    coming = [one for one in times if 0 < one.base < float("inf")]
    if coming:
        found.append(min(coming, key=lambda one: one.base))
    found += [facts[one] for one in (COST_TOTAL, COST_TOTAL_AT_HORIZON) if one in facts]
    return found


def explain(fact: Fact, given: Fact) -> float:
    """The share of a headline's variance that one of its ranges explains by itself: the squared rank correlation over the samples."""
    import numpy

    samples = fact.samples()
    a, b = (numpy.argsort(numpy.argsort(one)) for one in (samples, given.draw(len(samples))))
    # what is the same in every sample is explained by nothing
    if numpy.ptp(samples) == 0:
        return 0.0
    return float(numpy.corrcoef(a, b)[0, 1] ** 2)


def view_sensitivity(draft: Draft) -> Table:
    """Up to three rows a headline: the input, the headline with it at its low and its high end, and what measuring it would settle."""
    made: list[Row] = []
    for fact in list_headlines(draft):
        inputs = {one.name: one for one in fact.inputs(retaken=False)}
        for name, low, high in fact.sensitivity()[:SHOWN]:
            given = inputs[name]
            is_range = given.given is not None and given.given.is_range
            settled = ""
            if is_range and fact.is_uncertain():
                settled = f"{explain(fact, given) * 100:.0f} % of its spread"
            made.append((
                Cell(fact.name, fact=fact.name), fact.cell, Cell(name, fact=name), f"{given.given}" if given.given is not None else "",
                fact.show(low), fact.show(high), settled or ("its spread is not known: say a range" if not is_range else ""),
            ))  # fmt: skip
    return Table(
        "sensitivity", "What matters most", ("headline", "is", "input", "said or assumed", "with it low", "with it high", "measuring it settles"), tuple(made),
        description="The three inputs that move each headline most: a range from end to end, a plain number by a fifth down and up, decisions held."
        " What measuring settles is the share of the spread that the one range explains by itself (squared rank correlation over the samples).",
    )  # fmt: skip


__all__ = ["explain", "list_headlines", "view_sensitivity"]
