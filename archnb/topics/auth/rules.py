"""Rules of auth: what was said that lets somebody in, or keeps somebody out, whom nobody meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archnb.design.api import Operation
from archnb.fact.keys.auth import LONGEST_ACCESS, SHORTEST_ACCESS, TOKEN_RATE
from archnb.fact.keys.entities import ENTITY_ROWS
from archnb.finding import Hit, Rule, rule
from archnb.model import Unknown, role_words
from archnb.naming import snake, with_article
from archnb.quantity import show, unit
from archnb.topics.auth.proposals import REFUSED, ask
from archnb.topics.topic import Draft

_CARD = re.compile(
    r"(card|credit_card|debit_card)_?(no|number|num|pan)|pan|cvv2?|cvc2?|card_(verification|security)_code|track_?data|magnetic_stripe"
)
_PASSWORD = re.compile(r"(\w+_)?(password|passwd|pwd)(_(hash|hashed|digest|salt))?|hashed_password")
# how people say that they check passwords themselves
_OWN_SIGN_IN = frozenset({"own", "none", "self", "itself", "ourselves", "internal", "local", "house", "inhouse"})


@rule(
    "auth-access-token-outlives-session", principle="security", severity="high",
    condition="An access or refresh token is good for longer than the session that it belongs to.",
    effect="Someone who has signed out, or whose session has ended, goes on.",
    remedy="Make the access token shorter than the refresh token, and that no longer than the session.",
)  # fmt: skip
def access_token_outlives_session(draft: Draft) -> Iterator[Hit]:
    """Tokens longer than what they come from."""
    auth = draft.design.auth
    session, refresh, access = auth.session_ttl, auth.refresh_token_ttl, auth.access_token_ttl
    for name, inner, outer_name, outer in (
        ("access_token_ttl", access, "session_ttl", session),
        ("refresh_token_ttl", refresh, "session_ttl", session),
        ("access_token_ttl", access, "refresh_token_ttl", refresh),
    ):
        if inner is not None and outer is not None and inner.base > outer.base:
            yield Hit(f"auth.{name}", f"{name} {inner} is longer than {outer_name} {outer}")
            return


@rule(
    "auth-long-lived-access-token", principle="security", severity="high",
    condition="A signed access token is good for more than an hour.",
    effect="It cannot be taken back: a stolen token, or a permission that was withdrawn, works until the token ends.",
    remedy="10 minutes with a refresh token that is exchanged at each use; or opaque tokens, which can be taken back.",
)  # fmt: skip
def long_lived_access_token(draft: Draft) -> Iterator[Hit]:
    """Signed tokens that live for hours."""
    auth = draft.design.auth
    if (
        auth.token_format != "opaque"
        and auth.access_token_ttl is not None
        and auth.access_token_ttl.base > draft.facts[LONGEST_ACCESS].base
    ):
        yield Hit(
            "auth.access_token_ttl",
            f"a {auth.token_format or 'signed'} token of {auth.access_token_ttl} is {show(auth.access_token_ttl.base / draft.facts[LONGEST_ACCESS].base, unit(''))} times {draft.facts[LONGEST_ACCESS].text}",
        )


@rule(
    "auth-token-churn", principle="performance", severity="low",
    condition="An access token is good for less than a minute.",
    effect="The identity provider is called about as often as the system itself, and is down with it.",
    remedy="10 minutes, unless a law says otherwise.",
)  # fmt: skip
def token_churn(draft: Draft) -> Iterator[Hit]:
    """Tokens so short that their renewal is a load of its own."""
    ttl, rate = draft.design.auth.access_token_ttl, draft.facts.get(TOKEN_RATE)
    if ttl is not None and ttl.base < draft.facts[SHORTEST_ACCESS].base:
        yield Hit(
            "auth.access_token_ttl",
            f"a token of {ttl}" + (f" is asked for {rate.text} at the peak" if rate is not None else ""),
        )


@rule(
    "auth-operation-without-permission", principle="security", severity="high",
    condition="An operation needs a token, and no role may call it.",
    effect="Nobody can use it; in practice somebody then opens it to all.",
    remedy="Name it under a role's allows, or give its access pattern the roles that may do it.",
)  # fmt: skip
def operation_without_permission(draft: Draft) -> Iterator[Hit]:
    """Closed operations that no role opens."""
    roles = draft.design.auth.roles
    for name, operation in draft.design.api.operations.items():
        # what is refused for want of a word or a way is told as that
        named = [
            role
            for role in roles
            if roles[role].allows.get(name, "none") != "none" or f"auth.roles.{role}.allows.{name}" in draft.reasons
        ]
        if not operation.is_public and not named:
            yield Hit(
                f"api.operations.{name}",
                f"none of {len(roles)} roles ({', '.join(roles) or 'there is none'}) allows {name}",
            )


@rule(
    "auth-role-without-permission", principle="maintainability", severity="low",
    condition="A role allows nothing.",
    effect="People are given a role that does not open anything, and nobody knows what it was meant for.",
    remedy="Take the role out, or name it in the roles of an access pattern.",
)  # fmt: skip
def role_without_permission(draft: Draft) -> Iterator[Hit]:
    """Roles without a use."""
    for name, role in draft.design.auth.roles.items():
        if not role.allows:
            yield Hit(f"auth.roles.{name}", f"no access pattern names {name}, and it allows nothing")


@rule(
    "auth-admin-without-mfa", principle="security", severity="critical",
    condition="A role that administers needs no second factor.",
    effect="One password that is guessed, reused or phished opens every row to a stranger.",
    remedy="Set needs_mfa to true, with passkeys where people have them.",
)  # fmt: skip
def admin_without_mfa(draft: Draft) -> Iterator[Hit]:
    """Administrators with a password only."""
    for name, role in draft.design.auth.roles.items():
        if draft.model.roles.is_admin(name) and role.needs_mfa is False:
            wide = sum(1 for text in role.allows.values() if text == "any")
            yield Hit(f"auth.roles.{name}.needs_mfa", f"{name} may call {wide} operations on any row")


@rule(
    "auth-public-personal-data", principle="security", severity="critical",
    condition="Anybody, without a token, reads personal data, or finds out by it who is registered.",
    effect="A script collects everybody's data in an afternoon; under the GDPR that is a breach to be reported within 72 hours.",
    remedy="Take the field out of the answer, or let only roles read it.",
)  # fmt: skip
def public_personal_data(draft: Draft) -> Iterator[Hit]:
    """Personal fields that an open operation gives or is asked by."""
    design = draft.design
    for name, operation in design.api.operations.items():
        if not operation.is_public or operation.entity is None or operation.entity not in design.entities:
            continue
        personal = draft.model.people.list_personal(operation.entity)
        names = {snake(one): one for one in personal} | {one: one for one in personal}
        shown = [names[one] for one in operation.response if one in names]
        pattern = design.access.get(operation.pattern or name)
        asked = (
            [one for one in (*pattern.by, *pattern.search) if one in personal]
            if pattern is not None and pattern.reads
            else []
        )
        if shown:
            yield Hit(
                f"api.operations.{name}.response",
                f"{name} is public and gives {operation.entity}.{', '.join(dict.fromkeys(shown))}",
            )
        elif asked:
            yield Hit(
                f"access.{name}.by",
                f"{name} is public and answers whether a {operation.entity} with this {', '.join(asked)} exists",
            )


@rule(
    "auth-undecided-grant", principle="security", severity="high",
    condition="An access pattern names a role, and nothing says on which rows the role may do it.",
    effect="It is refused: whoever has the role cannot do what the design means them to.",
    remedy="Write the line that the evidence shows, with `any`, `own`, `tenant` or the field that leads to whoever may.",
)  # fmt: skip
def undecided_grant(draft: Draft) -> Iterator[Hit]:
    """Refusals that follow from what is not said; those with one reason are told once."""
    for name, role in draft.design.auth.roles.items():
        found: dict[str, list[str]] = {}
        for one, text in role.allows.items():
            because = draft.reasons.get(f"auth.roles.{name}.allows.{one}")
            if text == "none" and because is not None:
                found.setdefault(because.reason.replace(f".allows.{one}:", ".allows.…:"), []).append(one)
        for reason, refused in found.items():
            told, _, line = reason.partition(REFUSED)
            shown = line.replace("…", refused[0])
            yield Hit(
                f"auth.roles.{name}.allows.{refused[0]}",
                f"{name} is refused for {', '.join(refused)}: {told.rstrip('. ')}. Write {shown}",
            )


@rule(
    "auth-own-scope-without-owner", principle="security", severity="high",
    condition="A role may act on some rows only, and nothing leads from such a row to whoever has the role.",
    effect="The check cannot be written, so that it refuses everybody.",
    remedy="Give the entity a reference to its owner, name the field that leads there, or say any and mean it.",
)  # fmt: skip
def own_scope_without_owner(draft: Draft) -> Iterator[Hit]:
    """`own`, `tenant` or a path on what has no way there."""
    operations = draft.design.api.operations
    for name, role in draft.design.auth.roles.items():
        for one, text in role.allows.items():
            operation = operations.get(one)
            if text in ("any", "none") or operation is None:
                continue
            found = draft.model.reaches.resolve(ask(draft, name, one, operation), text)
            if isinstance(found, Unknown):
                yield Hit(
                    f"auth.roles.{name}.allows.{one}",
                    f"{found.reason}" + (f". Write {found.line}" if found.line else ""),
                )


@rule(
    "auth-any-scope-for-users", principle="security", severity="critical",
    condition="People who use the system may act on rows that belong to others.",
    effect="Whoever changes the id in a URL reads or changes another person's data (OWASP API1:2023).",
    remedy="Say own: the way to the owner is there, and the query can check it.",
)  # fmt: skip
def any_scope_for_users(draft: Draft) -> Iterator[Hit]:
    """`any` where a row has an owner."""
    for name, one, operation in _list_wide(draft):
        principal = draft.model.roles.assume(name)
        way = draft.model.reaches.find_way(principal, operation.entity or "")
        if way is not None:
            subject = principal.entity or name
            yield Hit(
                f"auth.roles.{name}.allows.{one}",
                f"{name} may {one} of any {subject}, though {way} says whose a row is",
            )


@rule(
    "auth-others-personal-rows", principle="security", severity="high",
    condition="People who use the system may act on any row of what is about other people.",
    effect="Each of them reads or changes the data of all (OWASP API1:2023); under the GDPR each needs a reason for each.",
    remedy="Say which rows: the field that leads to whoever may. Or let it answer without what is personal, and accept it.",
)  # fmt: skip
def others_personal_rows(draft: Draft) -> Iterator[Hit]:
    """`any` on what is somebody's, though no way leads to the caller."""
    for name, one, operation in _list_wide(draft):
        entity = operation.entity or ""
        whose, principal = draft.model.reaches.find_whose(entity), draft.model.roles.assume(name)
        if whose and draft.model.reaches.find_way(principal, entity) is None:
            yield Hit(f"auth.roles.{name}.allows.{one}", f"{name} may {one} of any {entity}, and {whose}")


def _list_wide(draft: Draft) -> Iterator[tuple[str, str, Operation]]:
    """Each operation that people who use the system may do on any row: the role, the operation's name, its contract."""
    design = draft.design
    for name, role in design.auth.roles.items():
        if draft.model.roles.assume(name).is_trusted:
            continue
        for one, text in role.allows.items():
            operation = design.api.operations.get(one)
            if text != "any" or operation is None or operation.entity not in design.entities or operation.is_public:
                continue
            if operation.method != "POST" or operation.action != "create":
                yield name, one, operation


@rule(
    "auth-role-without-sign-in", principle="security", severity="high",
    condition="A role stands for the rows of an entity that nobody can sign in as.",
    effect="No token leads to such a row, so that nobody has the role's own rows; in practice the id is then taken from the request.",
    remedy="Give the entity what people sign in with, as an e-mail address that is unique, or say whose rows they are.",
)  # fmt: skip
def role_without_sign_in(draft: Draft) -> Iterator[Hit]:
    """Practitioners without a login. Where nobody has one and all roles stand for the same people, their key is in the token."""
    people = draft.model.people
    stood_for = {draft.model.roles.assume(name).entity for name in draft.design.auth.roles} - {None}
    is_left_out = len(stood_for) == 1 and not any(people.list_sign_in(entity) for entity in people.all)
    for name in draft.design.auth.roles:
        principal = draft.model.roles.assume(name)
        entity = principal.entity
        if (
            principal.kind == "service"
            or entity is None
            or entity not in draft.design.entities
            or people.list_sign_in(entity)
            or is_left_out
        ):
            continue
        line = f"entities.{entity}.fields.email: email unique personal, or, if it is a machine, auth.roles.{name}.kind: service"
        yield Hit(
            f"entities.{entity}",
            f"whoever has the role {name} is a {entity}, and no field of {entity} is one to sign in with. Write {line}",
        )


@rule(
    "auth-program-over-accounts", principle="security", severity="medium",
    condition="A program that is no job of the system's own may act on every row of what holds money or personal data.",
    effect="Whoever holds its credentials, or finds a fault in it, reaches the accounts of all.",
    remedy="Give each program rows of its own (`auth.roles.….entity`) and say which it reaches, or accept it with the reason.",
)  # fmt: skip
def program_over_accounts(draft: Draft) -> Iterator[Hit]:
    """Rights of services over everybody's money."""
    design = draft.design
    for name, role in design.auth.roles.items():
        principal = draft.model.roles.assume(name)
        if principal.kind != "service" or principal.entity is not None or role_words.is_own_job(name):
            continue
        reached: dict[str, list[str]] = {}
        for one, text in role.allows.items():
            operation = design.api.operations.get(one)
            entity = operation.entity if operation is not None else None
            if text == "any" and entity in design.entities and not (operation and operation.is_public):
                reached.setdefault(entity or "", []).append(one)
        held = {entity: ops for entity, ops in reached.items() if _holds_value(draft, entity)}
        if held:
            what = "; ".join(f"every {entity} by {', '.join(ops)}" for entity, ops in held.items())
            yield Hit(f"auth.roles.{name}.allows", f"{name} reaches {what}")


def _holds_value(draft: Draft, entity: str) -> bool:
    fields = draft.model.fields(entity).values()
    return any(field.type == "money" or field.personal for field in fields)


@rule(
    "auth-member-word-without-role", principle="security", severity="medium",
    condition="A membership's role field has a word for people who may less, and no access pattern says what they may.",
    effect="They are refused everywhere, or are taken for full members by whoever writes the code.",
    remedy="Name the role in the access patterns that are for it, or under auth.roles with what it allows.",
)  # fmt: skip
def member_word_without_role(draft: Draft) -> Iterator[Hit]:
    """Guests of whom nothing is said."""
    named = {snake(one) for one in draft.model.roles.names}
    for one in draft.model.people.memberships:
        covered = {
            word
            for role in draft.model.roles.names
            if (found := draft.model.roles.assume(role)).membership is not None
            and found.membership.entity == one.entity
            for word in (found.words or one.roles)
        }
        for word in one.roles:
            if snake(word) not in named and word not in covered:
                read = next(
                    (
                        name
                        for name, role in draft.design.auth.roles.items()
                        if draft.model.roles.assume(name).kind == "member"
                        for _ in role.allows
                    ),
                    None,
                )
                first = (
                    next(
                        (
                            op
                            for op, text in draft.design.auth.roles[read].allows.items()
                            if text not in ("any", "none")
                        ),
                        "…",
                    )
                    if read
                    else "…"
                )
                yield Hit(
                    f"entities.{one.entity}.fields.{one.role_field}",
                    f"{one.entity}.{one.role_field} may be {word}, and no role has that name: refused everywhere. Write auth.roles.{word}.allows: {{{first}: tenant}}",
                )


@rule(
    "auth-role-raised-by-admin", principle="security", severity="high",
    condition="Who changes the roles of members can raise somebody above themselves, or take the role from the last who has the highest.",
    effect="An admin makes themselves owner, or a group is left that nobody can administer.",
    remedy="Refuse both where the rows are: the trigger of the row-security artefact does. Or let only the highest change roles.",
)  # fmt: skip
def role_raised_by_admin(draft: Draft) -> Iterator[Hit]:
    """Changes of memberships by those who are less than the highest."""
    for one in draft.planned.auth.memberships:
        if not one.role_field or not one.ranks:
            continue
        for name, role in draft.planned.auth.roles.items():
            for op, grant in role.grants.items():
                act = draft.design.api.operations[op].action
                words = {word for reach in grant.reaches for part in reach.parts for word in part.words}
                if (
                    grant.entity == one.entity
                    and grant.is_by_row
                    and act not in ("get", "list", "search", "create", "delete")
                    and words - {one.ranks[-1]}
                ):
                    yield Hit(
                        f"access.{op}",
                        f"{name} may set {one.entity}.{one.role_field}: also to {one.ranks[-1]}, and of the last {one.ranks[-1]} of {with_article(one.group_entity)}",
                    )


@rule(
    "auth-browser-client-with-secret", principle="security", severity="critical",
    condition="A program in a browser or on a phone uses client credentials.",
    effect="Its secret is in everybody's hands: whoever reads the program's code calls the system as the program, with no user.",
    remedy="Use authorization_code_pkce; people sign in, and the program needs no secret.",
)  # fmt: skip
def browser_client_with_secret(draft: Draft) -> Iterator[Hit]:
    """Secrets shipped to users."""
    for name, client in draft.design.auth.clients.items():
        if client.kind in ("spa", "mobile") and client.grant == "client_credentials":
            yield Hit(f"auth.clients.{name}.grant", f"{name} is a {client.kind} with client_credentials")


@rule(
    "auth-card-data-stored", principle="security", severity="critical",
    condition="A card number or a verification code is stored.",
    effect="The whole system falls under PCI DSS; to keep the verification code after the payment is forbidden outright (PCI DSS 4.0, requirement 3.3).",
    remedy="Let the payment provider keep the card; store its token and the last four digits.",
)  # fmt: skip
def card_data_stored(draft: Draft) -> Iterator[Hit]:
    """Fields whose name says that a card is in them."""
    for name, entity in draft.design.entities.items():
        for field_name, field in entity.fields.items():
            if field.references is None and _CARD.fullmatch(snake(field_name)):
                fact = draft.facts.get(ENTITY_ROWS.of(name))
                yield Hit(
                    f"entities.{name}.fields.{field_name}",
                    f"{name}.{field_name} looks like card data"
                    + (f", in {fact.text} rows" if fact is not None else ""),
                )


@rule(
    "auth-personal-data-without-erasure", principle="security", severity="high",
    condition="The GDPR binds the design, and no operation removes an entity's personal data.",
    effect="A request for erasure (GDPR, article 17) has to be done by hand in the database, within a month, each time.",
    remedy="Refer to the person whose data it is, say how long it is kept (retention), or add a delete for it.",
)  # fmt: skip
def personal_data_without_erasure(draft: Draft) -> Iterator[Hit]:
    """Personal data that nothing removes."""
    design = draft.design
    if not any("gdpr" in one.lower() or "dsgvo" in one.lower() for one in design.requirements.compliance):
        return
    erasures = draft.model.erasures
    deleting: set[str | None] = {one.entity for one in design.api.operations.values() if one.action == "delete"}
    deleting |= {one.writes for one in design.access.values() if one.action == "delete"}
    erased = {
        entity
        for one in deleting
        if one is not None and one in design.entities
        for entity in erasures.find(one).reached
    }
    for name, entity in design.entities.items():
        personal = draft.model.people.list_personal(name)
        if personal and entity.retention is None and name not in erased and design.entities[name].extends not in erased:
            yield Hit(f"entities.{name}", f"{name} holds {', '.join(personal)}, and no operation removes a {name}")


@rule(
    "auth-password-stored-beside-provider", principle="security", severity="medium",
    condition="A password is kept though an identity provider signs people in.",
    effect="It is read by nothing, grows old, and is stolen with the rest: people use the same password elsewhere.",
    remedy="Take the field out; the provider alone sees passwords. Or say `auth.provider: own` where this system checks them.",
)  # fmt: skip
def password_stored_beside_provider(draft: Draft) -> Iterator[Hit]:
    """Secret password fields of people whom somebody else signs in."""
    provider = draft.design.auth.provider
    if provider is None or {*snake(provider).split("_")} & _OWN_SIGN_IN:
        return
    for name, entity in draft.design.entities.items():
        if not draft.model.people.is_person(name):
            continue
        for field_name, field in entity.fields.items():
            if field.secret and _PASSWORD.fullmatch(snake(field_name)):
                rows = draft.facts.get(ENTITY_ROWS.of(name))
                yield Hit(
                    f"entities.{name}.fields.{field_name}",
                    f"{name}.{field_name} is kept"
                    + (f" in {rows.text} rows" if rows is not None else "")
                    + f", and sign-in is by the {provider.removeprefix('the ')}",
                )


RULES: Sequence[Rule] = (
    access_token_outlives_session, long_lived_access_token, token_churn, operation_without_permission, role_without_permission,
    admin_without_mfa, public_personal_data, undecided_grant, own_scope_without_owner, any_scope_for_users, others_personal_rows,
    role_without_sign_in, program_over_accounts, member_word_without_role, role_raised_by_admin,
    browser_client_with_secret, card_data_stored, personal_data_without_erasure,
    password_stored_beside_provider,
)  # fmt: skip
