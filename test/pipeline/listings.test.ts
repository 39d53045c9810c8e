import { NEVER, type Observable, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../src/domain/instrument.ts';
import { type Listing, listChange, listings, tradingAgainst } from '../../src/pipeline/listings.ts';
import type { ListedInstrument } from '../../src/venues/contract.ts';

const row = (base: string, quote = 'USDT', trading = true): ListedInstrument => ({
  venueSymbol: base + quote,
  base,
  quote,
  trading,
});
const instruments = (...coins: readonly string[]): Instrument[] => [
  ...tradingAgainst(
    coins.map((coin) => row(coin)),
    'USDT',
  ),
];
const followed = (...coins: readonly string[]) =>
  new Map(instruments(...coins).map((instrument) => [instrument.venueSymbol, instrument]));

describe('listings', () => {
  function asked(answers: readonly Observable<readonly ListedInstrument[]>[], untilMs: number): string[] {
    const scheduler = new TestScheduler(() => {});
    const seen: string[] = [];
    let next = 0;
    const listed$ = {
      subscribe: (observer: object) => (answers[next++] ?? NEVER).subscribe(observer),
    } as Observable<readonly ListedInstrument[]>;
    scheduler.run(() => {
      const told = (listing: Listing) =>
        listing.kind === 'listed' ? listing.rows.map(({ base }) => base).join('') : listing.fault.message;
      const subscription = listings({ listed$, everyMs: 300, againMs: 50, scheduler }).subscribe((listing) =>
        seen.push(`${scheduler.now()} ${told(listing)}`),
      );
      scheduler.schedule(() => subscription.unsubscribe(), untilMs);
    });
    return seen;
  }

  it('asks again after the pause, sooner where no answer came', () => {
    const away = throwError(() => new Error('away'));
    expect(asked([away, of([row('A')]), away, of([row('B')])], 1000)).toEqual(['0 away', '50 A', '350 away', '400 B']);
  });

  it('asks no more once nobody listens', () => {
    expect(asked([of([row('A')]), of([row('B')])], 200)).toEqual(['0 A']);
  });
});

describe('tradingAgainst', () => {
  it('takes what trades, against the quote alone', () => {
    const rows = [row('A'), row('B', 'USDC'), row('C', 'USDT', false)];
    expect(tradingAgainst(rows, 'USDT')).toEqual([{ coin: 'A', symbol: 'AUSDT', venueSymbol: 'AUSDT' }]);
  });
});

describe('listChange', () => {
  it('tells what is new and what is gone', () => {
    expect(listChange(followed('A', 'B', 'C'), instruments('B', 'C', 'D'))).toEqual({
      listed: instruments('D'),
      delisted: instruments('A'),
    });
  });

  it('does not believe a list that lacks more than half of what is followed', () => {
    expect(listChange(followed('A', 'B'), instruments('B'))).toEqual({ listed: [], delisted: instruments('A') });
    expect(listChange(followed('A', 'B', 'C'), instruments('C', 'D', 'E'))).toBeUndefined();
    expect(listChange(followed('A'), [])).toBeUndefined();
  });
});
