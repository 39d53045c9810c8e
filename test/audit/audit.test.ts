import { describe, expect, it } from 'vitest';
import { at } from '../../src/domain/at.ts';
import type { BookDelta, FeedRecord } from '../../src/domain/record.ts';
import { MinuteSums } from '../../src/market/audits/minute-sums.ts';
import { isBlockTrade } from '../../src/market/trades/block-trade.ts';
import { TradeSums } from '../../src/market/trades/trade-sums.ts';
import {
  sampleAggTrade,
  sampleAudit,
  sampleBookDelta,
  sampleGap,
  sampleStatus,
  sampleTrade,
} from '../../testing/records/sample-records.ts';
import { auditedRecords, MINUTE_MS, START } from './audited-records.ts';
import { differencesOf } from './differences-of.ts';

const records = auditedRecords(3);

/** Returns the texts of the differences. */
async function textsOf(topics: Readonly<Record<string, readonly FeedRecord[]>>): Promise<readonly string[]> {
  return (await differencesOf(topics)).differences.map(({ text }) => text);
}

describe('the audit of a feed with stops', () => {
  const deleted = ({ minute, revision }: { readonly minute: number; readonly revision: number }): boolean =>
    minute === START + 5 * MINUTE_MS && revision > 0;

  it('accepts missing audits around the stop alone', async () => {
    const stop = START + 5 * MINUTE_MS + 1000;
    const status = (timestamp: number, instance: string) => sampleStatus({ timestamp, instance });
    const withStop = [
      status(START, 'first'),
      status(stop, 'first'),
      status(stop + 5000, 'second'),
      status(START + 30 * MINUTE_MS, 'second'),
    ];
    const withoutMinutes = (minutes: readonly number[]) => ({
      ...records,
      'feed-status': withStop,
      audits: records.audits.filter(({ minute }) => !minutes.includes((minute - START) / MINUTE_MS)),
    });
    expect(await textsOf(withoutMinutes([3, 5, 6]))).toEqual([]);
    expect(await textsOf(withoutMinutes([9]))).toContain('the minute has trades, but no audit');
    expect(await textsOf({ ...records, audits: records.audits.filter((audit) => !deleted(audit)) })).not.toEqual([]);
  });

  it('accepts a gap that was published before its end if a stop follows', async () => {
    const [gap] = records.gaps;
    if (gap === undefined) throw new Error('no gap');
    const early = { ...gap, toId: `${gap.toId}9`, outcome: 'unrepaired', missing: null } as const;
    const status = (timestamp: number, instance: string) => sampleStatus({ timestamp, instance });
    const withStop = [
      status(gap.fromTime, 'first'),
      status(gap.toTime, 'second'),
      status(START + 30 * MINUTE_MS, 'second'),
    ];
    const gaps = [early, ...records.gaps];
    expect(await textsOf({ ...records, gaps, 'feed-status': withStop })).toEqual([]);
    expect(await textsOf({ ...records, gaps })).not.toEqual([]);
  });
});

it('ignores trades that arrived after the other topics were read', async () => {
  const cut = START + 15.5 * MINUTE_MS;
  const early = <T extends { readonly receivedAt: number }>(all: readonly T[]): T[] =>
    all.filter(({ receivedAt }) => receivedAt < cut * 1000);
  expect(
    await textsOf({
      ...records,
      'feed-status': [sampleStatus({ timestamp: cut })],
      audits: records.audits.filter(({ minute }) => minute + MINUTE_MS < cut),
      'trade-stats': early(records['trade-stats']),
      gaps: records.gaps.filter(({ toTime }) => toTime < cut),
    }),
  ).toEqual([]);
});

it('accepts a window without a trade that arrived after its end', async () => {
  const windows = records['trade-stats'].filter(({ windowMs }) => windowMs === MINUTE_MS);
  const window = at(
    windows.filter(({ complete, revision }) => complete && revision === 0),
    3,
  );
  const { venue, symbol, windowStart, windowEnd } = window;
  const inside = records.trades.filter(
    (trade) =>
      trade.venue === venue &&
      trade.symbol === symbol &&
      trade.timestamp >= windowStart &&
      trade.timestamp < windowEnd &&
      !isBlockTrade(trade),
  );
  const last = at(inside, inside.length - 1);
  const sums = new TradeSums();
  for (const trade of inside.slice(0, -1)) sums.add(trade);
  const { receivedAt } = at(inside, inside.length - 2);
  const withoutLast = { ...window, ...sums.figures(), receivedAt };
  const stats = windows.with(windows.indexOf(window), withoutLast);
  const arrivedAt = (ms: number) =>
    records.trades.with(records.trades.indexOf(last), { ...last, receivedAt: (windowEnd + ms) * 1000 });
  expect(await textsOf({ ...records, 'trade-stats': stats, trades: arrivedAt(500) })).toEqual([]);
  expect(await textsOf({ ...records, 'trade-stats': stats, trades: arrivedAt(5) })).not.toEqual([]);
});

it('finds one audit of the minute before a gap that is longer than two minutes', async () => {
  const market = { venue: 'binance', epoch: 3 } as const;
  const trades = [0, 2, 9].map((minute) =>
    sampleTrade({ ...market, tradeId: String(10 + minute), timestamp: START + minute * MINUTE_MS }),
  );
  const gap = (from: number, to: number) =>
    sampleGap({
      ...{ ...market, fromId: String(10 + from), toId: String(10 + to), missing: to - from - 1, outcome: 'unrepaired' },
      ...{ fromTime: START + from * MINUTE_MS, toTime: START + to * MINUTE_MS },
    });
  const audits = trades.map((trade) => {
    const sums = new MinuteSums();
    sums.add(trade);
    return sampleAudit({ ...market, ...sums.figures(), minute: trade.timestamp, verdict: 'gap' });
  });
  const last = sampleAudit({ ...market, symbol: 'ETHUSDT', minute: START + 20 * MINUTE_MS, trades: 0 });
  const topics = { trades, gaps: [gap(0, 2), gap(2, 9)], audits: [...audits, last] };
  expect(await textsOf(topics)).toEqual([]);
  expect(await textsOf({ ...topics, audits: [audits[0] ?? last, last] })).toEqual([
    'the minute has trades, but no audit',
    'the minute has trades, but no audit',
  ]);
});

it('finds aggregated trades that are missing without a gap', async () => {
  const trade = (first: number, last: number) =>
    sampleAggTrade({
      tradeId: String(first),
      firstTradeId: String(first),
      lastTradeId: String(last),
      source: 'live',
      timestamp: START + first * 10_000,
    });
  const gap = sampleGap({
    ...{ epoch: 3, channel: 'agg_trade', fromId: '19', toId: '22', missing: 2, outcome: 'unrepaired' },
    ...{ fromTime: START + 130_000, toTime: START + 220_000 },
  });
  const aggregates = [trade(1, 12), trade(13, 19), trade(22, 30)];
  expect(await textsOf({ 'agg-trades': aggregates, gaps: [gap] })).toEqual([]);
  expect(await textsOf({ 'agg-trades': aggregates })).toEqual(['missing ids between 19 and 22: 2; no gap names them']);
});

it('finds a broken chain of books', async () => {
  const delta = (previous: number | null, last: number): BookDelta =>
    sampleBookDelta({
      ...{ snapshot: previous === null, previousUpdateId: previous === null ? null : String(previous) },
      ...{ firstUpdateId: String(last), lastUpdateId: String(last), timestamp: START + MINUTE_MS },
    });
  const trades = [sampleTrade({ timestamp: START })];
  const whole = [
    delta(null, 10),
    delta(10, 11),
    delta(11, 12),
    delta(10, 11),
    delta(11, 12),
    delta(null, 20),
    delta(20, 21),
  ];
  expect(await textsOf({ trades, 'book-deltas': whole })).toEqual([]);
  expect(await textsOf({ trades, 'book-deltas': whole.toSpliced(1, 1).toSpliced(2, 2) })).toEqual([
    'update 12 continues 11, but the update before is 10',
  ]);
});
