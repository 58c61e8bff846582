"""Who may do what: who is let in by now, who is kept out, and with which answer; how everybody signs in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from archnb.diff.changes import Difference, Effect, Whom
from archnb.diff.pair import Pair
from archnb.planned import Backend
from archnb.planned.api import Contract

# on which rows a role may act, the fewest first; the others reach rows by a way of their own
_RANKS = {"own": 1, "tenant": 2, "any": 3}
_ROWS = {"own": "their own rows", "tenant": "the rows of their tenant", "any": "any row"}


class Granted(NamedTuple):
    """On which rows a role may act: the kind, the words of the design, and the ways from a row to whoever asks."""

    kind: str
    text: str
    ways: frozenset[str]

    @property
    def rows(self) -> str:
        """The rows in words."""
        return _ROWS.get(self.text, f"rows that lead to them by {self.text}")


def list_grants(backend: Backend, operation: str) -> Mapping[str, Granted]:
    """On which rows each role may call an operation; who may on none is left out."""
    return {
        role: Granted(grant.kind, grant.text, frozenset(reach.path for reach in grant.reaches))
        for role, grant in backend.auth.grants_of(operation)
        if not grant.is_refused
    }


def _widens(old: Granted, new: Granted) -> bool:
    """Whether who might act on a row before still may."""
    if old.kind != new.kind and old.kind in _RANKS and new.kind in _RANKS:
        return _RANKS[new.kind] > _RANKS[old.kind]
    return new.kind == "any" or old.ways <= new.ways


def compare_permissions(pair: Pair) -> Iterator[Difference]:
    """The differences in who may do what."""
    for name, was in pair.operations.items():
        yield from _operation(pair, name, was)
    yield from _sign_in(pair)


def _operation(pair: Pair, name: str, was: str) -> Iterator[Difference]:
    before, after = pair.old.api.operations[was], pair.new.api.operations[name]
    if before.is_public != after.is_public:
        yield _public(pair, name, after)
    scopes = (pair.old.auth.scope_of.get(was, ""), pair.new.auth.scope_of.get(name, ""))
    if scopes[0] != scopes[1] and all(scopes):
        words = f"asks for the scope {scopes[1]} where it was {scopes[0]}: a token without it gets 403"
        how = "Take both until the last token of the old scope has run out."
        yield _tell(pair, name, after, "breaking", "callers", words, how)
    old, new = list_grants(pair.old, was), list_grants(pair.new, name)
    for role in dict.fromkeys([*old, *new]):
        if not (after.is_public and before.is_public):
            yield from _role(pair, name, after, role, old.get(role), new.get(role), before)


def _causes(pair: Pair, name: str, contract: Contract, role: str = "") -> tuple[str, ...]:
    pattern = contract.pattern or name
    own = (f"auth.roles.{role}.allows.{name}", f"auth.roles.{role}") if role else ()
    return (
        f"access.{pattern}.roles", f"api.operations.{name}.is_public", *own, f"access.{pattern}",
        *pair.causes_of_operation(name, contract), "auth.owner", "auth.tenant",
    )  # fmt: skip


def _tell(
    pair: Pair, name: str, contract: Contract, effect: Effect, whom: Whom, words: str, how: str = "", role: str = ""
) -> Difference:
    return Difference(
        effect=effect, whom=whom, area="permissions", path=f"api.operations.{name}" if not role else f"auth.roles.{role}.allows.{name}",
        causes=_causes(pair, name, contract, role), subjects=(name,), words=words, how=how,
    )  # fmt: skip


def _public(pair: Pair, name: str, after: Contract) -> Difference:
    if after.is_public:
        return _tell(pair, name, after, "compatible", "callers", "everybody may call it, without a token")
    how = "Announce it, let callers send tokens first, then ask for them."
    return _tell(pair, name, after, "breaking", "callers", "who calls it without a token gets 401", how)


def _role(
    pair: Pair, name: str, contract: Contract, role: str, old: Granted | None, new: Granted | None, before: Contract
) -> Iterator[Difference]:
    if new is None:
        if contract.is_public:
            return
        how = f"See who calls it as {role}, and give them another way first."
        yield _tell(pair, name, contract, "breaking", "callers", f"the role {role} gets 403", how, role)
    elif old is None:
        # whoever was in anyway gains nothing
        if not before.is_public:
            words = f"the role {role} may call it, on {new.rows}"
            yield _tell(pair, name, contract, "compatible", "callers", words, role=role)
    elif (old.kind, _carry(pair, old)) != (new.kind, new.ways):
        carried = Granted(old.kind, old.text, _carry(pair, old))
        if _widens(carried, new):
            words = f"the role {role} may act on {new.rows} where it was {old.rows}"
            yield _tell(pair, name, contract, "compatible", "callers", words, role=role)
        else:
            words = f"the role {role} gets 403 or 404 for what is not {new.rows}, where it was {old.rows}"
            yield _tell(pair, name, contract, "breaking", "callers", words, "See who acts on other rows first.", role)


def _carry(pair: Pair, old: Granted) -> frozenset[str]:
    """The ways of an old grant in the new names."""
    return frozenset(pair.renames.carry_text(way) for way in old.ways)


def _sign_in(pair: Pair) -> Iterator[Difference]:
    old, new = pair.old.auth, pair.new.auth

    def tell(effect: Effect, whom: Whom, path: str, words: str, how: str = "") -> Difference:
        return Difference(effect=effect, whom=whom, area="permissions", path=path, causes=(path,), words=words, how=how)

    for name in dict.fromkeys([*new.roles, *old.roles]):
        if name in old.roles and name in new.roles:
            before, after = old.roles[name].needs_mfa, new.roles[name].needs_mfa
            if after and not before:
                yield tell(
                    "breaking",
                    "callers",
                    f"auth.roles.{name}.needs_mfa",
                    f"the role {name} needs a second factor",
                    "Let them enrol first.",
                )
            elif before and not after:
                yield tell(
                    "compatible",
                    "callers",
                    f"auth.roles.{name}.needs_mfa",
                    f"the role {name} needs no second factor any more",
                )
    for name, client in new.clients.items():
        was = old.clients.get(name)
        if was is not None and was.grant != client.grant:
            yield tell(
                "breaking",
                "callers",
                f"auth.clients.{name}.grant",
                f"the client {name} asks for tokens by {client.grant} where it was {was.grant}",
                "Let the provider take both until every client is new.",
            )
        if was is not None and was.authentication != client.authentication:
            words = f"the client {name} proves itself by {client.authentication} where it was {was.authentication}"
            how = "Let the provider take both until every client is new."
            yield tell("breaking", "callers", f"auth.clients.{name}", words, how)
    for name in old.clients:
        if name not in new.clients:
            yield tell(
                "breaking",
                "callers",
                f"auth.clients.{name}",
                f"the client {name} gets no tokens any more",
                "Move whoever uses it first.",
            )
    for name, words in (
        ("provider", "tokens are of {} where they were of {}: those that are out are void"),
        ("token_format", "tokens are {} where they were {}: whoever reads them must change"),
    ):
        before_word, after_word = getattr(old, name), getattr(new, name)
        if before_word != after_word:
            yield tell(
                "breaking",
                "operators",
                f"auth.{name}",
                words.format(after_word, before_word),
                "Take both until the last old token has run out.",
            )
    for name, what in (
        ("access_token_ttl", "an access token"),
        ("refresh_token_ttl", "a refresh token"),
        ("session_ttl", "a session"),
    ):
        was_ttl, ttl = getattr(old, name), getattr(new, name)
        if was_ttl.base != ttl.base:
            # a shorter access token is renewed without anybody noticing
            is_felt = ttl.base < was_ttl.base and name != "access_token_ttl"
            more = ": people sign in more often" if is_felt else ""
            yield tell(
                "breaking" if is_felt else "compatible",
                "callers",
                f"auth.{name}",
                f"{what} is good for {ttl} where it was {was_ttl}{more}",
            )
