"""Who may do what: concluded from the references, refused where nothing says it, and the same in every artefact."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pytest

from archnb import Design, Plan, plan
from archnb.design.auth import read_grant
from archnb.exceptions import InputError
from archnb.export import row_security
from archnb.export.cedar import write_policies
from archnb.export.openfga import Relations
from archnb.model.role_words import rank_words
from archnb.planned.auth import Grant
from archnb.planned.fence import list_predicates
from archnb.planned.reaching import is_reached
from archnb.planned.statements import AllOf, AnyOf, Condition, Exists
from archnb.verify.cedar import verify_cedar
from archnb.verify.permissions import KINDS, list_matrix
from archnb.verify.row_security import verify_row_security

# a music school: teachers and pupils, rooms that are nobody's, bands of which people are members, and lessons
SCHOOL: dict[str, Any] = {
    "name": "school",
    "entities": {
        "Teacher": {"fields": {"id": "key", "email": "email unique personal", "name": "text(80)"}, "rows": 40},
        "Pupil": {"fields": {"id": "key", "phone": "phone unique personal", "name": "text(80) personal"}, "rows": 900},
        "Room": {"fields": {"id": "key", "label": "text(20)"}, "rows": 12},
        "Lesson": {
            "fields": {
                "id": "key", "teacher": "-> Teacher", "pupil": "-> Pupil", "room": "-> Room", "at": "timestamp",
                "substitute": "-> Teacher optional",
            },
            "rows": 9000,
        },
        "Homework": {"fields": {"id": "key", "lesson": "-> Lesson cascade", "text": "text(500)"}, "rows": 9000},
        "Band": {"fields": {"id": "key", "name": "text(40)", "founder": "-> Pupil"}, "rows": 60},
        "BandMember": {
            "fields": {"band": "-> Band cascade", "pupil": "-> Pupil cascade", "role": "enum(leader, player)"},
            "key": ["band", "pupil"],
            "rows": 300,
        },
        "Song": {"fields": {"id": "key", "band": "-> Band", "writer": "-> Pupil", "text": "text(900)"}, "rows": 500},
        "Offer": {"fields": {"id": "key", "by": "-> Teacher", "pupil": "-> Pupil optional", "text": "text(80)"}, "rows": 90},
        "Swap": {"fields": {"id": "key", "giver": "-> Pupil", "taker": "-> Pupil", "at": "date"}, "rows": 90},
    },
    "access": {
        "lessons_of_pupil": {"reads": "Lesson", "by": "pupil", "roles": ["pupil", "reception"]},
        "lessons_of_teacher": {"reads": "Lesson", "by": "teacher", "roles": ["teacher"]},
        "move_lesson": {"writes": "Lesson", "action": "update", "by": "id", "roles": ["teacher", "reception"]},
        "set_homework": {"writes": "Homework", "action": "create", "roles": ["teacher", "pupil"]},
        "rooms": {"reads": "Room", "roles": ["pupil", "teacher"]},
        "rename_room": {"writes": "Room", "action": "update", "by": "id", "roles": ["pupil"]},
        "songs_of_band": {"reads": "Song", "by": "band", "roles": ["pupil"]},
        "write_song": {"writes": "Song", "action": "create", "roles": ["pupil"]},
        "edit_song": {"writes": "Song", "action": "update", "by": "id", "roles": ["pupil"]},
        "found_band": {"writes": "Band", "action": "create", "roles": ["pupil"]},
        "join_band": {"writes": "BandMember", "action": "create", "roles": ["pupil"]},
        "accept_offer": {"writes": "Offer", "action": "update", "by": "id", "roles": ["pupil"]},
        "pupils_of_town": {"reads": "Pupil", "roles": ["inspector"]},
        "see_swap": {"reads": "Swap", "by": "id", "roles": ["pupil"]},
        "propose_swap": {"writes": "Swap", "action": "create", "roles": ["pupil"]},
    },
}  # fmt: skip


@lru_cache
def school() -> Plan:
    """The plan of the school, made once."""
    return plan(Design.of(SCHOOL))


def grant_of(made: Plan, role: str, operation: str) -> Grant:
    """What a role may do in an operation."""
    return made.planned.operations[operation].grants[role]


@pytest.mark.parametrize(
    ("role", "operation", "text"),
    [
        ("pupil", "lessons_of_pupil", "own"),
        ("teacher", "lessons_of_teacher", "own"),
        # of two references to teachers the one that every lesson has
        ("teacher", "move_lesson", "own"),
        # staff, by the word
        ("reception", "lessons_of_pupil", "any"),
        ("teacher", "set_homework", "own"),
        # a room is nobody's: seen by all, and changed by nobody of whom it is not said
        ("teacher", "rooms", "any"),
        ("pupil", "rename_room", "none"),
        # whoever is in the band, whoever wrote the song
        ("pupil", "songs_of_band", "member"),
        ("pupil", "write_song", "own and member"),
        ("pupil", "edit_song", "own"),
        # no membership can be there before
        ("pupil", "found_band", "own"),
        ("pupil", "join_band", "own"),
        ("pupil", "accept_offer", "pupil is missing"),
        # nothing says who inspectors are
        ("inspector", "pupils_of_town", "none"),
        # both see a swap; who proposes it, nothing says
        ("pupil", "see_swap", "own"),
        ("pupil", "propose_swap", "none"),
    ],
)
def test_grants_are_concluded_from_references(role: str, operation: str, text: str) -> None:
    """Own, in a group, any, or refused, as the rows' references say it."""
    assert grant_of(school(), role, operation).text == text


def test_what_cannot_be_concluded_shows_the_line_to_write_and_the_line_does() -> None:
    """Each refusal is a finding whose line, put into the design, settles it."""
    findings = {one.path: one.evidence for one in school().findings if one.rule.id == "auth-undecided-grant"}
    assert {"auth.roles.inspector.allows.pupils_of_town", "auth.roles.pupil.allows.propose_swap"} <= {*findings}
    for path, role, operation in (
        ("auth.roles.inspector.allows.pupils_of_town", "inspector", "pupils_of_town"),
        ("auth.roles.pupil.allows.propose_swap", "pupil", "propose_swap"),
    ):
        line = findings[path].partition("Write ")[2]
        at, _, value = line.partition(": ")
        settled = plan(Design.of(SCHOOL).replace(at, value))
        assert not grant_of(settled, role, operation).is_refused
        assert path not in {one.path for one in settled.findings if one.rule.id == "auth-undecided-grant"}


def test_what_is_said_of_one_operation_leaves_the_others_concluded() -> None:
    """A line under a role's allows widens or narrows that operation and no other."""
    made = plan(Design.of(SCHOOL | {"auth": {"roles": {"pupil": {"allows": {"edit_song": "own or band.founder"}}}}}))
    grant = grant_of(made, "pupil", "edit_song")
    assert (grant.kind, [one.path for one in grant.reaches]) == ("path", ["Song.writer", "Song.band -> Band.founder"])
    assert grant_of(made, "pupil", "songs_of_band").text == "member"


@pytest.mark.parametrize("wrong", ["any or own", "own of", "", "writer is gone", "none and own"])
def test_a_grant_that_is_none_is_refused_at_its_line(wrong: str) -> None:
    """What the grammar does not have is a problem with its path."""
    with pytest.raises(InputError, match=r"auth\.roles\.pupil\.allows\.edit_song"):
        plan(Design.of(SCHOOL | {"auth": {"roles": {"pupil": {"allows": {"edit_song": wrong}}}}}))


def test_a_field_of_a_grant_must_be_one() -> None:
    """A misspelt field in a path is answered with the nearest."""
    with pytest.raises(InputError, match=r"did you mean 'band\.founder'"):
        plan(Design.of(SCHOOL | {"auth": {"roles": {"pupil": {"allows": {"edit_song": "band.fonder"}}}}}))


def test_the_grammar_of_grants() -> None:
    """Alternatives of parts; `any` and `none` stand alone."""
    assert read_grant("author  and channel or  own") == (("author", "channel"), ("own",))
    assert read_grant("any") == (("any",),) and read_grant("none or own") == ()


def test_a_program_reaches_all_only_where_it_is_the_systems_own() -> None:
    """A worker works on everybody's rows; a partner's program is refused until rows stand for it."""
    access = {
        "sweep": {"writes": "Homework", "action": "delete", "by": "id", "roles": ["worker"]},
        "export_lessons": {"reads": "Lesson", "by": "room", "roles": ["partner"]},
    }
    made = plan(Design.of(SCHOOL | {"access": SCHOOL["access"] | access}))
    assert grant_of(made, "worker", "sweep").text == "any"
    assert grant_of(made, "partner", "export_lessons").is_refused


def test_ranks_of_members() -> None:
    """What is not a known word stands between its neighbours; where the order is none, it has no rank."""
    assert rank_words(("guest", "helper", "admin"))["helper"] == pytest.approx(1.5)
    assert "helper" not in rank_words(("admin", "helper", "guest", "owner"))


def test_a_member_includes_those_who_may_more_and_no_guest() -> None:
    """`member` is let in with the words member, admin and owner of the workspace, and not as its guest."""
    made = plan(Design.of(WORKSPACES))
    (reach,) = grant_of(made, "member", "pages_of_space").reaches
    assert set(reach.words) == {"member", "admin", "owner"}
    assert grant_of(made, "admin", "rename_space").kind == "tenant"
    ids = {one.rule.id for one in made.findings}
    assert {"auth-member-word-without-role", "auth-role-raised-by-admin"} <= ids


WORKSPACES: dict[str, Any] = {
    "name": "pages",
    "entities": {
        "Writer": {"fields": {"id": "uuid key", "email": "email unique personal"}, "rows": 900},
        "Space": {"fields": {"id": "uuid key", "name": "text(80)"}, "rows": 90},
        "Place": {
            "fields": {"space": "-> Space cascade", "writer": "-> Writer cascade", "role": "enum(owner, admin, member, guest)"},
            "key": ["space", "writer"],
            "rows": 2000,
        },
        "Page": {"fields": {"id": "uuid key", "space": "-> Space cascade", "title": "text(80)"}, "rows": 9000},
        "Block": {"fields": {"id": "uuid key", "page": "-> Page cascade", "text": "text(900)"}, "rows": 90000},
    },
    "access": {
        "pages_of_space": {"reads": "Page", "by": "space", "roles": ["member"]},
        "blocks_of_page": {"reads": "Block", "by": "page", "roles": ["member"]},
        "write_block": {"writes": "Block", "action": "create", "roles": ["member"]},
        "rename_space": {"writes": "Space", "action": "update", "by": "id", "roles": ["admin"]},
        "change_place": {"writes": "Place", "action": "update", "by": ["space", "writer"], "roles": ["admin"]},
        "spaces_of_writer": {"reads": "Place", "by": "writer", "include": ["Space"], "roles": ["member"]},
    },
}  # fmt: skip

# firms whose people refer to their firm, with meters that write for themselves
FIRMS: dict[str, Any] = {
    "name": "firms",
    "entities": {
        "Firm": {"fields": {"id": "key", "name": "text(80)"}, "rows": 90},
        "Employee": {"fields": {"id": "key", "firm": "-> Firm", "email": "email unique personal"}, "rows": 900},
        "Meter": {"fields": {"id": "key", "firm": "-> Firm", "secret_hash": "text(64) secret"}, "rows": 9000},
        "Sample": {"fields": {"id": "key", "meter": "-> Meter", "at": "timestamp", "value": "float"}, "rows": 90000},
        "Note": {"fields": {"id": "key", "firm": "-> Firm", "author": "-> Employee", "text": "text(80)"}, "rows": 900},
    },
    "access": {
        "samples_of_meter": {"reads": "Sample", "by": "meter", "roles": ["employee"]},
        "send_sample": {"writes": "Sample", "action": "create", "roles": ["meter"]},
        "notes": {"reads": "Note", "by": "firm", "roles": ["employee"]},
        "write_note": {"writes": "Note", "action": "create", "roles": ["employee"]},
        "edit_note": {"writes": "Note", "action": "update", "by": "id", "roles": ["employee"]},
    },
}  # fmt: skip


def test_people_who_refer_to_their_firm_are_in_it() -> None:
    """A colleague reads what the firm has and changes what is their own; a meter writes for itself."""
    made = plan(Design.of(FIRMS))
    assert made.planned.auth.tenant == "Firm"
    assert grant_of(made, "employee", "samples_of_meter").reaches[0].path == (
        "Sample.meter -> Meter.firm <- Employee.firm"
    )
    assert grant_of(made, "employee", "notes").text == "tenant"
    assert grant_of(made, "employee", "write_note").text == "own and tenant"
    assert grant_of(made, "employee", "edit_note").text == "own and tenant"
    (reach,) = grant_of(made, "meter", "send_sample").reaches
    assert (reach.token, reach.joins, reach.columns) == ("client", (), ("meter_id",))


def test_where_nobody_is_joined_to_a_tenant_its_name_in_the_token_does() -> None:
    """Without people of the firms, their role is refused; with `auth.tenant` the token says whose rows they see."""
    entities = {name: one for name, one in FIRMS["entities"].items() if name not in ("Employee", "Note")}
    access = {"samples_of_meter": FIRMS["access"]["samples_of_meter"] | {"roles": ["onlooker"]}}
    said = {"name": "firms", "entities": entities, "access": access}
    assert grant_of(plan(Design.of(said)), "onlooker", "samples_of_meter").is_refused
    (finding,) = [one for one in plan(Design.of(said)).findings if one.rule.id == "auth-undecided-grant"]
    assert finding.evidence.endswith("Write auth.tenant: Firm")
    grant = grant_of(plan(Design.of(said | {"auth": {"tenant": "Firm"}})), "onlooker", "samples_of_meter")
    assert (grant.kind, grant.tokens) == ("tenant", ("tenant",))


def test_a_grant_over_rows() -> None:
    """Whoever is in the band reaches its songs; a stranger and nobody do not."""
    grant = grant_of(school(), "pupil", "songs_of_band")
    rows = {"band_member": [{"band_id": 1, "pupil_id": 7, "role": "player"}]}
    assert is_reached(grant, {"band_id": 1}, rows, {"person": 7})
    assert not is_reached(grant, {"band_id": 2}, rows, {"person": 7})
    assert not is_reached(grant, {"band_id": 1}, rows, {"person": 8})
    assert not is_reached(grant, {"band_id": 1}, rows, {})


DESIGNS = {"school": SCHOOL, "pages": WORKSPACES, "firms": FIRMS}


@pytest.mark.parametrize("name", DESIGNS)
def test_the_matrix_tells_kinds_of_rows(name: str) -> None:
    """Own rows are reached by `own` and no others; another tenant's are reached by staff and programs alone."""
    made = plan(Design.of(DESIGNS[name]))
    cells = list_matrix(made)
    assert any(sum(cell.reached.values()) for cell in cells)
    for cell in cells:
        kind = made.planned.auth.roles[cell.role].kind if cell.role in made.planned.auth.roles else "public"
        if cell.text in ("own", "tenant", "member", "own and member", "own and tenant"):
            assert not cell.reached["other tenant"] and not cell.reached["nobody's"], cell
        if cell.text == "own" and kind != "member":
            assert not cell.reached["same tenant"], cell
        if cell.text == "none":
            assert not sum(cell.reached.values()), cell
    assert {kind for cell in cells for kind in cell.seen} <= {*KINDS}


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("name", DESIGNS)
def test_postgresql_answers_as_the_grants_say(name: str) -> None:
    """Under each role every row of every operation is reached or refused as planned; the keepers of roles refuse."""
    proof = verify_row_security(plan(Design.of(DESIGNS[name])))
    assert (proof.verdict, proof.kind) == ("passed", "executed on the engine"), proof.failures
    if name == "pages":
        assert {"the last owner leaves", "admin makes themselves owner"} <= {one.name for one in proof.details}


@pytest.mark.needs("postgresql")
def test_a_policy_that_lets_in_too_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a condition is not what the grant says, the proof fails and names the operation."""
    right = row_security.RowSecurity.condition
    monkeypatch.setattr(
        row_security.RowSecurity,
        "condition",
        lambda self, grant, *, after=False: "true" if grant.table == "song" else right(self, grant, after=after),
    )
    proof = verify_row_security(school())
    assert {one.name for one in proof.failures} >= {"songs_of_band as pupil", "edit_song as pupil"}


@pytest.mark.parametrize("name", DESIGNS)
def test_cedar_answers_as_the_grants_say(name: str) -> None:
    """The policies fit their schema, and permit what is planned and nothing else."""
    pytest.importorskip("cedarpy")
    proof = verify_cedar(plan(Design.of(DESIGNS[name])))
    assert proof.verdict == "passed", proof.failures


def test_a_cedar_policy_that_permits_too_much_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy without its condition is seen."""
    pytest.importorskip("cedarpy")
    from archnb.export.cedar import Policies

    monkeypatch.setattr(Policies, "_write_grant", lambda *_: [])
    proof = verify_cedar(school())
    assert "edit_song as pupil" in {one.name for one in proof.failures}


def test_without_cedarpy_nothing_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is missing the proof says so, and how to get it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
    proof = verify_cedar(school())
    assert (proof.kind, proof.verdict) == ("not verified", "not run")
    assert "cedarpy" in proof.details[0].text


def test_whatever_no_policy_names_is_refused() -> None:
    """Every table is forced under row-level security, and a refused operation stands in no policy."""
    text = str(school().export("row-security").text)
    for table in school().planned.schema.tables:
        assert f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" in text
    assert "'rename_room'" not in text.partition("school_pupil")[2].partition("school_admin")[0]
    assert not re.search(r"'(pupils_of_town|propose_swap)'", text)


@pytest.mark.parametrize("name", DESIGNS)
def test_relations_of_openfga_are_all_defined(name: str) -> None:
    """What a relation asks for is there: its own type's relations, a type to be related to, and never `or` beside `and`."""
    model = Relations(plan(Design.of(DESIGNS[name])))
    for relations in model.types.values():
        for definition in relations.values():
            assert not (" or " in definition and " and " in definition), definition
            for part in re.split(r" or | and ", definition):
                if part.startswith("["):
                    assert part.strip("[]").removesuffix(":*") in model.types
                elif " from " in part:
                    there, _, link = part.partition(" from ")
                    assert relations[link].startswith("[")
                    assert there in model.types[relations[link].strip("[]")]
                else:
                    assert part in relations


def test_names_of_cedar_are_free() -> None:
    """An entity that is called as a type of those of whom no row is kept is told apart from it."""
    said = {
        "entities": {"Role": {"fields": {"id": "key"}}, "Staff": {"fields": {"id": "key", "email": "email unique personal"}}},
        "access": {"roles": {"reads": "Role", "roles": ["admin"]}, "me": {"reads": "Staff", "by": "id", "roles": ["staff"]}},
    }  # fmt: skip
    made = write_policies(plan(Design.of(said)))
    assert made.role_type == "RolePrincipal" and "entity RolePrincipal;" in made.schema


def test_a_grant_as_predicates_of_a_statement() -> None:
    """A list is filtered in the query itself: one EXISTS over the rows of membership, with the caller from the token."""
    (found,) = list_predicates(grant_of(school(), "pupil", "songs_of_band"))
    assert isinstance(found, Exists) and found.table == "band_member"
    outer, caller = found.conditions
    assert isinstance(outer, Condition) and outer.value.column[0].source == "song"
    assert isinstance(caller, Condition) and (caller.left.column, caller.value.parameter) == ("pupil_id", "caller")
    assert list_predicates(grant_of(school(), "reception", "lessons_of_pupil")) == ()
    (never,) = list_predicates(grant_of(school(), "pupil", "rename_room"))
    assert isinstance(never, AnyOf) and not never.parts
    (both,) = list_predicates(grant_of(school(), "pupil", "write_song"))
    assert isinstance(both, AllOf) and len(both.parts) == 2


def test_scopes_are_resources_read_or_written() -> None:
    """What a row is part of is its resource, and a new operation on it needs no new scope."""
    auth = school().planned.auth
    assert auth.scope_of["set_homework"] == auth.scope_of["move_lesson"] == "lessons:write"
    assert {"rooms:read", "songs:read", "songs:write"} <= {*auth.scopes}
    assert all(school().planned.operations[name].scope == scope for name, scope in auth.scope_of.items())


def test_sign_in_fits_the_principal() -> None:
    """People sign in with PKCE and no secret, a device with credentials of its own, and neither as the other."""
    clients = plan(Design.of(FIRMS)).planned.auth.clients
    meter = next(one for one in clients.values() if "meter" in one.roles)
    assert (meter.kind, meter.grant, meter.authentication) == ("service", "client_credentials", "client_secret")
    pupils = next(one for one in school().planned.auth.clients.values() if "pupil" in one.roles)
    assert (pupils.grant, pupils.authentication) == ("authorization_code_pkce", "none")


def test_a_cache_is_keyed_by_what_the_answer_depends_on() -> None:
    """Whoever asks stands in the key where they change the answer, and nowhere else."""
    access = {
        "my_songs": {"reads": "Song", "sort": "text", "rate": "500/s", "roles": ["pupil"]},
        "lessons_of_pupil": SCHOOL["access"]["lessons_of_pupil"] | {"rate": "500/s"},
        "songs_of_band": SCHOOL["access"]["songs_of_band"] | {"rate": "500/s"},
        "rooms": SCHOOL["access"]["rooms"] | {"rate": "500/s"},
    }
    cache = {"policies": {name: {"use": True, "ttl": "1 min"} for name in access}}
    made = plan(Design.of(SCHOOL | {"access": SCHOOL["access"] | access, "cache": cache}))
    keys = {name: made.planned.cache.policies[name].key for name in access}
    assert "{subject}" in keys["my_songs"]
    # the pupil is given, and must be who asks; the band is given, and who asks must be in it
    assert "{subject}" not in keys["lessons_of_pupil"] and "{pupil}" in keys["lessons_of_pupil"]
    assert "{subject}" not in keys["songs_of_band"] and "{band}" in keys["songs_of_band"]
    assert "{subject}" not in keys["rooms"]


# an agency whose clerks keep leases between people who have no rows of their own kind: they are what the rows call them
LEASES: dict[str, Any] = {
    "name": "leases",
    "entities": {
        "Person": {"fields": {"id": "uuid key", "email": "email unique personal"}, "rows": 9000},
        "Agency": {"fields": {"id": "uuid key", "name": "text(80)"}, "rows": 90},
        "AgencyMember": {
            "fields": {"agency": "-> Agency cascade", "person": "-> Person cascade", "role": "enum(owner, manager, clerk)"},
            "key": ["agency", "person"],
            "rows": 900,
        },
        "House": {"fields": {"id": "uuid key", "agency": "-> Agency", "landlord": "-> Person"}, "rows": 900},
        "Lease": {"fields": {"id": "uuid key", "house": "-> House", "renter": "-> Person", "rent": "money"}, "rows": 2000},
        "Receipt": {"fields": {"id": "uuid key", "lease": "-> Lease", "amount": "money"}, "rows": 9000},
    },
    "access": {
        "leases_of_house": {"reads": "Lease", "by": "house", "roles": ["clerk", "landlord"]},
        "my_leases": {"reads": "Lease", "by": "renter", "roles": ["renter"]},
        "receipts_of_lease": {"reads": "Receipt", "by": "lease", "roles": ["renter", "landlord"]},
        "draft_lease": {"writes": "Lease", "action": "create", "roles": ["clerk"]},
        "change_member": {"writes": "AgencyMember", "action": "update", "by": ["agency", "person"], "roles": ["manager"]},
    },
}  # fmt: skip


def test_a_role_that_references_are_called_by_is_by_the_row() -> None:
    """A landlord is whoever a house calls its landlord, and a renter whoever a lease does; the clerk who drafts it is neither."""
    made = plan(Design.of(LEASES))
    assert [one.path for one in grant_of(made, "landlord", "receipts_of_lease").reaches] == [
        "Receipt.lease -> Lease.house -> House.landlord"
    ]
    assert [one.path for one in grant_of(made, "renter", "receipts_of_lease").reaches] == [
        "Receipt.lease -> Lease.renter"
    ]
    assert grant_of(made, "landlord", "leases_of_house").reaches[0].path == "Lease.house -> House.landlord"
    assert grant_of(made, "clerk", "draft_lease").text == "tenant"
    assert grant_of(made, "manager", "change_member").text == "tenant"
    assert verify_cedar(made).verdict in ("passed", "not run")


@pytest.mark.needs("postgresql")
def test_rows_call_people_by_their_roles_in_postgresql_too() -> None:
    """The same person is a renter of one row and the landlord of another, and reaches each by its own way."""
    assert verify_row_security(plan(Design.of(LEASES))).verdict == "passed"


@pytest.mark.needs("postgresql")
def test_exported_statements_run_under_the_policies() -> None:
    """The statements as they are exported do their work as the role, and find nothing for whoever is in no space."""
    from archnb.export.queries import queries
    from archnb.export.sql import statements as ddl
    from archnb.verify.permissions import Domain
    from archnb.verify.postgresql import PostgresqlSession
    from archnb.verify.relational import insert_rows
    from archnb.verify.servers import open_postgresql_database

    made = plan(Design.of(WORKSPACES))
    domain = Domain(made)
    with open_postgresql_database() as database:
        session = PostgresqlSession(database)
        secured = row_security.secure_rows(made, database.name)
        try:
            for one in ddl(made):
                session.run(one.text)
            assert not [one for one in insert_rows(session, domain.tables, domain.rows_made) if one.verdict == "failed"]
            for text in secured.statements():
                session.run(text)
            place = next(row for row in domain.rows["place"] if row["role"] != "guest")
            grants = {"pages_of_space": grant_of(made, "member", "pages_of_space")}
            (query,) = (one for one in queries(made, grants=grants) if one.pattern == "pages_of_space")
            found = {}
            for name, person in (("member", place["writer_id"]), ("nobody", None)):
                with session.undone():
                    for key, value in {"operation": "pages_of_space", "person": person}.items():
                        session.run("SELECT set_config(:k, :v, true)", {"k": f"app.{key}", "v": str(value or "")})
                    session.run(f"SET LOCAL ROLE {secured.role('member')}")
                    found[name] = session.fetch(query.sql, {"space_id": place["space_id"], "caller": person})
            pages = [row for row in domain.rows["page"] if row["space_id"] == place["space_id"]]
            assert pages and len(found["member"]) == len(pages) and not found["nobody"]
        finally:
            for name in [*(secured.role(one) for one in ["public", *made.planned.auth.roles]), secured.reader]:
                session.run(f"DROP OWNED BY {name} CASCADE")
                session.run(f"DROP ROLE {name}")
            session.connection.close()
