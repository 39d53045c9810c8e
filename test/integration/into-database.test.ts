import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import postgres from 'postgres';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { encodeSingleObject } from '../../src/codec/wire-format.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { Random } from '../../src/simulator/market/random.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { testSeed } from '../../testing/properties/seeds.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { startPostgres } from '../../testing/tools/postgres.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';
import { PublishedTopics } from '../client/published-topics.ts';
import { SteadyTrades } from '../client/steady-trades.ts';

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

const KILLS = isLong ? 20 : 1;
const PER_SECOND = 500;
/** Every third kill comes while the example starts, at most this long after the start, milliseconds. */
const STARTING_MS = 3000;
/** The other kills come at most this long after the example has written rows, milliseconds. */
const WRITING_MS = 2000;

/** A database into which an example writes. */
interface Written {
  /** The example and its last argument. */
  readonly example: readonly [file: string, database: string];
  /** The number of rows so far. */
  readonly count: () => Promise<number>;
  /** Each row as text, see `rowOf`. */
  readonly rows: () => Promise<readonly string[]>;
}

const rowOf = (...values: readonly unknown[]): string => values.join(' ');

async function sqlite(): Promise<Written> {
  const file = join(await temporaryFolder(), 'trades.db');
  const all = <T>(columns: string): T[] => {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      return database.prepare(`SELECT ${columns} FROM trades`).all() as T[];
    } finally {
      database.close();
    }
  };
  return {
    example: ['examples/into-sqlite.ts', file],
    count: async () => all<{ count: number }>('count(*) AS count')[0]?.count ?? 0,
    rows: async () =>
      all<Record<string, unknown>>('symbol, trade_id, timestamp, price, quantity').map((row) =>
        rowOf(...Object.values(row)),
      ),
  };
}

async function postgresql(): Promise<Written> {
  const server = await startPostgres();
  onTestFinished(() => server.close());
  const sql = postgres(server.url, { max: 1 });
  onTestFinished(() => sql.end());
  return {
    example: ['examples/into-postgres.ts', server.url],
    count: async () => Number((await sql`SELECT count(*) AS count FROM trades`)[0]?.count),
    rows: async () =>
      (
        await sql`SELECT symbol, trade_id, extract(epoch FROM timestamp) * 1000, trim_scale(price), trim_scale(quantity)
          FROM trades`.values()
      ).map(([symbol, id, timestamp, ...rest]) => rowOf(symbol, id, Number(timestamp), ...rest)),
  };
}

const DATABASES = { SQLite: sqlite, PostgreSQL: postgresql };
const TESTED = isLong ? (['SQLite', 'PostgreSQL'] as const) : (['SQLite'] as const);

function start({ example: [file, database] }: Written, prefix: string): ChildProcess {
  const child = spawn(process.execPath, [file, brokers.join(), database, '--prefix', prefix], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Writes trades that a reader of committed records must not see: their transaction is aborted. */
async function abortTrades(topic: string): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({ transactionalId: randomUUID(), idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  const transaction = await producer.transaction();
  const messages = [1, 2, 3].map((id) => ({ key: 'BTCUSDT', value: encodeSingleObject(tradeEvent(`aborted-${id}`)) }));
  await transaction.send({ topic, messages });
  await transaction.abort();
}

/** Each trade of the topic as a row. */
async function tradesOf(config: KafkaConfig, topic: string): Promise<string[]> {
  const rows: string[] = [];
  for await (const { record } of readTopic(config, topic, { from: 'beginning', follow: false }, () => {}))
    if (record.kind === 'trade')
      rows.push(rowOf(record.symbol, record.tradeId, record.timestamp, record.price, record.quantity));
  return rows;
}

it.each(TESTED)(
  'the example for %s writes each trade once, even if it is killed',
  async (name) => {
    const config = kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, partitions: 3 });
    const topic = `${config.topicPrefix}trades`;
    const topics = await PublishedTopics.open(config);
    onTestFinished(() => topics[Symbol.asyncDispose]());
    const written = await DATABASES[name]();
    const countOrNone = () => written.count().catch(() => 0); // the table may not exist yet
    const random = new Random(testSeed);
    const feed = new SteadyTrades(topics, PER_SECOND);
    onTestFinished(async () => void (await feed.stop()));
    for (let kill = 0; kill < KILLS; kill++) {
      const before = await countOrNone();
      const example = start(written, config.topicPrefix);
      const isStarting = kill % 3 === 2;
      if (!isStarting) await until(async () => (await countOrNone()) > before, { message: 'rows', timeoutMs: 60_000 });
      await Promise.race([delay(random.below(isStarting ? STARTING_MS : WRITING_MS)), once(example, 'exit')]);
      expect(example.exitCode).toBeNull();
      example.kill('SIGKILL');
      await once(example, 'exit');
      if (kill === 0) await abortTrades(topic);
    }
    const last = start(written, config.topicPrefix);
    const published = await feed.stop();
    let count = 0;
    const isWritten = async () => {
      count = await countOrNone();
      return count >= published.length;
    };
    await until(isWritten, { timeoutMs: 60_000, message: () => `${count} of ${published.length} rows` });
    last.kill('SIGTERM');
    expect(await once(last, 'exit')).toEqual([0, null]);
    const rows = await written.rows();
    expect(rows).toHaveLength(published.length);
    expect(rows.toSorted()).toEqual((await tradesOf(config, topic)).toSorted());
  },
  isLong ? 600_000 : 120_000,
);
