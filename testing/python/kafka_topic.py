"""A Kafka topic as any other program reads it: with confluent-kafka and this file, without the project's own code."""

import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition


def messages(brokers, topic, timeout=20):
    """Reads all committed messages up to the current end, partition after partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "independent-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 50,
        }
    )
    try:
        known = consumer.list_topics(topic, timeout=timeout).topics[topic]
        if known.error is not None:
            raise SystemExit(f"{topic}: {known.error}")
        for partition in sorted(known.partitions):
            consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
            heard = time.monotonic()
            while True:
                # The timeout is short, because the last batch is never full and so always waits for the whole timeout.
                batch = consumer.consume(1000, timeout=0.05)
                if batch:
                    heard = time.monotonic()
                elif time.monotonic() - heard > timeout:
                    raise SystemExit(f"{topic}/{partition}: neither a record nor the end in {timeout} s")
                errors = [m.error() for m in batch if m.error()]
                yield from (m for m in batch if not m.error())
                if any(e.code() == KafkaError._PARTITION_EOF for e in errors):
                    break
                if errors:
                    raise SystemExit(f"{topic}/{partition}: {errors[0]}")
    finally:
        consumer.close()
