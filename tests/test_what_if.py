"""What if: one table of before and after, decisions held or taken anew."""

from __future__ import annotations

from functools import lru_cache

import pytest

from archnb import ArchnbError, Plan, plan
from archnb.shapes import Table
from tests.designs import shop

TIME = "flow.assumed.time_service"


@lru_cache
def planned() -> Plan:
    """The shop, planned once."""
    return plan(shop())


def rows_of(table: Table) -> dict[str, tuple[str, str]]:
    """Before and after by the number's name."""
    return {str(row.iloc[0]): (str(row.iloc[1]), str(row.iloc[2])) for _, row in table.frame.iterrows()}


def test_decisions_are_held() -> None:
    """Twice the time of work keeps twice as many cores busy on as many servers; the servers themselves do not change."""
    facts = planned().facts
    found = rows_of(planned().what_if({TIME: "12 ms"}))
    assert "flow.service.utilisation" in found
    assert "scaling.service.servers" not in found
    expected = facts["flow.service.utilisation"].what_if({TIME: "12 ms"})
    assert found["flow.service.utilisation"][1] == facts["flow.service.utilisation"].show(expected)


def test_decisions_are_taken_anew() -> None:
    """Planned anew, more people asking for more are served by more servers, and the cost says so."""
    changes = {"access.view_product.rate": "9000/s"}
    found = rows_of(planned().what_if(changes, retaken=True))
    assert "scaling.service.servers" in found and "cost.total" in found
    held = rows_of(planned().what_if(changes))
    assert "scaling.service.servers" not in held and "load.peak_requests" in held


def test_what_is_no_number_needs_a_new_plan() -> None:
    """What changes the plan itself cannot be tried on the numbers alone, and the error says what to do."""
    with pytest.raises(ArchnbError, match="retaken=True"):
        planned().what_if({"requirements.team_size": 3})
    table = planned().what_if({"requirements.regions": 2}, retaken=True)
    assert "recovery.region_time" in rows_of(table) or "cost.total" in rows_of(table)


def test_what_moves_nothing_says_so() -> None:
    """A change that nobody feels gives an empty table that says so."""
    table = planned().what_if({"requirements.summary": "Sells things."}, retaken=True)
    assert not table.rows and "Nothing" in table.description
