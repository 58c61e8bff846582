"""What is measured of the data: the rows and size of every entity, and storage over the retention."""

from __future__ import annotations

from archnb.fact import Fact, minimum, total
from archnb.fact.keys.entities import (
    ACCESS_MEDIA,
    ENTITIES_SIZE,
    ENTITY_ADDED,
    ENTITY_RETENTION,
    ENTITY_ROW_SIZE,
    MEDIA_ADDED,
    MEDIA_KEPT,
    PASSED,
    PATTERN_RATE,
)
from archnb.fact.keys.load import AVERAGE_WRITES, MEDIA, PEAK_FACTOR, RECORD_SIZE, RETENTION, STORAGE
from archnb.topics.entities.sizes import mean_record, measure_entity
from archnb.topics.topic import Because, Draft


def measure(draft: Draft) -> None:
    """Row size, rows, growth and size of every entity; storage over the retention; the size of one record."""
    draft.facts.assume(
        PASSED,
        "90 days",
        "a retention of this length has passed for a system that holds rows already",
        source="rule of thumb of archnb, 2026-11",
    )
    sizes = []
    for name, entity in draft.design.entities.items():
        sizes.append(measure_entity(draft, name, entity))
    facts, load = draft.facts, draft.design.requirements.load
    if load.record_size is not None:
        draft.value(RECORD_SIZE, load.record_size)
    else:
        record = facts.define(
            RECORD_SIZE,
            mean_record(draft),
            "B",
            "what one write leaves: the mean over the entities, weighted by growth",
        )
        made = draft.fill(
            "requirements.load",
            load,
            record_size=Because(
                record.quantity, "the mean row of the entities, weighted by their growth", (RECORD_SIZE,)
            ),
        )
        draft.close("requirements.load.record_size", made.record_size)
    _measure_media(draft)
    kept = _add_up_kept(draft)
    facts.define(
        STORAGE, kept + facts[MEDIA] if MEDIA in facts else kept, "TB",
        "what is written and kept over the retention, files included, before indexes and copies",
    )  # fmt: skip
    if sizes:
        facts.define(ENTITIES_SIZE, total(sizes), "GB", "all rows today, before indexes and copies")


def _measure_media(draft: Draft) -> None:
    """The files that come with new rows: per time, and what is kept of them, each as long as its row is, at most the retention of all."""
    facts, design = draft.facts, draft.design
    kept = []
    for name, entity in design.entities.items():
        bringing = [
            one for one, pattern in design.access.items()
            if pattern.writes == name and pattern.media is not None and pattern.action != "delete"
        ]  # fmt: skip
        if not bringing:
            continue
        each = [facts[PATTERN_RATE.of(one)] * facts[ACCESS_MEDIA.of(one)] for one in bringing]
        added = facts.define(
            MEDIA_ADDED.of(name), total(each) / facts[PEAK_FACTOR], "GB/day", f"the files of {', '.join(bringing)}, on average"
        )  # fmt: skip
        time = facts[RETENTION]
        if entity.retention is not None:
            time = minimum(facts[ENTITY_RETENTION.of(name)], time)
        kept.append(facts.define(MEDIA_KEPT.of(name), added * time, "TB", "what comes in while one is kept"))
    if kept:
        facts.define(MEDIA, total(kept), "TB", "the files that come with the writes, over the retention, before copies")


def _add_up_kept(draft: Draft) -> Fact:
    """What the rows that are added leave: each entity's for as long as it is kept, at most the retention of all."""
    facts = draft.facts
    size = facts[RECORD_SIZE] if draft.is_said(RECORD_SIZE) else None
    kept = []
    for name, entity in draft.design.entities.items():
        added = facts.get(ENTITY_ADDED.of(name))
        if added is None or added.base <= 0:
            continue
        time = facts[RETENTION]
        if entity.retention is not None:
            time = minimum(facts[ENTITY_RETENTION.of(name)], time)
        kept.append(added * time * (size or facts[ENTITY_ROW_SIZE.of(name)]))
    if not draft.design.entities:
        return facts[AVERAGE_WRITES] * facts[RECORD_SIZE] * facts[RETENTION]
    return total(kept) if kept else facts[RECORD_SIZE] * 0
