"""Cost: list prices, and what each part comes to in a month."""

from __future__ import annotations

from archnb.fact.key import MONEY, NUMBER, SPENDING, family, key
from archnb.quantity import Dimension

_PER_SIZE: Dimension = (("byte", -1), ("money", 1), ("time", -1))
_MOVED: Dimension = (("byte", -1), ("money", 1))

PRICE_CORE = key("prices.core", SPENDING, "A core of a server for a month, with 4 GB of memory.", assumption=True)
PRICE_MEMORY = key("prices.memory", _PER_SIZE, "Memory for a month.", assumption=True)
PRICE_SSD = key("prices.ssd", _PER_SIZE, "A network disk for a month.", assumption=True)
PRICE_OBJECT = key("prices.object", _PER_SIZE, "An object store for a month.", assumption=True)
PRICE_EGRESS = key("prices.egress", _MOVED, "What goes to the internet.", assumption=True)
PRICE_OBJECT_WRITE = key("prices.object_write", MONEY, "A write to an object store.", assumption=True)
PRICE_OBJECT_READ = key("prices.object_read", MONEY, "A read from an object store.", assumption=True)
PRICE_CALL = family(
    "prices.call_{party}",
    MONEY,
    "A call of a third party; nobody but its contract knows.",
    optional=True,
    assumption=True,
)
BACKUP_COPIES = key("cost.backup_copies", NUMBER, "How many times the data lies in backups.", assumption=True)
WORKER_CORES = key("cost.worker_cores", NUMBER, "Cores of one worker process.", assumption=True)
COST_NOW = family("cost.{part}.now", SPENDING, "What a part costs today.", optional=True)
COST_THEN = family("cost.{part}.at_horizon", SPENDING, "What a part costs at the horizon.", optional=True)
COST_TOTAL = key("cost.total", SPENDING, "What all parts of known price cost today.", optional=True)
COST_TOTAL_AT_HORIZON = key("cost.total_at_horizon", SPENDING, "The same at the horizon.", optional=True)
COST_THOUSAND = key("cost.thousand_requests", MONEY, "What a thousand requests cost, on average.", optional=True)
