/**
 * Compares the Parquet sink with the Avro file sink on the same trades of 20 symbols: `node bench/parquet/main.ts`. The
 * time ends when all files are complete. It prints the medians of several rounds, for docs/parquet.md.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getOrCreate } from '../../src/domain/get-or-create.ts';
import { AvroFileSink } from '../../src/sinks/avro-file/sink.ts';
import type { OutRecord, Sink } from '../../src/sinks/contract.ts';
import { ParquetSink } from '../../src/sinks/parquet/sink.ts';
import { median } from '../measure.ts';
import { someTrades } from '../trades/some-trades.ts';

const ROUNDS = 3;
const TRADES = 500_000;
const SYMBOLS = 20;
const BATCH = 1000;

const records: readonly OutRecord[] = someTrades(TRADES).map((trade, index) => {
  const symbol = `COIN${index % SYMBOLS}USDT`;
  return { topic: 'trades', key: symbol, record: { ...trade, symbol, venueSymbol: symbol } };
});

const common = { rotateMb: 128, rotateMinutes: 60, now: Date.now };
const sinks: Readonly<Record<string, (dir: string) => Sink>> = {
  Avro: (dir) => new AvroFileSink({ ...common, dir, codec: 'deflate' }),
  Parquet: (dir) => new ParquetSink({ ...common, dir, closeTimeoutMs: Number.POSITIVE_INFINITY }),
};

async function measured(newSink: (dir: string) => Sink) {
  const dir = await mkdtemp(join(tmpdir(), 'market-feed-bench-'));
  const sink = newSink(dir);
  await sink.open();
  const startedAt = performance.now();
  const used = process.cpuUsage();
  for (let at = 0; at < TRADES; at += BATCH) await sink.write(records.slice(at, at + BATCH));
  const acknowledgedMs = performance.now() - startedAt;
  await sink.close();
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(used);
  const names = await readdir(join(dir, 'trades'), { recursive: true });
  const sizes = await Promise.all(names.map((name) => stat(join(dir, 'trades', name))));
  const bytes = sizes.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
  await rm(dir, { recursive: true });
  return { ms, acknowledgedMs, cpuMs: (user + system) / 1000, bytes };
}

const rounds = new Map<string, Awaited<ReturnType<typeof measured>>[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, newSink] of Object.entries(sinks)) {
    const of = getOrCreate(rounds, name, () => []);
    of.push(await measured(newSink));
  }
}
const perSecond = (ms: readonly number[]): string => Math.round((TRADES / median(ms)) * 1000).toLocaleString('en');
console.log(
  `| sink | trades/s until all files are complete | acknowledged trades/s | CPU µs a trade | bytes a trade |`,
);
console.log('|---|---|---|---|---|');
for (const [name, of] of rounds) {
  const cpu = (median(of.map(({ cpuMs }) => cpuMs)) / TRADES) * 1000;
  const bytes = (of[0]?.bytes ?? 0) / TRADES;
  const cells = [perSecond(of.map(({ ms }) => ms)), perSecond(of.map(({ acknowledgedMs }) => acknowledgedMs))];
  console.log(`| ${[name, ...cells, cpu.toFixed(1), bytes.toFixed(1)].join(' | ')} |`);
}
console.log(`Highest resident memory: ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
