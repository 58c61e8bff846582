"""The running parts: what kinds there are, where they stand, and which of them this design needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import get_args

from archnb.design.flow import Component, Kind, Zone
from archnb.design.record import Named
from archnb.engines import find_engine, propose_engine
from archnb.model.caches import engine_of_cache, is_shared_cache
from archnb.topics.topic import Because, Draft

ZONES: dict[str, tuple[str, int, str]] = {
    "internet": ("Internet", 0, "anybody may send anything from there"),
    "edge": ("Edge", 1, "it faces the internet, so it checks what comes in and holds no data"),
    "private": ("Private network", 2, "only the edge reaches it, and it runs our code"),
    "data": ("Data network", 3, "only our services reach it; all that must not leak is there"),
    "external": ("Others' systems", 1, "others run it; bound by contract, not by our control"),
}
ZONE_OF: dict[str, str] = {
    "client": "internet", "gateway": "edge", "service": "private", "worker": "private", "cache": "data", "store": "data",
    "queue": "data", "third_party": "external", "identity": "external",
}  # fmt: skip
WHY_THERE: dict[str, str] = {
    "client": "it runs where the user is", "gateway": "it is the only part that the internet reaches",
    "service": "it is reached through the edge only", "worker": "nobody calls it; it takes its work from the queue",
    "cache": "it holds copies of data", "store": "it holds the data", "queue": "its messages carry data",
    "third_party": "others run it", "identity": "it is bought, not built: passwords stay with those whose trade it is",
}  # fmt: skip
LABELS = {
    "client": "Clients",
    "gateway": "API gateway",
    "service": "Service",
    "cache": "Cache",
    "queue": "Queue",
    "worker": "Worker",
}
# parts that a path may go through though nothing else asks for them: what they are is in their name
GATEWAYS = ("cdn", "load_balancer", "waf", "proxy")
CONVENTIONAL: tuple[str, ...] = (*get_args(Kind), *GATEWAYS)
OWN: tuple[str, ...] = ("gateway", "service", "cache", "store", "queue", "worker")


@dataclass
class Parts:
    """The names of the parts that requests travel through; what the design does not have is None."""

    client: str = "client"
    cdn: str | None = None
    gateway: str | None = None
    services: dict[str, str] = field(default_factory=dict)
    cache: str | None = None
    stores: tuple[str, ...] = ("main",)
    queue: str | None = None
    worker: str | None = None
    identity: str | None = None
    third: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, tuple[str, Kind]] = field(default_factory=dict)

    def service_of(self, domain: str | None) -> str:
        """The service that a domain's operations are in."""
        return self.services.get(domain or "") or next(iter(self.services.values()))


def slug(text: str) -> str:
    """A name as part of a component's name: 'Order taking' is 'order_taking'."""
    return re.sub(r"\W+", "_", text).strip("_").lower() or "core"


def title(name: str) -> str:
    """A component's name as people read it."""
    text = name.replace("_", " ").replace("-", " ")
    return text[:1].upper() + text[1:]


def infer_kind(draft: Draft, name: str) -> Kind:
    """The kind of a part that people named without saying what it is."""
    if name in draft.design.schema.stores:
        return "store"
    if name in get_args(Kind):
        return name  # type: ignore[return-value]
    if name in GATEWAYS:
        return "gateway"
    return "service" if name.endswith("service") else "third_party"


def find_parts(draft: Draft) -> Parts:
    """Which parts this design needs, each with its reason: those that people named, then what patterns and sections ask for."""
    design, patterns = draft.design, draft.design.patterns
    said = {name: one.kind or infer_kind(draft, name) for name, one in design.flow.components.items()}

    def named(kind: Kind) -> str | None:
        return next((name for name, one in said.items() if one == kind and name not in ("cdn", "waf")), None)

    def uses(pattern: str) -> bool:
        return pattern in patterns and bool(patterns[pattern].use)

    parts = Parts(client=named("client") or "client", stores=tuple(design.schema.stores) or ("main",))
    taken = {*said, *parts.stores, "client", "gateway", "service", "cache", "queue", "worker", "identity"}

    def need(name: str, kind: Kind, why: str) -> str:
        parts.reasons.setdefault(name, (why, kind))
        return name

    need(parts.client, "client", "the programs that people use")
    if uses("cdn") or "cdn" in said:
        parts.cdn = need("cdn", "gateway", "some answers may be given at the edge")
    if uses("api_gateway") or named("gateway"):
        parts.gateway = need(named("gateway") or "gateway", "gateway", "the pattern api_gateway is used")
    else:
        parts.gateway = need(
            "load_balancer", "gateway", "without a gateway, something must still share requests between instances"
        )
    _find_services(draft, parts, [name for name, kind in said.items() if kind == "service"], need)
    policies = design.cache.policies.values()
    is_shared = any(one.use and is_shared_cache(one.store) for one in policies)
    if named("cache") or (is_shared and design.cache.engine != "none"):
        parts.cache = need(named("cache") or "cache", "cache", "some reads are kept in a shared cache")
    for name in parts.stores:
        store = design.schema.stores.get(name)
        need(
            name,
            "store",
            f"the schema has this store{': ' + store.purpose if store is not None and store.purpose else ''}",
        )
    if uses("queue") or named("queue"):
        parts.queue = need(
            named("queue") or "queue", "queue", "the pattern queue is used: work is done after the answer"
        )
    if parts.queue or design.jobs.jobs or named("worker"):
        parts.worker = need(
            named("worker") or "worker", "worker", "work that is not waited for needs somebody who does it"
        )
    roles = {role for one in design.access.values() for role in one.roles}
    if roles - {"public"} or design.auth.provider or named("identity"):
        parts.identity = need(named("identity") or "identity", "identity", "some operations need to know who is asking")
    for via in _list_third_parties(draft):
        name = via if via in said or via not in taken else f"{via}_provider"
        parts.third[via] = need(name, "third_party", "a step or a job calls it")
    return parts


def _find_services(draft: Draft, parts: Parts, said: list[str], need: object) -> None:
    assert callable(need)
    design = draft.design
    domains = list(dict.fromkeys(entity.domain for entity in design.entities.values() if entity.domain))
    split = design.patterns.get("service_split")
    if said:
        for domain in domains:
            match = next((name for name in said if slug(domain) in slug(name) or slug(name) in slug(domain)), said[0])
            parts.services[domain] = match
        parts.services.setdefault("", said[0])
    elif split is not None and split.use and len(domains) > 1:
        for domain in domains:
            parts.services[domain] = need(
                f"{slug(domain)}_service", "service", f"the team is large enough for a service of its own for {domain}"
            )
    else:
        parts.services[""] = need(
            "service", "service", "one service with modules by domain, until teams of their own stand behind them"
        )


def _list_third_parties(draft: Draft) -> Iterable[str]:
    found: dict[str, None] = {}
    for one in draft.design.access.values():
        found |= dict.fromkeys(step.via for step in one.steps if step.via)
    for job in draft.design.jobs.jobs.values():
        found |= dict.fromkeys(job.calls)
    for saga in draft.design.jobs.sagas.values():
        found |= dict.fromkeys(step.via for step in saga.steps if step.via)
    return found


def fill_components(draft: Draft, parts: Parts, named: Iterable[str]) -> Named[Component]:
    """Every part with kind, label, zone, engine and technology; `named` are those that only a said path names."""
    made: dict[str, Component] = {}
    said = draft.design.flow.components
    for name in dict.fromkeys((*parts.reasons, *said, *named)):
        why, kind = parts.reasons.get(name, ("a path in the design goes through it", infer_kind(draft, name)))
        one = said.get(name, Component())
        kind = one.kind or kind
        path = f"flow.components.{name}"
        if name not in said:
            draft.note(path, why)
        engine = _find_engine(draft, name, kind)
        made[name] = draft.fill(
            path, one, kind=Because(kind, why),
            label=Because(_label(draft, name, kind), "its name, as people read it"),
            zone=Because(ZONE_OF[kind], WHY_THERE[kind]),
            engine=engine,
            technology=_technology(draft, name, kind, engine._replace(value=one.engine or engine.value)),
        )  # fmt: skip
    return Named(made)


def _label(draft: Draft, name: str, kind: str) -> str:
    if kind == "store":
        return f"{title(name)} store"
    if kind == "identity":
        return title(draft.design.auth.provider or "identity provider")
    if name == "cdn":
        return "CDN"
    return LABELS[kind] if name == kind and kind in LABELS else title(name)


def _find_engine(draft: Draft, name: str, kind: str) -> Because:
    """The engine of a store, cache or queue, as its own section has it; nothing for what is none of these."""
    design = draft.design
    if kind == "store":
        store = design.schema.stores.get(name)
        reason = "as the schema has it" if store is not None else "relational by default"
        return Because(draft.model.places.engine(name).name, reason)
    if kind == "cache":
        return Because(engine_of_cache(design.cache).name, "as the caching section has it")
    if kind == "queue":
        queues = draft.model.queues
        if queues.main is not None:
            engine = queues.engine.name if queues.engine is not None else None
            return Because(engine, "as the jobs section has it")
        main = draft.model.places.main_engine
        able = main.queueing is not None and main.queueing.in_transaction
        return Because(
            main.name if able else propose_engine("queue").name,
            "the store we have can be the queue until its rate says otherwise" if able else f"{main.label} is no queue",
        )
    return Because(None, "")


def _technology(draft: Draft, name: str, kind: str, engine: Because) -> Because:
    """What a part is built with, in words: of a store, cache or queue, what its engine is called."""
    if kind in ("store", "cache", "queue"):
        found, queues = find_engine(engine.value), draft.model.queues
        label = found.label if found is not None else None
        if kind == "queue" and queues.main is not None and queues.engine == found:
            label = queues.technology or label
        elif kind == "queue" and found is not None and found.queueing is not None:
            label = found.queueing.label
        return engine._replace(value=label)
    return {
        "client": Because("browser and mobile apps", "nothing else is said"),
        "gateway": Because(
            "CDN" if name == "cdn" else "managed gateway" if name != "load_balancer" else "managed load balancer",
            "not worth running oneself",
        ),
        "service": Because("stateless process", "it keeps nothing between requests, so any instance may answer"),
        "worker": Because("stateless process", "it keeps nothing between messages, so any instance may take one"),
        "identity": Because("OpenID Connect", "users sign in by the authorisation code flow with PKCE"),
    }.get(kind, Because("HTTPS API", "how others' systems are usually reached"))


def fill_zones(draft: Draft, components: Named[Component]) -> Named[Zone]:
    """The trust zones in which parts stand, and those that were said."""
    said = draft.design.flow.zones
    used = dict.fromkeys(one.zone for one in components.values() if one.zone)
    order = [name for name in ZONES if name in used or name in said]
    made: dict[str, Zone] = {}
    for name in dict.fromkeys((*order, *said, *used)):
        label, trust, why = ZONES.get(name, (title(name), 2, "a zone of our own that the design names"))
        if name not in said:
            draft.note(f"flow.zones.{name}", why)
        made[name] = draft.fill(
            f"flow.zones.{name}",
            said.get(name, Zone()),
            label=Because(label, "its name, as people read it"),
            trust=Because(trust, why),
        )
    return Named(made)
