"""The operations as tables."""

from __future__ import annotations

from collections.abc import Sequence

from archnb.shapes import AnyShape
from archnb.topics.topic import Draft


def views(draft: Draft) -> Sequence[AnyShape]:
    """What there is to be seen, in reading order."""
    return ()
