"""All demands: the modules of the designs enter theirs when they are imported."""

from __future__ import annotations

from tests.domains import booking, chat, feed, iot, ledger, ride, saas, video
from tests.domains.demands import DEMANDS

MODULES = (booking, chat, feed, iot, ledger, ride, saas, video)

__all__ = ["DEMANDS", "MODULES"]
