import {
  catchError,
  defer,
  filter,
  identity,
  map,
  type Observable,
  type OperatorFunction,
  of,
  race,
  repeat,
  type SchedulerLike,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import { asFault, Fault } from '../../domain/fault.ts';
import type { Instrument } from '../../domain/instrument.ts';
import type { ListedInstrument } from '../../venues/contract.ts';

export interface VenueList {
  readonly all: readonly string[];
  /** By the venue's symbol. */
  readonly rows: ReadonlyMap<string, ListedInstrument>;
  /** The instruments to follow. */
  readonly ours: readonly Instrument[];
}

export type ListAnswer =
  | { readonly kind: 'listed'; readonly list: VenueList }
  | { readonly kind: 'unavailable'; readonly fault: Fault };

export interface InstrumentPollOptions {
  /** Requests the venue's list once for each subscription. */
  readonly list$: Observable<VenueList>;
  /** The pauses after a list and after a failure, milliseconds. */
  readonly everyMs: number;
  readonly againMs: number;
  /** The pause while `isWanted$` is true, milliseconds. */
  readonly wantedMs: number;
  /** Emits its present value to each subscriber. */
  readonly isWanted$: Observable<boolean>;
  readonly scheduler: SchedulerLike;
}

/** Fetches a venue's instrument list again and again, for ever. */
export function pollInstruments(options: InstrumentPollOptions): Observable<ListAnswer> {
  const { list$, everyMs, againMs, wantedMs, isWanted$, scheduler } = options;
  const wanted$ = timer(wantedMs, scheduler).pipe(
    switchMap(() => isWanted$),
    filter(identity),
  );
  return defer(() => {
    let pauseMs = everyMs;
    return list$.pipe(
      map((list): ListAnswer => ({ kind: 'listed', list })),
      catchError((error: unknown) => of<ListAnswer>({ kind: 'unavailable', fault: asFault(error) })),
      tap(({ kind }) => {
        pauseMs = kind === 'listed' ? everyMs : againMs;
      }),
      repeat({ delay: () => race(timer(pauseMs, scheduler), wanted$) }),
    );
  });
}

/**
 * Emits a venue's list of the instruments with one quote. `ours` chooses from the instruments that trade, and from
 * `followed` ones, which may be halted for a time. Fails with a Fault of kind `unavailable` if there are none.
 */
export function followable(
  listed$: Observable<readonly ListedInstrument[]>,
  quote: string,
  ours: OperatorFunction<readonly ListedInstrument[], readonly ListedInstrument[]>,
  followed: ReadonlyMap<string, Instrument>,
): Observable<VenueList> {
  return listed$.pipe(
    map((rows) => rows.filter((row) => row.quote === quote)),
    switchMap((against) => {
      const rows = new Map(against.map((row) => [row.venueSymbol, row]));
      const kept = against.filter(({ status, venueSymbol }) => status === 'trading' || followed.has(venueSymbol));
      if (kept.length === 0) throw new Fault('unavailable', `nothing trades against ${quote}`);
      return of(kept).pipe(
        ours,
        map((own) => ({ all: [...rows.keys()], rows, ours: own.map(instrumentOf) })),
      );
    }),
  );
}

function instrumentOf({ base, quote, venueSymbol }: ListedInstrument): Instrument {
  return { coin: base, symbol: base + quote, venueSymbol };
}
