"""Findings: grouped by rule, accepted with a reason, counted apart, shown everywhere alike; rules and their pages."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archnb import Design, InputError, file, load, plan, rules
from archnb.cli import main
from archnb.cli.commands import STARTER
from archnb.design.accepted import Acceptance
from archnb.diff import diff
from archnb.finding import SHOWN, Finding, Findings, Hit, Rule
from archnb.quantity import parse
from archnb.readers import read_any
from archnb.render import bundle
from archnb.report import render_page
from tests.designs import ALL
from tests.rule_pages import EXAMPLES, PAGES, write_pages

ROOT = Path(__file__).parent.parent
RULE = "entities-sort-without-limit"
# one finding: a read of two thousand rows
POOR = (EXAMPLES / "BASE.yaml").read_text(encoding="utf-8").replace("limit: 20", "limit: 2000")
REASON = "Nobody has more than a hundred orders."


def accepting(path: str = "access.orders_of_customer", rule: str = RULE, **more: Any) -> Design:
    """The poor design, with its finding accepted."""
    design = file.loads(POOR)
    one = Acceptance(rule=rule, path=path, reason=REASON, date="2026-01-31", **more)
    return dataclasses.replace(design, accepted=(one,))


def test_accepted_is_counted_apart() -> None:
    """An accepted finding stays in the sequence, is not open, and no longer weighs."""
    before, after = plan(file.loads(POOR)), plan(accepting())
    assert [one.rule.id for one in before.findings.open] == [RULE]
    assert not before.findings.accepted
    assert not after.findings.open
    assert [one.rule.id for one in after.findings.accepted] == [RULE]
    assert len(after.findings) == 1
    assert after.findings[0].acceptance is not None
    assert after.findings[0].acceptance.reason == REASON
    assert not after.findings.at_least("low")
    assert len(before.findings.at_least("low")) == 1
    assert "1 finding" in before.note
    assert "0 open and 1 accepted" in after.note
    assert "accepted (medium)" in repr(after.findings)


def test_accepted_does_not_lower_the_score() -> None:
    """The review scores what is open, and says of a rule that it is accepted."""
    scores = {}
    for name, made in {"open": plan(file.loads(POOR)), "accepted": plan(accepting())}.items():
        frame = made.review.frames["scores"].set_index("principle")
        state = made.review.frames["rules"].set_index("rule")["here"]
        scores[name] = (frame.loc["performance", "score"], state[RULE])
    assert scores == {"open": (90, "fires"), "accepted": (100, "accepted")}


def test_card_counts_accepted_in_a_column_of_its_own() -> None:
    """The card has open findings and accepted ones, section by section."""
    card = plan(accepting()).views[0].frame.set_index("section")
    assert card.loc["plan.entities", ["findings", "accepted"]].tolist() == [0, 1]
    card = plan(file.loads(POOR)).views[0].frame.set_index("section")
    assert card.loc["plan.entities", ["findings", "accepted"]].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("path", "is_accepted"),
    [
        ("access.orders_of_customer.limit", True),
        ("access.orders_of_customer", True),
        ("access", True),
        ("access.orders_*", True),
        ("access.*.limit", True),
        ("access.orders_of", False),
        ("access.orders_of_customer.lim", False),
        ("access.*.sort", False),
        ("*", True),
    ],
)
def test_a_path_covers_what_lies_below_it(path: str, is_accepted: bool) -> None:
    """A whole path, one above it, or `*` for a part of a name; never the beginning of a name."""
    found = plan(accepting(path)).findings
    assert bool(found.accepted) is is_accepted
    # what covers nothing is told, and the finding is open
    assert ("review-acceptance-without-finding" in {one.rule.id for one in found.open}) is not is_accepted


def test_another_rule_is_not_accepted() -> None:
    """The rule counts as well as the place."""
    found = plan(accepting(rule="schema-name-too-long")).findings
    assert {one.rule.id for one in found.open} == {RULE, "review-acceptance-without-finding"}


def test_an_acceptance_that_has_ended_counts_as_open() -> None:
    """On its last day it holds; from the next on the finding is open, and says until when it was accepted."""
    design = accepting(until="2026-06-30")
    last = plan(design, day=datetime.date(2026, 6, 30)).findings
    after = plan(design, day=datetime.date(2026, 7, 1)).findings
    assert (len(last.open), len(last.accepted)) == (0, 1)
    assert (len(after.open), len(after.accepted)) == (1, 0)
    assert "was accepted until 2026-06-30" in after.groups[0].places[0]


def test_today_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH is the day by which acceptances end, so that a page is made alike again."""
    design = accepting(until="2001-09-09")
    since = dataclasses.replace(design.accepted[0], date="2001-01-31")
    design = dataclasses.replace(design, accepted=(since,))
    assert plan(design).findings.open
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")  # 2001-09-09
    assert not plan(design).findings.open


def test_one_in_force_goes_before_one_that_has_ended() -> None:
    """Where two cover a finding, the one that still holds decides, and neither is called superfluous."""
    design = accepting(until="2026-01-31")
    other = dataclasses.replace(design.accepted[0], until=None, reason="Renewed.")
    found = plan(
        dataclasses.replace(design, accepted=(*design.accepted, other)), day=datetime.date(2027, 1, 1)
    ).findings
    assert [one.acceptance.reason for one in found.accepted if one.acceptance] == ["Renewed."]
    assert not found.open


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("path: access, reason: x, date: 2026-01-31", "accepted.0: the rule is missing"),
        (f"rule: {RULE}, reason: x, date: 2026-01-31", "accepted.0: the path is missing"),
        (f"rule: {RULE}, path: access, date: 2026-01-31", "accepted.0: the reason is missing"),
        (f"rule: {RULE}, path: access, reason: '  ', date: 2026-01-31", "accepted.0: the reason is missing"),
        (f"rule: {RULE}, path: access, reason: x", "accepted.0: the date is missing"),
        (f"rule: {RULE}, path: access, reason: x, date: 31.1.2026", "accepted.0.date: '31.1.2026' is no date"),
        (f"rule: {RULE}, path: access, reason: x, date: 2026-02-30", "accepted.0.date: '2026-02-30' is no date"),
        (f"rule: {RULE}, path: access, reason: x, date: 2026-02-03, until: soon", "accepted.0.until: 'soon' is no date"),
        (f"rule: {RULE}, path: access, reason: x, date: 2026-02-03, until: 2026-02-02", "accepted.0.until: 2026-02-02 is before"),
        (f"rule: {RULE}, path: access, reason: x, date: 2026-02-03, untill: 2026-02-02", "did you mean 'until'"),
    ],
)  # fmt: skip
def test_an_acceptance_says_all(changed: str, told: str) -> None:
    """Rule, place, reason and date are needed, and dates are dates: with the line."""
    with pytest.raises(InputError, match=r"line \d+: " + re.escape(told) if not told.startswith("did") else told):
        file.loads(f"{POOR}accepted:\n  - {{{changed}}}\n")


def test_an_unknown_rule_is_an_error(tmp_path: Path) -> None:
    """With the nearest one, and on the command line with its line."""
    design = accepting(rule="entities-sort-with-limit")
    with pytest.raises(InputError, match=f"accepted.0.rule: .*did you mean '{RULE}'"):
        plan(design)
    target = tmp_path / "poor.yaml"
    target.write_text(
        POOR + "accepted:\n  - rule: entities-sort-with-limit\n    path: access\n    reason: x\n    date: 2026-01-31\n"
    )
    done = CliRunner().invoke(main, ["check", str(target)])
    assert done.exit_code == 2
    line = 1 + target.read_text().splitlines().index("  - rule: entities-sort-with-limit")
    assert f"line {line}: accepted.0.rule" in done.stderr
    assert "archnb rules" in done.stderr


def test_acceptances_are_saved_with_their_comments(tmp_path: Path) -> None:
    """An edit elsewhere leaves the acceptances as they stand in the file."""
    text = POOR + "accepted:   # ours\n  - {rule: " + RULE + ", path: access, reason: x, date: 2026-01-31}  # why not\n"
    made = file.dumps(file.loads(text).replace("name", "other"), text)
    assert made.splitlines()[-2:] == text.splitlines()[-2:]
    again = file.loads(file.dumps(file.loads(text)))
    assert again == file.loads(text)


def test_diff_says_what_is_accepted() -> None:
    """What is accepted by now, no longer, or until another day, in words."""
    poor, accepted, longer = file.loads(POOR), accepting(), accepting(until="2027-01-31")
    (new,) = diff(plan(poor), plan(accepted)).changes
    assert new.words == f"{RULE} is accepted at access.orders_of_customer: {REASON}"
    (gone,) = diff(plan(accepted), plan(poor)).changes
    assert "no longer accepted" in gone.words
    assert "open again" in gone.how
    (changed,) = diff(plan(accepted), plan(longer)).changes
    assert "until not said → 2027-01-31" in changed.words
    assert not diff(plan(accepted), plan(accepted)).changes


def found(paths: list[tuple[str, float]], rule: Rule) -> Findings:
    """Findings of one rule at these paths."""
    return Findings(Finding(rule, path, "seen", rule.effect, rule.remedy, weight) for path, weight in paths)


def test_findings_of_a_rule_are_one_row() -> None:
    """One row a rule with its count, the worst places first and the others behind; the sequence has them singly."""
    rule = rules()[0]
    many = found([(f"entities.E{n}", n) for n in range(10)], rule)
    assert len(many) == 10
    assert isinstance(many[0], Finding)
    assert [one.path for one in many[:2]] == ["entities.E9", "entities.E8"]
    assert len(many.frame) == 10
    assert many.table.frame["places"].tolist() == [10]
    (row,) = many.table.rows
    where = row[2]
    assert not isinstance(where, str | int | float | None)
    assert where.text == "" and str(where.value).count("\n") == SHOWN - 1
    assert str(where.value).startswith("`entities.E9`: seen")
    assert len(where.more) == 10 - SHOWN
    assert f"and {10 - SHOWN} more" in bundle(many)["text/plain"]
    html = bundle(many)["text/html"]
    assert html.count("<details") == 1
    assert "entities.E0" in html[html.index("<details") :]


def test_places_that_differ_say_how() -> None:
    """Where a place has an effect or a remedy of its own, the row has the rule's, and the place its own."""
    rule = rules()[0]
    one = Finding(rule, "a", "seen", rule.effect, rule.remedy)
    other = Finding(rule, "b", "seen", "Another effect.", rule.remedy)
    (group,) = Findings([one, other]).groups
    assert group.effect == rule.effect
    assert group.places == ("`a`: seen", "`b`: seen. Another effect.")
    (group,) = Findings([other]).groups
    assert group.effect == "Another effect."
    assert group.places == ("`b`: seen",)


def test_a_long_list_is_cut_in_a_cell_and_whole_on_the_page() -> None:
    """A cell of a notebook stays small though a rule has thousands of places; in the report all can be unfolded."""
    from archnb.render import fragment

    many = found([(f"entities.E{n}", 0) for n in range(3000)], rules()[0])
    assert len(bundle(many)["text/html"]) < 64_000
    assert "entities.E2999" in str(fragment(many.table))


def test_report_shows_open_and_accepted() -> None:
    """The page counts them apart, and has a table of each."""
    text = render_page(plan(accepting()), artefacts=False)
    assert "<b>0</b> findings; 1 accepted" in text
    assert 'id="review-accepted-findings"' in text
    assert REASON in text
    assert "Worst finding" not in text
    text = render_page(plan(file.loads(POOR)), artefacts=False)
    assert "<b>1</b> finding: 1 medium" in text
    assert 'id="review-accepted-findings"' not in text
    assert "Worst finding, medium" in text


def run(*words: str) -> Any:
    """What a call of the command line gives."""
    done = CliRunner().invoke(main, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_check_does_not_fail_on_accepted(tmp_path: Path) -> None:
    """--fail-on looks at open findings alone; both are counted, in words and as JSON."""
    for name, design, code in (("poor", file.loads(POOR), 1), ("accepted", accepting(), 0)):
        target = str(tmp_path / f"{name}.yaml")
        file.save(design, target)
        assert run("check", target, "--fail-on", "low").exit_code == code
        assert run("plan", target, "--fail-on", "low").exit_code == code
        data = json.loads(run("check", target, "--json").stdout)
        assert (data["open"], data["accepted"]) == (code, 1 - code)
        assert data["findings"][0]["is_accepted"] is (name == "accepted")
    assert data["findings"][0]["acceptance"]["reason"] == REASON
    assert "0 findings from" in run("check", target).stdout
    assert "1 more accepted" in run("check", target).stdout
    assert REASON in run("check", target, "--all").stdout


SCHEMA = "".join(
    f"CREATE TABLE t{n} (id bigint PRIMARY KEY, a bigint REFERENCES t0, b bigint REFERENCES t0,"
    " made timestamp without time zone, seen timestamp);\n"
    for n in range(6)
)


@pytest.mark.parametrize("rule", ["schema-timestamp-without-time-zone", "schema-foreign-key-without-index"])
def test_a_flood_is_one_hit_a_table(tmp_path: Path, rule: str) -> None:
    """Columns and keys of one table are one finding, named in its evidence; the command line shows three and counts the rest."""
    dump, target = tmp_path / "dump.sql", tmp_path / "design.yaml"
    dump.write_text(SCHEMA)
    file.save(read_any(str(dump), "postgresql").design, target)
    made = plan(load(target))
    hits = [one for one in made.findings if one.rule.id == rule]
    assert [one.path for one in hits] == [f"schema.tables.t{n}" for n in range(6)]
    assert all(word in hits[0].evidence for word in (("made", "seen") if "timestamp" in rule else ("(a)", "(b)")))
    short, whole = run("check", str(target)).stdout, run("check", str(target), "--all").stdout
    assert f"{rule}, 6 places" in short
    assert "and 3 more: --all" in short
    assert "schema.tables.t5:" not in short
    assert "schema.tables.t5:" in whole


def test_rules_are_listed() -> None:
    """All of them, or those of a section, a principle, a severity; in words and as JSON."""
    listed = json.loads(run("rules", "--json").stdout)
    assert [one["id"] for one in listed] == [one.id for one in rules()]
    assert set(listed[0]) == {"id", "topic", "principle", "severity", "condition", "effect", "remedy"}
    some = json.loads(
        run("rules", "--topic", "schema", "--principle", "integrity", "--severity", "high", "--json").stdout
    )
    assert some
    assert {(one["topic"], one["principle"], one["severity"]) for one in some} == {("schema", "integrity", "high")}
    assert some == [one for one in listed if one in some]
    text = run("rules", "--topic", "api").stdout
    assert "api-unbounded-list" in text
    assert "schema-" not in text
    done = run("rules", "--topic", "shema")
    assert done.exit_code == 2
    assert "did you mean 'schema'" in done.stderr


def test_one_rule_is_shown() -> None:
    """Its page, as in the docs; an unknown one is met with the nearest."""
    assert run("rules", RULE).stdout.rstrip() == (PAGES / f"{RULE}.md").read_text(encoding="utf-8").rstrip()
    assert json.loads(run("rules", RULE, "--json").stdout)["page"].startswith(f"# {RULE}")
    done = run("rules", "entities-sort-with-limit")
    assert done.exit_code == 2
    assert f"did you mean '{RULE}'" in done.stderr


def test_pages_are_up_to_date() -> None:
    """Every page says what its rule and its examples say now; `make docs` writes them anew."""
    written = dict(write_pages())
    assert {path.name for path in PAGES.iterdir()} == set(written)
    stale = [name for name, text in written.items() if (PAGES / name).read_text(encoding="utf-8") != text]
    assert not stale, "run: make docs"


@pytest.mark.parametrize("rule", rules(), ids=[one.id for one in rules()])
def test_the_page_says_how_to_accept(rule: Rule) -> None:
    """What a page says to write into the design accepts the finding of its bad example."""
    page = (PAGES / f"{rule.id}.md").read_text(encoding="utf-8")
    said = page.partition("## To accept it")[2].partition("```yaml\n")[2].partition("```")[0]
    (one,) = file.loads(said).accepted
    bad = load(EXAMPLES / rule.id / "bad.yaml")
    made = plan(dataclasses.replace(bad, accepted=(*bad.accepted, one)))
    assert made.findings.accepted
    assert all(left.path != one.path for left in made.findings.open)


def shipped() -> dict[str, Design]:
    """Every design that the project gives out: the notebooks', the README's, the starter's, and the examples' base."""
    designs = {path.stem: load(path) for path in (ROOT / "notebooks" / "designs").glob("*.yaml")}
    (example,) = re.findall(r"```yaml\n(archnb: .*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    designs["README"] = file.loads(example)
    designs["starter"] = file.loads(STARTER.format(file="x.yaml", name="x", schema="archnb.schema.json"))
    designs["base"] = load(EXAMPLES / "BASE.yaml")
    designs["tiny"] = ALL["tiny"]()
    return designs


@pytest.mark.parametrize("name", sorted(shipped()))
def test_no_shipped_design_breaks_a_rule(name: str) -> None:
    """What we hand out, and what we propose for it, breaks no rule that its file does not accept."""
    assert [str(one) for one in plan(shipped()[name]).findings.open] == []


def test_a_hit_has_a_weight() -> None:
    """The place with most at stake comes first, whatever its name."""
    rule = dataclasses.replace(rules()[0], check=lambda draft: [Hit("a", "few", weight=1), Hit("b", "many", weight=2)])
    assert [one.path for one in Findings(rule.run(None))] == ["b", "a"]


# a rule, and a value of a proposal that would break it
BROKEN: dict[str, tuple[str, Any]] = {
    "schema-foreign-key-without-index": ("schema.tables.order.indexes", {}),
    "schema-access-pattern-without-index": ("schema.tables.order.indexes", {}),
    "schema-table-without-primary-key": ("schema.tables.order.primary_key", []),
    "requirements-percentiles-out-of-order": ("requirements.objectives.default.latency_p50", "9 s"),
    "api-page-size-over-limit": ("api.max_page_size", 10),
    "auth-any-scope-for-users": ("auth.roles.customer.allows.orders_of_customer", "any"),
    "decisions-lost-update": ("decisions.transactions.update_customer.guard", "none"),
    "errors-retry-storm": ("errors.calls.client -> gateway.attempts", 3),
    "errors-breaker-never-opens": ("errors.calls.service -> main.breaker_failures", "100%"),
    "flow-component-in-wrong-zone": ("flow.components.main.zone", "edge"),
    "flow-single-point-of-failure": ("flow.components.main.replicas", 1),
    "monitoring-alert-inside-budget": ("monitoring.alerts.default_availability_burn_1h.factor", 0.5),
    "monitoring-alert-on-unknown-metric": ("monitoring.alerts.default_availability_burn_1h.metric", "nothing"),
}


@pytest.mark.parametrize("id", sorted(BROKEN))
def test_rules_look_at_proposals(id: str) -> None:
    """A proposal that broke a rule would be found, though nobody said a word of it."""
    rule = next(one for one in rules() if one.id == id)
    path, value = BROKEN[id]
    said = ALL["tiny"]().replace("requirements.objectives.orders_of_customer", {"availability": "99.9%"})
    draft = plan(said).draft
    assert not list(rule.run(draft))
    assert not draft.is_said(path)
    if path.startswith("errors.calls.service -> main"):
        draft.design = draft.design.replace("errors.calls.service -> main.breaker_window", "1 day")
    draft.design = draft.design.replace(path, value)
    assert [one.rule.id for one in rule.run(draft)]


def test_a_size_in_the_evidence_is_the_size() -> None:
    """Bytes are not shown in the unit of the limit that they are held against."""
    rule = "schema-hot-table-unpartitioned"
    (one,) = plan(load(EXAMPLES / rule / "bad.yaml")).findings
    assert parse(one.evidence.partition(" at ")[0]).base == pytest.approx(one.weight, rel=0.01)


def test_both_ends_of_a_range_are_one_field() -> None:
    """A personal field in a URL is one finding, though its range has two parameters."""
    data = {
        "entities": {"Person": {"fields": {"id": "key", "born": "date personal"}, "rows": "10k"}},
        "access": {
            "people_by_birth": {"reads": "Person", "range": "born", "limit": 20, "rate": "1/s", "roles": "admin"}
        },
    }
    made = plan(Design.of(data))
    assert len(made.design.api.operations["people_by_birth"].parameters) >= 2
    assert len([one for one in made.findings if one.rule.id == "api-personal-data-in-url"]) == 1
