import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncScheduler } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AggTrade, TradeEvent } from '../../../src/domain/record.ts';
import type { TradeKind } from '../../../src/domain/trade-id.ts';
import type { OutRecord, Recent, SeriesCheckpoint } from '../../../src/sinks/contract.ts';
import type { DriverOptions } from '../../../src/sinks/driver/driver-options.ts';
import { SinkDriver } from '../../../src/sinks/driver/sink-driver.ts';
import { FolderInUse } from '../../../src/sinks/folder-fault.ts';
import type { SpillOptions } from '../../../src/sinks/spill/spill-options.ts';
import { sampleTradeStats } from '../../../testing/records/sample-records.ts';
import { gap, position, pushAll, short, tick, trade } from '../fake-sink.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';
import { type Stored, StoringSink } from './storing-sink.ts';

interface Process {
  readonly clock: VirtualClock;
  readonly sink: StoringSink;
  readonly driver: SinkDriver;
  readonly disk: MemoryDisk;
  readonly events: string[];
  readonly checkpoints: readonly SeriesCheckpoint[];
}

async function start(
  stored: Stored = [],
  disk = new MemoryDisk(),
  { spill, ...options }: Partial<Omit<DriverOptions, 'spill'>> & { readonly spill?: Partial<SpillOptions> } = {},
  kind: TradeKind = 'trade',
): Promise<Process> {
  const clock = new VirtualClock();
  const sink = new StoringSink(stored);
  const events: string[] = [];
  const driver = new SinkDriver(sink, {
    scheduler: clock,
    maxBatch: 10,
    onSpill: (event, reason) => events.push(`${event}: ${reason}`),
    ...options,
    spill: { dir: '', maxBytes: 10_000_000, disk, ...spill },
  });
  await clock.advance(0);
  const checkpoints = await driver.resume({ environmentPrefixes: [''], kinds: [kind] });
  return { clock, sink, driver, disk, events, checkpoints };
}

/** The disk that a killed process leaves. */
const killed = ({ disk, sink }: Process): MemoryDisk => {
  sink.isDead = true;
  return disk;
};

const trades = (from: number, to: number, epoch = 1): OutRecord[] =>
  Array.from({ length: to - from + 1 }, (_, index) => trade(from + index, 'BTCUSDT', { epoch }));

/** The statistics of a second. */
const window = (second: number): OutRecord => {
  const windowEnd = 1_732_000_000_000 + second * 1000;
  const of = { venue: 'binance', windowMs: 1000, windowStart: windowEnd - 1000, windowEnd };
  return { topic: 'trade-stats', key: 'BTCUSDT', record: sampleTradeStats(of) };
};

/** An aggregated trade of one trade. */
const aggregated = (out: OutRecord): OutRecord => {
  const { tradeId } = out.record as TradeEvent;
  const ids = { firstTradeId: tradeId, lastTradeId: tradeId };
  return { ...out, topic: 'agg-trades', record: { ...out.record, ...ids, kind: 'agg_trade' } as AggTrade };
};

const texts = (stored: readonly OutRecord[]): string => stored.map(short).join(' ');

/** Makes the sink unavailable, and waits until pushed records go to the spill. */
async function away(process: Process): Promise<void> {
  process.sink.isAway = true;
  process.driver.push(trade(0, 'XRPUSDT'));
  await process.clock.advance(4000);
}

describe('a spill during an outage of the sink', () => {
  it('keeps memory use bounded, and delivers all records in order after the outage', async () => {
    const stored: Stored = [];
    const run = await start(stored, new MemoryDisk(), { maxRecords: 1000 });
    await away(run);
    let longest = 0;
    for (let id = 1; id <= 20_000; id += 10) {
      pushAll(run.driver, trades(id, id + 9));
      await run.clock.advance(60);
      const { queued, spill } = run.driver.stats();
      longest = Math.max(longest, queued - (spill?.records ?? 0));
    }
    expect(longest).toBeLessThan(20);
    expect(run.driver.stats()).toMatchObject({ state: 'down', dropped: {}, spill: { records: 20_000 } });
    expect(run.driver.stats().reason).toContain('records go to the spill');
    run.sink.comeBack();
    await run.clock.advance(1000);
    expect(texts(stored)).toBe(texts([trade(0), ...trades(1, 20_000)]));
    expect(run.driver.stats()).toMatchObject({
      state: 'up',
      queued: 0,
      spill: { records: 0, bytes: 0, oldestMs: null },
    });
    expect(run.events.at(-1)).toContain('drained');
    expect(run.disk.exists()).toBe(false);
  });

  it('keeps barriers, and only the newest of the ticks that wait together', async () => {
    const stored: Stored = [];
    const run = await start(stored);
    await away(run);
    pushAll(run.driver, [trade(1), tick('1')]);
    await run.clock.advance(100);
    run.driver.push(tick('2'));
    run.driver.push(position(2), { barrier: true });
    pushAll(run.driver, [trade(2, 'BTCUSDT', { epoch: 2 }), tick('3', 'BTCUSDT', { epoch: 2 })]);
    await run.clock.advance(100);
    run.sink.comeBack();
    await run.clock.advance(1000);
    expect(texts(stored)).toBe('t0 t1 p2 e2 t2 p3');
    expect(run.driver.stats().conflated).toBe(1);
  });
});

describe('a full disk while the sink comes back for two batches', () => {
  it('loses no record that is read back and has to wait again', async () => {
    const stored: Stored = [];
    const run = await start(stored, new MemoryDisk(), { maxRecords: 4000 });
    run.disk.full = true;
    run.sink.isAway = true;
    pushAll(run.driver, trades(1, 3000));
    await run.clock.advance(4000);
    // The sink takes two batches. Then the records that the disk refused are in memory again. They are spilled again,
    // because half of the memory is used.
    run.sink.takes = 1;
    run.sink.comeBack();
    await run.clock.advance(100);
    expect(stored).toHaveLength(20);
    run.disk.full = false;
    pushAll(run.driver, trades(3001, 3500));
    await run.clock.advance(4000);
    run.sink.takes = Number.POSITIVE_INFINITY;
    run.sink.comeBack();
    await run.clock.advance(4000);
    expect(texts(stored)).toBe(texts(trades(1, 3500)));
  });
});

describe('the recent records at a start with a spill', () => {
  const ask = ({ driver, checkpoints }: Process, trades = 4): Promise<Recent> =>
    driver.recent({ environmentPrefixes: [''], kind: 'trade', checkpoints, trades, spanMs: 10 });
  const idsOf = ({ trades: found }: Recent): string => found.map(({ tradeId }) => tradeId).join(' ');

  it('are the records in the sink, followed by the spilled records that it lacks', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    first.sink.isAway = true;
    first.sink.storesWhenAway = 3;
    pushAll(first.driver, [...trades(1, 4), window(0), trade(5), window(1)]);
    await first.clock.advance(4000);
    expect(texts(stored)).toBe('t1 t2 t3');
    const second = await start(stored, killed(first));
    const recent = await ask(second, 9);
    expect(idsOf(recent)).toBe('1 2 3 4 5');
    expect(recent.windows).toEqual([window(0).record, window(1).record]);
    expect(recent.whole).toBe(true);
  });

  it('contain no record twice that leaves the spill meanwhile, and no more than requested', async () => {
    const stored: Stored = [];
    const first = await start(stored, new MemoryDisk(), { maxRecords: 1_000_000 });
    first.sink.isAway = true;
    pushAll(first.driver, trades(1, 12_000));
    await first.clock.advance(4000);
    const second = await start(stored, killed(first));
    // Batches are sent while the test reads the spill.
    const before = stored.length;
    const asked = ask(second, 1000);
    await second.clock.advance(10);
    expect(idsOf(await asked)).toBe(
      trades(11_001, 12_000)
        .map(({ record }) => (record.kind === 'trade' ? record.tradeId : ''))
        .join(' '),
    );
    expect(before).toBeLessThan(100);
    expect(stored).toHaveLength(12_000);
  });

  it('are marked as incomplete if a spilled record is unreadable', async () => {
    const first = await start();
    await away(first);
    pushAll(first.driver, trades(1, 9));
    await first.clock.advance(100);
    const disk = killed(first);
    disk.database.exec("UPDATE record SET body = zeroblob(length(body)) WHERE key = 'BTCUSDT' AND seq = 8");
    const second = await start([], disk);
    expect((await ask(second)).whole).toBe(false);
  });
});

describe('a spill after the end of its process', () => {
  it('delivers the records that the sink lacks after a kill, and resumes from its end', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    first.sink.isAway = true;
    first.sink.storesWhenAway = 3;
    pushAll(first.driver, trades(1, 8));
    await first.clock.advance(4000);
    first.driver.push(position(2), { barrier: true });
    pushAll(first.driver, trades(9, 12, 2));
    await first.clock.advance(100);
    expect(texts(stored)).toBe('t1 t2 t3');
    const second = await start(stored, killed(first));
    expect(second.checkpoints).toMatchObject([{ symbol: 'BTCUSDT', epoch: 2, last: { id: '12' } }]);
    second.driver.push(trade(13, 'BTCUSDT', { epoch: 2 }));
    await second.clock.advance(1000);
    expect(texts(stored)).toBe('t1 t2 t3 t4 t5 t6 t7 t8 e2 t9 t10 t11 t12 t13');
  });

  it('resumes aggregated trades alone if no others are asked for', async () => {
    const first = await start([], undefined, {}, 'agg_trade');
    await away(first);
    first.driver.push(position(2), { barrier: true });
    first.driver.push(aggregated(trade(9, 'BTCUSDT', { epoch: 2 })));
    await first.clock.advance(100);
    const second = await start([], killed(first), {}, 'agg_trade');
    const checkpoints = second.checkpoints.filter(({ symbol }) => symbol === 'BTCUSDT');
    expect(checkpoints).toMatchObject([{ kind: 'agg_trade', epoch: 2, last: { id: '9' } }]);
  });

  it('skips trades and prices that another process has overtaken, and delivers the later ones', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    pushAll(first.driver, trades(1, 2));
    await first.clock.advance(100);
    first.sink.isAway = true;
    const at = (id: number) => ({ timestamp: 1_732_000_000_000 + id });
    pushAll(first.driver, [...trades(3, 5), tick('5', 'BTCUSDT', at(5)), tick('9', 'ETHUSDT', at(9))]);
    await first.clock.advance(4000);
    pushAll(first.driver, [...trades(6, 8), tick('8', 'BTCUSDT', at(8))]);
    await first.clock.advance(100);
    const disk = killed(first);
    // The other machine published trade 4 in a gap that it could not fill, and continued.
    stored.push(...trades(3, 3), ...trades(5, 7), tick('7', 'BTCUSDT', at(7)));
    const second = await start(stored, disk);
    await second.clock.advance(1000);
    expect(texts(stored)).toBe('t1 t2 t3 t5 t6 t7 p7 p9 t8 p8');
  });

  it('is drained at once if another process has overtaken all its records', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    first.sink.isAway = true;
    pushAll(first.driver, [trade(3), tick('3', 'BTCUSDT', { timestamp: 1_732_000_000_003 })]);
    await first.clock.advance(4000);
    const disk = killed(first);
    stored.push(...trades(3, 9));
    const second = await start(stored, disk);
    expect(second.driver.stats().queued).toBe(0);
    second.driver.push(trade(10));
    await second.clock.advance(1000);
    expect(texts(stored)).toBe('t3 t4 t5 t6 t7 t8 t9 t10');
  });

  it('skips a gap that was never sent if another process has passed it', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    first.sink.isAway = true;
    pushAll(first.driver, [trade(3), gap(3, 5), trade(5)]);
    await first.clock.advance(4000);
    pushAll(first.driver, [gap(5, 8), trade(8), gap(8, 12), trade(12)]);
    await first.clock.advance(100);
    const disk = killed(first);
    stored.push(...trades(3, 9));
    const second = await start(stored, disk);
    await second.clock.advance(1000);
    expect(texts(stored.slice(7))).toBe(texts([gap(3, 5), gap(8, 12), trade(12)]));
  });

  it.each([
    ['continued the previous epoch past their start', 1, 'binance'],
    ['started the same epoch at another venue', 2, 'bybit'],
  ] as const)('drops its later epochs if another process %s', async (_, epoch, venue) => {
    const stored: Stored = [];
    const at = (second: number) => ({ timestamp: 1_732_000_000_000 + second * 1000 });
    const of = (ids: readonly number[], over: Parameters<typeof trade>[2] = {}) =>
      ids.map((id) => trade(id, 'BTCUSDT', { ...at(id), ...over }));
    const first = await start(stored);
    pushAll(first.driver, [position(1), ...of([1, 2])]);
    await first.clock.advance(100);
    first.sink.isAway = true;
    pushAll(first.driver, of([3, 4]));
    await first.clock.advance(4000);
    first.driver.push(position(2, 'BTCUSDT', at(5)), { barrier: true });
    pushAll(first.driver, [...of([6, 7], { epoch: 2 }), tick('7', 'BTCUSDT', { ...at(7), epoch: 2 })]);
    first.driver.push({ ...window(7), record: { ...window(7).record, epoch: 2 } as OutRecord['record'] });
    first.driver.push(position(3, 'BTCUSDT', at(30)), { barrier: true });
    pushAll(first.driver, [...of([31], { epoch: 3 }), trade(1, 'ETHUSDT', at(31))]);
    await first.clock.advance(100);
    const disk = killed(first);
    const other = epoch === 1 ? [] : [position(epoch, 'BTCUSDT', { venue, ...at(11) })];
    stored.push(...of([3, 4, 5, 6, 7, 8, 9]), ...other, ...of([12, 13], { epoch, venue }));
    const taken = stored.length;
    const second = await start(stored, disk);
    expect(second.checkpoints).toContainEqual(expect.objectContaining({ epoch, venue, last: { id: '13', ...at(13) } }));
    expect(second.checkpoints.filter(({ symbol }) => symbol === 'BTCUSDT').map((one) => one.epoch)).toEqual([epoch]);
    await second.clock.advance(1000);
    expect(stored.slice(taken).map(({ key, record }) => `${key} ${record.kind}`)).toEqual(['ETHUSDT trade']);
  });

  it('delivers a gap after a kill even if the aggregated trades in the sink are past it', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    pushAll(first.driver, [trade(5), aggregated(trade(9))]);
    await first.clock.advance(100);
    await away(first);
    pushAll(first.driver, [gap(5, 8), trade(8), trade(9)]);
    await first.clock.advance(100);
    const second = await start(stored, killed(first));
    await second.clock.advance(1000);
    expect(texts(stored.slice(2))).toContain('gap t8 t9');
  });

  it('stores the undelivered records at a close, and the close reports their number', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    first.sink.isAway = true;
    pushAll(first.driver, trades(1, 25));
    await first.clock.advance(0);
    const closed = first.driver.close({ timeoutMs: 500 });
    await first.clock.advance(2000);
    expect(await closed).toEqual({ undelivered: 0, spilled: 25 });
    const second = await start(stored, killed(first));
    await second.clock.advance(100);
    expect(texts(stored)).toBe(texts(trades(1, 25)));
  });

  it('leaves no record to deliver again if the driver closes as soon as all are delivered', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    await away(first);
    pushAll(first.driver, [trade(1), window(1), window(2)]);
    await first.clock.advance(100);
    first.sink.comeBack();
    while (stored.length < 4) await first.clock.advance(1);
    const closed = first.driver.close({ timeoutMs: 500 });
    await first.clock.advance(2000);
    expect(await closed).toEqual({ undelivered: 0, spilled: 0 });
    const disk = killed(first);
    expect(disk.exists()).toBe(false);
    const second = await start(stored, disk);
    await second.clock.advance(1000);
    expect(texts(stored)).toBe('t0 t1 trade_stats trade_stats');
  });

  it('does not delay a close while a start still reads the checkpoints', async () => {
    class SilentSink extends StoringSink {
      override checkpoints(): Promise<never> {
        return new Promise(() => {});
      }
    }
    const clock = new VirtualClock();
    const spill = { dir: '', maxBytes: 10_000_000, disk: new MemoryDisk() };
    const driver = new SinkDriver(new SilentSink([]), { scheduler: clock, spill });
    await clock.advance(0);
    driver.resume({ environmentPrefixes: [''], kinds: ['trade'] as const }).catch(() => {});
    await clock.advance(0);
    let isClosed = false;
    void driver.close({ timeoutMs: 500 }).then(() => {
      isClosed = true;
    });
    await clock.advance(0);
    expect(isClosed).toBe(true);
  });

  it('reports the lost records of a close on a full disk', async () => {
    const run = await start();
    run.sink.isAway = true;
    run.disk.full = true;
    pushAll(run.driver, trades(1, 25));
    await run.clock.advance(0);
    const closed = run.driver.close({ timeoutMs: 500 });
    await run.clock.advance(2000);
    expect(await closed).toEqual({ undelivered: 25, spilled: 0 });
    expect(run.events).toContain('failing: ENOSPC: by the test');
  });

  it('uses the order of the spill if trade ids start again', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    first.sink.isAway = true;
    first.sink.storesWhenAway = 4;
    const later = { timestamp: 1_732_000_900_000 };
    pushAll(first.driver, [...trades(1000, 1002), ...[1, 2, 3].map((id) => trade(id, 'BTCUSDT', later))]);
    await first.clock.advance(4000);
    const second = await start(stored, killed(first));
    await second.clock.advance(100);
    expect(texts(stored)).toBe('t1000 t1001 t1002 t1 t2 t3');
  });

  it('refuses a database of another version, and names the version', async () => {
    const first = await start();
    await away(first);
    const disk = killed(first);
    disk.database.exec('PRAGMA user_version = 9');
    await expect(start([], disk)).rejects.toThrow(/was written by another version \(9\)/);
  });
});

describe('an unreadable record in a spill', () => {
  it('is replaced by a gap, and all other records are delivered', async () => {
    const stored: Stored = [];
    const first = await start(stored);
    await away(first);
    pushAll(first.driver, trades(1, 20));
    await first.clock.advance(100);
    const disk = killed(first);
    disk.database.exec("UPDATE record SET body = zeroblob(length(body)) WHERE key = 'BTCUSDT' AND seq = 8");
    const second = await start(stored, disk);
    await second.clock.advance(1000);
    const ids = stored.flatMap(({ record }) =>
      record.kind === 'trade' && record.symbol === 'BTCUSDT' ? [Number(record.tradeId)] : [],
    );
    expect(ids).toHaveLength(19);
    const missing = [...Array(20).keys()].map((index) => index + 1).find((id) => !ids.includes(id)) as number;
    const gap = stored.find(({ record }) => record.kind === 'gap');
    expect(gap?.record).toMatchObject({
      fromId: `${missing - 1}`,
      toId: `${missing + 1}`,
      missing: null,
      outcome: 'unknown',
    });
    expect(second.driver.stats().spill).toMatchObject({ records: 0, broken: 1 });
  });
});

describe('the size limit of a spill', () => {
  it('drops ticks before trades, and reports the dropped trades in a gap before the next trade', async () => {
    const stored: Stored = [];
    const run = await start(stored, new MemoryDisk(), { spill: { maxBytes: 190_000 } });
    run.driver.push(trade(1));
    await run.clock.advance(100);
    await away(run);
    for (let id = 2; id <= 2000; id++) {
      pushAll(run.driver, [trade(id), tick(String(id), 'BTCUSDT', { epoch: id })]);
      if (id % 20 === 0) await run.clock.advance(60);
      const { dropped, spill } = run.driver.stats();
      expect(spill?.bytes).toBeLessThanOrEqual(190_000);
      if ((dropped.trades ?? 0) > 0 && (dropped.prices ?? 0) === 0) expect.fail('a trade went before a tick');
    }
    await run.clock.advance(60);
    const { dropped } = run.driver.stats();
    run.sink.comeBack();
    await run.clock.advance(1000);
    const kept = stored.filter(({ record }) => record.kind === 'trade' && record.symbol === 'BTCUSDT').map(short);
    expect(kept.length + (dropped.trades as number)).toBe(2000);
    expect(kept.at(-1)).toBe('t2000');
    const at = stored.findIndex(({ record }) => record.kind === 'gap');
    expect(stored[at]?.record).toMatchObject({
      fromId: '1',
      toId: (kept[1] as string).slice(1),
      missing: dropped.trades,
      filled: 0,
      outcome: 'unrepaired',
      environment: 'simulated',
    });
    expect(stored.filter(({ record }) => record.kind === 'gap')).toHaveLength(1);
    expect(stored.findIndex((record) => short(record) === kept[1])).toBeGreaterThan(at);
  });
});

describe('a full disk during an outage of the sink', () => {
  it('is reported, and records stay in memory up to the limit until the disk has room', async () => {
    const stored: Stored = [];
    const run = await start(stored, new MemoryDisk(), { maxRecords: 100 });
    run.disk.full = true;
    await away(run);
    pushAll(run.driver, trades(1, 200));
    await run.clock.advance(5000);
    expect(run.events).toContain('failing: ENOSPC: by the test');
    expect(run.driver.stats().dropped).toEqual({ trades: 100 });
    run.disk.full = false;
    await run.clock.advance(2000);
    expect(run.events.at(-1)).toContain('takes records again');
    expect(run.driver.stats().spill?.records).toBe(100);
    const second = await start(stored, killed(run));
    await second.clock.advance(1000);
    const [, gap, ...rest] = stored;
    expect(gap?.record).toMatchObject({ kind: 'gap', fromId: null, toId: '101', missing: 100 });
    expect(texts(rest)).toBe(texts(trades(101, 200)));
  });
});

describe('a spill in real files', () => {
  it('prevents the start if its folder is unusable or in use, before the sink is opened', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'market-feed-spill-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const opened: string[] = [];
    const start = (folder: string) => {
      const sink = new StoringSink([]);
      sink.open = async () => void opened.push(folder);
      return new SinkDriver(sink, { scheduler: asyncScheduler, spill: { dir: folder, maxBytes: 2 ** 20 } });
    };
    const first = start(dir);
    await first.opened;
    const second = start(dir);
    await expect(second.opened).rejects.toThrow(FolderInUse);
    const third = start('/dev/null/spill');
    await expect(third.opened).rejects.toThrow('spill: ENOTDIR');
    for (const driver of [second, third, first]) await driver.close({ timeoutMs: 0 });
    const fourth = start(dir);
    await fourth.opened;
    await fourth.close({ timeoutMs: 0 });
    expect(opened).toEqual([dir, dir]);
  });

  it('survives an outage and a kill, and delivers every trade in order', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'market-feed-spill-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const stored: Stored = [];
    const options = { scheduler: asyncScheduler, spill: { dir, maxBytes: 2 ** 26 }, maxRecords: 2000 };
    const resume = { environmentPrefixes: [''], kinds: ['trade'] as const };
    const sink = new StoringSink(stored);
    const first = new SinkDriver(sink, options);
    await first.opened;
    await first.resume(resume);
    sink.isAway = true;
    for (let id = 1; id <= 20_000; id += 500) {
      pushAll(first, trades(id, id + 499));
      await expect.poll(() => first.stats().queued - (first.stats().spill?.records ?? 0)).toBeLessThan(1900);
    }
    await expect.poll(() => first.stats().spill?.records).toBe(19_500);
    sink.isDead = true;
    // A kill would leave a folder like this copy. The first process still has the original open.
    const left = await mkdtemp(join(tmpdir(), 'market-feed-spill-'));
    onTestFinished(() => rm(left, { recursive: true, force: true }));
    await cp(dir, left, { recursive: true });

    const secondSink = new StoringSink(stored);
    const second = new SinkDriver(secondSink, { ...options, spill: { ...options.spill, dir: left } });
    await second.opened;
    expect(await second.resume(resume)).toMatchObject([{ last: { id: '20000' } }]);
    await second.idle();
    expect(await second.close({ timeoutMs: 60_000 })).toEqual({ undelivered: 0, spilled: 0 });
    expect(texts(stored)).toBe(texts(trades(1, 20_000)));
    expect((await readdir(left)).filter((name) => !name.startsWith('.'))).toEqual([]);
  });
});
