import { Observable, type SchedulerLike, Subscription } from 'rxjs';
import { asFault, type Fault } from '../domain/fault.ts';
import type { Instrument } from '../domain/instrument.ts';
import type { ListedInstrument } from '../venues/contract.ts';

export type Listing =
  | { readonly kind: 'listed'; readonly rows: readonly ListedInstrument[] }
  | { readonly kind: 'unavailable'; readonly fault: Fault };

export interface ListingsOptions {
  /** The venue's instrument list, once a subscription. */
  readonly listed$: Observable<readonly ListedInstrument[]>;
  /** How long after an answer it is asked for again, and how long after none; milliseconds. */
  readonly everyMs: number;
  readonly againMs: number;
  readonly scheduler: SchedulerLike;
}

/** A venue's instrument list, again and again; never ends. */
export function listings({ listed$, everyMs, againMs, scheduler }: ListingsOptions): Observable<Listing> {
  return new Observable((subscriber) => {
    let asked = Subscription.EMPTY;
    const ask = (): void => {
      const again = (afterMs: number): void => {
        asked = scheduler.schedule(ask, afterMs);
      };
      asked = listed$.subscribe({
        next: (rows) => subscriber.next({ kind: 'listed', rows }),
        error: (error: unknown) => {
          subscriber.next({ kind: 'unavailable', fault: asFault(error) });
          again(againMs);
        },
        complete: () => again(everyMs),
      });
    };
    ask();
    return () => asked.unsubscribe();
  });
}

/** What trades at a venue against the quote. */
export function tradingAgainst(rows: readonly ListedInstrument[], quote: string): readonly Instrument[] {
  return rows
    .filter((row) => row.trading && row.quote === quote)
    .map((row) => ({ coin: row.base, symbol: row.base + row.quote, venueSymbol: row.venueSymbol }));
}

export interface ListChange {
  readonly listed: readonly Instrument[];
  readonly delisted: readonly Instrument[];
}

/**
 * What is new in a list, and what is not in it any more. Undefined: it lacks more than half of what is followed, which
 * venues do by mistake, and never on purpose.
 */
export function listChange(
  followed: ReadonlyMap<string, Instrument>,
  trading: readonly Instrument[],
): ListChange | undefined {
  const there = new Set(trading.map(({ venueSymbol }) => venueSymbol));
  const delisted = [...followed.values()].filter(({ venueSymbol }) => !there.has(venueSymbol));
  if (delisted.length * 2 > followed.size) return undefined;
  return { listed: trading.filter(({ venueSymbol }) => !followed.has(venueSymbol)), delisted };
}
