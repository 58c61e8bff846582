"""Entities and access patterns: rows, growth, sizes and rates."""

from __future__ import annotations

from archnb.fact.key import FLOW, NUMBER, RATE, SIZE, TIME, family, key

ENTITY_ROWS = family("entities.{entity}.rows", NUMBER, "Rows of an entity today.", optional=True)
ENTITY_GROWTH = family("entities.{entity}.growth", RATE, "How an entity grows: rows per time, or a share per time.")
ENTITY_ADDED = family("entities.{entity}.added", RATE, "Rows of an entity that are added per time, now.", optional=True)
ENTITY_RETENTION = family("entities.{entity}.retention", TIME, "How long a row of an entity is kept.")
ENTITY_CREATED = family("entities.{entity}.created", RATE, "Rows that the access patterns create on average.")
ENTITY_ROW_SIZE = family(
    "entities.{entity}.row_size", SIZE, "Bytes of one row of an entity, before overhead.", optional=True
)
ENTITY_ROWS_AT_HORIZON = family(
    "entities.{entity}.rows_at_horizon", NUMBER, "Rows of an entity at the horizon.", optional=True
)
ENTITY_SIZE = family(
    "entities.{entity}.size", SIZE, "Bytes of an entity's rows today, before overhead and indexes.", optional=True
)
ENTITIES_SIZE = key("entities.size", SIZE, "Bytes of all rows today, before overhead and indexes.", optional=True)
CODE_LENGTH = family("entities.{entity}.fields.{field}.length", NUMBER, "Characters of a public code.")
CODE_SPACE = family("entities.{entity}.{field}.key_space", NUMBER, "How many codes of that length there are.")
PATTERN_RATE = family("access.{pattern}.rate", RATE, "How often an access pattern is used at the peak.", optional=True)
ACCESS_MEDIA = family(
    "access.{pattern}.media", SIZE, "The file that goes with one call of an access pattern, on average.", optional=True
)
MEDIA_ADDED = family(
    "entities.{entity}.media_added", FLOW, "Files that come with new rows of an entity, per time.", optional=True
)
MEDIA_KEPT = family(
    "entities.{entity}.media_kept", SIZE, "Files of an entity that are kept over the retention.", optional=True
)
ACCESS_ROWS = family("access.{pattern}.rows", NUMBER, "Rows that one call of an access pattern writes.", optional=True)
SMALL = key("entities.small", NUMBER, "Rows up to which a list is read whole.", assumption=True)
PASSED = key(
    "entities.passed", TIME, "A retention that has passed for any system that holds rows already.", assumption=True
)
NEW_SHARE = key(
    "entities.new_share", RATE, "Share of the rows of reference data that is new per time.", assumption=True
)
ERASURE_SHARE = key(
    "entities.erasure_share", RATE, "Share of the people who ask for their erasure per time.", assumption=True
)
CHANGED_SHARE = key(
    "entities.changed_share", RATE, "Share of the rows that change per time, where nothing is said.", assumption=True
)
