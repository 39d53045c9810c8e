import { BehaviorSubject, defer, EMPTY, identity, map, type Observable, Subscription, timeout, timer } from 'rxjs';
import { asFault, Fault } from '../../domain/fault.ts';
import type { Instrument, InstrumentStatus } from '../../domain/instrument.ts';
import type { ListedInstrument } from '../../venues/contract.ts';
import type { VenueFeedOptions } from '../venue-feed-options.ts';
import { InstrumentDiff } from './instrument-diff.ts';
import { followable, pollInstruments, type VenueList } from './poll-instruments.ts';
import { RowChanges } from './row-changes.ts';

/**
 * How long the first connections wait for the instrument list, milliseconds. If the list comes later, symbols that it
 * lacks are found only then.
 */
const OPEN_WITHIN_MS = 2000;
/** How long a symbol that is added waits for the list, milliseconds. */
const LIST_TIMEOUT_MS = 10_000;
/** Pauses between two fetches of the list, milliseconds: usually, after a failure, and if the list is wanted soon. */
const LIST_EVERY_MS = 300_000;
const LIST_AGAIN_MS = 5000;
const LIST_WANTED_MS = 30_000;

/** A change of the instruments that are followed at a venue. */
export type InstrumentChange =
  /** The first instruments. `unchecked`: why the venue's list did not come in time. */
  | { readonly kind: 'opened'; readonly instruments: readonly Instrument[]; readonly unchecked?: Fault }
  /** The user added an instrument. */
  | { readonly kind: 'added'; readonly instrument: Instrument }
  /** The venue lists these instruments now. */
  | { readonly kind: 'listed'; readonly instruments: readonly Instrument[] }
  /** The venue does not list an instrument. An `unlisted` one is followed once it is listed. */
  | { readonly kind: 'unlisted' | 'delisted'; readonly instrument: Instrument }
  /** The row of an instrument is new or has changed. Its status is `closed` if the list lacks it. */
  | { readonly kind: 'described'; readonly instrument: Instrument; readonly row: ListedInstrument }
  /** A followed instrument does not trade; `status` is from the list. It stays subscribed, because a halt ends. */
  | { readonly kind: 'halted'; readonly instrument: Instrument; readonly status: InstrumentStatus }
  /** A halted instrument trades again. */
  | { readonly kind: 'resumed'; readonly instrument: Instrument }
  /** The venue's list is not available. `opens`: true if nothing is followed before the list comes. */
  | { readonly kind: 'unavailable'; readonly fault: Fault; readonly opens: boolean }
  /** A list lacks most rows of the previous one and is ignored. */
  | { readonly kind: 'doubtful' };

type VenueOptions = Pick<VenueFeedOptions, 'instruments' | 'all' | 'listed$' | 'listEveryMs' | 'scheduler'>;

export interface FollowedInstrumentsOptions extends VenueOptions {
  /** The followed instruments, by the venue's symbol. */
  readonly followed: ReadonlyMap<string, Instrument>;
  readonly onChange: (change: InstrumentChange) => void;
}

/**
 * Decides which instruments are followed at a venue: the named ones that the venue lists, or all that it lists. Reports
 * changes of their rows in the list.
 */
export class FollowedInstruments {
  readonly #options: FollowedInstrumentsOptions;
  readonly #subscription = new Subscription();
  readonly #named: Map<string, Instrument>;
  /** Requests of the list for single instruments, by symbol. */
  readonly #lookups = new Map<string, Subscription>();
  readonly #rows = new RowChanges();
  /** Symbols of the followed instruments that do not trade. */
  readonly #halted = new Set<string>();
  readonly #isWanted$ = new BehaviorSubject(false);
  #isRunning = false;
  #isOpen = false;
  /** Undefined until the first list. */
  #diff: InstrumentDiff | undefined;

  constructor(options: FollowedInstrumentsOptions) {
    this.#options = options;
    this.#named = new Map(options.instruments.map((instrument) => [instrument.venueSymbol, instrument]));
  }

  get named(): readonly Instrument[] {
    return [...this.#named.values()];
  }

  start(): void {
    const { all, listEveryMs: everyMs = LIST_EVERY_MS, scheduler } = this.#options;
    this.#isRunning = true;
    const answers$ = pollInstruments({
      list$: this.#list$,
      everyMs,
      againMs: LIST_AGAIN_MS,
      wantedMs: LIST_WANTED_MS,
      isWanted$: this.#isWanted$,
      scheduler,
    });
    this.#subscription.add(
      answers$.subscribe((answer) => {
        this.#isWanted$.next(false);
        if (answer.kind === 'listed') this.#listed(answer.list);
        else this.#unavailable(answer.fault);
      }),
    );
    if (all !== null || this.#isOpen) return;
    const late = new Fault('unavailable', `no answer for ${OPEN_WITHIN_MS} ms`);
    this.#subscription.add(timer(OPEN_WITHIN_MS, scheduler).subscribe(() => this.#open(this.named, late)));
  }

  /** Requests the list soon, because an instrument may have been halted or trade again. */
  check(): void {
    this.#isWanted$.next(true);
  }

  /** Follows one more instrument if the venue lists it. Some venues acknowledge any name and then send nothing. */
  add(instrument: Instrument): void {
    const { followed, listed$, scheduler, onChange } = this.#options;
    const { symbol, venueSymbol } = instrument;
    this.#named.set(venueSymbol, instrument);
    if (!this.#isRunning) return;
    if (followed.has(venueSymbol) || this.#lookups.has(symbol)) return;
    const lookup = listed$.pipe(timeout({ first: LIST_TIMEOUT_MS, scheduler })).subscribe({
      next: (rows) => {
        const row = rows.find((each) => each.venueSymbol === venueSymbol);
        onChange({ kind: row === undefined ? 'unlisted' : 'added', instrument });
        this.#describe(instrument, row);
      },
      error: () => onChange({ kind: 'added', instrument }),
    });
    lookup.add(() => this.#lookups.delete(symbol));
    this.#subscription.add(lookup);
    if (!lookup.closed) this.#lookups.set(symbol, lookup);
  }

  remove(symbol: string): void {
    for (const [venueSymbol, named] of this.#named) if (named.symbol === symbol) this.#named.delete(venueSymbol);
    this.#rows.remove(symbol);
    this.#halted.delete(symbol);
    this.#lookups.get(symbol)?.unsubscribe();
  }

  close(): void {
    this.#isRunning = false;
    this.#subscription.unsubscribe();
  }

  get #list$(): Observable<VenueList> {
    const { all, listed$, followed } = this.#options;
    if (all !== null) return followable(listed$, all.quote, all.ours ?? identity, followed);
    const list$ = listed$.pipe(
      map((listed) => {
        const rows = new Map(listed.map((row) => [row.venueSymbol, row]));
        return { all: [...rows.keys()], rows, ours: this.named.filter(({ venueSymbol }) => rows.has(venueSymbol)) };
      }),
    );
    return defer(() => (this.#isOpen && this.#named.size === 0 ? EMPTY : list$));
  }

  #open(instruments: readonly Instrument[], unchecked?: Fault): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#options.onChange({ kind: 'opened', instruments, ...(unchecked === undefined ? {} : { unchecked }) });
  }

  #unavailable(fault: Fault): void {
    const { all, onChange } = this.#options;
    onChange({ kind: 'unavailable', fault: asFault(fault), opens: all !== null && !this.#isOpen });
    if (all === null) this.#open(this.named, fault);
  }

  #listed(list: VenueList): void {
    if (this.#diff === undefined) this.#firstListed(list);
    else this.#nextListed(list, this.#diff);
  }

  #firstListed(list: VenueList): void {
    const { all, followed, onChange } = this.#options;
    this.#diff = new InstrumentDiff(list);
    const lacking = this.named.filter(({ venueSymbol }) => !list.rows.has(venueSymbol));
    for (const instrument of lacking) onChange({ kind: 'unlisted', instrument });
    this.#open(list.ours);
    const described = all === null ? this.named : [...followed.values()];
    for (const instrument of described) this.#describe(instrument, list.rows.get(instrument.venueSymbol));
  }

  #nextListed(list: VenueList, diff: InstrumentDiff): void {
    const { all, followed, onChange } = this.#options;
    const change = diff.next(list, followed);
    if (change === undefined) {
      onChange({ kind: 'doubtful' });
      return;
    }
    for (const instrument of change.delisted) {
      // A named instrument stays subscribed: the list of some venues lacks an instrument while it is halted.
      if (all !== null) onChange({ kind: 'delisted', instrument });
      this.#describe(instrument, undefined);
    }
    if (change.listed.length > 0) onChange({ kind: 'listed', instruments: change.listed });
    for (const instrument of followed.values()) {
      const row = list.rows.get(instrument.venueSymbol);
      if (row !== undefined) this.#describe(instrument, row);
      else if (!this.#halted.has(instrument.symbol)) this.check();
    }
  }

  #describe(instrument: Instrument, row: ListedInstrument | undefined): void {
    const { followed, onChange } = this.#options;
    const { symbol, venueSymbol } = instrument;
    const changed = this.#rows.next(instrument, row);
    if (changed === undefined) return;
    onChange({ kind: 'described', instrument, row: changed });
    const { status } = changed;
    const wasHalted = this.#halted.delete(symbol);
    if (!followed.has(venueSymbol)) return;
    if (status === 'trading') {
      if (wasHalted) onChange({ kind: 'resumed', instrument });
      return;
    }
    this.#halted.add(symbol);
    if (!wasHalted) onChange({ kind: 'halted', instrument, status });
  }
}
