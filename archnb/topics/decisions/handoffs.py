"""Briefs for five colleagues: what each needs from this very design, in numbers and names, and what is still open."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archnb.design.decisions import Decision, Handoff
from archnb.design.record import Named
from archnb.fact.keys.cache import CACHE_HIT_RATIO, CACHE_MEMORY
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.fact.keys.flow import (
    COMPONENT_RATE,
    COMPONENT_UTILISATION,
    KIND_TIME,
    KIND_UP,
    OPERATION_AVAILABILITY,
    OPERATION_LATENCY,
    OPERATION_P99,
)
from archnb.fact.keys.load import AVERAGE_REQUESTS, PEAK_REQUESTS, STORAGE
from archnb.fact.keys.schema import SCHEMA_SIZE
from archnb.quantity import show
from archnb.topics.decisions.records import join, show_fact, show_quantity
from archnb.topics.topic import Because, Draft

ROLES = ("system_architect", "security_engineer", "performance_engineer", "frontend_architect", "tech_stack_researcher")

Lines = Iterator[str]


def fill_handoffs(draft: Draft, records: Named[Decision]) -> Named[Handoff]:
    """A brief for every role; what was said of one stays."""
    said = draft.design.decisions.handoffs
    makers: dict[str, tuple[Callable[..., Lines], Callable[..., Lines]]] = {
        "system_architect": (list_architect_needs, ask_architect),
        "security_engineer": (list_security_needs, ask_security),
        "performance_engineer": (list_performance_needs, ask_performance),
        "frontend_architect": (list_frontend_needs, ask_frontend),
        "tech_stack_researcher": (list_stack_needs, ask_stack),
    }
    made: dict[str, Handoff] = {}
    for role, (needs, questions) in makers.items():
        path = f"decisions.handoffs.{role}"
        if role not in said:
            draft.note(path, "every design is handed to the five who go on with it")
        made[role] = draft.fill(
            path, said.get(role, Handoff()), needs=Because(tuple(needs(draft, records)), "what this role works from, as it stands in the design"),
            questions=Because(tuple(questions(draft, records)), "what was proposed rather than said, and what is uncertain"),
        )  # fmt: skip
    for role, one in said.items():
        made.setdefault(role, one)
    return Named(made)


def list_personal(draft: Draft) -> dict[str, list[str]]:
    """The personal fields of each entity."""
    found = {name: list(draft.model.people.list_personal(name)) for name in draft.design.entities}
    return {name: fields for name, fields in found.items() if fields}


def list_secret(draft: Draft) -> list[str]:
    """The secret fields, as Entity.field."""
    return [
        f"{name}.{field}"
        for name, entity in draft.design.entities.items()
        for field, one in entity.fields.items()
        if one.secret
    ]


def list_unsaid_load(draft: Draft) -> list[str]:
    """The load's inputs that nobody said."""
    names = ("daily_users", "requests_per_user", "peak_factor", "read_share", "growth", "retention")
    load = draft.design.requirements.load
    return [
        f"{name} ({getattr(load, name)})"
        for name in names
        if getattr(load, name) is not None and not draft.is_said(f"requirements.load.{name}")
    ]


def find_widest(draft: Draft, count: int = 3) -> list[str]:
    """The given facts with the widest ranges, as 'name (low to high)'."""
    found = []
    for name, fact in draft.facts.items():
        given = fact.given
        if given is not None and given.is_range and given.low > 0:
            found.append(
                (given.high / given.low, f"{name} ({show(given.low, given.unit)} to {show(given.high, given.unit)})")
            )
    return [text for _, text in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:count]]


def _components(draft: Draft, *kinds: str) -> list[str]:
    return [name for name, one in draft.design.flow.components.items() if one.kind in kinds]


def _proposed(records: Named[Decision], *prefixes: str) -> list[str]:
    return [
        one.title or name
        for name, one in records.items()
        if one.status == "proposed" and (not prefixes or name.startswith(prefixes))
    ]


def list_architect_needs(draft: Draft, records: Named[Decision]) -> Lines:
    """Parts, paths, load, objectives, recovery."""
    design, facts = draft.design, draft.facts
    yield f"Parts: {join(_components(draft, 'gateway', 'service', 'cache', 'store', 'queue', 'worker'), 12)}; third parties: {join(_components(draft, 'third_party', 'identity'), 8) or 'none'}."
    yield f"Load: {show_fact(draft, AVERAGE_REQUESTS)} on average, {show_fact(draft, PEAK_REQUESTS)} at the peak, growing by {show_quantity(design.requirements.load.growth)}; {show_fact(draft, STORAGE)} over the retention."
    tight = sorted(
        ((facts[OPERATION_AVAILABILITY.of(name)].base - one.availability.base, name, one.availability) for name, one in design.requirements.objectives.items() if one.availability is not None and OPERATION_AVAILABILITY.of(name) in facts),
        key=lambda row: (row[0], row[1]),
    )  # fmt: skip
    for slack, name, promised in tight[:3]:
        got = facts[OPERATION_AVAILABILITY.of(name)].text
        yield f"Availability of {name}: {got} from its parts, {promised} promised ({'below' if slack < 0 else 'above'} it by {show(abs(slack) * 100, facts[OPERATION_AVAILABILITY.of(name)].unit)})."
    recovery = design.requirements.recovery
    yield f"Recovery: at most {show_quantity(recovery.rpo)} of data lost (RPO), back within {show_quantity(recovery.rto)} (RTO), in {design.requirements.regions or 1} region{'s' if (design.requirements.regions or 1) > 1 else ''}."
    used = [name for name, one in design.patterns.items() if one.use]
    yield f"Patterns in use: {join(used, 14) or 'none'}."
    spans = [name for name, one in design.access.items() if any(step.via for step in one.steps)]
    if spans:
        yield f"Writes that leave our own stores: {join(spans)}."


def ask_architect(draft: Draft, records: Named[Decision]) -> Lines:
    """Proposed decisions, unsaid load, team, regions."""
    requirements = draft.said.requirements
    for title in _proposed(records, "store_", "service_split", "saga", "queue_")[:5]:
        yield f"'{title}' is proposed; is it accepted?"
    if requirements.team_size is None:
        yield f"The size of the team is not said ({draft.design.requirements.team_size or 1} is assumed); it decides whether services are split."
    if requirements.recovery.rpo is None or requirements.recovery.rto is None:
        yield "RPO and RTO are not said in full; they decide on standbys and backups."
    if requirements.regions is None:
        yield "Is one region enough? A second one changes consistency, cost and recovery."
    unsaid = list_unsaid_load(draft)
    if unsaid:
        yield f"Assumed of the load, to be confirmed: {join(unsaid, 6)}."


def list_security_needs(draft: Draft, records: Named[Decision]) -> Lines:
    """Personal data and where it goes, roles, tokens, borders, third parties."""
    design = draft.design
    personal = list_personal(draft)
    for name, fields in personal.items():
        home = draft.model.places.find_said_home(name)
        homes = [*([home] if home else []), *draft.model.places.list_copies(name)]
        reads = list(draft.model.touches.list_reading(name))
        cached = [one for one in reads if one in design.cache.policies and design.cache.policies[one].use]
        yield (
            f"Personal data in {name}: {join(fields, 8)}; kept in {join(homes) or 'main'}, read by {join(reads) or 'nothing'}"
            + (f", cached for {join(cached)}." if cached else ", not cached.")
        )
    secret = list_secret(draft)
    if secret:
        yield f"Secret fields: {join(secret, 8)}; never in answers, logs or caches."
    roles = dict.fromkeys((*design.auth.roles, *(role for one in design.access.values() for role in one.roles)))
    public = [name for name, one in design.access.items() if "public" in one.roles]
    yield f"Roles: {join(list(roles), 10) or 'none'}. Open to everybody: {join(public, 8) or 'nothing'}."
    yield f"Tokens: {design.auth.token_format or 'jwt'}, access for {show_quantity(design.auth.access_token_ttl)}, refresh for {show_quantity(design.auth.refresh_token_ttl)}, session up to {show_quantity(design.auth.session_ttl)}."
    zones = {name: zone.trust for name, zone in design.flow.zones.items()}
    yield f"Trust zones: {', '.join(f'{name} ({trust})' for name, trust in zones.items()) or 'none'}; the table of trust borders lists every call that crosses one."
    third = _components(draft, "third_party")
    if third:
        yield f"Third parties that receive data: {join(third, 8)}."
    yield f"Bound by: {join(list(design.requirements.compliance), 8) or 'nothing that was said'}."


def ask_security(draft: Draft, records: Named[Decision]) -> Lines:
    """Compliance, contracts, privileged roles, unsaid token lifetimes."""
    design, said = draft.design, draft.said
    if list_personal(draft) and not said.requirements.compliance:
        yield f"{join(list(list_personal(draft)), 4)} carry personal data and no compliance is said; does GDPR apply?"
    for name in _components(draft, "third_party")[:4]:
        yield f"Which fields does {name} receive, and is there a contract for processing them?"
    if not draft.is_said("auth.access_token_ttl"):
        yield f"An access token is good for {show_quantity(design.auth.access_token_ttl)}, which is proposed; how soon must a taken right stop working?"
    strong = [
        name
        for name, role in design.auth.roles.items()
        if role.needs_mfa and not draft.is_said(f"auth.roles.{name}.needs_mfa")
    ]
    if strong:
        yield f"A second factor is proposed for {join(strong)}; is that accepted?"
    if not draft.is_said("auth.provider"):
        yield "Which identity provider issues the tokens, and in which country does it keep them?"
    kept = [name for name in list_personal(draft) if design.entities[name].retention is None]
    if kept:
        yield f"For how long may {join(kept)} be kept? No retention is said."


def list_performance_needs(draft: Draft, records: Named[Decision]) -> Lines:
    """Objectives with estimates, busiest operations, parts by use, cache, sensitive inputs."""
    design, facts = draft.design, draft.facts
    rates = sorted(
        ((facts[PATTERN_RATE.of(name)], name) for name in design.access if PATTERN_RATE.of(name) in facts),
        key=lambda pair: -pair[0].base,
    )
    if rates:
        yield "Busiest operations at the peak: " + ", ".join(f"{name} {rate.text}" for rate, name in rates[:5]) + "."
    for name, one in design.requirements.objectives.items():
        p99 = OPERATION_P99.of(name)
        if draft.is_said(f"requirements.objectives.{name}") and p99 in facts:
            promised = ", ".join(
                f"{q} {value}"
                for q, value in (("p50", one.latency_p50), ("p95", one.latency_p95), ("p99", one.latency_p99))
                if value is not None
            )
            yield f"{name}: promised {promised}; estimated {facts[OPERATION_LATENCY.of(name)].text} on average and {facts[p99].text} at p99, before anything is built."
    busy = sorted(
        (
            (facts[COMPONENT_UTILISATION.of(name)], name)
            for name in design.flow.components
            if COMPONENT_UTILISATION.of(name) in facts
        ),
        key=lambda pair: -pair[0].base,
    )
    if busy:
        yield "Use of cores at the peak: " + ", ".join(f"{name} {use.text}" for use, name in busy[:4]) + "."
    if CACHE_HIT_RATIO in facts:
        yield f"Cache: {show_fact(draft, CACHE_HIT_RATIO)} of all reads are answered from {show_fact(draft, CACHE_MEMORY)}; test with a cold cache as well."
    yield f"Test at {show_fact(draft, PEAK_REQUESTS)}, and at twice that for the month in which growth of {show_quantity(design.requirements.load.growth)} gets there."


def ask_performance(draft: Draft, records: Named[Decision]) -> Lines:
    """Widest ranges, unsaid objectives, assumed times."""
    widest = [one for one in find_widest(draft, 6) if not one.startswith("flow.assumed")]
    for one in widest[:3]:
        yield f"How much is {one} really? Its range is among the widest."
    unsaid = [
        name
        for name in draft.design.requirements.objectives
        if name != "default" and name in draft.design.access and not draft.is_said(f"requirements.objectives.{name}")
    ]
    if unsaid:
        yield f"{len(unsaid)} operations have proposed objectives only ({join(unsaid, 4)}); which of them matter?"
    yield f"The service's work per request is assumed to be {show_fact(draft, KIND_TIME.of('service'))}; measure it first, because replicas and latency rest on it."
    third = _components(draft, "third_party")
    if third:
        yield f"How fast do {join(third)} answer at p99, and from how many calls a second do they refuse?"
    skewed = [
        name
        for name, one in draft.design.cache.policies.items()
        if one.use and not draft.is_said(f"cache.policies.{name}.skew")
    ]
    if skewed:
        yield f"How uneven are the reads of {join(skewed, 4)}? The hit ratio rests on an assumed skew."


def list_frontend_needs(draft: Draft, records: Named[Decision]) -> Lines:
    """Endpoints, paging, staleness, pending states, errors, sign-in."""
    design = draft.design
    operations = design.api.operations
    for name, one in list(operations.items())[:40]:
        access = design.access.get(name)
        who = (
            "everybody"
            if one.is_public or (access is not None and "public" in access.roles)
            else join(list(access.roles), 4)
            if access is not None and access.roles
            else "signed-in users"
        )
        marks = [
            mark
            for mark, is_so in (("in pages", one.is_paged), ("needs an idempotency key", one.needs_idempotency_key))
            if is_so
        ]
        yield f"{one.method} {design.api.base_path or ''}{one.path}: {name}, for {who}" + (
            f"; {', '.join(marks)}." if marks else "."
        )
    if not operations:
        yield f"Operations: {join(list(design.access), 20)}."
    pending = [
        name
        for name, path in design.flow.paths.items()
        if name in design.access
        and design.access[name].writes
        and any(hop.kind == "async" and (hop.label or "").startswith("record the outcome") for hop in path.hops)
    ]
    later = [name for name, one in design.access.items() if one.is_async and one.writes]
    if pending or later:
        yield f"Answered before they are done, so show a pending state and ask again: {join(list(dict.fromkeys((*pending, *later))), 8)}."
    stale = [(name, one.ttl) for name, one in design.cache.policies.items() if one.use and one.ttl is not None]
    if stale:
        yield "Answers may be old by: " + ", ".join(f"{name} {ttl}" for name, ttl in stale[:6]) + "."
    yield f"Sign-in: authorisation code with PKCE at {design.auth.provider or 'the identity provider'}; access tokens for {show_quantity(design.auth.access_token_ttl)}, kept out of local storage."
    if design.errors.codes:
        again = [name for name, one in design.errors.codes.items() if one.is_retryable]
        yield f"Errors come as application/problem+json (RFC 9457); try again on: {join(again, 8) or 'none'}."


def ask_frontend(draft: Draft, records: Named[Decision]) -> Lines:
    """Clients, lists without limits, languages, proposed operations."""
    design = draft.design
    if not draft.said.auth.clients:
        yield f"Which clients are there? Proposed: {join(list(design.auth.clients)) or 'a web application'}."
    proposed = [name for name in design.access if name not in draft.said.access]
    if proposed:
        yield f"{len(proposed)} operations are proposed, not said ({join(proposed, 5)}); which of them does a screen need?"
    includes = [name for name, one in design.access.items() if one.reads and len(one.include) > 1]
    if includes:
        yield f"{join(includes)} bring several entities along; does every screen need all of them?"
    stale = [
        name
        for name, one in design.cache.policies.items()
        if one.use and not draft.is_said(f"requirements.objectives.{name}.staleness")
    ]
    if stale:
        yield f"May {join(stale, 4)} be as old as is proposed, without users asking why?"
    yield "Must it work offline or on slow networks? Page sizes and what may be kept on the device follow from that."


def list_stack_needs(draft: Draft, records: Named[Decision]) -> Lines:
    """Every technology with the number it must carry, and the decisions behind it."""
    design, facts = draft.design, draft.facts
    for name, one in design.flow.components.items():
        if one.kind in ("store", "cache", "queue", "gateway") and COMPONENT_RATE.of(name) in facts:
            size = (
                f"; {show_fact(draft, SCHEMA_SIZE)} of data"
                if name == draft.model.places.main and SCHEMA_SIZE in facts
                else ""
            )
            yield f"{one.technology} as {name}: {facts[COMPONENT_RATE.of(name)].text} at the peak on {one.replicas or 1} instance{'s' if (one.replicas or 1) > 1 else ''}{size}."
    kinds = sorted(
        {column.native for table in design.schema.tables.values() for column in table.columns.values() if column.native}
    )
    if kinds:
        yield f"Engine types used: {join(kinds, 8)}."
    for record_name, record in records.items():
        if record_name.startswith(("store_", "cache_", "queue_", "api_style", "token_")):
            yield f"{record.title} ({record.status}); against it: {'; '.join(record.alternatives[:2]) or 'nothing weighed'}."
    yield f"Team: {design.requirements.team_size or 'unknown'} engineers" + (
        f"; bound by {join(list(design.requirements.compliance))}." if design.requirements.compliance else "."
    )


def list_engine_paths(draft: Draft, name: str, kind: str) -> Iterator[str]:
    """Where a design may say what a store, cache or queue is."""
    yield f"flow.components.{name}.engine"
    yield f"flow.components.{name}.technology"
    if kind == "store":
        yield f"schema.stores.{name}.engine"
    elif kind == "cache":
        yield "cache.engine"
    else:
        for queue in draft.design.jobs.queues:
            yield f"jobs.queues.{queue}.engine"
            yield f"jobs.queues.{queue}.technology"


def ask_stack(draft: Draft, records: Named[Decision]) -> Lines:
    """Language, managed or own, versions, licences, exit."""
    design = draft.design
    yield "Which language and framework does the team know? Nothing in the design depends on it but the service's time per request."
    for name, one in design.flow.components.items():
        if one.kind in ("store", "cache", "queue") and not any(
            draft.is_said(path) for path in list_engine_paths(draft, name, one.kind)
        ):
            yield f"{one.technology} for {name} is proposed: managed or run by the team, which version, under which licence?"
    third = _components(draft, "third_party")
    if third:
        yield f"Which product is behind {join(third)}? Their limits, prices and availability are assumed ({show_fact(draft, KIND_UP.of('third_party'))})."
    refused = [
        name
        for name in ("event_sourcing", "service_split", "cqrs", "read_replica")
        if name in design.patterns and not design.patterns[name].use
    ]
    if refused:
        yield f"Refused for now: {join(refused)}; does a foreseeable product change that within a year?"
