"""Amazon SQS."""

from __future__ import annotations

from archnb.engines.engine import Engine, Limit, Measure, Queueing

_MESSAGES = "Amazon SQS developer guide, Message quotas, https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"
_STANDARD = "Amazon SQS developer guide, Standard queue quotas, https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html"
_FIFO = "Amazon SQS developer guide, FIFO queue and message quotas, https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-fifo.html"

ENGINE = Engine(
    name="sqs",
    label="SQS",
    summary="A managed queue: what is taken is hidden until it is deleted or its time is over.",
    kinds=("queue",),
    running="service",
    source="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/",
    rank=210,
    meanings=("amazon sqs", "aws sqs", "simple queue service", "sqs fifo"),
    likes={
        "pubsub": "a managed queue, other limits",
        "google pubsub": "a managed queue, other limits",
        "cloud tasks": "a managed queue that calls back",
        "sns": "tells many at once; it keeps nothing for who is away",
        "azure queue storage": "a managed queue, other limits",
    },
    protocol="HTTPS",
    port=443,
    abilities=frozenset({"durability", "replicas", "spreading over nodes"}),
    limits=(
        Limit("message size", "1 MiB", "of a message, its attributes counted", _MESSAGES),
        Limit("retention", "14 days", "at most; 4 days unless said", _MESSAGES),
        Limit("visibility timeout", "12 h", "at most; 30 s unless said", _MESSAGES),
        Limit("in flight", "120000 messages", "taken and not yet deleted", _STANDARD),
        Limit("batch", "10 messages", "in one request", _MESSAGES),
        Limit("identifier length", "80 characters", "of a queue; .fifo counts", _STANDARD),
        Limit(
            "messages",
            "3k/s",
            "through one FIFO queue in batches of ten, without high throughput; a standard queue has no such limit",
            _FIFO,
            "quota",
        ),
    ),
    measured_by="yet-another-cloudwatch-exporter, https://github.com/prometheus-community/yet-another-cloudwatch-exporter",
    measures=(
        Measure(
            "aws_sqs_approximate_age_of_oldest_message_maximum",
            "gauge",
            "saturation",
            "seconds",
            "how long the oldest has waited, as SQS counts it",
        ),
    ),
    queueing=Queueing("broker", "SQS"),
    against={"queue": "a managed queue, and an outbox to reach it safely"},
)
