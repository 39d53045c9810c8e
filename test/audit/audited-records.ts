import { at } from '../../src/domain/at.ts';
import { fromUnscaled } from '../../src/domain/decimal.ts';
import type { Audit, FeedRecord, Gap, TradeEvent, TradeStats } from '../../src/domain/record.ts';
import { isMissing, lastIdOf } from '../../src/domain/trade-id.ts';
import { MinuteSums } from '../../src/market/audits/minute-sums.ts';
import { isBlockTrade } from '../../src/market/trades/block-trade.ts';
import { TradeSums } from '../../src/market/trades/trade-sums.ts';
import { Random } from '../../src/simulator/market/random.ts';
import {
  sampleAudit,
  sampleGap,
  sampleHeartbeat,
  sampleStatus,
  sampleTrade,
  sampleTradeStats,
} from '../../testing/records/sample-records.ts';

/* Makes the records of some minutes of a feed: two venues, three series, gaps of each outcome, late trades, audits. */

export const MINUTE_MS = 60_000;
/** 2026-11-26T23:50:00Z: the records lie on two days. */
export const START = Date.UTC(2026, 10, 26, 23, 50);
export const MINUTES = 20;
const WINDOWS_MS = [10_000, 60_000];
const TRADES_A_MINUTE = 9;

export type AuditedTopics = {
  readonly trades: readonly TradeEvent[];
  readonly 'late-trades': readonly TradeEvent[];
  readonly gaps: readonly Gap[];
  readonly audits: readonly Audit[];
  readonly 'trade-stats': readonly TradeStats[];
  readonly 'feed-status': readonly FeedRecord[];
};

interface SeriesSpec {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly isContiguous: boolean;
  readonly fromMinute: number;
  readonly toMinute: number;
  /** True: another venue follows. */
  readonly isSwitched: boolean;
}

const SERIES: readonly SeriesSpec[] = [
  {
    venue: 'binance',
    symbol: 'BTCUSDT',
    epoch: 1,
    isContiguous: true,
    fromMinute: 0,
    toMinute: 12,
    isSwitched: true,
  },
  { venue: 'bybit', symbol: 'BTCUSDT', epoch: 2, isContiguous: false, fromMinute: 12, toMinute: 20, isSwitched: false },
  { venue: 'bybit', symbol: 'ETHUSDT', epoch: 3, isContiguous: false, fromMinute: 0, toMinute: 20, isSwitched: false },
];

/** Where a gap lies, in trades from the start of a minute, and what became of its trades. */
interface GapSpec {
  readonly minute: number;
  readonly first: number;
  readonly count: number;
  readonly outcome: 'repaired' | 'unrepaired' | 'healed' | 'late';
}

/** The gaps of each series. A gap `late` is one trade that came behind a later one, at a venue whose ids jump. */
const GAPS: readonly GapSpec[] = [
  { minute: 1, first: 4, count: 1, outcome: 'late' },
  { minute: 2, first: 3, count: 4, outcome: 'repaired' },
  { minute: 3, first: 2, count: 4, outcome: 'unrepaired' },
  { minute: 4, first: 6, count: 14, outcome: 'healed' },
  { minute: 7, first: 1, count: 3, outcome: 'healed' },
];

/** Returns the records by topic, always the same for a seed. */
export function auditedRecords(seed: number): AuditedTopics {
  const random = new Random(seed);
  const made = SERIES.map((spec) => madeSeries(spec, random));
  const readAt = START + (MINUTES + 10) * MINUTE_MS;
  const byTime = <T>(records: readonly T[], timeOf: (record: T) => number): T[] =>
    records.toSorted((a, b) => timeOf(a) - timeOf(b));
  return {
    trades: byTime(
      made.flatMap(({ trades }) => trades),
      ({ receivedAt }) => receivedAt,
    ),
    'late-trades': made.flatMap(({ late }) => late),
    gaps: [
      ...byTime(
        made.flatMap(({ gaps }) => gaps),
        ({ toTime }) => toTime,
      ),
      ...made.flatMap(({ healed }) => healed),
    ],
    audits: byTime(
      made.flatMap(({ audits }) => audits),
      ({ minute, revision }) => minute + revision * MINUTES * MINUTE_MS,
    ),
    'trade-stats': byTime(
      made.flatMap(({ windows }) => windows),
      (window) => window.windowEnd + (isLateWindow(window) ? MINUTES * MINUTE_MS : 0),
    ),
    'feed-status': [START, readAt].map((timestamp, index) =>
      sampleStatus({ state: 'heartbeat', sequence: index + 1, timestamp, heartbeat: sampleHeartbeat, switch: null }),
    ),
  };
}

/** True for the record of a window that has late trades. */
export const isLateWindow = ({ receivedAt, windowEnd }: TradeStats): boolean =>
  receivedAt > (windowEnd + MINUTE_MS) * 1000;

function madeSeries(spec: SeriesSpec, random: Random) {
  const market = marketTrades(spec, random);
  const trades: TradeEvent[] = [];
  const late: TradeEvent[] = [];
  const gaps: Gap[] = [];
  const healed: Gap[] = [];
  let next = 0;
  for (const gap of GAPS.filter(({ outcome }) => outcome !== 'late' || !spec.isContiguous)) {
    const from = gap.minute * TRADES_A_MINUTE + gap.first;
    trades.push(...market.slice(next, from));
    const inside = market.slice(from, from + gap.count);
    next = from + gap.count;
    const kept = keptOf(gap, inside, spec);
    const before = at(trades, trades.length - 1);
    const after = at(market, next);
    trades.push(...kept);
    const missing = missingOf(gap, inside, kept, spec);
    const filled = spec.isContiguous ? idsOf(kept) : kept.length;
    const record = sampleGap({
      ...seriesOf(spec),
      fromId: lastIdOf(before),
      toId: after.tradeId,
      fromTime: before.timestamp,
      toTime: after.timestamp,
      missing,
      filled,
      outcome: gap.outcome === 'repaired' ? 'repaired' : 'unrepaired',
    });
    gaps.push(record);
    if (gap.outcome !== 'healed') continue;
    const healing = inside.filter((trade) => !kept.includes(trade)).map((trade, index) => lateOf(trade, index));
    late.push(...healing);
    healed.push({ ...record, outcome: 'healed', filled: filled + healing.length });
  }
  trades.push(...market.slice(next));
  if (spec.isSwitched) gaps.push(endOf(spec, at(trades, trades.length - 1)));
  const all = [...gaps.filter((gap) => !healed.some(({ fromId }) => fromId === gap.fromId)), ...healed];
  const made = { spec, market, trades, late, gaps: all };
  return {
    trades,
    late,
    gaps,
    healed,
    audits: auditsOf(made),
    windows: WINDOWS_MS.flatMap((ms) => windowsOf(made, ms)),
  };
}

function marketTrades(spec: SeriesSpec, random: Random): TradeEvent[] {
  const { fromMinute, toMinute, isContiguous } = spec;
  let id = isContiguous ? 3_735_000_000n : 2_290_000_000_123_456_789n;
  let price = 6_180_000;
  return Array.from({ length: (toMinute - fromMinute) * TRADES_A_MINUTE }, (_, index) => {
    id += isContiguous ? 1n : BigInt(1 + random.below(40));
    price += random.below(21) - 10;
    const minute = START + (fromMinute + Math.floor(index / TRADES_A_MINUTE)) * MINUTE_MS;
    const step = MINUTE_MS / TRADES_A_MINUTE;
    const timestamp = minute + Math.floor((index % TRADES_A_MINUTE) * step) + random.below(Math.floor(step) - 1);
    const conditions = isContiguous || index % 11 !== 5 ? [] : [index % 2 === 0 ? 'block' : 'rpi'];
    return sampleTrade({
      ...seriesOf(spec),
      tradeId: String(id),
      price: fromUnscaled(price, 2),
      quantity: fromUnscaled(1 + random.below(5_000_000), 6),
      isBuyerMaker: random.below(2) === 0,
      timestamp,
      timestampUs: null,
      eventTime: null,
      receivedAt: timestamp * 1000 + 5000 + index,
      conditions,
    });
  });
}

const seriesOf = ({ venue, symbol, epoch }: SeriesSpec) => ({
  venue,
  symbol,
  venueSymbol: symbol,
  coin: symbol.slice(0, 3),
  epoch,
});

const idsOf = (trades: readonly TradeEvent[]): number =>
  trades.reduce((sum, trade) => sum + Number(BigInt(lastIdOf(trade)) - BigInt(trade.tradeId)) + 1, 0);

/** The trades of a gap that were published after all. Of contiguous ids, the first two come as an aggregate. */
function keptOf({ outcome }: GapSpec, inside: readonly TradeEvent[], { isContiguous }: SeriesSpec): TradeEvent[] {
  if (outcome === 'repaired') {
    const [first, second, ...rest] = inside;
    const fetched =
      isContiguous && first !== undefined && second !== undefined
        ? [{ ...first, lastTradeId: second.tradeId, conditions: ['aggregated'] }, ...rest]
        : inside;
    return fetched.map((trade) => ({ ...trade, source: 'backfill' }));
  }
  return outcome === 'unrepaired' && isContiguous ? inside.slice(1, 2) : [];
}

function missingOf(
  { outcome }: GapSpec,
  inside: readonly TradeEvent[],
  kept: readonly TradeEvent[],
  { isContiguous }: SeriesSpec,
): number | null {
  if (isContiguous) return idsOf(inside);
  if (outcome === 'late') return 1;
  return outcome === 'repaired' ? kept.length : null;
}

const lateOf = (trade: TradeEvent, index: number): TradeEvent => ({
  ...trade,
  source: 'backfill',
  receivedAt: (trade.timestamp + 3 * MINUTE_MS) * 1000 + index,
});

const endOf = (spec: SeriesSpec, last: TradeEvent): Gap =>
  sampleGap({
    ...seriesOf(spec),
    fromId: lastIdOf(last),
    toId: null,
    fromTime: last.timestamp,
    toTime: last.timestamp + 900,
    outcome: 'unknown',
  });

interface MadeSeries {
  readonly spec: SeriesSpec;
  /** All trades of the venue. */
  readonly market: readonly TradeEvent[];
  readonly trades: readonly TradeEvent[];
  readonly late: readonly TradeEvent[];
  /** The last record of each gap. */
  readonly gaps: readonly Gap[];
}

const within = <T extends TradeEvent>(trades: readonly T[], start: number, ms: number): T[] =>
  trades.filter(({ timestamp }) => timestamp >= start && timestamp < start + ms);

const startsOf = ({ spec }: MadeSeries, ms: number): number[] =>
  Array.from(
    { length: ((spec.toMinute - spec.fromMinute) * MINUTE_MS) / ms },
    (_, index) => START + spec.fromMinute * MINUTE_MS + index * ms,
  );

const gapsIn = ({ gaps }: MadeSeries, start: number, ms: number): readonly Gap[] =>
  gaps.filter(({ fromTime, toTime }) => fromTime < start + ms && toTime >= start);

const merged = ({ trades, late }: MadeSeries, start: number, ms: number): TradeEvent[] =>
  within([...trades, ...late], start, ms).sort((a, b) => (BigInt(a.tradeId) < BigInt(b.tradeId) ? -1 : 1));

function auditsOf(made: MadeSeries): Audit[] {
  const { spec, market, trades, late } = made;
  return startsOf(made, MINUTE_MS).flatMap((minute, index) => {
    const isMissing = (records: readonly TradeEvent[]): boolean =>
      spec.isContiguous
        ? idsOf(records) < idsOf(within(market, minute, MINUTE_MS))
        : records.length < within(market, minute, MINUTE_MS).length;
    const candle = sumsOf(within(market, minute, MINUTE_MS)).expectedCandle();
    const auditOf = (records: readonly TradeEvent[], revision: number): Audit => {
      const whole = spec.isContiguous ? 'proven' : 'agrees';
      const verdict = index === 0 ? 'unchecked' : isMissing(records) ? 'gap' : whole;
      return sampleAudit({
        ...seriesOf(spec),
        ...sumsOf(records).figures(),
        receivedAt: (minute + MINUTE_MS) * 1000,
        minute,
        revision,
        candleVolume: candle.volume,
        candleTrades: candle.trades,
        verdict,
      });
    };
    const first = auditOf(within(trades, minute, MINUTE_MS), 0);
    if (within(late, minute, MINUTE_MS).length === 0) return [first];
    return [first, auditOf(merged(made, minute, MINUTE_MS), 1)];
  });
}

function sumsOf(trades: readonly TradeEvent[]): MinuteSums {
  const sums = new MinuteSums();
  for (const trade of trades) sums.add(trade);
  return sums;
}

function windowsOf(made: MadeSeries, windowMs: number): TradeStats[] {
  const { spec, trades } = made;
  return startsOf(made, windowMs).flatMap((windowStart) => {
    const windowEnd = windowStart + windowMs;
    const recordOf = (of: readonly TradeEvent[], complete: boolean, revision: number): TradeStats[] => {
      const sums = new TradeSums();
      for (const trade of of) if (!isBlockTrade(trade)) sums.add(trade);
      const figures = sums.figures();
      if (figures === undefined) return [];
      const receivedAt = Math.max(...of.map((trade) => trade.receivedAt));
      const fields = { ...seriesOf(spec), receivedAt, windowMs, windowStart, windowEnd, complete, revision };
      return [sampleTradeStats({ ...fields, ...figures })];
    };
    const isAtEnd =
      windowStart <= at(trades, 0).timestamp ||
      (spec.isSwitched && windowEnd > at(trades, trades.length - 1).timestamp);
    const gaps = gapsIn(made, windowStart, windowMs).filter(({ outcome }) => outcome !== 'repaired');
    const published = recordOf(within(trades, windowStart, windowMs), !isAtEnd && gaps.length === 0, 0);
    const isHealed = !isAtEnd && gaps.length > 0 && !gaps.some(({ outcome }) => isMissing(outcome));
    if (!isHealed) return published;
    return [...published, ...recordOf(merged(made, windowStart, windowMs), true, published.length)];
  });
}
