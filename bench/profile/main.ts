/**
 * Measures where a pipeline spends CPU, by layer, on the work of `make bench`: `node bench/profile/main.ts`. ARGS:
 * --program NAME (platformatic-1), --rates N,N (2000,20000), --seconds N of a profile (8), --keep DIR (keeps the
 * profiles there, for the developer tools of a browser).
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { until } from '../../testing/tools/until.ts';
import { startChild } from '../child.ts';
import { WARM_UP_RATE } from '../measure.ts';
import { reportPart } from '../part.ts';
import { isOurs, linesOf, type ProgramSetup, prepareProgram, SMALL_LOGS, startProgram } from '../programs.ts';
import { LAYERS_NOTE, type Layers, layersTable, ProfiledProcess } from './layers.ts';

const WARM_UP_MS = 12_000;
const SETTLE_MS = 2000;

const { values: flags } = parseArgs({
  options: {
    program: { type: 'string', default: 'platformatic-1' },
    rates: { type: 'string', default: '2000,20000' },
    seconds: { type: 'string', default: '8' },
    keep: { type: 'string' },
  },
});
const name = flags.program;
if (!isOurs(name)) throw new Error(`no pipeline of ours: ${name}`);
const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-profile-')));
await mkdir(folder, { recursive: true });
const broker = await startBroker({ config: SMALL_LOGS, isForLong: true });
const load = startChild(join(import.meta.dirname, '..', 'load.ts'));
const columns: { title: string; layers: Layers; trades: number }[] = [];
try {
  const address = await load.ask<ProgramSetup['address']>('address');
  const setup = { address, broker: broker.brokers[0] as string, prefix: 'profile.', folder };
  await prepareProgram(name, setup);
  const profiled = new ProfiledProcess(folder, name);
  const subject = await startProgram(name, setup, profiled);
  try {
    await until(async () => (await load.ask<number>('lines')) === linesOf(name), {
      timeoutMs: 30_000,
      message: 'the lines are subscribed',
    });
    await load.ask('rate', WARM_UP_RATE);
    await delay(WARM_UP_MS);
    for (const rate of flags.rates.split(',').map(Number)) {
      await load.ask('rate', rate);
      await delay(SETTLE_MS);
      const made = () => load.ask<number>('sent');
      const seconds = Number(flags.seconds);
      const { layers, trades } = await profiled.layers(subject.pid, seconds * 1000, made);
      columns.push({ title: `at ${Math.round(trades / seconds)} trades/s`, layers, trades });
    }
  } finally {
    await subject.stop();
  }
} finally {
  await load.end();
  await broker.close();
}
if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });
await reportPart({
  title: `Where the CPU of ${name} goes`,
  text: `${layersTable(columns)}\n\n${LAYERS_NOTE}\nEach column is one run of \`node bench/profile/main.ts\`, without the start: before, the program ran for ${WARM_UP_MS / 1000} s at ${WARM_UP_RATE} trades/s.`,
  targets: [],
});
