"""Alertmanager: who is told of which alert, how alerts of one incident become one message, and which of them are hushed.

A total outage sets off the probe, the missing traffic and every ratio of errors at once. They are one incident: alerts of one
service and severity come in one message, and while the whole service is ill its operations say nothing of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archnb.export.yaml_text import write_yaml
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan

FILE = "alertmanager.yaml"
PAGES, TICKETS = "pager", "tickets"


def export_alertmanager(plan: Plan) -> Source:
    """The configuration of Alertmanager for the plan's alerts; the addresses of both receivers are a team's own to fill in."""
    data: dict[str, Any] = {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": TICKETS,
            "group_by": ["service"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [
                # what lies behind an outage fires within the same half minute, and comes in the same message
                {"receiver": PAGES, "matchers": ['severity="page"'], "group_by": ["service"]},
                {
                    "receiver": TICKETS,
                    "matchers": ['severity="ticket"'],
                    "group_by": ["service", "alertname"],
                    "group_wait": "10m",
                    "group_interval": "1h",
                    "repeat_interval": "24h",
                },
            ],
        },
        "inhibit_rules": [
            # nobody gets through: that every operation fails is no news
            {
                "source_matchers": ['severity="page"', 'scope="service"'],
                "target_matchers": ['scope="operation"'],
                "equal": ["service"],
            },
            # an SLO whose budget burns fast burns slowly too
            {
                "source_matchers": ['severity="page"', 'scope="operation"'],
                "target_matchers": ['severity="ticket"', 'scope="operation"'],
                "equal": ["service", "slo"],
            },
        ],
        "receivers": [
            {"name": name, "webhook_configs": [{"url": f"http://{name}.invalid/", "send_resolved": True}]}
            for name in (PAGES, TICKETS)
        ],
    }
    # a line break in a name must not end the comment
    head = [
        f"Alertmanager configuration for {' '.join(plan.name.split())!r}, written by archnb.",
        "Put in the addresses of both receivers: whoever is on call, and the list of what waits for the working day.",
        "The labels service, scope and severity are on every alert of prometheus-rules.yaml.",
    ]
    return Source(
        "alertmanager", "Alertmanager configuration", "yaml", "".join(f"# {one}\n" for one in head) + write_yaml(data),
        filename=FILE,
        description="One message an incident: pages of one service come together, and what an outage explains is hushed. Checked by `amtool check-config`.",
    )  # fmt: skip


__all__ = ["FILE", "PAGES", "TICKETS", "export_alertmanager"]
