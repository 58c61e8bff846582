"""Apache Kafka."""

from __future__ import annotations

from archnb.engines.engine import Alarm, Choice, Engine, Limit, Measure, Queueing

_BROKER = "Apache Kafka 4.0 documentation, Broker configs, https://kafka.apache.org/40/documentation.html#brokerconfigs"
_NAMES = "Apache Kafka source, org.apache.kafka.common.internals.Topic: MAX_NAME_LENGTH"
_FIGURES = "order of magnitude of one partitioned topic on three brokers; measure it with kafka-producer-perf-test"

ENGINE = Engine(
    name="kafka",
    label="Kafka",
    summary="A log in partitions that many read, each at its own pace, again and again.",
    kinds=("queue",),
    running="server",
    source="https://kafka.apache.org/documentation/",
    rank=220,
    meanings=("apache kafka", "msk", "confluent", "kafka streams"),
    likes={
        "redpanda": "speaks its protocol",
        "kinesis": "a managed log, other limits",
        "pulsar": "a log and a broker, another protocol",
        "event hubs": "a managed log that speaks its protocol",
        "eventhubs": "a managed log that speaks its protocol",
    },
    protocol="Kafka, TLS",
    port=9092,
    abilities=frozenset({"durability", "replicas", "spreading over nodes"}),
    limits=(
        Limit("message size", "1048588 B", "of a batch of records (message.max.bytes)", _BROKER, "default"),
        Limit("retention", "7 days", "of a segment (log.retention.hours)", _BROKER, "default"),
        Limit("identifier length", "249 characters", "of a topic", _NAMES),
        Limit("messages", "100k/s", "through one partitioned topic", _FIGURES, "estimate"),
    ),
    measured_by="kafka_exporter 1.9, https://github.com/danielqsj/kafka_exporter",
    measures=(
        Measure(
            "kafka_consumergroup_lag",
            "gauge",
            "saturation",
            "messages",
            "records that a group has not read yet",
            ("consumergroup", "topic"),
        ),
        Measure(
            "kafka_topic_partition_under_replicated_partition",
            "gauge",
            "errors",
            "partitions",
            "partitions with a replica behind",
            ("topic",),
        ),
    ),
    alarms=(
        Alarm(
            "log_replica_behind",
            "replication",
            "kafka_topic_partition_under_replicated_partition",
            "> 0",
            "page",
            "One more broker lost may lose records: see which broker is away or slow.",
        ),
    ),
    queueing=Queueing("log", "Kafka"),
    choices=(Choice("queue", "a partitioned log, read in batches, carries that"),),
    against={"queue": "a log that many read again and again"},
)
