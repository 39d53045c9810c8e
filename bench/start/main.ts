/**
 * Measures the time from the start of `market-feed run` to its first trade in the topic, and the time of
 * `market-feed --version`: `node bench/start/main.ts`. It first starts a broker and a simulated venue; their starts are not measured. Flags: --runs N (5).
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';
import { startChild } from '../child.ts';
import { median } from '../measure.ts';
import { reportPart, type TargetResult } from '../part.ts';
import {
  loggedBy,
  PARTITIONS,
  type ProgramSetup,
  prepareProgram,
  schemaFile,
  startProgram,
  topicOf,
} from '../programs.ts';

const RATE = 2000;
const TARGET_MS = 400;
const VERSION_TARGET_MS = 120;
const PROGRAMS = ['kafkajs-1', 'platformatic-1'];

const { values: flags } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });
const folder = await mkdtemp(join(tmpdir(), 'market-feed-start-'));
const broker = await startBroker({ isForLong: true });
const load = startChild(join(import.meta.dirname, '..', 'load.ts'));

/** Milliseconds since the process was started. */
interface Start {
  /** When the program has been loaded and has read its configuration. */
  readonly loaded: number;
  readonly subscribed: number;
  readonly first: number;
}

async function measure(name: string, setup: ProgramSetup): Promise<Start> {
  await prepareProgram(name, setup);
  const reader = [setup.broker, topicOf(setup), String(PARTITIONS), schemaFile];
  const consumer = startChild(join(import.meta.dirname, '..', 'consumer.ts'), reader);
  await consumer.ask('counts');
  await until(async () => (await load.ask<number>('lines')) === 0, { message: 'all connections have ended' });
  const at = Date.now();
  const subject = await startProgram(name, setup);
  try {
    await until(async () => (await consumer.ask<number | undefined>('firstAt')) !== undefined, {
      timeoutMs: 30_000,
      message: 'the first trade arrives',
    });
    const first = await consumer.ask<number>('firstAt');
    await subject.stop();
    const logged = await loggedBy(setup);
    const when = (wanted: string) => Date.parse(String(logged.find(({ event }) => event === wanted)?.time)) - at;
    return { loaded: when('starting'), subscribed: when('subscribed'), first: first - at };
  } finally {
    await subject.stop();
    await consumer.end();
  }
}

/** Milliseconds that `market-feed --version` takes, without npx. */
async function measureVersion(): Promise<number> {
  const from = performance.now();
  await promisify(execFile)(process.execPath, [join(root, 'bin', 'market-feed.js'), '--version']);
  return performance.now() - from;
}

const starts: Record<string, Start[]> = {};
const versions: number[] = [];
try {
  const address = await load.ask<ProgramSetup['address']>('address');
  await load.ask('rate', RATE);
  // The first run of each program only warms up the machine.
  for (let run = 0; run <= Number(flags.runs); run++) {
    const version = await measureVersion();
    if (run > 0) versions.push(version);
    for (const name of PROGRAMS) {
      const setup = { address, broker: broker.brokers[0] as string, prefix: `${name}${run}.`, folder };
      const found = await measure(name, setup);
      console.log(`${name}, start ${run}: ${JSON.stringify(found)}`);
      if (run > 0) starts[name] = [...(starts[name] ?? []), found];
    }
  }
} finally {
  await load.end();
  await broker.close();
  await rm(folder, { recursive: true, force: true });
}

const of = (name: string, what: keyof Start): number => median((starts[name] ?? []).map((each) => each[what]));
const version = median(versions);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
await reportPart({
  title: 'From start to the first trade in the topic',
  text: [
    'Time from the start of the process, in the median of several starts: `node bench/start/main.ts`. A broker and a simulated venue run before it.',
    '',
    '| program | code is loaded | venue is subscribed | first trade is in the topic |',
    '| --- | --: | --: | --: |',
    ...PROGRAMS.map(
      (name) =>
        `| ${name} | ${seconds(of(name, 'loaded'))} | ${seconds(of(name, 'subscribed'))} | ${seconds(of(name, 'first'))} |`,
    ),
    '',
    `\`market-feed --version\` takes ${version.toFixed(0)} ms, without npx.`,
  ].join('\n'),
  targets: [
    ...PROGRAMS.map((name): TargetResult => {
      const found = of(name, 'first');
      return {
        measured: `time from the start of ${name} to the first trade in the topic`,
        found: seconds(found),
        target: `≤ ${seconds(TARGET_MS)}`,
        met: found <= TARGET_MS,
      };
    }),
    {
      measured: 'time of `market-feed --version`',
      found: `${version.toFixed(0)} ms`,
      target: `≤ ${VERSION_TARGET_MS} ms`,
      met: version <= VERSION_TARGET_MS,
    },
  ],
});
