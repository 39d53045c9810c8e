import { asFault } from '../domain/fault.ts';
import { type Instrument, VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import type { FeedRecord, Gap } from '../domain/record.ts';
import { nameOfGap } from '../domain/trade-id.ts';
import type { VenuePast } from './fetch-missing.ts';
import type { HealingStore } from './healing-store.ts';
import { type GapJob, LateTrades } from './late-trades.ts';
import { groupsOf, OpenGaps } from './open-gaps.ts';
import { revise } from './revise.ts';

export interface HealerOptions {
  readonly store: HealingStore;
  /** The lengths of the windows in `trade-stats`, milliseconds. */
  readonly windowsMs: readonly number[];
  /** Returns whether the venue's trade ids step by one. */
  readonly isContiguous: (venue: VenueId) => boolean;
  /** The venue's requests for past trades; undefined if the configuration does not use the venue. */
  readonly pastOf: (venue: VenueId) => VenuePast | undefined;
  /** Looks a market up; undefined if the venue does not list it. Rejects with a Fault. */
  readonly instrumentOf: (venue: VenueId, symbol: string) => Promise<Instrument | undefined>;
  /** The symbols of this healer; all by default. */
  readonly isOwn?: ((symbol: string) => boolean) | undefined;
  /** Gaps that arrived before this time are left alone, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Returns the wall clock's time, milliseconds since 1970. */
  readonly wallClockMs: () => number;
  readonly onEvent: (event: HealingEvent) => void;
}

/** What happens to a gap while it is healed. `reason` is for people. */
export type HealingEvent =
  /** `fetched`: number of the gap's trades that are in the topics now. */
  | { readonly kind: 'progress'; readonly gap: Gap; readonly fetched: number }
  /** `records`: what was published for the gaps, apart from late trades; these gaps are among them. */
  | { readonly kind: 'healed'; readonly gaps: readonly Gap[]; readonly records: readonly FeedRecord[] }
  /** Trades stay missing. `isFinal`: the venue does not have them; otherwise the healer retries. */
  | { readonly kind: 'left'; readonly gap: Gap; readonly reason: string; readonly isFinal: boolean };

/** How often the gaps are read if nothing is known to be open, milliseconds. */
const LOOK_EVERY_MS = 600_000;
/** The venue may return the newest trades a little late, so a young gap is tried again, milliseconds. */
const YOUNG_MS = 600_000;
const RETRY_MS = 60_000;
/** The least pause after a request failed, milliseconds. */
const FAULT_RETRY_MS = 10_000;
/** Records of `gaps` are read again if they arrived less than this before the last reading, milliseconds. */
const OVERLAP_MS = 60_000;

/**
 * The windows and audits of a minute are published by this long after its end, milliseconds. Then they are computed again.
 */
const PUBLISHED_MS = 75_000;
const MINUTE_MS = 60_000;

type GapState =
  /** All its trades are in the topics. Its windows and audits are published at `at`, milliseconds since 1970. */
  | { readonly kind: 'fetched'; readonly at: number }
  /**
   * Trades stay missing. Retried at `retryAt`. If others were written, the audits that they change are computed again at
   * `at`. Milliseconds since 1970; Infinity: never.
   */
  | { readonly kind: 'left'; readonly at: number; readonly retryAt: number };

/**
 * Heals the gaps of one sink. The topic `gaps` is its only list of work: a gap is open until a record with the same bounds
 * says `healed`. So it needs no memory of its own, and a restart goes on where the last run ended.
 */
export class Healer {
  readonly #options: HealerOptions;
  readonly #gaps = new OpenGaps();
  readonly #late: LateTrades;
  readonly #states = new Map<string, GapState>();
  #readSince: number;
  #isOpen = false;

  constructor(options: HealerOptions) {
    this.#options = options;
    this.#late = new LateTrades(options.store);
    this.#readSince = options.sinceMs;
  }

  /** Reads the gaps. Returns the open ones, the oldest first. */
  async openGaps(): Promise<readonly Gap[]> {
    const { store, wallClockMs, sinceMs, isOwn = () => true } = this.#options;
    const since = this.#readSince;
    this.#readSince = Math.max(sinceMs, wallClockMs() - OVERLAP_MS);
    for await (const record of store.gaps(since))
      if (record.kind === 'gap' && isOwn(record.symbol)) this.#gaps.add(record);
    return this.#gaps.open();
  }

  /**
   * Heals what can be healed now. Returns after how many milliseconds there is more to do. Rejects with a Fault if the
   * sink cannot be used.
   */
  async round(): Promise<number> {
    const open = await this.openGaps();
    const now = this.#options.wallClockMs();
    const due = open.filter((gap) => this.#isDue(gap, now));
    const jobs = (await Promise.all(due.map((gap) => this.#jobOf(gap)))).filter((job) => job !== undefined);
    if (jobs.length > 0 && !this.#isOpen) {
      await this.#options.store.open();
      // Also for gaps that are fetched later, because this healer's own trades are not read back.
      await this.#late.readWritten(open);
      this.#isOpen = true;
    }
    // A venue that does not answer delays only its own gaps.
    await Promise.all([...Map.groupBy(jobs, ({ venue }) => venue)].map(([venue, own]) => this.#fetchAll(venue, own)));
    for (const gaps of this.#finishable()) await this.#finish(gaps);
    const at = this.#options.wallClockMs();
    const times = this.#gaps.open().map((gap) => this.#nextAt(gap) ?? at + LOOK_EVERY_MS);
    return Math.max(0, Math.min(LOOK_EVERY_MS, ...times.map((time) => time - at)));
  }

  /** True while fetched gaps wait until their windows and audits are published. */
  get isBusy(): boolean {
    return [...this.#states.values()].some(({ kind }) => kind === 'fetched');
  }

  #isDue(gap: Gap, now: number): boolean {
    const state = this.#states.get(nameOfGap(gap));
    return state === undefined || (state.kind === 'left' && state.retryAt <= now);
  }

  /** Returns when there is more to do for a gap, milliseconds since 1970. */
  #nextAt(gap: Gap): number | undefined {
    const state = this.#states.get(nameOfGap(gap));
    return state?.kind === 'left' ? Math.min(state.retryAt, state.at) : state?.at;
  }

  #isFetched(gap: Gap): boolean {
    return this.#states.get(nameOfGap(gap))?.kind === 'fetched';
  }

  /** The fetched gaps whose windows and audits are published by now, in groups of one market and about the same time. */
  #finishable(): readonly (readonly [Gap, ...Gap[]])[] {
    const now = this.#options.wallClockMs();
    const due = this.#gaps
      .open()
      .filter((gap) => (this.#states.get(nameOfGap(gap))?.at ?? Number.POSITIVE_INFINITY) <= now);
    const byMarket = Map.groupBy(due, ({ venue, symbol }) => `${venue} ${symbol}`);
    return [...byMarket.values()].flatMap((gaps) => groupsOf(gaps, (gap) => gap));
  }

  async #jobOf(gap: Gap): Promise<GapJob | undefined> {
    const venue = VENUE_IDS.find((id) => id === gap.venue);
    const past = venue && this.#options.pastOf(venue);
    if (venue === undefined || past === undefined) {
      this.#leave(gap, `${gap.venue} is not in feed.venues`);
      return undefined;
    }
    try {
      const instrument = await this.#options.instrumentOf(venue, gap.symbol);
      const mayBeFilled = gap.filled > 0 || this.#gaps.overlapping(gap).length > 0;
      if (instrument !== undefined) return { gap, venue, past, instrument, mayBeFilled };
      this.#leave(gap, `${venue} does not list ${gap.symbol}`);
    } catch (error) {
      this.#leave(gap, asFault(error).message, { afterMs: FAULT_RETRY_MS });
    }
    return undefined;
  }

  /** Fetches the trades of one venue's gaps. After a fault, it leaves the rest for later. */
  async #fetchAll(venue: VenueId, jobs: readonly GapJob[]): Promise<void> {
    const { wallClockMs, onEvent } = this.#options;
    const ready = await this.#late.ready(venue, jobs);
    for (const job of jobs) if (!ready.has(job)) this.#wait(job.gap, FAULT_RETRY_MS);
    const rest = jobs.filter((job) => ready.has(job));
    for (let job = rest.shift(); job !== undefined; job = rest.shift()) {
      const { gap } = job;
      let at = Number.POSITIVE_INFINITY;
      try {
        const reason = await this.#late.fetch(job, () => {
          at = publishedAt(gap);
          onEvent({ kind: 'progress', gap, fetched: this.#late.countIn(gap) });
        });
        const isFinal = wallClockMs() - gap.toTime > YOUNG_MS;
        if (reason === undefined) this.#states.set(nameOfGap(gap), { kind: 'fetched', at: publishedAt(gap) });
        else this.#leave(gap, reason, { at, afterMs: isFinal ? Number.POSITIVE_INFINITY : RETRY_MS });
      } catch (error) {
        const fault = asFault(error);
        if (fault.kind === 'sink') throw fault;
        const { retry } = fault;
        const afterMs = Math.max(FAULT_RETRY_MS, retry.kind === 'after' ? retry.afterMs : 0);
        this.#leave(gap, fault.message, { at, afterMs });
        for (const other of rest.splice(0)) this.#wait(other.gap, afterMs);
      }
    }
  }

  /** Tries a gap again after a pause; Infinity: never. `at`: when its audits are computed again, if they change. */
  #wait(gap: Gap, afterMs: number, at = Number.POSITIVE_INFINITY): void {
    const before = this.#states.get(nameOfGap(gap))?.at ?? Number.POSITIVE_INFINITY;
    const retryAt = this.#options.wallClockMs() + afterMs;
    this.#states.set(nameOfGap(gap), { kind: 'left', at: Math.min(at, before), retryAt });
  }

  /** Reports why trades of a gap stay missing, and waits. */
  #leave(gap: Gap, reason: string, { at = Number.POSITIVE_INFINITY, afterMs = Number.POSITIVE_INFINITY } = {}): void {
    this.#wait(gap, afterMs, at);
    this.#options.onEvent({ kind: 'left', gap, reason, isFinal: afterMs === Number.POSITIVE_INFINITY });
  }

  /** Publishes what is complete now: windows and audits, then the gaps with the outcome `healed`. */
  async #finish(gaps: readonly [Gap, ...Gap[]]): Promise<void> {
    const { store, windowsMs, isContiguous, onEvent } = this.#options;
    const [{ symbol }] = gaps;
    const venue = VENUE_IDS.find((id) => id === gaps[0].venue);
    if (venue === undefined) return;
    const open = this.#gaps
      .open()
      .filter((gap) => gap.venue === venue && gap.symbol === symbol && !this.#isFetched(gap));
    const revised = await revise(store, { venue, symbol, gaps, open, isContiguous: isContiguous(venue), windowsMs });
    await store.write(revised);
    const healed = gaps
      .filter((gap) => this.#isFetched(gap))
      .map((gap): Gap => ({ ...gap, filled: this.#late.countIn(gap), outcome: 'healed' }));
    await store.write(healed);
    for (const gap of gaps) {
      const state = this.#states.get(nameOfGap(gap));
      if (state?.kind === 'left') this.#states.set(nameOfGap(gap), { ...state, at: Number.POSITIVE_INFINITY });
      else this.#states.delete(nameOfGap(gap));
    }
    for (const gap of healed) this.#gaps.add(gap);
    onEvent({ kind: 'healed', gaps: healed, records: [...revised, ...healed] });
  }
}

/** When the windows and audits that a gap touches are published, milliseconds since 1970. */
function publishedAt({ toTime }: Gap): number {
  return (Math.floor(toTime / MINUTE_MS) + 1) * MINUTE_MS + PUBLISHED_MS;
}
