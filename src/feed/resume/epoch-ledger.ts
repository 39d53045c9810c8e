import type { Environment, Gap, Position } from '../../domain/record.ts';
import { type AnyTrade, compareIds, lastIdOf, type TradeKind } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { SequenceGapEvent } from '../arbitration/merged-event.ts';
import type { PreviousEpoch } from './previous-runs.ts';

/** One epoch of a symbol, and how far it is published. */
export interface Epoch {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly at: number;
  /**
   * The last trade that a previous run published in the epoch. Null if there is none, or the epoch began in this run.
   */
  resumedFrom: Checkpoint | null;
  first: AnyTrade | undefined;
  last: AnyTrade | undefined;
}

/** Notes that a trade of the epoch is being published. */
export function notePublished(epoch: Epoch, trade: AnyTrade): void {
  epoch.first ??= trade;
  epoch.last = trade;
}

/** Numbers each symbol's epochs from the sinks' checkpoints on, and makes positions and gaps. */
export class EpochLedger {
  readonly #environment: Environment;
  readonly #counts: TradeKind;
  readonly #numbers = new Map<string, number>();
  /** Where previous runs ended, until this run serves the symbol. */
  readonly #previous: Map<string, PreviousEpoch[]>;
  readonly #current = new Map<string, Epoch>();
  /** Current epochs without a published position that names a trade of this run. */
  readonly #fresh = new Set<Epoch>();

  /**
   * @param environment the configured one, for positions and gaps of every venue
   * @param counts the kind of the trades that positions name, and of a gap that ends an epoch
   */
  constructor(previous: readonly PreviousEpoch[], environment: Environment, counts: TradeKind) {
    this.#environment = environment;
    this.#counts = counts;
    this.#previous = Map.groupBy(previous, ({ symbol }) => symbol);
    for (const { symbol, epoch } of previous)
      this.#numbers.set(symbol, Math.max(this.#numbers.get(symbol) ?? 0, epoch));
  }

  current(symbol: string): Epoch | undefined {
    return this.#current.get(symbol);
  }

  /**
   * Returns the epoch of a symbol's next record at a venue: the current epoch if it has no trade yet, else the epoch
   * that `begin` will begin.
   */
  epochOf(symbol: string, venue: string): number {
    const current = this.#current.get(symbol);
    if (current?.venue === venue && current.first === undefined) return current.epoch;
    return this.#resumable(symbol, venue)?.epoch ?? this.#nextNumber(symbol);
  }

  /** Returns true if nothing of the symbol was published in this run, and it has a resume point at this venue. */
  canResume(symbol: string, venue: string): boolean {
    return this.#current.get(symbol) === undefined && this.#resumable(symbol, venue) !== undefined;
  }

  /** Drops the symbol's resume point, because the trades after it are not complete. */
  lapse(symbol: string): void {
    const over = this.#previous.get(symbol)?.map((previous) => ({ ...previous, resumePoint: undefined }));
    if (over !== undefined) this.#previous.set(symbol, over);
  }

  /**
   * Notes that a venue serves a symbol from now on. If the resume point is at this venue, the epoch continues, and
   * nothing is written. Otherwise a new epoch begins. Returns the gaps that end previous epochs, then the new epoch's
   * position. They must be acknowledged before the epoch's first record.
   */
  begin(symbol: string, { venue, at }: Pick<Epoch, 'venue' | 'at'>): readonly (Gap | Position)[] {
    const previous = this.#previous.get(symbol) ?? [];
    const resumedFrom = this.#resumable(symbol, venue);
    this.#previous.delete(symbol);
    if (resumedFrom !== undefined) {
      this.#track({ venue, symbol, epoch: resumedFrom.epoch, at, resumedFrom: resumedFrom.last });
      return [];
    }
    const epoch = this.#nextNumber(symbol);
    this.#numbers.set(symbol, epoch);
    this.#track({ venue, symbol, epoch, at, resumedFrom: null });
    const gaps = previous.flatMap((ended) => this.#endOf(ended, at) ?? []);
    return [...gaps, { ...this.#about('position', venue, symbol, epoch), tradeId: null, timestamp: at }];
  }

  /** Returns the previous run's epoch at this venue, if it can resume. */
  #resumable(symbol: string, venue: string): PreviousEpoch | undefined {
    const previous = this.#previous.get(symbol)?.find(({ resumePoint }) => resumePoint !== undefined);
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

  #endOf({ venue, symbol, epoch, last }: Omit<PreviousEpoch, 'resumePoint'>, at: number): Gap | undefined {
    if (last === null) return undefined;
    const found = { channel: this.#counts, missing: null, filled: 0, outcome: 'unknown' } as const;
    return { ...this.#about('gap', venue, symbol, epoch), ...between(last, { id: null, timestamp: at }), ...found };
  }

  /** Returns the record of a gap, without any part before the epoch's first trade. Undefined if nothing is left. */
  gap({ symbol, gap: found }: Pick<SequenceGapEvent, 'symbol' | 'gap'>): Gap | undefined {
    const current = this.#current.get(symbol);
    if (current === undefined) return undefined;
    const { first, last, resumedFrom, epoch } = current;
    let { before, missing, filled } = found;
    if (resumedFrom === null) {
      if (first === undefined || last === undefined || compareIds(found.after.tradeId, first.tradeId) <= 0)
        return undefined;
      if (compareIds(before.id, first.tradeId) < 0) {
        // The epoch began with a trade fetched for this gap, so what is left of the gap begins after the last fetched
        // trade.
        if (filled === missing) return undefined;
        const passed = missing === null ? 0 : idsBetween(before.id, lastIdOf(last));
        before = lastTradeOf(last);
        missing = missing === null ? null : missing - passed;
        filled = missing === null ? 0 : filled - passed;
        if (missing === 0) return undefined;
      }
    }
    const { venue, kind: channel, tradeId: id, timestamp } = found.after;
    const bounds = between(before, { id, timestamp });
    const outcome = outcomeOf(missing, filled);
    return { ...this.#about('gap', venue, symbol, epoch), ...bounds, channel, missing, filled, outcome };
  }

  /**
   * Handles restarted ids of a symbol. One epoch cannot have ids from before and after a restart, so a gap ends it and
   * a new epoch begins.
   */
  restart(symbol: string, { venue, timestamp }: AnyTrade, at: number): readonly (Gap | Position)[] {
    const current = this.#current.get(symbol);
    if (current === undefined) return [];
    const last = current.last === undefined ? current.resumedFrom : lastTradeOf(current.last);
    const gap = this.#endOf({ venue, symbol, epoch: current.epoch, last }, timestamp);
    return [...(gap === undefined ? [] : [gap]), ...this.begin(symbol, { venue, at })];
  }

  /**
   * Makes new positions of all current epochs. `fresh`: only of epochs whose first trade in this run has no position
   * yet.
   */
  checkpoint(which: 'all' | 'fresh'): Position[] {
    const positions: Position[] = [];
    const epochs = which === 'fresh' ? this.#fresh : this.#current.values();
    for (const epoch of epochs) {
      if (epoch.last !== undefined) this.#fresh.delete(epoch);
      else if (which === 'fresh') continue;
      const last = epoch.last === undefined ? epoch.resumedFrom : lastTradeOf(epoch.last);
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

export function idsBetween(from: string, to: string): number {
  return Number(BigInt(to) - BigInt(from));
}
