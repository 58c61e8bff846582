"""Recovery: what is lost and how long it takes when an instance, a region or the data itself is lost."""

from __future__ import annotations

from archnb.fact.key import FLOW, NUMBER, TIME, key

RPO = key("requirements.recovery.rpo", TIME, "How much of the newest data may be lost.")
RTO = key("requirements.recovery.rto", TIME, "How long it may be away.")
REGIONS = key("requirements.regions", NUMBER, "Regions that it runs in.")
RESTORE_SPEED = key("recovery.restore_speed", FLOW, "How fast a backup is read back.", assumption=True, positive=True)
PROVISION = key(
    "recovery.provision_time", TIME, "Until somebody has decided, and an empty server is there.", assumption=True
)
FAILOVER = key("recovery.assumed_failover", TIME, "Until a standby of the same region is the primary.", assumption=True)
REGION_FAILOVER = key("recovery.assumed_region_failover", TIME, "Until the other region takes over.", assumption=True)
REPLICA_LAG = key(
    "recovery.replica_lag", TIME, "How far an asynchronous copy in another region is behind.", assumption=True
)
ARCHIVE_EVERY = key(
    "recovery.archive_every", TIME, "How often the log of the store is carried to the backups.", optional=True
)
RESTORE_TIME = key("recovery.restore_time", TIME, "Until a backup of today's data is restored.", optional=True)
RESTORE_TIME_AT_HORIZON = key("recovery.restore_time_at_horizon", TIME, "The same at the horizon.", optional=True)
INSTANCE_TIME = key(
    "recovery.failover_time", TIME, "Until it works again when the primary's machine or zone is lost.", optional=True
)
REGION_TIME = key("recovery.region_time", TIME, "Until it works again when a region is lost.", optional=True)
INSTANCE_LOSS = key(
    "recovery.instance_loss", TIME, "The newest data that is lost with the primary's machine or zone.", optional=True
)
REGION_LOSS = key("recovery.region_loss", TIME, "The newest data that is lost with a region.", optional=True)
