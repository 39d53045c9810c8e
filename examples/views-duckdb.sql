-- Views over the Parquet files of a feed, for DuckDB: trades, candles, vwap, best_bid_ask.
-- duckdb -c "$(cat examples/views-duckdb.sql) from best_bid_ask"
-- An epoch is one venue's turn at serving a symbol: prices of two epochs may come from two venues.

set timezone = 'UTC';

create or replace view trades as
select
  *,
  if(is_buyer_maker, 'sell', 'buy') as taker_side,
  -- negotiated outside the order book: in no candle and no VWAP
  list_contains(conditions, 'block') as is_block
from read_parquet('data/parquet/trades/**/*.parquet', hive_partitioning = true, union_by_name = true);

-- One minute each, as the feed computes them.
create or replace view candles as
select
  environment, venue, symbol, epoch,
  date_trunc('minute', timestamp) as open_time,
  arg_min(price, (timestamp, trade_id::hugeint)) as open,
  max(price) as high,
  min(price) as low,
  arg_max(price, (timestamp, trade_id::hugeint)) as close,
  sum(quantity) as volume,
  sum(value) as quote_volume,
  count(*) as trade_count
from trades
where not is_block
group by environment, venue, symbol, epoch, open_time;

-- Volume-weighted average price of each UTC day. In DuckDB, the quotient of two decimals is a double.
create or replace view vwap as
select environment, venue, symbol, epoch, date, sum(value) / sum(quantity) as vwap, sum(quantity) as volume
from trades
where not is_block
group by environment, venue, symbol, epoch, date;

-- The newest one of each symbol. A side without orders is null.
create or replace view best_bid_ask as
select
  environment, venue, symbol, epoch, bid_price, bid_quantity, ask_price, ask_quantity,
  ask_price - bid_price as spread,
  received_at
from read_parquet('data/parquet/book-tickers/**/*.parquet', hive_partitioning = true, union_by_name = true)
qualify row_number() over (
  partition by environment, venue, symbol order by received_at desc, update_id::hugeint desc
) = 1;
