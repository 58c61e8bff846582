"""The rules of the flow: promises its parts cannot keep, parts in the wrong place, paths that say too much or too little."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.finding import Rule

RULES: Sequence[Rule] = ()
