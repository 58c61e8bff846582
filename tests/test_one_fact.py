"""One quantity, one fact: said once, drawn once, chosen once; and what is assumed can be said otherwise."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path
from typing import Any

import numpy
import pytest

import archnb
from archnb import Design, plan
from archnb.exceptions import ArchnbError, InputError, QuantityError, UnitError
from archnb.fact import Facts, Family, Key, apply_model, ceil, compound, family, key, total
from archnb.fact.keys import SECTIONS, find_key, list_keys
from archnb.plan import Plan
from archnb.quantity import Quantity, parse, show, unit
from tests.designs import ALL, TINY, shop

ROOT = Path(archnb.__file__).parent
RATE = (("time", -1),)


def named(name: str) -> Key:
    """A handle for a fact of a test."""
    return key(name, None, "A number of a test.")


def tiny(**sections: Any) -> Plan:
    """The tiny design with some sections said."""
    return plan(Design.of({**TINY, **sections}))


@pytest.fixture(scope="module")
def many_customers() -> Plan:
    """The shop, unsure of its customers and of nothing else that they touch."""
    return plan(shop().replace("entities.Customer.rows", "1M..10M"))


# -- handles


def test_handles_know_dimension_and_place() -> None:
    """A family gives the handle of a member, and refuses too few or too many."""
    rows = family("schema.{table}.rows", (), "Rows of a table.")
    assert rows.of("orders") == "schema.orders.rows"
    assert rows.find("schema.orders.rows") == ("orders",)
    assert rows.find("schema.orders.size") is None
    with pytest.raises(ValueError, match="takes 1 names, not 2"):
        rows.of("a", "b")


def test_making_checks_dimension_and_handle() -> None:
    """A rate is not made as a size, a fact not without a handle, and what is never absent not asked for with get."""
    facts = Facts()
    with pytest.raises(UnitError, match="declared as a rate"):
        facts.given(key("peak", RATE, "Requests at the peak."), "3 GB")
    with pytest.raises(ArchnbError, match="without a handle"):
        facts.given("peak", "3/s")  # type: ignore[arg-type]
    peak = key("peak", RATE, "Requests at the peak.")
    facts.given(peak, "3/s")
    with pytest.raises(ArchnbError, match="never absent"):
        facts.get(peak)
    assert facts.get(key("other", RATE, "Another.", optional=True)) is None


@pytest.mark.parametrize("name", ALL)
def test_every_fact_belongs_to_a_declared_handle(name: str) -> None:
    """No fact of a shipped design is made without a declaration."""
    made = plan(ALL[name]())
    assert [one for one in made.facts if find_key(one) is None] == []


def test_handles_are_declared_once_and_in_sentences() -> None:
    """No two handles have one name, and each says in a sentence what it means."""
    names = [one if isinstance(one, Key) else one.name for one in list_keys()]
    assert len(set(names)) == len(names) > 200
    for one in list_keys():
        assert one.meaning[0].isupper() or one.meaning[0].isdigit(), one
        assert one.meaning.endswith("."), one


def test_no_handle_is_left_over() -> None:
    """Every handle that is declared is used by some code."""
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py") if "keys" not in path.relative_to(ROOT).parts
    )
    names = [
        name
        for section in SECTIONS
        for name, value in vars(section).items()
        if isinstance(value, Key | Family) and not re.search(rf"\b{name}\b", code)
    ]
    assert names == []


# numbers that are no assumption about a system: limits of a picture, of a standard, of an algorithm
OURS = frozenset({
    "CHARTED", "COMPARED", "CURVES", "DAY", "DEEPEST", "GIB", "LARGE_LOAD", "LIMIT", "MOST_SPARE", "NEVER", "POINTS", "SELDOM", "QUANTILE",
    "SHOWN", "SHOWN_ATTEMPTS", "_CODE", "_LONGEST", "_PANELS", "_SAMPLES", "_THIRTY_DAYS", "_TOLERANCE",
})  # fmt: skip


def test_thresholds_are_facts() -> None:
    """A bare number at the head of a topic is a limit of a picture, a standard or an algorithm; what is assumed is a fact."""
    found = set()
    for path in (ROOT / "topics").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = node.value
                if isinstance(value, ast.BinOp) or (
                    isinstance(value, ast.Constant) and isinstance(value.value, int | float)
                ):
                    found.add(node.targets[0].id)
    assert found <= OURS


def _is_spelt(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_code_reads_facts_by_handles(path: Path) -> None:
    """No line of the package spells a fact's name to make it or to read it; only people ask by name."""
    spelt = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        asked: ast.expr | None = None
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("facts"):
            asked = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            if ast.unparse(node.func.value).endswith("facts") and node.func.attr in (
                "get", "given", "define", "decide", "assume", "value",
            ):  # fmt: skip
                asked = node.args[0]
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]).endswith("facts"):
            asked = node.left
        if asked is not None and any(_is_spelt(one) for one in (asked, *_branches(asked))):
            spelt.append(f"{path.name}:{node.lineno}: {ast.unparse(node)[:80]}")
    assert spelt == []


def _branches(node: ast.expr) -> tuple[ast.expr, ...]:
    return (node.body, node.orelse) if isinstance(node, ast.IfExp) else ()


def test_people_ask_by_name_with_the_nearest() -> None:
    """A name that is none is met with the nearest one."""
    with pytest.raises(KeyError, match=r"did you mean 'load\.peak_reads'"):
        tiny().facts["load.peak_read"]


# -- one said value, one fact


def test_what_follows_from_one_value_moves_with_it(many_customers: Plan) -> None:
    """Rates, sizes and rows that rest on the customers alone correlate with them by 1."""
    facts = many_customers.facts
    drawn = facts["entities.Customer.rows"].samples()
    for name in (
        "access.create_customer.rate",
        "access.erase_customer.rate",
        "schema.customer.size",
        "entities.Customer.size",
    ):
        assert numpy.corrcoef(drawn, facts[name].samples())[0, 1] == pytest.approx(1.0, abs=1e-9), name
    assert [one.name for one in facts["access.update_customer.rate"].independent()] == ["entities.Customer.rows"]


def test_sums_have_their_whole_spread(many_customers: Plan) -> None:
    """Two sizes of one entity add up with their spreads, not with the root of their squares."""
    facts = many_customers.facts
    rows, size = facts["schema.customer.rows"].percentiles(), facts["schema.customer.size"].percentiles()
    assert size[2] / size[0] == pytest.approx(rows[2] / rows[0], rel=1e-9)


def test_what_if_and_tornado_move_the_one(many_customers: Plan) -> None:
    """Ten times the customers are ten times the creations and ten times the bytes."""
    facts = many_customers.facts
    for name in ("access.create_customer.rate", "schema.customer.size"):
        fact = facts[name]
        assert fact.what_if({"entities.Customer.rows": fact.evaluate({}) * 0 + 31.62e6}) == pytest.approx(
            fact.value * 10, rel=1e-3
        )
        assert fact.sensitivity()[0][0] == "entities.Customer.rows"


@pytest.mark.parametrize("name", ALL)
def test_each_given_fact_is_drawn_once(name: str) -> None:
    """Wherever an input occurs it is the same object, so it has one vector of samples."""
    made = plan(ALL[name]())
    found: dict[str, int] = {}
    for fact in made.facts.values():
        for one in fact.inputs():
            assert found.setdefault(one.name, id(one)) == id(one), one.name
    anonymous = [
        fact.name
        for fact in made.facts.values()
        for one in fact._walk()
        if one.given and one.given.is_range and not one.name
    ]
    assert anonymous == []


def test_a_second_value_at_one_path_is_refused() -> None:
    """One path has one value."""
    facts = Facts()
    first = facts.value(named("entities.A.rows"), "3")
    assert facts.value(named("entities.A.rows"), "3") is first
    with pytest.raises(ArchnbError, match="cannot be 4 as well"):
        facts.value(named("entities.A.rows"), "4")


def test_growth_of_the_load_is_one_draw() -> None:
    """Entities that grow as the load does grow together."""
    made = tiny(
        requirements={"load": {**TINY["requirements"]["load"], "growth": "10%..100%/year"}},
        entities={**TINY["entities"], "Note": {"fields": {"id": "key"}, "rows": "1M"}},
    )
    a, b = (made.facts[f"entities.{one}.rows_at_horizon"].samples() for one in ("Customer", "Note"))
    assert numpy.corrcoef(a, b)[0, 1] == pytest.approx(1.0)


# -- choose once, then sample


def test_nine_servers_are_held() -> None:
    """With 3..12 ms for a request, nine servers are used to 27, 54 and 108 %, and to more than all in a third of what is believed."""
    facts = Facts()
    time, rate = facts.given(named("time"), "3 ms..12 ms"), facts.given(named("rate"), "3240/s")
    servers = facts.decide(named("servers"), ceil(rate * time / (4 * 0.6)), "servers")
    busy = facts.define(named("busy"), rate * time / (servers * 4), "%")
    assert servers.text == "9 servers"
    assert servers.percentiles() == (9, 9, 9)
    assert busy.percentiles() == pytest.approx((27, 54, 108), rel=0.01)
    assert "decided: 9 servers at the median, and held" in busy.why()
    assert busy.what_if(time="12 ms") == pytest.approx(108)
    assert busy.what_if({"time": "12 ms"}, retaken=True) == pytest.approx(57.2, rel=0.01)
    assert busy.what_if(servers=18) == pytest.approx(27)
    with pytest.raises(QuantityError, match="is a size in bytes"):
        busy.what_if(time="3 GB")


def test_shop_holds_its_servers() -> None:
    """The shop's use of its servers is wide where it is unsure, and no share of it is near a target by construction."""
    low, middle, high = plan(shop()).facts["flow.service.utilisation"].percentiles()
    assert (low, middle, high) == pytest.approx((27, 55, 111), rel=0.03)


def test_a_decision_may_be_taken_at_another_percentile() -> None:
    """Who wants to be safe chooses at P90, and the plan says so."""
    facts = Facts()
    load = facts.given(named("load"), "10..40")
    made = facts.decide(named("servers"), ceil(load), "servers", at="P90")
    assert made.value == pytest.approx(40, abs=1)
    assert "decided: 40 servers at P90, and held" in made.why()
    assert made.what_if({"load": "80"}, retaken=True) == 80


# -- rates that move together


def test_a_rate_follows_the_load() -> None:
    """A rate that follows keeps its ratio to the load in every sample; one that does not is drawn on its own, and says so."""
    load = {"daily_users": "10k..90k", "requests_per_user": "20/day"}
    access = {name: {**one, "follows": "load"} for name, one in TINY["access"].items()}
    made = tiny(requirements={"load": load}, access=access)
    rate, peak = made.facts["access.place_order.rate"], made.facts["load.expected_requests"]
    assert rate.samples() / peak.samples() == pytest.approx(rate.value / peak.value)
    assert "moves with load.expected_requests" in rate.why()
    assert rate.what_if({"requirements.load.daily_users": "300k"}) == pytest.approx(rate.value * 10)
    alone = tiny(
        requirements={"load": load},
        access={**TINY["access"], "place_order": {**TINY["access"]["place_order"], "rate": "1..3/s"}},
    )
    both = alone.facts["load.expected_requests"] + alone.facts["access.place_order.rate"]
    assert "drawn independently of each other: requirements.load.daily_users, access.place_order.rate" in both.why()
    assert "independently" in alone.facts.table.description


def test_a_rate_follows_another() -> None:
    """Chains are followed to their end; circles and names that name nothing are errors."""
    access = {
        "orders_of_customer": {**TINY["access"]["orders_of_customer"], "follows": "place_order"},
        "place_order": {**TINY["access"]["place_order"], "rate": "1..4/s"},
    }
    made = tiny(access=access)
    first, second = (made.facts[f"access.{one}.rate"].samples() for one in access)
    assert first / second == pytest.approx(10.0)
    with pytest.raises(InputError, match="in a circle"):
        tiny(access={**access, "place_order": {**access["place_order"], "follows": "orders_of_customer"}})
    with pytest.raises(InputError, match="did you mean 'load'"):
        tiny(access={**access, "place_order": {**access["place_order"], "follows": "lode"}})


# -- assumptions


def test_a_design_overrules_an_assumption() -> None:
    """Dotted or nested, what is known better wins, and its fact says where it was said."""
    for said in ({"cache.least_saved": 0.2}, {"cache": {"least_saved": "20 %"}}):
        fact = tiny(assumptions=said).facts["cache.least_saved"]
        assert (fact.base, fact.origin) == (pytest.approx(0.2), "said")
        assert "assumptions.cache.least_saved" in fact.because


def test_an_overruled_threshold_changes_the_plan() -> None:
    """With a hundred times the least saving the shop caches nothing; with more cores a server fewer do."""
    made = plan(shop().replace("assumptions.cache.least_saved", "100"))
    assert not any(one.use for one in made.design.cache.policies.values())
    servers = plan(shop().replace("assumptions.flow.assumed.cores_service", "16")).facts
    assert servers["flow.components.service.replicas"].value < 9


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"cache.least_save": 1}, "did you mean 'cache.least_saved'"),
        ({"cache": {"long_ttl": "3 GB"}}, "a time"),
        ({"flow.assumed.time_serivce": "3 ms"}, "did you mean 'flow.assumed.time_service'"),
        ({"cache.least_saved": 1, "cache": {"least_saved": 2}}, "said twice"),
        ({"load.peak_reads": "3/s"}, "is not known"),
        ({"flow.assumed.target": "0%"}, "'0%' is not more than 0; give more than 0, at most 100%"),
        ({"flow.assumed.target": "150%"}, "'150%' is more than 100%"),
        ({"flow.assumed.cores_service": 0}, "not more than 0; give more than 0"),
        ({"monitoring.handful": 0}, "not more than 0"),
    ],
)
def test_unknown_assumptions_are_errors(said: dict[str, Any], message: str) -> None:
    """A name that is no assumption is met with the nearest, a value of another kind with what is allowed."""
    with pytest.raises(InputError, match=message):
        tiny(assumptions=said)


@pytest.mark.parametrize("name", ALL)
def test_every_assumption_has_a_source(name: str) -> None:
    """What is assumed says from where."""
    made = plan(ALL[name]())
    for one in made.facts.assumptions:
        fact = made.facts[one]
        assert fact.source, one
        found = find_key(one)
        assert found is not None, one
        assert found.is_assumption, one


def test_assumptions_stay_when_the_design_is_written() -> None:
    """They are read back as they were said."""
    design = Design.of({**TINY, "assumptions": {"cache.least_saved": "20 %", "cache.long_ttl": "2 days"}})
    data = archnb.plan(design).said
    again = Design.of({"name": "tiny", **{k: v for k, v in archnb.design.plain(data).items() if k != "name"}})
    assert dict(again.assumptions) == dict(design.assumptions)


# -- formulas of thousands of terms


def test_thousands_of_terms_neither_recurse_nor_print_whole() -> None:
    """A chain of five thousand named sums is computed, drawn, explained and printed by its first terms."""
    facts = Facts()
    sum_so_far = facts.given(named("n0"), "1..2")
    chain = sum_so_far * 1
    for n in range(1, 5000):
        one = facts.given(named(f"n{n}"), "1")
        sum_so_far = facts.define(named(f"s{n}"), sum_so_far + one)
        chain = chain + one
    whole = facts.define(named("chain"), chain)
    flat = facts.define(named("flat"), total([facts[f"n{n}"] for n in range(5000)]))
    deep = facts.define(named("deep"), sum_so_far * 1)
    assert whole.formula().endswith("… 4988 more")
    assert flat.formula().endswith("… 4988 more)")
    for fact in (whole, flat, deep):
        assert len(fact.formula()) < 300
        assert len(fact.why()) < 5000
        assert fact.percentiles()[1] == pytest.approx(fact.value, rel=0.01)
        assert fact.what_if(n1=2) == pytest.approx(fact.value + 1)
    nested = facts["n1"] * 1
    for _ in range(3000):
        nested = apply_model("f", lambda value: value, "", nested, is_vectorised=True)
    assert "…" in facts.define(named("nested"), nested).formula()


# -- growth, time, units


@pytest.mark.parametrize(("growth", "times"), [("5%/month", 5.79), ("60%/year", 1.6**3), ("-10%/year", 0.9**3)])
def test_growth_compounds_by_its_own_period(growth: str, times: float) -> None:
    """5 % a month over 36 months is 1.05^36 times as much."""
    facts = Facts()
    share, horizon = facts.given(named("growth"), growth), facts.given(named("horizon"), "36 months")
    assert facts.define(named("times"), compound(share, horizon)).value == pytest.approx(times, rel=1e-3)
    made = tiny(requirements={"load": {**TINY["requirements"]["load"], "growth": growth}})
    grown = made.facts["scaling.bandwidth.at_horizon"].base / made.facts["load.peak_egress"].base
    assert grown == pytest.approx(times, rel=1e-3)


def test_ranges_say_their_time_once() -> None:
    """`10%..100%/year` and `100 MB..1 GB/day` read as people mean them; other units stay errors."""
    share = parse("10%..100%/year")
    assert (share.low, share.high, share.unit.symbol) == (pytest.approx(10), 100, "%/year")
    assert parse("100 MB..1 GB/day").low == pytest.approx(0.1)
    with pytest.raises(ValueError, match="differ in unit"):
        parse("10%..100 ms")


def test_never_is_not_a_hundred_years() -> None:
    """A load that does not grow saturates never, and says so."""
    made = tiny(requirements={"load": {**TINY["requirements"]["load"], "growth": "0%/year"}})
    fact = made.facts["scaling.bandwidth.saturates"]
    assert math.isinf(fact.value)
    assert fact.text == "never"
    assert show(math.inf, unit("s")) == "never"


def test_frame_compares_across_units() -> None:
    """A rate a day does not rank above a rate a second: values are in base units, and the unit stands beside them."""
    facts = Facts()
    facts.given(named("slow"), "1000/day")
    facts.given(named("fast"), "1/s")
    frame = facts.frame.set_index("fact")
    assert frame.loc["fast", "value"] > frame.loc["slow", "value"]
    assert set(frame["unit"]) == {"/s"}
    table = tiny().entities.frame
    assert list(table["growth unit"].unique()) == ["/s"]
    assert table["growth"].max() < 1


def test_reads_per_write_without_writes() -> None:
    """Users and the proportion of reads make a load; so do writes and users."""
    made = tiny(requirements={"load": {"daily_users": "10k", "reads_per_write": 4}})
    assert made.facts["requirements.load.read_share"].base == pytest.approx(0.8)
    assert made.facts["load.expected_reads"].base == pytest.approx(4 * made.facts["load.expected_writes"].base)
    both = tiny(requirements={"load": {"daily_users": "10k", "writes": "10/s", "read_share": "80%"}}).facts
    assert both["requirements.load.daily_users"].value == 10_000
    assert both["requirements.load.requests_per_user"].to("/s") == pytest.approx(50 / 10_000)


# -- two facts of one meaning


PAIRS = (
    ("schema.size", "scaling.storage", "what is stored today"),
    ("schema.size_at_horizon", "scaling.main_storage.at_horizon", "what is stored at the horizon"),
    ("flow.components.service.replicas", "scaling.service.servers", "servers of the service"),
    ("scaling.service.capacity", "scaling.resources.service_cpu.limit", "what the service can do"),
    ("load.peak_requests", "flow.gateway.rate", "requests at the peak"),
    ("cache.store_cores", "flow.assumed.cores_store", "cores of the store"),
)


@pytest.mark.parametrize("name", ALL)
def test_two_facts_of_one_meaning_agree(name: str) -> None:
    """Where a quantity has two names, it has one value, in the estimate and in every sample."""
    made = plan(ALL[name]())
    facts = made.facts
    # what is said of writes is compared with the operations, not made equal to them
    derived = (("requirements.load.writes", "load.average_writes", "writes on average"),)
    for first, second, meaning in (*PAIRS, *(derived if made.said.requirements.load.writes is None else ())):
        if first in facts and second in facts:
            assert facts[second].base == pytest.approx(facts[first].base), meaning
            assert facts[second].percentiles() == pytest.approx(
                tuple(one * facts[first].unit.factor / facts[second].unit.factor for one in facts[first].percentiles())
            ), meaning


@pytest.mark.parametrize("name", ALL)
def test_connections_and_cores_are_consistent(name: str) -> None:
    """Whoever keeps a core of the store busy holds a connection."""
    facts = plan(ALL[name]()).facts
    if "scaling.main.busy_connections" in facts:
        assert facts["scaling.main.busy_connections"].base >= facts["flow.main.busy"].base


def test_an_aggregate_takes_one_time() -> None:
    """The work of a report is one number: in its job and in its query."""
    facts = plan(shop()).facts
    assert facts["jobs.jobs.revenue_by_day.service_time"].base == facts["cache.revenue_by_day.query_time"].base


def test_egress_follows_what_is_said() -> None:
    """A said size of the answers makes the bandwidth; without one the operations do, and the mean follows."""
    said = tiny(requirements={"load": {**TINY["requirements"]["load"], "response_size": "10 kB"}}).facts
    assert said["load.peak_egress"].base == pytest.approx(said["load.peak_requests"].base * 10_000)
    counted = tiny().facts
    mean = counted["requirements.load.response_size"]
    assert counted["load.peak_egress"].base == pytest.approx(counted["load.peak_requests"].base * mean.base)


def test_partitions_say_their_size() -> None:
    """177 TB are not printed as 177 000 EB."""
    entities = {
        **TINY["entities"],
        "Reading": {
            "fields": {"id": "key", "customer": "-> Customer", "at": "timestamp = now()", "value": "float"},
            "rows": "1 T",
            "growth": "1 bn/day",
        },
    }
    made = tiny(entities=entities)
    reason = made.why("schema.tables.reading.partition_by").reason
    size = Quantity(1, 1, unit("B")).unit
    assert show(made.facts["schema.reading.size_at_horizon"].base * 0 + 1e14, size) == "100 TB"
    assert " TB at the horizon" in reason or " PB at the horizon" in reason
    assert "EB" not in reason


def test_families_are_declared_for_what_is_assumed() -> None:
    """An assumption of a family is overruled by a member's name."""
    assert isinstance(find_key("flow.assumed.time_service"), Family)
    made = tiny(assumptions={"flow.assumed.time_service": "20 ms"})
    assert made.facts["flow.components.service.service_time"].to("ms") == pytest.approx(20)
