"""Prints whole Kafka topics, each from the first offset to the end when its reading starts. One JSON line for each
record.

Reads with read_committed, partition after partition, in order of offset. Each line: topic, partition, offset, key,
timestamp (ms), timestamp_type (create_time or log_append_time), headers, schema, record (null for a tombstone).
"""

import argparse
import sys

from avro_records import Decoder
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME
from json_text import dumps
from kafka_topic import messages


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True, action="append", help="one or more times")
    parser.add_argument("--schemas", help="folder of .avsc files, for single-object encoding")
    parser.add_argument("--registry", help="base URL of a schema registry, for its wire format")
    parser.add_argument("--timeout", type=float, default=20, help="seconds without an answer")
    options = parser.parse_args()
    decode = Decoder(options.registry, options.schemas)
    for topic in options.topic:
        for message in messages(options.brokers, topic, options.timeout):
            kind, timestamp = message.timestamp()
            schema, record = (None, None) if message.value() is None else decode(message.value())
            line = {
                "topic": topic,
                "partition": message.partition(),
                "offset": message.offset(),
                "key": None if message.key() is None else message.key().decode(),
                "timestamp": timestamp,
                "timestamp_type": "log_append_time" if kind == TIMESTAMP_LOG_APPEND_TIME else "create_time",
                "headers": len(message.headers() or []),
                "schema": schema,
                "record": record,
            }
            sys.stdout.write(dumps(line) + "\n")


main()
