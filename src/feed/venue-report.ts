import type { Fault } from '../domain/fault.ts';
import type { MalformedData } from '../domain/venue-event.ts';
import type { VenueConnectionPool } from './connection/connection-pool.ts';
import type { ConnectionEvent, CutOver, LineChange } from './connection/line-event.ts';
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

/** Reports what happens to a venue's connections and to its REST hosts. */
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
