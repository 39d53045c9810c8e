import type { LineChange, LineSignal } from './connection/line-event.ts';
import { noteOf } from './connection/line-note.ts';
import type { VenueLines } from './connection/venue-lines.ts';
import type { InstrumentChange } from './instruments/followed-instruments.ts';
import { instrumentNotes } from './instruments/instrument-notes.ts';
import type { ExplainedSilence } from './liveness/explain-stale.ts';
import { deadLetter } from './status/dead-letter.ts';
import type { StatusNote } from './status/status-log.ts';
import { increment, type VenueCounts } from './venue-counts.ts';
import type { VenueFeedOptions, VenueSignal } from './venue-signal.ts';

export interface VenueReportOptions extends Pick<VenueFeedOptions, 'venue' | 'feedEnvironment' | 'activity'> {
  readonly lines: VenueLines;
  readonly counts: VenueCounts;
  readonly out: (signal: VenueSignal) => void;
}

type Signal<K extends LineSignal['kind']> = Extract<LineSignal, { kind: K }>;

/** Reports what happens to a venue: to its connections, and to the instruments that are followed. */
export class VenueReport {
  readonly #options: VenueReportOptions;
  readonly #id: string;
  #isBlocked = false;
  #isConnected = false;

  constructor(options: VenueReportOptions) {
    this.#options = options;
    this.#id = options.venue.id;
  }

  change(change: LineChange): void {
    const { activity, counts, out } = this.#options;
    const { successor, signal } = change;
    const note = noteOf(change);
    if (note !== undefined) this.#note(note);
    switch (signal.kind) {
      case 'connected':
        this.#isBlocked = false;
        activity.connected(this.#id, true);
        if (!this.#isConnected) out({ kind: 'connected' });
        this.#isConnected = true;
        return;
      case 'lost':
        if (!successor) this.#lost(signal, { line: change.line.number, details: note?.details ?? {} });
        return;
      case 'refused':
        this.#refused(change, signal);
        return;
      case 'malformed':
        this.#malformed(signal);
        return;
      case 'ignored':
        increment(counts.ignored, signal.reason);
    }
  }

  instruments(change: InstrumentChange): void {
    const { counts, out } = this.#options;
    for (const note of instrumentNotes(change)) this.#note(note);
    switch (change.kind) {
      case 'opened':
        out({ kind: 'instruments', instruments: change.instruments });
        return;
      case 'added':
        out({ kind: 'serves', symbol: change.instrument.symbol, serves: true });
        return;
      case 'listed':
        out({ kind: 'instruments', instruments: change.instruments });
        for (const { symbol } of change.instruments) out({ kind: 'serves', symbol, serves: true });
        return;
      case 'unlisted':
      case 'delisted': {
        const { symbol } = change.instrument;
        out({ kind: 'serves', symbol, serves: false });
        if (change.kind === 'delisted') out({ kind: 'delisted', symbol });
        return;
      }
      case 'unavailable':
        increment(counts.ignored, 'instrument_list_unavailable');
        if (change.opens) out({ kind: 'disconnected', blocked: change.fault.kind === 'region_blocked' });
        return;
      case 'doubtful':
        increment(counts.ignored, 'instrument_list_doubtful');
    }
  }

  stale({ cause, ageMs }: Extract<ExplainedSilence, { kind: 'stale' }>): void {
    const age = Math.ceil(ageMs);
    const reason = `no data from the venue for ${age} ms`;
    this.#note({ state: 'feed_stale', reason, cause, details: { age_ms: String(age) } });
    if (cause !== 'quiet_market') this.#options.out({ kind: 'stale' });
  }

  recovered({ cause, staleForMs }: Extract<ExplainedSilence, { kind: 'recovered' }>): void {
    const details = { stale_for_ms: String(Math.round(staleForMs)) };
    this.#note({ state: 'feed_recovered', reason: 'data again', details });
    if (cause !== 'quiet_market') this.#options.out({ kind: 'recovered' });
  }

  #note(note: Omit<StatusNote, 'venue'>): void {
    this.#options.out({ kind: 'status', note: { ...note, venue: this.#id } });
  }

  #lost({ fault }: Signal<'lost'>, about: Pick<StatusNote, 'line' | 'details'>): void {
    const { activity, counts, lines, out } = this.#options;
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

  #refused({ line, newlyRefused }: LineChange, { topics, fault }: Signal<'refused'>): void {
    for (const topic of topics.filter((one) => newlyRefused.includes(one))) {
      const { symbol = null, coin = null } = this.#options.lines.byTopic(topic) ?? {};
      const about = { symbol, coin, line: line.number, details: { topic } };
      this.#note({ state: 'subscription_rejected', reason: fault.message, ...about });
    }
  }

  #malformed({ frame, fault, symbol }: Signal<'malformed'>): void {
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
}
