"""Roles, clients and lifetimes: least privilege from the access patterns' roles, and a token that is good for as long as its reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from archnb.design import Design
from archnb.design.api import Operation
from archnb.design.auth import Auth, Client, Role
from archnb.design.record import Named
from archnb.fact.keys.load import PEAK_REQUESTS
from archnb.model import Conclusion, Model, Principal, Question, Unknown
from archnb.model.reaches import list_said, read_act
from archnb.naming import snake, with_article
from archnb.quantity import Quantity, parse
from archnb.topics.topic import Because, Draft

# how the reason of a refusal goes on, up to the line that would settle it
REFUSED = "So it is refused; one line settles it: "
STRICT = ("pci", "hipaa", "psd2")
DAY = 86400.0


def complete(draft: Draft) -> None:
    """Fill the section: owner, roles with what they may do, clients, lifetimes."""
    auth = draft.design.auth
    names = draft.model.roles.names
    found, tenant = explain_owner(draft.model), draft.model.tenants.tenant
    auth = draft.fill(
        "auth",
        auth,
        provider=Because(
            "identity provider",
            "Sign-in is nobody's business but a provider's: passwords, second factors and their recovery stay out of this system.",
        ),
        owner=Because(found[0], found[1]) if found else Because(None, ""),
        tenant=Because(
            tenant,
            "people are in one of several, and most of what is kept belongs to one by references that every row has",
        )
        if tenant
        else Because(None, ""),
        token_format=Because("jwt", _explain_format(draft), (PEAK_REQUESTS,)),
    )
    auth = _fill_lifetimes(draft, auth)
    principals = {name: draft.model.roles.assume(name) for name in names}
    roles = {name: _complete_role(draft, auth, one) for name, one in principals.items()}
    clients = _complete_clients(draft, auth, principals)
    draft.close("auth", dataclasses.replace(auth, roles=Named(roles), clients=Named(clients)))


def explain_owner(model: Model) -> tuple[str, str] | None:
    """The entity that is the user, with the reason. None where there is none."""
    people = model.people
    ranked = people.ranked
    if not ranked:
        return None
    chosen = ranked[0]
    count = people.count_referring(chosen)
    signing = ", ".join(people.list_sign_in(chosen)) or "personal data"
    why = f"{chosen} has what people sign in with ({signing}), and {count} {'field refers' if count == 1 else 'fields refer'} to it"
    if people.is_named_by_role(chosen):
        why += f"; a role has its name, {snake(chosen)}"
    if len(ranked) > 1:
        why += f". {', '.join(ranked[1:])} could be too: say auth.owner then"
    return chosen, why + "."


def roles_of(design: Design, name: str, operation: Operation) -> tuple[str, ...]:
    """The roles that an operation's access pattern names."""
    pattern = design.access.get(operation.pattern or name)
    return pattern.roles if pattern is not None else ()


def ask(draft: Draft, role: str, name: str, operation: Operation) -> Question:
    """The question whether a role may do an operation, and on which rows."""
    pattern = draft.design.access.get(operation.pattern or name)
    act = read_act(pattern, operation.action, operation.method)
    principal, by = draft.model.roles.assume(role), pattern.by if pattern is not None else ()
    return Question(principal, name, operation.entity or "", act, by, *list_said(pattern))


def choose_grant(draft: Draft, role: str, name: str, operation: Operation) -> Conclusion | Unknown:
    """On which rows a role may do an operation, where the design does not say it."""
    if operation.is_public:
        return Conclusion("any", "everybody may")
    if operation.entity is None or operation.entity not in draft.design.entities:
        return Conclusion("any", "it is on the rows of no entity")
    return draft.model.reaches.conclude(ask(draft, role, name, operation))


def _complete_role(draft: Draft, auth: Auth, principal: Principal) -> Role:
    name = principal.role
    design, path, roles = draft.design, f"auth.roles.{name}", draft.model.roles
    said = auth.roles.get(name, Role())
    allows: dict[str, str] = dict(said.allows)
    is_admin = roles.is_admin(name) or name == roles.keeper
    for op_name, operation in design.api.operations.items():
        named = roles_of(design, op_name, operation)
        if op_name in said.allows or not (name in named or (not named and is_admin and not operation.is_public)):
            continue
        concluded = choose_grant(draft, name, op_name, operation)
        at = f"{path}.allows.{op_name}"
        if isinstance(concluded, Unknown):
            allows[op_name] = "none"
            draft.note(at, f"{concluded.reason}. {REFUSED}{concluded.line}", value="none")
        else:
            allows[op_name] = concluded.text
            draft.note(at, f"{concluded.reason}.", value=concluded.text)
    refused = sum(text == "none" for text in allows.values())
    limited = sum(text not in ("any", "none") for text in allows.values())
    why = f"{len(allows)} of {len(design.api.operations)} operations name this role"
    why += f"; {limited} of them on rows that are the caller's or in what the caller is in" if limited else ""
    why += f"; {refused} of them refused, since nothing says whose rows they are" if refused else ""
    found = roles.find(name)
    reason = f"{principal.reason[:1].upper()}{principal.reason[1:]}."
    if isinstance(found, Unknown):
        reason += f" Until it is said, they are refused. One line settles it: {found.line}."
        draft.note(f"{path}.kind", reason)
    if allows and said.allows:
        # what was said stands, and the others are refused or concluded beside it
        said = dataclasses.replace(said, allows=Named(allows))
    return draft.fill(
        path, said,
        summary=Because(_describe(principal), "The role's name, and the entity that stands for its people."),
        kind=Because(principal.kind if principal.kind != "public" and found else None, reason),
        allows=Because(Named(allows), why + ". Whatever is not listed is refused.") if allows else Because(None, ""),
        needs_mfa=Because(
            is_admin,
            "One stolen password must not give away everybody's data: a passkey or a one-time code besides (NIST SP 800-63B, AAL2)."
            if is_admin
            else "A program has no second factor; its key is kept in a vault."
            if principal.kind == "service"
            else "Its reach is small; a passkey is offered, not demanded.",
        ),
    )  # fmt: skip


def _describe(principal: Principal) -> str:
    if principal.kind == "service":
        return f"Programs, each {with_article(principal.entity)}." if principal.entity else "Programs of our own."
    if principal.kind == "staff":
        return "People who run the system."
    if principal.kind == "member" and principal.membership is not None:
        group, row = principal.membership.group.target, principal.membership.entity
        return f"People of {with_article(group)}, each by {with_article(row)}."
    return (
        f"People who use the system, each {with_article(principal.entity)}."
        if principal.entity
        else "People who use the system."
    )


def _complete_clients(draft: Draft, auth: Auth, principals: Mapping[str, Principal]) -> dict[str, Client]:
    made: dict[str, Client] = {}
    taken = {role for one in auth.clients.values() for role in one.roles}

    def list_kinds(*kinds: str) -> list[str]:
        return [name for name, one in principals.items() if one.kind in kinds and name not in taken]

    people, staff, machines = list_kinds("person", "member"), list_kinds("staff"), list_kinds("service")
    devices = [name for name in machines if principals[name].entity is not None]
    programs = [name for name in machines if name not in devices]
    kinds = {name: one.kind for name, one in principals.items()}
    proposals: list[tuple[str, Client, str]] = []
    if people:
        proposals.append(
            (
                "app",
                Client(kind="spa", grant="authorization_code_pkce", authentication="none", roles=tuple(people)),
                "A program in the user's browser or phone can keep no secret; PKCE binds the code to the one who asked for it (RFC 9700, section 2.1.1).",
            )
        )
    if staff:
        proposals.append(
            (
                "console",
                Client(
                    kind="web", grant="authorization_code_pkce", authentication="private_key_jwt", roles=tuple(staff)
                ),
                "Staff use a web application whose server keeps the tokens, so that none lies in a browser; PKCE all the same (RFC 9700).",
            )
        )
    for name in devices:
        entity = principals[name].entity or ""
        secret = next((one for one, field in draft.model.fields(entity).items() if field.secret), None)
        proposals.append(
            (
                name,
                Client(
                    kind="service",
                    grant="client_credentials",
                    authentication="client_secret" if secret is not None else "private_key_jwt",
                    roles=(name,),
                ),
                f"Each {entity} has credentials of its own, made when it is registered, and its token says which {entity} it is: there is no browser in it, and no person"
                " beside it who could approve, which the device grant wants (RFC 8628)."
                + (
                    f" {entity}.{secret} keeps what it proves itself by; a certificate, to which its tokens are bound (RFC 8705), cannot be copied out of a log."
                    if secret is not None
                    else " Its key never leaves it."
                ),
            )
        )
    if programs or not any(one.kind == "service" for one in auth.clients.values()):
        why = "A program of our own speaks for itself: its own credentials, no user, no refresh token (RFC 6749, section 4.4)."
        if not programs:
            why += " Workers and scheduled jobs use it; it has no role until an access pattern gives it one."
        proposals.append(
            (
                "worker",
                Client(
                    kind="service", grant="client_credentials", authentication="private_key_jwt", roles=tuple(programs)
                ),
                why,
            )
        )
    for name, said in auth.clients.items():
        is_program = said.kind == "service" or (
            said.kind is None and bool(said.roles) and all(kinds.get(role) == "service" for role in said.roles)
        )
        made[name] = draft.fill(
            f"auth.clients.{name}", said,
            kind=Because("service" if is_program else "web" if said.roles and all(kinds.get(role) == "staff" for role in said.roles) else "spa", "The kind of program that its roles' people use."),
            grant=Because("client_credentials" if is_program else "authorization_code_pkce", "The grant for this kind of program (RFC 9700)."),
        )  # fmt: skip
        is_open = made[name].kind in ("spa", "mobile")
        made[name] = draft.fill(
            f"auth.clients.{name}", made[name],
            authentication=Because("none" if is_open else "private_key_jwt", "What runs in somebody's browser or phone can keep no secret." if is_open else "A key that never leaves the program, rather than a secret that travels."),
        )  # fmt: skip
    for name, client, why in proposals:
        free = name if name not in made else f"{name}_client"
        made[free] = client
        draft.note(f"auth.clients.{free}", why)
    return made


def is_strict(design: Design) -> str | None:
    """The rule set among the design's that asks for short sessions, or None."""
    return next((one for one in design.requirements.compliance if any(word in one.lower() for word in STRICT)), None)


def _explain_format(draft: Draft) -> str:
    load = f"{draft.facts[PEAK_REQUESTS].text} at the peak"
    return f"A signed token is checked where it arrives; an opaque one would ask the provider about {load}. The price: it cannot be taken back before it ends, so it is short."


def _fill_lifetimes(draft: Draft, auth: Auth) -> Auth:
    strict = is_strict(draft.design)
    base = (
        {"access": 600.0, "refresh": 14 * DAY, "session": 30 * DAY}
        if strict is None
        else {"access": 300.0, "refresh": 8 * 3600.0, "session": 12 * 3600.0}
    )
    said_access = auth.access_token_ttl.base if auth.access_token_ttl else None
    said_refresh = auth.refresh_token_ttl.base if auth.refresh_token_ttl else None
    said_session = auth.session_ttl.base if auth.session_ttl else None
    # what is proposed gives way to what was said
    session = said_session if said_session is not None else max(base["session"], said_refresh or 0)
    refresh = said_refresh if said_refresh is not None else min(base["refresh"], session)
    access = said_access if said_access is not None else min(base["access"], refresh)
    law = f" {strict} asks for short ones." if strict else ""
    return draft.fill(
        "auth", auth,
        access_token_ttl=Because(_say(access), f"A permission that is taken away still works until the token ends; this is how long that may be.{law}"),
        refresh_token_ttl=Because(_say(refresh), f"Whoever comes back within this time is not asked again; each use gives a new one, and an old one used twice ends the session (RFC 9700, section 4.14).{law}"),
        session_ttl=Because(_say(session), f"After this, everybody signs in anew, however busy: a bound on what a stolen session is worth.{law}"),
    )  # fmt: skip


def _say(seconds: float) -> Quantity:
    for size, word in ((DAY, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size and seconds % size == 0:
            return parse(f"{int(seconds // size)} {word}" if seconds // size != 1 or word != "days" else "1 day")
    return parse(f"{seconds:g} s")
