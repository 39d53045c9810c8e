"""Computes what the gateway should answer for one symbol, from the folder of a file sink and the definitions in the
documents. Uses fastavro and fractions, and none of the project's own code. Prints JSON.
"""

import argparse
import math
import pathlib
from fractions import Fraction

from avro_records import read_file
from json_text import dumps, plain

import decimal

decimal.getcontext().prec = 200
PLACES = decimal.Decimal(1).scaleb(-18)


def rounded(value: Fraction) -> str:
    """Returns the value as text, rounded half to even at 18 decimal places."""
    exact = decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator)
    return plain(exact.quantize(PLACES, rounding=decimal.ROUND_HALF_EVEN))


def records(folder: pathlib.Path, topic: str, symbol: str):
    for file in sorted((folder / topic).glob("*.avro")):
        for _, record in read_file(file):
            if record["symbol"] == symbol:
                yield record


class Trade:
    def __init__(self, record):
        self.id = record["trade_id"]
        self.price = Fraction(record["price"])
        self.quantity = Fraction(record["quantity"])
        self.buy = not record["is_buyer_maker"]
        self.block = "block" in record["conditions"]


def total(values) -> Fraction:
    return sum(values, Fraction(0))


def flow(ratio: Fraction) -> str:
    if ratio >= Fraction(70, 100):
        return "strong_buy"
    if ratio >= Fraction(55, 100):
        return "buy"
    if ratio <= Fraction(30, 100):
        return "strong_sell"
    return "sell" if ratio <= Fraction(45, 100) else "neutral"


def trade_figures(trades):
    bought = [trade for trade in trades if trade.buy]
    sold = [trade for trade in trades if not trade.buy]
    volume = total(trade.quantity for trade in trades)
    value = total(trade.quantity * trade.price for trade in trades)
    buy_volume = total(trade.quantity for trade in bought)
    return {
        "trades": len(trades),
        "buy_trades": len(bought),
        "sell_trades": len(sold),
        "volume": rounded(volume),
        "buy_volume": rounded(buy_volume),
        "sell_volume": rounded(volume - buy_volume),
        "value": rounded(value),
        "buy_value": rounded(total(trade.quantity * trade.price for trade in bought)),
        "sell_value": rounded(total(trade.quantity * trade.price for trade in sold)),
        "vwap": rounded(value / volume),
        "open": rounded(trades[0].price),
        "high": rounded(max(trade.price for trade in trades)),
        "low": rounded(min(trade.price for trade in trades)),
        "close": rounded(trades[-1].price),
        "average_quantity": rounded(volume / len(trades)),
        "buy_ratio_volume": float(buy_volume / volume),
        "buy_ratio_count": len(bought) / len(trades),
        "flow": flow(buy_volume / volume),
    }


def volume_profile(trades, bins):
    low = min(trade.price for trade in trades)
    width = (max(trade.price for trade in trades) - low) / bins
    bought, sold, counts = [Fraction(0)] * bins, [Fraction(0)] * bins, [0] * bins
    for trade in trades:
        at = min(math.floor((trade.price - low) / width), bins - 1)
        (bought if trade.buy else sold)[at] += trade.quantity
        counts[at] += 1
    volumes = [buy + sell for buy, sell in zip(bought, sold)]
    volume = total(volumes)
    first = last = control = volumes.index(max(volumes))
    while total(volumes[first : last + 1]) * 10 < volume * 7:
        below = volumes[first - 1] if first > 0 else -1
        above = volumes[last + 1] if last + 1 < bins else -1
        if above >= below:
            last += 1
        else:
            first -= 1
    area = total(volumes[first : last + 1])
    made = [
        {
            "low": rounded(low + width * at),
            "high": rounded(low + width * (at + 1)),
            "volume": rounded(volumes[at]),
            "buy_volume": rounded(bought[at]),
            "sell_volume": rounded(sold[at]),
            "trades": counts[at],
        }
        for at in range(bins)
    ]
    return {
        "bins": made,
        "volume": rounded(volume),
        "trades": len(trades),
        "point_of_control": made[control],
        "value_area": {
            "low": made[first]["low"],
            "high": made[last]["high"],
            "volume": rounded(area),
            "share": float(area / volume),
        },
    }


def large_trades(trades, threshold, history):
    for at in range(max(len(trades) - history, 100), len(trades)):
        before = trades[max(at - 1000, 0) : at]
        mean = total(trade.quantity for trade in before) / len(before)
        if trades[at].quantity >= threshold * mean:
            multiple = float(trades[at].quantity / mean)
            yield {"trade_id": trades[at].id, "average_quantity": rounded(mean), "multiple": multiple}


def levels(side):
    return [(Fraction(level["price"]), Fraction(level["quantity"])) for level in side]


def depth(side):
    return {
        "volume": rounded(total(quantity for _, quantity in side)),
        "value": rounded(total(price * quantity for price, quantity in side)),
        "levels": len(side),
    }


def book_figures(record, most):
    bids, asks = levels(record["bids"])[:most], levels(record["asks"])[:most]
    (bid, bid_quantity), (ask, ask_quantity) = bids[0], asks[0]
    mid = (bid + ask) / 2
    bid_volume, ask_volume = total(quantity for _, quantity in bids), total(quantity for _, quantity in asks)
    return {
        "best_bid": {"price": rounded(bid), "quantity": rounded(bid_quantity)},
        "best_ask": {"price": rounded(ask), "quantity": rounded(ask_quantity)},
        "spread": rounded(ask - bid),
        "spread_pct": float((ask - bid) / mid * 100),
        "mid": rounded(mid),
        "microprice": rounded((bid * ask_quantity + ask * bid_quantity) / (bid_quantity + ask_quantity)),
        "imbalance": float((bid_volume - ask_volume) / (bid_volume + ask_volume)),
        "bid_volume": rounded(bid_volume),
        "ask_volume": rounded(ask_volume),
    }


def whole_book(folder, symbol):
    """Returns the last book that the changes make, with the levels that are known without a gap."""
    bids, asks, last, worst_bid, worst_ask = {}, {}, None, None, None
    for delta in records(folder, "book-deltas", symbol):
        if delta["snapshot"]:
            bids, asks = {}, {}
            worst_bid, worst_ask = delta["worst_known_bid"], delta["worst_known_ask"]
        else:
            assert delta["previous_update_id"] == last
        last = delta["last_update_id"]
        for side, changed in ((bids, delta["bids"]), (asks, delta["asks"])):
            for level in changed:
                side.pop(level["price"], None)
                if level["quantity"] != 0:
                    side[level["price"]] = level["quantity"]
    listed = lambda side: [{"price": price, "quantity": quantity} for price, quantity in side]
    return {
        "update_id": last,
        "bids": listed(level for level in sorted(bids.items(), reverse=True) if worst_bid is None or level[0] >= worst_bid),
        "asks": listed(level for level in sorted(asks.items()) if worst_ask is None or level[0] <= worst_ask),
    }


def depth_bands(record):
    bids, asks = levels(record["bids"]), levels(record["asks"])
    mid = (bids[0][0] + asks[0][0]) / 2
    inner = Fraction(-1)
    bands = []
    for bound in ("0.1", "0.25", "0.5", "1", "2", "5"):
        upper = Fraction(bound)

        def within(side, above):
            return [level for level in side if above < abs(level[0] - mid) / mid * 100 <= upper]

        def covers(side):
            return abs(side[-1][0] - mid) / mid * 100 >= upper

        bands.append(
            {
                "above": bands[-1]["up_to"] if bands else "0",
                "up_to": bound,
                "bids": depth(within(bids, inner)) if covers(bids) else None,
                "asks": depth(within(asks, inner)) if covers(asks) else None,
                "cumulative_bids": depth(within(bids, Fraction(-1))) if covers(bids) else None,
                "cumulative_asks": depth(within(asks, Fraction(-1))) if covers(asks) else None,
            }
        )
        inner = upper
    return bands


def price_impact(record, side, requested):
    mid = (levels(record["bids"])[0][0] + levels(record["asks"])[0][0]) / 2
    left, value, worst = Fraction(requested), Fraction(0), None
    for price, quantity in levels(record["asks" if side == "buy" else "bids"]):
        if left == 0:
            break
        taken = min(left, quantity)
        left, value, worst = left - taken, value + taken * price, price
    filled = Fraction(requested) - left
    above = (value / filled - mid) / mid * 10_000
    return {
        "side": side,
        "requested": requested,
        "average_price": rounded(value / filled),
        "worst_price": rounded(worst),
        "slippage_bps": float(above if side == "buy" else -above),
        "filled_quantity": rounded(filled),
        "filled_value": rounded(value),
        "complete": left == 0,
    }


def candles(klines, minutes):
    """Yields longer candles, computed from the last state of each one-minute candle."""
    last = {kline["open_time"]: kline for kline in klines}
    groups = {}
    for kline in (last[time] for time in sorted(last)):
        groups.setdefault(kline["open_time"] // (minutes * 60_000), []).append(kline)
    for group, own in groups.items():
        yield {
            "open_time": group * minutes * 60_000,
            "open": rounded(Fraction(own[0]["open"])),
            "high": rounded(max(Fraction(kline["high"]) for kline in own)),
            "low": rounded(min(Fraction(kline["low"]) for kline in own)),
            "close": rounded(Fraction(own[-1]["close"])),
            "volume": rounded(total(Fraction(kline["volume"]) for kline in own)),
            "quote_volume": rounded(total(Fraction(kline["quote_volume"]) for kline in own)),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("symbol")
    parser.add_argument("--history", type=int, required=True)
    parser.add_argument("--quantities", required=True)
    parser.add_argument("--levels", type=int, required=True)
    options = parser.parse_args()
    all_trades = [Trade(record) for record in records(options.folder, "trades", options.symbol)]
    trades = [trade for trade in all_trades if not trade.block]
    remembered = trades[-options.history :]
    book = whole_book(options.folder, options.symbol)
    price = list(records(options.folder, "prices", options.symbol))[-1]
    windows = list(records(options.folder, "trade-stats", options.symbol))
    klines = list(records(options.folder, "klines", options.symbol))
    print(
        dumps(
            {
                "price": price["price"],
                "trade_ids": [trade.id for trade in reversed(all_trades[-50:])],
                "flow": {str(count): trade_figures(trades[-count:]) for count in (1, 10, options.history)},
                "profile": volume_profile(remembered, 13),
                "large_trades": list(large_trades(trades, 3, options.history))[::-1],
                "windows": [window for window in windows if window["window_ms"] == 1000][::-1],
                "update_id": book["update_id"],
                "book": book_figures(book, options.levels),
                "levels_known": min(len(book["bids"]), len(book["asks"])),
                "price_range": {
                    "low": rounded(Fraction(book["bids"][-1]["price"])),
                    "high": rounded(Fraction(book["asks"][-1]["price"])),
                },
                "bands": depth_bands(book),
                "impacts": {
                    side: [price_impact(book, side, quantity) for quantity in options.quantities.split(",")]
                    for side in ("buy", "sell")
                },
                "candles": {str(minutes): list(candles(klines, minutes)) for minutes in (1, 5)},
            }
        )
    )


main()
