import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Channel, Instrument } from '../../domain/instrument.ts';
import type { VenueFeedOptions } from '../venue-feed-options.ts';
import { type ChannelKind, kindOf } from './channel-kinds.ts';
import { ChannelLife, SWEEP_MS } from './channel-life.ts';
import { StaleChannels, type StaleChannelsOptions } from './stale-channels.ts';

// A channel of a symbol is stale if it has no data for unusually long, although other data shows that it should.

/**
 * The least time from a venue's event to its receipt on one line within a second. It still includes the offset between
 * the two clocks.
 */
export interface MeasuredLag {
  readonly symbol: string;
  readonly line: number;
  readonly lagMs: number;
}

/** The options of `ChannelWatch`. Times are the scheduler's milliseconds. */
export interface ChannelWatchOptions
  extends Pick<VenueFeedOptions, 'channels' | 'staleAfterMs' | 'coinStaleAfterMs'>,
    StaleChannelsOptions {
  /** The channel of trades. Undefined if no trades are wanted. */
  readonly neededChannel: 'trade' | 'agg_trade' | undefined;
  /** When another connected venue last traded the coin. Undefined if none has. */
  readonly tradedElsewhereAt: (coin: string) => number | undefined;
  /** True if other venues show that the whole market is idle. */
  readonly isIdle: (now: number) => boolean;
  /** The time of the venue's last data frame. */
  readonly lastDataAt: () => number | null;
  /** Called each second while no line delivers changes of a book that must have changed. */
  readonly onBookStale: (symbol: string) => void;
}

/** The channels of one symbol. Callers keep this object, so that a frame needs one lookup at most. */
export class SymbolChannels {
  instrument: Instrument | undefined = undefined;
  /** True if the instrument does not trade at the venue, so that nothing is expected. */
  halted = false;
  readonly lives = new Map<ChannelKind, ChannelLife>();

  received(kind: ChannelKind, connection: number, lagMs: number): void {
    this.lives.get(kind)?.received(connection, lagMs);
  }
}

/**
 * Finds channels without data while others deliver. Each kind of data of a symbol is judged by itself. It is compared
 * with the same channel on other lines, with the symbol's other channels and with other venues.
 */
export class ChannelWatch {
  readonly #options: ChannelWatchOptions;
  readonly #symbols = new Map<string, SymbolChannels>();
  /**
   * Each kind's frames of all symbols. The kind of the trades comes first, because the other kinds are judged with its
   * result.
   */
  readonly #all: ReadonlyMap<ChannelKind, ChannelLife>;
  readonly #stale: StaleChannels;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(options: ChannelWatchOptions) {
    const { neededChannel, channels } = options;
    this.#options = options;
    const kinds = [...(neededChannel === undefined ? [] : [neededChannel]), ...channels.map(kindOf)];
    this.#all = new Map(kinds.map((kind) => [kind, new ChannelLife()]));
    this.#stale = new StaleChannels(options);
  }

  /** Returns a symbol's channels. Created on first use and never replaced, so callers may keep the reference. */
  of(symbol: string): SymbolChannels {
    return getOrCreate(this.#symbols, symbol, () => new SymbolChannels());
  }

  /** Notes that the venue acknowledged a channel's subscription on a connection. */
  subscribed(
    instrument: Instrument,
    channel: Channel,
    at: { readonly line: number; readonly connection: number; readonly now: number },
  ): void {
    const of = this.of(instrument.symbol);
    of.instrument = instrument;
    getOrCreate(of.lives, kindOf(channel), () => new ChannelLife()).subscribed(at.line, at.connection, at.now);
  }

  connectionLost(connection: number): void {
    for (const { lives } of this.#symbols.values()) for (const life of lives.values()) life.lost(connection);
  }

  remove(symbol: string): void {
    const of = this.#symbols.get(symbol);
    if (of === undefined) return;
    of.instrument = undefined;
    of.halted = false;
    of.lives.clear();
    this.#stale.remove(symbol);
  }

  /** Notes that the symbol's instrument does not trade at this venue. */
  halt(symbol: string): void {
    this.of(symbol).halted = true;
    this.#stale.remove(symbol);
  }

  /** Notes that a halted instrument trades again. */
  resume(symbol: string, now: number): void {
    const of = this.of(symbol);
    of.halted = false;
    for (const life of of.lives.values()) life.restart(now);
  }

  /** Counts missing frames of all channels from now on. */
  caughtUp(now: number): void {
    for (const { lives } of this.#symbols.values()) for (const life of lives.values()) life.restart(now);
  }

  /** Returns the least lag since the last call, for each symbol and line whose data shows one. */
  takeLags(): readonly MeasuredLag[] {
    const lags: MeasuredLag[] = [];
    for (const [symbol, { lives }] of this.#symbols)
      for (const { connections } of lives.values())
        for (const each of connections) {
          if (each.leastLagMs === Number.POSITIVE_INFINITY) continue;
          lags.push({ symbol, line: each.line, lagMs: each.leastLagMs });
          each.leastLagMs = Number.POSITIVE_INFINITY;
        }
    return lags;
  }

  /**
   * Judges all channels, and acts on stale ones. Call it every `SWEEP_MS`. `venueIsLate`: the venue's frames come late,
   * so nothing is judged.
   */
  sweep(now: number, venueIsLate: boolean): void {
    this.#compare(now);
    // After a pause of this process, frames may still wait to be read.
    const isLate = now - this.#sweptAt > 2 * SWEEP_MS;
    this.#sweptAt = now;
    if (isLate || venueIsLate) return;
    this.#stale.endDelivering((symbol, kind) => this.#symbols.get(symbol)?.lives.get(kind), now);
    const hasData = now - (this.#options.lastDataAt() ?? Number.NEGATIVE_INFINITY) < this.#options.staleAfterMs / 2;
    if (hasData) for (const [kind, all] of this.#all) this.#judge(kind, all, now);
    this.#stale.act(now);
  }

  #compare(now: number): void {
    for (const [kind, all] of this.#all) {
      let frames = 0;
      let areProven = false;
      for (const of of this.#symbols.values()) {
        const life = of.lives.get(kind);
        if (life === undefined) continue;
        const counted = life.compare(now);
        const isProven = this.#isProven(of, kind, now);
        life.note(counted, isProven, now);
        frames += counted;
        areProven ||= isProven;
      }
      all.note(frames, areProven, now);
    }
  }

  /** Returns true if trades of the last second, here or at another venue, show that this channel must have had data. */
  #isProven({ instrument, lives }: SymbolChannels, kind: ChannelKind, now: number): boolean {
    const { neededChannel, tradedElsewhereAt } = this.#options;
    if (neededChannel === undefined || instrument === undefined) return false;
    if (kind !== neededChannel) return lives.get(neededChannel)?.lastAt === now;
    return (tradedElsewhereAt(instrument.coin) ?? Number.NEGATIVE_INFINITY) > now - SWEEP_MS;
  }

  #judge(kind: ChannelKind, all: ChannelLife, now: number): void {
    const { staleAfterMs, neededChannel, isIdle, onBookStale } = this.#options;
    const isVenueOverdue = all.isOverdue(now, this.#options);
    const isMarketIdle = isIdle(now);
    for (const of of this.#symbols.values()) {
      const { instrument, lives, halted } = of;
      const life = lives.get(kind);
      if (instrument === undefined || life === undefined || halted) continue;
      const ageMs = now - life.missingSince;
      // Until a coin's mean interval is known, its trades may just be rare. Its other channels can be judged by its
      // trades.
      const isStaleAlone =
        life.isOverdue(now, this.#options) && life.isProvenStale && (life.hasMean || kind !== neededChannel);
      const isStale =
        !isMarketIdle &&
        ageMs >= staleAfterMs &&
        (isStaleAlone || (isVenueOverdue && this.#isStaleWithAll(of, kind, life, all)));
      if (isStale && kind === 'book_update') onBookStale(instrument.symbol);
      if (isStale && kind === neededChannel) this.#stale.add({ kind, line: null, instrument, ageMs }, now);
      else
        for (const each of life.connections)
          if (isStale || each.isBehind(now, staleAfterMs))
            this.#stale.add(
              { kind, line: each.line, instrument, ageMs: isStale ? ageMs : now - each.missedSince },
              now,
            );
    }
  }

  /**
   * Returns true if a channel is stale because its kind is overdue for the whole venue. If no trades can prove this,
   * another channel of the symbol must deliver.
   */
  #isStaleWithAll(
    { instrument, lives }: SymbolChannels,
    kind: ChannelKind,
    life: ChannelLife,
    all: ChannelLife,
  ): boolean {
    if (life.proofs > 0 && all.isProvenStale) return true;
    const { neededChannel, staleAfterMs, tradedElsewhereAt } = this.#options;
    if (instrument === undefined) return false;
    const canBeProven =
      kind === neededChannel
        ? tradedElsewhereAt(instrument.coin) !== undefined
        : neededChannel !== undefined && !this.#stale.has(instrument.symbol, neededChannel);
    return !canBeProven && [...lives.values()].some((other) => other.lastAt - life.missingSince >= staleAfterMs);
  }
}
