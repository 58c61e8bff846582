"""What auth shows: how people and programs come by a token, who may do what, how long a token is good, where personal data goes."""

from __future__ import annotations

from collections.abc import Sequence as Listed

from archnb.fact.keys.auth import (
    ACCESS_TOKEN_TTL,
    ACTIVE_USERS,
    INTROSPECTION_RATE,
    REFRESH_TOKEN_TTL,
    REVOCATION_DELAY,
    SESSION_TTL,
    TOKEN_RATE,
)
from archnb.fact.keys.entities import PATTERN_RATE
from archnb.model import Unknown
from archnb.naming import snake
from archnb.planned.auth import Grant, Reach
from archnb.quantity import Quantity
from archnb.shapes import AnyShape, Cell, Message, Participant, Scalar, Sequence, Table
from archnb.topics.auth.conditions import write_condition
from archnb.topics.topic import Draft


def views(draft: Draft) -> Listed[AnyShape]:
    """The sequences, the matrix, the lifetimes, the checks, the personal data."""
    made: list[AnyShape] = [draw_sign_in(draft), draw_refresh(draft), draw_service_token(draft), draw_clients(draft)]
    if draft.design.auth.roles:
        made.append(draw_roles(draft))
    if draft.design.auth.roles and draft.design.api.operations:
        made += [draw_permissions(draft), draw_kinds(draft)]
    made += [draw_lifetimes(draft), draw_checks(draft)]
    personal = draw_personal_data(draft)
    if personal.rows:
        made.append(personal)
    return made


def _say(quantity: Quantity | None) -> str:
    return str(quantity) if quantity is not None else "?"


def _people_client(draft: Draft) -> tuple[str, str]:
    """The program that people use, and its kind."""
    for name, client in draft.design.auth.clients.items():
        if client.grant == "authorization_code_pkce":
            return name, client.kind or "spa"
    return "app", "spa"


def _busiest(draft: Draft) -> str:
    """The busiest closed operation, as the call that the token is used for."""
    operations = {name: one for name, one in draft.design.api.operations.items() if not one.is_public}
    ranked = sorted(
        operations, key=lambda one: -(fact.base if (fact := draft.facts.get(PATTERN_RATE.of(one))) is not None else 0.0)
    )
    return ranked[0] if ranked else ""


def draw_sign_in(draft: Draft) -> Sequence:
    """Authorisation code with PKCE (RFC 7636) and OpenID Connect, with the parameters by their names."""
    auth = draft.design.auth
    name, kind = _people_client(draft)
    op = _busiest(draft)
    operation = draft.design.api.operations.get(op)
    call = (
        f"{operation.method} {(draft.design.api.base_path or '').rstrip('/')}{operation.path}"
        if operation
        else "GET /…"
    )
    mfa = [role for role, one in auth.roles.items() if one.needs_mfa]
    scope = f"openid {draft.planned.auth.scope_of.get(op, '')}".strip()
    check = (
        "checks signature (JWKS, by kid), iss, aud, exp, then the scope"
        if auth.token_format != "opaque"
        else "asks POST /introspect: active, aud, scope"
    )
    messages = [
        Message("user", "client", "opens, and wants to sign in"),
        Message("client", "client", "makes code_verifier (43 to 128 random characters), state and nonce, and keeps them", "note"),
        Message("client", "provider", f"GET /authorize?response_type=code&client_id={name}&redirect_uri=…&scope={scope}&state=…&nonce=…&code_challenge=BASE64URL(SHA256(code_verifier))&code_challenge_method=S256"),
        Message("provider", "user", "asks for password or passkey" + (f"; a second factor for {', '.join(mfa)}" if mfa else "")),
        Message("user", "provider", "proves who it is"),
        Message("provider", "client", "302 redirect_uri?code=…&state=…&iss=…", "return"),
        Message("client", "client", "compares state and iss with its own; the code is good for 60 s, once", "note"),
        Message("client", "provider", f"POST /token grant_type=authorization_code&code=…&redirect_uri=…&client_id={name}&code_verifier=…" + (" with its client secret or key" if kind == "web" else "")),
        Message("provider", "provider", "SHA256(code_verifier) must equal code_challenge: a stolen code alone is worth nothing", "note"),
        Message("provider", "client", f"200 access_token ({auth.token_format or 'jwt'}, {_say(auth.access_token_ttl)}), refresh_token ({_say(auth.refresh_token_ttl)}), id_token", "return"),
        Message("client", "client", "checks the id_token: signature, iss, aud, exp, nonce", "note"),
        Message("client", "api", f"{call} with Authorization: Bearer access_token"),
        Message("api", "api" if auth.token_format != "opaque" else "provider", check, "note" if auth.token_format != "opaque" else "call"),
        Message("api", "api", "checks the role's permission; where it is own, the query itself asks for the caller's rows", "note"),
        Message("api", "client", f"{operation.status if operation else 200}", "return"),
    ]  # fmt: skip
    return Sequence(
        "sign-in", "Signing in: authorisation code with PKCE",
        (Participant("user", "User", "person"), Participant("client", f"{name} ({kind})", "client"), Participant("provider", auth.provider or "identity provider", "identity"), Participant("api", "API", "service")),
        tuple(messages),
        description="Passwords are seen by the provider alone. state binds the answer to this browser, nonce the id_token to this sign-in, the code_verifier the code to this program.",
    )  # fmt: skip


def draw_refresh(draft: Draft) -> Sequence:
    """Renewal with rotation, and what happens when an old refresh token is used again."""
    auth = draft.design.auth
    name, _ = _people_client(draft)
    messages = (
        Message("client", "api", "a call with an access token that has ended"),
        Message("api", "client", '401 WWW-Authenticate: Bearer error="invalid_token"', "return"),
        Message("client", "provider", f"POST /token grant_type=refresh_token&refresh_token=r1&client_id={name}"),
        Message(
            "provider", "provider", f"r1 is used up; the session began less than {_say(auth.session_ttl)} ago", "note"
        ),
        Message(
            "provider",
            "client",
            f"200 access_token ({_say(auth.access_token_ttl)}), refresh_token=r2 ({_say(auth.refresh_token_ttl)})",
            "return",
        ),
        Message("client", "api", "the call again, with the new token"),
        Message("thief", "provider", "POST /token grant_type=refresh_token&refresh_token=r1, stolen earlier"),
        Message(
            "provider",
            "provider",
            "r1 was used already: one of the two is a thief, so the whole family r1, r2 ends",
            "note",
        ),
        Message("provider", "thief", "400 invalid_grant", "return"),
        Message("client", "provider", "POST /token grant_type=refresh_token&refresh_token=r2"),
        Message("provider", "client", "400 invalid_grant: the user signs in again, and the thief is out", "return"),
    )
    people = (
        Participant("client", name, "client"),
        Participant("provider", auth.provider or "identity provider", "identity"),
        Participant("api", "API", "service"),
        Participant("thief", "Thief", "person"),
    )
    return Sequence(
        "token-refresh",
        "Renewing: rotation, and a stolen refresh token",
        people,
        messages,
        description="Each refresh token works once (RFC 9700, section 4.14.2).",
    )


def draw_service_token(draft: Draft) -> Sequence:
    """Client credentials (RFC 6749, section 4.4)."""
    auth = draft.design.auth
    name = next((one for one, client in auth.clients.items() if client.grant == "client_credentials"), "worker")
    roles = auth.clients[name].roles if name in auth.clients else ()
    opened = (
        draft.planned.auth.scope_of.get(op) for role in roles if role in auth.roles for op in auth.roles[role].allows
    )
    scopes = list(dict.fromkeys(one for one in opened if one))[:3]
    messages = (
        Message("service", "service", "signs a client assertion with its private key from the vault (RFC 7523)", "note"),
        Message("service", "provider", f"POST /token grant_type=client_credentials&client_id={name}&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=…" + (f"&scope={' '.join(scopes)}" if scopes else "")),
        Message("provider", "service", f"200 access_token ({_say(auth.access_token_ttl)}), no refresh token: it asks again", "return"),
        Message("service", "service", "keeps the token until shortly before it ends, for all its calls", "note"),
        Message("service", "api", "calls with Authorization: Bearer access_token"),
        Message("api", "api", "checks signature, iss, aud, exp and the scope; sub is the program, no user", "note"),
        Message("api", "service", "200", "return"),
    )  # fmt: skip
    people = (
        Participant("service", name, "worker"),
        Participant("provider", auth.provider or "identity provider", "identity"),
        Participant("api", "API", "service"),
    )
    note = "" if roles else " No role is given to programs yet: an access pattern with the role `internal` gives one."
    return Sequence(
        "service-token",
        "Programs: client credentials",
        people,
        messages,
        description=f"A program speaks for itself, with a key that never travels.{note}",
    )


def draw_clients(draft: Draft) -> Table:
    """One row a program that asks for tokens."""
    auth = draft.design.auth
    kinds = {
        "none": "nothing: it can keep no secret",
        "client_secret": "a secret of its own, of which a hash is kept",
        "private_key_jwt": "an assertion signed with its key, which never leaves it (RFC 7523)",
        "mtls": "its certificate, to which the token is bound (RFC 8705)",
    }
    rows: list[tuple[Cell | Scalar, ...]] = []
    for name, client in auth.clients.items():
        reason = draft.reasons.get(f"auth.clients.{name}") or draft.reasons.get(f"auth.clients.{name}.grant")
        rows.append(
            (
                Cell(name, is_code=True),
                client.kind,
                kinds.get(client.authentication or "", ""),
                client.grant,
                ", ".join(client.roles),
                reason.reason if reason else "said in the design",
            )
        )
    return Table(
        "auth-clients",
        "Programs that ask for tokens",
        ("client", "kind", "proves itself by", "grant", "roles", "because"),
        tuple(rows),
        description="The implicit grant and the grant by password are not offered (RFC 9700, sections 2.1.2 and 2.4).",
    )


def draw_roles(draft: Draft) -> Table:
    """One row a role: what is behind it, whose rows stand for it, and how that is known."""
    rows: list[tuple[Cell | Scalar, ...]] = []
    for name, role in draft.design.auth.roles.items():
        principal = draft.model.roles.assume(name)
        joined = principal.membership
        reason = draft.reasons.get(f"auth.roles.{name}.kind")
        rows.append(
            (
                Cell(name, is_code=True),
                role.kind or "not known",
                f"{principal.entity} by {joined.entity}" if joined is not None else principal.entity or "",
                "yes" if role.needs_mfa else "no",
                reason.reason if reason is not None else "said in the design",
            )
        )
    tenant = draft.model.tenants.tenant
    return Table(
        "roles",
        "Roles",
        ("role", "what is behind it", "whose rows", "second factor", "because"),
        tuple(rows),
        description=f"No tenant is known: {tenant.reason}."
        if isinstance(tenant, Unknown)
        else f"{tenant} keeps customers apart; to one belong {', '.join(draft.model.tenants.list_fenced()) or 'no others'}.",
    )


def draw_permissions(draft: Draft) -> Table:
    """Operations by roles: on any row, on those that a way leads to, or refused."""
    auth, planned = draft.design.auth, draft.planned.auth
    rows: list[tuple[Cell | Scalar, ...]] = []
    for name, operation in draft.design.api.operations.items():
        cells: list[Cell] = [Cell("any", tone="notice") if operation.is_public else Cell("", "–", tone="muted")]
        ways: dict[str, None] = {}
        conditions: dict[str, None] = {}
        for role, one in auth.roles.items():
            text, grant = one.allows.get(name), planned.roles[role].grants.get(name)
            if text is None or grant is None:
                cells.append(Cell("", "–", tone="muted"))
                continue
            cells.append(Cell(text, tone="danger" if grant.is_refused else "good" if grant.is_by_row else ""))
            if grant.is_by_row:
                ways[explain_ways(grant)] = None
                conditions[write_condition(grant)] = None
        rows.append(
            (
                Cell(name, is_code=True),
                operation.method,
                *cells,
                "; ".join(ways),
                Cell("; ".join(conditions), is_code=True),
            )
        )
    taken = ("operation", "method", "public", "whose rows", "as SQL")
    columns = (
        "operation",
        "method",
        "public",
        *(role if role not in taken else f"{role} (role)" for role in auth.roles),
        "whose rows",
        "as SQL",
    )
    note = (
        f"any: on every row; own: on rows that refer to the caller; tenant, member: on rows of what the caller is in; –, none: refused. The user is {auth.owner}."
        if auth.owner
        else "any: on every row; –, none: refused."
    )
    return Table(
        "permissions",
        "Permissions",
        columns,
        tuple(rows),
        anchors=tuple(f"permission-{name}" for name in draft.design.api.operations),
        description=note,
    )


def draw_kinds(draft: Draft) -> Table:
    """Roles by operations by kinds of rows: what each grant comes to for the caller's own, for their tenant's, for others'."""
    rows: list[tuple[Cell | Scalar, ...]] = []
    for name, operation in draft.design.api.operations.items():
        if operation.is_public:
            rows.append((Cell(name, is_code=True), "everybody", *[Cell("yes", tone="notice")] * 4))
        for role, grant in draft.planned.auth.grants_of(name):
            rows.append((Cell(name, is_code=True), role, *(_draw_kind(one) for one in _tell_kinds(grant))))
    return Table(
        "permission-kinds",
        "Who reaches which rows",
        ("operation", "role", "the caller's own", "in the same tenant or group", "of another", "nobody's"),
        tuple(rows),
        description="Whatever stands in no row is refused. `archnb verify` asks PostgreSQL as each role, and Cedar, and compares.",
    )


def _tell_kinds(grant: Grant) -> tuple[str, str, str, str]:
    """What a grant says of a row that is the caller's own, of one in what they are in, of another's, and of nobody's."""
    if not grant.is_by_row:
        return ("yes",) * 4 if grant.kind == "any" else ("no",) * 4
    own, inside, free = "no", "no", "no"
    for reach in grant.reaches:
        fences = [part for part in reach.parts if part.is_fence]
        missing = any(not part.token for part in reach.parts)
        if missing:
            free = "yes"
        elif not fences:
            own = "yes"
        elif len(fences) == len(reach.parts):
            own, inside = ("in it" if own == "no" else own), "yes"
        else:
            own = "in it" if own == "no" else own
    return own, inside, "no", free


def _draw_kind(text: str) -> Cell:
    return Cell(text, tone="muted" if text == "no" else "good" if text != "yes" else "")


def explain_ways(grant: Grant) -> str:
    """The ways from a row to the caller, as paths of references: `OrderLine.order -> Order.customer = sub`."""
    return " or ".join(" and ".join(_explain_way(part) for part in one.parts) for one in grant.reaches)


def _explain_way(reach: Reach) -> str:
    if not reach.token:
        return reach.path
    claim = {"person": "sub", "client": "client_id", "tenant": "tenant"}[reach.token]
    path = f"{reach.entity}.{reach.field}" if reach.path == "its own key" else reach.path
    words = f" with {reach.role_field} {' or '.join(reach.words)}" if reach.words else ""
    return f"{path} = {claim}{words}"


def draw_lifetimes(draft: Draft) -> Table:
    """Lifetimes, and what they cost."""
    rows: list[tuple[Cell | Scalar, ...]] = []
    labels = {ACCESS_TOKEN_TTL: "access token", REFRESH_TOKEN_TTL: "refresh token", SESSION_TTL: "session"}
    for name, label in labels.items():
        fact = draft.facts.get(name)
        if fact is not None:
            reason = draft.reasons.get(name)
            rows.append((label, fact.cell, reason.reason if reason is not None else "said in the design"))
    rows.append(
        (
            "authorisation code",
            "60 s, once",
            "It travels through the browser's address bar (RFC 6749, section 4.1.2, asks for at most 10 minutes).",
        )
    )
    for name, label in (
        (REVOCATION_DELAY, "a withdrawn permission works for at most"),
        (ACTIVE_USERS, "signed in and active at the peak"),
        (TOKEN_RATE, "tokens issued at the peak"),
        (INTROSPECTION_RATE, "introspections at the peak"),
    ):
        fact = draft.facts.get(name)
        if fact is not None:
            rows.append((label, fact.cell, fact.because))
    form = draft.reasons.get("auth.token_format")
    rows.append(
        (
            "access token's form",
            draft.design.auth.token_format or "",
            form.reason if form is not None else "said in the design",
        )
    )
    return Table("token-lifetimes", "Token lifetimes", ("what", "value", "because"), tuple(rows))


def draw_checks(draft: Draft) -> Table:
    """Where each check is made."""
    auth, design = draft.design.auth, draft.design
    used = design.patterns.get("api_gateway")
    edge = "gateway" if used is not None and used.use else "service, before the handler"
    grants = {
        name: grant
        for role in draft.planned.auth.roles.values()
        for name, grant in role.grants.items()
        if grant.is_by_row
    }
    longest = next((name for name, grant in grants.items() if grant.reaches[0].joins), next(iter(grants), ""))
    example = f", as {longest}: {explain_ways(grants[longest])}" if longest else ""
    refused = sum(grant.is_refused for role in draft.planned.auth.roles.values() for grant in role.grants.values())
    allowed = sum(len(role.grants) for role in draft.planned.auth.roles.values()) - refused
    rows: tuple[tuple[Cell | Scalar, ...], ...] = (
        ("TLS, size, rate limit", edge, "cheap, and before anything is parsed", "413, 429"),
        (
            "who is it",
            edge,
            "signature by the provider's published keys, iss, aud, exp"
            if auth.token_format != "opaque"
            else "introspection, kept for a few seconds",
            "401",
        ),
        (
            "may this role call this operation",
            "service",
            f"the scope that the operation asks for ({len(draft.planned.auth.scopes)} of them: a resource, read or written), then the role's grant; {allowed} permissions, all others refused",
            "403",
        ),
        (
            "is it the caller's row",
            "the query",
            f"a condition in the statement itself for {len(grants)} operations{example}; another's row is not found rather than forbidden, so that ids cannot be tried",
            "404",
        ),
        (
            "which fields",
            "service",
            "answers are built from the fields that the operation names, so a new column is not shown by accident",
            "",
        ),
        ("who did it", "service", "sub, operation, object id and outcome go to an audit log that only grows", ""),
    )
    return Table("auth-checks", "Where each check is made", ("question", "where", "how", "if not"), rows)


def draw_personal_data(draft: Draft) -> Table:
    """Every personal or secret field: who reads it, where it is kept, where it must not go."""
    design = draft.design
    rows: list[tuple[Cell | Scalar, ...]] = []
    about: dict[str, list[str]] = {}
    holding: dict[str, list[str]] = {}
    for op, operation in design.api.operations.items():
        about.setdefault(operation.entity or "", []).append(op)
        for word in dict.fromkeys(operation.response):
            holding.setdefault(word, []).append(op)
    for entity in design.entities:
        table = draft.model.places.find_table(entity)
        for name, field in draft.model.fields(entity).items():
            if not (field.personal or field.secret) or name not in design.entities[entity].fields:
                continue
            shown = [op for op in about.get(entity, []) if {name, snake(name)} & {*design.api.operations[op].response}]
            for op in () if field.secret else holding.get(entity, ()):
                operation = design.api.operations[op]
                if operation.entity != entity and not operation.is_public:
                    shown.append(op)
            readers = []
            for role, one in draft.planned.auth.roles.items():
                grants = [one.grants[op] for op in shown if op in one.grants and not one.grants[op].is_refused]
                if grants:
                    wide = next((grant for grant in grants if not grant.is_by_row), grants[0])
                    readers.append(f"{role} ({wide.text})")
            if any(design.api.operations[op].is_public for op in shown):
                readers.insert(0, "everybody")
            kept = design.schema.tables[table].store if table is not None else None
            caches = [op for op in shown if (policy := design.cache.policies.get(op)) is not None and policy.use]
            rows.append(
                (
                    Cell(f"{entity}.{name}", is_code=True),
                    "secret" if field.secret else "personal",
                    "nobody" if not readers else ", ".join(readers),
                    kept or draft.model.places.find_home(entity),
                    ", ".join(caches) or "none",
                    "never" if field.secret else "masked; the id stands for the person",
                )
            )
    return Table(
        "personal-data", "Personal data and secrets", ("field", "kind", "who reads it", "stores", "cached by", "logs and traces"), tuple(rows),
        description="A request for erasure has to reach every place in a row (GDPR, article 17).",
    )  # fmt: skip
