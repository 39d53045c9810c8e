import type { FeedRecord, Gap, TradeEvent, TradeStats } from '../../src/domain/record.ts';
import { grouped, type JournalEvent } from './journal.ts';
import { decimalOf, halfEven, scaled, UNIT } from './naive-decimal.ts';

/** A trade that a window is compared with. */
interface MadeTrade {
  readonly price: bigint;
  readonly quantity: bigint;
  readonly isSell: boolean;
  readonly time: number;
}

/** The fields of a window that are computed from its trades. */
type Figures = Omit<
  TradeStats,
  | 'kind'
  | 'venue'
  | 'symbol'
  | 'venueSymbol'
  | 'coin'
  | 'environment'
  | 'epoch'
  | 'receivedAt'
  | 'windowMs'
  | 'windowStart'
  | 'windowEnd'
  | 'volatility'
  | 'complete'
  | 'revision'
>;

/** Compares the windows of a run with the journal of its venues. Returns problems as text, at most 20. */
export function windowProblems(records: readonly FeedRecord[], journal: readonly JournalEvent[]): string[] {
  const made = tradesByPlace(journal);
  const windows = records.filter((record) => record.kind === 'trade_stats');
  const wrong = windows.flatMap((window) => {
    const all = made.get(`${window.venue} ${window.symbol}`) ?? [];
    const inside = all.filter(({ time }) => time >= window.windowStart && time < window.windowEnd);
    return window.complete ? differences(window, inside) : excess(window, inside);
  });
  return [...repeated(windows), ...outOfOrder(windows), ...wrong].slice(0, 20);
}

/**
 * Compares the windows of a run with its published trades. Records must be in the order of publishing. Returns problems
 * as text, at most 20. Windows must come once and in order. A complete window must equal the trades that were published
 * before it, and have no published gap. Trades that a line delivers later are in no window.
 */
export function publishedWindowProblems(records: readonly FeedRecord[]): string[] {
  const trades = new Map<string, MadeTrade[]>();
  const gaps: Gap[] = [];
  const problems: string[] = [];
  for (const record of records) {
    if (record.kind === 'gap' && record.outcome !== 'repaired') gaps.push(record);
    if (record.kind === 'trade' && !record.conditions.includes('block')) {
      const own = trades.get(epochOf(record)) ?? [];
      trades.set(epochOf(record), own);
      own.push(madeOf(record));
    }
    if (record.kind !== 'trade_stats' || !record.complete) continue;
    const { windowStart, windowEnd } = record;
    const inside = ({ time }: MadeTrade) => time >= windowStart && time < windowEnd;
    problems.push(...differences(record, (trades.get(epochOf(record)) ?? []).filter(inside)));
    const isKnown = (gap: Gap) =>
      epochOf(gap) === epochOf(record) && gap.fromTime < windowEnd && gap.toTime >= windowStart;
    if (gaps.some(isKnown)) problems.push(`${nameOf(record)}: complete in spite of a gap`);
  }
  const windows = records.filter((record) => record.kind === 'trade_stats');
  return [...repeated(windows), ...outOfOrder(windows), ...problems].slice(0, 20);
}

function madeOf({ price, quantity, isBuyerMaker, timestamp }: TradeEvent): MadeTrade {
  return { price: scaled(price), quantity: scaled(quantity), isSell: isBuyerMaker, time: timestamp };
}

/** Compares a window with the trades of its epoch, in their order. Returns problems as text. */
export function windowDifferences(window: TradeStats, trades: readonly TradeEvent[]): string[] {
  const isInside = ({ timestamp }: TradeEvent) => timestamp >= window.windowStart && timestamp < window.windowEnd;
  const inside = trades.filter((trade) => isInside(trade) && !trade.conditions.includes('block'));
  return differences(window, inside.map(madeOf));
}

function epochOf({ venue, symbol, epoch }: { venue: string; symbol: string; epoch: number }): string {
  return `${venue} ${symbol} ${epoch}`;
}

/** A window as text: `binance BTCUSDT 1 1000@1700000000000`, by venue, symbol, epoch, length and start. */
export function nameOf({ venue, symbol, epoch, windowMs, windowStart }: TradeStats): string {
  return `${venue} ${symbol} ${epoch} ${windowMs}@${windowStart}`;
}

/** Names of the windows that contain published trades and end at `until` or before, milliseconds since 1970. */
export function windowsOf(
  records: readonly FeedRecord[],
  windowMs: number,
  until = Number.POSITIVE_INFINITY,
): Set<string> {
  const names = new Set<string>();
  for (const record of records) {
    if (record.kind !== 'trade') continue;
    const windowStart = Math.floor(record.timestamp / windowMs) * windowMs;
    const { venue, symbol, epoch } = record;
    if (windowStart + windowMs <= until) names.add(`${venue} ${symbol} ${epoch} ${windowMs}@${windowStart}`);
  }
  return names;
}

/**
 * Finds windows that are incomplete without a reason, or complete in spite of a gap. Returns them as text, at most 20.
 * A reason is a gap, or that the window contains the first trade of its epoch.
 */
export function wholenessProblems(records: readonly FeedRecord[]): string[] {
  const trades = grouped(
    records.filter((record) => record.kind === 'trade'),
    epochOf,
  );
  const gaps = records.filter((record) => record.kind === 'gap' && record.outcome !== 'repaired') as readonly Gap[];
  return records
    .flatMap((record) => {
      if (record.kind !== 'trade_stats') return [];
      const { windowStart, windowEnd, complete } = record;
      const own = gaps.filter((gap) => epochOf(gap) === epochOf(record));
      const hasGap = own.some(({ fromTime, toTime }) => fromTime < windowEnd && toTime >= windowStart);
      const isFirst = windowStart <= (trades.get(epochOf(record))?.[0]?.timestamp ?? 0);
      if (complete === (hasGap || isFirst))
        return [`${nameOf(record)}: ${complete ? 'complete in spite of a gap' : 'incomplete without a reason'}`];
      return [];
    })
    .slice(0, 20);
}

/** Names of the windows that ended at least `latenessMs` before their venue's last trade, and were not published. */
export function unpublishedWindows(records: readonly FeedRecord[], windowMs: number, latenessMs: number): string[] {
  const published = new Set(records.flatMap((record) => (record.kind === 'trade_stats' ? [nameOf(record)] : [])));
  const trades = grouped(
    records.filter((record) => record.kind === 'trade'),
    ({ venue }) => venue,
  );
  return [...trades.values()].flatMap((own) => {
    const last = own.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
    return [...windowsOf(own, windowMs, last - latenessMs)].filter((name) => !published.has(name));
  });
}

function tradesByPlace(journal: readonly JournalEvent[]): Map<string, MadeTrade[]> {
  const places = grouped(
    journal.filter(({ kind }) => kind === 'trade'),
    ({ venue, symbol }) => `${venue} ${symbol}`,
  );
  return new Map(
    [...places].map(([place, events]) => [
      place,
      events.map(({ price, quantity, side, time }) => ({
        price: scaled(price),
        quantity: scaled(quantity),
        isSell: side === 'sell',
        time,
      })),
    ]),
  );
}

function repeated(windows: readonly TradeStats[]): string[] {
  const seen = new Set<string>();
  return windows.map(nameOf).flatMap((name) => {
    const isRepeat = seen.has(name);
    seen.add(name);
    return isRepeat ? [`${name}: twice`] : [];
  });
}

/**
 * Windows of one symbol and length must come in the order of their time. A new epoch may begin in the last window of
 * the previous epoch.
 */
function outOfOrder(windows: readonly TradeStats[]): string[] {
  const last = new Map<string, TradeStats>();
  return windows.flatMap((window) => {
    const of = `${window.symbol} ${window.windowMs}`;
    const before = last.get(of);
    last.set(of, window);
    const isWrong =
      before !== undefined &&
      (window.epoch < before.epoch || (window.epoch === before.epoch && window.windowStart < before.windowStart));
    return isWrong ? [`${nameOf(window)} after ${nameOf(before)}`] : [];
  });
}

function differences(window: TradeStats, trades: readonly MadeTrade[]): string[] {
  const expected = figuresOf(trades);
  if (expected === undefined) return [`${nameOf(window)}: nothing was traded`];
  return Object.entries(expected).flatMap(([field, value]) => {
    const found = window[field as keyof Figures];
    return isSame(found, value) ? [] : [`${nameOf(window)}: ${field} is ${found}, by the journal ${value}`];
  });
}

/** Compares with a tolerance, because ratios are computed with floats here. */
function isSame(found: unknown, expected: unknown): boolean {
  if (typeof found !== 'number' || typeof expected !== 'number') return found === expected;
  return Math.abs(found - expected) < 1e-12;
}

/** An incomplete window may miss any trades, but it must not contain more than was traded. */
function excess(window: TradeStats, trades: readonly MadeTrade[]): string[] {
  const expected = figuresOf(trades);
  const isExcess = window.trades > (expected?.trades ?? 0) || scaled(window.volume) > scaled(expected?.volume ?? '0');
  return isExcess ? [`${nameOf(window)}: ${window.trades} of ${expected?.trades} trades`] : [];
}

/** Computes the figures in the simplest way, without the code under test. */
function figuresOf(trades: readonly MadeTrade[]): Figures | undefined {
  const first = trades[0];
  const last = trades.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const buys = trades.filter(({ isSell }) => !isSell);
  const sells = trades.filter(({ isSell }) => isSell);
  const volumeOf = (some: readonly MadeTrade[]) => some.reduce((sum, { quantity }) => sum + quantity, 0n);
  const turnover = (some: readonly MadeTrade[]) =>
    some.reduce((sum, { price, quantity }) => sum + price * quantity, 0n);
  const [volume, buyVolume, value] = [volumeOf(trades), volumeOf(buys), turnover(trades)];
  const prices = trades.map(({ price }) => price).sort((a, b) => (a < b ? -1 : Number(a > b)));
  const buyRatioVolume = Number(buyVolume) / Number(volume);
  return {
    trades: trades.length,
    buyTrades: buys.length,
    sellTrades: sells.length,
    volume: decimalOf(volume),
    buyVolume: decimalOf(buyVolume),
    sellVolume: decimalOf(volumeOf(sells)),
    value: decimalOf(halfEven(value, UNIT)),
    buyValue: decimalOf(halfEven(turnover(buys), UNIT)),
    sellValue: decimalOf(halfEven(turnover(sells), UNIT)),
    vwap: decimalOf(halfEven(value, volume)),
    open: decimalOf(first.price),
    high: decimalOf(prices.at(-1) ?? 0n),
    low: decimalOf(prices[0] ?? 0n),
    close: decimalOf(last.price),
    averageQuantity: decimalOf(halfEven(volume, BigInt(trades.length))),
    buyRatioVolume,
    buyRatioCount: buys.length / trades.length,
    flow: flowOf(buyRatioVolume),
  };
}

function flowOf(ratio: number): string {
  if (ratio >= 0.7) return 'strong_buy';
  if (ratio >= 0.55) return 'buy';
  if (ratio <= 0.3) return 'strong_sell';
  return ratio <= 0.45 ? 'sell' : 'neutral';
}
