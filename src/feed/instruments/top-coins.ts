import {
  catchError,
  defer,
  forkJoin,
  map,
  type Observable,
  type OperatorFunction,
  type SchedulerLike,
  shareReplay,
  switchMap,
  tap,
  timeout,
} from 'rxjs';
import { at } from '../../domain/at.ts';
import { compareDecimals } from '../../domain/decimal.ts';
import { Fault } from '../../domain/fault.ts';
import type { DayVolume, ListedInstrument } from '../../venues/contract.ts';

/** What one venue is asked for. */
export interface VolumeSource {
  readonly listed$: Observable<readonly ListedInstrument[]>;
  readonly volumes$: Observable<readonly DayVolume[]>;
}

export interface TopCoinsOptions {
  /** In order of preference, at least one: the next is asked where one does not answer. */
  readonly sources: readonly VolumeSource[];
  readonly quote: string;
  /** How many coins. */
  readonly most: number;
  readonly scheduler: SchedulerLike;
}

/** A coin that is followed stays until so many times as many are traded more: ranks change all day. */
const KEEP_WITHIN = 1.25;
/** How long an answer stands for all venues that ask what to follow, milliseconds. */
const FRESH_FOR_MS = 60_000;
const ANSWER_WITHIN_MS = 15_000;

/**
 * The most traded coins of 24 hours by quote volume. One that is in `kept` stays in while its rank is within 1.25 times
 * `most`, so there may be as many.
 */
export function mostTraded(
  rows: readonly ListedInstrument[],
  volumes: readonly DayVolume[],
  { quote, most, kept }: { readonly quote: string; readonly most: number; readonly kept: ReadonlySet<string> },
): ReadonlySet<string> {
  const volumeOf = new Map(volumes.map(({ venueSymbol, quoteVolume }) => [venueSymbol, quoteVolume]));
  const ranked = rows
    .flatMap(({ base, quote: against, trading, venueSymbol }) => {
      const volume = volumeOf.get(venueSymbol);
      return trading && against === quote && volume !== undefined ? [{ base, volume }] : [];
    })
    .sort((a, b) => compareDecimals(b.volume, a.volume));
  const stay = ranked.slice(most, Math.floor(most * KEEP_WITHIN)).filter(({ base }) => kept.has(base));
  return new Set([...ranked.slice(0, most), ...stay].map(({ base }) => base));
}

/** The most traded coins of the first venue that answers, asked for when it is subscribed and the last answer is old. */
export function topCoins(options: TopCoinsOptions): Observable<ReadonlySet<string>> {
  const { sources, quote, most, scheduler } = options;
  let kept: ReadonlySet<string> = new Set();
  let answer$: Observable<ReadonlySet<string>> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  const ask = (index: number): Observable<ReadonlySet<string>> => {
    const { listed$, volumes$ } = at(sources, index);
    const coins$ = forkJoin([listed$, volumes$]).pipe(
      map(([rows, volumes]) => {
        const coins = mostTraded(rows, volumes, { quote, most, kept });
        if (coins.size === 0) throw new Fault('unavailable', `no volumes of what trades against ${quote}`);
        return coins;
      }),
    );
    // A venue that must not be asked for now does not answer, and says nothing. Once there was an answer, another venue's
    // ranks would change what is followed for nothing: the next time will do.
    const isLast = index + 1 === sources.length || kept.size > 0;
    const answered$ = coins$.pipe(timeout({ first: ANSWER_WITHIN_MS, scheduler }));
    return isLast ? answered$ : answered$.pipe(catchError(() => ask(index + 1)));
  };
  return defer(() => {
    const now = scheduler.now();
    if (answer$ !== undefined && now - askedAt < FRESH_FOR_MS) return answer$;
    askedAt = now;
    answer$ = ask(0).pipe(
      tap({
        next: (coins) => {
          kept = coins;
        },
        error: () => {
          answer$ = undefined;
        },
      }),
      shareReplay(1),
    );
    return answer$;
  });
}

/** Of an instrument list the rows of these coins. */
export function among(
  coins$: Observable<ReadonlySet<string>>,
): OperatorFunction<readonly ListedInstrument[], readonly ListedInstrument[]> {
  return switchMap((rows) => coins$.pipe(map((coins) => rows.filter(({ base }) => coins.has(base)))));
}
