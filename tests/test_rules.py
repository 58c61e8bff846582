"""Every rule has a good and a bad example; the bad one fires exactly this rule, the good one is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from archnb import load, plan, rules
from archnb.finding import PRINCIPLES, SEVERITIES, Rule
from archnb.topics import TOPICS

EXAMPLES = Path(__file__).parent / "examples"
IDS = [one.id for one in rules()]


def test_there_are_at_least_thirty_rules_over_six_principles() -> None:
    """The review covers all six principles with at least thirty rules."""
    assert len(IDS) >= 30
    assert {one.principle for one in rules()} == set(PRINCIPLES)


def test_ids_are_unique_and_start_with_their_topic() -> None:
    """An id is stable, unique and tells the topic."""
    assert len(set(IDS)) == len(IDS)
    for topic in TOPICS:
        for one in topic.RULES:
            assert one.id.startswith(f"{topic.NAME}-"), one.id
            assert one.severity in SEVERITIES


@pytest.mark.parametrize("rule", rules(), ids=IDS)
def test_a_rule_has_one_name(rule: Rule) -> None:
    """The function is called as the id is, without the topic; the condition, effect and remedy are whole sentences."""
    assert rule.check.__name__ == rule.id.partition("-")[2].replace("-", "_")
    for text in (rule.condition, rule.effect, rule.remedy):
        assert text[0].isupper() or text[0].isdigit() or text.startswith("archnb"), text
        assert text.endswith("."), text


def test_rules_live_in_rules() -> None:
    """Every rule of a topic stands in its `rules`, be it a file or a folder."""
    for topic in TOPICS:
        for one in topic.RULES:
            module = one.check.__module__.removeprefix("archnb.topics.").split(".")
            assert module[:2] == [topic.NAME, "rules"], one.id


def test_no_example_is_left_over() -> None:
    """Every folder of examples belongs to a rule."""
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == set(IDS)


def test_base_fires_nothing() -> None:
    """The design that examples start from is sound."""
    assert not plan(load(EXAMPLES / "BASE.yaml")).findings


@pytest.mark.parametrize("id", IDS)
def test_bad_example_fires_exactly_this_rule(id: str) -> None:
    """The bad example is found by this rule, and by no other."""
    assert {one.rule.id for one in plan(load(EXAMPLES / id / "bad.yaml")).findings} == {id}


@pytest.mark.parametrize("id", IDS)
def test_good_example_is_silent(id: str) -> None:
    """In the good example nothing is open."""
    assert not plan(load(EXAMPLES / id / "good.yaml")).findings.open


@pytest.mark.parametrize("id", IDS)
def test_finding_says_effect_remedy_and_evidence(id: str) -> None:
    """A finding has a path that exists or could be said, consequence, remedy and evidence."""
    for one in plan(load(EXAMPLES / id / "bad.yaml")).findings:
        assert one.effect.endswith(".")
        assert one.remedy.endswith(".")
        assert one.evidence
        assert one.path.split(".")[0] in plan(load(EXAMPLES / id / "bad.yaml")).design.__dataclass_fields__
