import type { Environment, Gap, Position } from '../../domain/record.ts';
import { type AnyTrade, compareIds, lastIdOf } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { SequenceGapNotice } from '../arbitration/merged-event.ts';
import type { PreviousEpoch } from './previous-runs.ts';

/** One epoch of a symbol, and how far it was published. */
export interface Epoch {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  /** Milliseconds since 1970, wall clock. */
  readonly at: number;
  /** The last trade that a previous run published in it; null: none, or it began in this run. */
  takenUp: Checkpoint | null;
  first: AnyTrade | undefined;
  last: AnyTrade | undefined;
}

/** A trade of the epoch was handed out for publishing. */
export function notePublished(epoch: Epoch, trade: AnyTrade): void {
  epoch.first ??= trade;
  epoch.last = trade;
}

/**
 * Numbers the epochs of each symbol, going on from what the sinks remember, and keeps how far each was published:
 * what positions and gaps are made of.
 */
export class EpochLedger {
  readonly #environment: Environment;
  readonly #numbers = new Map<string, number>();
  /** How previous runs ended, until this one serves the symbol. */
  readonly #previous: Map<string, PreviousEpoch[]>;
  /** By symbol. */
  readonly #current = new Map<string, Epoch>();
  /** Epochs whose trades have no position of this run. */
  readonly #fresh = new Set<Epoch>();

  /** @param environment the configured one: that of positions and gaps, whatever the venue's. */
  constructor(previous: readonly PreviousEpoch[], environment: Environment) {
    this.#environment = environment;
    this.#previous = Map.groupBy(previous, ({ symbol }) => symbol);
    for (const { symbol, epoch } of previous)
      this.#numbers.set(symbol, Math.max(this.#numbers.get(symbol) ?? 0, epoch));
  }

  /** A symbol's epoch; undefined before its first. */
  current(symbol: string): Epoch | undefined {
    return this.#current.get(symbol);
  }

  /** The epoch of a symbol whose first record at a venue is due: the one begun for it, else the one that `begin` will give. */
  epochOf(symbol: string, venue: string): number {
    const current = this.#current.get(symbol);
    if (current?.venue === venue && current.first === undefined) return current.epoch;
    return this.#toTakeUp(symbol, venue)?.epoch ?? this.#nextNumber(symbol);
  }

  /** The symbol, of which nothing was published yet, goes on at this venue where a previous run left it. */
  goesOn(symbol: string, venue: string): boolean {
    return this.#current.get(symbol) === undefined && this.#toTakeUp(symbol, venue) !== undefined;
  }

  /** What previous runs left of the symbol is over: what came behind it is not all there any more. */
  lapse(symbol: string): void {
    const over = this.#previous.get(symbol)?.map((previous) => ({ ...previous, takeUp: undefined }));
    if (over !== undefined) this.#previous.set(symbol, over);
  }

  /**
   * A venue serves a symbol from now on. Where the last run left it at this venue its epoch goes on, and nothing is to
   * be written; else a new one begins: its position, to be acknowledged before its first record, before it the gaps
   * that end the epochs of previous runs.
   */
  begin(symbol: string, { venue, at }: Pick<Epoch, 'venue' | 'at'>): readonly (Gap | Position)[] {
    const previous = this.#previous.get(symbol) ?? [];
    const takenUp = this.#toTakeUp(symbol, venue);
    this.#previous.delete(symbol);
    if (takenUp !== undefined) {
      this.#track({ venue, symbol, epoch: takenUp.epoch, at, takenUp: takenUp.last });
      return [];
    }
    const epoch = this.#nextNumber(symbol);
    this.#numbers.set(symbol, epoch);
    this.#track({ venue, symbol, epoch, at, takenUp: null });
    const gaps = previous.flatMap((ended) => this.#endOf(ended, at) ?? []);
    return [...gaps, { ...this.#about('position', venue, symbol, epoch), tradeId: null, timestamp: at }];
  }

  /** What a previous run left at this venue and this one may go on with. */
  #toTakeUp(symbol: string, venue: string): PreviousEpoch | undefined {
    const previous = this.#previous.get(symbol)?.find(({ takeUp }) => takeUp !== undefined);
    return previous?.venue === venue ? previous : undefined;
  }

  #nextNumber(symbol: string): number {
    return (this.#numbers.get(symbol) ?? 0) + 1;
  }

  #track(begun: Omit<Epoch, 'first' | 'last'>): void {
    const before = this.#current.get(begun.symbol);
    if (before !== undefined) this.#fresh.delete(before);
    const epoch = { ...begun, first: undefined, last: undefined };
    this.#current.set(begun.symbol, epoch);
    this.#fresh.add(epoch);
  }

  #about<K extends 'position' | 'gap'>(kind: K, venue: string, symbol: string, epoch: number) {
    return { kind, venue, symbol, epoch, environment: this.#environment } as const;
  }

  #endOf({ venue, symbol, epoch, last }: Omit<PreviousEpoch, 'takeUp'>, at: number): Gap | undefined {
    if (last === null) return undefined;
    const found = { missing: null, filled: 0, outcome: 'unknown' } as const;
    return { ...this.#about('gap', venue, symbol, epoch), ...between(last, { id: null, timestamp: at }), ...found };
  }

  /** The gap that a hole is, as far as it lies behind the first trade of the epoch; undefined: nothing of it does. */
  gap({ symbol, gap: found }: Pick<SequenceGapNotice, 'symbol' | 'gap'>): Gap | undefined {
    const current = this.#current.get(symbol);
    if (current === undefined) return undefined;
    const { first, last, takenUp, epoch } = current;
    let { before, missing, filled } = found;
    if (takenUp === null) {
      if (first === undefined || last === undefined || compareIds(found.after.tradeId, first.tradeId) <= 0)
        return undefined;
      if (compareIds(before.id, first.tradeId) < 0) {
        // The epoch began with a trade that was fetched for this hole: what is left of it begins behind the last of these.
        if (filled === missing) return undefined;
        const passed = missing === null ? 0 : idsBetween(before.id, lastIdOf(last));
        before = lastTradeOf(last);
        missing = missing === null ? null : missing - passed;
        filled = missing === null ? 0 : filled - passed;
        if (missing === 0) return undefined;
      }
    }
    const { venue, tradeId: id, timestamp } = found.after;
    const outcome = outcomeOf(missing, filled);
    return {
      ...this.#about('gap', venue, symbol, epoch),
      ...between(before, { id, timestamp }),
      missing,
      filled,
      outcome,
    };
  }

  /**
   * The venue counts the trades of a symbol anew, from `after`. Ids of two counts cannot be published apart in one epoch, so
   * a new one begins as `begin` does it, behind the gap that ends the old.
   */
  restart(symbol: string, { venue, timestamp }: AnyTrade, at: number): readonly (Gap | Position)[] {
    const current = this.#current.get(symbol);
    if (current === undefined) return [];
    const last = current.last === undefined ? current.takenUp : lastTradeOf(current.last);
    const gap = this.#endOf({ venue, symbol, epoch: current.epoch, last }, timestamp);
    return [...(gap === undefined ? [] : [gap]), ...this.begin(symbol, { venue, at })];
  }

  /** Positions of all epochs, moved or not: none is older than the last round; `fresh`: only of those that have none with a trade yet. */
  checkpoint(which: 'all' | 'fresh'): Position[] {
    const positions: Position[] = [];
    const epochs = which === 'fresh' ? this.#fresh : this.#current.values();
    for (const epoch of epochs) {
      if (epoch.last !== undefined) this.#fresh.delete(epoch);
      else if (which === 'fresh') continue;
      const last = epoch.last === undefined ? epoch.takenUp : lastTradeOf(epoch.last);
      positions.push({
        ...this.#about('position', epoch.venue, epoch.symbol, epoch.epoch),
        tradeId: last?.id ?? null,
        timestamp: last?.timestamp ?? epoch.at,
      });
    }
    return positions;
  }
}

function between(from: Checkpoint, to: { readonly id: string | null; readonly timestamp: number }) {
  return { fromId: from.id, toId: to.id, fromTime: from.timestamp, toTime: to.timestamp };
}

export function outcomeOf(missing: number | null, filled: number): Gap['outcome'] {
  return filled === missing ? 'repaired' : 'unrepaired';
}

function lastTradeOf(trade: AnyTrade): Checkpoint {
  return { id: lastIdOf(trade), timestamp: trade.timestamp };
}

function idsBetween(before: string, last: string): number {
  return Number(BigInt(last) - BigInt(before));
}
