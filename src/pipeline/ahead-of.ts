import type { FeedRecord, Gap } from '../domain/record.ts';
import { compareIds } from '../domain/trade-id.ts';
import type { Ending, LastTrade } from '../sinks/contract.ts';
import { outcomeOf } from './epoch-ledger.ts';
import type { FormerEpoch } from './former-runs.ts';

const KINDS = ['trade', 'aggTrade'] as const;

/** How far a sink has a series, while the feed publishes again what others lack of it. */
interface Ends {
  readonly trade: LastTrade | undefined;
  readonly aggTrade: LastTrade | undefined;
  /** Trades behind them that it got since. */
  passed: number;
}

/**
 * One of several sinks that is not where the feed goes on, for that is where the sink ends that is least far: it gets
 * neither trades that it has, nor gaps of what it has, nor the end of an epoch that it does not know.
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
      const own = endings.find((ending) => keyOf(ending) === key);
      // In mode all everybody goes on in the one epoch that there is.
      if (own === undefined && former.epoch > 0) foreign.add(key);
      if (own === undefined) continue;
      const [trade, aggTrade] = [own.trade ?? undefined, own.aggTrade ?? undefined];
      const { takeUp, last } = former;
      const isAhead =
        takeUp === undefined
          ? isBehind(last, trade ?? aggTrade)
          : isBehind(takeUp.trade, trade) || isBehind(takeUp.aggTrade, aggTrade);
      if (isAhead) ends.set(key, { trade, aggTrade, passed: 0 });
    }
    return ends.size + foreign.size === 0 ? undefined : new AheadOf(ends, foreign);
  }

  /** What of a record the sink does not have yet; undefined: nothing. */
  rest(record: FeedRecord): FeedRecord | undefined {
    if (record.kind !== 'trade' && record.kind !== 'agg_trade' && record.kind !== 'gap') return record;
    const key = keyOf(record);
    const ends = this.#ends.get(key);
    if (record.kind === 'gap') return this.#foreign.has(key) ? undefined : this.#restOf(record, key, ends);
    const end = ends?.[record.kind === 'trade' ? 'trade' : 'aggTrade'];
    if (ends === undefined || end === undefined) return record;
    const { tradeId, lastTradeId } = record;
    if (compareIds(lastTradeId ?? tradeId, end.id) <= 0) return undefined;
    ends.passed += lastTradeId === null ? 1 : idsBetween(tradeId, lastTradeId) + 1;
    return record;
  }

  #restOf(gap: Gap, key: string, ends: Ends | undefined): Gap | undefined {
    const { fromId, toId, missing, filled } = gap;
    const own = KINDS.flatMap((kind) => ends?.[kind] ?? []);
    const [end] = own;
    if (ends === undefined || end === undefined || fromId === null) return gap;
    if (toId !== null && own.every(({ id }) => compareIds(toId, id) <= 0)) return undefined;
    // Where the venue counts anew, or another one serves, what was before says nothing.
    if (toId === null || own.length === 1) this.#ends.delete(key);
    // A gap does not say of which of both kinds it is, but the end of an epoch is that of its trades.
    if ((own.length > 1 && toId !== null) || compareIds(end.id, fromId) <= 0) return gap;
    const rest = { ...gap, fromId: end.id, fromTime: end.timestamp };
    if (toId === null) return rest;
    const { passed } = ends;
    if (missing === null) return { ...rest, filled: passed };
    // Where ids tell; else it has what was filled and it did not get.
    const had = missing === idsBetween(fromId, toId) - 1 ? idsBetween(fromId, end.id) : filled - passed;
    if (had === missing) return undefined;
    return { ...rest, missing: missing - had, filled: passed, outcome: outcomeOf(missing - had, passed) };
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
