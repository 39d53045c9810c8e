// Writes every trade of a feed into a PostgreSQL database: each trade once, even if this process is killed at any
// moment.
//   node examples/into-postgres.ts localhost:9092 postgres://user@localhost/market
// One transaction has the trades and the offsets of the next records. A restart continues at these offsets.
// docs/databases.md has the rules. In your own project, import from 'market-feed/client', and install `postgres`.
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { connectTopics, type RecordPosition, type TopicRecords } from '../src/client/index.ts';

type Trade = TopicRecords['trades'] & RecordPosition;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { prefix: { type: 'string', default: 'market.' } },
});
const [brokers, url] = positionals;
if (brokers === undefined || url === undefined) {
  console.error('into-postgres: name the brokers (host:port,…) and the URL of a database');
  process.exit(2);
}

const sql = postgres(url, { max: 1, onnotice: () => {} });
// The primary key is the identity of a trade.
await sql`
  CREATE TABLE IF NOT EXISTS trades (
    venue text, symbol text, trade_id text, timestamp timestamptz,
    epoch bigint NOT NULL, price numeric(38, 18) NOT NULL, quantity numeric(38, 18) NOT NULL,
    is_buyer_maker boolean NOT NULL,
    PRIMARY KEY (venue, symbol, trade_id, timestamp)
  )`;
await sql`
  CREATE TABLE IF NOT EXISTS next_offsets (
    topic text, partition integer, next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
  )`;

async function store(trades: readonly Trade[]): Promise<void> {
  const rows = trades.map(({ venue, symbol, tradeId, timestamp, epoch, price, quantity, isBuyerMaker }) => ({
    venue,
    symbol,
    trade_id: tradeId,
    timestamp: new Date(timestamp),
    epoch,
    price,
    quantity,
    is_buyer_maker: isBuyerMaker,
  }));
  // Of several trades of a partition, the last one sets the offset.
  const next = new Map(
    trades.map(({ topic, partition, offset }) => [partition, { topic, partition, next_offset: offset + 1 }]),
  );
  await sql.begin(async (transaction) => {
    await transaction`INSERT INTO trades ${transaction(rows)} ON CONFLICT DO NOTHING`;
    await transaction`
      INSERT INTO next_offsets ${transaction([...next.values()])}
      ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset`;
  });
}

const stored = await sql`SELECT topic, partition, next_offset FROM next_offsets`;
const market = await connectTopics({
  brokers: brokers.split(','),
  topicPrefix: values.prefix,
  withPosition: true,
  from: {
    offsets: stored.map((row) => ({ topic: row.topic, partition: row.partition, offset: Number(row.next_offset) })),
  },
});
process.once('SIGINT', () => void market.close()).once('SIGTERM', () => void market.close());

const reading = market.read('trades');
let trades: Trade[] = [];
for await (const trade of reading) {
  trades.push(trade);
  if (reading.waiting > 0 && trades.length < 1000) continue; // more trades for this transaction
  await store(trades);
  trades = [];
}
await sql.end();
