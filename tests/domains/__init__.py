"""Designs of other domains, and what an expert demands of a plan for each: met, or named by a finding.

`designs/` holds them; a module a design lists its demands as functions (`booking.py`, `chat.py`, …); `expected.py` is the one
table of those that are not met yet. `python -m tests.domains` prints how many are met, named and missing.
"""
