"""The statements of every operation, in order: what is read, inserted, changed and deleted, with where each value comes from.

They are made once, from the access pattern and the schema, and belong to no SQL dialect. The exporter renders them, the
transaction section reads its guards from them, the bodies of the API hold what their values take from the caller, and
the running service binds their values by source. So none of these can disagree.

A statement names tables and columns as the schema does. A table that occurs twice in a statement has an alias; `Column.source`
is the alias, which is the table's name where there is no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from archnb.design.record import Named
from archnb.planned.record import Planned

# caller: the request (path, query, body). token: a claim of whoever asks. server: made when the statement runs. row: another
# row, in the same statement or one before it. constant: written in the design. page: the cursor of the page before.
Source = Literal["caller", "token", "server", "row", "constant", "page"]
# `same`: equal, or both missing
Comparison = Literal["=", "<>", "<", "<=", ">", ">=", "same"]
Nulls = Literal["", "first", "last"]
Rows = Literal["one", "many"]


@dataclass(frozen=True, kw_only=True)
class Column(Planned):
    """A column of a table in a statement. `source` is the table's alias there; `field` the entity's field, '' for none."""

    table: str
    column: str
    source: str
    field: str = ""


@dataclass(frozen=True, kw_only=True)
class Member(Planned):
    """A value under the name that it has in what is made of several."""

    name: str
    value: Value


@dataclass(frozen=True, kw_only=True)
class Value(Planned):
    """What a column is compared with or set to.

    name: of a server's, 'now', 'generated', 'computed' or 'missing'; of a constant, its text; else what it is called.
    like: the column whose type it has. sign: '+' or '-' where it is added to, or taken from, the column's present value.
    offset: seconds after now, negative before. parameter: the bind parameter, '' where nothing is bound.
    lookup: of a row's value, the read of one column of one row that gives it; none where the row is in the statement itself,
    and then `column` says which. claim: of a token's value, whose it is: 'caller' or 'tenant'. given_by: the roles whom the
    token does not name, and so give it themselves. origin: of a bound row's value `statement.column`, where the statement is a
    named read or the table of a row that the transaction has made or found; of a caller's value the array of the body in whose
    item it stands. '' of a row's value means that the program has to find it. members: what one bound value is made of; of name
    'message' a JSON object of them, of name 'key' their texts with commas between.
    """

    source: Source
    name: str
    like: Column
    parameter: str = ""
    field: str = ""
    claim: str = ""
    sign: Literal["", "+", "-"] = ""
    offset: float = 0.0
    column: tuple[Column, ...] = ()
    lookup: tuple[Read, ...] = ()
    # whether the caller may leave it out
    is_optional: bool = False
    given_by: tuple[str, ...] = ()
    origin: str = ""
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Condition(Planned):
    """A column compared with a value."""

    left: Column
    operator: Comparison
    value: Value
    # without case, as e-mail addresses are compared
    folded: bool = False


@dataclass(frozen=True, kw_only=True)
class Among(Planned):
    """A column whose value is one of several."""

    left: Column
    values: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Missing(Planned):
    """A column without a value, or, turned, with one."""

    left: Column
    is_present: bool = False


@dataclass(frozen=True, kw_only=True)
class InPage(Planned):
    """A row's columns hold the key of one of the rows of a page; `values` is bound to a list for each column."""

    left: tuple[Column, ...]
    values: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Contains(Planned):
    """Words, as given, that are found within texts."""

    columns: tuple[Column, ...]
    value: Value


@dataclass(frozen=True, kw_only=True)
class AllOf(Planned):
    """Every one of the predicates holds; with none, it is true."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, kw_only=True)
class AnyOf(Planned):
    """One of the predicates holds at least; with none, it is false."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, kw_only=True)
class Exists(Planned):
    """A row is there in another table, joined with others, for which all conditions hold; `is_absent` turns it."""

    table: str
    source: str
    joins: tuple[Join, ...] = ()
    conditions: tuple[Predicate, ...] = ()
    is_absent: bool = False


@dataclass(frozen=True, kw_only=True)
class Within(Planned):
    """The row's key is among those that a read of keys gives: how a write finds rows over a join."""

    left: tuple[Column, ...]
    read: Read


Predicate = Condition | Among | Missing | InPage | Contains | AllOf | AnyOf | Exists | Within


@dataclass(frozen=True, kw_only=True)
class Join(Planned):
    """A table joined by pairs of columns that are equal; outer where rows without a partner stay."""

    table: str
    source: str
    on: tuple[tuple[Column, Column], ...]
    is_outer: bool = False


@dataclass(frozen=True, kw_only=True)
class Output(Planned):
    """A column of an answer under its label. entity: whose field it is, '' for the entity that is read."""

    column: Column
    label: str
    entity: str = ""


@dataclass(frozen=True, kw_only=True)
class Order(Planned):
    """A term of an order, and where rows without a value stand: '' where there are none, or where the engine's indexes have them.

    is_nullable: whether there may be such rows. near: the place that rows are ordered from by their distance, none elsewhere.
    """

    column: Column
    is_down: bool = False
    is_nullable: bool = False
    nulls: Nulls = ""
    near: tuple[Value, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Aggregate(Planned):
    """What is computed over the rows: a function, the column it is over (none for a count; the product of several), and its groups.

    groups: columns of the groups. periods: a time column cut to hours, days, weeks, months or years.
    """

    function: Literal["sum", "count", "avg", "min", "max"]
    over: tuple[Column, ...] = ()
    groups: tuple[Column, ...] = ()
    period: Literal["", "hour", "day", "week", "month", "year"] = ""
    time: tuple[Column, ...] = ()
    # a count that stops there; 0 where it does not
    ceiling: int = 0


@dataclass(frozen=True, kw_only=True)
class Walk(Planned):
    """Rows reached within `depth` steps over pairs of columns: `start` is where it begins, `source` -> `target` one step."""

    depth: int
    source: Column
    target: Column
    key: Column


@dataclass(frozen=True, kw_only=True)
class Include(Planned):
    """What comes along with the rows of a page, read in one statement by values of the page: one for each row, or several.

    name: as the pattern says it. parent: the columns of the page whose values find it, as the read's `InPage` has them, and
    `own` the columns of the read that hold the same values. per_parent: the most of one row, 0 where nobody bounds them.
    """

    name: str
    entity: str
    rows: Rows
    read: Read
    parent: tuple[Column, ...]
    own: tuple[Column, ...]
    per_parent: int = 0


@dataclass(frozen=True, kw_only=True)
class Read(Planned):
    """Rows, or what is computed over them.

    rows: 'one' where what is given finds at most one row. limit: 0 where nobody bounds it. following: the values of the last
    row, one a term of the order, behind which the next page starts; none where there is no next page. lock: held until the
    transaction ends. purpose: '' for what the pattern is about, else what the read is for. name: what the statements after it
    call its rows, '' where none uses them. each: see `Insert`.
    """

    table: str
    source: str
    entity: str = ""
    columns: tuple[Output, ...]
    joins: tuple[Join, ...] = ()
    conditions: tuple[Predicate, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int = 0
    rows: Rows = "many"
    following: tuple[Value, ...] = ()
    includes: tuple[Include, ...] = ()
    aggregate: tuple[Aggregate, ...] = ()
    walk: tuple[Walk, ...] = ()
    lock: Literal["", "update", "share"] = ""
    skip_locked: bool = False
    purpose: str = ""
    name: str = ""
    each: str = ""

    kind = "read"


@dataclass(frozen=True, kw_only=True)
class Assignment(Planned):
    """A column that a write sets, and to what. An absent value of the caller's leaves it as it is (PATCH)."""

    column: Column
    value: Value


@dataclass(frozen=True, kw_only=True)
class Insert(Planned):
    """A new row. keys: columns whose values the engine makes when it is inserted. is_repeatable: whether a row that is there
    already is no error, as of a message that arrives twice. each: the array of the body, or the named read before it, for each of
    whose items or rows it is run; '' where it is run once.
    """

    table: str
    entity: str = ""
    assignments: tuple[Assignment, ...]
    keys: tuple[Column, ...] = ()
    is_repeatable: bool = False
    purpose: str = ""
    each: str = ""

    kind = "insert"


@dataclass(frozen=True, kw_only=True)
class Upsert(Planned):
    """A row that is made, or changed where one with the same values of `on` is there; `conditions` must hold of that one."""

    table: str
    entity: str = ""
    assignments: tuple[Assignment, ...]
    on: tuple[Column, ...]
    changes: tuple[Assignment, ...]
    conditions: tuple[Predicate, ...] = ()
    guards: tuple[Guard, ...] = ()
    purpose: str = ""

    kind = "upsert"


@dataclass(frozen=True, kw_only=True)
class Update(Planned):
    """Rows that are changed. refused: which error it means that no row fulfils the conditions; '' where that is no error."""

    table: str
    entity: str = ""
    assignments: tuple[Assignment, ...]
    conditions: tuple[Predicate, ...]
    rows: Rows = "one"
    # by what a row that is there may be refused, each told apart from 'not found': 'version', 'state', 'amount'
    guards: tuple[Guard, ...] = ()
    purpose: str = ""
    each: str = ""

    kind = "update"


@dataclass(frozen=True, kw_only=True)
class Delete(Planned):
    """Rows that are deleted."""

    table: str
    entity: str = ""
    conditions: tuple[Predicate, ...]
    rows: Rows = "one"
    guards: tuple[Guard, ...] = ()
    purpose: str = ""

    kind = "delete"


@dataclass(frozen=True, kw_only=True)
class Guard(Planned):
    """A condition of a write that may fail though the row is there: the version read is old, the state is another, too little is left."""

    kind: Literal["version", "state", "amount", "order"]
    predicate: Predicate
    reason: str


Statement = Read | Insert | Upsert | Update | Delete


@dataclass(frozen=True, kw_only=True)
class Procedure(Planned):
    """The statements of one operation in their order; those of a write are one transaction.

    remote: the steps that third parties take after it, for each of which the transaction leaves a row in the outbox, where the
    schema has one.
    guarded_by: what else keeps writers apart, as the constraints of the schema are called.
    """

    statements: tuple[Statement, ...]
    remote: tuple[str, ...] = ()
    guarded_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Statements(Planned):
    """The statements of all operations whose entity is in a relational store, by the name of the access pattern.

    upkeep: those of the jobs that keep rows when nobody asks, by the name of the job.
    relay: how the messages of the outbox are taken, each by one relay alone, and how one is marked: as sent, or as due later.
    None where there is no outbox.
    """

    procedures: Named[Procedure]
    upkeep: Named[Procedure] = Named()
    relay: tuple[Relay, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Relay(Planned):
    """What a relay runs over one outbox: messages that are due and not sent, in their order, locked against other relays; then one
    of two for each, in the same transaction.

    pause: seconds until a message that could not be delivered is due again.
    """

    table: str
    take: Read
    mark: Update
    postpone: Update
    pause: float


def list_values(statement: Statement) -> Iterator[Value]:
    """Every value of a statement, of its reads within too, in the order in which it is written."""
    if not isinstance(statement, Insert | Upsert):
        for predicate in statement.conditions:
            yield from list_compared(predicate)
    if isinstance(statement, Insert | Upsert | Update):
        for one in statement.assignments:
            yield from _within(one.value)
    if isinstance(statement, Read):
        for order in statement.order:
            yield from order.near
        yield from statement.following


def list_compared(predicate: Predicate) -> Iterator[Value]:
    """Every value of a predicate."""
    if isinstance(predicate, Condition | Contains):
        yield from _within(predicate.value)
    elif isinstance(predicate, Among | InPage):
        for value in predicate.values:
            yield from _within(value)
    elif isinstance(predicate, AllOf | AnyOf):
        for part in predicate.parts:
            yield from list_compared(part)
    elif isinstance(predicate, Exists):
        for part in predicate.conditions:
            yield from list_compared(part)
    elif isinstance(predicate, Within):
        yield from list_values(predicate.read)


def _within(value: Value) -> Iterator[Value]:
    yield value
    for read in value.lookup:
        yield from list_values(read)


__all__ = [
    "Aggregate",
    "AllOf",
    "Among",
    "AnyOf",
    "Assignment",
    "Column",
    "Comparison",
    "Condition",
    "Contains",
    "Delete",
    "Exists",
    "Guard",
    "InPage",
    "Include",
    "Insert",
    "Join",
    "Member",
    "Missing",
    "Nulls",
    "Order",
    "Output",
    "Predicate",
    "Procedure",
    "Read",
    "Relay",
    "Rows",
    "Source",
    "Statement",
    "Statements",
    "Update",
    "Upsert",
    "Value",
    "Walk",
    "Within",
    "list_compared",
    "list_values",
]
