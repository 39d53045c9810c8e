"""Checks the folder of a file sink without market-feed: ids of trades, gaps, and counts and hashes of the audits.

    pip install fastavro
    python examples/audit.py data    # exit code 1: there is a difference; several folders may be named
"""
import hashlib, pathlib, sys, time
from collections import defaultdict
from itertools import pairwise
from math import inf
from fastavro.read import LOGICAL_READERS, reader
LOGICAL_READERS["long-timestamp-millis"] = LOGICAL_READERS["long-timestamp-micros"] = lambda data, *_: data
MINUTE, status = 60_000, 0

def read(folder, topic):
    """Returns the records of a topic by venue, symbol and epoch, in the order of the topic."""
    series = defaultdict(list)
    for file in sorted(pathlib.Path(folder, topic).glob("*.avro"), key=lambda file: file.name.split("-")[1]):
        with file.open("rb") as data:
            for record in reader(data):
                if "trade_id" in record:  # as numbers: the first and the last id that a trade stands for
                    record |= {"first": int(record["trade_id"]), "last": int(record["last_trade_id"] or record["trade_id"])}
                if "from_id" in record:
                    record |= {"from": int(record["from_id"] or 0), "to": int(record["to_id"]) if record["to_id"] else inf}
                if record.get("channel", "trade") == "trade":
                    series[record["venue"], record["symbol"], record["epoch"]].append(record)
    return series

def check_ids(trades, late, gaps, contiguous):
    for before, trade in pairwise(trades):
        if trade["first"] <= before["last"]: yield trade["timestamp"], f"trade {trade['first']} comes after {before['last']}"
    outcomes = {(gap["from"], gap["to"]): gap["outcome"] for gap in gaps}  # the last one of a gap counts
    fetched = True  # an epoch may begin with fetched trades; later ones fill a gap, or follow one
    for before, trade in pairwise(sorted(trades + late, key=lambda one: one["first"])):
        inside = {outcome for (start, end), outcome in outcomes.items() if start <= before["last"] and trade["first"] <= end}
        if contiguous and trade["first"] != before["last"] + 1 and not inside & {"unrepaired", "unknown"}:
            yield before["timestamp"], f"ids between {before['last']} and {trade['first']} are missing or come twice"
        if trade["source"] == "backfill" and not fetched and not inside:
            yield before["timestamp"], f"trade {trade['first']} was fetched, but lies in no gap"
        fetched = trade["source"] == "backfill"

def check_gaps(trades, late, gaps, contiguous):
    begins, ends = ({trade[name]: trade["timestamp"] for trade in trades} for name in ("first", "last"))
    latest, seen, outcomes = 0, set(), {(gap["from"], gap["to"]): gap["outcome"] for gap in gaps}
    for gap in gaps:
        start, end, outcome, missing, filled = (gap[name] for name in ("from", "to", "outcome", "missing", "filled"))
        inside = [trade for trade in (trades + late if outcome == "healed" else trades) if start < trade["first"] < end]
        there = sum(trade["last"] - trade["first"] + 1 for trade in inside) if contiguous else len(inside)
        # If ids jump, a single late trade or a candle shows a gap when later ones are published already.
        by_candle = not contiguous and gap["to_time"] // MINUTE - gap["from_time"] // MINUTE > 1
        behind = outcome == "healed" or outcome == "unrepaired" and not contiguous and (by_candle or missing is not None)
        claims = {"from_id or from_time": not start or ends.get(start) == gap["from_time"],
                  "to_id or to_time": begins.get(end) == gap["to_time"] if end < inf else outcome != "unknown" or not inside,
                  "filled": filled in (there, there - by_candle * sum(start < trade["first"] < end for trade in trades)),
                  "missing": missing == end - start - 1 if contiguous and start and end < inf else True,
                  "not healed": outcomes[start, end] == "healed" or not 0 < sum(start < trade["first"] < end for trade in late) >= (missing or 0) - filled,
                  "outcome": missing is None or by_candle or (there < missing if outcome == "unrepaired" else there == missing),
                  "order": (start, end) in seen if outcome == "healed" else behind or start >= latest}
        yield from ((ends.get(start, gap["from_time"]), f"gap {start} to {end}, {outcome}: {name} is wrong") for name in claims if not claims[name])
        seen, latest = seen | {(start, end)}, latest if behind else start

def check_minutes(trades, gaps, audits):
    lines = defaultdict(list)
    for trade in trades:
        texts = trade["trade_id"], *(f"{trade[name].normalize():f}" for name in ("price", "quantity"))
        side = "sell" if trade["is_buyer_maker"] else "buy"
        lines[trade["timestamp"] // MINUTE * MINUTE].append(",".join((*texts, side, f"{trade['timestamp']}\n")))
    for minute, audit in {audit["minute"]: audit for audit in sorted(audits, key=lambda one: one["revision"])}.items():
        if audit["hash"] and (audit["trades"], audit["hash"]) != (len(lines[minute]), hashlib.sha256("".join(lines[minute]).encode()).hexdigest()):
            yield minute, f"the audit has {audit['trades']} trades, {len(lines[minute])} are there; or the hash differs"
        if audit["verdict"] == "gap" and not any(gap["from_time"] < minute + MINUTE and gap["to_time"] >= minute for gap in gaps):
            yield minute, "the verdict is gap, but there is none"

for folder in sys.argv[1:]:
    trades, late, gaps, audits = (read(folder, topic) for topic in ("trades", "late-trades", "gaps", "audits"))
    begin = min(series[0]["timestamp"] for series in trades.values())  # its minute may not be whole
    for key, own in trades.items():
        args, merged = (own, late[key], gaps[key], key[0] != "bybit"), sorted(own + late[key], key=lambda one: one["first"]) if late[key] else own
        for at, what in [*check_ids(*args), *check_gaps(*args), *check_minutes(merged, gaps[key], audits[key])]:
            if at // MINUTE > begin // MINUTE: print(folder, time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(at // 1000)), *key, what); status = 1
sys.exit(status)
