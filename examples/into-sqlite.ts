// Writes every trade of a feed into a SQLite database: each trade once, even if this process is killed at any moment.
//   node examples/into-sqlite.ts localhost:9092 trades.db
// One transaction has the trades and the offsets of the next records. A restart continues at these offsets.
// docs/databases.md has the rules. In your own project, import from 'market-feed/client'.
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { connectTopics, type RecordPosition, type TopicRecords } from '../src/client/index.ts';

type Trade = TopicRecords['trades'] & RecordPosition;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { prefix: { type: 'string', default: 'market.' } },
});
const [brokers, file] = positionals;
if (brokers === undefined || file === undefined) {
  console.error('into-sqlite: name the brokers (host:port,…) and a file');
  process.exit(2);
}

const database = new DatabaseSync(file, { timeout: 5000 }); // milliseconds to wait while another program writes
// Prices are text, because SQLite has no exact decimals. The primary key is the identity of a trade.
database.exec(`
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS trades (
    venue TEXT, symbol TEXT, trade_id TEXT, timestamp INTEGER,
    epoch INTEGER NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL, is_buyer_maker INTEGER NOT NULL,
    PRIMARY KEY (venue, symbol, trade_id, timestamp)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS next_offsets (
    topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
  ) STRICT, WITHOUT ROWID;
`);
const insertTrade = database.prepare('INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING');
const saveOffset = database.prepare('INSERT OR REPLACE INTO next_offsets VALUES (?, ?, ?)');

function store(trades: readonly Trade[]): void {
  database.exec('BEGIN IMMEDIATE');
  for (const { venue, symbol, tradeId, timestamp, epoch, price, quantity, isBuyerMaker } of trades)
    insertTrade.run(venue, symbol, tradeId, timestamp, epoch, price, quantity, isBuyerMaker ? 1 : 0);
  for (const { topic, partition, offset } of trades) saveOffset.run(topic, partition, offset + 1);
  database.exec('COMMIT');
}

const offsets = database
  .prepare('SELECT topic, partition, next_offset FROM next_offsets')
  .all()
  .map((row) => ({ topic: `${row.topic}`, partition: Number(row.partition), offset: Number(row.next_offset) }));
const market = await connectTopics({
  brokers: brokers.split(','),
  topicPrefix: values.prefix,
  withPosition: true,
  from: { offsets },
});
process.once('SIGINT', () => void market.close()).once('SIGTERM', () => void market.close());

const reading = market.read('trades');
let trades: Trade[] = [];
for await (const trade of reading) {
  trades.push(trade);
  if (reading.waiting > 0 && trades.length < 1000) continue; // more trades for this transaction
  store(trades);
  trades = [];
}
database.close();
