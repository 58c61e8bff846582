"""What the data flow comes to."""

from __future__ import annotations

import dataclasses

from archnb.design.record import Named
from archnb.planned import conclude as conclude_record
from archnb.planned.flow import Flow
from archnb.topics.flow.latencies import plan_steps
from archnb.topics.topic import Draft


def conclude(draft: Draft) -> Flow:
    """The section without gaps, and of each path the calls with what their times follow from."""
    flow = draft.design.flow
    made = conclude_record(Flow, flow, "flow")
    paths = {
        name: dataclasses.replace(path, steps=plan_steps(draft, name, flow.paths[name]))
        for name, path in made.paths.items()
    }
    return dataclasses.replace(made, paths=Named(paths))
