import type { VenueSnapshot } from '../../domain/feed-snapshot.ts';
import type { Environment, FeedStatus } from '../../domain/record.ts';

/** Without a heartbeat for longer nothing is sure any more: one is due each second. */
export const SILENT_AFTER_MS = 3000;
/** A venue that has told nothing for longer, while trading is halted, has stale data. */
const VENUE_SILENT_MS = 5000;
/** A venue whose last data is younger than this delivers, whatever was told of its lines. */
const DELIVERS_MS = 1000;

/** What the status records of a venue come to. */
export interface FoldedVenue {
  readonly venue: string;
  readonly state: VenueSnapshot['state'];
  readonly reason: string;
  /** Of its data; null: none was told of. */
  readonly ageMs: number | null;
}

interface KnownVenue {
  state: VenueSnapshot['state'];
  reason: string;
  readonly linesUp: Set<number>;
  /** Scheduler's milliseconds of the heartbeat, and the age that it told. */
  age: { readonly at: number; readonly ageMs: number } | undefined;
}

export interface Clock {
  readonly now: () => number;
  readonly wallClockMs: () => number;
}

/** One process of the feed, folded from its own status records: what a former one told does not concern it. */
export class FeedProcess {
  readonly sinksDown = new Map<string, string>();
  /** Those that it speaks for, and since which heartbeat of its own: milliseconds since 1970. */
  symbols: ReadonlyMap<string, number> = new Map();
  halted: ReadonlySet<string> = new Set();
  staleBooks: ReadonlySet<string> = new Set();
  trading: { readonly state: 'allowed' | 'halted'; readonly reason: string } = { state: 'halted', reason: 'starting' };
  /** Its last record, whatever it told. */
  last: FeedStatus;
  /** Its last heartbeat. */
  beat: FeedStatus | undefined;
  readonly #clock: Clock;
  readonly #venues = new Map<string, KnownVenue>();
  #beatAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(first: FeedStatus, clock: Clock) {
    this.last = first;
    this.#clock = clock;
  }

  add(record: FeedStatus): void {
    const { state, reason, venue, symbol, cause } = record;
    this.last = record;
    if (state === 'heartbeat') this.#addBeat(record);
    else if (state === 'stopped') this.#stopped = true;
    else if (state === 'trading_halted') this.trading = { state: 'halted', reason };
    else if (state === 'trading_resumed') this.trading = { state: 'allowed', reason: '' };
    else if (venue !== null && symbol === null) addToVenue(this.#venue(venue), record);
    if (cause === null) return;
    if (state === 'sink_unavailable') this.sinksDown.set(cause, reason);
    if (state === 'sink_recovered') this.sinksDown.delete(cause);
  }

  /** Another speaks for these symbols from now on. */
  cede(symbols: ReadonlyMap<string, number>): void {
    this.symbols = new Map([...this.symbols].filter(([symbol]) => !symbols.has(symbol)));
  }

  get venues(): readonly FoldedVenue[] {
    return [...this.#venues].map(([venue, known]) => {
      return { venue, state: known.state, reason: known.reason, ageMs: this.#ageMs(known) };
    });
  }

  /** Milliseconds since its last heartbeat, by the time of the record too: what is read late is old. */
  get silentMs(): number {
    const since = this.#clock.now() - this.#beatAt;
    return Math.max(since, this.#clock.wallClockMs() - (this.beat?.timestamp ?? 0), 0);
  }

  /** Why it cannot be traded on; undefined: it can. */
  get objection(): string | undefined {
    if (this.silentMs > SILENT_AFTER_MS) return `the feed is silent: no heartbeat for ${Math.round(this.silentMs)} ms`;
    if (this.#stopped) return 'the feed was stopped';
    return this.trading.state === 'halted' ? this.trading.reason : undefined;
  }

  /** True where data of the symbol from this venue must not be taken for the present market of the feed. */
  isStale(symbol: string, venue: string, environment: Environment): boolean {
    if (this.beat?.environment !== environment) return true;
    if (this.#stopped || this.halted.has(symbol) || this.silentMs > SILENT_AFTER_MS) return true;
    const known = this.#venues.get(venue);
    if (known === undefined || known.state === 'quiet') return false;
    if (known.state === 'stale') return true;
    const ageMs = this.#ageMs(known) ?? Number.POSITIVE_INFINITY;
    const mute = this.trading.state === 'halted' && ageMs > VENUE_SILENT_MS;
    return mute || (known.state !== 'connected' && ageMs > DELIVERS_MS);
  }

  #ageMs({ age }: KnownVenue): number | null {
    return age === undefined ? null : age.ageMs + (this.#clock.now() - age.at);
  }

  #addBeat(record: FeedStatus): void {
    const { heartbeat, timestamp } = record;
    if (heartbeat === null) return;
    this.beat = record;
    this.#beatAt = this.#clock.now();
    this.#stopped = false;
    this.symbols = new Map(heartbeat.symbols.map((symbol) => [symbol, this.symbols.get(symbol) ?? timestamp]));
    this.halted = new Set(heartbeat.halted);
    this.staleBooks = new Set(heartbeat.staleBooks);
    this.trading =
      heartbeat.trading === 'allowed'
        ? { state: 'allowed', reason: '' }
        : { state: 'halted', reason: heartbeat.tradingReason };
    const lag = Math.max(this.#clock.wallClockMs() - timestamp, 0);
    for (const { venue: id, ageMs } of heartbeat.venueAges) {
      const venue = this.#venue(id);
      venue.age = { at: this.#beatAt - lag, ageMs };
      if (ageMs < DELIVERS_MS && venue.state !== 'stale' && venue.state !== 'quiet') venue.state = 'connected';
    }
  }

  #venue(venue: string): KnownVenue {
    let known = this.#venues.get(venue);
    if (known === undefined) {
      known = { state: 'connecting', reason: '', linesUp: new Set(), age: undefined };
      this.#venues.set(venue, known);
    }
    return known;
  }
}

function addToVenue(venue: KnownVenue, { state, reason, line, cause }: FeedStatus): void {
  if (state === 'connected' || state === 'subscribed') {
    if (line !== null) venue.linesUp.add(line);
    if (venue.state !== 'stale' && venue.state !== 'quiet') venue.state = 'connected';
    venue.reason = '';
  } else if (state === 'disconnected') {
    if (line !== null && cause !== 'replaced') venue.linesUp.delete(line);
    if (venue.linesUp.size > 0) return;
    venue.state = cause === 'probing' ? 'probing' : 'disconnected';
    venue.reason = reason;
  } else if (state === 'region_blocked' || state === 'rate_limited') {
    if (venue.linesUp.size > 0) return;
    venue.state = state;
    venue.reason = reason;
  } else if (line === null && state === 'feed_stale') {
    venue.state = cause === 'quiet_market' ? 'quiet' : 'stale';
    venue.reason = reason;
  } else if (line === null && state === 'feed_recovered') {
    venue.state = 'connected';
    venue.reason = '';
  }
}
