"""The whole plan as one HTML file that needs nothing else: no script to be read, no address that loads anything.

The order is the reader's: what was asked, the nine outputs, how it changes, what was decided and what colleagues need,
how it stands, and at the end every number with its formula and every proof.
"""

from __future__ import annotations

from archnb.report.page import render_page, report

__all__ = ["render_page", "report"]
