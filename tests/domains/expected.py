"""The demands that no plan answers yet, by name, and with what they come. Who delivers one removes its line: the mark is
strict, so a demand that is met while it stands here fails.

Who may do what, requests, schema, integrity, queries and privacy come with operations that run; numbers, caches, jobs,
alerts and scaling with the models of load.
"""

from __future__ import annotations

UNMET: dict[str, str] = {
    "feed-12": "load",
    "ride-4": "operations",
    "video-5": "operations",
    "video-6": "operations",
    "video-9": "load",
}
