/**
 * Compares the CPU of a trade with the script's, both with many symbols and into Kafka, and measures the memory of a
 * symbol: `node bench/symbols/compared.ts`. Flags: --runs N (5), --rate N (20000 trades a second), --symbols N (2000).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { marketCoins } from '../../src/simulator/market/coins.ts';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { until } from '../../testing/tools/until.ts';
import { startChild } from '../child.ts';
import { median, untilFirstTrade } from '../measure.ts';
import { reportPart, type TargetResult } from '../part.ts';
import {
  formatOf,
  PARTITIONS,
  type ProgramSetup,
  prepareProgram,
  SCRIPT,
  SMALL_LOGS,
  startProgram,
  topicOf,
} from '../programs.ts';

const FEW = 20;
const OURS = ['kafkajs-1', 'platformatic-1'];
/** How long subscriptions with all symbols may take: Binance allows five requests a second. */
const SUBSCRIBED_MS = 3000;
const WARM_UP_MS = 8000;
const MEASURE_MS = 10_000;
const MAX_KIBIBYTES = 40;
/** Binance's limit for a connection. */
const MAX_STREAMS = 1024;

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    rate: { type: 'string', default: '20000' },
    symbols: { type: 'string', default: '2000' },
  },
});
const many = Number(flags.symbols);
const rate = Number(flags.rate);
const folder = await mkdtemp(join(tmpdir(), 'market-feed-symbols-'));
const broker = await startBroker({ config: SMALL_LOGS, isForLong: true });

interface Turn {
  /** Microseconds of CPU a trade. */
  readonly cpu: number;
  readonly residentMiB: number;
}

const turns: Record<string, Turn[]> = {};
try {
  for (let run = 1; run <= Number(flags.runs); run++) {
    for (const name of [SCRIPT, ...OURS]) await add(name, many, run);
    for (const name of OURS) await add(name, FEW, run);
  }
} finally {
  await broker.close();
  await rm(folder, { recursive: true, force: true });
}
const of = (name: string, symbols: number, what: keyof Turn) =>
  (turns[titleOf(name, symbols)] ?? []).map((turn) => turn[what]);
const targets = OURS.flatMap((name): readonly TargetResult[] => {
  const script = of(SCRIPT, many, 'cpu');
  const ratio = median(of(name, many, 'cpu').map((cpu, round) => cpu / (script[round] ?? Number.NaN)));
  const more = median(of(name, many, 'residentMiB')) - median(of(name, FEW, 'residentMiB'));
  const kibibytes = (more * 1024) / (many - FEW);
  return [
    {
      measured: `CPU of a trade with ${many} symbols, ${name} divided by ${SCRIPT}`,
      found: ratio.toFixed(2),
      target: '≤ 1',
      met: ratio <= 1,
    },
    {
      measured: `memory of a symbol, ${name}, KiB`,
      found: kibibytes.toFixed(0),
      target: `≤ ${MAX_KIBIBYTES}`,
      met: kibibytes <= MAX_KIBIBYTES,
    },
  ];
});
await reportPart({
  title: 'Many symbols, compared',
  text: [
    `Trades of ${many} symbols, ${rate} a second, into Kafka; medians of ${flags.runs} runs: \`node bench/symbols/compared.ts\`.`,
    '',
    '| program | CPU of a trade, µs | resident memory, MiB |',
    '| --- | --: | --: |',
    ...Object.entries(turns).map(([title, all]) => {
      const middle = (what: keyof Turn) => median(all.map((turn) => turn[what])).toFixed(1);
      return `| ${title} | ${middle('cpu')} | ${middle('residentMiB')} |`;
    }),
    '',
    `The memory of a symbol is the difference between ${many} and ${FEW} symbols, divided by ${many - FEW}.`,
  ].join('\n'),
  targets,
});

function titleOf(name: string, symbols: number): string {
  return `${name}, ${symbols} symbols`;
}

async function add(name: string, symbols: number, run: number): Promise<void> {
  const turn = await measure(name, symbols, run);
  const title = titleOf(name, symbols);
  console.log(`${title}, run ${run}: ${turn.cpu.toFixed(1)} µs CPU a trade, ${turn.residentMiB.toFixed(0)} MiB`);
  turns[title] ??= [];
  turns[title].push(turn);
}

async function measure(name: string, symbols: number, run: number): Promise<Turn> {
  const load = startChild(join(import.meta.dirname, '..', 'load.ts'), [JSON.stringify({ symbols })]);
  const lines = Math.ceil(symbols / MAX_STREAMS);
  const address = await load.ask<ProgramSetup['address']>('address');
  const markets = marketCoins(symbols);
  const setup = { address, broker: broker.brokers[0] as string, prefix: `${name}-${symbols}-${run}.`, folder, markets };
  await prepareProgram(name, setup);
  const reader = [setup.broker, topicOf(setup), String(PARTITIONS), formatOf(name)];
  const consumer = startChild(join(import.meta.dirname, '..', 'consumer.ts'), reader);
  const subject = await startProgram(name, setup);
  try {
    const received = async () => (await consumer.ask<{ received: number }>('counts')).received;
    await untilFirstTrade({ load, consumer, lines });
    await load.ask('rate', 0);
    await delay(SUBSCRIBED_MS);
    // The trades that were made before their symbols were subscribed.
    const early = (await load.ask<number>('sent')) - (await received());
    await load.ask('rate', rate);
    await delay(WARM_UP_MS);
    const before = { cpu: await subject.cpuSeconds(), received: await received() };
    await delay(MEASURE_MS);
    const trades = (await received()) - before.received;
    if (trades < 0.9 * rate * (MEASURE_MS / 1000)) throw new Error(`${name} delivered only ${trades} trades`);
    const cpu = (((await subject.cpuSeconds()) - before.cpu) / trades) * 1e6;
    const { now: residentMiB } = await subject.memory();
    await load.ask('rate', 0);
    await until(async () => (await load.ask<number>('sent')) - (await received()) === early, {
      message: 'all trades arrive',
    });
    return { cpu, residentMiB };
  } finally {
    await subject.stop();
    await consumer.end();
    await load.end();
  }
}
