"""Quantities: what people write is read exactly, and slips get a message that helps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archnb.exceptions import QuantityError, UnitError
from archnb.quantity import BITS, BYTES, TIME, Quantity, number, parse, show, unit


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("400/s", 400), ("300 ms", 0.3), ("2 KiB", 2048), ("2 kB", 2000), ("2 KB", 2000), ("90%", 0.9), ("50k/day", 50_000 / 86_400),
        ("100M/month", 100e6 / (365 * 86_400 / 12)), ("1 year", 365 * 86_400), ("10 000", 10_000), ("1,000,000", 1e6), ("5 billion", 5e9),
        ("1 Gbit/s", 1e9), ("10 MB/s", 1e7), ("3 T", 3e12), ("99.95%", 0.9995), ("60%/year", 0.6 / (365 * 86_400)), ("-10%", -0.1), ("20 requests/day", 20 / 86_400),
    ],
)  # fmt: skip
def test_texts_are_read_in_base_units(text: str, base: float) -> None:
    """Every usual way of writing a quantity gives its value in seconds, bytes, bits or plain numbers."""
    assert parse(text).base == pytest.approx(base, rel=1e-12)


def test_range_has_both_ends_and_a_median() -> None:
    """A range is P10 to P90, and its one value is the geometric mean."""
    found = parse("10M..40M users")
    assert (found.low, found.high, found.is_range) == (10e6, 40e6, True)
    assert found.value == pytest.approx(20e6)
    assert parse("-1..3").value == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5 m", "'m' can be read in two ways; write 'min', 'month' or 'M' (million)."),
        ("5 mb", "'mb' can be read in two ways; write 'MB' or 'Mbit'."),
        ("4/sce", "'sce' in '/sce' is not a time; did you mean 'sec'?"),
        ("30M..10M", "'30M..10M': the low end is above the high end; write the smaller one first."),
        ("1 Mb..2 MB", "'1 Mb..2 MB': the two ends differ in unit; write the unit once, at the end."),
        ("1..2..3", "'1..2..3' is not a range; write 'low..high', for instance '10M..30M'."),
        ("fast", "'fast' is not a quantity; give a number with a unit such as '400/s', '300 ms', '2 KiB' or '10M..30M'."),
        ("1e999", "'1e999' is not a finite number."),
    ],
)  # fmt: skip
def test_slips_are_named(text: str, message: str) -> None:
    """A slip is quoted, and the message says what to write instead."""
    with pytest.raises(QuantityError) as caught:
        parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "words",
    [
        ("1 s", "1 sec", "1 second", "1 seconds", "1000 ms", "1000000 µs", "1000000 us"),
        ("1 min", "1 minute", "1 minutes", "60 s"),
        ("1 h", "1 hour", "1 hours", "60 min"),
        ("1 d", "1 day", "1 days", "24 h"),
        ("1 week", "1 weeks", "7 days"),
        ("1 month", "1 months"),
        ("1 year", "1 years"),
        ("1 kB", "1 KB", "1000 B", "1000 byte", "1000 bytes"),
        ("1 MiB", "1024 KiB", "1048576 B"),
        ("1 Mbit", "1 Mb", "1000000 bits"),
        ("1 USD", "1 $"),
        ("1k", "1K", "1 thousand", "1000"),
        ("1M", "1 million", "1000k"),
        ("1G", "1 bn", "1 billion", "1000M"),
        ("1T", "1 trillion", "1000G"),
    ],
    ids=lambda words: words[0],
)
def test_words_for_one_unit_mean_the_same(words: tuple[str, ...]) -> None:
    """However a unit or a thousand is spelled, it is the same amount."""
    assert {parse(word).base for word in words} == {parse(words[0]).base}


def test_wrong_dimension_is_refused() -> None:
    """A size is no time; the message says which kind is wanted."""
    with pytest.raises(
        QuantityError, match=r"'2 KiB' is a size in bytes such as '2 KiB'; give a time such as '300 ms' or '10 years'"
    ):
        parse("2 KiB", (("time", 1),))


def test_bits_and_bytes_never_mix() -> None:
    """1 MB is no number of bits until somebody says so."""
    with pytest.raises(UnitError):
        parse("1 MB").to("Mbit")
    assert BYTES["KiB"] != BYTES["kB"]


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nonsense gives a QuantityError, never another one."""
    try:
        parse(text)
    except QuantityError as error:
        assert str(error)


@given(
    st.floats(1e-3, 1e12),
    st.sampled_from(
        ["s", "ms", "B", "kB", "MiB", "/s", "/day", "%", "", "bit", "MB/s", "users", "workers", "days", "rows/day"]
    ),
)
def test_what_is_shown_is_near_what_is_meant(value: float, symbol: str) -> None:
    """The printed text, read again, is the value to the shown digits."""
    text = show(value, unit(symbol))
    again = parse(text)
    assert again.base == pytest.approx(value * unit(symbol).factor, rel=0.006)


@pytest.mark.parametrize(
    ("value", "symbol", "text"),
    [
        (1, "workers", "1 worker"), (0.9999, "servers", "1 server"), (86_400, "s", "1 day"), (1, "years", "1 year"),
        (1, "rows/day", "1 row/day"), (1, "requests/s", "1 request/s"), (1, "queries", "1 query"), (1, "caches", "1 cache"),
        (1, "replicas", "1 replica"), (1, "processes", "1 process"), (1, "status", "1 status"), (1, "", "1"),
        (1, "/s", "1/s"), (3600, "s", "1 h"), (1, "GB", "1 GB"), (1, "s", "1 s"), (1, "ms", "1 ms"), (1, "MB/s", "1 MB/s"), (1, "%", "1 %"),
        (1.01, "workers", "1.01 workers"), (2, "workers", "2 workers"), (0, "workers", "0 workers"), (1e6, "users", "1 M users"), (1000, "users", "1 000 users"),
    ],
)  # fmt: skip
def test_one_of_something_is_said_in_the_singular(value: float, symbol: str, text: str) -> None:
    """Exactly one is one worker, one day; symbols, ranges and every other number stay as they are."""
    assert show(value, unit(symbol)) == text
    assert str(Quantity(value, value, unit(symbol))) == text
    assert parse(text).base == pytest.approx(value * unit(symbol).factor, rel=0.006)


def test_a_range_that_ends_at_one_is_many() -> None:
    """A range is a plural, whatever its ends."""
    assert str(Quantity(0.5, 1, unit("workers"))) == "0.5..1 workers"


@given(st.floats(-1e300, 1e300))
def test_numbers_print_without_loss_of_the_leading_digits(value: float) -> None:
    """Three significant digits are kept."""
    if value and abs(value) > 1e-300:
        assert float(number(value).replace(" ", "")) == pytest.approx(value, rel=0.006)


def test_time_units_agree_with_each_other() -> None:
    """A year is 365 days and twelve months, everywhere."""
    assert 12 * TIME["month"] == TIME["year"]
    assert TIME["year"] == 365 * TIME["day"]
    assert set(BITS).isdisjoint(BYTES)


def test_only_a_bare_nothing_needs_no_unit() -> None:
    """0 is nothing of anything; 0 s is no size, and 1 is no time."""
    time, size = unit("s").dimension, unit("B").dimension
    assert parse("0", time).value == 0
    for text, expected in (("0 s", size), ("1", time)):
        with pytest.raises(QuantityError, match="give"):
            parse(text, expected)
