"""The paper strategy of examples/sniper.ts in Python, with the trading guard of docs/trading-guard.md.
Needs only schemas/ of market-feed. Writes its ledger as JSON to stdout.

    pip install confluent-kafka fastavro
    python examples/sniper.py localhost:9092 --coins BTC,ETH
    python examples/sniper.py localhost:9092 --environment simulated --allow-test-data
"""

import argparse
import io
import json
import pathlib
import signal
import sys
import time
from datetime import datetime, timezone
from decimal import ROUND_DOWN, Decimal, getcontext
from typing import Optional

import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from fastavro.schema import fingerprint, to_parsing_canonical_form

getcontext().prec = 60  # decimals of the feed have up to 38 digits

MAX_PRICE_AGE_MS = 5000
MAX_IDLE_MS = 3_600_000
MAX_LAG_MS = 2000
STATUS_SILENCE_MS = 3000
GAP_HALT_MS = 60_000
RESUME_AFTER_MS = 1000
CLOCK_TOLERANCE_MS = 1000


def wall() -> float:
    return time.time() * 1000


def monotonic() -> float:
    return time.monotonic() * 1000


def ms(stamp: datetime) -> float:
    return stamp.timestamp() * 1000


def is_old(stamp: float, came: float, limit: float) -> bool:
    """True if a record is too old, by its timestamp and our wall clock or by the time since it arrived."""
    return wall() >= stamp + limit or monotonic() >= came + limit


def is_ahead(stamp: float, came: float) -> bool:
    """True if a record was stamped ahead of our wall clock when it arrived: then its timestamp does not show its age."""
    return came != float("-inf") and stamp - (wall() - (monotonic() - came)) > CLOCK_TOLERANCE_MS


def arrival(record: dict) -> float:
    """A record from before the start says nothing about the feed now, even if our clock makes it look recent."""
    return monotonic() if record["told_before"] is None else float("-inf")


def names(text: str) -> set:
    return {name for name in text.split(",") if name}


class Guard:
    """Decides for each symbol whether trading is allowed, by the causes in docs/trading-guard.md."""

    def __init__(self, allow_test_data: bool):
        self.allow_test_data = allow_test_data
        self.started = monotonic()
        self.speakers = {}  # instance → its last state
        self.speaker_of = {}  # symbol → instance
        self.prices = {}  # symbol → (record, time of arrival)
        self.served_since = {}  # symbol → since when that instance speaks for it
        self.moved = {}  # symbol → (venue, timestamp) of a switch after which no price has come
        self.gap_until = {}
        self.last_bad = {}
        self.lag_ms = 0.0

    def causes(self, symbol: str) -> list:
        """Returns the causes that halt the symbol now. Each call with a cause restarts the wait for the resume."""
        causes = self._causes(symbol)
        if causes:
            self.last_bad[symbol] = monotonic()
            return causes
        last_bad = max(self.last_bad.get(symbol, self.started), self.gap_until.get(symbol, 0))
        return [] if monotonic() >= last_bad + RESUME_AFTER_MS else ["recovering"]

    def _causes(self, symbol: str) -> list:
        price, came = self.prices.get(symbol, (None, 0))
        if not self.speaker_of or price is None:
            return ["starting"]
        if symbol not in self.speaker_of:
            return ["not_served"]
        speaker = self.speakers[self.speaker_of[symbol]]
        venue, record = price["venue"], speaker["last"]
        lag = speaker["lags"].get(venue, 0)  # how late the venue's data arrives at the feed
        received = ms(price["received_at"])
        quiet = venue in speaker["quiet"] or f"{venue}:{symbol}" in speaker["quiet"]
        max_age = max(MAX_IDLE_MS, MAX_PRICE_AGE_MS) if quiet else MAX_PRICE_AGE_MS
        does_not_trade, disputed = symbol in speaker["halted_instruments"], symbol in speaker["disputed_prices"]
        real = price["environment"] == record["environment"] == "production"
        rules = {
            "not_served": symbol not in speaker["symbols"],
            "feed_stopped": speaker["stopped"],
            "status_silent": is_old(speaker["stamp"], speaker["came"], STATUS_SILENCE_MS),
            "clock": is_ahead(speaker["stamp"], speaker["came"]) or is_ahead(received, came),
            "feed_halted": not speaker["trading"],
            "instrument_halted": symbol in speaker["halted"] and does_not_trade,
            "price_disputed": disputed and not does_not_trade,
            "coin_halted": symbol in speaker["halted"] and not does_not_trade and not disputed,
            "test_data": not self.allow_test_data and (not real or record["active_venue"] == "binance_testnet"),
            "venue_changed": symbol in self.moved,
            "price_age": is_old(received, came, max_age - lag),
            "gap": monotonic() < self.gap_until.get(symbol, 0),
            "lag": self.lag_ms > MAX_LAG_MS,
        }
        return [cause for cause, holds in rules.items() if holds]

    def on_price(self, price: dict) -> None:
        symbol, venue = price["symbol"], price["venue"]
        self.causes(symbol)
        before, _ = self.prices.get(symbol, (None, 0))
        if before is not None and price["epoch"] < before["epoch"]:
            since = self.served_since.get(symbol, 0)  # a newer instance may begin with lower epochs
            if not ms(before["received_at"]) < since <= ms(price["received_at"]):
                return
        self.prices[symbol] = (price, arrival(price))
        self._answer_switch(symbol)
        quiet = self.speakers.get(self.speaker_of.get(symbol), {}).get("quiet", {})
        for key in (venue, f"{venue}:{symbol}"):
            if key in quiet and ms(price["received_at"]) > quiet[key]:
                del quiet[key]

    def _answer_switch(self, symbol: str) -> None:
        price, moved = self.prices.get(symbol), self.moved.get(symbol)
        if price and moved and (price[0]["venue"] == moved[0] or ms(price[0]["received_at"]) >= moved[1]):
            del self.moved[symbol]

    def on_gap(self, gap: dict) -> None:
        if gap["outcome"] in ("repaired", "healed"):
            return
        # The halt begins when the gap was published: now, or before this program started.
        age = 0.0 if gap["told_before"] is None else max(0.0, wall() - gap["told_before"])
        until = monotonic() + GAP_HALT_MS - age
        self.gap_until[gap["symbol"]] = max(until, self.gap_until.get(gap["symbol"], 0))

    def on_status(self, status: dict) -> None:
        for symbol in set(self.speaker_of) | set(self.prices):
            self.causes(symbol)
        instance, state, beat = status["instance"], status["state"], status["heartbeat"]
        new = {"sequence": 0, "stamp": 0.0, "came": 0.0, "trading": False, "stopped": False}
        new |= {"symbols": set(), "halted": set(), "halted_instruments": set(), "disputed_prices": set()}
        new |= {"quiet": {}, "lags": {}}
        speaker = self.speakers.get(instance, new)
        if status["sequence"] <= speaker["sequence"]:
            return
        self.speakers[instance] = speaker
        venue_before = speaker["last"]["active_venue"] if "last" in speaker else None
        speaker.update(sequence=status["sequence"], last=status)
        symbol, venue = status["symbol"], status["venue"]
        if beat is not None:
            speaker.update(stamp=ms(status["timestamp"]), came=arrival(status), stopped=False)
            speaker.update(trading=beat["trading"] == "allowed", symbols=set(beat["symbols"]), halted=set(beat["halted"]))
            for names in ("halted_instruments", "disputed_prices"):
                speaker[names] = set(beat.get(names, []))
            speaker["lags"] = {of["venue"]: max(0, of["event_lag_ms"] or 0) for of in beat["venue_ages"]}
            # The record of a switch may come after a heartbeat, which has a later sequence, and then it does not count.
            has_moved = venue_before not in (None, status["active_venue"])
            for each in speaker["symbols"]:
                if self.speaker_of.get(each) != instance:
                    # Another instance may have begun with another venue and lower epochs.
                    self.speaker_of[each], self.served_since[each] = instance, ms(status["timestamp"])
                elif not has_moved:
                    continue
                if status["active_venue"] is not None:
                    self.moved[each] = (status["active_venue"], ms(status["timestamp"]))
                    self._answer_switch(each)
            speaks = {*self.speaker_of.values(), instance}
            self.speakers = {each: said for each, said in self.speakers.items() if each in speaks}
        elif state in ("trading_halted", "trading_resumed"):
            speaker["trading"] = state == "trading_resumed"
        elif state == "stopped":
            speaker["stopped"] = True
        elif state == "price_disputed":
            speaker["disputed_prices"].add(symbol)
        elif status["cause"] == "price_disputed":
            pass  # The next heartbeat no longer names the symbol.
        elif state in ("feed_stale", "feed_recovered", "instrument_halted") and status["line"] is None:
            is_quiet = state == "feed_stale" and status["cause"] == "quiet_market"
            key = f"{venue}:{symbol}" if symbol else venue
            speaker["quiet"].pop(key, None)
            if is_quiet:
                speaker["quiet"][key] = ms(status["timestamp"])
            if symbol in self.prices and self.prices[symbol][0]["venue"] == venue:
                if state != "feed_recovered" and not is_quiet:
                    speaker["halted"].add(symbol)
                else:
                    speaker["halted"].discard(symbol)
                if state == "instrument_halted":
                    speaker["halted_instruments"].add(symbol)
                else:
                    speaker["halted_instruments"].discard(symbol)
        elif state in ("failed_over", "failed_back"):
            for each in [symbol] if symbol else [s for s, who in self.speaker_of.items() if who == instance]:
                self.moved[each] = (venue, ms(status["timestamp"]))
                self._answer_switch(each)
        for symbol in set(self.speaker_of) | set(self.prices):
            self.causes(symbol)


class Unread:
    """Measures how long there have been unread messages without a break, by the monotonic clock."""

    def __init__(self):
        self.since = {}  # partition → since when it has unread messages

    def reached(self, partition, offset: int, end: int) -> None:
        """All messages before `offset` are read, and the partition has messages before `end`."""
        if offset < end:
            self.since.setdefault(partition, monotonic())
        else:
            self.at_end(partition)

    def at_end(self, partition) -> None:
        self.since.pop(partition, None)

    def lag_ms(self) -> float:
        return monotonic() - min(self.since.values(), default=monotonic())


class Sniper:
    """Buys on a strong flow with a large trade, sells at a target or a stop. A halt stops buying and selling."""

    def __init__(self, guard: Guard):
        self.guard = guard
        self.flows, self.positions, self.told = {}, {}, {}
        self.fills, self.profit = 0, Decimal(0)

    def write(self, event: str, **fields) -> None:
        line = {"at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), "event": event, **fields}
        print(json.dumps(line, default=lambda value: f"{value.normalize():f}"), flush=True)

    def is_usable(self, record: dict) -> bool:
        real = record["environment"] == "production" or self.guard.allow_test_data
        return real and wall() - ms(record["received_at"]) < MAX_PRICE_AGE_MS

    def on_stats(self, stats: dict) -> None:
        if stats["window_ms"] == 1000 and stats["complete"] and stats["flow"] == "strong_buy":
            self.flows[stats["symbol"]] = stats

    def on_large_trade(self, trade: dict) -> None:
        symbol, epoch = trade["symbol"], trade["epoch"]
        flow, (price, _) = self.flows.get(symbol), self.guard.prices.get(symbol, (None, 0))
        if trade["is_buyer_maker"] or trade["source"] != "live" or symbol in self.positions or not flow or not price:
            return
        if flow["epoch"] != epoch or price["epoch"] != epoch or ms(trade["timestamp"]) - ms(flow["window_end"]) > 5000:
            return
        if not self.is_usable(trade) or not self.is_usable(price):
            return
        why = f"strong_buy and {trade['quantity'].normalize():f} bought, {trade['multiple']:.1f} times the mean"
        causes = self.look(symbol)
        if causes:
            return self.write("not_bought", symbol=symbol, why=why, halted=causes)
        paid = price["price"]
        position = {"quantity": (1000 / paid).quantize(Decimal("1e-8"), rounding=ROUND_DOWN), "paid": paid}
        position |= {"take_profit": paid * Decimal("1.001"), "stop_loss": paid * Decimal("0.9995")}
        self.positions[symbol] = position
        self.fills += 1
        self.write("bought", symbol=symbol, price=paid, why=why, **position)

    def on_price(self, tick: dict) -> None:
        symbol, price = tick["symbol"], tick["price"]
        position = self.positions.get(symbol)
        judged, _ = self.guard.prices.get(symbol, (None, 0))
        if position is None or judged is not tick or not self.is_usable(tick):
            return  # the guard leaves out a late price of an earlier epoch
        if position["stop_loss"] < price < position["take_profit"] or self.look(symbol):
            return
        del self.positions[symbol]
        self.fills += 1
        profit = (price - position["paid"]) * position["quantity"]
        self.profit += profit
        self.write("sold", symbol=symbol, price=price, profit=profit)

    def look(self, symbol: str) -> list:
        """Returns the causes that halt the symbol now. Writes a new halt or its end to the ledger, before any order."""
        causes = self.guard.causes(symbol)
        if causes != self.told.get(symbol):
            self.told[symbol] = causes
            is_kept = causes and symbol in self.positions
            kept = {"position": "kept until it may be traded again"} if is_kept else {}
            self.write("halted" if causes else "resumed", symbol=symbol, causes=causes, **kept)
        return causes


SCHEMAS = {}
for file in (pathlib.Path(__file__).parent.parent / "schemas").glob("**/*.avsc"):
    schema = json.loads(file.read_text())
    crc = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    SCHEMAS[bytes.fromhex(crc)] = fastavro.parse_schema(schema)


WARNED = set()


def decode(topic: str, value: Optional[bytes]) -> Optional[dict]:
    """Decodes Avro single-object encoding; examples/read_trades.py also reads Confluent's. None: unreadable."""
    if value is None or value[:2] != b"\xc3\x01":
        why = "no value" if value is None else "not in single-object encoding"
    elif value[2:10] not in SCHEMAS:
        why = f"schema {value[2:10].hex()} is not in schemas/"
    else:
        try:
            return fastavro.schemaless_reader(io.BytesIO(value[10:]), SCHEMAS[value[2:10]])
        except Exception as error:  # fastavro has no exception for truncated data
            why = f"not decoded: {error!r}"
    if (topic, why) not in WARNED:
        WARNED.add((topic, why))
        print(f"sniper: messages of {topic} are passed over: {why}", file=sys.stderr, flush=True)
    return None


def topic_names(prefix: str, environment: str) -> dict:
    """Maps the full name of each topic to its short name."""

    def full(name: str) -> str:
        # No feed runs with environment testnet: a production feed reports about the testnet.
        is_plain = environment == "production" or (environment == "testnet" and name in ("feed-status", "gaps"))
        return f"{prefix}{name}" if is_plain else f"{prefix}{environment}.{name}"

    return {full(name): name for name in ("feed-status", "gaps", "prices", "trade-stats", "large-trades")}


NO_LEADER_YET = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}


def patiently(ask):
    """Asks the brokers for up to 30 s. Right after their start, a partition may have no leader yet."""
    ends = time.monotonic() + 30
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in NO_LEADER_YET or time.monotonic() >= ends:
                raise
            time.sleep(0.5)


def assigned(consumer: Consumer, topic: str, back_ms: int) -> list:
    """Returns every partition of a topic, from `back_ms` before now, because earlier events still count."""
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    since = int(wall()) - back_ms
    return consumer.offsets_for_times([TopicPartition(topic, number, since) for number in partitions], timeout=10)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("brokers")
    parser.add_argument("--coins", default="BTC,ETH,SOL")
    parser.add_argument("--environment", default="production", help="selects the topics; each environment has its own")
    parser.add_argument("--prefix", default="market.", help="prefix of the topics")
    parser.add_argument("--allow-test-data", action="store_true")
    parser.add_argument("--duration", type=float, default=float("inf"), help="seconds")
    options = parser.parse_args()
    topics = topic_names(options.prefix, options.environment)
    coins = names(options.coins)

    guard = Guard(options.allow_test_data)
    sniper = Sniper(guard)
    on = {
        "feed-status": [guard.on_status],
        "gaps": [guard.on_gap],
        "prices": [guard.on_price, sniper.on_price],  # the guard first: the sniper asks it
        "trade-stats": [sniper.on_stats],
        "large-trades": [sniper.on_large_trade],
    }
    settings = {"bootstrap.servers": options.brokers, "group.id": "sniper-py", "enable.auto.commit": False}
    settings |= {"auto.offset.reset": "latest", "isolation.level": "read_committed", "enable.partition.eof": True}
    consumer = Consumer(settings)
    back = {"feed-status": GAP_HALT_MS, "gaps": GAP_HALT_MS + 10_000, "prices": MAX_PRICE_AGE_MS}
    asked = {topic: patiently(lambda: assigned(consumer, topic, back.get(name, 0))) for topic, name in topics.items()}
    places = [each for of_topic in asked.values() for each in of_topic]
    # Records before these offsets were published before the start.
    ends_at = [patiently(lambda: consumer.get_watermark_offsets(each, timeout=10)[1]) for each in places]
    first_new = {(each.topic, each.partition): end for each, end in zip(places, ends_at)}
    consumer.assign(places)

    unread = Unread()
    running = True

    def stop(*_) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    ends = time.monotonic() + options.duration
    symbols = set()
    while running and time.monotonic() < ends:
        message = consumer.poll(0.1)
        if message is not None and message.error():
            if message.error().code() == KafkaError._PARTITION_EOF:
                unread.at_end((message.topic(), message.partition()))
            message = None  # brokers away: no records come, and the guard notices
        # The lag is the time that a record was at the broker before it was read, or since messages are unread.
        guard.lag_ms = 0.0
        if message is not None:
            place = TopicPartition(message.topic(), message.partition())
            _, end = consumer.get_watermark_offsets(place, cached=True)
            unread.reached((place.topic, place.partition), message.offset() + 1, end)
            guard.lag_ms = wall() - message.timestamp()[1]
        guard.lag_ms = max(guard.lag_ms, unread.lag_ms())
        record = None if message is None else decode(message.topic(), message.value())
        if record is not None:
            is_past = message.offset() < first_new[message.topic(), message.partition()]
            record["told_before"] = message.timestamp()[1] if is_past else None
            name = topics[message.topic()]
            if record.get("coin") in coins and "symbol" in record:
                symbols.add(record["symbol"])
            if record.get("coin") in coins or name in ("feed-status", "gaps"):
                for handle in on[name]:
                    handle(record)
        for symbol in symbols:
            sniper.look(symbol)
    sniper.write("ledger", positions=sniper.positions, fills=sniper.fills, profit=sniper.profit)
    consumer.close()


if __name__ == "__main__":
    main()
