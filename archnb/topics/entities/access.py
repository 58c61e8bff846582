"""Every way in which entities are used: what was said, and what is proposed so that each can be reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from archnb.design import Design
from archnb.design.entities import AccessPattern
from archnb.design.requirements import Objective
from archnb.fact import Fact, maximum, total
from archnb.fact.keys.entities import (
    ACCESS_MEDIA,
    ACCESS_ROWS,
    CHANGED_SHARE,
    ENTITY_GROWTH,
    ENTITY_RETENTION,
    ENTITY_ROWS,
    ERASURE_SHARE,
    NEW_SHARE,
    PATTERN_RATE,
    SMALL,
)
from archnb.fact.keys.load import (
    AVERAGE_READS,
    AVERAGE_REQUESTS,
    AVERAGE_WRITES,
    EXPECTED_READS,
    EXPECTED_REQUESTS,
    EXPECTED_WRITES,
    GROWTH,
    MEDIA_EGRESS,
    MEDIA_INGRESS,
    PEAK_FACTOR,
    PEAK_READS,
    PEAK_REQUESTS,
    PEAK_WRITES,
    WRITES,
)
from archnb.model import Model
from archnb.naming import plural, snake, with_article, words
from archnb.quantity import Quantity, parse
from archnb.topics.topic import Because, Draft

PERCENTILES = ("latency_p50", "latency_p95", "latency_p99")
# what a third party is told about a row that is there already; any other step of theirs leaves a row
TELLING = frozenset({"notify", "remind", "inform", "alert", "tell", "message", "email", "mail", "ping", "push"})


def complete_access(draft: Draft) -> dict[str, AccessPattern]:
    """The access patterns that were said, completed, then those that are missing, each with its rate."""
    design = draft.design
    persons, roles = find_persons(draft.model), _roles(design)
    access = {name: _complete_pattern(draft, name, one, persons, roles) for name, one in design.access.items()}
    small = draft.facts.assume(
        SMALL, 10_000, "rows up to which a list is read whole", source="rule of thumb of archnb, 2026-11"
    )
    for name, (pattern, reason) in _propose_patterns(draft.model, small.base).items():
        if name not in access:
            draft.note(f"access.{name}", reason)
            access[name] = _complete_pattern(draft, name, pattern, persons, roles)
    return complete_rates(draft, access)


def _list_makers(design: Design) -> list[tuple[str, str | None]]:
    """The beginnings of what steps do, with the entity they name: what reserves makes a Reservation."""
    actions = [(step.action or "", step.entity) for one in design.access.values() for step in one.steps]
    stems = [(action[: max(5, len(action) - 2)], entity) for action, entity in actions]
    return [one for one in dict.fromkeys(stems) if len(one[0]) >= 5]


def _is_made_by_step(name: str, makers: list[tuple[str, str | None]]) -> bool:
    """Whether a step makes the rows of an entity without naming it."""
    return any(entity != name and snake(name).startswith(stem) for stem, entity in makers)


def list_changeable(model: Model, name: str, persons: Collection[str]) -> list[str]:
    """The fields that somebody may change: no key, no owner, no time that the server sets, nothing a person is signed in by."""
    key, whole = model.keys.fields(name), model.references.find_whole(name)
    return [
        field for field, one in model.fields(name).items()
        if field not in key and not (whole is not None and field == whole.field)
        and one.references not in persons
        and not (one.type == "timestamp" and one.default == "now()") and not one.secret
    ]  # fmt: skip


def _propose_patterns(model: Model, small: float) -> dict[str, tuple[AccessPattern, str]]:
    """Reads and writes for the entities that no access pattern reaches."""
    design = model.design
    read, written, created, erased = set[str](), set[str](), set[str](), set[str]()
    for pattern_name, one in design.access.items():
        read |= {one.reads or "", *one.included}
        written |= {one.writes or "", *(step.entity or "" for step in one.steps)}
        created |= {
            step.entity or ""
            for step in one.steps
            if step.action == "create" or (step.via and step.action not in TELLING)
        }
        if one.action in ("create", "upsert") or (one.writes and model.writes.is_upsert(pattern_name)):
            created.add(one.writes or "")
        if one.action == "delete":
            erased.add(one.writes or "")
    persons = find_persons(model)
    seen = _find_seen(model)
    makers = _list_makers(design)
    joining = {one.entity for one in model.people.memberships}
    # rows that a job makes are nobody's to write
    kept = {one.target for one in model.upkeeps.list_all() if one.kind in ("roll_up", "check")}
    renewed = {one.target for one in model.upkeeps.list_all() if one.kind == "renew"}
    subjects = frozenset(model.erasures.list_subjects())
    made: dict[str, tuple[AccessPattern, str]] = {}
    for name, entity in design.entities.items():
        key, word, many = model.keys.fields(name), words(name), words(plural(snake(name)))
        whole = model.references.find_whole(name)
        who = "one person" if many == word else with_article(word)
        readers, writers = _propose_roles(model, name, persons, seen, small)
        if name not in read and whole is not None:
            pattern = AccessPattern(
                reads=name, by=(whole.field,), limit=100, roles=readers, summary=f"Lists the {many} of one {words(whole.target)}."
            )  # fmt: skip
            made[snake(f"{plural(snake(name))} of {whole.target}")] = (
                pattern,
                f"{name} is part of {whole.target}, and no access pattern reads it",
            )
        elif name not in read and entity.rows is not None and entity.rows.base <= small:
            made[f"list_{snake(plural(snake(name)))}"] = (
                AccessPattern(
                    reads=name,
                    limit=200,
                    roles=readers if name not in persons else (model.roles.keeper,),
                    summary=f"Lists the {many}.",
                ),
                f"{name} is small, and no access pattern reads it",
            )
        if name not in read and whole is None:
            made[f"get_{snake(name)}"] = (
                AccessPattern(reads=name, by=key, limit=1, roles=readers, summary=f"Shows one {word if many != word else f'of the {word}'}."),
                f"no access pattern reads {name}",
            )  # fmt: skip
        # what a membership is for decides who may make one: that is asked, not proposed
        is_open = (
            name in created or name in joining or name in kept or name in renewed or _is_made_by_step(name, makers)
        )
        if not is_open:
            made[f"create_{snake(name)}"] = (
                AccessPattern(writes=name, action="create", roles=(model.roles.keeper,) if name in persons else writers, summary=f"Adds {who if many != word else f'to the {word}'}."),
                f"no access pattern makes a row of {name}",
            )  # fmt: skip
        if (
            name not in written
            and name not in kept
            and not _is_made_by_step(name, makers)
            and list_changeable(model, name, persons)
            and _is_changed(model, name, key, writers)
        ):
            made[f"update_{snake(name)}"] = (
                AccessPattern(writes=name, action="update", by=key, roles=writers, summary=f"Changes {who if many != word else f'one of the {word}'}."),
                f"no access pattern writes {name}",
            )  # fmt: skip
        if name in subjects and name not in erased:
            made[f"erase_{snake(name)}"] = (
                AccessPattern(
                    writes=name, action="delete", by=key, roles=writers, summary=f"Erases the personal data of {who if many != word else f'one of the {word}'} on request."
                ),
                f"{name} holds personal data, and a person may ask for its erasure (GDPR, article 17)",
            )  # fmt: skip
    return made


def _is_changed(model: Model, name: str, key: tuple[str, ...], roles: tuple[str, ...]) -> bool:
    """Whether a plain change of an entity would have anything to send."""
    asked = AccessPattern(writes=name, action="update", by=key, roles=roles)
    return any(one.source == "caller" for one in model.writes.list_settings(f"update_{snake(name)}", asked))


# -- who may


def find_persons(model: Model) -> dict[str, str]:
    """The entities that stand for those who use the system, with their roles: those of a role's name, else the usual word."""
    roles, people = _roles(model.design), model.people
    ranked = [name for name in people.ranked if people.list_personal(name)]
    found = {name: snake(name) for name in ranked if snake(name) in roles}
    plain = next((one for one in roles if one in ("user", "member")), None)
    if not found and plain is not None:
        found = dict.fromkeys([one for one in ranked if people.count_referring(one)][:1], plain)
    return found


def is_kept_by(model: Model, name: str, person: str) -> bool:
    """Whether rows are the person's to change: the person, what refers to them, and the parts of these."""
    seen: set[str] = set()
    at: str | None = name
    while at is not None and at not in seen:
        seen.add(at)
        if at == person or model.references.list_between(at, person):
            return True
        whole = model.references.find_whole(at)
        at = whole.target if whole is not None else None
    return False


class _Seen(NamedTuple):
    """What the said patterns show: whom everybody sees something of, and who keeps the entities of a domain."""

    linked: frozenset[str]
    keepers: Mapping[str, tuple[str, ...]]


def _find_seen(model: Model) -> _Seen:
    design = model.design
    shown = {one.reads for one in design.access.values() if one.reads and "public" in one.roles}
    linked = {one.target for name in shown for one in model.references.list_from(name)}
    linked |= {end for one in design.relationships.values() if shown & set(one.between) for end in one.between}
    keepers: dict[str, dict[str, None]] = {}
    for one in design.access.values():
        domain = design.entities[one.writes].domain if one.writes and one.effect == "update" else None
        if domain:
            keepers.setdefault(domain, {}).update(dict.fromkeys(role for role in one.roles if role != "public"))
    return _Seen(frozenset(linked), {domain: tuple(roles) for domain, roles in keepers.items()})


def _propose_roles(
    model: Model, name: str, persons: Mapping[str, str], seen: _Seen, small: float
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who reads and who writes an entity of which nobody said it: its people, those who keep its neighbours, everybody, or admin."""
    entity, keeper = model.design.entities[name], model.roles.keeper
    graded = next((one for one in model.people.memberships if one.entity == name and one.is_graded), None)
    if graded is not None:
        # who may make somebody a member is not every member
        insiders = tuple(role for role in model.roles.names if model.roles.has_membership(role, graded))
        admins = tuple(role for role in insiders if model.roles.is_admin(role))
        return (*insiders, keeper), (*admins, keeper)
    own = tuple(role for person, role in persons.items() if is_kept_by(model, name, person))
    if own:
        return (*own, keeper), (*own, keeper)
    keepers = tuple(role for role in seen.keepers.get(entity.domain or "", ()) if role not in persons.values())
    writers = (*keepers, *(() if keeper in keepers else (keeper,)))
    near = tuple(role for person, role in persons.items() if model.ways.find(name, person) is not None)
    if near:
        # the way leads through what others keep: an order's payment may be seen by who ordered, not made up
        return (*near, keeper), writers
    is_small = entity.rows is not None and entity.rows.base <= small
    is_open = name in seen.linked and is_small and not model.people.holds_private(name)
    return (("public",) if is_open else writers), writers


def _complete_pattern(
    draft: Draft, name: str, said: AccessPattern, persons: Mapping[str, str], everybody: tuple[str, ...]
) -> AccessPattern:
    design, entity = draft.design, said.reads or said.writes or ""
    by_key = bool(said.by) and set(said.by) >= set(draft.model.keys.fields(entity))
    limit: Because | None = None
    if said.reads is not None and said.aggregate is None:
        limit = (
            Because(1, "the key names one row") if by_key else Because(50, "a page that fits a screen and a response")
        )
    action = Because(
        "update" if said.by else "create", "it names a row" if said.by else "it names no row, so it adds one"
    )
    verb = {"create": "Adds", "update": "Changes", "delete": "Removes"}[
        said.effect or ("update" if said.by else "create")
    ]
    summary = (
        f"{verb} {with_article(words(entity))}."
        if said.writes
        else f"Reads {words(plural(snake(entity)))}"
        + (f" by {', '.join(words(f) for f in said.by)}." if said.by else ".")
    )
    if name not in design.access:
        draft.note(f"access.{name}.roles", _explain_roles(persons, entity, said.roles), value=said.roles)
    return draft.fill(
        f"access.{name}",
        said,
        summary=Because(summary, "from the entity and the fields"),
        action=action if said.writes is not None else Because(None, ""),
        limit=limit or Because(None, ""),
        roles=Because(everybody, "nobody was named; every signed-in role that other patterns name"),
        is_async=Because(False, "the user waits for the answer"),
    )


def _explain_roles(persons: Mapping[str, str], entity: str, roles: tuple[str, ...]) -> str:
    if roles == ("public",):
        return f"{entity} is part of what everybody may read already, and holds nothing about people"
    owners = [with_article(words(person)) for person, role in persons.items() if role in roles]
    if owners:
        return f"{entity} belongs to {' and '.join(owners)}, who {'reaches' if len(owners) == 1 else 'reach'} their own rows only; staff help those who cannot"
    if len(roles) != 1 or roles[0] not in ("admin", "staff"):
        return f"those who keep what stands beside {entity} in its domain"
    return "nobody was named; the narrowest role"


def _roles(design: Design) -> tuple[str, ...]:
    found = {role: None for one in design.access.values() for role in one.roles if role != "public"}
    return tuple(found) or ("user",)


def complete_consistency(draft: Draft, name: str, pattern: AccessPattern, objective: Objective) -> AccessPattern:
    return draft.fill(f"access.{name}", pattern, consistency=Because(objective.consistency, "as its objective"))


def complete_objective(draft: Draft, name: str, pattern: AccessPattern) -> Objective:
    """The objective of one access pattern, from what was said of it and the default one."""
    consistency, is_write = pattern.consistency, pattern.writes is not None
    is_anonymous = pattern.roles == ("public",) and not draft.is_said("requirements.objectives.default.consistency")
    objectives = draft.design.requirements.objectives
    default, said = objectives["default"], objectives.get(name, Objective())
    base = "as the default objective"

    # what was said of one percentile promises nothing of the others
    own = any(getattr(said, field) is not None for field in PERCENTILES)
    latency = {field: Because(None if own else getattr(default, field), base) for field in PERCENTILES}
    wanted = said.consistency or consistency
    stale = "0 s" if is_write or wanted == "strong" else default.staleness
    return draft.fill(
        f"requirements.objectives.{name}",
        said,
        **latency,
        availability=Because(default.availability, base),
        staleness=Because(stale, "a write, or a read that must see every write" if stale == "0 s" else base),
        consistency=Because(
            wanted or ("strong" if is_write else "eventual" if is_anonymous else default.consistency),
            "as the access pattern says"
            if wanted
            else "a write must see what it changes"
            if is_write
            else "who is not signed in has no writes of their own to see"
            if is_anonymous
            else base,
        ),
    )


def complete_rates(draft: Draft, access: dict[str, AccessPattern]) -> dict[str, AccessPattern]:
    """Rates for the patterns without one: writes from the entity's rows and growth, reads from what the load leaves over."""
    facts, design = draft.facts, draft.design
    _give_said_rates(draft, access)
    reads = {name: one for name, one in access.items() if one.reads is not None}
    given = [facts[PATTERN_RATE.of(name)] for name, one in reads.items() if one.rate is not None]
    known = sum(one.base for one in given)
    unsaid = sum(1 for one in reads.values() if one.rate is None)
    said_unsaid = sum(1 for n, one in reads.items() if one.rate is None and n in design.access)
    writes = sum(1 for one in access.values() if one.rate is None and one.writes is not None)
    peak = facts[EXPECTED_READS]
    left = maximum(peak - total(given), parse("0/s")) if given else peak
    for name, one in access.items():
        if one.rate is not None:
            continue
        if one.reads is not None and name in design.access and peak.base > known:
            rate = left / said_unsaid
            reason = "an equal share of the reads that the load leaves over"
        elif one.reads is not None:
            rate = peak * Quantity(1, 1, parse("1%").unit) / max(1, unsaid)
            reason = "nobody asked for it: together one read in a hundred"
        else:
            found = _derive_write_rate(draft, name, one)
            if found is not None:
                rate, reason = found
            else:
                share = 1.0 if name in design.access and known == 0 else 0.01
                rate = facts[EXPECTED_WRITES] * share / writes
                reason = (
                    "an equal share of the writes"
                    if share == 1.0
                    else "nobody asked for it: together one write in a hundred"
                )
        # what is rare is read more easily by the day or the year than as 0.0000012/s
        unit = "/s" if rate.base >= 0.01 or rate.base == 0 else "/day" if rate.base * 86400 >= 1 else "/year"
        fact = facts.define(PATTERN_RATE.of(name), rate, unit, reason)
        access[name] = draft.fill(f"access.{name}", one, rate=Because(fact.quantity, reason, (fact.name,)))
    add_up_rates(draft, access)
    return access


def add_up_rates(draft: Draft, access: Mapping[str, AccessPattern]) -> None:
    """The load as the access patterns have it, at the peak and on average; where there is none, as the load itself is said.

    A rate that is said of an operation is nearer to what happens than the share of a total, so the operations count.
    """
    facts = draft.facts
    for name, one in access.items():
        if one.rows is not None:
            draft.value(ACCESS_ROWS.of(name), one.rows)
        if one.media is not None:
            draft.value(ACCESS_MEDIA.of(name), one.media)
    measure_media(draft, access)
    sides = ((PEAK_READS, EXPECTED_READS, "reads"), (PEAK_WRITES, EXPECTED_WRITES, "writes"))
    for at_peak, expected, word in sides:
        rates = [
            facts[PATTERN_RATE.of(n)] for n, one in access.items() if (one.writes is not None) == (word == "writes")
        ]
        if access:
            value = total(rates) if rates else facts[expected] * 0
            facts.define(at_peak, value, f"{word}/s", f"{word} of all access patterns together, in the busiest hour")
        else:
            facts.define(at_peak, facts[expected], f"{word}/s", f"{word} in the busiest hour")
    facts.define(PEAK_REQUESTS, facts[PEAK_READS] + facts[PEAK_WRITES], "requests/s", "what servers are counted for")
    for average, at_peak, word in (
        (AVERAGE_REQUESTS, PEAK_REQUESTS, "requests"),
        (AVERAGE_READS, PEAK_READS, "reads"),
        (AVERAGE_WRITES, PEAK_WRITES, "writes"),
    ):
        facts.define(average, facts[at_peak] / facts[PEAK_FACTOR], f"{word}/s", f"{word}, averaged over a day")
    load = draft.design.requirements.load
    if load.writes is None:
        writes = facts.define(WRITES, facts[AVERAGE_WRITES], "writes/s", "as many as the access patterns write")
        made = draft.fill("requirements.load", load, writes=Because(writes.quantity, writes.because, (AVERAGE_WRITES,)))
        draft.close("requirements.load.writes", made.writes)


def measure_media(draft: Draft, access: Mapping[str, AccessPattern]) -> None:
    """The files that writes bring and reads give, at the peak: a size of their own beside what a body holds."""
    facts = draft.facts
    for flow, word in ((MEDIA_INGRESS, "writes"), (MEDIA_EGRESS, "reads")):
        found = [
            facts[PATTERN_RATE.of(name)] * facts[ACCESS_MEDIA.of(name)]
            for name, one in access.items()
            if one.media is not None and (one.writes is not None) == (word == "writes")
        ]
        if found:
            facts.define(flow, total(found), "MB/s", f"each of the {word} with its file, at the peak")


def _give_said_rates(draft: Draft, access: dict[str, AccessPattern]) -> None:
    """The said rates as facts, what others follow before these."""
    waiting = [name for name, one in access.items() if one.rate is not None]
    while waiting:
        name = waiting.pop()
        chain = [name]
        while (ahead := access[chain[-1]].follows) in waiting and ahead not in chain:
            assert ahead is not None
            waiting.remove(ahead)
            chain.append(ahead)
        for each in reversed(chain):
            rate, leader = access[each].rate, access[each].follows
            assert rate is not None
            followed = (
                None if leader is None
                else draft.facts[EXPECTED_REQUESTS] if leader == "load"
                else draft.facts.get(PATTERN_RATE.of(leader))
            )  # fmt: skip
            draft.value(PATTERN_RATE.of(each), rate, follows=followed)


def _derive_write_rate(draft: Draft, name: str, one: AccessPattern) -> tuple[Fact, str] | None:
    """How often an entity is written at the peak, from its rows and its growth; None where neither says it."""
    facts, written, is_said = draft.facts, one.writes or "", name in draft.design.access
    entity = draft.design.entities[written]
    peak, growth, rows = facts[PEAK_FACTOR], entity.growth, entity.rows
    if one.action == "create" and growth is not None and not growth.unit.is_percent and growth.base > 0:
        return draft.value(ENTITY_GROWTH.of(written), growth) * peak, "the entity's growth, at the peak"
    if is_said or rows is None or rows.base <= 0:
        return None
    held = draft.value(ENTITY_ROWS.of(written), rows)
    if one.action == "create":
        if growth is not None:
            share = draft.value(ENTITY_GROWTH.of(written), growth)
        elif rows.base <= facts[SMALL].base:
            share = facts.assume(
                NEW_SHARE,
                "10%/year",
                "how many rows are new",
                source="assumed, 2026-11: reference data, little of it new",
            )
        else:
            share = facts[GROWTH]
        if share.base <= 0:
            return None
        return held * share * peak, "its rows × their growth, at the peak"
    if one.action == "delete":
        share = facts.assume(
            ERASURE_SHARE,
            "1%/year",
            "how many people ask for their erasure",
            source="assumed, 2026-11: one in a hundred within a year",
        )
        return held * share * peak, "one person in a hundred asks within a year"
    if entity.retention is not None and entity.retention.base > 0:
        kept = draft.value(ENTITY_RETENTION.of(written), entity.retention)
        return held / kept * peak, "each row is changed about once in its life"
    share = facts.assume(
        CHANGED_SHARE, "100%/year", "how many rows change", source="assumed, 2026-11: each about once a year"
    )
    return held * share * peak, "each row is changed about once a year"
