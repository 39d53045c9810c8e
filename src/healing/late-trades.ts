import type { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import { type Instrument, VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import type { Gap, TradeEvent } from '../domain/record.ts';
import { compareIds } from '../domain/trade-id.ts';
import { fetchMissing, idRangeOf, type VenuePast } from './fetch-missing.ts';
import type { HealingStore } from './healing-store.ts';
import { IdRanges } from './id-ranges.ts';
import { groupsOf, nameOfSeries } from './open-gaps.ts';

/** How much a venue's clock may be ahead of the sink's, milliseconds. A trade never arrives earlier than this. */
export const CLOCK_MS = 30_000;

/** Ids have at most 39 digits. */
const LAST_ID = 10n ** 39n;

/** A gap, with everything that is needed to fetch its trades. */
export interface GapJob {
  readonly gap: Gap;
  readonly venue: VenueId;
  readonly instrument: Instrument;
  readonly past: VenuePast;
  /** True if some trades of the gap may be in `trades`: it was filled in part, or it shares its time with another gap. */
  readonly mayBeFilled: boolean;
}

/** Brings the missing trades of gaps into `late-trades`, each once. */
export class LateTrades {
  readonly #store: HealingStore;
  /** The known ids inside the gaps of each series. */
  readonly #have = new Map<string, IdRanges>();

  constructor(store: HealingStore) {
    this.#store = store;
  }

  /** Returns how many trades of a gap are known to be in `trades` or `late-trades`. */
  countIn(gap: Gap): number {
    if (gap.fromId === null) return 0;
    const last = gap.toId === null ? LAST_ID : BigInt(gap.toId) - 1n;
    return this.#of(gap).countIn({ first: BigInt(gap.fromId) + 1n, last });
  }

  /** Reads which trades of the gaps an earlier healer has written. */
  async readWritten(gaps: readonly Gap[]): Promise<void> {
    for (const venue of VENUE_IDS) {
      const own = gaps.filter((gap) => gap.venue === venue);
      if (own.length === 0) continue;
      const series = new Set(own.map(nameOfSeries));
      const symbols = own.map(({ symbol }) => symbol);
      const since = Math.min(...own.map(({ fromTime }) => fromTime)) - CLOCK_MS;
      for await (const record of this.#store.records('late-trades', venue, symbols, since))
        if (record.kind === 'trade' && series.has(nameOfSeries(record))) this.#note(record);
    }
  }

  /**
   * Reads which trades of one venue's gaps were published all the same. Returns the jobs that can be done now: a gap
   * without a stored trade after it may still be repaired by the feed. `jobs` are ordered by time.
   */
  async ready(venue: VenueId, jobs: readonly GapJob[]): Promise<ReadonlySet<GapJob>> {
    const ready = new Set<GapJob>();
    for (const group of groupsOf(jobs, ({ gap }) => gap))
      for (const job of await this.#readPublished(venue, group)) ready.add(job);
    return ready;
  }

  /**
   * Fetches the gap's missing trades and writes them, page by page. Returns why trades stay missing, for people;
   * undefined if none does. `onWritten` gets how many trades were written. @throws Fault
   */
  async fetch(job: GapJob, onWritten: (count: number) => void): Promise<string | undefined> {
    const { gap, instrument, past } = job;
    const pages = fetchMissing(gap, this.#of(gap), instrument, past);
    let refused: Fault | undefined;
    for (let page = await pages.next(); ; page = await pages.next()) {
      if (page.done) return refused === undefined ? page.value : `the sink refuses a trade: ${refused.message}`;
      const trades = page.value.map((trade) => ({ ...trade, epoch: gap.epoch }));
      const fault = await this.#store.writeLate(trades, (written) => {
        for (const trade of written) this.#note(trade);
        if (written.length > 0) onWritten(written.length);
      });
      refused ??= fault;
    }
  }

  /** Reads the stored trades from each gap on, up to the first trade after it. Returns the jobs that have one. */
  async #readPublished(venue: VenueId, jobs: readonly [GapJob, ...GapJob[]]): Promise<readonly GapJob[]> {
    const since = Math.min(...jobs.map(({ gap, mayBeFilled }) => (mayBeFilled ? gap.fromTime : gap.toTime)));
    const symbols = jobs.map(({ gap }) => gap.symbol);
    const waiting = Map.groupBy(jobs, ({ gap }) => gap.symbol);
    for await (const record of this.#store.records('trades', venue, symbols, since - CLOCK_MS)) {
      if (waiting.size === 0) break;
      if (record.kind !== 'trade') continue;
      const own = waiting.get(record.symbol);
      if (own === undefined) continue;
      if (own.some(({ gap }) => isInside(gap, record))) this.#note(record);
      const rest = own.filter(({ gap }) => !isAfter(gap, record));
      if (rest.length === 0) waiting.delete(record.symbol);
      else if (rest.length < own.length) waiting.set(record.symbol, rest);
    }
    const undecided = new Set([...waiting.values()].flat());
    return jobs.filter((job) => !undecided.has(job));
  }

  #note(trade: TradeEvent): void {
    const { first, last } = idRangeOf(trade);
    this.#of(trade).add(first, last);
  }

  #of(of: Pick<Gap, 'venue' | 'symbol' | 'epoch'>): IdRanges {
    return getOrCreate(this.#have, nameOfSeries(of), () => new IdRanges());
  }
}

function isInside({ venue, epoch, fromId, toId }: Gap, trade: TradeEvent): boolean {
  if (trade.venue !== venue || trade.epoch !== epoch) return false;
  const isFrom = fromId === null || compareIds(trade.tradeId, fromId) > 0;
  return isFrom && (toId === null || compareIds(trade.tradeId, toId) < 0);
}

/** Returns true if a stored trade shows that no run will repair the gap. */
function isAfter({ venue, epoch, toId }: Gap, trade: TradeEvent): boolean {
  if (trade.epoch !== epoch) return trade.epoch > epoch;
  return trade.venue === venue && toId !== null && compareIds(trade.tradeId, toId) >= 0;
}
