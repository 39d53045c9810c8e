import type { OperatorFunction, Subscriber } from 'rxjs';
import type { FailoverEvent } from '../../operators/failover/failover-events.ts';
import type { BookStepped, IdsRestarted, LineData, MergedEvent } from '../arbitration/merged-event.ts';
import type { FeedCommand, FeedEvent, FeedReport } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import { stage } from '../publish/publishing.ts';
import { type EpochLedger, notePublished } from '../resume/epoch-ledger.ts';

type AssignEpochsOptions = Pick<StageOptions, 'ledger' | 'previous' | 'counts' | 'venueOf' | 'wallClockMs'>;
type RoutedEvent = FailoverEvent<readonly MergedEvent[]> | FeedReport | FeedCommand;
type Out = Pick<Subscriber<FeedEvent>, 'next'>;
type Begun = Extract<FeedEvent, { kind: 'epochs' }>;

/** Numbers each symbol's epochs, stamps the active venue's data with their numbers and makes gap records. */
export function assignEpochs(options: AssignEpochsOptions): OperatorFunction<RoutedEvent, FeedEvent> {
  const epochs = new Epochs(options);
  return stage((event, out) => epochs.next(event, out));
}

class Epochs {
  readonly #options: AssignEpochsOptions;
  readonly #ledger: EpochLedger;
  readonly #followed = new Set<string>();
  /** The venue of each symbol's resume point, until another venue serves it. */
  readonly #venueToResume: Map<string, string>;
  /** Symbols that a venue lacks now, as `VENUE SYMBOL`. */
  readonly #lacking = new Set<string>();

  constructor(options: AssignEpochsOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#venueToResume = new Map(
      options.previous.flatMap(({ symbol, venue, resumePoint }) =>
        resumePoint === undefined ? [] : [[symbol, venue]],
      ),
    );
  }

  next(event: RoutedEvent, out: Out): void {
    switch (event.kind) {
      case 'value':
        this.#onData(event, out);
        return;
      case 'switched':
        this.#onSwitched(event, out);
        return;
      case 'epoch':
        out.next({ kind: 'served', symbol: event.key, venue: event.source });
        if (this.#ledger.current(event.key)?.epoch !== event.epoch) this.#begin([event.key], event.source, out);
        return;
      case 'followed':
        this.#follow(event, out);
        return;
      case 'unfollowed':
        this.#followed.delete(event.symbol);
        break;
      case 'availability':
        this.#noteAvailability(event);
    }
    out.next(event);
  }

  #onData({ key: symbol, value: events, held }: Extract<RoutedEvent, { kind: 'value' }>, out: Out): void {
    let epoch = this.#ledger.current(symbol);
    let begin = 0;
    let end = 0;
    for (const event of events) {
      end++;
      if (event.kind === 'book') continue;
      if (
        event.kind === 'sequence_gap_closed' ||
        event.kind === 'sequence_gap_pending' ||
        event.kind === 'ids_restarted' ||
        event.kind === 'possible_gap'
      ) {
        emitData(symbol, epoch?.epoch, events.slice(begin, end - 1), out);
        begin = end;
        this.#onSequenceEvent(event, out);
        epoch = this.#ledger.current(symbol);
        continue;
      }
      stamp(event, epoch?.epoch, held);
      if (epoch !== undefined && event.kind === this.#options.counts) notePublished(epoch, event);
    }
    emitData(symbol, epoch?.epoch, begin === 0 ? events : events.slice(begin), out);
  }

  #onSequenceEvent(event: Exclude<MergedEvent, LineData | BookStepped>, out: Out): void {
    if (event.kind === 'possible_gap') out.next(event);
    else if (event.kind === 'ids_restarted') this.#onIdsRestarted(event, out);
    else {
      const gap = this.#ledger.gap(event);
      const { symbol, coin, gap: found } = event;
      const facts = { symbol, coin, channel: found.after.kind, toId: found.after.tradeId };
      if (event.kind === 'sequence_gap_closed') out.next({ ...facts, kind: 'gap_closed', gap });
      else if (gap !== undefined) out.next({ ...facts, kind: 'gap_pending', gap });
    }
  }

  /**
   * Begins a new epoch, because one epoch cannot have ids from before and after a restart. Trades may be missing at the
   * restart, so the old epoch ends with a gap.
   */
  #onIdsRestarted({ symbol, coin, after }: IdsRestarted, out: Out): void {
    out.next({ kind: 'served', symbol, venue: after.venue });
    if (after.kind !== this.#options.counts) return;
    const at = this.#options.wallClockMs();
    const records = this.#ledger.restart(symbol, after, at);
    this.#emitBegun([symbol], after.venue, { at, records }, out);
    const gap = records.find((record) => record.kind === 'gap');
    if (gap !== undefined) out.next({ kind: 'ids_restarted', coin, gap, after });
  }

  #onSwitched(event: Extract<RoutedEvent, { kind: 'switched' }>, out: Out): void {
    const symbols = event.key === null ? [...this.#followed] : [event.key];
    const ended = symbols.map((symbol) => ({ symbol, last: this.#ledger.current(symbol)?.last }));
    if (event.key === null) {
      // All epochs begin at once, because separate epochs would cost one round trip to the sink each. Symbols that the
      // venue serves already stay in their epoch.
      const moving = symbols.filter(
        (symbol) => !this.#lacking.has(`${event.to} ${symbol}`) && this.#ledger.current(symbol)?.venue !== event.to,
      );
      this.#begin(moving, event.to, out);
    }
    const seams = () =>
      ended.map(({ symbol, last }) => {
        const current = this.#ledger.current(symbol);
        return { symbol, last, first: current?.venue === event.to ? current.first : undefined };
      });
    out.next({ ...event, seams });
  }

  /** Begins epochs at a venue. The sinks acknowledge the positions of the epochs before they get data of them. */
  #begin(symbols: readonly string[], venue: string, out: Out): void {
    const at = this.#options.wallClockMs();
    const records = symbols.flatMap((symbol) => {
      this.#forgetElsewhere(symbol, venue);
      return this.#ledger.begin(symbol, { venue, at });
    });
    this.#emitBegun(symbols, venue, { at, records }, out);
    const served = this.#options.venueOf(venue);
    for (const symbol of symbols) for (const possibleGap of served?.possibleGaps(symbol) ?? []) out.next(possibleGap);
  }

  /** If another venue takes a symbol over, the previous run's venue has nothing to resume. */
  #forgetElsewhere(symbol: string, venue: string): void {
    const previous = this.#venueToResume.get(symbol);
    if (previous === undefined || previous === venue) return;
    this.#venueToResume.delete(symbol);
    this.#options.venueOf(previous)?.forget(symbol);
  }

  #emitBegun(symbols: readonly string[], venue: string, begun: Pick<Begun, 'at' | 'records'>, out: Out): void {
    const numbered = symbols.map((symbol) => ({ symbol, epoch: this.#ledger.current(symbol)?.epoch ?? 0 }));
    out.next({ kind: 'epochs', venue, ...begun, begun: numbered });
  }

  #follow(event: Extract<RoutedEvent, { kind: 'followed' }>, out: Out): void {
    const { symbol } = event;
    if (this.#followed.has(symbol)) return;
    this.#followed.add(symbol);
    out.next(event);
    // If the symbol was followed before, its epoch continues.
    const venue = this.#ledger.current(symbol)?.venue;
    if (venue === undefined) return;
    this.#emitBegun([symbol], venue, { at: this.#options.wallClockMs(), records: [] }, out);
    out.next({ kind: 'served', symbol, venue });
  }

  #noteAvailability({ venue, symbol, serves }: Extract<RoutedEvent, { kind: 'availability' }>): void {
    if (serves) this.#lacking.delete(`${venue} ${symbol}`);
    else this.#lacking.add(`${venue} ${symbol}`);
  }
}

function emitData(symbol: string, epoch = 0, events: readonly MergedEvent[], out: Out): void {
  if (events.length > 0) out.next({ kind: 'data', symbol, epoch, events });
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Changes the event itself, as no other code does: a copy of each event would cost more than any other step. */
function stamp(event: LineData, epoch = 0, held: boolean): void {
  const open: Mutable<LineData> = event;
  open.epoch = epoch;
  if (held && (open.kind === 'trade' || open.kind === 'agg_trade')) open.source = 'backfill';
}
