"""`python -m tests.domains [DESIGN …] [--long]`: the demands that are met, named by a finding, and missing."""

from __future__ import annotations

import sys
from collections import Counter

from archnb.verify.servers import has_postgresql
from tests.domains.case import planned
from tests.domains.catalogue import DEMANDS
from tests.domains.demands import judge


def main(arguments: list[str]) -> int:
    """Print each demand with its state, then the counts by kind and by design."""
    try:
        return print_demands(arguments)
    finally:
        for name in {one.design for one in DEMANDS.values()}:
            planned(name).close()


def print_demands(arguments: list[str]) -> int:
    """The table itself."""
    wanted = [one for one in arguments if not one.startswith("-")]
    counts: Counter[tuple[str, str]] = Counter()
    for one in DEMANDS.values():
        if wanted and one.design not in wanted:
            continue
        is_untried = one.is_tried and not has_postgresql()
        judgement = None if is_untried else judge(one, planned(one.design))
        state = judgement.state if judgement else "not tried"
        counts[one.kind, state] += 1
        counts[one.design, state] += 1
        counts["all", state] += 1
        print(f"{one.id:12} {one.kind:10} {state:9} {one.text}")
        if "--long" in arguments and judgement and judgement.reason:
            print(f"{'':33}{judgement.reason}")
    states = ("met", "named", "missing", "not tried")
    print(f"\n{'':12}" + "".join(f"{state:>10}" for state in states))
    for row in dict.fromkeys(row for row, _ in counts):
        if row != "all":
            print(f"{row:12}" + "".join(f"{counts[row, state]:10}" for state in states))
    print(f"{'all':12}" + "".join(f"{counts['all', state]:10}" for state in states))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
