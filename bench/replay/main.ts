/**
 * Compares `replay` of a capture of trades into files with JSON.parse of the same frames: `node bench/replay/main.ts`.
 * Flags: --frames N (500000), --runs N (5), --keep DIR.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CaptureWriter } from '../../src/capture/capture-writer.ts';
import { readCaptureParts } from '../../src/capture/read-capture.ts';
import { median } from '../measure.ts';
import { framesOf, instruments, tradesOfSymbols } from '../micro/frames.ts';
import { reportPart, type TargetResult } from '../part.ts';
import { layersOf, layersTable } from '../profile/layers.ts';

const TARGET = 0.3;
const START_MS = 1_760_000_000_000;
const FIRST_ID = 3_735_683_259;
const cli = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

const { values: flags } = parseArgs({
  options: {
    frames: { type: 'string', default: '500000' },
    runs: { type: 'string', default: '5' },
    keep: { type: 'string' },
  },
});
const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'market-feed-replay-')));
await mkdir(folder, { recursive: true });
const count = Number(flags.frames);
const nodeFlags = (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter((flag) => flag !== '');
const capture = join(folder, 'trades.capture.gz');
const config = join(folder, 'market-feed.yaml');

/** Two thousand trades a second, with contiguous ids. */
const trades = tradesOfSymbols(count).map((trade, index) => {
  const timestamp = START_MS + Math.floor(index / 2);
  const tradeId = `${FIRST_ID + Math.floor(index / instruments.length)}`;
  return { ...trade, timestamp, eventTime: timestamp, receivedAt: (timestamp + 1) * 1000, tradeId };
});
const frames = framesOf('binance', trades);
await writeCapture();
await writeFile(config, configuration());

const loops: number[] = [];
const reads: number[] = [];
const replays: number[] = [];
for (let run = 0; run <= Number(flags.runs); run++) {
  const [loop, read, replay] = [runParseLoop(), await runRead(), await runReplay(run)];
  console.log(`run ${run}: JSON.parse ${rate(loop)}, reading ${rate(read)}, replay ${rate(replay)} frames/s`);
  if (run === 0) continue;
  loops.push(loop);
  reads.push(read);
  replays.push(replay);
}
const layers = await profileReplay();
if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });

const [loop, replay] = [median(loops), median(replays)];
const result: TargetResult = {
  measured: 'frames/s of `replay` to files, divided by the frames/s of JSON.parse alone',
  found: (replay / loop).toFixed(2),
  target: `≥ ${TARGET}`,
  met: replay / loop >= TARGET,
};
await reportPart({
  title: 'Replay of a capture',
  text: [
    `| ${count.toLocaleString('en-US')} frames of trades | frames/s |`,
    '| --- | --: |',
    `| only JSON.parse of each frame, in memory | ${rate(loop)} |`,
    `| only reading the capture: gunzip, and find the frames | ${rate(median(reads))} |`,
    `| \`market-feed replay\` into Avro files, with gzip | ${rate(replay)} |`,
    '',
    layersTable([{ title: 'replay', layers, trades: count }]),
    '',
    "The second table splits the CPU of the replay's main thread, by V8's sampling profiler in a separate run. Command: `node bench/replay/main.ts`.",
  ].join('\n'),
  targets: [result],
});

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en-US');
}

/** Parses every frame with JSON.parse. Returns frames a second. */
function runParseLoop(): number {
  const from = performance.now();
  let last: unknown;
  for (const { data } of frames) last = JSON.parse((data as Buffer).toString());
  if (last === undefined) throw new Error('no frames');
  return count / ((performance.now() - from) / 1000);
}

/** Reads the capture as a replay does, without its pipeline. Returns frames a second. */
async function runRead(): Promise<number> {
  const from = performance.now();
  let read = 0;
  for await (const rows of readCaptureParts(capture, 'market-feed', { strict: true })) read += rows.length;
  if (read < count) throw new Error(`only ${read} of ${count} frames were read`);
  return count / ((performance.now() - from) / 1000);
}

/** Profiles a replay. Returns microseconds of the main thread by layer, without the start of the program. */
async function profileReplay(): Promise<ReadonlyMap<string, number>> {
  const file = 'replay.cpuprofile';
  const profiler = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${file}`];
  const seconds = count / (await runReplay(-1, [...nodeFlags, ...profiler]));
  const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as Profiler.Profile;
  const { startTime, endTime, samples = [], timeDeltas = [] } = profile;
  let at = startTime;
  let loaded = 0;
  while (loaded < timeDeltas.length && at < endTime - seconds * 1e6) at += timeDeltas[loaded++] as number;
  return layersOf({ ...profile, samples: samples.slice(loaded), timeDeltas: timeDeltas.slice(loaded) });
}

/** Runs `market-feed replay`. Returns frames a second by the program's own timing, without the start of Node. */
async function runReplay(run: number, flagsOfNode = nodeFlags): Promise<number> {
  const out = join(folder, `out${run}`);
  const child = spawn(process.execPath, [...flagsOfNode, cli, 'replay', capture, '--config', config, '--out', out], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`replay ended with exit code ${code}`);
  const { seconds, records } = JSON.parse(text) as { seconds: number; records: Record<string, number> };
  if (!Object.entries(records).some(([topic, many]) => topic.endsWith('trades') && many === count))
    throw new Error(`of ${count} trades came out ${JSON.stringify(records)}`);
  if ((await readdir(out)).length === 0) throw new Error('no files');
  await rm(out, { recursive: true, force: true });
  return count / seconds;
}

async function writeCapture(): Promise<void> {
  await rm(capture, { force: true });
  const writer = await CaptureWriter.create(capture, { startedMicros: START_MS * 1000, maxWaitingBytes: 2 ** 30 });
  writer.frame('binance:1', ack(1));
  for (const frame of frames) writer.frame('binance:1', frame);
  await writer.close();
}

/** The venue's answer to a subscription. */
function ack(id: number) {
  return { data: Buffer.from(`{"result":null,"id":${id}}`), binary: false, receivedAt: START_MS * 1000 };
}

function configuration(): string {
  return JSON.stringify({
    coins: instruments.map(({ coin }) => coin),
    feed: { venues: ['binance'], channels: ['trade'] },
    venues: { binance: { lines: 1 } },
    gateway: { enabled: false },
    log: { level: 'error' },
  });
}
