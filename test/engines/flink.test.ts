import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { beforeAll, expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { encodeConfluent } from '../../src/codec/wire-format.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import { createTopic } from '../../testing/kafka/create-topic.ts';
import { sharedBrokers, sharedRegistry } from '../../testing/kafka/kafka-broker.ts';
import { temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { buildFlink, runFlinkSql } from '../../testing/tools/flink.ts';
import { root } from '../../testing/tools/tools.ts';
import { dayFigures, tradesOf } from './figures.ts';
import { recordedHour } from './recorded-hour.ts';
import { documentedStatements } from './statements.ts';

const ANSWER = `CREATE TABLE answer (symbol STRING, \`date\` DATE, trades BIGINT, \`value\` DECIMAL(38, 18), \`first\` TIMESTAMP(3),
  \`last\` TIMESTAMP(3)) WITH ('connector' = 'print');`;

let brokers: string[];
let registry: string;
beforeAll(async () => {
  [brokers, registry] = await Promise.all([sharedBrokers(), sharedRegistry(), buildFlink()]);
});

async function publish(topic: string, trades: readonly TradeEvent[]): Promise<void> {
  const answer = await fetch(`${registry}/subjects/${topic}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: codecOf('trade').schemaJson }),
  });
  const { id } = (await answer.json()) as { id: number };
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await createTopic(admin, { topic, numPartitions: 2, replicationFactor: 1 });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({
    topic,
    messages: trades.map((trade) => ({ key: trade.symbol, value: encodeConfluent(trade, id) })),
  });
  await producer.disconnect();
}

/** The last row of each symbol and day that Flink prints: +I[BTCUSDT, 2026-11-24, 620, …] */
function lastRows(printed: string): object[] {
  const rows = new Map<string, object>();
  for (const [, row = ''] of printed.matchAll(/\+[IU]\[(.*)\]/g)) {
    const [symbol, date, trades, value = '', first, last] = row.split(', ');
    const micros = (time = '') => Date.parse(`${time}Z`) * 1000;
    const plain = value.replace(/\.?0+$/, '');
    rows.set(`${symbol} ${date}`, {
      ...{ symbol, date, trades: Number(trades), value: plain, first: micros(first), last: micros(last) },
    });
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

it('Flink, each symbol and day', async () => {
  const trades = tradesOf(recordedHour());
  const topic = `${randomUUID()}.trades`;
  await publish(topic, trades);
  const job = await readFile(join(root, 'deploy/flink/trade-stats.sql'), 'utf8');
  const tables = job
    .slice(0, job.indexOf('CREATE TABLE trade_stats'))
    .replace("'market.trades'", `'${topic}'`)
    .replace('localhost:9092', brokers.join(','))
    .replace('http://localhost:8081', registry)
    .replace("'unbounded'", "'latest-offset'");
  const [statement, ...others] = documentedStatements().filter(({ engine }) => engine === 'Flink');
  expect(others).toEqual([]);
  const file = join(await temporaryFolder(), 'answer.sql');
  const sql = ["SET 'restart-strategy.type' = 'none';", tables, ANSWER, `INSERT INTO answer ${statement?.code}`];
  await writeFile(file, sql.join('\n'));
  expect(lastRows(await runFlinkSql(file))).toEqual(dayFigures(trades));
}, 200_000);
