"""The words by which a role's name tells who has it: the one list, for where no entity and no field of the design says it."""

from __future__ import annotations

from archnb.naming import split_words

# people who work for the operator
STAFF = frozenset(
    {
        "admin", "administrator", "staff", "support", "operator", "operations", "employee", "manager", "moderator",
        "editor", "analyst", "finance", "warehouse", "auditor", "agent", "root", "superuser", "clerk", "supervisor",
        "backoffice", "merchandiser", "buyer_team", "catalogue",
    }
)  # fmt: skip
# programs
SERVICES = frozenset(
    {
        "internal", "service", "system", "worker", "cron", "scheduler", "job", "integration", "partner", "machine",
        "batch",
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
