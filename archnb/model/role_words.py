"""The words by which a role's name tells who has it: the one list, for where no entity and no field of the design says it."""

from __future__ import annotations

from archnb.naming import split_words

# people who work for the operator
STAFF = frozenset(
    {
        "admin", "administrator", "staff", "support", "operator", "operations", "employee", "manager", "moderator",
        "editor", "analyst", "finance", "warehouse", "auditor", "agent", "root", "superuser", "clerk", "supervisor",
        "backoffice", "merchandiser", "buyer_team", "catalogue", "reception", "receptionist", "desk", "dispatcher",
        "secretary", "cashier", "teller", "concierge", "compliance", "accounting", "accountant", "librarian", "registrar",
        "helpdesk",
    }
)  # fmt: skip
# of these, the ones that customers' own people have as often as the operator's
EITHER = frozenset(
    {"operator", "agent", "manager", "editor", "analyst", "supervisor", "clerk", "accountant", "dispatcher"}
)
# programs that others run
FOREIGN = frozenset({"partner", "integration", "external", "vendor", "webhook", "third", "affiliate", "reseller"})
# the system's own programs, which work on all rows because that is what they are for
OWN_JOBS = frozenset({"internal", "system", "worker", "cron", "scheduler", "job", "batch"})
# what a member of a group may, from the least on
RANKS: tuple[frozenset[str], ...] = (
    frozenset({"guest", "visitor", "observer", "viewer", "reader", "follower", "listener", "readonly"}),
    frozenset({"member", "user", "participant", "contributor", "editor", "writer", "author", "collaborator", "player", "employee", "staff"}),
    frozenset({"moderator", "manager", "maintainer", "lead", "coordinator", "supervisor", "captain", "organiser", "organizer"}),
    frozenset({"admin", "administrator"}),
    frozenset({"owner", "founder", "president"}),
)  # fmt: skip
# a reference named so is to whoever made the row
AUTHORS = frozenset(
    {
        "author", "creator", "owner", "writer", "sender", "poster", "reporter", "requester", "requested", "uploader",
        "uploaded", "created", "posted", "submitted", "submitter", "reviewer", "commenter", "user", "account", "member",
        "person", "by", "from",
    }
)  # fmt: skip
# an operation named so takes a row that is nobody's yet
CLAIMS = frozenset({"accept", "claim", "take", "grab", "adopt", "pick"})
# programs
SERVICES = frozenset(
    {
        "internal", "service", "system", "worker", "cron", "scheduler", "job", "integration", "partner", "machine",
        "batch", "gateway", "bot", "connector", "importer", "crawler", "webhook",
    }
)  # fmt: skip
# who may change what others may
ADMINS = frozenset({"admin", "administrator", "root", "superuser", "owner"})
# people who use the system
USERS = frozenset({"user", "member", "customer", "client", "account", "subscriber", "visitor", "guest"})


def _has(role: str, words: frozenset[str]) -> bool:
    return not words.isdisjoint(split_words(role))


def is_service(role: str) -> bool:
    """Whether programs, not people, have the role.

    >>> is_service("billing worker"), is_service("admin")
    (True, False)
    """
    return _has(role, SERVICES)


def is_admin(role: str) -> bool:
    """Whether the role administers."""
    return _has(role, ADMINS) and not is_service(role)


def is_staff(role: str) -> bool:
    """Whether the people of the role work for the operator.

    An owner does not: who owns a shop, a flat or a dog is the operator's customer.

    >>> is_staff("support_agent"), is_staff("customer"), is_staff("owner")
    (True, False, False)
    """
    return _has(role, STAFF) and not is_service(role)


def is_user(role: str) -> bool:
    """Whether the role is that of whoever uses the system."""
    return _has(role, USERS) and not is_service(role) and not is_staff(role)


def may_be_a_customers(role: str) -> bool:
    """Whether the word is one that customers' own people have as often as the operator's: an operator, an agent."""
    return is_staff(role) and not _has(role, STAFF - EITHER)


def is_own_job(role: str) -> bool:
    """Whether the programs of the role are the system's own, which work on everybody's rows.

    >>> is_own_job("billing worker"), is_own_job("partner"), is_own_job("service")
    (True, False, False)
    """
    return _has(role, OWN_JOBS) and not _has(role, FOREIGN)


def is_foreign(role: str) -> bool:
    """Whether others run the programs of the role."""
    return _has(role, FOREIGN)


def is_author(field: str, entity: str) -> bool:
    """Whether a reference to people is to whoever made the row, by its name: an author, a creator, or the people's own name.

    >>> is_author("created_by", "User"), is_author("customer", "Customer"), is_author("assignee", "User")
    (True, True, False)
    """
    return _has(field, AUTHORS) or split_words(field) == split_words(entity)


def may_keep_others(role: str) -> bool:
    """Whether members with the role keep what others of the group made, and the others themselves: from a moderator on."""
    return any(_has(role, rank) for rank in RANKS[2:])


def is_claim(operation: str) -> bool:
    """Whether an operation takes a row that is nobody's yet, by its verb.

    >>> is_claim("accept_trip"), is_claim("complete_trip")
    (True, False)
    """
    return split_words(operation)[0] in CLAIMS


def rank_words(words: tuple[str, ...]) -> dict[str, float]:
    """How much a member with each word may, as far as it is known: an admin may what a member may, and more.

    A word that is not known stands between its neighbours where the known ones are listed in their order.

    >>> rank_words(("owner", "admin", "agent", "guest"))
    {'owner': 4.0, 'admin': 3.0, 'agent': 1.5, 'guest': 0.0}
    >>> rank_words(("red", "blue"))
    {}
    """
    known = {one: float(n) for one in words for n, rank in enumerate(RANKS) if set(split_words(one)) & rank}
    listed = [known[one] for one in words if one in known]
    rising, falling = sorted(set(listed)), sorted(set(listed), reverse=True)
    if len(listed) < 2 or listed not in (rising, falling):
        return known
    found = dict(known)
    for n, word in enumerate(words):
        if word in known:
            continue
        before = next((known[one] for one in reversed(words[:n]) if one in known), None)
        after = next((known[one] for one in words[n + 1 :] if one in known), None)
        # before the first or after the last, nothing bounds it
        if before is not None and after is not None:
            found[word] = (before + after) / 2
    return {one: found[one] for one in words if one in found}
