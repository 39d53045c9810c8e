import {
  catchError,
  EMPTY,
  exhaustMap,
  filter,
  identity,
  interval,
  map,
  type Observable,
  Subscription,
  timeout,
} from 'rxjs';
import { asFault, type Fault } from '../../domain/fault.ts';
import type { Instrument } from '../../domain/instrument.ts';
import type { ListFollowing, VenueFeedOptions } from '../venue-feed-options.ts';
import { InstrumentDiff } from './instrument-diff.ts';
import { type ListAnswer, pollInstruments, tradingAgainst } from './poll-instruments.ts';

/**
 * How long connecting waits for the instrument list, milliseconds. Without the list, unknown symbols are found later.
 */
const LIST_TIMEOUT_MS = 2000;
/** How often the list is fetched, and how soon after a failure if everything listed is followed. Milliseconds. */
const LIST_EVERY_MS = 300_000;
const LIST_AGAIN_MS = 5000;

/** A change of the instruments that are followed at a venue. */
export type InstrumentChange =
  /** The first instruments. `unchecked`: the venue's list did not come in time. */
  | { readonly kind: 'opened'; readonly instruments: readonly Instrument[]; readonly unchecked?: Fault }
  /** The user added an instrument. */
  | { readonly kind: 'added'; readonly instrument: Instrument }
  /** The venue lists these instruments now. */
  | { readonly kind: 'listed'; readonly instruments: readonly Instrument[] }
  /**
   * The venue does not list an instrument, or has halted it. An `unlisted` one is looked up again, because it may trade
   * later.
   */
  | { readonly kind: 'unlisted' | 'delisted'; readonly instrument: Instrument }
  /** The venue's list is not available. `opens`: nothing is followed before it comes. */
  | { readonly kind: 'unavailable'; readonly fault: Fault; readonly opens: boolean }
  /** A list lacks most rows of the previous one and is ignored. */
  | { readonly kind: 'doubtful' };

type VenueOptions = Pick<VenueFeedOptions, 'instruments' | 'all' | 'listed$' | 'listEveryMs' | 'scheduler'>;

export interface FollowedInstrumentsOptions extends VenueOptions {
  /** The followed instruments, by the venue's symbol. */
  readonly followed: ReadonlyMap<string, Instrument>;
  readonly onChange: (change: InstrumentChange) => void;
}

/** Decides which instruments are followed at a venue: the named ones that it lists, or all that it lists. */
export class FollowedInstruments {
  readonly #options: FollowedInstrumentsOptions;
  readonly #everyMs: number;
  readonly #subscription = new Subscription();
  readonly #named: Map<string, Instrument>;
  #isRunning = false;
  /** Lookups of named instruments in the venue's list, by symbol. */
  readonly #lookups = new Map<string, Subscription>();
  /** Named instruments that the venue does not list, by symbol. */
  readonly #unlisted = new Map<string, Instrument>();

  constructor(options: FollowedInstrumentsOptions) {
    this.#options = options;
    this.#everyMs = options.listEveryMs ?? LIST_EVERY_MS;
    this.#named = new Map(options.instruments.map((instrument) => [instrument.venueSymbol, instrument]));
  }

  get named(): readonly Instrument[] {
    return [...this.#named.values()];
  }

  start(): void {
    this.#isRunning = true;
    const { all } = this.#options;
    this.#subscription.add(all === null ? this.#followNamed() : this.#followAll(all));
    this.#subscription.add(this.#lookForUnlisted());
  }

  /** Follows one more instrument if the venue lists it. Some venues acknowledge any name and then send nothing. */
  add(instrument: Instrument): void {
    const { followed, onChange } = this.#options;
    const { symbol, venueSymbol } = instrument;
    this.#named.set(venueSymbol, instrument);
    if (!this.#isRunning) return;
    if (followed.has(venueSymbol) || this.#lookups.has(symbol)) return;
    const lookup = this.#tradingInTime.subscribe({
      next: (trading) => {
        if (trading.has(venueSymbol)) onChange({ kind: 'added', instrument });
        else this.#leaveOut([instrument]);
      },
      error: () => onChange({ kind: 'added', instrument }),
    });
    lookup.add(() => this.#lookups.delete(symbol));
    this.#subscription.add(lookup);
    if (!lookup.closed) this.#lookups.set(symbol, lookup);
  }

  remove(symbol: string): void {
    for (const [venueSymbol, named] of this.#named) if (named.symbol === symbol) this.#named.delete(venueSymbol);
    this.#unlisted.delete(symbol);
    this.#lookups.get(symbol)?.unsubscribe();
  }

  close(): void {
    this.#isRunning = false;
    this.#subscription.unsubscribe();
  }

  /** Emits the venue's symbols that trade now. */
  get #trading(): Observable<ReadonlySet<string>> {
    return this.#options.listed$.pipe(
      map((rows) => new Set(rows.filter(({ trading }) => trading).map(({ venueSymbol }) => venueSymbol))),
    );
  }

  get #tradingInTime(): Observable<ReadonlySet<string>> {
    return this.#trading.pipe(timeout({ first: LIST_TIMEOUT_MS, scheduler: this.#options.scheduler }));
  }

  #followNamed(): Subscription {
    const { followed, onChange } = this.#options;
    const instruments = this.named;
    return this.#tradingInTime.subscribe({
      next: (trading) => {
        this.#leaveOut(instruments.filter(({ venueSymbol }) => !trading.has(venueSymbol)));
        onChange({ kind: 'opened', instruments: instruments.filter(({ venueSymbol }) => trading.has(venueSymbol)) });
      },
      error: (error: unknown) => {
        onChange({ kind: 'opened', instruments, unchecked: asFault(error) });
        const late$ = this.#trading.pipe(catchError(() => EMPTY));
        const check = (trading: ReadonlySet<string>): void =>
          this.#leaveOut([...followed.values()].filter(({ venueSymbol }) => !trading.has(venueSymbol)));
        this.#subscription.add(late$.subscribe(check));
      },
    });
  }

  #followAll({ quote, ours = identity }: ListFollowing): Subscription {
    const { listed$, scheduler, followed, onChange } = this.#options;
    const list$ = tradingAgainst(listed$, quote, ours);
    let changes: InstrumentDiff | undefined;
    const onAnswer = (answer: ListAnswer): void => {
      if (answer.kind === 'unavailable') {
        onChange({ kind: 'unavailable', fault: answer.fault, opens: changes === undefined });
        return;
      }
      if (changes === undefined) {
        changes = new InstrumentDiff(answer.list);
        onChange({ kind: 'opened', instruments: answer.list.ours });
        return;
      }
      const change = changes.next(answer.list, followed);
      if (change === undefined) {
        onChange({ kind: 'doubtful' });
        return;
      }
      for (const instrument of change.delisted) onChange({ kind: 'delisted', instrument });
      if (change.listed.length > 0) onChange({ kind: 'listed', instruments: change.listed });
    };
    return pollInstruments({ list$, everyMs: this.#everyMs, againMs: LIST_AGAIN_MS, scheduler }).subscribe(onAnswer);
  }

  #leaveOut(instruments: readonly Instrument[]): void {
    for (const instrument of instruments) {
      this.#unlisted.set(instrument.symbol, instrument);
      this.#options.onChange({ kind: 'unlisted', instrument });
    }
  }

  #lookForUnlisted(): Subscription {
    const { scheduler, onChange } = this.#options;
    return interval(this.#everyMs, scheduler)
      .pipe(
        filter(() => this.#unlisted.size > 0),
        exhaustMap(() => this.#tradingInTime.pipe(catchError(() => EMPTY))),
      )
      .subscribe((trading) => {
        const instruments = [...this.#unlisted.values()].filter(({ venueSymbol }) => trading.has(venueSymbol));
        for (const { symbol } of instruments) this.#unlisted.delete(symbol);
        if (instruments.length > 0) onChange({ kind: 'listed', instruments });
      });
  }
}
