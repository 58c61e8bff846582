"""The palette can be read in light and in dark."""

from __future__ import annotations

import re

import pytest

from archnb import render
from archnb.render.theme import CHART_INKS, DARK, KINDS, LIGHT, LOOKS, contrast, drawing_css, look_class, palette_css

TEXT_INKS = ("ink", "soft", "link", "good", "notice", "warning", "danger", "muted")
LINE_INKS = ("line", "limit", "warning", "c1", "c2", "c3", "c4", "c5", "c6")


def test_contrast_is_the_one_of_wcag() -> None:
    """The formula gives the published extremes and a published example (#767676 on white is 4.54)."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_reaches_four_and_a_half_to_one(palette: dict[str, str]) -> None:
    """Every ink that is used for text has 4.5:1 on the card and on panels."""
    for ink in TEXT_INKS:
        for ground in ("card", "panel"):
            assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_text_on_boxes_reaches_four_and_a_half_to_one(is_dark: bool) -> None:
    """A box's name and its caption can be read on the fill of every kind, and its border seen on the card."""
    palette = DARK if is_dark else LIGHT
    for name, look in LOOKS.items():
        fill, stroke = (look.dark_fill, look.dark_stroke) if is_dark else (look.fill, look.stroke)
        assert contrast(palette["ink"], fill) >= 4.5, name
        assert contrast(palette["soft"], fill) >= 4.5, name
        assert contrast(stroke, palette["card"]) >= 3, name


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_lines_reach_three_to_one(palette: dict[str, str]) -> None:
    """Lines that mean something have 3:1 on the card."""
    for ink in LINE_INKS:
        assert contrast(palette[ink], palette["card"]) >= 3, ink


def test_palettes_hold_the_same_names() -> None:
    """Light and dark name the same colours, and the rules use none that is missing."""
    assert LIGHT.keys() == DARK.keys()
    assert set(CHART_INKS) <= LIGHT.keys()
    declared = set(re.findall(r"(--archnb-[\w-]+):", palette_css(is_dark=False)))
    assert declared == set(re.findall(r"(--archnb-[\w-]+):", palette_css(is_dark=True)))
    for sheet in (drawing_css(), render.css("page"), render.css("cell")):
        # a use with a value of its own after the comma lacks nothing
        assert set(re.findall(r"var\((--archnb-[\w-]+)\)", sheet)) <= declared


def test_every_kind_has_a_look() -> None:
    """Each kind of node leads to a look that exists, and an unknown one to the plain look."""
    assert set(KINDS.values()) <= LOOKS.keys()
    assert look_class("something new") == "look-plain"


def test_page_theme_can_be_chosen_and_print_is_light() -> None:
    """The page follows the system, a `data-theme` outranks it, and print takes the light palette last."""
    sheet = render.css()
    system = sheet.index("prefers-color-scheme:dark")
    assert system < sheet.index(":root[data-theme=dark]") < sheet.index("@media print")
    assert ":root:not([data-theme=light])" in sheet
