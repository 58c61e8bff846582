"""RabbitMQ."""

from __future__ import annotations

from archnb.engines.engine import Alarm, Choice, Engine, Limit, Measure, Queueing

_CONFIGURE = "RabbitMQ 4 documentation, Configuration, https://www.rabbitmq.com/docs/configure"
_QUEUES = "RabbitMQ 4 documentation, Queues, https://www.rabbitmq.com/docs/queues"
_CONSUMERS = (
    "RabbitMQ 4 documentation, Consumers: delivery acknowledgement timeout, https://www.rabbitmq.com/docs/consumers"
)
_FIGURES = "RabbitMQ's published figures for durable queues are of this order; measure it with PerfTest, https://perftest.rabbitmq.com/"

ENGINE = Engine(
    name="rabbitmq",
    label="RabbitMQ",
    summary="A broker: it routes, acknowledges, redelivers and dead-letters.",
    kinds=("queue",),
    running="server",
    source="https://www.rabbitmq.com/docs",
    rank=200,
    meanings=("rabbit", "rmq", "rabbit mq", "amqp"),
    likes={
        "activemq": "a broker too, other protocols",
        "artemis": "a broker too, other protocols",
        "lavinmq": "speaks its protocol",
        "azure service bus": "a managed broker that speaks AMQP 1.0",
        "beanstalkd": "a small broker, another protocol",
        "zeromq": "a library without a broker: nothing waits for a worker that is away",
    },
    protocol="AMQP, TLS",
    port=5672,
    abilities=frozenset({"durability", "replicas"}),
    limits=(
        Limit("message size", "16 MiB", "of a message (max_message_size)", _CONFIGURE, "default"),
        Limit("identifier length", "255 B", "of a queue", _QUEUES),
        Limit(
            "visibility timeout",
            "30 min",
            "until a delivery without an answer is given back (consumer_timeout)",
            _CONSUMERS,
            "default",
        ),
        Limit("messages", "20k/s", "through one durable queue", _FIGURES, "estimate"),
    ),
    measured_by="its own Prometheus plugin, https://www.rabbitmq.com/docs/prometheus",
    measures=(
        Measure("rabbitmq_process_resident_memory_bytes", "gauge", "utilisation", "bytes", "memory in use"),
        Measure(
            "rabbitmq_resident_memory_limit_bytes", "gauge", "utilisation", "bytes", "above it publishers are stopped"
        ),
        Measure("rabbitmq_disk_space_available_bytes", "gauge", "saturation", "bytes", "what is free of the disk"),
        Measure(
            "rabbitmq_disk_space_available_limit_bytes",
            "gauge",
            "saturation",
            "bytes",
            "below it publishers are stopped",
        ),
    ),
    alarms=(
        Alarm(
            "broker_memory_nearly_full",
            "memory",
            "rabbitmq_process_resident_memory_bytes",
            "> 0.8 * rabbitmq_resident_memory_limit_bytes",
            "page",
            "Publishers are stopped soon: see which queue grows and why its workers do not keep up.",
        ),
        Alarm(
            "broker_disk_nearly_full",
            "disk",
            "rabbitmq_disk_space_available_bytes",
            "< 2 * rabbitmq_disk_space_available_limit_bytes",
            "page",
            "Publishers are stopped soon: see which queue grows; grow the disk.",
        ),
    ),
    queueing=Queueing("broker", "RabbitMQ"),
    choices=(
        Choice(
            "queue", "a broker acknowledges, redelivers and dead-letters by itself; jobs reach it through an outbox"
        ),
    ),
    against={"queue": "a broker of its own, and an outbox to reach it safely"},
)
