import { EMPTY, map, type Observable, type SchedulerLike, type Subscription } from 'rxjs';
import type { Instrument } from '../../domain/instrument.ts';
import { GapRepair } from '../../operators/sequence/gap-repair.ts';
import type { MissingValues } from '../../operators/sequence/id-sequence.ts';
import type { LineMerge } from '../arbitration/merge-lines.ts';
import type { MergedEvent, SequencedTrade } from '../arbitration/merged-event.ts';
import type { TradeSeries } from '../arbitration/trade-series.ts';
import type { VenueFeedOptions, VenueSignal } from '../venue-signal.ts';

/** How long trades wait behind a hole for the other line to fill it. */
const OTHER_LINE_MS = 500;
/** How long they wait for the venue's past. */
const REPAIR_MS = 10_000;
const HOLD_CHECK_MS = 50;
/** Requests at once: five hundred symbols have their turn within the hold. The venue's budget is kept elsewhere. */
const AT_ONCE = 10;

export interface VenueRepairOptions {
  readonly merge: LineMerge;
  readonly fetchMissing: VenueFeedOptions['fetchMissing'];
  readonly fetchRecent: VenueFeedOptions['fetchRecent'];
  readonly instrument: (symbol: string) => Instrument | undefined;
  /** Connections that are up and carry the symbol. */
  readonly linesUp: (symbol: string) => number;
  readonly scheduler: SchedulerLike;
  readonly out: (signal: VenueSignal) => void;
}

/**
 * What one venue's trades wait for: a moment for the other line, and where the venue tells the past, for as long as
 * that takes within bounds. Without either they wait for nothing.
 */
export class VenueRepair {
  readonly #options: VenueRepairOptions;
  readonly #queue: GapRepair<TradeSeries, MissingValues<SequencedTrade>, SequencedTrade>;
  #check: Subscription | undefined;

  constructor(options: VenueRepairOptions) {
    const { merge, scheduler } = options;
    this.#options = options;
    this.#queue = new GapRepair({
      fetch: (series, wanted, attempt) => this.#fetch(series, wanted, attempt),
      gaps: (series) => series.wanted,
      fill: (series, trades) => this.emit(merge.fill(series, trades), series.waiting),
      giveUp: (series) => this.emit(merge.release([series])),
      atOnce: AT_ONCE,
      scheduler,
    });
  }

  /** To be called whenever something may have begun to wait. What has waited before is looked at every now and then. */
  watch(): void {
    const { merge, scheduler } = this.#options;
    if (merge.holding.size === 0) {
      this.emit(merge.tellDoubts());
      return;
    }
    this.#look(merge.newlyHeld());
    if (merge.holding.size === 0) return;
    this.#check ??= scheduler.schedule(() => {
      this.#check = undefined;
      this.#look([...merge.holding]);
      this.watch();
    }, HOLD_CHECK_MS);
  }

  #look(held: Iterable<TradeSeries>): void {
    const { merge, scheduler, fetchMissing, fetchRecent, linesUp } = this.#options;
    this.emit(merge.tellDoubts());
    const fetches = fetchMissing !== undefined || fetchRecent !== undefined;
    const now = scheduler.now();
    for (const series of held) {
      const isBeforeLines = fetches && series.isResumed;
      const otherLineMs = isBeforeLines || linesUp(series.symbol) < 2 ? 0 : OTHER_LINE_MS;
      if (fetches) {
        this.emit(merge.tell(series, now, otherLineMs));
        if (series.isDue(now, otherLineMs)) this.#queue.repair(series);
      }
      this.emit(merge.release([series], now - (fetches ? REPAIR_MS : otherLineMs)));
    }
    this.emit(merge.tellDoubts());
  }

  /** Hands out what waits. */
  flush(): void {
    this.emit(this.#options.merge.release(this.#options.merge.holding));
  }

  close(): void {
    this.#queue.close();
    this.#check?.unsubscribe();
  }

  /**
   * Tells events that come without a frame of their own, possibly of several symbols. What was fetched counts as
   * received with the trade behind it, which may still wait, so that these times rise with the ids of a symbol.
   */
  emit(events: readonly MergedEvent[], waiting?: SequencedTrade): void {
    if (events.length === 0) return;
    const times: number[] = [];
    let at = waiting?.receivedAt;
    for (const event of events.toReversed()) {
      if (event.kind === 'hole' || event.kind === 'hole_opened') at = event.hole.after.receivedAt;
      else if (event.kind === 'ids_restarted') at = event.after.receivedAt;
      else if (event.kind === 'doubt') at ??= 0;
      else if (event.kind !== 'trade' || event.source === 'live') at = event.receivedAt;
      else at ??= event.receivedAt;
      times.push(at);
    }
    for (const event of events)
      this.#options.out({
        kind: 'events',
        symbol: event.symbol,
        receivedAt: times.pop() as number,
        events: [event],
        late: true,
      });
  }

  #fetch(
    series: TradeSeries,
    { before, after }: MissingValues<SequencedTrade>,
    attempt: number,
  ): Observable<readonly SequencedTrade[]> {
    const { fetchMissing, fetchRecent, instrument: instrumentOf } = this.#options;
    const instrument = instrumentOf(series.symbol);
    if (instrument === undefined) return EMPTY;
    if (series.kind === 'trade' && fetchRecent !== undefined) {
      const since = series.heldSince;
      // Asked for before a line was subscribed anew, they do not reach to where it begins.
      return fetchRecent(instrument).pipe(map((trades) => (series.heldSince === since ? trades : [])));
    }
    if (fetchMissing === undefined || after === undefined) return EMPTY;
    return fetchMissing(instrument, { kind: series.kind, before, after }, attempt);
  }
}
