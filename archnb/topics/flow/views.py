"""What there is to be seen of the flow: the diagram with its trust zones, and the tables behind it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from collections.abc import Sequence as Many

from archnb.design.flow import Component, Hop
from archnb.engines import find_engine
from archnb.fact import Key
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.flow import (
    COMPONENT_AFTER_LOSS,
    COMPONENT_AVAILABLE,
    COMPONENT_RATE,
    COMPONENT_REPLICAS,
    COMPONENT_UTILISATION,
    COMPONENT_WAIT,
    LATENCY_CLASSIC,
    LATENCY_NAPKIN,
    OPERATION_AVAILABILITY,
    OPERATION_LATENCY,
    OPERATION_P50,
    OPERATION_P95,
    OPERATION_P99,
)
from archnb.quantity import PERCENT, number, show
from archnb.shapes import AnyShape, Cell, Edge, Graph, Group, Message, Node, Participant, Sequence, Table
from archnb.topics.flow.budgets import list_budgets
from archnb.topics.flow.components import OWN
from archnb.topics.flow.paths import find_serial_parts, is_waited_for
from archnb.topics.topic import Draft

PERCENTILES = (
    ("latency_p50", OPERATION_P50, "p50"), ("latency_p95", OPERATION_P95, "p95"), ("latency_p99", OPERATION_P99, "p99"),
)  # fmt: skip


def views(draft: Draft) -> Many[AnyShape]:
    """All views of the flow, in reading order."""
    return (
        draw_flow(draft),
        list_paths(draft),
        list_budgets(draft),
        list_components(draft),
        list_border_crossings(draft),
        *draw_sequences(draft),
        list_latencies(draft),
    )


def name_protocol(source: Component, target: Component) -> str:
    """How two parts speak: what the callee's engine speaks, HTTPS from outside and to others."""
    if source.kind == "client" or target.kind in ("third_party", "identity"):
        return "HTTPS"
    if source.kind == "queue":
        # workers fetch, so the arrow of the data points the other way than that of the connection
        return "fetch, TLS"
    engine = find_engine(target.engine)
    if engine is not None and engine.protocol:
        return engine.protocol
    return "HTTP/2, mTLS" if target.kind in ("service", "gateway") else "TLS"


def sum_edges(draft: Draft) -> dict[tuple[str, str], tuple[float, bool]]:
    """The hops of all paths by their two ends: requests per second at the peak, and whether any of them is waited for."""
    found: dict[tuple[str, str], tuple[float, bool]] = {}
    for name, path in draft.design.flow.paths.items():
        rate = PATTERN_RATE.of(name)
        base = draft.facts[rate].to("/s") if rate in draft.facts else 0.0
        for hop in path.hops:
            if hop.source and hop.target:
                before, waited = found.get((hop.source, hop.target), (0.0, False))
                share = hop.share.base if hop.share is not None else 1.0
                found[hop.source, hop.target] = (before + base * share, waited or is_waited_for(hop))
    return found


def crosses_border(draft: Draft, source: str, target: str) -> bool:
    """Whether a call goes from one trust zone into another."""
    components = draft.design.flow.components
    return components[source].zone != components[target].zone


def draw_flow(draft: Draft) -> Graph:
    """The data-flow diagram: parts in their trust zones, calls with protocol and peak rate; border crossings are marked."""
    flow, facts = draft.design.flow, draft.facts
    nodes, edges = [], []
    for name, one in flow.components.items():
        lines = [("", one.technology, "")] if one.technology else []
        if one.kind in OWN and one.replicas:
            lines.append(("", f"{one.replicas} ×", facts[COMPONENT_RATE.of(name)].text))
        lines += [("", mark, "") for mark in list_pattern_marks(draft, name)]
        nodes.append(
            Node(
                name,
                one.label or name,
                kind=one.kind or "service",
                group=one.zone or "",
                lines=tuple(lines),
                fact=COMPONENT_RATE.of(name),
            )
        )
    for (source, target), (rate, waited) in sum_edges(draft).items():
        protocol = name_protocol(flow.components[source], flow.components[target])
        kind = ("call" if waited else "async") + ("-border" if crosses_border(draft, source, target) else "")
        edges.append(Edge(source, target, f"{protocol} · {number(rate)}/s", kind=kind))
    edges += list_sign_in_edges(draft)
    groups = tuple(
        Group(name, f"{zone.label or name} (trust {zone.trust})", kind="zone") for name, zone in flow.zones.items()
    )
    return Graph(
        "data-flow", "Data flow", tuple(nodes), tuple(edges), groups=groups, kind="flow", direction="LR",
        description="Every part in its trust zone; each arrow has its protocol and its requests per second at the peak. Dashed arrows are not waited for; arrows between frames cross a trust border and are checked there.",
    )  # fmt: skip


def list_pattern_marks(draft: Draft, name: str) -> list[str]:
    """The patterns in use that are to be seen inside a part, as words on its box."""
    design = draft.design
    one = design.flow.components[name]
    store = design.schema.stores.get(name)
    is_source = one.kind == "store" and (store is None or not store.copies) and name == draft.model.places.main
    kept = [entity for entity, said in design.entities.items() if said.history]
    where = {
        "service_layer": one.kind == "service", "repository": one.kind == "service", "saga": one.kind == "worker",
        "outbox": is_source, "event_sourcing": is_source, "cqrs": store is not None and bool(store.copies),
        "circuit_breaker": one.kind == "third_party", "cache_layer": one.kind == "cache",
    }  # fmt: skip
    words = {
        "service_layer": "service layer", "repository": "repository", "saga": "saga", "outbox": "outbox",
        "event_sourcing": f"events of {', '.join(kept[:2])}" if kept else "events", "cqrs": "read model",
        "circuit_breaker": "behind a breaker", "cache_layer": "cache-aside",
    }  # fmt: skip
    return [
        words[pattern]
        for pattern, is_here in where.items()
        if is_here and pattern in design.patterns and design.patterns[pattern].use
    ]


def list_sign_in_edges(draft: Draft) -> list[Edge]:
    """Signing in and fetching the keys that tokens are checked with: rare, so on no operation's path, yet across borders."""
    components = draft.design.flow.components
    identity = next((name for name, one in components.items() if one.kind == "identity"), None)
    client = next((name for name, one in components.items() if one.kind == "client"), None)
    checker = next((name for name, one in components.items() if one.kind == "gateway" and name != "cdn"), None)
    if identity is None:
        return []
    made = [Edge(client, identity, "HTTPS · sign in", kind="call-border")] if client else []
    return [*made, Edge(checker, identity, "HTTPS · keys, cached", kind="call-border")] if checker else made


def describe_path(draft: Draft, hops: tuple[Hop, ...]) -> str:
    """A path in one line: what is waited for with →, shares in brackets, what comes later after a semicolon."""
    waited = [hop for hop in hops if is_waited_for(hop)]
    later = [hop for hop in hops if not is_waited_for(hop)]
    text, at = "", None
    for hop in waited:
        share = f" ({show(hop.share.value, hop.share.unit)})" if hop.share is not None and hop.share.base != 1 else ""
        text += (
            f" → {hop.target}{share}"
            if hop.source == at
            else f"{', ' if text else ''}{hop.source} → {hop.target}{share}"
        )
        at = hop.target
    ends = list(dict.fromkeys(f"{hop.source} → {hop.target}" for hop in later))
    return text + (f"; later: {', '.join(ends)}" if ends else "")


def list_paths(draft: Draft) -> Table:
    """The table of paths, with availability and the percentiles of the latency against what is promised."""
    facts, rows = draft.facts, []
    for name, path in draft.design.flow.paths.items():
        objective = draft.design.requirements.objectives.get(name) or draft.design.requirements.objectives.get(
            "default"
        )
        up = objective.availability if objective is not None else None
        promised = {word: getattr(objective, field, None) for field, _, word in PERCENTILES}
        available, mean = OPERATION_AVAILABILITY.of(name), OPERATION_LATENCY.of(name)
        rows.append((
            Cell(name, is_code=True), describe_path(draft, path.hops),
            _judge(draft, available, up.base if up is not None else None, is_lower_good=False),
            show(up.base * 100, PERCENT) if up is not None else "",
            facts[mean].cell if mean in facts else "",
            *(_judge(draft, family.of(name), limit.base if (limit := promised[word]) is not None else None) for _, family, word in PERCENTILES),
            ", ".join(f"{word} {limit}" for word, limit in promised.items() if limit is not None),
        ))  # fmt: skip
    columns = ("operation", "path", "availability", "promised", "mean", "p50", "p95", "p99", "promised times")
    return Table(
        "flow-paths", "Paths", columns, tuple(rows), anchors=tuple(f"path-{name}" for name in draft.design.flow.paths),
        description="Estimates before anything is built: what is waited for, its availability and its time at the border, queueing included, against what is promised.",
    )  # fmt: skip


def _chance(draft: Draft, fact: Key) -> Cell | str:
    """In which share of what is believed a part has more work than it can do, the decisions held; '' where all is certain."""
    if fact not in draft.facts or not draft.facts[fact].is_uncertain():
        return ""
    share = float((draft.facts[fact].samples() >= 100).mean())
    return Cell(share, show(share * 100, PERCENT), tone="danger" if share > 0.5 else "warning" if share >= 0.05 else "")


def _judge(draft: Draft, fact: Key, limit: float | None, *, is_lower_good: bool = True) -> Cell | str:
    """A fact's cell, marked by whether it keeps a limit."""
    if fact not in draft.facts:
        return ""
    found = draft.facts[fact]
    if limit is None:
        return found.cell
    is_bad = found.base > limit if is_lower_good else found.base < limit
    return dataclasses.replace(found.cell, tone="danger" if is_bad else "good")


def count_stopped(draft: Draft) -> dict[str, int]:
    """For each part, how many operations stop with it."""
    found: dict[str, int] = {}
    for path in draft.design.flow.paths.values():
        for target, _ in find_serial_parts(draft.design.flow.components, path):
            found[target] = found.get(target, 0) + 1
    return found


def find_articulations(draft: Draft) -> set[str]:
    """The parts whose removal cuts the diagram into pieces (articulation points of the undirected graph)."""
    import networkx

    graph: networkx.Graph[str] = networkx.Graph()
    graph.add_nodes_from(draft.design.flow.components)
    graph.add_edges_from((source, target) for source, target in sum_edges(draft) if source != target)
    return set(networkx.articulation_points(graph))


def list_components(draft: Draft) -> Table:
    """The table of parts: load, replicas, availability, and whether one of them alone can stop the system."""
    facts, rows = draft.facts, []
    stopped, cuts = count_stopped(draft), find_articulations(draft)
    for name, one in draft.design.flow.components.items():
        lone = one.kind in OWN and one.replicas == 1 and stopped.get(name, 0) > 0
        verdict = (
            "yes: one instance"
            if lone
            else ""
            if one.kind not in OWN
            else "no: " + (f"{one.replicas} replicas" if stopped.get(name) else "nothing waits for it alone")
        )
        busy, available = COMPONENT_UTILISATION.of(name), COMPONENT_AVAILABLE.of(name)
        rows.append((
            Cell(name, is_code=True), one.kind, one.zone, one.technology or "", facts[COMPONENT_RATE.of(name)].cell,
            facts[COMPONENT_REPLICAS.of(name)].cell if COMPONENT_REPLICAS.of(name) in facts and one.kind in OWN else "",
            _judge(draft, busy, 1.0), _chance(draft, busy), _judge(draft, COMPONENT_AFTER_LOSS.of(name), 1.0), facts[wait].cell if (wait := COMPONENT_WAIT.of(name)) in facts else "",
            facts[available].cell if available in facts else "",
            stopped.get(name, 0), Cell(lone, verdict, tone="danger" if lone else "") if verdict else "", "yes" if name in cuts else "",
        ))  # fmt: skip
    columns = (
        "component",
        "kind",
        "zone",
        "technology",
        "peak rate",
        "replicas",
        "use of cores",
        "too busy",
        "less one",
        "mean wait",
        "availability",
        "stops",
        "single point of failure",
        "only way",
    )
    return Table(
        "components", "Components", columns, tuple(rows), anchors=tuple(f"component-{name}" for name in draft.design.flow.components),
        description="Too busy: the chance of it, today. Less one: the use of cores when one instance is away. Stops: how many operations stop with it. A part is a single point of failure where one instance of it stands alone on a path that is waited for; 'only way' are the articulation points of the diagram.",
    )  # fmt: skip


CHECKS = {
    ("internet", "edge"): "TLS ends here; token, rate limit and size are checked",
    ("edge", "private"): "mutual TLS; the token's claims go along, nothing else of the caller is believed",
    ("private", "data"): "a login of its own per service with the least rights; parameters, never pasted text",
    ("data", "private"): "the message's form is checked before it is worked on",
    ("private", "external"): "an allow-list of addresses; secrets from the vault; only the fields that are needed",
    ("internet", "external"): "the identity provider's own sign-in page; PKCE",
    ("edge", "external"): "keys are fetched over TLS and cached",
    ("internet", "private"): "nothing stands between: token, rate limit and size must be checked in the service itself",
    ("internet", "data"): "nothing stands between: this must not be",
}


def list_border_crossings(draft: Draft) -> Table:
    """The table of calls that cross a trust border, and what is checked there."""
    flow, rows = draft.design.flow, []
    ends = [*sum_edges(draft), *((edge.source, edge.target) for edge in list_sign_in_edges(draft))]
    for source, target in dict.fromkeys(ends):
        if crosses_border(draft, source, target):
            left, right = flow.components[source].zone or "", flow.components[target].zone or ""
            check = CHECKS.get((left, right), "identity of the caller, form and size of what is sent")
            rows.append(
                (
                    f"{left} → {right}",
                    Cell(f"{source} → {target}", is_code=True),
                    name_protocol(flow.components[source], flow.components[target]),
                    check,
                )
            )
    rows.sort(key=lambda row: str(row[0]))
    return Table(
        "trust-borders", "Trust borders", ("border", "call", "protocol", "what is checked there"), tuple(rows),
        description="Every call that leaves one trust zone for another.",
    )  # fmt: skip


def list_latencies(draft: Draft) -> Table:
    """The two dated sets of latency numbers side by side, and which one is used."""
    facts, rows = draft.facts, []
    for name, what in (
        ("round_trip", "a round trip inside one datacentre"),
        ("memory", "1 MB from memory"),
        ("disk", "1 MB from a solid-state disk"),
    ):
        classic, napkin = facts[LATENCY_CLASSIC.of(name)], facts[LATENCY_NAPKIN.of(name)]
        used = "yes: the newer one" if name == "round_trip" else "no: no path reads that much at once"
        rows.append((what, classic.cell, napkin.cell, used))
    return Table(
        "latency-numbers", "Latency numbers", ("what", "classic, about 2012", "napkin-math, in part March 2026", "used in the paths"), tuple(rows),
        description="Published figures, both sets as they stand; the round trip of the newer one is between any two of our parts.",
    )  # fmt: skip


def choose_shown(draft: Draft) -> Iterator[str]:
    """The operations worth a diagram of their own: the busiest read, and the write with the most steps."""
    access, facts = draft.design.access, draft.facts

    def rate(name: str) -> float:
        fact = PATTERN_RATE.of(name)
        return facts[fact].base if fact in facts else 0.0

    reads = [name for name in draft.design.flow.paths if name in access and access[name].reads]
    writes = [name for name in draft.design.flow.paths if name in access and access[name].writes]
    if reads:
        yield max(reads, key=rate)
    if writes:
        yield max(writes, key=lambda name: (len(access[name].steps), rate(name)))


def draw_sequences(draft: Draft) -> Iterator[Sequence]:
    """The chosen operations step by step."""
    taken = {"flow-paths"}
    for name in choose_shown(draft):
        view = "flow-" + (re.sub(r"\W+|_", "-", name).strip("-").lower() or "operation")
        while view in taken:
            view += "-steps"
        taken.add(view)
        yield draw_sequence(draft, name, view)


def draw_sequence(draft: Draft, name: str, view: str) -> Sequence:
    """One operation step by step: calls, what comes back, and what is done after the answer."""
    flow = draft.design.flow
    hops = [hop for hop in flow.paths[name].hops if hop.source and hop.target]
    ends = list(dict.fromkeys(end for hop in hops for end in (hop.source, hop.target) if end))
    participants = tuple(
        Participant(end, flow.components[end].label or end, kind=flow.components[end].kind or "service") for end in ends
    )
    messages: list[Message] = []
    open_calls: list[Hop] = []

    def close(until: str | None) -> None:
        while open_calls and open_calls[-1].target != until:
            done = open_calls.pop()
            messages.append(Message(done.target or "", done.source or "", "answer", kind="return"))

    for hop in hops:
        share = (
            f" ({show(hop.share.value, hop.share.unit)} of requests)"
            if hop.share is not None and hop.share.base != 1
            else ""
        )
        if is_waited_for(hop):
            close(hop.source)
            messages.append(Message(hop.source or "", hop.target or "", f"{hop.label}{share}"))
            open_calls.append(hop)
        else:
            close(None)
            messages.append(Message(hop.source or "", hop.target or "", f"{hop.label}{share}", kind="async"))
    close(None)
    return Sequence(
        view, f"How {name} travels", participants, tuple(messages),
        description="Solid arrows are waited for; open ones are not, and come after the answer.",
    )  # fmt: skip
