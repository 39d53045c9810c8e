"""Prints the ledger of examples/sniper.py for a price at the stop loss that is the first event after a halt."""

import pathlib
import sys
import time
from datetime import datetime, timezone
from decimal import Decimal

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples"))
import sniper as example


class Guard:
    allow_test_data = True
    halt = ["status_silent"]
    prices = {}

    def causes(self, symbol: str) -> list:
        return self.halt


guard = Guard()
sniper = example.Sniper(guard)
paid = {"quantity": Decimal(1), "paid": Decimal(100), "take_profit": Decimal(101), "stop_loss": Decimal(99)}
sniper.positions["BTCUSDT"] = paid
tick = {"symbol": "BTCUSDT", "price": Decimal(98), "environment": "simulated"}
for halt in (guard.halt, []):
    guard.halt = halt
    late = tick | {"received_at": datetime.fromtimestamp(time.time(), timezone.utc)}
    sniper.on_price(late)  # the guard has left this price out
    guard.prices["BTCUSDT"] = (tick | late, 0)
    sniper.on_price(guard.prices["BTCUSDT"][0])
    sniper.look("BTCUSDT")
