import type { FeedSnapshot } from '../domain/feed-snapshot.ts';
import type { FeedStatus } from '../domain/record.ts';

/** Without a heartbeat for longer nothing is sure any more: one is due each second. */
export const SILENT_AFTER_MS = 3000;
/** A venue that has told nothing for longer, while trading is halted, has stale data. */
const VENUE_SILENT_MS = 5000;

/** A venue whose last data is younger than this delivers, whatever was told of its lines. */
const DELIVERS_MS = 1000;

/** The last heartbeat of one process. */
interface Beat {
  readonly record: FeedStatus;
  /** The scheduler's milliseconds. */
  readonly arrivedAt: number;
  readonly symbols: ReadonlySet<string>;
  readonly halted: ReadonlySet<string>;
  /** It has said that it stops. */
  readonly stopped: boolean;
}

/** What the status records of a venue come to. */
export interface FoldedVenue {
  readonly venue: string;
  state: FeedSnapshot['venues'][number]['state'];
  reason: string;
  readonly linesUp: Set<string>;
  /** Scheduler's milliseconds of the heartbeat, and the age that it told. */
  age: { readonly at: number; readonly ageMs: number } | undefined;
}

export interface Clock {
  readonly now: () => number;
  readonly wallClockMs: () => number;
}

/**
 * How the feed is, folded from its status records alone, so that it is known wherever they can be read. Several
 * processes may share the symbols: one speaks for a symbol until the heartbeat of another names it.
 */
export class FeedState {
  readonly venues = new Map<string, FoldedVenue>();
  readonly sinksDown = new Map<string, string>();
  activeVenue: string | null = null;
  readonly #clock: Clock;
  readonly #beats = new Map<string, Beat>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(record: FeedStatus): void {
    this.activeVenue = record.activeVenue;
    if (record.state === 'heartbeat') this.#beat(record);
    else if (record.state === 'stopped') this.#stop(record.instance);
    else if (record.venue !== null && record.coin === null) this.#addToVenue(this.#venue(record.venue), record);
    const { sink } = record.details;
    if (sink !== undefined && record.state === 'sink_unavailable') this.sinksDown.set(sink, record.reason);
    if (sink !== undefined && record.state === 'sink_recovered') this.sinksDown.delete(sink);
  }

  /** The process that spoke last. */
  get lastBeat(): FeedStatus | undefined {
    return [...this.#beats.values()].at(-1)?.record;
  }

  get symbols(): readonly string[] {
    return [...new Set([...this.#beats.values()].flatMap(({ symbols }) => [...symbols]))];
  }

  get halted(): readonly string[] {
    return [...this.#beats.values()].flatMap(({ halted }) => [...halted]).sort();
  }

  /** Since the last heartbeat of the process that is silent for longest; null: there was none yet. */
  get silentMs(): number | null {
    const beats = [...this.#beats.values()];
    return beats.length === 0 ? null : Math.max(...beats.map((beat) => this.#silenceOf(beat)));
  }

  get trading(): { readonly state: 'allowed' | 'halted'; readonly reason: string } {
    const silentMs = this.silentMs;
    if (silentMs === null) return { state: 'halted', reason: 'no heartbeat of the feed yet' };
    if (silentMs > SILENT_AFTER_MS)
      return { state: 'halted', reason: `the feed is silent: no heartbeat for ${Math.round(silentMs)} ms` };
    for (const { record, stopped } of this.#beats.values()) {
      if (stopped) return { state: 'halted', reason: 'the feed was stopped' };
      if (record.details.trading === 'halted')
        return { state: 'halted', reason: record.details.trading_reason ?? record.reason };
    }
    return { state: 'allowed', reason: '' };
  }

  /** True where data of the symbol from this venue must not be taken for the present market. */
  isStale(symbol: string, venue: string): boolean {
    const beat = [...this.#beats.values()].find(({ symbols }) => symbols.has(symbol));
    if (beat === undefined || beat.stopped || beat.halted.has(symbol)) return true;
    if (this.#silenceOf(beat) > SILENT_AFTER_MS) return true;
    const known = this.venues.get(venue);
    if (known === undefined) return false;
    if (known.state === 'quiet') return false;
    if (known.state === 'stale') return true;
    const ageMs = this.ageMs(known) ?? Number.POSITIVE_INFINITY;
    const mute = beat.record.details.trading === 'halted' && ageMs > VENUE_SILENT_MS;
    return mute || (known.state !== 'connected' && ageMs > DELIVERS_MS);
  }

  /** Of a venue's data; null: none was told of. */
  ageMs({ age }: FoldedVenue): number | null {
    return age === undefined ? null : age.ageMs + (this.#clock.now() - age.at);
  }

  /** By the time of the record too: what is read late is old. */
  #silenceOf({ record, arrivedAt }: Beat): number {
    return Math.max(this.#clock.now() - arrivedAt, this.#clock.wallClockMs() - record.timestamp, 0);
  }

  #stop(instance: string): void {
    const beat = this.#beats.get(instance);
    if (beat !== undefined) this.#beats.set(instance, { ...beat, stopped: true });
  }

  #beat(record: FeedStatus): void {
    const symbols = new Set(namesIn(record.details.symbols));
    const arrivedAt = this.#clock.now();
    for (const [instance, beat] of this.#beats) {
      const left = [...beat.symbols].filter((symbol) => !symbols.has(symbol));
      if (instance === record.instance || left.length === 0) this.#beats.delete(instance);
      else this.#beats.set(instance, { ...beat, symbols: new Set(left) });
    }
    const halted = new Set(namesIn(record.details.halted));
    this.#beats.set(record.instance, { record, arrivedAt, symbols, halted, stopped: false });
    const lag = Math.max(this.#clock.wallClockMs() - record.timestamp, 0);
    for (const [name, value] of Object.entries(record.details)) {
      if (!name.startsWith('age_ms.')) continue;
      const venue = this.#venue(name.slice('age_ms.'.length));
      venue.age = { at: arrivedAt - lag, ageMs: Number(value) };
      if (Number(value) < DELIVERS_MS && venue.state !== 'stale' && venue.state !== 'quiet') venue.state = 'connected';
    }
  }

  #venue(venue: string): FoldedVenue {
    let known = this.venues.get(venue);
    if (known === undefined) {
      known = { venue, state: 'connecting', reason: '', linesUp: new Set(), age: undefined };
      this.venues.set(venue, known);
    }
    return known;
  }

  #addToVenue(venue: FoldedVenue, { state, reason, details }: FeedStatus): void {
    const { line } = details;
    if (state === 'connected' || state === 'subscribed') {
      if (line !== undefined) venue.linesUp.add(line);
      if (venue.state !== 'stale' && venue.state !== 'quiet') venue.state = 'connected';
      venue.reason = '';
    } else if (state === 'disconnected') {
      if (line !== undefined && details.successor === undefined) venue.linesUp.delete(line);
      if (venue.linesUp.size > 0) return;
      venue.state = details.probing === 'true' ? 'probing' : 'disconnected';
      venue.reason = reason;
    } else if (state === 'region_blocked' || state === 'rate_limited') {
      if (venue.linesUp.size > 0) return;
      venue.state = state;
      venue.reason = reason;
    } else if (line === undefined && state === 'feed_stale') {
      venue.state = details.cause === 'quiet_market' ? 'quiet' : 'stale';
      venue.reason = reason;
    } else if (line === undefined && state === 'feed_recovered') {
      venue.state = 'connected';
      venue.reason = '';
    }
  }
}

const namesIn = (list: string | undefined): readonly string[] =>
  list === undefined || list === '' ? [] : list.split(',');
