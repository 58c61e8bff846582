"""What an architect asks of a plan and only a simulation answers: what breaks under load, and what users see of each failure.

Nothing of this is done when a plan is made: a view is simulated when it is first asked for.
"""

from __future__ import annotations

from archnb.answers.failures import FailureRow, find_failures, show_failures
from archnb.answers.network import Simulated, build_network
from archnb.answers.overload import Verdict, find_verdict, show_verdict

__all__ = [
    "FailureRow", "Simulated", "Verdict", "build_network", "find_failures", "find_verdict", "show_failures", "show_verdict",
]  # fmt: skip
