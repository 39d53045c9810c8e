import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FeedRecord, TradeEvent } from '../../src/domain/record.ts';
import { sharedBrokers, sharedRegistry } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { buildFlink, runFlinkSql } from '../../testing/tools/flink.ts';
import { root } from '../../testing/tools/tools.ts';
import { outRecords } from '../sinks/out-records.ts';
import { dayFigures, tradesOf } from './figures.ts';
import { recordedHour, withFault, write } from './recorded-hour.ts';
import { documentedStatements } from './statements.ts';

const ANSWER = `CREATE TABLE answer (symbol STRING, \`date\` DATE, trades BIGINT, \`value\` DECIMAL(38, 18), \`first\` TIMESTAMP(3),
  \`last\` TIMESTAMP(3)) WITH ('connector' = 'print');`;

let brokers: string[];
let registry: string;
beforeAll(async () => {
  [brokers, registry] = await Promise.all([sharedBrokers(), sharedRegistry(), buildFlink()]);
});

/** Publishes records as a feed with a schema registry does. */
async function publish(topicPrefix: string, records: readonly FeedRecord[]): Promise<void> {
  const schemaRegistry = { url: registry, register: true, user: null, password: null, caFile: null };
  const sink = newKafkaSink(kafkaConfig(brokers, { topicPrefix, partitions: 2, schemaRegistry }));
  await write(sink, outRecords(...records));
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

/** The answer of the documented statement over a topic with these trades. */
async function answerOver(trades: readonly TradeEvent[]): Promise<object[]> {
  const prefix = `${randomUUID()}.`;
  await publish(prefix, trades);
  const job = await readFile(join(root, 'deploy/flink/trade-stats.sql'), 'utf8');
  const tables = job
    .slice(0, job.indexOf('CREATE TABLE trade_stats'))
    .replace("'market.trades'", `'${prefix}trades'`)
    .replace('localhost:9092', brokers.join(','))
    .replace('http://localhost:8081', registry)
    .replace("'unbounded'", "'latest-offset'");
  const [statement, ...others] = documentedStatements().filter(({ engine }) => engine === 'Flink');
  expect(others).toEqual([]);
  const file = join(await temporaryFolder(), 'answer.sql');
  const sql = ["SET 'restart-strategy.type' = 'none';", tables, ANSWER, `INSERT INTO answer ${statement?.code}`];
  await writeFile(file, sql.join('\n'));
  return lastRows(await runFlinkSql(file));
}

describe('Flink, each symbol and day', { timeout: 200_000 }, () => {
  const trades = tradesOf(recordedHour());
  const figures = dayFigures(trades);
  const { changed, shorter } = withFault(trades);

  it("answers with the feed's own figures", async () => {
    expect(await answerOver(trades)).toEqual(figures);
  });

  it.each([
    ['a quantity is larger by 10^-18', changed],
    ['a trade is missing', shorter],
  ])('shows that %s', async (_, faulty) => {
    const rows = await answerOver(faulty);
    expect(rows).toHaveLength(figures.length);
    expect(rows).not.toEqual(figures);
  });
});
