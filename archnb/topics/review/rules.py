"""Rules of the review: an acceptance stands for a finding that is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archnb.finding import Hit, Rule, rule
from archnb.topics.topic import Draft


@rule(
    "review-acceptance-without-finding", principle="maintainability", severity="low",
    condition="A finding is accepted that is not there.",
    effect="It hides the next finding of that rule at that place, which nobody has looked at.",
    remedy="Take the acceptance out, or mend its rule and its path.",
)  # fmt: skip
def acceptance_without_finding(draft: Draft) -> Iterator[Hit]:
    for n, one in enumerate(draft.said.accepted):
        # what this rule finds, and may be accepted itself, is not known yet
        is_about_this = one.rule == "review-acceptance-without-finding"
        if not is_about_this and not any(one.covers(found.rule.id, found.path) for found in draft.findings):
            yield Hit(f"accepted.{n}", f"{one.rule} at {one.path}, accepted on {one.date}")


RULES: Sequence[Rule] = (acceptance_without_finding,)
