"""What is poor or contradictory in what was said of entities."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from archnb.design.entities import Field, write_field
from archnb.fact.keys.entities import ENTITY_ROWS, ENTITY_ROWS_AT_HORIZON, PASSED
from archnb.finding import Hit, Rule, rule
from archnb.model.secrets import Secret, find_secret
from archnb.naming import pascal, snake
from archnb.topics.entities.access import TELLING
from archnb.topics.entities.answers import find_withheld
from archnb.topics.topic import Draft


@rule(
    "entities-key-space-exhausted", principle="scalability", severity="high",
    condition="A short code has fewer values than ten times the rows at the horizon.",
    effect="New codes collide more and more often, and can be guessed.",
    remedy="Make the code longer by one or two characters.",
)  # fmt: skip
def key_space_exhausted(draft: Draft) -> Iterator[Hit]:
    for name, entity in draft.design.entities.items():
        for field, one in entity.fields.items():
            if one.type == "code" and draft.model.keys.is_one_row(name, (field,)):
                rows = draft.facts[ENTITY_ROWS_AT_HORIZON.of(name)].base
                space = 62.0 ** (one.length or 8)
                if rows * 10 > space:
                    yield Hit(
                        f"entities.{name}.fields.{field}",
                        f"62^{one.length or 8} = {space:.3g} codes for {rows:.3g} rows at the horizon",
                    )


@rule(
    "entities-personal-data-without-end", principle="security", severity="medium",
    condition="GDPR binds the system, and an entity with personal data grows by a number of rows per time with no retention, though others have one.",
    effect="Data about people is kept longer than any purpose needs (GDPR, article 5(1)(e)).",
    remedy="Say how long it is kept: retention: 2 years.",
)  # fmt: skip
def personal_data_without_end(draft: Draft) -> Iterator[Hit]:
    if "GDPR" not in draft.said.requirements.compliance:
        return
    for name, entity in draft.said.entities.items():
        personal = [field for field, one in entity.fields.items() if one.personal]
        if personal and entity.retention is None and entity.growth is not None and not entity.growth.unit.is_percent:
            yield Hit(f"entities.{name}.retention", f"{', '.join(personal)}; {entity.growth} more, none ever removed")


@rule(
    "entities-secret-readable-text", principle="security", severity="critical",
    condition="A password or a card number is kept as plain text.",
    effect="One leaked backup gives away every account.",
    remedy="Keep a password as a hash (argon2id) marked secret; leave card numbers to the payment provider.",
)  # fmt: skip
def secret_readable_text(draft: Draft) -> Iterator[Hit]:
    for path, field, one, secret in _find_unmarked(draft):
        if secret.is_readable:
            yield Hit(path, f"{field}: {one.type}, not marked secret")


@rule(
    "entities-secret-not-marked", principle="security", severity="medium",
    condition="A field has the name of a token, a one-time code or a hash of a password, and nothing says that it is a secret.",
    effect="It is kept out of every answer here because of its name alone; whoever reads the design or renames the field does not know.",
    remedy="Mark it, as in `token_hash: text(64) secret`; or say `secret: false` where everybody may read it.",
)  # fmt: skip
def secret_not_marked(draft: Draft) -> Iterator[Hit]:
    for path, field, one, secret in _find_unmarked(draft):
        if not secret.is_readable:
            line = write_field(dataclasses.replace(one, secret=True)) or "{…, secret: true}"
            yield Hit(path, f"its name is that of {secret.reason}; write {field}: {line}")


def _find_unmarked(draft: Draft) -> Iterator[tuple[str, str, Field, Secret]]:
    """The fields that were marked because of their names: path, name, as said, and what the name says."""
    for name, entity in draft.said.entities.items():
        for field, one in entity.fields.items():
            # a reference to one of several entities is written out there, and is no secret
            if one.secret is None and not one.either and draft.design.entities[name].fields[field].secret:
                secret = find_secret(name, entity.fields, field)
                if secret is not None:
                    yield f"entities.{name}.fields.{field}", field, one, secret


@rule(
    "entities-public-answer-withheld", principle="security", severity="low",
    condition="Everybody may read an entity that holds personal data, and nothing says which of its fields they see.",
    effect="The answer leaves out what is personal; whether a name or a picture belongs on a public page is a decision that nobody took.",
    remedy="Say what everybody sees, as in `returns: [id, handle]`.",
)  # fmt: skip
def public_answer_withheld(draft: Draft) -> Iterator[Hit]:
    for name, pattern in draft.said.access.items():
        found = find_withheld(draft.model, pattern) if not pattern.returns else None
        if found is None or pattern.reads is None:
            continue
        shown, withheld, _ = found
        personal = [one for one in withheld if one in draft.model.people.list_personal(pattern.reads)]
        if personal or (pattern.range and pattern.range in shown and len(shown) < len(withheld)):
            told = ", ".join(personal or withheld)
            yield Hit(
                f"access.{name}.returns",
                f"{name} leaves out {told}; write returns: [{', '.join(shown)}], and what else everybody may see",
            )


@rule(
    "entities-row-without-creation", principle="integrity", severity="medium",
    condition="Operations refer to rows that no operation makes, or that only the operator's staff can make: nobody makes the first.",
    effect="A tenant never starts, nobody joins a group or follows anybody, and each such row is inserted by hand in the database.",
    remedy="Say the write that makes it and who may: a join, an acceptance, a registration; or accept the finding where another system makes it.",
)  # fmt: skip
def row_without_creation(draft: Draft) -> Iterator[Hit]:
    for name in draft.design.entities:
        evidence = _find_missing_creation(draft, name)
        if evidence:
            yield Hit(f"entities.{name}", evidence)
    for name, one in draft.design.relationships.items():
        # pairs of people come and go by what the people do
        if all(draft.model.people.is_person(end) for end in one.between) and len(one.between) == 2:
            line = f"entities.{pascal(name)}: {{fields: {{by: -> {one.between[0]} cascade, whom: -> {one.between[1]} cascade}}, key: [by, whom]}}"
            yield Hit(
                f"relationships.{name}",
                f"no operation begins or ends {name}; write it as {line}, with a create and a delete",
            )


def _find_missing_creation(draft: Draft, name: str) -> str:
    """What to say of an entity that nobody makes, or that only staff makes though it is its people's to make; '' of any other."""
    design, model = draft.design, draft.model
    creating = list(model.touches.list_writers(name, "create", "upsert"))
    stepped = any(
        step.entity == name and step.action == "create" for one in design.access.values() for step in one.steps
    )
    # whatever extends it, or makes it by a verb of its own, makes it
    is_made = (
        bool(creating) or stepped or any(model.writes.is_upsert(n) for n in model.touches.list_writers(name, "update"))
    )
    joining = next((one for one in model.people.memberships if one.entity == name), None)
    if joining is not None:
        if stepped or any(one in draft.said.access for one in creating):
            return ""
        group = joining.group.target
        near = [one.entity for one in model.references.list_to(group) if one.entity != name]
        invites = [one for one in near if model.people.list_sign_in(one)]
        how = f"access.accept_{snake(invites[0])}" if invites else f"access.join_{snake(group)}"
        line = f"{how}: {{writes: {name}, action: create, roles: {snake(joining.person.target)}}}"
        return f"no operation makes a {name}, so that a {group} has no first one; write {line}, and who may"
    if is_made or model.inheritance.list_subtypes(name):
        return ""
    steps = [step for one in design.access.values() for step in one.steps if step.entity == name]
    used = [n for n in model.touches.list_changing(name) if design.access[n].action != "delete"][:3]
    if not used or any(step.via and step.action not in TELLING for step in steps):
        return ""
    line = f"access.create_{snake(name)}: {{writes: {name}, action: create, roles: …}}"
    return f"{', '.join(used)} change{'s' * (len(used) == 1)} {name}, and no operation creates one; write {line}"


@rule(
    "entities-state-without-operation", principle="integrity", severity="medium",
    condition="An entity has a state, and no operation can move it.",
    effect="Every row keeps the state that it was made with, or somebody changes it by hand in the database, past every guard.",
    remedy="Say the write for each step and who may, as in `go_online: {writes: Driver, by: id, sets: [status = available], roles: driver}`.",
)  # fmt: skip
def state_without_operation(draft: Draft) -> Iterator[Hit]:
    model = draft.model
    for name in draft.design.entities:
        machine = model.invariants.find_machine(name)
        if machine is None or len(machine.states) < 2 or model.lifetimes.is_append_only(name):
            continue
        setting = [n for n in model.touches.list_writers(name, "update", "upsert") if _sets(draft, n, machine.field)]
        stepped = any(
            step.entity == name and (step.via or step.action != "create")
            for one in draft.design.access.values()
            for step in one.steps
        )
        # what a step moves is its saga's; what people have for a state they set themselves
        if not setting and (not stepped or model.people.is_person(name)) and model.touches.list_changing(name):
            first = machine.first or machine.states[0]
            after = next(one for one in machine.states if one != first)
            line = f"access.set_{snake(after)}: {{writes: {name}, action: update, by: {model.keys.fields(name)[0]}, sets: [{machine.field} = {after}], roles: …}}"
            yield Hit(
                f"entities.{name}.fields.{machine.field}",
                f"no operation moves {name}.{machine.field} to {after}; write {line}",
            )


def _sets(draft: Draft, pattern: str, field: str) -> bool:
    return any(one.field == field for one in draft.model.writes.list_settings(pattern))


@rule(
    "entities-rows-outrun-retention", principle="scalability", severity="medium",
    condition="An entity holds more rows than its growth can make within its retention.",
    effect="Either old rows are not removed or the growth is wrong; storage is planned on one of the two.",
    remedy="Mend rows, growth or retention; rows ≈ growth × retention.",
)  # fmt: skip
def rows_outrun_retention(draft: Draft) -> Iterator[Hit]:
    for name, entity in draft.said.entities.items():
        if entity.rows is None or entity.growth is None or entity.retention is None or entity.growth.unit.is_percent:
            continue
        kept = entity.growth.base * entity.retention.base
        if kept > 0 and entity.rows.base > 2 * kept:
            yield Hit(
                f"entities.{name}.rows", f"{entity.rows} rows, but {entity.growth} × {entity.retention} = {kept:,.0f}"
            )


@rule(
    "entities-rows-below-retention", principle="scalability", severity="low",
    condition="An entity that is kept for three months at most holds less than half of the rows that its growth makes in that time.",
    effect="Storage, indexes and purges are sized for the rows of today, and there are several times as many once the time has passed.",
    remedy="Mend rows, growth or retention; rows ≈ growth × retention. Say rows: 0 for a system that starts empty.",
)  # fmt: skip
def rows_below_retention(draft: Draft) -> Iterator[Hit]:
    for name, entity in draft.said.entities.items():
        if entity.rows is None or entity.growth is None or entity.retention is None or entity.growth.unit.is_percent:
            continue
        kept = entity.growth.base * entity.retention.base
        if 0 < entity.rows.base < kept / 2 and entity.retention.base <= draft.facts[PASSED].base:
            yield Hit(
                f"entities.{name}.rows",
                f"{entity.rows} rows, but {entity.growth} × {entity.retention} = {kept:,.0f}: the plan counts with those",
            )


@rule(
    "entities-sort-without-limit", principle="performance", severity="medium",
    condition="A read of a growing entity returns more than a thousand rows.",
    effect="Response time and memory grow with the table until both fail.",
    remedy="Give a limit and page through the rest.",
)  # fmt: skip
def sort_without_limit(draft: Draft) -> Iterator[Hit]:
    for name, one in draft.said.access.items():
        if one.reads is not None and one.limit is not None and one.limit > 1000:
            rows = draft.facts[ENTITY_ROWS.of(one.reads)]
            yield Hit(f"access.{name}.limit", f"limit {one.limit:,} over {rows.text} rows")


RULES: Sequence[Rule] = (
    key_space_exhausted, personal_data_without_end, secret_readable_text, secret_not_marked, public_answer_withheld, row_without_creation, state_without_operation,
    rows_outrun_retention, rows_below_retention, sort_without_limit,
)  # fmt: skip
