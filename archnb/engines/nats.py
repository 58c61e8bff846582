"""NATS with JetStream."""

from __future__ import annotations

from archnb.engines.engine import Engine, Limit, Measure, Queueing

_SERVER = "NATS documentation, Server configuration, https://docs.nats.io/running-a-nats-service/configuration"
_CONSUMERS = "NATS documentation, JetStream consumers: AckWait, https://docs.nats.io/nats-concepts/jetstream/consumers"
_FIGURES = "order of magnitude of nats bench on a stream with three replicas"

ENGINE = Engine(
    name="nats",
    label="NATS JetStream",
    summary="Subjects that many listen to; JetStream keeps messages until they are acknowledged.",
    kinds=("queue",),
    running="server",
    source="https://docs.nats.io/",
    rank=230,
    meanings=("jetstream", "nats.io", "nats server"),
    protocol="NATS, TLS",
    port=4222,
    abilities=frozenset({"durability", "replicas", "spreading over nodes"}),
    limits=(
        Limit("message size", "1 MiB", "of a message (max_payload)", _SERVER, "default"),
        Limit(
            "visibility timeout",
            "30 s",
            "until what was not acknowledged is delivered again (AckWait)",
            _CONSUMERS,
            "default",
        ),
        Limit("messages", "20k/s", "through one stream that waits for its replicas", _FIGURES, "estimate"),
    ),
    measured_by="prometheus-nats-exporter 0.16, https://github.com/nats-io/prometheus-nats-exporter",
    measures=(
        Measure(
            "jetstream_consumer_num_pending",
            "gauge",
            "saturation",
            "messages",
            "messages that a consumer has not seen yet",
            ("stream_name", "consumer_name"),
        ),
    ),
    queueing=Queueing("log", "NATS JetStream"),
    against={"queue": "a log and a broker in one; less is written about it"},
)
