import type { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import { type Instrument, VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import type { Gap, TradeEvent } from '../domain/record.ts';
import { compareIds, lastIdOf } from '../domain/trade-id.ts';
import { fetchMissing, idRangeOf, type Lack, type VenuePast } from './fetch-missing.ts';
import type { HealingStore } from './healing-store.ts';
import { IdRanges } from './id-ranges.ts';
import { groupsOf, nameOfSeries } from './open-gaps.ts';

/** How much a venue's clock may be ahead of the sink's, milliseconds. A trade never arrives earlier than this. */
export const CLOCKS_DIFFER_MS = 60_000;
/** The same for `late-trades`, which has few records: reading more of them costs little. */
const LATE_MARGIN_MS = 3_600_000;

/** Ids have at most 39 digits. */
const LAST_ID = 10n ** 39n;

/** A gap, with everything that is needed to fetch its trades. */
export interface GapJob {
  readonly gap: Gap;
  readonly venue: VenueId;
  readonly instrument: Instrument;
  readonly past: VenuePast;
}

/** What the stored trades say about gaps. */
export interface StoredTrades {
  /**
   * The gaps that can be healed now: a trade after each of them is stored. Without it, the feed may still repair the gap,
   * because the next run resumes at the last stored trade.
   */
  readonly ready: ReadonlySet<GapJob>;
  /** The gaps whose own trades may have been deleted: the last trade before them is not stored any more. */
  readonly deleted: ReadonlySet<GapJob>;
}

/** Brings the missing trades of gaps into `late-trades`, each once. */
export class LateTrades {
  readonly #store: HealingStore;
  /** The known ids inside the gaps of each series, and those of them that are in `late-trades`. */
  readonly #have = new Map<string, { readonly all: IdRanges; readonly late: IdRanges }>();

  constructor(store: HealingStore) {
    this.#store = store;
  }

  /** Returns how many missing trades of a gap are known to be in `trades` or `late-trades`. */
  filledOf(gap: Gap): number {
    if (gap.fromId === null) return 0;
    const inside = { first: BigInt(gap.fromId) + 1n, last: gap.toId === null ? LAST_ID : BigInt(gap.toId) - 1n };
    const { all, late } = this.#of(gap);
    // Where ids jump, a gap may also contain published trades that were never missing.
    return gap.missing === null ? gap.filled + late.countIn(inside) : Math.min(gap.missing, all.countIn(inside));
  }

  /** Reads which trades of the gaps an earlier healer has written. */
  async readWritten(gaps: readonly Gap[]): Promise<void> {
    for (const venue of VENUE_IDS) {
      const own = gaps.filter((gap) => gap.venue === venue);
      if (own.length === 0) continue;
      const series = new Set(own.map(nameOfSeries));
      const symbols = own.map(({ symbol }) => symbol);
      const since = Math.min(...own.map(({ fromTime }) => fromTime)) - LATE_MARGIN_MS;
      for await (const record of this.#store.records('late-trades', venue, symbols, since))
        if (record.kind === 'trade' && series.has(nameOfSeries(record))) this.#noteLate(record);
    }
  }

  /** Reads which trades of one venue's gaps were published all the same. `jobs` are ordered by time. */
  async readStored(venue: VenueId, jobs: readonly GapJob[]): Promise<StoredTrades> {
    const [ready, deleted] = [new Set<GapJob>(), new Set<GapJob>()];
    for (const group of groupsOf(jobs, ({ gap }) => gap)) {
      const { before, after } = await this.#readPublished(venue, group);
      for (const job of group) {
        if (!after.has(job)) continue;
        if (before.has(job) || job.gap.fromId === null) ready.add(job);
        else deleted.add(job);
      }
    }
    return { ready, deleted };
  }

  /**
   * Fetches the gap's missing trades and writes them, page by page. Returns why trades stay missing; undefined if none
   * does. `onWritten` gets how many trades were written. @throws Fault
   */
  async fetch(job: GapJob, onWritten: (count: number) => void): Promise<Lack | undefined> {
    const { gap, instrument, past } = job;
    const pages = fetchMissing(gap, this.#of(gap).all, instrument, past);
    let refused: Fault | undefined;
    for (let page = await pages.next(); ; page = await pages.next()) {
      if (page.done) {
        if (refused === undefined) return page.value;
        return { reason: `the sink refuses a trade: ${refused.message}`, isFinal: false };
      }
      const trades = page.value.map((trade) => ({ ...trade, epoch: gap.epoch }));
      const fault = await this.#store.writeLate(trades, (written) => {
        for (const trade of written) this.#noteLate(trade);
        if (written.length > 0) onWritten(written.length);
      });
      refused ??= fault;
    }
  }

  /** Reads the stored trades from the last one before each gap to the first one after it. Returns whose are there. */
  async #readPublished(venue: VenueId, jobs: readonly [GapJob, ...GapJob[]]) {
    const since = Math.min(...jobs.map(({ gap }) => gap.fromTime)) - CLOCKS_DIFFER_MS;
    const symbols = jobs.map(({ gap }) => gap.symbol);
    const [before, after] = [new Set<GapJob>(), new Set<GapJob>()];
    // The jobs whose later trade was not read yet.
    const waiting = new Map(
      [...Map.groupBy(jobs, ({ gap }) => gap.symbol)].map(([symbol, own]) => [symbol, new Set(own)]),
    );
    for await (const record of this.#store.records('trades', venue, symbols, since)) {
      if (record.kind !== 'trade') continue;
      const own = waiting.get(record.symbol);
      for (const job of own ?? []) {
        const place = placeOf(job.gap, record);
        if (place === 'inside') this.#note(record);
        if (place === 'before') before.add(job);
        if (place === 'after') {
          after.add(job);
          own?.delete(job);
        }
      }
      if (after.size === jobs.length) break;
    }
    return { before, after };
  }

  #note(trade: TradeEvent): void {
    const { first, last } = idRangeOf(trade);
    this.#of(trade).all.add(first, last);
  }

  #noteLate(trade: TradeEvent): void {
    const { first, last } = idRangeOf(trade);
    this.#of(trade).late.add(first, last);
    this.#note(trade);
  }

  #of(of: Pick<Gap, 'venue' | 'symbol' | 'epoch'>) {
    return getOrCreate(this.#have, nameOfSeries(of), () => ({ all: new IdRanges(), late: new IdRanges() }));
  }
}

/** Where a stored trade is. `before`: it is the last trade before the gap. `after`: no run will repair the gap. */
function placeOf({ venue, epoch, fromId, toId }: Gap, trade: TradeEvent): 'before' | 'inside' | 'after' | undefined {
  if (trade.epoch > epoch) return 'after';
  if (trade.venue !== venue || trade.epoch !== epoch) return undefined;
  if (toId !== null && compareIds(trade.tradeId, toId) >= 0) return 'after';
  if (fromId === null || compareIds(trade.tradeId, fromId) > 0) return 'inside';
  return compareIds(lastIdOf(trade), fromId) === 0 ? 'before' : undefined;
}
