"""Facts: what is printed is what was computed, units are checked, one formula gives estimate, spread and sensitivity."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archnb.exceptions import ArchnbError, UnitError
from archnb.fact import SAMPLES, Facts, Key, apply_model, ceil, key, maximum, minimum, power, total
from archnb.quantity import parse


def named(name: str) -> Key:
    """A handle for a fact of a test."""
    return key(name, None, "A number of a test.", optional=True)


def load() -> Facts:
    """Users, requests per user and a peak factor, and the peak that follows."""
    facts = Facts()
    users = facts.given(named("users"), "1M..4M users", "said", origin="said")
    per_user = facts.given(named("per_user"), "20/day")
    facts.define(named("peak"), users * per_user * 3, "requests/s", "the busiest hour")
    return facts


def test_why_shows_value_formula_and_arithmetic() -> None:
    """The answer to "why?" carries every number down to what was given."""
    assert load()["peak"].why() == "\n".join([
        "peak = 1 390 requests/s  (the busiest hour)",
        "  = users × per_user × 3",
        "  = 2 M users × 20/day × 3",
        "    users = 2 M users, 1M..4M users (said: said)",
        "    per_user = 20/day (assumed: given)",
    ])  # fmt: skip


def test_units_are_checked() -> None:
    """Bytes and seconds do not add up, and a rate is not a size."""
    facts = Facts()
    size, time = facts.given(named("size"), "2 KiB"), facts.given(named("time"), "3 s")
    with pytest.raises(UnitError, match="cannot be combined"):
        size + time
    with pytest.raises(UnitError, match="not 'B'"):
        facts.define(named("speed"), size / time, "B")
    with pytest.raises(UnitError):
        maximum(size, time)
    assert facts.define(named("speed"), size / time, "kB/s").value == pytest.approx(2.048 / 3)


def test_range_gives_percentiles() -> None:
    """The ends of a lone range are P10 and P90 of what follows from it, within sampling error."""
    p10, p50, p90 = load()["peak"].percentiles()
    assert p10 == pytest.approx(1e6 * 20 / 86_400 * 3, rel=0.03)
    assert p50 == pytest.approx(2e6 * 20 / 86_400 * 3, rel=0.03)
    assert p90 == pytest.approx(4e6 * 20 / 86_400 * 3, rel=0.03)


def test_same_draw_for_one_input() -> None:
    """An input drawn once serves every formula: x - x is nothing."""
    facts = Facts()
    x = facts.given(named("x"), "10..30")
    assert numpy.all(facts.define(named("zero"), x - x).samples() == 0)
    assert len(facts["zero"].samples()) == SAMPLES


def test_sensitivity_puts_the_widest_first() -> None:
    """The range of users moves the peak more than a fifth more requests."""
    found = load()["peak"].sensitivity()
    assert [name for name, _, _ in found] == ["users", "per_user"]
    assert found[0][1] == pytest.approx(found[0][2] / 4)


def test_what_if_replaces_inputs_only() -> None:
    """A question names an input; anything else is refused with the nearest name."""
    peak = load()["peak"]
    assert peak.what_if(users="86400") == pytest.approx(60)
    with pytest.raises(ArchnbError, match="did you mean 'users'"):
        peak.what_if(user="1")


def test_precedence_is_printed() -> None:
    """Brackets stand where they are needed, and only there."""
    facts = Facts()
    a, b, c = (facts.given(named(name), str(n)) for n, name in enumerate("abc", 2))
    assert (a * (b + c)).formula() == "a × (b + c)"
    assert (a - (b - c)).formula() == "a − (b − c)"
    assert (a / (b * c)).formula() == "a ÷ (b × c)"
    assert (a * b + c).formula() == "a × b + c"
    assert ceil(a / b).formula() == "ceil(a ÷ b)"


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e6), st.floats(0.1, 1e6))
def test_printed_formula_computes_the_value(a: float, b: float, c: float) -> None:
    """The formula, computed by Python, gives the fact's value: what is printed is what was computed."""
    facts = Facts()
    x, y, z = facts.given(named("x"), a), facts.given(named("y"), b), facts.given(named("z"), c)
    fact = facts.define(named("it"), (x + y) * z / (x - y * 2 - z) + maximum(x, y) - minimum(y, z))
    text = fact.formula().replace("×", "*").replace("÷", "/").replace("−", "-")
    try:
        expected = eval(text, {"x": a, "y": b, "z": c, "max": max, "min": min})
    except ZeroDivisionError:
        return
    assert fact.value == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_array_and_number_agree(low: float, high: float) -> None:
    """The expression evaluated with an array of one value gives what it gives with the number."""
    facts = Facts()
    x, y = facts.given(named("x"), low), facts.given(named("y"), high)
    model = apply_model("model", lambda u, v: u + 2 * v if u > v else v, "", x, y)
    fact = facts.define(named("it"), ceil(total([x, y, model])) + power(x, 0.5) + maximum(x, y, 7))
    several = fact.evaluate({"x": numpy.full(3, low), "y": numpy.full(3, high)})
    assert several == pytest.approx([fact.base] * 3)


def test_graph_follows_the_formulas() -> None:
    """All facts form one directed graph without a circle."""
    import networkx

    graph = load().graph
    assert set(graph.predecessors("peak")) == {"users", "per_user"}
    assert networkx.is_directed_acyclic_graph(graph)


def test_a_name_is_made_once() -> None:
    """Two facts of one name would make links lie."""
    facts = load()
    with pytest.raises(ArchnbError, match="made twice"):
        facts.given(named("users"), parse("1"))
    with pytest.raises(KeyError, match="did you mean 'users'"):
        facts["usrs"]


def test_parts_name_what_can_be_linked() -> None:
    """A formula comes in parts, so that each name can be a link."""
    assert load()["peak"].parts() == [("users", "users"), (" × ", ""), ("per_user", "per_user"), (" × 3", "")]


def test_a_decision_at_the_median_is_taken_with_each_input_at_its_median() -> None:
    """The median of a sum is not the sum of the medians; a decision at P50 is the value that is shown, to the last digit."""
    facts = Facts()
    one = facts.given(key("one", None, ""), parse("1..100"), "")
    other = facts.given(key("other", None, ""), parse("1..100"), "")
    held = facts.decide(key("held", None, ""), one + other)
    assert held.base == (one + other).base
    assert abs(numpy.median((one + other).samples()) - held.base) > 1
