"""Compares the simulator's journal with the topics of a pipeline that received its data.

Trades and aggregated trades: within each venue, symbol and epoch, they must be exactly those of the journal from
the first to the last published one, in its order and with its values. Book tickers and candles: they must be events
that were sent, in the same order; `skipped` counts the events that are missing. Prices: each must be the price of a
trade or a ticker, and times must never go back. All topics: the key is the symbol, a key has one partition,
timestamps are LogAppendTime, and there are no headers.
Uses nothing of the project except the schemas of its records. Prints its findings as JSON with `problems`. For each
topic, `unsent` counts events that were sent to the pipeline before the first or after the last one that it
published (see `missed_before`).
"""

import argparse
import collections
import json
from decimal import Decimal

from avro_records import Decoder
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME
from kafka_topic import messages


def journal_of(file, venues):
    """Returns the events in order, by kind and then by (venue, symbol)."""
    events = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(file) as lines:
        for line in lines:
            event = json.loads(line)
            if event["venue"] in venues:
                events[event["kind"]][event["venue"], event["symbol"]].append(event)
    return events


# When a pipeline starts, the first events of a venue's connections may be read in any order for this time.
BOTH_LINES_START_MS = 1000


def missed_before(events, first):
    """
    Returns how many events before the first published one were sent and should have been published. If that event is
    also the first on one of its connections, events of the 1000 ms before it do not count.
    """
    before = [event for event in events[:first] if event["sent"]]
    earlier = {connection for event in before for connection in event["sent"]}
    if set(events[first]["sent"]) <= earlier:
        return len(before)
    started = events[first]["time"] - BOTH_LINES_START_MS
    return sum(1 for event in before if event["time"] < started)


def trade(event):
    """Returns the fields that the record of the event must have."""
    return {
        "trade_id": event.get("first_trade_id", event["id"]),
        "last_trade_id": event.get("last_trade_id"),
        "price": Decimal(event["price"]),
        "quantity": Decimal(event["quantity"]),
        "is_buyer_maker": event["side"] == "sell",
        "timestamp": event["time"],
    }


def quoted(text):
    """Returns the number; None for zero, which means that the side has no orders."""
    return Decimal(text) or None


def book_ticker(event):
    return {
        "update_id": event["id"],
        "bid_price": quoted(event["price"]),
        "bid_quantity": quoted(event["quantity"]),
        "ask_price": quoted(event["ask_price"]),
        "ask_quantity": quoted(event["ask_quantity"]),
    }


def kline(event):
    interval, open_time = event["id"].split(":")
    fields = {"interval": INTERVALS.get(interval, interval), "open_time": int(open_time), "closed": event["closed"]}
    # Bybit's timestamp is the time of the candle's last trade.
    return fields if event["venue"] == "bybit" else {**fields, "timestamp": event["time"]}


INTERVALS = {"1": "1m"}


def repeats_left_out(events, identity):
    seen = set()
    for event in events:
        if identity(event) not in seen:
            seen.add(identity(event))
            yield event


class Topics:
    def __init__(self, options):
        self.options = options
        self.decode = Decoder(registry=options.registry, schemas=options.schemas)
        self.problems = []
        self.latencies = []

    def problem(self, text):
        if len(self.problems) < 20:
            self.problems.append(text)

    def read(self, name, latencies=False):
        """Returns the topic's records in order, by (venue, symbol, epoch)."""
        topic = self.options.prefix + name
        runs = collections.defaultdict(list)
        partitions = {}
        for message in messages(self.options.brokers, topic):
            _, record = self.decode(message.value())
            key = message.key().decode()
            by_venue = f"{record['venue']}:{record['symbol']}" if record["epoch"] == 0 else record["symbol"]
            if key != by_venue:
                self.problem(f"{topic}: key {key} of {by_venue}")
            if partitions.setdefault(key, message.partition()) != message.partition():
                self.problem(f"{topic}: key {key} in partitions {partitions[key]} and {message.partition()}")
            kind, appended = message.timestamp()
            if kind != TIMESTAMP_LOG_APPEND_TIME or message.headers():
                self.problem(f"{topic}: timestamp type {kind}, headers {message.headers()}")
            if latencies:
                received = record["received_at"] / 1000
                self.latencies.append((received, appended - received))
            runs[record["venue"], record["symbol"], record["epoch"]].append(record)
        return runs

    def compare(self, name, journal, expected_of, latencies=False, complete=True):
        """Compares each run of records with the journal's events from the run's first record to its last."""
        count = skipped = unsent_before = unsent_after = 0
        runs = self.read(name, latencies)
        for run, records in runs.items():
            count += len(records)
            events = journal[run[:2]]
            at = -1
            for number, record in enumerate(records):
                last = at
                at = self.find(record, events, at + 1, expected_of, complete and number > 0)
                if at is None:
                    there = expected_of(events[last + 1]) if last + 1 < len(events) else None
                    self.problem(f"{name} {run}: number {number} of {len(records)} is {record}, in the journal {there}")
                    break
                if number == 0:
                    unsent_before += missed_before(events, at)
                else:
                    skipped += at - last - 1
            else:
                unsent_after += sum(1 for event in events[at + 1 :] if event["sent"])
        return {
            "records": count,
            "runs": len(runs),
            "symbols": len({(venue, symbol) for venue, symbol, _ in runs}),
            "skipped": skipped,
            "unsent": [unsent_before, unsent_after],
        }

    @staticmethod
    def find(record, events, start, expected_of, next_only):
        """Returns the index of the record's event; None if no event has its fields."""
        for index in range(start, min(start + 1, len(events)) if next_only else len(events)):
            if all(record[field] == value for field, value in expected_of(events[index]).items()):
                return index
        return None

    def prices(self, journal):
        count = 0
        runs = self.read("prices")
        for run, records in runs.items():
            venue_symbol = run[:2]
            made = {
                (event["time"], Decimal(event["price"]))
                for kind in ("trade", "ticker", "mini_ticker")
                for event in journal[kind][venue_symbol]
            }
            last = 0
            for record in records:
                count += 1
                if (record["timestamp"], record["price"]) not in made:
                    self.problem(f"prices {run}: {record} is not a price that the venue sent")
                if record["timestamp"] < last:
                    self.problem(f"prices {run}: {record['timestamp']} after {last}")
                last = record["timestamp"]
        return {"records": count, "symbols": len({run[:2] for run in runs})}


def percentiles(latencies):
    """Returns latency percentiles of all trades, and of the trades after the first two seconds. In these two seconds,
    code is compiled and epochs begin.
    """
    if not latencies:
        return None
    warm = min(received for received, _ in latencies) + 2000
    found = {}
    for name, values in (
        ("all", sorted(latency for _, latency in latencies)),
        ("after_2_s", sorted(latency for received, latency in latencies if received > warm)),
    ):
        if values:
            found[name] = {
                f"p{share}": round(values[min(len(values) - 1, len(values) * share // 100)], 2) for share in (50, 99, 100)
            }
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--prefix", required=True, help="of the topics, with the environment's")
    parser.add_argument("--schemas")
    parser.add_argument("--registry")
    parser.add_argument("--journal", required=True)
    parser.add_argument("--venues", required=True, help="comma-separated")
    options = parser.parse_args()
    journal = journal_of(options.journal, options.venues.split(","))
    topics = Topics(options)

    def sent_once(kind, identity):
        return {
            key: list(repeats_left_out((event for event in events if event["sent"]), identity))
            for key, events in journal[kind].items()
        }

    book_tickers = sent_once("book_ticker", lambda event: event["id"])
    klines = sent_once("kline", lambda event: (event["id"], event["time"]))
    found = {
        "trades": topics.compare("trades", journal["trade"], trade, latencies=True),
        "agg_trades": topics.compare("agg-trades", journal["agg_trade"], trade),
        "book_tickers": topics.compare("book-tickers", book_tickers, book_ticker, complete=False),
        "klines": topics.compare("klines", klines, kline, complete=False),
        "prices": topics.prices(journal),
        "receive_to_append_ms": percentiles(topics.latencies),
        "problems": topics.problems,
    }
    print(json.dumps(found))


main()
