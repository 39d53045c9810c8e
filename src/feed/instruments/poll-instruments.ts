import {
  catchError,
  defer,
  map,
  type Observable,
  type OperatorFunction,
  of,
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
  readonly scheduler: SchedulerLike;
}

/** Fetches a venue's list again and again; never ends. */
export function pollInstruments({ list$, everyMs, againMs, scheduler }: InstrumentPollOptions): Observable<ListAnswer> {
  return defer(() => {
    let pauseMs = everyMs;
    return list$.pipe(
      map((list): ListAnswer => ({ kind: 'listed', list })),
      catchError((error: unknown) => of<ListAnswer>({ kind: 'unavailable', fault: asFault(error) })),
      tap(({ kind }) => {
        pauseMs = kind === 'listed' ? everyMs : againMs;
      }),
      repeat({ delay: () => timer(pauseMs, scheduler) }),
    );
  });
}

/**
 * Emits the instruments that trade at a venue against the quote, and which of them `ours` selects. Fails if nothing
 * trades.
 */
export function tradingAgainst(
  listed$: Observable<readonly ListedInstrument[]>,
  quote: string,
  ours: OperatorFunction<readonly ListedInstrument[], readonly ListedInstrument[]>,
): Observable<VenueList> {
  return listed$.pipe(
    map((rows) => rows.filter((row) => row.trading && row.quote === quote)),
    switchMap((rows) => {
      if (rows.length === 0) throw new Fault('unavailable', `nothing trades against ${quote}`);
      const all = rows.map(({ venueSymbol }) => venueSymbol);
      return of(rows).pipe(
        ours,
        map((own) => ({ all, ours: own.map(instrumentOf) })),
      );
    }),
  );
}

function instrumentOf({ base, quote, venueSymbol }: ListedInstrument): Instrument {
  return { coin: base, symbol: base + quote, venueSymbol };
}
