import type { AggTrade, FeedRecord, Gap, TradeEvent } from '../../domain/record.ts';
import { compareIds } from '../../domain/trade-id.ts';
import type { Ending, LastTrade } from '../../sinks/contract.ts';
import { outcomeOf } from './epoch-ledger.ts';
import type { FormerEpoch } from './former-runs.ts';

const KINDS = ['trade', 'aggTrade'] as const;

/** How far a sink has a series, while the feed publishes again what others lack of it. */
interface Ends {
  readonly trade: LastTrade | undefined;
  readonly aggTrade: LastTrade | undefined;
  /** Trades behind them that it got since, counted by their ids. */
  passed: number;
  /** What is left of the gap that it ends in, until the trade behind that comes: what was fetched for it may come first. */
  gap: Gap | undefined;
  /** When they matter no longer, by the time at which trades come, microseconds; undefined before the first behind them. */
  until: number | undefined;
}

/** No hole is waited for as long. */
const HOLE_US = 60_000_000;

/**
 * One of several sinks that is not where the feed goes on, for that is where the sink ends that is least far: it gets
 * neither trades that it has, nor gaps of what it has, nor a position behind its own end, nor the end of an epoch that it
 * does not know, or has left. A gap that it ends in comes right before the trade behind it, when all that was filled of
 * the rest is there and counted.
 */
export class AheadOf {
  /** By venue, symbol and epoch. */
  readonly #ends: Map<string, Ends>;
  readonly #foreign: ReadonlySet<string>;

  private constructor(ends: Map<string, Ends>, foreign: ReadonlySet<string>) {
    this.#ends = ends;
    this.#foreign = foreign;
  }

  /** Undefined where the sink ends where the feed goes on: the usual case, which costs nothing. */
  static of(endings: readonly Ending[], epochs: readonly FormerEpoch[]): AheadOf | undefined {
    const ends = new Map<string, Ends>();
    const foreign = new Set<string>();
    for (const former of epochs) {
      const key = keyOf(former);
      const { symbol, epoch, takeUp, last } = former;
      const own = endings.find((ending) => keyOf(ending) === key);
      const [trade, aggTrade] = [own?.trade ?? undefined, own?.aggTrade ?? undefined];
      const hasLeft = endings.some((ending) => ending.symbol === symbol && ending.epoch > epoch);
      // Undefined: it cannot tell.
      const hasNone = own === undefined || (own.trade === undefined ? own.aggTrade : own.trade) === null;
      // In mode all everybody goes on in the one epoch that there is.
      if (epoch > 0 && (hasLeft || (last !== null && hasNone))) foreign.add(key);
      else if (
        takeUp === undefined
          ? epoch > 0 && isBehind(last, trade ?? aggTrade)
          : isBehind(takeUp.trade, trade) || isBehind(takeUp.aggTrade, aggTrade)
      )
        ends.set(key, { trade, aggTrade, passed: 0, gap: undefined, until: undefined });
    }
    return ends.size + foreign.size === 0 ? undefined : new AheadOf(ends, foreign);
  }

  /** Gives what the sink does not have yet, now that a record has come. */
  pass(record: FeedRecord, give: (record: FeedRecord) => void): void {
    switch (record.kind) {
      case 'gap':
        this.#gap(record, give);
        return;
      case 'trade':
      case 'agg_trade':
        if (this.#ends.size === 0) give(record);
        else this.#trade(record, give);
        return;
      case 'position': {
        const ends = this.#ends.get(keyOf(record));
        const end = ends?.trade ?? ends?.aggTrade;
        const isBefore = end !== undefined && (record.tradeId === null || compareIds(record.tradeId, end.id) < 0);
        give(isBefore ? { ...record, tradeId: end.id, timestamp: end.timestamp } : record);
        return;
      }
      default:
        give(record);
    }
  }

  #trade(trade: TradeEvent | AggTrade, give: (record: FeedRecord) => void): void {
    const key = keyOf(trade);
    const ends = this.#ends.get(key);
    const end = ends?.[trade.kind === 'trade' ? 'trade' : 'aggTrade'];
    const { tradeId, lastTradeId, receivedAt, timestamp } = trade;
    // In mode all no epoch ends where a venue counts anew, which it may have done between the ends of two sinks.
    const isAnew = end !== undefined && trade.epoch === 0 && isAfter(end, tradeId, timestamp);
    if (isAnew) this.#ends.delete(key);
    if (ends === undefined || end === undefined || isAnew) {
      give(trade);
      return;
    }
    if (ends.gap?.toId !== undefined && ends.gap.toId !== null && compareIds(tradeId, ends.gap.toId) >= 0) {
      const rest = restOf(ends.gap, ends.gap.toId, end, ends.passed);
      ends.gap = undefined;
      if (rest !== undefined) give(rest);
    }
    if (compareIds(lastTradeId ?? tradeId, end.id) <= 0) return;
    const from = compareIds(tradeId, end.id) <= 0 ? idsBetween(end.id, tradeId) : 1;
    ends.passed += lastTradeId === null ? 1 : idsBetween(tradeId, lastTradeId) + from;
    ends.until ??= receivedAt + HOLE_US;
    if (receivedAt > ends.until) this.#ends.delete(key);
    give(trade);
  }

  #gap(gap: Gap, give: (record: FeedRecord) => void): void {
    const key = keyOf(gap);
    if (this.#foreign.has(key)) return;
    const { fromId, toId } = gap;
    const ends = this.#ends.get(key);
    const own = KINDS.flatMap((kind) => ends?.[kind] ?? []);
    const [end] = own;
    if (ends === undefined || end === undefined || fromId === null) give(gap);
    else if (toId === null) {
      // Where the venue counts anew, or another one serves, what was before says nothing.
      this.#ends.delete(key);
      give(compareIds(end.id, fromId) <= 0 ? gap : { ...gap, fromId: end.id, fromTime: end.timestamp });
    } else if (own.some(({ id }) => compareIds(toId, id) > 0)) {
      // A gap does not say of which of both kinds it is.
      if (own.length > 1 || compareIds(end.id, fromId) <= 0) give(gap);
      else ends.gap = gap;
    }
  }
}

/** What of a gap lies behind the end of a sink that got so many trades there; undefined: nothing does. */
function restOf({ fromId, ...gap }: Gap, toId: string, end: LastTrade, passed: number): Gap | undefined {
  const { missing, filled } = gap;
  const rest = { ...gap, fromId: end.id, fromTime: end.timestamp, filled: passed };
  if (missing === null || fromId === null) return rest;
  // Where ids tell; else it has what was filled and it did not get.
  const had = missing === idsBetween(fromId, toId) - 1 ? idsBetween(fromId, end.id) : filled - passed;
  const left = missing - had;
  return left === 0 ? undefined : { ...rest, missing: left, outcome: outcomeOf(left, passed) };
}

function keyOf(of: { readonly venue: string; readonly symbol: string; readonly epoch: number }): string {
  return `${of.venue} ${of.symbol} ${of.epoch}`;
}

function isBehind(former: LastTrade | null, own: LastTrade | undefined): boolean {
  return former !== null && own !== undefined && compareIds(former.id, own.id) < 0;
}

/** A trade of a lower id came later than the end. */
function isAfter(end: LastTrade, tradeId: string, timestamp: number): boolean {
  return compareIds(tradeId, end.id) <= 0 && timestamp > end.timestamp;
}

function idsBetween(from: string, to: string): number {
  return Number(BigInt(to) - BigInt(from));
}
