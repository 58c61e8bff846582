"""The cache: what is read again, what is kept, and what that saves."""

from __future__ import annotations

from archnb.fact.key import NUMBER, RATE, SIZE, TIME, family, key

CACHE_ENTRY_OVERHEAD = key("cache.entry_overhead", SIZE, "What an entry takes beside its value.", assumption=True)
LEAST_SAVED = key(
    "cache.least_saved", NUMBER, "Database cores that a pattern's cache must free to be worth having.", assumption=True
)
LEAST_SAVED_SHARED = key(
    "cache.least_saved_shared",
    NUMBER,
    "Database cores that a shared cache must free in all to be worth running.",
    assumption=True,
)
LEAST_HIT_RATIO = key(
    "cache.least_hit_ratio", NUMBER, "The hit ratio below which a pattern is not cached.", assumption=True, share=True
)
GOOD_HIT_RATIO = key(
    "cache.good_hit_ratio",
    NUMBER,
    "The hit ratio from which waiting for the lifetime is good enough.",
    assumption=True,
    share=True,
)
IN_PROCESS_BYTES = key("cache.in_process_bytes", SIZE, "What each process may keep for itself.", assumption=True)
IN_PROCESS_RATE = key("cache.in_process_rate", RATE, "Reads from which a copy in each process pays.", assumption=True)
IN_PROCESS_READS_PER_WRITE = key(
    "cache.in_process_reads_per_write",
    NUMBER,
    "Reads with one write from which a copy in each process pays.",
    assumption=True,
)
HTTP_BYTES = key("cache.http_bytes", SIZE, "What every edge of a content delivery network keeps.", assumption=True)
NET_SAFETY = key(
    "cache.net_safety",
    NUMBER,
    "How many times the allowed staleness an entry lives that a write makes fresh.",
    assumption=True,
)
PAGES_READ = key(
    "cache.pages_read", NUMBER, "Different pages or ranges of one list that are asked for.", assumption=True
)
LONG_TTL = key("cache.long_ttl", TIME, "How long an entry lives that never changes.", assumption=True)
SKEW = key("cache.skew", NUMBER, "Zipf exponent of reads, where nothing is said.", assumption=True)
QUERIES_PER_ROW = key(
    "cache.queries_per_row",
    NUMBER,
    "Different queries that people type, for each row that they search.",
    assumption=True,
)
DISTINCT_QUERIES = key(
    "cache.distinct_queries", NUMBER, "Different queries that people type, at least.", assumption=True
)
AGGREGATION_SPEED = key("cache.aggregation_speed", RATE, "Rows that one core adds up per time.", assumption=True)
AGGREGATE_TIME = key("cache.aggregate_time", TIME, "Database time of an aggregate, at least.", assumption=True)
PRECOMPUTED_ROWS = key(
    "cache.precomputed_rows", NUMBER, "Rows from which an aggregate is computed beforehand.", assumption=True
)
COMPUTE_TIME = family(
    "cache.{pattern}.compute_time", TIME, "Time to compute an aggregate's answer anew.", optional=True
)
CACHE_HEADROOM = key("cache.headroom", NUMBER, "Memory of the cache that is kept free.", assumption=True)
FREE_MEMORY = key("cache.free_memory", SIZE, "What a policy may take without weighing it.", assumption=True)
LOOKUP_TIME = key("cache.lookup_time", TIME, "One look into the shared cache.", assumption=True)
LOCAL_TIME = key("cache.local_time", TIME, "One look into the process's own memory.", assumption=True)
CACHE_DAY = key("cache.day", TIME, "The time that the rule of thumb of the hot set looks at.", assumption=True)
DAILY_HOT_SET = key("cache.daily_hot_set", SIZE, "Memory for the hot share of a day's reads.", optional=True)
QUERY_TIME = family("cache.{pattern}.query_time", TIME, "Database time of one read.", optional=True, assumption=True)
QUERY_BUSY = family(
    "cache.{pattern}.busy", NUMBER, "Database cores that a pattern's reads keep busy without a cache.", optional=True
)
CACHE_OBJECTS = family("cache.policies.{pattern}.objects", NUMBER, "Different answers of a pattern.", optional=True)
DISTINCT_VALUES = family(
    "cache.{pattern}.objects.{field}", NUMBER, "Different values of what tells answers apart.", assumption=True
)
CACHE_OBJECT_SIZE = family("cache.policies.{pattern}.object_size", SIZE, "Bytes of one answer.")
CACHE_SKEW = family("cache.policies.{pattern}.skew", NUMBER, "Zipf exponent of a pattern's reads.")
CACHE_TTL = family("cache.policies.{pattern}.ttl", TIME, "How long an entry lives.")
CACHE_LIFETIME = family("cache.{pattern}.lifetime", TIME, "How long an entry stays usable.")
CACHE_OUTDATED = family("cache.{pattern}.outdated", RATE, "How often one answer is outdated by a write.", optional=True)
VISIT_LENGTH = key("cache.visit_length", TIME, "How long one visit of a person lasts.", assumption=True, positive=True)
VISIT_READS = key(
    "cache.visit_reads", NUMBER, "Reads in a visit of what a person reads most of their own.", assumption=True
)
ANSWERS_A_PERSON = key(
    "cache.answers_a_person", NUMBER, "Answers of a kind of which a person reads each in every visit.", assumption=True
)
ANSWER_VISIT_READS = family(
    "cache.{pattern}.visit_reads", NUMBER, "Reads of one answer in a visit of the one it belongs to.", optional=True
)
CACHE_FANOUT = family(
    "cache.{pattern}.fanout", NUMBER, "Answers that one write outdates, the one that outdates most.", optional=True
)
MOST_FANOUT = key("cache.most_fanout", NUMBER, "Entries that a write may have to delete one by one.", assumption=True)
CACHE_OLDER = family(
    "cache.{pattern}.older_than_allowed",
    NUMBER,
    "Share of the answers that are older than the objective allows, where no invalidation arrives.",
    optional=True,
)
CACHE_ENTRY_SIZE = family("cache.{pattern}.entry_size", SIZE, "Bytes of one entry.")
CACHE_ALIVE = family("cache.{pattern}.alive", NUMBER, "Entries that have not expired, where memory pushes none out.")
CACHE_WANTED = family("cache.{pattern}.wanted", NUMBER, "Entries worth keeping.")
CACHE_CAPACITY = family(
    "cache.{pattern}.capacity", NUMBER, "Entries that a policy's share of the memory holds.", optional=True
)
HIT_RATIO = family(
    "cache.{pattern}.hit_ratio", NUMBER, "Share of a pattern's reads that the cache answers.", optional=True
)
LOAD_SAVED = family(
    "cache.{pattern}.load_saved", RATE, "Reads of a pattern that the store does not see.", optional=True
)
CACHE_ENTRIES_MEMORY = family("cache.{pattern}.memory", SIZE, "Memory of a policy's entries.", optional=True)
CACHED_LATENCY = family("cache.{pattern}.latency", TIME, "Mean time to an answer through the cache.", optional=True)
CACHE_BENEFIT = family("cache.{pattern}.benefit", None, "Database cores freed by a byte of cache.", optional=True)
REFRESHERS = family(
    "cache.{pattern}.refreshers", NUMBER, "Readers that find the most wanted answer missing at once.", optional=True
)
MEMORY_NEEDED = key("cache.memory_needed", SIZE, "Memory for all entries worth keeping.", optional=True)
CACHE_MEMORY = key("cache.memory", SIZE, "Memory of the shared cache.", optional=True)
CACHE_LOAD_SAVED = key("cache.load_saved", RATE, "Reads that no store sees.", optional=True)
CACHE_READS = key("cache.reads", RATE, "All reads at the peak.", optional=True)
CACHE_HIT_RATIO = key("cache.hit_ratio", NUMBER, "Share of all reads that a cache answers.", optional=True)
STORE_READS = key("cache.store_reads", RATE, "Reads that reach a store while the cache is warm.", optional=True)
COLD_CORES = key(
    "cache.cold_cores", NUMBER, "Database cores that the reads keep busy when the cache is empty.", optional=True
)
WARM_CORES = key(
    "cache.warm_cores", NUMBER, "Database cores that the reads keep busy while the cache is warm.", optional=True
)
COLD_FACTOR = key(
    "cache.cold_factor",
    NUMBER,
    "How many times the usual reads reach the store when the cache is empty.",
    optional=True,
)
STORE_CORES = key("cache.store_cores", NUMBER, "Cores of the store.", optional=True, assumption=True, positive=True)
