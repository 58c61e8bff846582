"""What operations cannot do as they are said."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.finding import Rule

RULES: Sequence[Rule] = ()
