import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { Audit, Gap, TradeStats } from '../../../src/domain/record.ts';
import type { PreviousEpoch } from '../../../src/feed/resume/previous-runs.ts';
import {
  checkpointIn,
  type PreviousSink,
  previousTrades,
  readNearPast,
  recentOptions,
  resumesFrom,
} from '../../../src/feed/resume/recent-trades.ts';
import type { Recent, SeriesCheckpoint } from '../../../src/sinks/contract.ts';
import { aggTrade, tradeEvent } from '../../../testing/judges/events.ts';
import { sampleAudit } from '../../../testing/records/sample-records.ts';

function checkpointOf(fields: Partial<SeriesCheckpoint> = {}): SeriesCheckpoint {
  return {
    venue: 'binance',
    symbol: 'BTCUSDT',
    epoch: 3,
    environment: 'production',
    kind: 'trade',
    last: { id: '70', timestamp: 7000 },
    ...fields,
  };
}

function epoch(fields: Partial<PreviousEpoch> = {}): PreviousEpoch {
  const trade = { id: '70', timestamp: 7000 };
  return {
    venue: 'binance',
    symbol: 'BTCUSDT',
    epoch: 3,
    last: trade,
    resumePoint: new Map([['trade', trade]]),
    ...fields,
  };
}

function window(fields: Partial<TradeStats>): TradeStats {
  return { venue: 'binance', symbol: 'BTCUSDT', epoch: 3, windowMs: 1000, ...fields } as TradeStats;
}

describe('recentOptions', () => {
  const config = (feed: object = {}, stats: object = {}) => loadConfig({ values: { feed, stats } });

  it('covers the longest window plus the longest delay of its trades, and 31 minutes of windows', () => {
    const options = recentOptions(config(), [checkpointOf()]);
    expect(options).toMatchObject({
      kind: 'trade',
      checkpoints: [checkpointOf()],
      trades: 1000,
      spanMs: 60_000 + 2000 + 5000 + 10_000,
      windowsSpanMs: 31 * 60_000,
    });
    expect(options?.environmentPrefixes).toContain('');
  });

  it('reads windows as far back as trades if a window is longer than the candles of the volatility', () => {
    const options = recentOptions(config({}, { windows_ms: [1000, 3_600_000] }), [checkpointOf()]);
    expect(options?.windowsSpanMs).toBe(options?.spanMs);
  });

  it.each([
    [['trade', 'agg_trade'], 'trade'],
    [['agg_trade'], 'agg_trade'],
  ])('for the channels %j, asks for records of the kind %s', (channels, kind) => {
    expect(recentOptions(config({ channels }), [checkpointOf()])?.kind).toBe(kind);
  });

  it('returns undefined without checkpoints or without a trade channel', () => {
    expect(recentOptions(config(), [])).toBeUndefined();
    expect(recentOptions(config({ channels: ['ticker'] }), [checkpointOf()])).toBeUndefined();
  });
});

describe('the checkpoint that a series resumes from', () => {
  const resumedCheckpoint = (of: PreviousEpoch, checkpoints: readonly SeriesCheckpoint[]) => {
    const found = checkpointIn(of, checkpoints);
    return found !== undefined && resumesFrom(of, found) ? found : undefined;
  };

  it.each([
    ['is undefined if the epoch is over', epoch({ resumePoint: undefined }), [checkpointOf()], undefined],
    [
      'has the same venue, symbol and epoch',
      epoch(),
      [checkpointOf({ symbol: 'ETHUSDT' }), checkpointOf({ epoch: 2 }), checkpointOf()],
      2,
    ],
    ['is undefined if the sink is ahead', epoch(), [checkpointOf({ last: { id: '71', timestamp: 7001 } })], undefined],
    [
      'can be a checkpoint of aggregated trades',
      epoch(),
      [checkpointOf({ kind: 'agg_trade', last: { id: '70', timestamp: 7000 } })],
      0,
    ],
  ])('%s', (_, of, checkpoints, at) => {
    expect(resumedCheckpoint(of, checkpoints)).toBe(at === undefined ? undefined : checkpoints[at]);
  });

  it('has no trade if the epoch has none', () => {
    const none = checkpointOf({ last: null });
    expect(resumedCheckpoint(epoch({ last: null, resumePoint: new Map() }), [checkpointOf({ epoch: 2 }), none])).toBe(
      none,
    );
  });
});

describe('previousTrades', () => {
  const of = { venue: 'binance', symbol: 'BTCUSDT', epoch: 3 } as const;
  const gap = (fields: Partial<Gap>) => ({ ...of, outcome: 'repaired', ...fields }) as Gap;
  const recent: Recent = {
    trades: [
      tradeEvent(1, { epoch: 2 }),
      tradeEvent(2, { epoch: 3, timestamp: 5000 }),
      tradeEvent(3, { epoch: 3, symbol: 'ETHUSDT' }),
      tradeEvent(4, { epoch: 3, timestamp: 7000 }),
      tradeEvent(5, { epoch: 3, venue: 'bybit' }),
    ],
    windows: [window({ epoch: 2 }), window({ windowStart: 4000 }), window({ symbol: 'ETHUSDT' })],
    gaps: [gap({ epoch: 2 }), gap({ fromTime: 5500 }), gap({ venue: 'bybit' })],
    audits: [],
    whole: true,
  };
  const asked = { checkpoints: [checkpointOf()], spanMs: 5000, windowsSpanMs: 6000 };

  it('assigns trades, windows and gaps to series by venue, symbol and epoch', () => {
    const found = previousTrades([epoch(), epoch({ symbol: 'ETHUSDT' }), epoch({ symbol: 'SOLUSDT' })], recent, asked);
    expect([...found.keys()]).toEqual(['binance:BTCUSDT', 'binance:ETHUSDT', 'binance:SOLUSDT']);
    const btc = found.get('binance:BTCUSDT');
    expect(btc).toMatchObject({
      venue: 'binance',
      epoch: 3,
      publishedTo: 1000,
      windows: [{ windowStart: 4000 }],
      gaps: [{ fromTime: 5500 }],
      knownFrom: 2000,
    });
    expect(btc?.trades.map(({ tradeId }) => tradeId)).toEqual(['2', '4']);
    expect(found.get('binance:ETHUSDT')?.trades.map(({ tradeId }) => tradeId)).toEqual(['3']);
    expect(found.get('binance:SOLUSDT')).toMatchObject({ trades: [], windows: [], gaps: [] });
  });

  it('adds a gap of unknown outcome over all trades if the sink could not read all records', () => {
    const found = previousTrades([epoch(), epoch({ symbol: 'SOLUSDT' })], { ...recent, whole: false }, asked);
    expect(found.get('binance:BTCUSDT')?.gaps.slice(1)).toEqual([
      { epoch: 3, outcome: 'unknown', fromTime: 5000, toTime: 7000 },
    ]);
    expect(found.get('binance:SOLUSDT')?.gaps).toEqual([]);
  });

  it('adds a gap of unknown outcome before the time from which gaps were read', () => {
    const gapsSince = (spanMs: number, checkpoints = [checkpointOf()]) =>
      previousTrades([epoch()], recent, { checkpoints, spanMs }).get('binance:BTCUSDT')?.gaps.slice(1);
    expect(gapsSince(1500)).toEqual([{ epoch: 3, outcome: 'unknown', fromTime: 5000, toTime: 5499 }]);
    expect(gapsSince(2000)).toEqual([]);
    const later = checkpointOf({ symbol: 'ETHUSDT', last: { id: '9', timestamp: 90_000 } });
    expect(gapsSince(2000, [checkpointOf(), later])).toEqual([
      { epoch: 3, outcome: 'unknown', fromTime: 5000, toTime: 7000 },
    ]);
  });

  it('accepts aggregated trades', () => {
    const trades = [aggTrade(4, 9, { epoch: 3 })];
    expect(previousTrades([epoch()], { ...recent, trades }, asked).get('binance:BTCUSDT')?.trades).toEqual(trades);
  });
});

describe('readNearPast', () => {
  const nothing: Recent = { trades: [], windows: [], gaps: [], audits: [], whole: true };
  const eth = { symbol: 'ETHUSDT' };
  const noFault = () => {
    throw new Error('nothing fails here');
  };
  const sink = (
    name: string,
    checkpoints: readonly SeriesCheckpoint[],
    recent: PreviousSink['recent'],
  ): PreviousSink => ({
    name,
    checkpoints,
    recent,
  });

  it('uses the trades of each series from the sink that is furthest behind', async () => {
    const asked: string[] = [];
    const readable = (name: string, checkpoints: readonly SeriesCheckpoint[]) =>
      sink(name, checkpoints, async (options) => {
        asked.push(`${name} ${options.checkpoints.map(({ symbol }) => symbol).join(' ')}`);
        return { ...nothing, trades: options.checkpoints.map(({ symbol }) => tradeEvent(70, { symbol, epoch: 3 })) };
      });
    const ahead = { id: '71', timestamp: 7100 };
    const sinks = [
      readable('a', [checkpointOf(), checkpointOf({ ...eth, last: ahead })]),
      readable('b', [checkpointOf({ last: ahead }), checkpointOf(eth)]),
    ];
    const { previous } = await readNearPast(loadConfig({ values: {} }), sinks, [epoch(), epoch(eth)], noFault);
    expect(asked).toEqual(['a BTCUSDT ETHUSDT', 'b BTCUSDT ETHUSDT']);
    expect(previous.map(({ symbol, trades }) => [symbol, trades.length]).sort()).toEqual([
      ['BTCUSDT', 1],
      ['ETHUSDT', 1],
    ]);
  });

  it('notifies about a sink that cannot be read, and uses the other sinks', async () => {
    const failed: string[] = [];
    const sinks = [
      sink('a', [checkpointOf()], () => Promise.reject(new Error('not allowed to read'))),
      sink('b', [checkpointOf(eth)], () => Promise.resolve(nothing)),
    ];
    const { previous } = await readNearPast(
      loadConfig({ values: {} }),
      sinks,
      [epoch(), epoch(eth)],
      ({ message }, name) => failed.push(`${name}: ${message}`),
    );
    expect(failed).toEqual(['a: not allowed to read']);
    expect(previous.map(({ symbol }) => symbol)).toEqual(['ETHUSDT']);
  });

  it("keeps a window that trades reach into only if all sinks have it, and knows each sink's windows", async () => {
    const published = (windowMs: number, ...starts: number[]) =>
      starts.map((start) => window({ windowMs, windowStart: start, windowEnd: start + windowMs }));
    const trades = [tradeEvent(50, { epoch: 3, timestamp: 4500 }), tradeEvent(70, { epoch: 3, timestamp: 7000 })];
    // The other sink has none of these windows.
    const long = published(2000, 2000, 4000);
    const sinks = [
      sink('a', [checkpointOf()], async () => ({
        ...nothing,
        trades,
        windows: [...published(1000, 3000, 4000, 5000), ...long],
      })),
      sink('b', [checkpointOf({ last: { id: '71', timestamp: 7100 } })], async () => ({
        ...nothing,
        windows: published(1000, 4000),
      })),
    ];
    const past = await readNearPast(loadConfig({ values: {} }), sinks, [epoch()], noFault);
    const kept = past.previous[0]?.windows.map(({ windowMs, windowStart }) => `${windowMs}@${windowStart}`);
    expect(kept).toEqual(['1000@3000', '1000@4000', '2000@2000']);
    const has = (name: string) =>
      published(1000, 4000, 5000, 6000).map((window) => past.published.get(name)?.has(window));
    expect(has('a')).toEqual([true, true, false]);
    expect(has('b')).toEqual([true, false, false]);
    const others = [...published(500, 0), window({ epoch: 4, windowStart: 4000, windowEnd: 5000 })];
    expect(others.map((other) => past.published.get('a')?.has(other))).toEqual([false, false]);
  });

  it("counts a window as published if it ends before the time from which the sink's windows are read", async () => {
    const [now, ahead] = [7_200_000, 8_100_000];
    const quiet = window({ symbol: 'ETHUSDT', windowStart: now - 1_200_000, windowEnd: now - 1_199_000 });
    const silent = tradeEvent(70, { ...eth, epoch: 3, timestamp: quiet.windowStart });
    const last = { id: '70', timestamp: quiet.windowStart };
    const at = (timestamp: number) => checkpointOf({ last: { id: `${timestamp}`, timestamp } });
    const sinks = [
      sink('a', [at(now), checkpointOf({ ...eth, last })], async () => ({
        ...nothing,
        trades: [silent],
        windows: [quiet],
      })),
      // This sink reads only windows that ended less than 31 minutes before its own last trade.
      sink('b', [at(ahead), checkpointOf({ ...eth, last })], async () => nothing),
    ];
    const first = epoch({ last: { id: `${now}`, timestamp: now } });
    const { previous, published } = await readNearPast(
      loadConfig({ values: {} }),
      sinks,
      [first, epoch({ ...eth, last })],
      noFault,
    );
    expect(previous.find(({ symbol }) => symbol === 'ETHUSDT')).toMatchObject({
      publishedTo: now - 31 * 60_000,
      windows: [quiet],
    });
    expect(published.get('b')?.has(quiet)).toBe(true);
    expect(published.get('b')?.has({ ...quiet, windowStart: now, windowEnd: now + 1000 })).toBe(false);
  });

  it('leaves out a window that one sink lacks, even if both sinks end with the same trade', async () => {
    const last = window({ windowStart: 6000, windowEnd: 7000 });
    const trades = [tradeEvent(70, { epoch: 3, timestamp: 6500 })];
    const sinks = [
      sink('a', [checkpointOf()], async () => ({ ...nothing, trades, windows: [last] })),
      sink('b', [checkpointOf()], async () => nothing),
    ];
    const { previous } = await readNearPast(loadConfig({ values: {} }), sinks, [epoch()], noFault);
    expect(previous[0]).toMatchObject({ trades, windows: [] });
  });

  it('returns the audits of all sinks, and says which of them a sink lacks', async () => {
    const of = { venue: 'binance', epoch: 3 } as const;
    const [both, one, other] = [60_000, 120_000, 180_000].map((minute) => sampleAudit({ ...of, minute }));
    const known = (...audits: readonly (Audit | undefined)[]) => audits.flatMap((audit) => audit ?? []);
    const trades = [tradeEvent(70, { epoch: 3, timestamp: 6500 })];
    const sinks = [
      sink('a', [checkpointOf()], async () => ({ ...nothing, trades, audits: known(both, one) })),
      sink('b', [checkpointOf()], async () => ({ ...nothing, trades, audits: known(both, other) })),
    ];
    const { previous } = await readNearPast(loadConfig({ values: {} }), sinks, [epoch()], noFault);
    expect(previous[0]?.audits).toEqual([
      { audit: both, isInAll: true },
      { audit: one, isInAll: false },
      { audit: other, isInAll: false },
    ]);
  });
});
