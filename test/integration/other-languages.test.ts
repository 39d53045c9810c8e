import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { glob, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { encodeSingleObject } from '../../src/codec/wire-format.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { createTopic, withAdmin } from '../../testing/kafka/with-admin.ts';
import { temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { sampleTrade } from '../../testing/records/sample-records.ts';
import { fillOnce, java, maven, SHORT_LIVED } from '../../testing/tools/java.ts';
import { root, tools } from '../../testing/tools/tools.ts';

const run = promisify(execFile);

const trades = [sampleTrade(), sampleTrade({ price: '0.000000000000000001', quantity: '500', isBuyerMaker: false })];
let readerArgs: readonly string[];

beforeAll(async () => {
  const brokers = await sharedBrokers();
  const topic = `trades-${randomUUID()}`;
  await withAdmin(brokers, (admin) => createTopic(admin, { topic, numPartitions: 1, replicationFactor: 1 }));
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const messages = trades.map((trade) => ({ key: trade.symbol, value: encodeSingleObject(trade) }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  readerArgs = [brokers.join(','), topic];
});

/** The lines that an example prints for the trades. It goes on reading, so it is ended after the last one. */
async function printed(cwd: string, command: string, ...args: readonly string[]): Promise<string[]> {
  const reader = spawn(command, [...args, ...readerArgs], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void reader.kill());
  const exited = once(reader, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface(reader.stdout)) {
    lines.push(line);
    if (lines.length === trades.length) break;
  }
  reader.kill();
  await exited;
  return lines;
}

it('examples/read_trades.go prints exact trades from Kafka', async () => {
  const examples = join(root, 'examples');
  const program = join(await temporaryFolder(), 'read_trades');
  await run('go', ['build', '-o', program, '.'], { cwd: examples });
  expect(await printed(examples, program)).toEqual([
    '2025-11-21T08:05:45.1Z BTCUSDT sell 61837.63 x 0.00292 at bybit',
    '2025-11-21T08:05:45.1Z BTCUSDT buy 0.000000000000000001 x 500 at bybit',
  ]);
});

it('examples/ReadTrades.java prints exact trades from Kafka', async () => {
  const libraries = join(await temporaryFolder(), 'libs');
  await maven('-f', join(root, 'examples/pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${libraries}`);
  expect(await printed(root, java, SHORT_LIVED, '-cp', join(libraries, '*'), 'examples/ReadTrades.java')).toEqual([
    '2025-11-21T08:05:45.100Z BTCUSDT sell 61837.63 x 0.00292 at bybit',
    '2025-11-21T08:05:45.100Z BTCUSDT buy 0.000000000000000001 x 500 at bybit',
  ]);
});

// Later versions accept two equal definitions of a type; 1.11 refuses them.
const AVRO_TOOLS = '1.11.4';

it('avro-tools makes a Java class of each schema', async () => {
  const folder = join(tools, 'avro-tools', AVRO_TOOLS);
  await fillOnce(folder, (fresh) =>
    maven('dependency:copy', `-Dartifact=org.apache.avro:avro-tools:${AVRO_TOOLS}`, `-DoutputDirectory=${fresh}`),
  );
  const schemas: string[] = [];
  for await (const file of glob(join(root, 'schemas/*.avsc'))) schemas.push(file);
  const classes = join(await temporaryFolder(), 'classes');
  await mkdir(classes);
  await run(java, ['-jar', join(folder, `avro-tools-${AVRO_TOOLS}.jar`), 'compile', 'schema', ...schemas, classes]);
  const made: string[] = [];
  for await (const file of glob(join(classes, 'market/feed/v1/*.java'))) made.push(basename(file, '.java'));
  expect(made).toEqual(expect.arrayContaining(['TradeEvent', 'BookDelta', 'FeedStatus', 'Heartbeat', 'Position']));
  expect(made.length).toBeGreaterThan(schemas.length);
});
