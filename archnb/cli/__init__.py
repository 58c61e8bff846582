"""The command line: `commands` has one a verb, `answers` is how each of them speaks, fails and ends."""

from __future__ import annotations

from archnb.cli.commands import main

__all__ = ["main"]
