import type { AggTrade, Environment, Gap, Position, TradeEvent } from '../domain/record.ts';
import { compareIds } from '../domain/trade-id.ts';
import type { HoleNotice } from './merge-lines.ts';

interface Epoch {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly environment: Environment;
  first: TradeEvent | AggTrade | undefined;
  last: TradeEvent | AggTrade | undefined;
  checkpointed: string | null;
}

/**
 * Numbers the epochs of each symbol, going on from what the sinks remember, and keeps how far each was published:
 * what positions and gaps are made of. `key` tells what is served apart: the symbol, or VENUE:SYMBOL in mode all.
 */
export class EpochLedger {
  readonly #numbers = new Map<string, number>();
  /** How the former run ended, until this one begins an epoch of the symbol. */
  readonly #former = new Map<string, Position>();
  readonly #epochs = new Map<string, Epoch>();

  constructor(positions: readonly Position[]) {
    for (const position of positions) {
      this.#numbers.set(position.symbol, Math.max(this.#numbers.get(position.symbol) ?? 0, position.epoch));
      if (position.epoch > (this.#former.get(position.symbol)?.epoch ?? 0)) this.#former.set(position.symbol, position);
    }
  }

  /** The epoch of a symbol whose first record at a venue is due: the one begun for it, else the number that `begin` will give. */
  epochOf(symbol: string, venue: string): number {
    const current = this.#epochs.get(symbol);
    return current?.venue === venue && current.first === undefined ? current.epoch : this.#nextNumber(symbol);
  }

  /** The venue of a symbol's current epoch. */
  venueOf(symbol: string): string | undefined {
    return this.#epochs.get(symbol)?.venue;
  }

  /** True when the epoch has begun. */
  hasBegun(symbol: string, epoch: number): boolean {
    return this.#epochs.get(symbol)?.epoch === epoch;
  }

  /** Begins an epoch: its position, to be acknowledged before its first record; before it the gap that ends the former run's, if any. */
  begin(
    symbol: string,
    start: { readonly venue: string; readonly environment: Environment; readonly at: number },
  ): readonly (Gap | Position)[] {
    const { venue, environment, at } = start;
    const epoch = this.#nextNumber(symbol);
    this.#numbers.set(symbol, epoch);
    this.track(symbol, { venue, symbol, epoch, environment });
    const position: Position = { kind: 'position', venue, symbol, epoch, tradeId: null, timestamp: at, environment };
    const former = this.#former.get(symbol);
    this.#former.delete(symbol);
    if (former === undefined || former.tradeId === null) return [position];
    const gap: Gap = {
      kind: 'gap',
      venue: former.venue,
      symbol,
      epoch: former.epoch,
      fromId: former.tradeId,
      toId: null,
      fromTime: former.timestamp,
      toTime: at,
      missing: null,
      filled: 0,
      outcome: 'unknown',
      environment,
    };
    return [gap, position];
  }

  #nextNumber(symbol: string): number {
    return (this.#numbers.get(symbol) ?? 0) + 1;
  }

  /** Follows a series without an epoch of its own (mode all: 0), or one whose epoch begins. */
  track(key: string, series: Pick<Epoch, 'venue' | 'symbol' | 'epoch' | 'environment'>): void {
    const { venue, symbol, epoch, environment } = series;
    this.#epochs.set(key, { venue, symbol, epoch, environment, first: undefined, last: undefined, checkpointed: null });
  }

  /** A trade was handed out for publishing. */
  published(key: string, trade: TradeEvent | AggTrade): void {
    const epoch = this.#epochs.get(key);
    if (epoch === undefined) return;
    epoch.first ??= trade;
    epoch.last = trade;
  }

  /** The gap that a hole is, as far as it lies behind the first trade of the epoch; undefined: nothing of it does. */
  gap(
    key: string,
    { symbol, hole }: HoleNotice,
    start: { readonly epoch: number; readonly environment: Environment },
  ): Gap | undefined {
    const { first, last } = this.#epochs.get(key) ?? {};
    if (first === undefined || last === undefined || compareIds(hole.after.tradeId, first.tradeId) <= 0)
      return undefined;
    let { before, missing, filled } = hole;
    if (compareIds(before.tradeId, first.tradeId) < 0) {
      // The epoch began with a trade that was fetched for this hole: what is left of it begins behind the last of these.
      const passed = missing === null ? 0 : idsBetween(before, last);
      before = last;
      missing = missing === null ? null : missing - passed;
      filled -= passed;
      if (missing === 0) return undefined;
    }
    return {
      kind: 'gap',
      venue: before.venue,
      symbol,
      epoch: start.epoch,
      fromId: lastIdOf(before),
      toId: hole.after.tradeId,
      fromTime: before.timestamp,
      toTime: hole.after.timestamp,
      missing,
      filled,
      outcome: outcomeOf(missing, filled),
      environment: start.environment,
    };
  }

  /** The last trade handed out in the current epoch of a key. */
  last(key: string): TradeEvent | AggTrade | undefined {
    return this.#epochs.get(key)?.last;
  }

  /** The first trade handed out in the current epoch of a key, if that is a venue's. */
  first(key: string, venue: string): TradeEvent | AggTrade | undefined {
    const epoch = this.#epochs.get(key);
    return epoch?.venue === venue ? epoch.first : undefined;
  }

  /** Positions of the epochs that moved on since they were last asked for; `fresh`: only of those that have none yet. */
  checkpoint(which: 'all' | 'fresh'): Position[] {
    const positions: Position[] = [];
    for (const epoch of this.#epochs.values()) {
      if (epoch.last === undefined || (which === 'fresh' && epoch.checkpointed !== null)) continue;
      const tradeId = lastIdOf(epoch.last);
      if (tradeId === epoch.checkpointed) continue;
      epoch.checkpointed = tradeId;
      positions.push({
        kind: 'position',
        venue: epoch.venue,
        symbol: epoch.symbol,
        epoch: epoch.epoch,
        tradeId,
        timestamp: epoch.last.timestamp,
        environment: epoch.environment,
      });
    }
    return positions;
  }
}

function outcomeOf(missing: number | null, filled: number): Gap['outcome'] {
  if (missing === null) return 'unknown';
  return filled === missing ? 'repaired' : 'unrepaired';
}

function lastIdOf(trade: TradeEvent | AggTrade): string {
  return trade.lastTradeId ?? trade.tradeId;
}

function idsBetween(before: TradeEvent | AggTrade, last: TradeEvent | AggTrade): number {
  return Number(BigInt(lastIdOf(last)) - BigInt(lastIdOf(before)));
}
