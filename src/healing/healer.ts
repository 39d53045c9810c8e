import { asFault } from '../domain/fault.ts';
import { type Instrument, VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import type { FeedRecord, Gap } from '../domain/record.ts';
import { nameOfGap } from '../domain/trade-id.ts';
import type { VenuePast } from './fetch-missing.ts';
import type { HealingStore } from './healing-store.ts';
import { type GapJob, LateTrades } from './late-trades.ts';
import { groupsOf, OpenGaps } from './open-gaps.ts';
import { endOfLongest, revise } from './revise.ts';

export interface HealerOptions {
  readonly store: HealingStore;
  /** The lengths of the windows in `trade-stats`, and how long the feed waits for their late trades, milliseconds. */
  readonly windows: { readonly windowsMs: readonly number[]; readonly allowedLatenessMs: number };
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
  /**
   * When a feed started that writes to the same sink, milliseconds since 1970; undefined: none does. It publishes windows
   * of the time before its start a little later.
   */
  readonly feedSinceMs: number | undefined;
  /** Returns the wall clock's time, milliseconds since 1970. */
  readonly wallClockMs: () => number;
  readonly onEvent: (event: HealingEvent) => void;
}

/** What happens to a gap while it is healed. `reason` is for people. */
export type HealingEvent =
  /** The gaps that are open at the beginning of a round, the oldest first. */
  | { readonly kind: 'open'; readonly gaps: readonly Gap[] }
  /** `fetched`: number of the gap's trades that are in the topics now. `written`: number of trades just written. */
  | { readonly kind: 'progress'; readonly gap: Gap; readonly fetched: number; readonly written: number }
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
const OVERLAP_MS = 3_600_000;

/** The windows and audits of an interval are published by this long after its end, milliseconds. */
const PUBLISHED_MS = 75_000;
/** The same where ids jump: the venue's candle is requested again before the feed decides about a minute. */
const JUDGED_MS = 165_000;
/** How long the feed may take after a gap for the windows and audits of earlier minutes, milliseconds. */
const SETTLED_MS = 15_000;

/** What is to be done for an open gap. Times are in milliseconds since 1970; Infinity: never. */
interface GapState {
  /** True: all its trades are in the topics. */
  readonly isFetched: boolean;
  /** When its trades are requested again. */
  readonly retryAt: number;
  /** When its windows and audits are computed again. */
  readonly reviseAt: number;
  /** True: the sink did not have its windows and audits yet, when they were to be computed again. */
  readonly isUnpublished?: boolean;
}

const MINUTE_MS = 60_000;
const NEVER = Number.POSITIVE_INFINITY;
/** Why a gap whose trades are fetched stays open, for people. */
const UNPUBLISHED =
  'its trades are in late-trades; its windows and audits wait for a later trade of the symbol in the sink';

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
    const readAt = wallClockMs();
    for await (const record of store.gaps(this.#readSince))
      if (record.kind === 'gap' && isOwn(record.symbol)) this.#gaps.add(record);
    this.#readSince = Math.max(sinceMs, readAt - OVERLAP_MS);
    return this.#gaps.open();
  }

  /**
   * Heals what can be healed now. Returns after how many milliseconds there is more to do. Rejects with a Fault if the
   * sink cannot be used.
   */
  async round(): Promise<number> {
    const open = await this.openGaps();
    this.#options.onEvent({ kind: 'open', gaps: open });
    const now = this.#options.wallClockMs();
    const due = open.filter((gap) => (this.#states.get(nameOfGap(gap))?.retryAt ?? now) <= now);
    const jobs = (await Promise.all(due.map((gap) => this.#jobOf(gap)))).filter((job) => job !== undefined);
    if (jobs.length > 0) await this.#fetchJobs(jobs, open);
    // Each reading takes long, so gaps of a market that are due by its turn are handled together.
    for (let [next] = this.#revisable(); next !== undefined; [next] = this.#revisable()) await this.#finish(next);
    const at = this.#options.wallClockMs();
    const times = this.#gaps.open().map((gap) => {
      const { retryAt, reviseAt } = this.#states.get(nameOfGap(gap)) ?? { retryAt: at, reviseAt: NEVER };
      return Math.min(retryAt, reviseAt);
    });
    return Math.max(0, Math.min(LOOK_EVERY_MS, ...times.map((time) => time - at)));
  }

  /** True while fetched trades wait until the windows and audits of their time are published. */
  get isBusy(): boolean {
    return this.#gaps.open().some((gap) => {
      const { reviseAt = NEVER, isUnpublished = false } = this.#states.get(nameOfGap(gap)) ?? {};
      return reviseAt < NEVER && !isUnpublished;
    });
  }

  /** When the windows and audits that a gap touches are published, milliseconds since 1970. */
  #publishedAt({ venue, toTime }: Gap): number {
    const { windowsMs, allowedLatenessMs } = this.#options.windows;
    const id = VENUE_IDS.find((known) => known === venue);
    const afterMs = id !== undefined && this.#options.isContiguous(id) ? PUBLISHED_MS : JUDGED_MS;
    return endOfLongest(toTime, windowsMs) + afterMs + allowedLatenessMs;
  }

  /** When the windows and audits that a gap touches can be computed again, milliseconds since 1970. */
  #reviseAt(gap: Gap): number {
    const { feedSinceMs, wallClockMs } = this.#options;
    if (feedSinceMs === undefined) return this.#publishedAt(gap);
    // After a long outage, the feed publishes the old minutes only when the gap is known.
    return Math.max(this.#publishedAt(gap), feedSinceMs + PUBLISHED_MS, wallClockMs() + SETTLED_MS);
  }

  #isFetched(gap: Gap): boolean {
    return this.#states.get(nameOfGap(gap))?.isFetched === true;
  }

  /** The gaps whose windows and audits can be computed again, in groups of one market and about the same time. */
  #revisable(): readonly (readonly [Gap, ...Gap[]])[] {
    const now = this.#options.wallClockMs();
    const due = this.#gaps.open().filter((gap) => (this.#states.get(nameOfGap(gap))?.reviseAt ?? NEVER) <= now);
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
      if (instrument !== undefined) return { gap, venue, past, instrument };
      this.#leave(gap, `${venue} does not list ${gap.symbol}`);
    } catch (error) {
      this.#leave(gap, asFault(error).message, { retryMs: FAULT_RETRY_MS });
    }
    return undefined;
  }

  async #fetchJobs(jobs: readonly GapJob[], open: readonly Gap[]): Promise<void> {
    if (!this.#isOpen) {
      await this.#options.store.open();
      // Also for gaps that are fetched later, because this healer's own trades are not read back.
      await this.#late.readWritten(open);
      this.#isOpen = true;
    }
    // A venue that does not answer delays only its own gaps. If the sink fails, each venue still ends its work here, so
    // that the next round does not begin beside it.
    const ended = await Promise.allSettled(
      [...Map.groupBy(jobs, ({ venue }) => venue)].map(([venue, own]) => this.#fetchAll(venue, own)),
    );
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    // Meanwhile the feed may have published gaps that touch the same windows.
    await this.openGaps();
  }

  /** Fetches the trades of one venue's gaps. After a fault, it leaves the rest for later. */
  async #fetchAll(venue: VenueId, jobs: readonly GapJob[]): Promise<void> {
    const { ready, deleted } = await this.#late.readStored(venue, jobs);
    const { wallClockMs } = this.#options;
    for (const job of jobs) {
      if (deleted.has(job)) this.#leave(job.gap, 'its published trades are not stored any more');
      // The sink is read from each gap on, so the pauses grow with the gap's age.
      else if (!ready.has(job)) this.#wait(job.gap, Math.max(FAULT_RETRY_MS, wallClockMs() - job.gap.toTime));
    }
    const rest = jobs.filter((job) => ready.has(job));
    for (let job = rest.shift(); job !== undefined; job = rest.shift()) {
      const retryMs = await this.#fetch(job);
      if (retryMs !== undefined) for (const other of rest.splice(0)) this.#wait(other.gap, retryMs);
    }
  }

  /** Fetches the trades of one gap. Returns when the venue can be asked again after a fault, milliseconds. */
  async #fetch(job: GapJob): Promise<number | undefined> {
    const { wallClockMs, onEvent } = this.#options;
    const { gap } = job;
    const isWritten = this.#late.filledOf(gap) > gap.filled;
    let reviseAt = this.#states.get(nameOfGap(gap))?.reviseAt ?? (isWritten ? this.#reviseAt(gap) : NEVER);
    try {
      const lack = await this.#late.fetch(job, (written) => {
        reviseAt = this.#reviseAt(gap);
        onEvent({ kind: 'progress', gap, fetched: this.#late.filledOf(gap), written });
      });
      const isFinal = lack?.isFinal === true || wallClockMs() - gap.toTime > YOUNG_MS;
      if (lack !== undefined) this.#leave(gap, lack.reason, { reviseAt, retryMs: isFinal ? NEVER : RETRY_MS });
      else this.#states.set(nameOfGap(gap), { isFetched: true, retryAt: NEVER, reviseAt: this.#reviseAt(gap) });
      return undefined;
    } catch (error) {
      const { kind, message, retry } = asFault(error);
      if (kind === 'sink') {
        if (reviseAt < NEVER) this.#states.set(nameOfGap(gap), { isFetched: false, retryAt: 0, reviseAt });
        throw error;
      }
      if (kind === 'unknown_symbol') {
        this.#leave(gap, message, { reviseAt });
        return undefined;
      }
      const retryMs = retry.kind === 'never' ? LOOK_EVERY_MS : retry.kind === 'after' ? retry.afterMs : 0;
      this.#leave(gap, message, { reviseAt, retryMs: Math.max(FAULT_RETRY_MS, retryMs) });
      return Math.max(FAULT_RETRY_MS, retryMs);
    }
  }

  #wait(gap: Gap, retryMs: number): void {
    const { reviseAt = NEVER } = this.#states.get(nameOfGap(gap)) ?? {};
    const retryAt = this.#options.wallClockMs() + retryMs;
    this.#states.set(nameOfGap(gap), { isFetched: false, retryAt, reviseAt });
  }

  /** Notes that trades of a gap stay missing. `retryMs`: when they are requested again, milliseconds. */
  #leave(
    gap: Gap,
    reason: string,
    { reviseAt = this.#states.get(nameOfGap(gap))?.reviseAt ?? NEVER, retryMs = NEVER } = {},
  ): void {
    const retryAt = this.#options.wallClockMs() + retryMs;
    this.#states.set(nameOfGap(gap), { isFetched: false, retryAt, reviseAt });
    this.#options.onEvent({ kind: 'left', gap, reason, isFinal: retryMs === NEVER });
  }

  /** Publishes what is complete now: windows and audits, then the gaps with the outcome `healed`. */
  async #finish(gaps: readonly [Gap, ...Gap[]]): Promise<void> {
    const { store, windows, isContiguous, wallClockMs, onEvent } = this.#options;
    const [{ symbol }] = gaps;
    const venue = VENUE_IDS.find((id) => id === gaps[0].venue);
    if (venue === undefined) return;
    const open = this.#gaps
      .open()
      .filter((gap) => gap.venue === venue && gap.symbol === symbol && !this.#isFetched(gap));
    const publishedAt = Math.max(...gaps.map((gap) => this.#publishedAt(gap)));
    const { windowsMs } = windows;
    const market = { venue, symbol, isContiguous: isContiguous(venue) };
    const fetched = { ...market, gaps, windowsMs, publishedAt };
    let revised = await revise(store, { ...fetched, stillMissing: open });
    if (revised === undefined) {
      const reviseAt = wallClockMs() + Math.max(FAULT_RETRY_MS, wallClockMs() - publishedAt);
      for (const gap of gaps) {
        if (this.#isFetched(gap)) onEvent({ kind: 'left', gap, reason: UNPUBLISHED, isFinal: false });
        this.#change(gap, { reviseAt, isUnpublished: true });
      }
      return;
    }
    const contradicted = gaps.filter((gap) => this.#isFetched(gap) && isContradicted(gap, revised ?? []));
    if (contradicted.length > 0) {
      for (const gap of contradicted) this.#leave(gap, "the venue's candle still has more than the trades");
      revised = (await revise(store, { ...fetched, stillMissing: [...open, ...contradicted] })) ?? [];
    }
    await store.write(revised);
    const healed = gaps
      .filter((gap) => this.#isFetched(gap))
      .map((gap): Gap => ({ ...gap, filled: this.#late.filledOf(gap), outcome: 'healed' }));
    await store.write(healed);
    for (const gap of gaps) {
      if (this.#isFetched(gap)) this.#states.delete(nameOfGap(gap));
      else this.#change(gap, { reviseAt: NEVER });
    }
    for (const gap of healed) this.#gaps.add(gap);
    onEvent({ kind: 'healed', gaps: healed, records: [...revised, ...healed] });
  }

  #change(gap: Gap, changes: Partial<GapState>): void {
    const state = this.#states.get(nameOfGap(gap));
    if (state !== undefined) this.#states.set(nameOfGap(gap), { ...state, ...changes });
  }
}

/** Returns true if the venue's candle of a minute that the gap touches differs from its trades, late ones included. */
function isContradicted({ epoch, fromTime, toTime }: Gap, revised: readonly FeedRecord[]): boolean {
  return revised.some(
    (record) =>
      record.kind === 'audit' &&
      record.verdict === 'unexplained' &&
      record.epoch === epoch &&
      record.minute <= toTime &&
      record.minute + MINUTE_MS > fromTime,
  );
}
