"""Prints trades from Kafka with confluent-kafka and fastavro, in either wire format. Needs only schemas/ of market-feed.

    pip install confluent-kafka fastavro
    python examples/read_trades.py localhost:9092                          # single-object encoding, schemas/ of this repository
    python examples/read_trades.py localhost:9092 http://localhost:8081    # with a schema registry
    TOPIC=market.simulated.trades python examples/read_trades.py …         # another topic
"""

import io
import json
import os
import pathlib
import sys
import urllib.request

import fastavro
from confluent_kafka import Consumer
from fastavro.schema import fingerprint, to_parsing_canonical_form

brokers = sys.argv[1]
registry = sys.argv[2].rstrip("/") if len(sys.argv) > 2 else None
topic = os.environ.get("TOPIC", "market.trades")

# Every schema version in schemas/, by its fingerprint (8 bytes, little-endian, as in the message).
schemas = {}
for file in (pathlib.Path(__file__).parent.parent / "schemas").glob("**/*.avsc"):
    schema = json.loads(file.read_text())
    crc = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    schemas[bytes.fromhex(crc)] = fastavro.parse_schema(schema)


def schema_of(message: bytes):
    """Returns the writer's schema of a message, and the offset of its body."""
    if message[:2] == b"\xc3\x01":  # Avro single-object encoding
        return schemas[message[2:10]], 10
    number = int.from_bytes(message[1:5], "big")  # 00: Confluent wire format
    if number not in schemas:
        with urllib.request.urlopen(f"{registry}/schemas/ids/{number}") as answer:
            schemas[number] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
    return schemas[number], 5


def decode(message: bytes) -> dict:
    schema, start = schema_of(message)
    return fastavro.schemaless_reader(io.BytesIO(message[start:]), schema)


consumer = Consumer(
    {
        "bootstrap.servers": brokers,
        "group.id": "read-trades",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
)
consumer.subscribe([topic])
try:
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise SystemExit(message.error())
        trade = decode(message.value())
        if trade["environment"] != "production" and topic == "market.trades":
            continue  # prices of the testnet or the simulator are not market prices
        # price and quantity are decimal.Decimal, exact; timestamps are datetimes in UTC.
        side = "sell" if trade["is_buyer_maker"] else "buy "
        price, quantity = trade["price"].normalize(), trade["quantity"].normalize()
        print(f"{trade['timestamp']:%H:%M:%S.%f} {trade['symbol']} {side} {price:f} x {quantity:f} at {trade['venue']}")
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
