import type { Fault } from '../domain/fault.ts';
import type { Instrument, InstrumentStatus } from '../domain/instrument.ts';
import type { MalformedData } from '../domain/venue-event.ts';
import type { ListedInstrument } from '../venues/contract.ts';
import type { VenueConnectionPool } from './connection/connection-pool.ts';
import type { ConnectionEvent, CutOver, LineChange } from './connection/line-event.ts';
import type { InstrumentChange } from './instruments/followed-instruments.ts';
import type { Staleness } from './liveness/explain-stale.ts';
import { deadLetter } from './status/dead-letter.ts';
import type { StatusNote } from './status/status-numbering.ts';
import { increment, type VenueCounts } from './venue-counts.ts';
import type { RestEvent, VenueFeedEvent, VenueFeedOptions } from './venue-feed-options.ts';

export interface VenueReportOptions
  extends Pick<VenueFeedOptions, 'venue' | 'environment' | 'feedEnvironment' | 'activity' | 'wallClockMs'> {
  readonly lines: VenueConnectionPool;
  readonly counts: VenueCounts;
  readonly out: (event: VenueFeedEvent) => void;
}

type Note = Omit<StatusNote, 'venue'>;
type About = Pick<Note, 'line' | 'details'>;
type EventOf<K extends ConnectionEvent['kind']> = Extract<ConnectionEvent, { kind: K }>;
type StalenessOf<K extends Staleness['kind']> = Extract<Staleness, { kind: K }>;

/** What the instrument list of a venue says of a halted instrument. */
const HALTS: Readonly<Record<InstrumentStatus, string>> = {
  trading: 'trades',
  halted: 'is halted by the venue',
  cancel_only: 'accepts only cancellations of orders',
  closed: 'is no longer in the instrument list of the venue',
};

/** Reports what happens to a venue's connections and to its instruments. */
export class VenueReport {
  readonly #options: VenueReportOptions;
  readonly #id: string;
  #isBlocked = false;
  #isConnected = false;
  #restRefusal: Fault | undefined;
  #isRestReported = false;

  constructor(options: VenueReportOptions) {
    this.#options = options;
    this.#id = options.venue.id;
  }

  /** Reports a change of a line. A successor is a new connection before its cutover: only its faults are reported. */
  change(change: LineChange): void {
    const { activity, counts, out } = this.#options;
    const { line, successor, event } = change;
    const { number } = line;
    const about = { line: number, details: { url: line.plan.url } };
    switch (event.kind) {
      case 'connecting':
        if (!successor) this.#note({ state: 'connecting', reason: `line ${number} connects`, ...about });
        return;
      case 'connected':
        if (!successor) this.#note({ state: 'connected', reason: `line ${number} is open`, ...about });
        this.#isBlocked = false;
        activity.connected(this.#id, true);
        if (!this.#isConnected) out({ kind: 'connected' });
        this.#isConnected = true;
        this.#reportRest();
        return;
      case 'subscribed': {
        const topics = String(event.topics.length);
        if (!successor)
          this.#note({ state: 'subscribed', reason: `${topics} topics`, ...withDetails(about, { topics }) });
        return;
      }
      case 'lost':
        this.#lost(event, withDetails(about, lossDetails(event)), successor);
        return;
      case 'cut_over':
        this.#note(rotationNote(number, about, event));
        return;
      case 'stale':
        if (!successor) this.#stale(event, `line ${number}: no data for`, about);
        return;
      case 'recovered':
        if (!successor) this.#recovered(event, `line ${number} delivers again`, about);
        return;
      case 'refused':
        this.#refused(change, event);
        return;
      case 'malformed':
        this.#malformed(event);
        return;
      case 'ignored':
        increment(counts.ignored, event.reason);
    }
  }

  instruments(change: InstrumentChange): void {
    const { counts, out } = this.#options;
    switch (change.kind) {
      case 'opened':
        if (change.unchecked !== undefined)
          this.#note(listNote(`(${change.unchecked.message}); symbols are not checked yet`));
        out({ kind: 'instruments', instruments: change.instruments });
        return;
      case 'added':
        out({ kind: 'serves', symbol: change.instrument.symbol, serves: true });
        return;
      case 'listed':
        for (const instrument of change.instruments) {
          const reason = `${instrument.symbol} is followed from now on`;
          this.#note({ state: 'subscribed', reason, cause: 'listed', ...factsOf(instrument) });
        }
        out({ kind: 'instruments', instruments: change.instruments });
        for (const { symbol } of change.instruments) out({ kind: 'serves', symbol, serves: true });
        return;
      case 'unlisted': {
        const reason = 'not in the instrument list of the venue';
        this.#note({ state: 'subscription_rejected', reason, ...factsOf(change.instrument) });
        out({ kind: 'serves', symbol: change.instrument.symbol, serves: false });
        return;
      }
      case 'delisted': {
        const { symbol } = change.instrument;
        const reason = 'not followed any more: delisted, not trading, or not among the most traded';
        this.#note({ state: 'subscription_rejected', reason, cause: 'delisted', ...factsOf(change.instrument) });
        out({ kind: 'serves', symbol, serves: false });
        out({ kind: 'delisted', symbol });
        return;
      }
      case 'described':
        this.#described(change.instrument, change.row);
        return;
      case 'halted': {
        const { instrument, status } = change;
        const reason = `${instrument.symbol} ${HALTS[status]}; nothing is expected until it trades again`;
        this.#note({ state: 'instrument_halted', reason, cause: status, ...factsOf(instrument) });
        return;
      }
      case 'resumed': {
        const reason = `${change.instrument.symbol} trades again`;
        this.#note({ state: 'feed_recovered', reason, ...factsOf(change.instrument) });
        return;
      }
      case 'unavailable':
        increment(counts.ignored, 'instrument_list_unavailable');
        if (!change.opens) return;
        this.#note(listNote(`(${change.fault.message}); the feed requests it again`));
        out({ kind: 'disconnected', blocked: change.fault.kind === 'region_blocked' });
        return;
      case 'doubtful':
        increment(counts.ignored, 'instrument_list_doubtful');
    }
  }

  #described({ symbol, coin }: Instrument, { base: _, ...row }: ListedInstrument): void {
    const { environment, wallClockMs, out } = this.#options;
    const receivedAt = wallClockMs() * 1000;
    out({
      kind: 'instrument',
      record: { kind: 'instrument', venue: this.#id, symbol, coin, ...row, receivedAt, environment },
    });
  }

  stale(event: StalenessOf<'stale'>): void {
    this.#stale(event, 'no data from the venue for');
    if (event.cause !== 'quiet_market') this.#options.out({ kind: 'stale' });
  }

  recovered(event: StalenessOf<'recovered'>): void {
    this.#recovered(event, 'the venue delivers again');
    if (event.cause !== 'quiet_market') this.#options.out({ kind: 'recovered' });
  }

  #malformed({ frame, fault, symbol }: MalformedData): void {
    const { counts, feedEnvironment, out } = this.#options;
    counts.malformed++;
    counts.quality.invalid(symbol);
    const record = deadLetter({
      venue: this.#id,
      receivedAt: frame.receivedAt,
      stage: 'decode',
      reason: fault.message,
      payload: frame.data,
      environment: feedEnvironment,
    });
    out({ kind: 'dead_letter', record });
  }

  rest(event: RestEvent): void {
    if (event.kind === 'malformed') this.#malformed(event);
    else {
      this.#restRefusal = event.refusal;
      this.#reportRest();
    }
  }

  /**
   * Reports that the REST hosts refuse us, but only while a line is connected. Otherwise the refused handshakes are
   * reported, which have the same cause.
   */
  #reportRest(): void {
    const refusal = this.#restRefusal;
    if (!this.#isConnected || this.#isRestReported === (refusal !== undefined)) return;
    this.#isRestReported = refusal !== undefined;
    if (refusal === undefined) {
      this.#note({ state: 'connected', reason: 'REST serves again' });
      return;
    }
    const { kind, message, status } = refusal;
    const details = status === undefined ? {} : { status: String(status) };
    this.#note({ state: kind === 'region_blocked' ? kind : 'rate_limited', reason: message, details });
  }

  #note(note: Note): void {
    this.#options.out({ kind: 'status', note: { ...note, venue: this.#id } });
  }

  #stale({ cause, ageMs }: StalenessOf<'stale'>, what: string, about: About = {}): void {
    const age = String(Math.ceil(ageMs));
    this.#note({ state: 'feed_stale', reason: `${what} ${age} ms`, cause, ...withDetails(about, { age_ms: age }) });
  }

  #recovered({ staleForMs }: StalenessOf<'recovered'>, reason: string, about: About = {}): void {
    const details = { stale_for_ms: String(Math.round(staleForMs)) };
    this.#note({ state: 'feed_recovered', reason, ...withDetails(about, details) });
  }

  #lost(lost: EventOf<'lost'>, about: About, successor: boolean): void {
    const { activity, counts, lines, out } = this.#options;
    const { fault } = lost;
    if (successor) {
      // The line continues on its old connection.
      const reason = `line ${about.line} has no successor yet: ${fault.message}`;
      this.#note({ state: 'connecting', reason, ...about });
      return;
    }
    this.#note({ state: 'disconnected', reason: fault.message, cause: lossCause(lost), ...about });
    counts.reconnects++;
    increment(counts.losses, fault.kind);
    const blocked = fault.kind === 'region_blocked';
    if (blocked && !this.#isBlocked) this.#note({ state: 'region_blocked', reason: fault.message, ...about });
    if (blocked) this.#isBlocked = true;
    if (fault.kind === 'rate_limited') this.#note({ state: 'rate_limited', reason: fault.message, ...about });
    if (lines.up > 0) return;
    this.#isConnected = false;
    activity.connected(this.#id, false);
    out({ kind: 'disconnected', blocked });
  }

  #refused({ line, newlyRefused }: LineChange, { topics, fault }: EventOf<'refused'>): void {
    for (const topic of topics.filter((one) => newlyRefused.includes(one))) {
      const { symbol = null, coin = null } = this.#options.lines.byTopic(topic) ?? {};
      const about = { symbol, coin, line: line.number, details: { topic } };
      this.#note({ state: 'subscription_rejected', reason: fault.message, ...about });
    }
  }
}

function withDetails(about: About, details: NonNullable<About['details']>): About {
  return { ...about, details: { ...about.details, ...details } };
}

function listNote(what: string): Note {
  return { state: 'connecting', reason: `instrument list not available ${what}` };
}

function factsOf({ symbol, coin, venueSymbol }: Instrument): Pick<Note, 'symbol' | 'coin' | 'details'> {
  return { symbol, coin, details: { venue_symbol: venueSymbol } };
}

function rotationNote(line: number, about: About, { notice, durationMs }: CutOver): Note {
  return {
    state: 'session_rotated',
    reason: `line ${line} continues on a new connection, which opened before the old one closed: ${notice.reason}`,
    line,
    cause: notice.reason,
    details: { ...notice.details, ...about.details, duration_ms: String(Math.round(durationMs)) },
  };
}

/** `replaced`: another connection of the line continues, without a retry. */
function lossCause({ probing, successor }: EventOf<'lost'>): string | null {
  if (successor !== undefined) return 'replaced';
  return probing ? 'probing' : null;
}

function lossDetails({ fault, attempt, retryInMs }: EventOf<'lost'>): NonNullable<About['details']> {
  return {
    fault: fault.kind,
    attempt: String(attempt),
    retry_in_ms: String(Math.round(retryInMs)),
    ...(fault.status === undefined ? {} : { status: String(fault.status) }),
  };
}
