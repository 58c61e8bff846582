"""What a plan for help desks of many companies must answer: no company sees another's, and each can begin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.domains.case import CALLER, Case
from tests.domains.demands import demand

TENANTS = {"queue": "Queue", "ticket": "Ticket", "invite": "Invite", "contract": "Contract", "bill": "Bill"}


@demand(
    "saas",
    1,
    "auth",
    "Tickets are read in a company exactly where an Agent row joins one to it, whoever they are assigned to.",
)
def tickets_of_ones_company(case: Case) -> Iterator[str]:
    for operation in ("tickets_of_queue", "my_open_tickets", "find_tickets"):
        if (
            not case.is_fenced(operation, "agent|tenant|company", "ticket")
            or case.scopes(operation).get("agent") == "any"
        ):
            yield f"{operation}: for agents of any company"


@demand("saas", 2, "auth", "The admin of one company is refused for the rows of every other.")
def admins_of_one_company(case: Case) -> Iterator[str]:
    for operation, table in (
        ("invite_agent", "invite"),
        ("set_role", "agent"),
        ("bills_of_company", "bill"),
        ("show_bill", "bill"),
        ("switch_tariff", "contract"),
    ):
        # "own" alone would not do: a company is owned by one person, and has several admins
        if not case.is_fenced(operation, "agent|tenant", table):
            yield f"{operation}: an admin of any company"


@demand("saas", 3, "auth", "set_role: nobody is raised to owner, and the last owner keeps his role.",
        named=[(r"^auth-", r"set_role|Agent\.(fields\.)?role")])  # fmt: skip
def owners_stay(case: Case) -> Iterator[str]:
    text = case.sql("set_role").rpartition("WHERE")[2] + case.api["set_role"].text + case.about("agent")
    if not re.search(r"last.owner|owner'\s*\)?\s*(<|AND|OR)|EXISTS[^;]*owner|TRIGGER", text, re.IGNORECASE):
        yield "an admin makes himself owner, or a company loses its last"


@demand("saas", 4, "auth", "Agent.role = guest: what a guest may do is decided or asked, and is less than what an agent may.",
        named=[(r"^auth-", r"Agent\.(fields\.)?role|guest")])  # fmt: skip
def guests_do_less(case: Case) -> Iterator[str]:
    roles = case.plan.design.auth.roles
    if "guest" not in roles or not set(roles["guest"].allows) < set(roles["agent"].allows):
        yield "nothing says what a guest may do"


@demand("saas", 5, "integrity", "A ticket whose company is not the company of its queue is refused.", is_tried=True)
def ticket_of_another_company(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        queue, other = trial.add("queue"), trial.add("company")
        if not trial.refuses(lambda: trial.add("ticket", queue_id=queue["id"], company_id=other["id"])):
            yield "it was stored"
        if trial.refuses(lambda: trial.add("ticket", queue_id=queue["id"], company_id=queue["company_id"])):
            yield "so was a good one refused"


@demand(
    "saas",
    6,
    "schema",
    "Every table of a tenant is fenced by row-level security, or each query on it has the company in its condition.",
)
def tenants_are_fenced(case: Case) -> Iterator[str]:
    for table, entity in TENANTS.items():
        if re.search(rf"ALTER TABLE \"?{table}\"? (ENABLE|FORCE) ROW LEVEL SECURITY", case.row_security, re.IGNORECASE):
            continue
        for name, pattern in case.plan.design.access.items():
            if entity in (pattern.reads, pattern.writes) and pattern.action != "create":
                where = " ".join(re.findall(r"WHERE[^;]*", case.sql(name)))
                if not re.search(r"company_id|" + CALLER, where):
                    yield f"{name} reaches any company's {table}"


@demand(
    "saas",
    7,
    "api",
    "edit_ticket: the request can set state and due_on, and cannot move the ticket to another company.",
)
def editing_a_ticket(case: Case) -> Iterator[str]:
    body = case.api["edit_ticket"].body
    if missing := {"state", "due_on"} - body:
        yield f"it lacks {', '.join(sorted(missing))}"
    if "company" in body:
        yield "it takes the company"


@demand(
    "saas",
    8,
    "api",
    "switch_tariff: the request carries tariff and seats, and no price or total of the caller's choice.",
)
def switching_the_tariff(case: Case) -> Iterator[str]:
    body = case.api["switch_tariff"].body
    if missing := {"tariff", "seats"} - body:
        yield f"it lacks {', '.join(sorted(missing))}"
    if more := body & {"total", "price_per_seat", "unit_price", "period_start", "period_end", "company", "amount"}:
        yield f"it takes {', '.join(sorted(more))}"


@demand(
    "saas",
    9,
    "query",
    "my_open_tickets: of 120 tickets of which 60 have no due date all come out over the pages, each once.",
    is_tried=True,
)
def every_page(case: Case) -> Iterator[str]:
    with case.trial() as trial:
        queue, person = trial.add("queue"), trial.add("person")["id"]
        known = {"company_id": queue["company_id"], "assignee_id": person, "state": "open"}
        for number in range(120):
            trial.add(
                "ticket", queue_id=queue["id"], due_on=None if number % 2 else date(2026, 3, 1 + number % 28), **known
            )
        trial.add("agent", company_id=queue["company_id"], person_id=person, role="agent")
        asked: dict[str, Any] = dict(known) | {"states": ["open"], "caller": person}
        rows = trial.run(case.first_page("my_open_tickets").split(";\n")[0], asked)
        found, pages = [row["id"] for row in rows], 1
        statements = case.next_pages("my_open_tickets")
        while rows and statements and pages < 10:
            last = {f"after_{name}": value for name, value in rows[-1].items()}
            text = statements[-1] if rows[-1]["due_on"] is None else statements[0]
            rows = trial.run(text.split(";\n")[0], asked | last)
            found, pages = found + [row["id"] for row in rows], pages + 1
    if len(set(found)) != 120:
        yield f"{len(set(found))} of 120 came out"
    if len(found) != len(set(found)):
        yield "some came twice"


@demand("saas", 10, "query", "my_open_tickets: open means open and working together, in one call; or the plan says that one state at a time is read.",
        named=[(r"\bstates?\b|\benum\b", r"my_open_tickets")])  # fmt: skip
def both_states(case: Case) -> Iterator[str]:
    if not re.search(r"\bstate\b\s*(IN\s*\(|=\s*ANY|<>|!=|NOT\s+IN)", case.sql("my_open_tickets"), re.IGNORECASE):
        yield "one state a call"


@demand(
    "saas",
    11,
    "integrity",
    "edit_ticket: a version is kept and compared, so that the second of two edits made from one reading is refused.",
)
def second_edit_is_refused(case: Case) -> Iterator[str]:
    where = case.sql("edit_ticket").partition("WHERE")[2]
    if not re.search(r"(version|changed_at|xmin)\s*=", where):
        yield "the second edit overwrites the first"


@demand("saas", 12, "api", "Company, its first Agent, and the acceptance of an Invite: proposed, or it is named that no tenant can begin.",
        named=[(r"no operation|nobody (creates|makes|writes)|nothing (creates|makes|writes)|without-(an-)?(operation|creation|create|writer|lifecycle)", r"entities\.(Company|Agent|Invite)\b")])  # fmt: skip
def tenants_begin(case: Case) -> Iterator[str]:
    for table in ("company", "agent"):
        if not [
            one
            for one in case.operations_on("insert", table)
            if case.scopes(one) or case.plan.design.api.operations[one].is_public
        ]:
            yield f"nobody but an administrator makes a {table}"
    if not any(re.search(r"(accept|redeem)\w*invit|invit\w*_accept|join_company", name) for name in case.api):
        yield "an invite cannot be accepted"


@demand(
    "saas",
    13,
    "privacy",
    "Erasing a person who owns a company and has tickets succeeds, and bills stay.",
    is_tried=True,
)
def erasure_of_person(case: Case) -> Iterator[str]:
    erasing = [name for name in case.queries if re.search(r"(erase|forget|anonymi)\w*_person", name)]
    if not erasing:
        yield "no statement erases a person"
        return
    with case.trial() as trial:
        before = trial.add("person")
        company = trial.add("company", owner_id=before["id"])
        queue = trial.add("queue", company_id=company["id"])
        trial.add("ticket", queue_id=queue["id"], company_id=company["id"], assignee_id=before["id"])
        contract = trial.add("contract", company_id=company["id"])
        bill = trial.add("bill", company_id=company["id"], contract_id=contract["id"])
        if trial.refuses(lambda: trial.erase(case.sql(erasing[0]), before["id"])):
            yield "it is refused"
            return
        if not trial.rows("bill", id=bill["id"]):
            yield "bills went"
        for after in trial.rows("person", id=before["id"]):
            if kept := [name for name in ("name", "email", "password_hash") if after.get(name) == before[name]]:
                yield f"{', '.join(kept)} stay"


@demand(
    "saas",
    14,
    "jobs",
    "A scheduled job makes the bill of each Contract at period_end; a second run for the period makes and charges none.",
    is_tried=True,
)
def renewals(case: Case) -> Iterator[str]:
    if not any(job.schedule for job in case.jobs(r"(renew|bill|invoice)\w*.*(contract|period|bill)")):
        yield "no job renews"
    with case.trial() as trial:
        first = trial.add("bill")
        period = {name: first[name] for name in first if name.startswith("period")}
        if not period or not trial.refuses(
            lambda: trial.add("bill", company_id=first["company_id"], contract_id=first["contract_id"], **period)
        ):
            yield "a second bill of a contract's period was stored"
