/**
 * Measures what warm standbys cost: `node bench/cluster/main.ts`. Two instances share 60 coins at a simulated Bybit, once
 * without standbys and once with them, several times in turn. The report shows the CPU of a trade, the memory and the open
 * files of both instances together. Flags: --rate N (2000 trades a second), --seconds N (30), --rounds N (3).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { startChild } from '../child.ts';
import { median } from '../measure.ts';
import { reportPart } from '../part.ts';
import { cpuSecondsOf, handlesOf, memoryOf } from '../process-usage.ts';
import { SMALL_LOGS } from '../programs.ts';
import { COINS, startInstance, type VenueAddress } from './instance.ts';

/** Time until the instances have divided the shards, and the standbys have the data of a minute, milliseconds. */
const SETTLES_MS = 75_000;
const MAX_SHARE = 0.6;

const { values: flags } = parseArgs({
  options: {
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
  },
});
const folder = await mkdtemp(join(tmpdir(), 'market-feed-standbys-'));
const broker = await startBroker({ config: SMALL_LOGS, isForLong: true });
const load = startChild(join(import.meta.dirname, 'load.ts'), [String(COINS), flags.rate]);

interface Usage {
  readonly cpuMicroseconds: number;
  readonly memoryMiB: number;
  readonly files: number;
}

const without: Usage[] = [];
const withStandbys: Usage[] = [];
try {
  const address = await load.ask<VenueAddress>('address');
  for (let round = 0; round < Number(flags.rounds); round++) {
    without.push(await measure(0, round, address));
    withStandbys.push(await measure(1, round, address));
  }
} finally {
  await load.end();
  await broker.close();
  await rm(folder, { recursive: true, force: true });
}
const rowOf = (name: string, all: readonly Usage[]): string => {
  const middle = (of: (usage: Usage) => number) => median(all.map(of)).toFixed(0);
  return `| ${name} | ${middle(({ cpuMicroseconds }) => cpuMicroseconds)} | ${middle(({ memoryMiB }) => memoryMiB)} | ${middle(({ files }) => files)} |`;
};
const shares = withStandbys.map(({ cpuMicroseconds }, at) => cpuMicroseconds / (without[at]?.cpuMicroseconds ?? 0) - 1);
await reportPart({
  title: 'Warm standbys',
  text: [
    '| two instances | CPU of a trade, µs | memory, MiB | open files and sockets |',
    '| --- | --: | --: | --: |',
    rowOf('without standbys', without),
    rowOf('with standbys', withStandbys),
  ].join('\n'),
  targets: [
    {
      measured: "CPU of a standby, divided by the owner's",
      found: `${median(shares).toFixed(2)} (${shares.map((share) => share.toFixed(2)).join(', ')})`,
      target: `< ${MAX_SHARE}`,
      met: median(shares) < MAX_SHARE,
    },
  ],
});

/** Runs two instances, and measures both together. */
async function measure(standbys: 0 | 1, round: number, address: VenueAddress): Promise<Usage> {
  const prefix = `standbys-${standbys}-${round}.`;
  const options = { prefix, standbys, address, brokers: broker.brokers };
  const instances = await Promise.all(
    ['a', 'b'].map((name) => startInstance({ ...options, folder: join(folder, prefix + name) })),
  );
  try {
    await delay(SETTLES_MS);
    const cpuSeconds = async () => (await Promise.all(instances.map(({ pid }) => cpuSecondsOf(pid)))).reduce(sum);
    const before = await cpuSeconds();
    const madeBefore = await load.ask<number>('made');
    await delay(Number(flags.seconds) * 1000);
    const used = (await cpuSeconds()) - before;
    const made = (await load.ask<number>('made')) - madeBefore;
    const memory = await Promise.all(instances.map(({ pid }) => memoryOf(pid)));
    const files = await Promise.all(instances.map(({ pid }) => handlesOf(pid)));
    const memoryMiB = memory.map(({ now }) => now).reduce(sum);
    return { cpuMicroseconds: (used * 1e6) / made, memoryMiB, files: files.reduce(sum) };
  } finally {
    await Promise.all(instances.map((instance) => instance.stop()));
  }
}

function sum(a: number, b: number): number {
  return a + b;
}
