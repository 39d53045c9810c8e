import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Environment, Gap, Position } from '../../domain/record.ts';
import { type AnyTrade, compareIds, lastIdOf } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { HoleNotice } from '../arbitration/merged-event.ts';
import type { FormerEpoch } from './former-runs.ts';

interface Epoch {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  /** Milliseconds since 1970, wall clock. */
  readonly at: number;
  /** The last trade that a former run published in it; null: none, or it began in this run. */
  takenUp: Checkpoint | null;
  first: AnyTrade | undefined;
  last: AnyTrade | undefined;
}

/** How far the current epoch of one key was published. */
export class KeyEpoch {
  epoch: Epoch | undefined;

  /** 0 where there are none. */
  get number(): number {
    return this.epoch?.epoch ?? 0;
  }

  /** A trade was handed out for publishing. */
  published(trade: AnyTrade): void {
    const { epoch } = this;
    if (epoch === undefined) return;
    epoch.first ??= trade;
    epoch.last = trade;
  }
}

function newKeyEpoch(): KeyEpoch {
  return new KeyEpoch();
}

/**
 * Numbers the epochs of each symbol, going on from what the sinks remember, and keeps how far each was published:
 * what positions and gaps are made of.
 */
export class EpochLedger {
  readonly #environment: Environment;
  readonly #numbers = new Map<string, number>();
  /** How former runs ended, until this one serves the symbol. */
  readonly #former: Map<string, FormerEpoch[]>;
  readonly #keys = new Map<string, KeyEpoch>();
  /** Epochs whose trades have no position of this run. */
  readonly #fresh = new Set<Epoch>();

  /** @param environment the configured one: that of positions and gaps, whatever the venue's. */
  constructor(former: readonly FormerEpoch[], environment: Environment) {
    this.#environment = environment;
    this.#former = Map.groupBy(former, ({ symbol }) => symbol);
    for (const { symbol, epoch } of former) this.#numbers.set(symbol, Math.max(this.#numbers.get(symbol) ?? 0, epoch));
  }

  /** The key's epoch. Created on first use and never replaced, so callers may keep it. */
  of(key: string): KeyEpoch {
    return getOrCreate(this.#keys, key, newKeyEpoch);
  }

  #current(key: string): Epoch | undefined {
    return this.#keys.get(key)?.epoch;
  }

  /** The epoch of a symbol whose first record at a venue is due: the one begun for it, else the one that `begin` will give. */
  epochOf(symbol: string, venue: string): number {
    const current = this.#current(symbol);
    if (current?.venue === venue && current.first === undefined) return current.epoch;
    return this.#toTakeUp(symbol, venue)?.epoch ?? this.#nextNumber(symbol);
  }

  /** The symbol, of which nothing was published yet, goes on at this venue where a former run left it. */
  goesOn(symbol: string, venue: string): boolean {
    return this.#current(symbol) === undefined && this.#toTakeUp(symbol, venue) !== undefined;
  }

  /** What former runs left of the symbol is over: what came behind it is not all there any more. */
  lapse(symbol: string): void {
    const over = this.#former.get(symbol)?.map((former) => ({ ...former, takeUp: undefined }));
    if (over !== undefined) this.#former.set(symbol, over);
  }

  /** The venue of a symbol's current epoch. */
  venueOf(symbol: string): string | undefined {
    return this.#current(symbol)?.venue;
  }

  /** True when the epoch has begun. */
  hasBegun(symbol: string, epoch: number): boolean {
    return this.#current(symbol)?.epoch === epoch;
  }

  /**
   * A venue serves a symbol from now on. Where the last run left it at this venue its epoch goes on, and nothing is to
   * be written; else a new one begins: its position, to be acknowledged before its first record, before it the gaps
   * that end the epochs of former runs.
   */
  begin(symbol: string, { venue, at }: Pick<Epoch, 'venue' | 'at'>): readonly (Gap | Position)[] {
    const former = this.#former.get(symbol) ?? [];
    const takenUp = this.#toTakeUp(symbol, venue);
    this.#former.delete(symbol);
    if (takenUp !== undefined) {
      this.#track(symbol, { venue, symbol, epoch: takenUp.epoch, at, takenUp: takenUp.last });
      return [];
    }
    const epoch = this.#nextNumber(symbol);
    this.#numbers.set(symbol, epoch);
    this.#track(symbol, { venue, symbol, epoch, at, takenUp: null });
    const gaps = former.flatMap((ended) => this.#endOf(ended, at) ?? []);
    return [...gaps, { ...this.#about('position', venue, symbol, epoch), tradeId: null, timestamp: at }];
  }

  /** What a former run left at this venue and this one may go on with. */
  #toTakeUp(symbol: string, venue: string): FormerEpoch | undefined {
    const former = this.#former.get(symbol)?.find(({ takeUp }) => takeUp !== undefined);
    return former?.venue === venue ? former : undefined;
  }

  #nextNumber(symbol: string): number {
    return (this.#numbers.get(symbol) ?? 0) + 1;
  }

  #track(key: string, begun: Omit<Epoch, 'first' | 'last'>): void {
    const of = this.of(key);
    if (of.epoch !== undefined) this.#fresh.delete(of.epoch);
    of.epoch = { ...begun, first: undefined, last: undefined };
    this.#fresh.add(of.epoch);
  }

  #about<K extends 'position' | 'gap'>(kind: K, venue: string, symbol: string, epoch: number) {
    return { kind, venue, symbol, epoch, environment: this.#environment } as const;
  }

  #endOf({ venue, symbol, epoch, last }: FormerEpoch, at: number): Gap | undefined {
    if (last === null) return undefined;
    const found = { missing: null, filled: 0, outcome: 'unknown' } as const;
    return { ...this.#about('gap', venue, symbol, epoch), ...between(last, { id: null, timestamp: at }), ...found };
  }

  /** The gap that a hole is, as far as it lies behind the first trade of the epoch; undefined: nothing of it does. */
  gap(key: string, { symbol, hole }: Pick<HoleNotice, 'symbol' | 'hole'>): Gap | undefined {
    const current = this.#current(key);
    if (current === undefined) return undefined;
    const { first, last, takenUp, epoch } = current;
    let { before, missing, filled } = hole;
    if (takenUp === null) {
      if (first === undefined || last === undefined || compareIds(hole.after.tradeId, first.tradeId) <= 0)
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
    const { venue, tradeId: id, timestamp } = hole.after;
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
   * The venue counts the trades of a symbol anew, from `after`. Ids of two counts cannot be told apart in one epoch, so
   * a new one begins as `begin` does it, behind the gap that ends the old.
   */
  restart(symbol: string, { venue, timestamp }: AnyTrade, at: number): readonly (Gap | Position)[] {
    const current = this.#current(symbol);
    if (current === undefined) return [];
    const last = current.last === undefined ? current.takenUp : lastTradeOf(current.last);
    const gap = this.#endOf({ venue, symbol, epoch: current.epoch, last, takeUp: undefined }, timestamp);
    return [...(gap === undefined ? [] : [gap]), ...this.begin(symbol, { venue, at })];
  }

  /** The last trade handed out in the current epoch of a key. */
  last(key: string): AnyTrade | undefined {
    return this.#current(key)?.last;
  }

  /** The first trade handed out in the current epoch of a key, if that is a venue's. */
  first(key: string, venue: string): AnyTrade | undefined {
    const epoch = this.#current(key);
    return epoch?.venue === venue ? epoch.first : undefined;
  }

  /** Positions of all epochs, moved or not: none is older than the last round; `fresh`: only of those that have none with a trade yet. */
  checkpoint(which: 'all' | 'fresh'): Position[] {
    const positions: Position[] = [];
    const epochs = which === 'fresh' ? this.#fresh : [...this.#keys.values()].flatMap(({ epoch }) => epoch ?? []);
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
