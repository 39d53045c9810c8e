-- Trade statistics for each minute of event time, by venue, symbol, environment and epoch: the numbers of
-- market.trade-stats, as a job for a Flink cluster. docs/stream-processing.md says how to run it. Set your own addresses and topics.

SET 'execution.checkpointing.interval' = '10 s';

CREATE TEMPORARY FUNCTION turnover AS 'market.feed.flink.Turnover';
CREATE TEMPORARY FUNCTION vwap AS 'market.feed.flink.Vwap';

-- All columns of the topic. Times in microseconds are numbers, because Flink's Avro format has no TIMESTAMP(6).
CREATE TABLE trades (
  venue STRING,
  symbol STRING,
  venue_symbol STRING,
  coin STRING,
  environment STRING,
  epoch BIGINT,
  received_at BIGINT,
  price DECIMAL(38, 18),
  quantity DECIMAL(38, 18),
  is_buyer_maker BOOLEAN,
  `timestamp` TIMESTAMP(3),
  event_time TIMESTAMP(3),
  trade_id STRING,
  last_trade_id STRING,
  conditions ARRAY<STRING>,
  source STRING,
  timestamp_us BIGINT,
  WATERMARK FOR `timestamp` AS `timestamp` - INTERVAL '2' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'market.trades',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.isolation.level' = 'read_committed',
  'properties.group.id' = 'trade-stats-flink',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = 'unbounded',
  'scan.watermark.idle-timeout' = '5 s',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://localhost:8081'
);

CREATE TABLE trade_stats (
  venue STRING NOT NULL,
  symbol STRING NOT NULL,
  environment STRING NOT NULL,
  epoch BIGINT NOT NULL,
  window_ms BIGINT NOT NULL,
  window_start TIMESTAMP(3) NOT NULL,
  window_end TIMESTAMP(3) NOT NULL,
  trades BIGINT NOT NULL,
  buy_trades BIGINT NOT NULL,
  volume DECIMAL(38, 18),
  buy_volume DECIMAL(38, 18),
  `value` DECIMAL(38, 18),
  vwap DECIMAL(38, 18),
  `open` DECIMAL(38, 18),
  high DECIMAL(38, 18),
  low DECIMAL(38, 18),
  `close` DECIMAL(38, 18)
) WITH (
  'connector' = 'kafka',
  'topic' = 'market.trade-stats-flink',
  'properties.bootstrap.servers' = 'localhost:9092',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'trade-stats-flink',
  'properties.transaction.timeout.ms' = '600000',
  'key.format' = 'raw',
  'key.fields' = 'symbol',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = 'http://localhost:8081'
);

INSERT INTO trade_stats
SELECT venue, symbol, environment, epoch,
       TIMESTAMPDIFF(SECOND, window_start, window_end) * 1000,
       window_start,
       window_end,
       COUNT(*),
       COUNT(*) FILTER (WHERE NOT is_buyer_maker),
       SUM(quantity),
       COALESCE(SUM(quantity) FILTER (WHERE NOT is_buyer_maker), 0),
       turnover(price, quantity),
       vwap(price, quantity),
       FIRST_VALUE(price),
       MAX(price),
       MIN(price),
       LAST_VALUE(price)
FROM TABLE(TUMBLE(TABLE trades, DESCRIPTOR(`timestamp`), INTERVAL '1' MINUTE))
WHERE NOT ARRAY_CONTAINS(conditions, 'block')
GROUP BY window_start, window_end, venue, symbol, environment, epoch;
