"""How fast protocols are explored: two orders for the last of a thing, under each fault once. Prints states and CPU seconds.

The figure that the project promises: 100,000 states in under 10 s.
"""

from __future__ import annotations

import platform
import time
from importlib.metadata import version

from archnb.sim.protocol import change, explore, list_seeded, make_saga
from archnb.sim.protocol.library import ORDER


def main() -> None:
    """Explore, and print."""
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}; numpy {version('numpy')}")
    taken = []
    for _ in range(3):
        start = time.process_time()
        outcome = explore(make_saga(change(ORDER, at_once=2)))
        taken.append(time.process_time() - start)
    seconds = min(taken)
    rate = outcome.states / seconds
    print(f"two sagas at once  {outcome.states:9,} states, {outcome.transitions:9,} transitions   {outcome.verdict}")
    print(f"                   {seconds:9.2f} s of CPU, {100_000 / rate:.2f} s for 100,000 states (under 10 s)")
    found = sum(explore(one.faulty).broken == one.breaks for one in list_seeded())
    print(f"seeded faults      {found} of {len(list_seeded())} found")


if __name__ == "__main__":
    main()
