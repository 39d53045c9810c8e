import type { AggTrade, FeedRecord, Gap, TradeEvent } from '../domain/record.ts';
import { compareIds } from '../domain/trade-id.ts';
import type { Ending, LastTrade } from '../sinks/contract.ts';
import { outcomeOf } from './epoch-ledger.ts';
import type { FormerEpoch } from './former-runs.ts';

const KINDS = ['trade', 'aggTrade'] as const;

/** How far a sink has a series, while the feed publishes again what others lack of it. */
interface Ends {
  readonly trade: LastTrade | undefined;
  readonly aggTrade: LastTrade | undefined;
  /** Trades behind them that it got since, counted by their ids. */
  passed: number;
  /** When they matter no longer, by the time at which trades come, microseconds; undefined before the first behind them. */
  until: number | undefined;
}

/** No hole is waited for as long. */
const HOLE_US = 60_000_000;

/**
 * One of several sinks that is not where the feed goes on, for that is where the sink ends that is least far: it gets
 * neither trades that it has, nor gaps of what it has, nor a position behind its own end, nor the end of an epoch that it
 * does not know, or has left. Of a gap that begins before its end and was filled in part, `filled` is the least that it can be: the
 * fills are taken to lie before its end, as far as they can.
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
        ends.set(key, { trade, aggTrade, passed: 0, until: undefined });
    }
    return ends.size + foreign.size === 0 ? undefined : new AheadOf(ends, foreign);
  }

  /** What of a record the sink does not have yet; undefined: nothing. */
  rest(record: FeedRecord): FeedRecord | undefined {
    switch (record.kind) {
      case 'gap': {
        const key = keyOf(record);
        return this.#foreign.has(key) ? undefined : this.#restOf(record, key, this.#ends.get(key));
      }
      case 'trade':
      case 'agg_trade':
        return this.#ends.size === 0 || this.#lacks(record) ? record : undefined;
      case 'position': {
        const ends = this.#ends.get(keyOf(record));
        const end = ends?.trade ?? ends?.aggTrade;
        const isBefore = end !== undefined && (record.tradeId === null || compareIds(record.tradeId, end.id) < 0);
        return isBefore ? { ...record, tradeId: end.id, timestamp: end.timestamp } : record;
      }
      default:
        return record;
    }
  }

  #lacks(trade: TradeEvent | AggTrade): boolean {
    const key = keyOf(trade);
    const ends = this.#ends.get(key);
    const end = ends?.[trade.kind === 'trade' ? 'trade' : 'aggTrade'];
    if (ends === undefined || end === undefined) return true;
    const { tradeId, lastTradeId, receivedAt } = trade;
    if (compareIds(lastTradeId ?? tradeId, end.id) <= 0) return false;
    const from = compareIds(tradeId, end.id) <= 0 ? idsBetween(end.id, tradeId) : 1;
    ends.passed += lastTradeId === null ? 1 : idsBetween(tradeId, lastTradeId) + from;
    ends.until ??= receivedAt + HOLE_US;
    if (receivedAt > ends.until) this.#ends.delete(key);
    return true;
  }

  #restOf(gap: Gap, key: string, ends: Ends | undefined): Gap | undefined {
    const { fromId, toId, missing, filled } = gap;
    const own = KINDS.flatMap((kind) => ends?.[kind] ?? []);
    const [end] = own;
    if (ends === undefined || end === undefined || fromId === null) return gap;
    if (toId !== null && own.every(({ id }) => compareIds(toId, id) <= 0)) return undefined;
    // Where the venue counts anew, or another one serves, what was before says nothing.
    if (toId === null) this.#ends.delete(key);
    // A gap does not say of which of both kinds it is, but the end of an epoch is that of its trades.
    if ((own.length > 1 && toId !== null) || compareIds(end.id, fromId) <= 0) return gap;
    const rest = { ...gap, fromId: end.id, fromTime: end.timestamp };
    if (toId === null) return rest;
    const { passed } = ends;
    if (missing === null) return { ...rest, filled: passed };
    // Where ids tell; else it has what was filled and it did not get.
    const had = missing === idsBetween(fromId, toId) - 1 ? idsBetween(fromId, end.id) : filled - passed;
    const left = missing - had;
    if (left === 0) return undefined;
    const behind = Math.max(passed, filled - had);
    return { ...rest, missing: left, filled: behind, outcome: outcomeOf(left, behind) };
  }
}

function keyOf(of: { readonly venue: string; readonly symbol: string; readonly epoch: number }): string {
  return `${of.venue} ${of.symbol} ${of.epoch}`;
}

function isBehind(former: LastTrade | null, own: LastTrade | undefined): boolean {
  return former !== null && own !== undefined && compareIds(former.id, own.id) < 0;
}

function idsBetween(from: string, to: string): number {
  return Number(BigInt(to) - BigInt(from));
}
