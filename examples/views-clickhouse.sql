-- Views over the Parquet files of a feed, for ClickHouse: trades, candles, vwap, best_bid_ask.
-- clickhouse local --query "$(cat examples/views-clickhouse.sql) SELECT * FROM best_bid_ask"
-- An epoch is one venue's turn at serving a symbol: prices of two epochs may come from two venues.

CREATE OR REPLACE VIEW trades AS
SELECT
  *,
  if(is_buyer_maker, 'sell', 'buy') AS taker_side,
  -- negotiated outside the order book: in no candle and no VWAP
  has(conditions, 'block')::Bool AS is_block
FROM file('data/parquet/trades/**/*.parquet');

-- One minute each, as the feed computes them.
CREATE OR REPLACE VIEW candles AS
SELECT
  environment, venue, symbol, epoch,
  toStartOfMinute(timestamp)::DateTime64(6, 'UTC') AS open_time,
  argMin(price, (timestamp, toInt128(trade_id))) AS open,
  max(price) AS high,
  min(price) AS low,
  argMax(price, (timestamp, toInt128(trade_id))) AS close,
  sum(quantity) AS volume,
  sum(value) AS quote_volume,
  count() AS trade_count
FROM trades
WHERE NOT is_block
GROUP BY environment, venue, symbol, epoch, open_time;

-- Volume-weighted average price of each UTC day, cut off after 18 places.
CREATE OR REPLACE VIEW vwap AS
SELECT environment, venue, symbol, epoch, date, divideDecimal(sum(value), sum(quantity), 18) AS vwap, sum(quantity) AS volume
FROM trades
WHERE NOT is_block
GROUP BY environment, venue, symbol, epoch, date;

-- The newest one of each symbol. A side without orders is null.
CREATE OR REPLACE VIEW best_bid_ask AS
SELECT
  environment, venue, symbol, epoch, bid_price, bid_quantity, ask_price, ask_quantity,
  ask_price - bid_price AS spread,
  received_at
FROM file('data/parquet/book-tickers/**/*.parquet')
ORDER BY received_at DESC, toInt128OrNull(update_id) DESC
LIMIT 1 BY environment, venue, symbol;
