"""cryptofeed's own Binance connection and its own Kafka backend, pointed at the simulator.

Arguments: WebSocket base, REST base, broker, topic, symbols (BTC-USDT ...).
Changed: the address (cryptofeed only accepts wss), the stream (@trade as in all programs, not @aggTrade), one topic
for all symbols.
"""
import sys
from decimal import Decimal

import cryptofeed.connection
import cryptofeed.exchanges.binance
from cryptofeed import FeedHandler
from cryptofeed.backends.kafka import TradeKafka
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.defines import TRADES
from cryptofeed.exchanges import Binance
from yapic import json

websocket, rest, broker, topic, *symbols = sys.argv[1:]
dial = cryptofeed.connection.connect


def dial_plainly(address, **options):
    return dial(address.replace("wss://", "ws://", 1), **options)


cryptofeed.connection.connect = dial_plainly


class SimulatedBinance(Binance):
    websocket_endpoints = [WebsocketEndpoint(websocket.replace("ws://", "wss://", 1))]
    rest_endpoints = [RestEndpoint(rest, routes=Routes("/api/v3/exchangeInfo"))]
    websocket_channels = {**Binance.websocket_channels, TRADES: "trade"}

    async def message_handler(self, msg, conn, timestamp):
        trade = json.loads(msg, parse_float=Decimal)["data"]
        trade["a"] = trade["t"]
        await self._trade(trade, timestamp)


class OneTopic(TradeKafka):
    def topic(self, data):
        return topic


handler = FeedHandler(config={"uvloop": False, "log": {"filename": "/dev/null", "level": "ERROR"}})
backend = OneTopic(bootstrap_servers=broker, acks="all")
handler.add_feed(SimulatedBinance(symbols=symbols, channels=[TRADES], callbacks={TRADES: backend}))
handler.run()
