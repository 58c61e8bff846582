"""Paths, rates, replicas, availability and latency follow from the design and from each other."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from archnb import Design, InputError, plan
from archnb.design import leaves
from archnb.plan import Plan
from archnb.shapes import Graph, Sequence, Table
from archnb.topics.flow.paths import find_serial_parts, is_waited_for
from tests.test_topic_patterns import ORDER, PLACE, READ, design, planned, with_payment

NAMES = ["tiny", "awkward", "shop", "shortener"]


def promise(**objectives: dict[str, Any]) -> dict[str, Any]:
    """Requirements with objectives."""
    return {"load": {"daily_users": "1k", "requests_per_user": "10/day"}, "objectives": objectives}


def targets(made: Plan, name: str, kind: str) -> list[str | None]:
    """Where an operation's hops of one kind end."""
    return [hop.target for hop in made.design.flow.paths[name].hops if hop.kind == kind]


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_has_a_path_of_known_parts(name: str) -> None:
    """Each access pattern has a path that starts at a client and goes through parts that stand in known zones."""
    made = planned(name)
    flow = made.design.flow
    assert set(flow.paths) == set(made.design.access)
    for operation, path in flow.paths.items():
        assert path.hops[0].source == "client"
        for hop in path.hops:
            assert hop.source in flow.components, operation
            assert hop.target in flow.components, operation
            assert hop.label
            assert hop.share is not None
            assert 0 <= hop.share.base <= 1
    assert {one.zone for one in flow.components.values()} <= set(flow.zones)


@pytest.mark.parametrize("name", NAMES)
def test_everything_proposed_has_a_reason(name: str) -> None:
    """Whatever nobody said about the flow has a reason of its own, or that of the record around it."""
    made = planned(name)
    said = {path for path, _ in leaves(made.said)}
    for path, _ in leaves(made.design.flow, "flow"):
        if path not in said:
            why = made.why(path)
            assert why.reason
            assert not why.reason.startswith("follows from"), path


@pytest.mark.parametrize("name", NAMES)
def test_rates_are_the_sum_over_the_paths(name: str) -> None:
    """What arrives at a part is the sum of rate × share over all hops that end there."""
    made = planned(name)
    counted: dict[str, float] = {}
    for operation, path in made.design.flow.paths.items():
        rate = made.facts[f"access.{operation}.rate"].base
        for hop in path.hops:
            assert hop.target is not None and hop.share is not None
            counted[hop.target] = counted.get(hop.target, 0.0) + rate * hop.share.base
    for component, one in made.design.flow.components.items():
        if one.kind == "identity" and not counted.get(component):
            # no path goes through it: it is asked for tokens
            assert made.facts[f"flow.{component}.rate"].base == pytest.approx(made.facts["auth.token_rate"].base)
        elif one.kind != "client":
            assert made.facts[f"flow.{component}.rate"].base == pytest.approx(counted.get(component, 0.0)), component


def test_rate_shows_its_arithmetic_down_to_the_hit_ratio() -> None:
    """A store's rate names the rates of its operations and the share that the cache leaves."""
    fact = planned("shop").facts["flow.main.rate"]
    assert "access.view_product.rate × flow.view_product.missed" in fact.formula()
    assert "cache.view_product.hit_ratio" in fact.why()


def test_a_cached_read_reaches_the_store_on_misses_only() -> None:
    """The hop to the store has the share of misses, and the cache is not among the parts that must work."""
    made = planned("shop")
    path = made.design.flow.paths["view_product"]
    missed = 1 - made.facts["cache.view_product.hit_ratio"].base
    assert [hop.target for hop in path.hops] == ["gateway", "service", "cache", "main"]
    assert path.hops[-1].share is not None
    assert path.hops[-1].share.base == pytest.approx(missed)
    assert [target for target, _ in find_serial_parts(made.design.flow.components, path)] == [
        "gateway",
        "service",
        "main",
    ]
    facts = made.facts
    by_hand = (
        facts["flow.gateway.available"].base
        * facts["flow.service.available"].base
        * (1 - missed * (1 - facts["flow.main.available"].base))
        * facts["flow.regions.available"].base
    )
    assert facts["flow.view_product.availability"].base == pytest.approx(by_hand)


def test_availability_is_the_product_of_what_is_waited_for() -> None:
    """A write's availability is that of gateway, service and store together; what comes later does not count."""
    made = planned("tiny")
    facts = made.facts
    product = math.prod(facts[f"flow.{one}.available"].base for one in ("gateway", "service", "main"))
    product *= facts["flow.regions.available"].base
    assert facts["flow.place_order.availability"].base == pytest.approx(product)


def test_latency_is_the_sum_of_times_and_round_trips() -> None:
    """A write takes waits and work of gateway, service, store, a commit, and two round trips inside, not the user's network."""
    made = planned("tiny")
    facts = made.facts
    expected = sum(facts[f"flow.components.{one}.service_time"].base for one in ("gateway", "service", "main"))
    expected += sum(facts[f"flow.{one}.wait"].base for one in ("gateway", "service", "main"))
    expected += facts["flow.assumed.time_commit"].base + 2 * facts["flow.assumed.round_trip"].base
    assert facts["flow.place_order.latency"].base == pytest.approx(expected)
    rising = [facts[f"flow.place_order.latency{one}"].base for one in ("_p50", "", "_p95", "_p99")]
    assert rising == sorted(rising)


def test_both_dated_sets_of_latency_numbers_are_shipped() -> None:
    """The classic and the re-measured numbers stand side by side with their sources, and the newer one is used."""
    facts = planned("tiny").facts
    values = {
        name: facts[f"flow.assumed.{name}"].to("us")
        for name in (
            "memory_classic",
            "disk_classic",
            "round_trip_classic",
            "memory_napkin",
            "disk_napkin",
            "round_trip_napkin",
        )
    }
    assert values == pytest.approx(
        {
            "memory_classic": 250,
            "disk_classic": 1000,
            "round_trip_classic": 500,
            "memory_napkin": 50,
            "disk_napkin": 100,
            "round_trip_napkin": 250,
        }
    )
    assert facts["flow.assumed.round_trip"].to("us") == pytest.approx(250)
    assert "2012" in facts["flow.assumed.disk_classic"].source
    assert "2026" in facts["flow.assumed.disk_napkin"].source


def test_assumptions_name_their_source() -> None:
    """No number of the flow is assumed without saying where it is from."""
    for name, fact in planned("shop").facts.items():
        if name.startswith("flow.assumed.") and fact.given is not None:
            assert fact.source, name
            assert fact.because, name


def test_replicas_follow_from_rate_and_time() -> None:
    """Instances are rate × time ÷ (cores × bearable use), rounded up, and the use that results is below the target."""
    made = plan(design(access={"get_order": {**READ, "rate": "5k/s"}}))
    facts = made.facts
    needed = facts["flow.service.rate"].base * facts["flow.components.service.service_time"].base / (4 * 0.6)
    assert made.design.flow.components["service"].replicas == math.ceil(needed)
    assert facts["flow.service.utilisation"].base <= 0.6


def test_a_promise_decides_whether_one_instance_is_enough() -> None:
    """At 98 % one of each does; at 99 % single instances would break the promise, and at 99.9 % they always have twins."""
    for availability, replicas in (("98%", 1), ("99%", 2), ("99.9%", 2)):
        made = plan(design(requirements=promise(default={"availability": availability})))
        assert made.design.flow.components["service"].replicas == replicas, availability
        assert made.facts["flow.get_order.availability"].base >= float(availability.rstrip("%")) / 100


def test_what_was_said_of_parts_and_paths_stays() -> None:
    """Said replicas, times, names and hops are kept; only what they leave open is filled in."""
    made = plan(
        design(
            flow={
                "components": {"service": {"replicas": 7, "service_time": "40 ms"}, "main": {"technology": "Aurora"}, "fraud_check": {"kind": "third_party"}},
                "paths": {"get_order": {"hops": [{"target": "gateway"}, {"target": "service"}, {"target": "fraud_check", "share": "5%"}, {"source": "service", "target": "main"}]}},
            }
        )
    )  # fmt: skip
    flow, facts = made.design.flow, made.facts
    assert flow.components["service"].replicas == 7
    assert facts["flow.components.service.replicas"].origin == "said"
    assert facts["flow.components.service.service_time"].to("ms") == pytest.approx(40)
    assert flow.components["main"].technology == "Aurora"
    hops = flow.paths["get_order"].hops
    assert [(hop.source, hop.target) for hop in hops] == [
        ("client", "gateway"),
        ("gateway", "service"),
        ("service", "fraud_check"),
        ("service", "main"),
    ]
    assert all(hop.kind == "call" for hop in hops)
    assert facts["flow.fraud_check.rate"].base == pytest.approx(0.05 * facts["access.get_order.rate"].base)
    assert flow.components["fraud_check"].kind == "third_party"


def test_parts_under_other_names_are_taken() -> None:
    """A gateway, a service and a worker that people named are used instead of proposed ones."""
    made = plan(design(flow={"components": {"kong": {"kind": "gateway"}, "monolith": {"kind": "service"}}}))
    assert {"kong", "monolith"} <= set(made.design.flow.components)
    assert not {"gateway", "service"} & set(made.design.flow.components)
    assert targets(made, "get_order", "call")[:2] == ["kong", "monolith"]


def test_a_saga_waits_up_to_its_pivot() -> None:
    """Payments that can refuse are waited for; the parcel that follows is not."""
    made = planned("shop")
    assert "carrier" in targets(made, "place_order", "async")
    assert "carrier" not in targets(made, "place_order", "call")
    sagas = [one for name, one in made.design.jobs.sagas.items() if (one.operation or name) == "place_order"]
    waited = {step.via for step in sagas[0].steps if step.via and step.kind != "retriable"}
    assert {target for target in targets(made, "place_order", "call") if target in ("psp", "carrier")} == waited - {
        None
    }


def test_an_asynchronous_write_waits_for_the_store_only() -> None:
    """What is done later goes through the outbox, the queue and the worker, third parties included."""
    steps = {**PLACE, "is_async": True, "steps": ["charge Payment via psp undo refund"]}
    base = with_payment()
    made = plan(
        Design.of(
            {
                "name": "later",
                "entities": {"Order": ORDER, "Payment": {"fields": {"id": "key", "order": "-> Order"}}},
                "access": {"place_order": steps},
            }
        )
    )
    assert targets(made, "place_order", "call") == ["gateway", "service", "main"]
    assert targets(made, "place_order", "async")[:2] == ["queue", "worker"]
    assert "psp" in targets(made, "place_order", "async")
    assert "psp" in targets(plan(base), "place_order", "call") + targets(plan(base), "place_order", "async")


def test_without_an_outbox_the_queue_is_on_the_path_of_the_message() -> None:
    """With the outbox the store feeds the queue, without it the service does."""
    access = {"place_order": {**PLACE, "is_async": True}}
    for use, source in ((True, "main"), (False, "service")):
        made = plan(design(access=access, patterns={"outbox": {"use": use}}))
        assert [hop.source for hop in made.design.flow.paths["place_order"].hops if hop.target == "queue"] == [source]


def test_a_third_party_named_like_a_part_gets_a_name_of_its_own() -> None:
    """A provider called 'queue' does not take the queue's place."""
    steps = {**PLACE, "steps": ["send Note via queue"]}
    note = {"fields": {"id": "key", "order": "-> Order"}}
    made = plan(design(entities={"Note": note}, access={"place_order": steps}))
    assert made.design.flow.components["queue_provider"].kind == "third_party"


def test_search_reads_the_copy_and_writes_feed_it() -> None:
    """A text search goes to the search store; a write to what it copies reaches it through the worker."""
    said = {
        "stores": {
            "main": {"engine": "postgresql", "holds": ["Order"]},
            "search": {"engine": "elasticsearch", "copies": ["Order"], "fed_by": "main"},
        }
    }
    order = {**ORDER, "fields": {**ORDER["fields"], "note": "text(2000)"}}
    made = plan(
        design(
            schema=said,
            entities={"Order": order},
            access={
                "find_orders": {
                    "reads": "Order",
                    "search": ["note"],
                    "rate": "5/s",
                    "roles": "customer",
                    "consistency": "eventual",
                }
            },
        )
    )
    assert "search" in targets(made, "find_orders", "call")
    assert "search" in targets(made, "place_order", "async")
    assert made.facts["flow.components.search.service_time"].base > made.facts["flow.components.main.service_time"].base


@pytest.mark.parametrize("name", NAMES)
def test_views_show_zones_borders_paths_and_parts(name: str) -> None:
    """The diagram frames parts by trust zone and marks what crosses a border; the tables have a row for each path and part."""
    made = planned(name)
    flow = made.design.flow
    graph = made.flow["data-flow"]
    assert isinstance(graph, Graph)
    assert graph.kind == "flow"
    assert {group.id for group in graph.groups} == set(flow.zones)
    assert {node.id for node in graph.nodes} == set(flow.components)
    for edge in graph.edges:
        assert edge.kind.endswith("-border") == (flow.components[edge.source].zone != flow.components[edge.target].zone)
    paths, parts = made.flow["flow-paths"], made.flow["components"]
    assert isinstance(paths, Table) and isinstance(parts, Table)
    assert list(paths.frame["operation"]) == list(flow.paths)
    assert list(parts.frame["component"]) == list(flow.components)
    sequences = [view for view in made.flow.views if isinstance(view, Sequence)]
    assert len(sequences) == 2
    for one in sequences:
        calls = [message for message in one.messages if message.kind == "call"]
        assert len([message for message in one.messages if message.kind == "return"]) == len(calls)
    assert len({view.name for view in made.flow.views}) == len(made.flow.views)


def test_single_points_and_only_ways_are_marked() -> None:
    """A part that runs once on a waited-for path is marked, and so are the articulation points of the diagram."""
    table = plan(design(requirements=promise(default={"availability": "98%"}))).flow["components"]
    assert isinstance(table, Table)
    rows = table.frame.set_index("component")
    assert bool(rows.loc["service", "single point of failure"]) is True
    assert rows.loc["service", "only way"] == "yes"
    assert rows.loc["service", "stops"] == len(plan(design()).design.flow.paths)


def test_no_rule_of_the_flow_fires_on_what_is_proposed() -> None:
    """A design that says nothing of its flow gets none of the flow's findings."""
    for name in ("tiny", "shortener"):
        assert not [
            one for one in planned(name).findings if one.rule.id.startswith(("flow-", "patterns-", "decisions-"))
        ], name


def test_waiting_is_what_calls_do() -> None:
    """Only calls are waited for; asynchronous hops and fallbacks are not."""
    kinds = {hop.kind: is_waited_for(hop) for path in planned("shop").design.flow.paths.values() for hop in path.hops}
    assert kinds == {"call": True, "async": False}


def test_answers_at_the_edge_stop_there() -> None:
    """A read cached over HTTP goes through a CDN, and only what it cannot answer goes on to the gateway."""
    made = plan(design(cache={"policies": {"get_order": {"use": True, "store": "http"}}}))
    assert made.design.patterns["cdn"].use is True
    path = made.design.flow.paths["get_order"]
    assert [hop.target for hop in path.hops] == ["cdn", "load_balancer", "service", "main"]
    assert made.design.flow.components["cdn"].zone == "edge"
    shares = [hop.share.base for hop in path.hops if hop.share is not None]
    assert shares[0] == 1
    if "flow.get_order.missed" in made.facts:
        assert shares[1:] == pytest.approx([made.facts["flow.get_order.missed"].base] * 3)


STRANGE: list[dict[str, Any]] = [
    {"paths": {"get_order": {"hops": [{"target": "client"}]}}},
    {"paths": {"get_order": {"hops": [{}]}}},
    {"components": {"<b>x</b>": {}}, "paths": {"get_order": {"hops": [{"source": "<b>x</b>", "target": "<b>x</b>"}]}}},
    {"paths": {"get_order": {"hops": [{"target": "gateway", "share": "100%"}, {"target": "service", "share": "0%"}]}}},
    {"components": {"service": {"replicas": 1}}},
    {"components": {"service": {"availability": "100%"}}},
    {"components": {"service": {"service_time": "1 ms..1 s"}}},
    {"components": {"service": {"service_time": "1 ns"}, "main": {"replicas": 1000000}}},
    {"components": {"main": {"kind": "cache"}, "client": {"kind": "service"}, "queue": {"kind": "client"}}},
    {"components": {"gateway": {"zone": "dmz"}, "main": {"zone": "edge"}}, "zones": {"dmz": {}}},
]


@pytest.mark.parametrize("flow", STRANGE)
def test_strange_flows_are_planned_and_shown(flow: dict[str, Any]) -> None:
    """What a person may write, however odd, is planned and drawn; it is never a traceback, and no number is not one."""
    made = plan(design(flow=flow))
    for view in made.flow.views:
        assert view.frame is not None
    for name, fact in made.facts.items():
        if name.startswith("flow."):
            assert not math.isnan(fact.base), name


def test_latency_numbers_are_shown_side_by_side() -> None:
    """The view holds both sets and says which is used."""
    table = planned("tiny").flow["latency-numbers"]
    assert isinstance(table, Table)
    assert [str(cell) for cell in table.rows[0][1:3]] == ["500 µs", "250 µs"]
    assert "yes" in str(table.rows[0][3])


def test_an_uncertain_input_gives_an_uncertain_latency() -> None:
    """The service's time is a range, so the p99 of a path has a P10 below and a P90 above its one value."""
    fact = planned("tiny").facts["flow.place_order.latency_p99"]
    low, middle, high = fact.percentiles()
    assert low < fact.value < high
    assert middle == pytest.approx(fact.value, rel=0.05)


def test_step_diagrams_never_share_a_name() -> None:
    """Operations whose names differ only in signs, or that are called 'paths', still get views of their own."""
    access = {"paths": {**READ, "rate": "9/s"}, "get_order": READ, "Paths": {**PLACE, "rate": "9/s"}}
    names = [view.name for view in plan(design(access=access)).flow.views]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\w-]+", name) for name in names)


def test_patterns_in_use_are_written_on_their_parts() -> None:
    """Service layer, repository, outbox, event sourcing, saga and breakers stand on the boxes they are in."""
    graph = planned("shop").flow["data-flow"]
    assert isinstance(graph, Graph)
    words = {node.id: {line[1] for line in node.lines} for node in graph.nodes}
    assert {"service layer", "repository"} <= words["service"]
    assert "events of Order" in words["main"]
    # the queue is a table of the store: a job is a row of the same transaction, and nothing is relayed
    assert "outbox" not in words["main"]
    assert "saga" in words["worker"]
    assert "behind a breaker" in words["psp"]
    refused = plan(design(patterns={"repository": {"use": False}, "service_layer": {"use": False}})).flow["data-flow"]
    assert isinstance(refused, Graph)
    assert not {"service layer", "repository"} & {line[1] for node in refused.nodes for line in node.lines}


@pytest.mark.parametrize(("field", "value"), [("replicas", 0), ("availability", "99.9"), ("service_time", "-1 ms")])
def test_impossible_numbers_are_refused(field: str, value: Any) -> None:
    """A part has an instance, works for some time, and works a share of the time: anything else is an error with its path."""
    with pytest.raises(InputError, match=rf"flow\.components\.service\.{field}: "):
        design(flow={"components": {"service": {field: value}}})


def test_a_zone_is_made_where_something_stands_in_it_or_somebody_says_it() -> None:
    """No zone stands empty unless it was said."""
    flow = {"zones": {"lobby": {"trust": 1}}, "components": {"identity": {"kind": "identity", "zone": "private"}}}
    made = plan(Design.of({"entities": {"Note": {"fields": {"id": "key"}}}, "flow": flow}))
    used = {one.zone for one in made.design.flow.components.values()}
    assert "external" not in used
    assert set(made.design.flow.zones) == used | {"lobby"}
