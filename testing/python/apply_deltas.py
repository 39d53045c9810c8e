"""Builds a book per symbol only from `book-deltas`, and compares it with the records of `order-books`.

Compares every order-books record that is not stale with the book of the same update_id: the best levels of both
sides must be equal. Uses nothing of the project except the schemas of its records. Prints JSON, by the key of the
topics and in total: compared, mismatches (first_mismatch: what differs), unmatched (update ids that the book never
had), stale (records that were not compared), snapshots, applied and ignored deltas, breaks (changes that did not
continue the book), waiting (changes that came while the book was not usable).
Exits with 1 if something differs, or if nothing could be compared.
"""

import argparse
import collections
import heapq
import pathlib

from avro_records import Decoder, read_file
from json_text import dumps


class Book:
    """The book of one symbol, built from the records of its partition in order."""

    def __init__(self):
        self.source = None  # (venue, epoch)
        self.update_id = None  # None: unusable until a snapshot comes
        self.bids = {}
        self.asks = {}

    def apply(self, delta):
        """Returns what became of the record: snapshot, applied, ignored or break; waiting if no book was usable."""
        source = (delta["venue"], delta["epoch"])
        if source != self.source:
            self.source, self.update_id = source, None
        last = int(delta["last_update_id"])
        if delta["snapshot"]:
            self.bids, self.asks = {}, {}
        elif self.update_id is None:
            return "waiting"
        elif last <= self.update_id:
            return "ignored"
        elif int(delta["previous_update_id"]) != self.update_id:
            self.update_id = None
            return "break"
        for side, levels in ((self.bids, delta["bids"]), (self.asks, delta["asks"])):
            for level in levels:
                if level["quantity"] == 0:
                    side.pop(level["price"], None)
                else:
                    side[level["price"]] = level["quantity"]
        self.update_id = last
        return "snapshot" if delta["snapshot"] else "applied"

    def best(self, levels):
        return heapq.nlargest(levels, self.bids.items()), heapq.nsmallest(levels, self.asks.items())


class Comparison:
    """Compares the book of one symbol with the symbol's records of order-books."""

    def __init__(self, levels):
        self.levels = levels
        self.book = Book()
        self.counts = collections.Counter()
        self.expected = collections.defaultdict(list)
        # After a restart of the ids, an id may come twice. A run is a part of the topic in which ids only rise. A record
        # belongs to the last run that began before the record.
        self.run = 0
        self.run_began = 0
        self.results = {}  # by id(record): the record's run, and its first difference from the book

    def expect(self, record):
        if record["stale"]:
            self.counts["stale"] += 1
        else:
            self.expected[record["venue"], record["epoch"], int(record["update_id"])].append(record)

    def apply(self, delta):
        before = self.book.update_id
        outcome = self.book.apply(delta)
        self.counts[outcome] += 1
        if outcome not in ("snapshot", "applied"):
            return
        if before is None or self.book.update_id < before:
            self.run += 1
            self.run_began = delta["received_at"]
        for record in self.expected.get((*self.book.source, self.book.update_id), ()):
            run, former = self.results.get(id(record), (self.run, None))
            if run == self.run:
                self.results[id(record)] = run, former or self.difference(record)
            elif record["received_at"] >= self.run_began:
                self.results[id(record)] = self.run, self.difference(record)

    def difference(self, record):
        """Returns where the record and the book first differ; None if they are equal."""
        for side, held in zip(("bids", "asks"), self.book.best(self.levels)):
            said = [(level["price"], level["quantity"]) for level in record[side]]
            if said != held:
                at = next(i for i in range(len(said) + 1) if said[i : i + 1] != held[i : i + 1])
                names = ("venue", "epoch", "update_id", "received_at")
                return {
                    **{name: record[name] for name in names},
                    "side": side,
                    "level": at,
                    "order_books": said[at : at + 1],
                    "book": held[at : at + 1],
                    "levels": [len(said), len(held)],
                }
        return None

    def result(self):
        differences = [difference for _, difference in self.results.values() if difference is not None]
        found = {
            "compared": len(self.results),
            "mismatches": len(differences),
            "unmatched": sum(map(len, self.expected.values())) - len(self.results),
            "stale": self.counts["stale"],
            "snapshots": self.counts["snapshot"],
            "applied": self.counts["applied"],
            "ignored": self.counts["ignored"],
            "breaks": self.counts["break"],
            "waiting": self.counts["waiting"],
        }
        return found, differences[0] if differences else None


def key_of(record):
    return f"{record['venue']}:{record['symbol']}" if record["epoch"] == 0 else record["symbol"]


def from_folder(folder, topic):
    if not (folder / topic).is_dir():
        raise SystemExit(f"no folder {folder / topic}")
    for file in sorted((folder / topic).glob("*.avro")):
        for _, record in read_file(file):
            yield record


def from_kafka(brokers, topic, decode):
    from kafka_topic import messages

    for message in messages(brokers, topic):
        yield decode(message.value())[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--folder", type=pathlib.Path, help="of a file sink; files still open (.part) are left out")
    source.add_argument("--brokers", help="of Kafka; with --schemas or --registry")
    parser.add_argument("--prefix", default="", help="of the topics, with the environment's: market.simulated.")
    parser.add_argument("--schemas", help="folder of .avsc files, for single-object encoding")
    parser.add_argument("--registry", help="base URL of a schema registry, for its wire format")
    parser.add_argument("--levels", type=int, default=50, help="order_books.levels of the configuration")
    options = parser.parse_args()
    decode = Decoder(options.registry, options.schemas)

    def read(name):
        topic = options.prefix + name
        return from_folder(options.folder, topic) if options.folder else from_kafka(options.brokers, topic, decode)

    symbols = collections.defaultdict(lambda: Comparison(options.levels))
    for record in read("order-books"):
        symbols[key_of(record)].expect(record)
    for delta in read("book-deltas"):
        symbols[key_of(delta)].apply(delta)

    total = collections.Counter()
    found = {}
    for key, comparison in sorted(symbols.items()):
        counts, first = comparison.result()
        total.update(counts)
        found[key] = counts if first is None else {**counts, "first_mismatch": first}
    print(dumps({"symbols": found, "total": total}))
    return 1 if total["mismatches"] > 0 or total["compared"] == 0 else 0


raise SystemExit(main())
