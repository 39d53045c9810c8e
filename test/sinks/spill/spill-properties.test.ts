import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedRecord } from '../../../src/domain/record.ts';
import type { Recent } from '../../../src/sinks/contract.ts';
import { SinkDriver } from '../../../src/sinks/driver/sink-driver.ts';
import { runs } from '../../../testing/properties/seeds.ts';
import { position, tick, trade } from '../fake-sink.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';
import { type Stored, StoringSink } from './storing-sink.ts';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;

const AMPLE = 10_000_000;
/** The schemas alone take most of these bytes. */
const TIGHT = 90_000;
/** Number of trades of a symbol that a start asks for. */
const LATELY = 7;

type Step =
  | { readonly push: number; readonly symbol: string }
  | { readonly tick: string }
  | { readonly epoch: string }
  | { readonly waitMs: number }
  | { readonly away: number }
  | { readonly back: true }
  | { readonly full: boolean }
  | { readonly stop: true }
  | { readonly kill: true };

const symbol = fc.constantFrom(...SYMBOLS);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 30 }), symbol }) },
  { weight: 2, arbitrary: fc.record({ tick: symbol }) },
  { weight: 1, arbitrary: fc.record({ epoch: symbol }) },
  { weight: 6, arbitrary: fc.record({ waitMs: fc.constantFrom(0, 20, 60, 300, 4000) }) },
  { weight: 3, arbitrary: fc.record({ away: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 2, arbitrary: fc.constant<Step>({ back: true }) },
  { weight: 1, arbitrary: fc.record({ full: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant<Step>({ stop: true }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kill: true }) },
);

/** A process. To kill it, a test marks its sink as dead and no longer uses it. */
class Run {
  readonly clock = new VirtualClock();
  readonly sink: StoringSink;
  readonly disk: MemoryDisk;
  readonly driver: SinkDriver;
  /** Id of the last pushed trade, by symbol. */
  readonly ids = new Map<string, number>();
  readonly epochs = new Map<string, number>();
  /** The recent records that the start found. */
  recent: Recent = { trades: [], windows: [], gaps: [], audits: [], whole: true };

  constructor(stored: Stored, disk: MemoryDisk, maxBytes: number) {
    this.disk = disk;
    this.sink = new StoringSink(stored);
    this.driver = new SinkDriver(this.sink, {
      scheduler: this.clock,
      maxBatch: 5,
      // Twice the records of one step, including an epoch, so the spill is used before memory is full.
      maxRecords: 64,
      spill: { dir: '', maxBytes, disk },
    });
  }

  async start(): Promise<void> {
    await this.clock.advance(0);
    const environmentPrefixes = [''];
    const checkpoints = await this.driver.resume({ environmentPrefixes, kinds: ['trade'] });
    const wanted = { environmentPrefixes, kind: 'trade', checkpoints, trades: LATELY, spanMs: 1 } as const;
    this.recent = await this.driver.recent(wanted);
    for (const { symbol, epoch, last } of checkpoints) {
      this.epochs.set(symbol, epoch);
      if (last) this.ids.set(symbol, Number(last.id));
    }
    // A symbol without a checkpoint is in epoch 1.
    for (const one of SYMBOLS) this.epochs.set(one, this.epochs.get(one) ?? 1);
  }

  pushTrade(of: string): void {
    const id = (this.ids.get(of) ?? 0) + 1;
    this.ids.set(of, id);
    this.driver.push(trade(id, of, { epoch: this.epochs.get(of) as number }));
  }
}

/** Checks that every trade is there once and in order, or in a gap that came before the next trade. */
function check(stored: Stored): void {
  for (const one of SYMBOLS) {
    let last = 0;
    let epoch = 0;
    const gaps: { from: number; to: number }[] = [];
    for (const { record } of stored) {
      if (!('symbol' in record) || record.symbol !== one) continue;
      if (record.kind === 'position') epoch = Math.max(epoch, record.epoch);
      if (record.kind === 'gap') gaps.push({ from: Number(record.fromId ?? 0), to: Number(record.toId ?? 1e9) });
      if (record.kind !== 'trade') continue;
      const id = Number(record.tradeId);
      expect(id, `${one} ${id} after ${last}`).toBeGreaterThan(last);
      if (record.epoch > 1) expect(epoch).toBeGreaterThanOrEqual(record.epoch);
      for (let missing = last + 1; missing < id; missing++) {
        const named = gaps.some(({ from, to }) => from < missing && missing < to);
        if (!named) expect.fail(`${one} ${missing} is missing between ${last} and ${id}, gaps ${JSON.stringify(gaps)}`);
      }
      last = id;
    }
  }
}

const idsOf = (trades: readonly FeedRecord[], one: string): string[] =>
  trades.flatMap((record) => (record.kind === 'trade' && record.symbol === one ? [record.tradeId] : []));

/** Checks that a start found the trades that were the last published ones at that time. */
function checkRecent({ trades }: Recent, stored: Stored): void {
  for (const one of SYMBOLS) {
    const found = idsOf(trades, one);
    const published = idsOf(
      stored.map(({ record }) => record),
      one,
    );
    const end = published.indexOf(found.at(-1) ?? '') + 1;
    expect(found).toEqual(published.slice(end - found.length, end));
    // A start may find more trades: all trades of its time span, which ends at the venue's last trade of any symbol.
    expect(found.length).toBeGreaterThanOrEqual(Math.min(LATELY, end));
  }
}

async function play(
  script: readonly Step[],
  maxBytes: number,
): Promise<{ stored: Stored; pushed: Map<string, number>; starts: Recent[] }> {
  const stored: Stored = [];
  const starts: Recent[] = [];
  let run = new Run(stored, new MemoryDisk(), maxBytes);
  await run.start();
  // By symbol, the last id before its latest epoch. With it, no second epoch begins at the same id, even if a kill lost
  // the epoch's first trade.
  const top = new Map<string, number>();
  const restart = async () => {
    run.sink.isDead = true;
    run = new Run(stored, run.disk, maxBytes);
    await run.start();
    starts.push(run.recent);
  };
  for (const step of script) {
    if ('push' in step) {
      for (let count = 0; count < step.push; count++) run.pushTrade(step.symbol);
      await run.clock.advance(0);
    } else if ('tick' in step)
      run.driver.push(tick(String(stored.length), step.tick, { epoch: run.epochs.get(step.tick) as number }));
    else if ('epoch' in step) {
      const id = run.ids.get(step.epoch);
      if (id === undefined || top.get(step.epoch) === id) continue;
      top.set(step.epoch, id);
      const epoch = (run.epochs.get(step.epoch) as number) + 1;
      run.epochs.set(step.epoch, epoch);
      run.driver.push(position(epoch, step.epoch), { barrier: true });
      run.pushTrade(step.epoch);
    } else if ('waitMs' in step) await run.clock.advance(step.waitMs);
    else if ('away' in step) {
      run.sink.isAway = true;
      run.sink.storesWhenAway = step.away;
    } else if ('back' in step) run.sink.comeBack();
    else if ('full' in step) run.disk.full = step.full;
    else if ('stop' in step) {
      const closed = run.driver.close({ timeoutMs: 100 });
      await run.clock.advance(3000);
      await closed;
      await restart();
    } else {
      await restart();
    }
    for (const one of SYMBOLS) {
      const checkpoint = run.ids.get(one);
      if (checkpoint === undefined) {
        const known = Math.max(
          0,
          ...stored.flatMap(({ record }) =>
            record.kind === 'trade' && record.symbol === one ? [Number(record.tradeId)] : [],
          ),
        );
        if (known > 0) run.ids.set(one, known);
      }
    }
  }
  run.disk.full = false;
  run.sink.comeBack();
  for (let round = 0; run.driver.stats().queued > 0; round++) {
    expect(round, `still ${JSON.stringify(run.driver.stats())}`).toBeLessThan(100);
    run.sink.comeBack();
    await run.clock.advance(1000);
  }
  await run.clock.advance(3000);
  expect(run.disk.exists()).toBe(false);
  return { stored, pushed: run.ids, starts };
}

describe('SinkDriver with a spill, under outages, crashes and full disks', () => {
  it('stores every trade once and in order, or reports it in a gap before the next trade', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { maxLength: 40 }),
        fc.constantFrom(AMPLE, AMPLE, TIGHT),
        async (script, maxBytes) => {
          const { stored, pushed, starts } = await play(script, maxBytes);
          check(stored);
          if (script.some((step) => 'full' in step) || maxBytes < AMPLE) return;
          for (const recent of starts) checkRecent(recent, stored);
          for (const [one, id] of pushed) {
            const last = stored.findLast(({ record }) => record.kind === 'trade' && record.symbol === one)?.record;
            expect(last?.kind === 'trade' && Number(last.tradeId)).toBe(id);
            expect(stored.filter(({ record }) => record.kind === 'gap')).toEqual([]);
          }
        },
      ),
      { numRuns: runs(2000) },
    );
  }, 120_000);
});
