"""Prints what the guard of examples/sniper.py decides about clocks, old records and unread messages, one JSON list per line."""

import json
import pathlib
import sys
from datetime import datetime, timezone

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples"))
import sniper as example

START = 1_700_000_000_000
MINUTE = 60_000
now, clock_off = 0, 0
example.monotonic = lambda: now
example.wall = lambda: START + now + clock_off
sequence = 0


def moment(at: float) -> datetime:
    return datetime.fromtimestamp((START + at) / 1000, timezone.utc)


def status(at: float, state: str = "heartbeat", told_before=None, **fields) -> dict:
    global sequence
    sequence += 1
    beat = {"trading": "allowed", "symbols": ["BTCUSDT"], "halted": [], "halted_instruments": [], "venue_ages": []}
    record = {"instance": "one", "sequence": sequence, "state": state, "symbol": None, "venue": None, "line": None}
    record |= {"cause": None, "environment": "production", "active_venue": "bybit", "timestamp": moment(at)}
    return record | {"heartbeat": beat if state == "heartbeat" else None, "told_before": told_before} | fields


def price(at: float, told_before=None, **fields) -> dict:
    record = {"symbol": "BTCUSDT", "venue": "bybit", "epoch": 1, "environment": "production"}
    return record | {"received_at": moment(at), "told_before": told_before} | fields


def show(what: str) -> None:
    print(json.dumps([what, guard.causes("BTCUSDT")]))


def take(*records: dict) -> None:
    for record in records:
        (guard.on_status if "state" in record else guard.on_price)(record)


def live_at(at: float) -> None:
    global now
    now = at
    take(status(now), price(now))


def begin() -> None:
    global guard, clock_off
    guard = example.Guard(False)
    clock_off = 0
    live_at(now)
    live_at(now + 1000)


guard = example.Guard(False)
take(price(0, told_before=START), status(0, told_before=START))
show("records from before the start")
take(status(0))
show("a live heartbeat")
take(price(0))
show("a live price")

begin()
show("allowed")
clock_off = -MINUTE
now += 50_000
take(status(now - 50_000), price(now - 50_000))
show("50 s behind, with a clock that is a minute behind")
clock_off = 0
take(status(now), price(now))
show("the clock is right again")

begin()
take(status(now + 1000), price(now + 1000))
show("a second ahead")
take(price(now + 1001))
show("more than a second ahead")

begin()
take(status(now, "feed_stale", venue="bybit", cause="quiet_market"))
last = now
now = last + example.MAX_IDLE_MS - 1
take(status(now))
guard.last_bad.clear()
show("an idle market")
now = last + example.MAX_IDLE_MS
take(status(now))
show("an idle market for too long")

begin()
heartbeat = status(now)
heartbeat["heartbeat"] |= {"halted": ["BTCUSDT"], "halted_instruments": ["BTCUSDT"]}
take(heartbeat)
show("an instrument that does not trade")

begin()
take(status(now, "price_disputed", venue="bybit", symbol="BTCUSDT"))
take(status(now, "feed_recovered", venue="bybit", symbol="BTCUSDT", cause="price_disputed"))
show("a disputed price")

begin()
now += 200
take(status(now, active_venue="binance"))
show("a heartbeat with another active venue")

unread = example.Unread()
unread.reached("prices 0", 7, end=7)
show_lag = lambda what: print(json.dumps([what, unread.lag_ms()]))
show_lag("read to the end")
unread.reached("prices 0", 8, end=5000)
now += 1500
unread.reached("prices 0", 9, end=5000)
now += 1000
unread.reached("prices 1", 3, end=4)
show_lag("unread without a break")
unread.at_end("prices 0")
show_lag("one partition read to its end")
