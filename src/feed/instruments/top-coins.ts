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

export interface VolumeSource {
  readonly listed$: Observable<readonly ListedInstrument[]>;
  readonly volumes$: Observable<readonly DayVolume[]>;
}

export interface TopCoinsOptions {
  /**
   * The venues to ask, in order of preference; at least one. Until a first answer, the next venue is asked if one
   * fails.
   */
  readonly sources: readonly VolumeSource[];
  readonly quote: string;
  readonly most: number;
  readonly scheduler: SchedulerLike;
}

/** A followed coin stays until its rank is this many times the limit, because ranks change all day. */
const KEEP_WITHIN = 1.25;
/** How long all venues use the same answer, milliseconds. */
const FRESH_FOR_MS = 60_000;
const ANSWER_WITHIN_MS = 15_000;

/** Returns the most traded coins of 24 hours by quote volume. A coin in `kept` stays up to rank 1.25 × `most`. */
export function mostTraded(
  rows: readonly ListedInstrument[],
  volumes: readonly DayVolume[],
  { quote, most, kept }: { readonly quote: string; readonly most: number; readonly kept: ReadonlySet<string> },
): ReadonlySet<string> {
  const volumeOf = new Map(volumes.map(({ venueSymbol, quoteVolume }) => [venueSymbol, quoteVolume]));
  const ranked = rows
    .flatMap(({ base, quote: against, status, venueSymbol }) => {
      const volume = volumeOf.get(venueSymbol);
      return status === 'trading' && against === quote && volume !== undefined ? [{ base, volume }] : [];
    })
    .sort((a, b) => compareDecimals(b.volume, a.volume));
  const stay = ranked.slice(most, Math.floor(most * KEEP_WITHIN)).filter(({ base }) => kept.has(base));
  return new Set([...ranked.slice(0, most), ...stay].map(({ base }) => base));
}

/**
 * Emits the most traded coins of the first venue that answers, and later of this venue alone. A subscription fetches
 * them again after `FRESH_FOR_MS`.
 */
export function topCoins(options: TopCoinsOptions): Observable<ReadonlySet<string>> {
  const { sources, quote, most, scheduler } = options;
  let kept: ReadonlySet<string> = new Set();
  /** The index of the venue that answered first. */
  let chosen: number | undefined;
  let answer$: Observable<ReadonlySet<string>> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  const ask = (index: number): Observable<ReadonlySet<string>> => {
    const { listed$, volumes$ } = at(sources, index);
    const coins$ = forkJoin([listed$, volumes$]).pipe(
      map(([rows, volumes]) => {
        const coins = mostTraded(rows, volumes, { quote, most, kept });
        if (coins.size === 0) throw new Fault('unavailable', `no 24-hour volumes of markets against ${quote}`);
        chosen = index;
        return coins;
      }),
    );
    // After the first answer no other venue is asked, because its ranks would replace followed coins without need.
    const isLast = index + 1 === sources.length || chosen !== undefined;
    const answered$ = coins$.pipe(timeout({ first: ANSWER_WITHIN_MS, scheduler }));
    return isLast ? answered$ : answered$.pipe(catchError(() => ask(index + 1)));
  };
  return defer(() => {
    const now = scheduler.now();
    if (answer$ !== undefined && now - askedAt < FRESH_FOR_MS) return answer$;
    askedAt = now;
    answer$ = ask(chosen ?? 0).pipe(
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

/** Filters an instrument list to these coins. */
export function among(
  coins$: Observable<ReadonlySet<string>>,
): OperatorFunction<readonly ListedInstrument[], readonly ListedInstrument[]> {
  return switchMap((rows) => coins$.pipe(map((coins) => rows.filter(({ base }) => coins.has(base)))));
}
