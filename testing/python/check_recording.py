"""Compares a recorded Binance session (lines `recv_ns SP frame`, gzipped) with the topics that a pipeline made from
it.

Every recorded trade must be in `trades` once, in the order of the recording, with all of its values, and nothing
else; every recorded bookTicker must be in `book-tickers`. Uses nothing of the project except the schemas of its
records. Prints its findings as JSON. At the first difference, prints it and exits with 1.
"""

import argparse
import decimal
import gzip
import json

from avro_records import Decoder
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME
from kafka_topic import messages

Decimal = decimal.Decimal


def recorded(files):
    for file in files:
        with gzip.open(file, "rt") as lines:
            for line in lines:
                frame = json.loads(line.split(" ", 1)[1])
                if "stream" in frame:
                    yield frame["stream"].split("@")[1], frame["data"]


def of_trade(t):
    return {
        "trade_id": str(t["t"]),
        "price": Decimal(t["p"]),
        "quantity": Decimal(t["q"]),
        "is_buyer_maker": t["m"],
        "timestamp": t["T"],
        "event_time": t["E"],
        "last_trade_id": None,
        "conditions": [],
    }


def quoted(text):
    """Returns the number; None for zero, which means that the side has no orders."""
    return Decimal(text) or None


def of_book_ticker(b):
    return {
        "update_id": str(b["u"]),
        "bid_price": quoted(b["b"]),
        "bid_quantity": quoted(b["B"]),
        "ask_price": quoted(b["a"]),
        "ask_quantity": quoted(b["A"]),
    }


def compare(name, expected, options, decode):
    """Compares the records of the topic with the expected fields, in order."""
    topic = f"{options.prefix}{name}"
    partitions, epochs, appended, received = set(), set(), [], []
    wanted = iter(expected)
    count = 0
    for message in messages(options.brokers, topic):
        _, record = decode(message.value())
        if message.key() != options.symbol.encode():
            raise SystemExit(f"{topic}: key {message.key()}")
        kind, timestamp = message.timestamp()
        if kind != TIMESTAMP_LOG_APPEND_TIME or message.headers():
            raise SystemExit(f"{topic}: timestamp type {kind}, headers {message.headers()}")
        fields = next(wanted, None)
        if fields is None:
            raise SystemExit(f"{topic}: more than the {count} recorded: {record}")
        found = {field: record[field] for field in fields}
        if found != fields:
            raise SystemExit(f"{topic}: record {count} is {found}, recorded was {fields}")
        for field, value in (
            ("venue", "binance"),
            ("symbol", options.symbol),
            ("venue_symbol", options.symbol),
            ("environment", options.environment),
        ):
            if record[field] != value:
                raise SystemExit(f"{topic}: {field} is {record[field]}, not {value}")
        count += 1
        partitions.add(message.partition())
        epochs.add(record["epoch"])
        appended.append(timestamp)
        received.append(record["received_at"])
    missing = next(wanted, None)
    if missing is not None:
        raise SystemExit(f"{topic}: after {count} records the recording continues with {missing}")
    if len(partitions) != 1 or len(epochs) != 1:
        raise SystemExit(f"{topic}: partitions {partitions}, epochs {epochs}")
    seconds = (appended[-1] - appended[0]) / 1000
    return {
        "count": count,
        "first": next(iter(expected[0].values())),
        "last": next(iter(expected[-1].values())),
        "epoch": epochs.pop(),
        "received_in_s": (received[-1] - received[0]) / 1e6,
        "appended_in_s": seconds,
        "per_second": round(count / seconds) if seconds > 0 else None,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--prefix", required=True, help="of the topics, with the environment's")
    parser.add_argument("--schemas", required=True)
    parser.add_argument("--symbol", required=True)
    parser.add_argument("--environment", required=True)
    parser.add_argument("captures", nargs="+")
    options = parser.parse_args()
    decode = Decoder(schemas=options.schemas)
    trades, books = [], []
    for stream, data in recorded(options.captures):
        if stream == "trade":
            trades.append(of_trade(data))
        elif stream == "bookTicker":
            books.append(of_book_ticker(data))
    found = {
        "trades": compare("trades", trades, options, decode),
        "book_tickers": compare("book-tickers", books, options, decode),
    }
    print(json.dumps(found))


main()
