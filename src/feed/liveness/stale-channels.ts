import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Channel, Instrument } from '../../domain/instrument.ts';
import type { VenueFeedEvent, VenueFeedOptions } from '../venue-feed-options.ts';
import { type ChannelKind, kindOf } from './channel-kinds.ts';
import type { ChannelLife } from './channel-life.ts';

/** The options of `StaleChannels`. Times are the scheduler's milliseconds. */
export interface StaleChannelsOptions extends Pick<VenueFeedOptions, 'channels' | 'staleAfterMs'> {
  readonly venue: string;
  /** Pause after the last step until the steps begin again with the first, milliseconds. */
  readonly againAfterMs: number;
  /** Subscribes an instrument's channels again. `line`: the line's number; null: all lines. */
  readonly resubscribe: (instrument: Instrument, channels: readonly Channel[], line: number | null) => void;
  /** Replaces the connections that carry the instrument, on one line or (null) on all lines. */
  readonly replace: (instrument: Instrument, line: number | null) => void;
  /** Leaves the symbol to another venue until this one delivers again. */
  readonly leave: (symbol: string, now: number) => void;
  readonly report: (event: Extract<VenueFeedEvent, { kind: 'status' }>) => void;
}

/** A channel of a symbol that has no data while others deliver. */
export interface StaleChannel {
  readonly kind: ChannelKind;
  /** The line's number. Null if no line delivers this channel, without which the symbol is not served. */
  readonly line: number | null;
  readonly instrument: Instrument;
  readonly ageMs: number;
}

/**
 * Stale channels of one kind that get the same steps together: of all symbols on one line, or of one symbol on all
 * lines.
 */
interface Group {
  readonly kind: ChannelKind;
  readonly line: number | null;
  readonly instruments: Map<string, Instrument>;
  /** When the data ended on the channel that stopped first. */
  missingSince: number;
  /** Frames after this time show that the channels deliver again. */
  readonly since: number;
  /** When a channel of the group was last found stale. */
  foundAt: number;
  steps: number;
  steppedAt: number;
}

type Step = 'resubscribed' | 'connection_replaced' | 'left';
const ON_A_LINE: readonly Step[] = ['resubscribed', 'connection_replaced'];
const ON_ALL_LINES: readonly Step[] = [...ON_A_LINE, 'left'];
const TEXTS: Readonly<Record<Step, string>> = {
  resubscribed: 'subscribed again',
  connection_replaced: 'the connection is replaced',
  left: 'another venue serves the symbol if one can',
};

/**
 * Knows the stale channels, and takes steps against them: subscribe again, replace the connection, then leave the
 * symbol if it cannot be served without the channel. The next step comes `staleAfterMs` later. Each step is reported.
 */
export class StaleChannels {
  readonly #options: StaleChannelsOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: StaleChannelsOptions) {
    this.#options = options;
  }

  /** Notes a channel that is stale at `now`. */
  add({ kind, line, instrument, ageMs }: StaleChannel, now: number): void {
    const key = line === null ? keyOf(kind, instrument.symbol) : `${kind} ${line}`;
    const group = getOrCreate(this.#groups, key, () => {
      const times = { missingSince: now - ageMs, since: now, foundAt: now, steppedAt: now };
      return { kind, line, instruments: new Map(), ...times, steps: 0 };
    });
    group.instruments.set(instrument.symbol, instrument);
    group.foundAt = now;
    group.missingSince = Math.min(group.missingSince, now - ageMs);
  }

  /** Returns true if no line delivers the channel, and the symbol is not served without it. */
  has(symbol: string, kind: ChannelKind): boolean {
    return this.#groups.has(keyOf(kind, symbol));
  }

  remove(symbol: string): void {
    for (const [key, { instruments }] of this.#groups)
      if (instruments.delete(symbol) && instruments.size === 0) this.#groups.delete(key);
  }

  /** Ends the groups whose channels deliver again. */
  endDelivering(lifeOf: (symbol: string, kind: ChannelKind) => ChannelLife | undefined, now: number): void {
    for (const [key, group] of this.#groups) {
      const { kind, line, since, missingSince, instruments } = group;
      const lives = [...instruments.keys()].flatMap((symbol) => lifeOf(symbol, kind) ?? []);
      if (line !== null && !lives.some((life) => life.isCarriedBy(line))) {
        // The line's loss has a report of its own.
        this.#groups.delete(key);
        continue;
      }
      if (!lives.every((life) => life.hasDelivered(since, line))) continue;
      this.#groups.delete(key);
      const details = { stale_for_ms: String(Math.round(now - missingSince)) };
      this.#report(group, 'feed_recovered', 'delivers again', details);
    }
  }

  /** Takes the steps that are due. */
  act(now: number): void {
    const { staleAfterMs, againAfterMs } = this.#options;
    for (const group of this.#groups.values()) {
      const steps = group.line === null ? ON_ALL_LINES : ON_A_LINE;
      const waitsMs = group.steps === 0 ? 0 : group.steps % steps.length === 0 ? againAfterMs : staleAfterMs;
      // A group that is not found stale now gets no step, but does not end: some venues send one frame after each
      // subscription, then nothing.
      if (group.foundAt < now || now - group.steppedAt < waitsMs) continue;
      const step = steps[group.steps % steps.length] ?? 'resubscribed';
      group.steps++;
      group.steppedAt = now;
      this.#take(step, group, now);
      const ageMs = String(Math.round(now - group.missingSince));
      const details = { age_ms: ageMs, step, symbols: [...group.instruments.keys()].join(' ') };
      this.#report(group, 'feed_stale', `has no data for ${ageMs} ms while others deliver: ${TEXTS[step]}`, details);
    }
  }

  #take(step: Step, { kind, line, instruments }: Group, now: number): void {
    const { resubscribe, replace, leave } = this.#options;
    for (const instrument of instruments.values()) {
      if (step === 'resubscribed') resubscribe(instrument, this.#channelsOf(kind), line);
      else if (step === 'connection_replaced') replace(instrument, line);
      else leave(instrument.symbol, now);
    }
  }

  #channelsOf(kind: ChannelKind): readonly Channel[] {
    return this.#options.channels.filter((channel) => kindOf(channel) === kind);
  }

  #report(
    { kind, line, instruments }: Group,
    state: 'feed_stale' | 'feed_recovered',
    what: string,
    details: Readonly<Record<string, string>>,
  ): void {
    const [channel = kind] = this.#channelsOf(kind);
    const [first, ...others] = instruments.values();
    if (first === undefined) return;
    const whose = others.length === 0 ? first.symbol : `${others.length + 1} symbols`;
    const { symbol, coin } = others.length === 0 ? first : { symbol: null, coin: null };
    const reason = `${channel} of ${whose}${line === null ? '' : ` on line ${line}`} ${what}`;
    const cause = state === 'feed_stale' ? 'channel_mute' : null;
    this.#options.report({
      kind: 'status',
      note: { state, reason, venue: this.#options.venue, symbol, coin, channel, line, cause, details },
    });
  }
}

function keyOf(kind: ChannelKind, symbol: string): string {
  return `${kind} of ${symbol}`;
}
