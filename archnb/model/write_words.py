"""The words by which a field's name tells who sets it, and a write's name tells what it does: the one list of each."""

from __future__ import annotations

import re
from functools import lru_cache

from archnb.naming import snake, split_words

# verbs that say no more than that a row changes
CHANGING = frozenset(
    {
        "update", "edit", "change", "modify", "patch", "save", "set", "put", "correct", "amend", "revise", "adjust", "report",
        "store", "write", "record", "upsert", "replace", "maintain", "manage", "configure", "fix", "alter", "refresh", "sync",
    }
)  # fmt: skip
# verbs that move a row to another time or place
MOVING = frozenset({"reschedule", "move", "shift", "postpone", "rebook", "relocate", "transfer", "extend", "prolong"})
# verbs that put one thing in the place of another
SWITCHING = frozenset({"change", "switch", "upgrade", "downgrade", "swap", "replace", "set"})
# verbs that take from a counter, and verbs that give back to it
TAKING = frozenset(
    {
        "debit",
        "reserve",
        "take",
        "decrement",
        "subtract",
        "deduct",
        "book",
        "use",
        "consume",
        "withdraw",
        "spend",
        "hold",
    }
)
GIVING = frozenset(
    {"credit", "release", "return", "increment", "add", "restock", "refill", "deposit", "unreserve", "top"}
)
# verbs that take somebody's data away for good
ERASING = frozenset({"erase", "forget", "anonymise", "anonymize", "purge", "destroy"})
# what was looked at, in the words of fields and writes
SEEN = frozenset({"read", "seen", "viewed", "acknowledged", "delivered"})
# verbs by which somebody adds themself
JOINING = frozenset({"join", "enter", "enrol", "enroll", "follow", "subscribe", "accept"})
# what the state of a row is called
STATES = frozenset({"status", "state", "stage", "phase", "lifecycle"})
# states that a row is in at its end
ENDS = re.compile(
    r"(^|_)(cancelled|canceled|called_off|completed?|done|closed|finished|ended|over|rejected|declined|refused|failed|expired|void(ed)?"
    r"|refunded|resolved|solved|withdrawn|archived|deleted|removed|returned|landed|delivered|revoked|abandoned|discarded|lost|no_show)$"
)
# ends that undo rather than fulfil
UNDONE = re.compile(
    r"(^|_)(cancelled|canceled|called_off|rejected|declined|refused|failed|expired|void(ed)?|withdrawn|revoked|abandoned|discarded|lost)$"
)

# who made a row: of several references to people, the one that is whoever asks
AUTHORS = frozenset(
    {
        "author", "owner", "writer", "creator", "sender", "reporter", "requester", "submitter", "poster", "uploader", "buyer",
        "organizer", "organiser", "host", "follower", "reviewer", "voter", "applicant", "donor", "payer",
    }
)  # fmt: skip
_AUTHORED = re.compile(
    r"(^|_)(created|opened|written|posted|made|asked|requested|submitted|uploaded|reported|added|raised|sent|placed)_by(_|$)|^by$|^from(_|$)"
)

# moments that the server knows: when the row was written
_MADE = (
    r"created|inserted|added|registered|posted|published|placed|requested|asked|submitted|sent|uploaded|recorded|logged|joined|made"
    r"|issued|received|booked|signed_up|opened|written|given|ordered|stored|enqueued|queued|invited"
)
_CHANGED = r"updated|changed|modified|touched|edited|altered|last_modified|last_updated|last_changed|set"
MADE_AT = re.compile(rf"(({_MADE})_(at|on|time|date)|creation_(time|date)|created|since|inserted)")
CHANGED_AT = re.compile(rf"(({_CHANGED})_(at|on|time)|mtime)")
# a moment at which something will have happened: the past of a verb, and at
HAPPENED_AT = re.compile(
    r"\w*(ed|en|nt|id|ne|ft|ld|un|rn|de|heard|met|felt|told|kept|made)_(at|on)|deleted|archived|cancelled"
)
# days that were before the row is written, which whoever writes it knows
_LIFE = re.compile(
    r"(.*_)?(born|founded|established|incorporated|hired|employed|issued|built|manufactured|produced|bought|purchased|acquired|married|died|planted|sown|harvested)_on"
)
PLANNED_AT = re.compile(
    r"(.*_)?(start|starts|begin|begins|end|ends|finish|finishes|due|expires|expire|deadline|valid|until|from|to|opens|closes|scheduled|planned)(_(at|on|from|to|until|date|time|for|start|end))?"
)
# amounts that follow from others, whoever asks
_SUMS = frozenset(
    {"total", "subtotal", "sum", "balance", "total_amount", "net_total", "grand_total", "total_price", "tax", "tax_amount", "vat", "fee", "discount", "cost", "earnings", "commission", "final_price", "quoted_price"}
)  # fmt: skip
PRICES = re.compile(r"(^|_)(price|fee|rate|tariff|cost|charge)($|_)")
COUNTERS = re.compile(
    r"(^|_)(stock|on_hand|reserved|available|balance|count|counter|credits?|left|remaining|inventory|points|used|votes|likes|views|downloads|followers)($|_)"
)
# what another system gives: a payment's number at its provider
_PROVIDERS = re.compile(
    r"(^|_)(provider|card|psp|gateway|payment|charge|processor|bank|external|stripe|paypal|adyen|acquirer|carrier)_(reference|ref|id|token|code|number)$"
)
_IDEMPOTENCY = re.compile(r"(idempotency_key|request_id|client_token|dedup(lication)?_(key|id))")
# numbers by which papers are known, counted by the server
_PAPERS = re.compile(
    r"(number|no|(invoice|order|bill|receipt|ticket|reference|contract|booking)_(number|no|code)|reference|slug_number)"
)
# yes or no that others decide about a row
_DECIDED = re.compile(
    r"is_(banned|blocked|verified|approved|checked|admin|staff|superuser|locked|suspended|confirmed|trusted|featured|deleted|archived|paid|settled|processed)|(banned|blocked|verified|approved|suspended|locked)"
)
# the column with which a schema counts the changes of a row, and what designs call theirs
VERSION = "version"
VERSIONS = frozenset({"version", "row_version", "lock_version", "revision", "etag"})
SOFT_DELETED = frozenset({"deleted_at", "deleted_on", "removed_at"})

_PAST = {
    "take": "taken", "begin": "begun", "send": "sent", "pay": "paid", "make": "made", "give": "given", "write": "written",
    "withdraw": "withdrawn", "hold": "held", "sell": "sold", "buy": "bought", "leave": "left", "lose": "lost", "win": "won",
    "read": "read", "put": "put", "set": "set", "ship": "shipped", "void": "void", "freeze": "frozen", "choose": "chosen",
    "drive": "driven", "see": "seen", "do": "done", "finish": "finished", "undo": "undone", "hide": "hidden", "cut": "cut",
    "lend": "lent", "bring": "brought", "catch": "caught", "find": "found", "show": "shown", "speak": "spoken", "break": "broken",
}  # fmt: skip


@lru_cache(maxsize=4096)
def list_past(verb: str) -> frozenset[str]:
    """The forms in which a verb stands for what was done: of `cancel`, cancelled and canceled; the verb itself is one.

    >>> sorted(list_past("cancel"))
    ['cancel', 'canceled', 'cancelled']
    """
    made = {verb, _PAST.get(verb, verb)}
    if verb.endswith("e"):
        made.add(verb + "d")
    elif verb.endswith("y") and len(verb) > 2 and verb[-2] not in "aeiou":
        made.add(verb[:-1] + "ied")
    else:
        made.add(verb + "ed")
        if re.search(r"[aeiou][bdgklmnprt]$", verb):
            made.add(verb + verb[-1] + "ed")
    return frozenset(made)


def list_done(operation: str) -> list[str]:
    """What an operation's name says was done, the longer form first: `call_off` is called_off, `take_crossing` taken.

    >>> "called_off" in list_done("call_off"), "accepted" in list_done("accept_trip")
    (True, True)
    """
    verb, *rest = snake(operation).split("_")
    past = sorted(list_past(verb), key=lambda one: (one == verb, one))
    return [*(f"{one}_{rest[0]}" for one in past if rest), *past]


def is_author(field: str) -> bool:
    """Whether a reference to people names whoever made the row."""
    words = split_words(field)
    return bool({*words} & AUTHORS) or _AUTHORED.search(snake(field)) is not None


def is_sum(field: str) -> bool:
    """Whether an amount follows from others: a total, a balance."""
    plain = snake(field)
    return plain in _SUMS or plain.endswith(("_total", "_balance", "_sum"))


def is_rating(field: str) -> bool:
    """Whether a number is what others think of somebody."""
    return bool({*split_words(field)} & {"rating", "stars", "reputation", "karma", "rank", "trust"})


def is_providers(field: str) -> bool:
    """Whether a text is what another system calls something."""
    return _PROVIDERS.search(snake(field)) is not None


def is_idempotency_key(field: str) -> bool:
    """Whether a text tells a repeated request."""
    return _IDEMPOTENCY.fullmatch(snake(field)) is not None


def is_paper_number(field: str) -> bool:
    """Whether a unique text is the number of a paper."""
    return _PAPERS.fullmatch(snake(field)) is not None


def is_decided(field: str) -> bool:
    """Whether a yes or no is decided by others than those whom a row is about."""
    return _DECIDED.fullmatch(snake(field)) is not None


def is_moment_of_making(field: str) -> bool:
    """Whether a time is that at which the row was made."""
    return MADE_AT.fullmatch(snake(field)) is not None


def is_moment_of_change(field: str) -> bool:
    """Whether a time is that of the last change."""
    return CHANGED_AT.fullmatch(snake(field)) is not None


def is_moment_of_event(field: str) -> bool:
    """Whether a time is that at which something happened to the row, and is missing before."""
    plain = snake(field)
    is_other = PLANNED_AT.fullmatch(plain) is not None or _LIFE.fullmatch(plain) is not None
    return HAPPENED_AT.fullmatch(plain) is not None and not is_other


__all__ = [
    "CHANGING",
    "COUNTERS",
    "ENDS",
    "ERASING",
    "GIVING",
    "JOINING",
    "MOVING",
    "PLANNED_AT",
    "PRICES",
    "SEEN",
    "SOFT_DELETED",
    "STATES",
    "SWITCHING",
    "TAKING",
    "UNDONE",
    "VERSION",
    "VERSIONS",
    "is_author",
    "is_decided",
    "is_idempotency_key",
    "is_moment_of_change",
    "is_moment_of_event",
    "is_moment_of_making",
    "is_paper_number",
    "is_providers",
    "is_rating",
    "is_sum",
    "list_done",
    "list_past",
]
