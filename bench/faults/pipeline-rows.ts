/**
 * The rows of the fault matrix for faults outside the venues: broker, disk, our own process, the clock, a client of the
 * gateway.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedStatus } from '../../src/domain/record.ts';
import { killRepeatedly } from '../../testing/processes/kill-repeatedly.ts';
import type { LoggedEvent } from '../../testing/processes/pipeline-process.ts';
import { runPython } from '../../testing/tools/python.ts';
import { AFTER_CLOSE_MS, type Row, type Scene, Skipped } from './row.ts';

const run = promisify(execFile);

const KILLS = 20;
const HOUR_MS = 3_600_000;
/** The sink must have taken the waiting records within this time. The pipeline logs their number every 30 s. */
const DRAINED_WITHIN_MS = 150_000;
/** At most this many records wait in normal operation. */
const FEW_WAITING = 5000;
/** Trades a second. Without a broker, memory then holds the records of only some seconds. */
const SPILLING_RATE = 8000;
const SPILLING_SECONDS = 40;
const SLEEPERS = 20;
/** The gateway closes a client that has read nothing for 30 s. */
const SLEEPERS_GONE_AFTER_S = 40;
const BINANCE: readonly VenueId[] = ['binance', 'bybit'];
const BYBIT: readonly VenueId[] = ['bybit', 'binance'];

const sinkDown = ({ state }: FeedStatus) => state === 'sink_unavailable';

function brokerOf({ broker }: Scene) {
  if (broker === undefined) throw new Error('the row has no broker of its own');
  return broker;
}

async function takeBrokerAway(scene: Scene, seconds: number, how: 'stop' | 'kill'): Promise<void> {
  const broker = brokerOf(scene);
  scene.markBegun();
  await broker[how]();
  await scene.wait(seconds);
  await broker.start();
  await untilSinkRecovered(scene);
}

/** Waits until the sink takes records again and has taken the waiting records. */
async function untilSinkRecovered(scene: Scene): Promise<void> {
  const { events } = scene.pipeline;
  const since = events.length;
  const isBack = () => events.some(({ event }) => event === 'sink_recovered');
  const isEmpty = () => events.slice(since).some((event) => event.event === 'status' && waitingIn(event) < FEW_WAITING);
  await scene.pipeline
    .until(() => isBack() && isEmpty(), 'the sink has taken what waited for it', DRAINED_WITHIN_MS)
    .catch((error: Error) => scene.complaints.push(error.message));
}

/** Records waiting for the broker, in memory or in the spill; Infinity while the sink is not up. */
function waitingIn({ sinks }: LoggedEvent): number {
  const { kafka } = sinks as { kafka: { state: string; queued: number } };
  return kafka.state === 'up' ? kafka.queued : Number.POSITIVE_INFINITY;
}

/** Starts a client that subscribes to all trades and prices and reads none. */
async function fallAsleep(url: string): Promise<void> {
  const socket = new WebSocket(new URL('/ws/', url.replace('http', 'ws')));
  socket.on('error', () => {});
  await once(socket, 'open');
  for (const channel of ['trades', 'prices']) socket.send(JSON.stringify({ op: 'subscribe', channel, symbols: ['*'] }));
  socket.pause();
}

function killRow(name: string, venues: readonly VenueId[], sink: 'kafka' | 'file', inGaps: 'none' | 'allowed'): Row {
  return {
    name,
    fault: `kill -9 at ${KILLS} moments, ${sink === 'file' ? 'files' : 'Kafka'}`,
    ...{ cut: 'all', venues, sink, expected: { inGaps } },
    act: async (scene) => {
      scene.markBegun();
      const seed = Math.floor(Math.random() * 2 ** 31);
      console.log(`${name}: kills at moments of seed ${seed}`);
      try {
        await killRepeatedly(scene.pipeline, () => scene.start(), { kills: KILLS, seed });
      } catch (error) {
        scene.complaints.push(error instanceof Error ? error.message : String(error));
      }
      await scene.untilServing(30_000).catch((error: Error) => scene.complaints.push(error.message));
    },
    afterwards: async (scene) => {
      scene.complaints.push(...(await damagedFiles(scene)));
    },
  };
}

/** Returns the topics of the file sink that fastavro cannot read, each with the reason; none for Kafka. */
async function damagedFiles({ store }: Pick<Scene, 'store'>): Promise<string[]> {
  if (store.kind === 'kafka') return [];
  const complaints: string[] = [];
  for (const topic of await readdir(store.dir)) {
    // The files of the folder's lock are hidden.
    if (topic.startsWith('.')) continue;
    const { stderr, code } = await runPython('read_files.py', [join(store.dir, topic)]);
    if (code !== 0) complaints.push(`fastavro cannot read ${topic}: ${stderr}`);
  }
  return complaints;
}

function clockRow(name: string, venues: readonly VenueId[], stepMs: number): Row {
  return {
    ...{ name, cut: 'none', venues, clockStepMs: stepMs },
    fault: `wall clock stepped by an hour ${stepMs > 0 ? 'forwards' : 'back'}`,
    expected: { inGaps: 'none', withinMs: AFTER_CLOSE_MS },
    act: async (scene) => {
      scene.markBegun();
      scene.pipeline.signal('SIGUSR2');
      await scene.wait(8);
    },
  };
}

/** Mounts a file system of 4 MB for the spill, so that it really fills up. */
async function smallFileSystem(folder: string): Promise<() => Promise<void>> {
  const dir = join(folder, 'spill');
  await mkdir(dir, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', dir]);
  } catch {
    throw new Skipped('a file system of a few MB takes root and mount');
  }
  return async () => {
    await run('umount', ['-l', dir]);
  };
}

/** Kills the process while records wait in memory and in the spill; the next process delivers the spill. */
async function killWithSpill(scene: Scene): Promise<void> {
  const broker = brokerOf(scene);
  scene.markBegun();
  await broker.stop();
  await scene.wait(SPILLING_SECONDS);
  await scene.pipeline.kill();
  scene.start();
  await scene.wait(3);
  await broker.start();
  await scene.untilServing(60_000).catch((error: Error) => scene.complaints.push(error.message));
  await scene.wait(10);
}

/** A rate at which memory cannot hold all records that wait for the sink. */
const SPILLING = {
  venues: ['binance'],
  cut: 'none',
  ownBroker: true,
  rate: SPILLING_RATE,
  noticedBy: sinkDown,
} as const;

/** Faults outside the venues: broker, disk, our own process, the clock. */
export const PIPELINE_ROWS: readonly Row[] = [
  {
    ...{ name: 'broker-stop/binance', fault: 'broker stopped for 60 s', cut: 'none', venues: BINANCE, ownBroker: true },
    ...{ noticedBy: sinkDown, expected: { inGaps: 'none', withinMs: 75_000 } },
    act: (scene) => takeBrokerAway(scene, 60, 'stop'),
  },
  ...[BINANCE, BYBIT].map(
    (venues): Row => ({
      ...{ name: `broker-kill/${venues[0]}`, fault: 'broker killed and restarted', cut: 'none', venues },
      ...{ ownBroker: true, noticedBy: sinkDown, expected: { inGaps: 'none', withinMs: 30_000 } },
      act: (scene) => takeBrokerAway(scene, 5, 'kill'),
    }),
  ),
  {
    ...{ ...SPILLING, name: 'spill/binance', fault: 'broker away for longer than memory holds' },
    expected: { inGaps: 'none' },
    act: (scene) => takeBrokerAway(scene, SPILLING_SECONDS, 'stop'),
  },
  {
    ...{ ...SPILLING, name: 'spill-full/binance', fault: 'broker away, and spill.max_mb (4) is reached' },
    ...{ spill: { max_mb: 4 }, expected: { inGaps: 'some', exitCode: 1 } },
    act: (scene) => takeBrokerAway(scene, SPILLING_SECONDS, 'stop'),
  },
  {
    ...{ ...SPILLING, name: 'disk-full/binance', fault: 'broker away, and the disk of the spill (4 MB) is full' },
    ...{ prepare: smallFileSystem, expected: { inGaps: 'some', exitCode: 1 } },
    act: (scene) => takeBrokerAway(scene, SPILLING_SECONDS, 'stop'),
  },
  {
    ...{ ...SPILLING, name: 'spill-kill/binance', fault: 'broker away, and kill -9 before it is back' },
    expected: { inGaps: 'allowed' },
    act: killWithSpill,
  },
  killRow('kill-kafka/binance', BINANCE, 'kafka', 'none'),
  killRow('kill-kafka/bybit', BYBIT, 'kafka', 'allowed'),
  killRow('kill-files/binance', BINANCE, 'file', 'none'),
  ...[BINANCE, BYBIT].flatMap((venues) => [
    clockRow(`clock-forwards/${venues[0]}`, venues, HOUR_MS),
    clockRow(`clock-back/${venues[0]}`, venues, -HOUR_MS),
  ]),
  {
    ...{ name: 'gateway-consumer', fault: 'a consumer of the gateway that stops reading', cut: 'none' },
    ...{ venues: BINANCE, gateway: true, expected: { inGaps: 'none' } },
    act: async (scene) => {
      const url = String(scene.pipeline.events.find(({ event }) => event === 'gateway')?.url);
      scene.markBegun();
      await Promise.all(Array.from({ length: SLEEPERS }, () => fallAsleep(url)));
      await scene.wait(SLEEPERS_GONE_AFTER_S);
      const status = (await (await fetch(new URL('/api/status', url))).json()) as { gateway: { clients: number } };
      const { clients } = status.gateway;
      if (clients > 0) scene.complaints.push(`${clients} clients that do not read are still there`);
    },
  },
];
