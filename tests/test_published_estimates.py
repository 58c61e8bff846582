"""Published back-of-the-envelope estimates, as designs: each figure within 5 %, with its arithmetic; the published slips by name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from archnb import Plan, load, plan
from archnb.fact.slips import judge_figure, name_slip

FOLDER = Path(__file__).parent / "estimates"

# by design: the fact, the unit, and what is printed. Sources: karanpratapsingh/system-design (whatsapp, twitter, netflix, uber),
# donnemartin/system-design-primer (primer_twitter, pastebin, web_crawler, query_cache, sales_rank, mint, social_graph),
# Alex Xu, System Design Interview, chapter 2 (xu_twitter)
PUBLISHED: dict[str, dict[str, tuple[str, float]]] = {
    "whatsapp": {
        "load.average_requests": ("/s", 24_000), "load.storage": ("PB", 38), "load.peak_ingress": ("MB/s", 120),
    },
    "twitter": {
        "load.average_requests": ("/s", 12_000), "load.storage": ("PB", 19), "load.peak_ingress": ("MB/s", 60),
    },
    "netflix": {
        "load.average_requests": ("/s", 12_000), "load.storage": ("PB", 1_825), "load.peak_ingress": ("GB/s", 5.8),
    },
    "uber": {"load.average_requests": ("/s", 12_000), "load.storage": ("PB", 1.4)},
    "primer_twitter": {
        "load.storage": ("PB", 5.4), "access.timeline.rate": ("/s", 100_000), "access.post.rate": ("/s", 6_000),
        "scaling.hand_out.rows_written": ("", 10), "access.search.rate": ("/s", 4_000),
    },
    "pastebin": {"load.storage": ("GB", 450)},
    "web_crawler": {"load.storage": ("PB", 72)},
    "query_cache": {"load.storage": ("TB", 2.7 * 36)},
    "sales_rank": {"load.storage": ("TB", 0.04 * 36)},
    "mint": {"load.storage": ("TB", 0.25 * 36), "load.average_requests": ("/s", 2_000)},
    "social_graph": {"entities.Friendship.rows": ("", 5e9)},
    "xu_twitter": {
        "load.average_requests": ("/s", 3_500), "load.peak_requests": ("/s", 7_000), "load.storage": ("PB", 55),
    },
}  # fmt: skip


@lru_cache
def planned(name: str) -> Plan:
    """A published estimate's design, planned once."""
    return plan(load(FOLDER / f"{name}.yaml"))


def test_every_design_is_compared() -> None:
    """No design of the folder is without its published figures."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(PUBLISHED)


@pytest.mark.parametrize("name, fact", [(name, fact) for name, figures in PUBLISHED.items() for fact in figures])
def test_published_figure(name: str, fact: str) -> None:
    """The fact gives the published figure within 5 %."""
    unit, figure = PUBLISHED[name][fact]
    assert judge_figure(figure, planned(name).facts[fact].to(unit)) == ""


def test_handing_out_is_ten_deliveries_a_post() -> None:
    """60 thousand deliveries a second are rows that are written, beside those of the posts themselves."""
    facts = planned("primer_twitter").facts
    delivered = facts["access.hand_out.rate"].base * facts["scaling.hand_out.rows_written"].base
    assert judge_figure(60_000, delivered) == ""
    assert facts["scaling.main.writes"].base > delivered


def test_media_have_sizes_of_their_own() -> None:
    """What is uploaded and what is watched are two bandwidths: the published one is that of the uploads, and no 200 times more."""
    facts = planned("netflix").facts
    assert facts["load.peak_egress"].base / facts["load.peak_ingress"].base == pytest.approx(200, rel=0.01)
    assert facts["requirements.load.response_size"].base < 10_000


def test_what_an_upload_leaves_is_kept_as_long_as_its_row() -> None:
    """The files of an entity with a retention of its own go with its rows."""
    design = load(FOLDER / "twitter.yaml").replace("entities.Post.retention", "30 days")
    facts = plan(design).facts
    assert facts["load.media"].to("PB") == pytest.approx(100e6 * 50e3 * 30 / 1e15)


def test_published_slips_are_named() -> None:
    """What the sources print and their inputs do not give is told, with the mistake where it has a name."""
    # 6 B x 56.8 bn is printed as 390 GB and as 300 GB
    product = 6 * 56.8e9
    assert judge_figure(390e9, product) == "14 % more than its inputs come to"
    assert judge_figure(300e9, product) == "12 % less than its inputs come to"
    # 200 M daily users in the text, 100 M in the table
    assert judge_figure(100e6, 200e6) == "2 times less than its inputs come to"
    # "5 MB/s" is 4.63
    assert planned("uber").facts["load.peak_ingress"].to("MB/s") == pytest.approx(4.63, rel=0.01)
    assert (
        judge_figure(5.0, planned("uber").facts["load.peak_ingress"].to("MB/s")) == "8 % more than its inputs come to"
    )
    # 99.9 % of months of two lengths in one table
    assert name_slip(43.83, 43.2) == "a month of 30 days beside one of 30.44"


@pytest.mark.parametrize(
    "given, computed, peak, name",
    [
        (800.0, 100.0, None, "bits taken for bytes"),
        (1.0, 1.024, None, "1000 taken for 1024 (kB for KiB)"),
        (1024**4, 1000**4, None, "1000 taken for 1024 four times (TB for TiB)"),
        (86_400.0, 1.0, None, "a rate a day taken for one a second"),
        (30.44, 1.0, None, "a rate a month taken for one a day"),
        (100.0, 250.0, 2.5, "an average taken for a peak"),
        (17.0, 5.0, 3.0, ""),
        (0.0, 5.0, None, ""),
    ],
)
def test_slips_have_names(given: float, computed: float, peak: float | None, name: str) -> None:
    """Factors that have a name are told by it, and no other."""
    assert name_slip(given, computed, peak=peak) == name
