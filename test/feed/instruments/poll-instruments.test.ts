import { BehaviorSubject, defer, map, NEVER, type Observable, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import {
  followable,
  type ListAnswer,
  pollInstruments,
  type VenueList,
} from '../../../src/feed/instruments/poll-instruments.ts';
import type { ListedInstrument } from '../../../src/venues/contract.ts';
import { listedRow } from '../../venues/listed-row.ts';

const row = (base: string, quote = 'USDT', trading = true): ListedInstrument =>
  listedRow(base, { venueSymbol: base + quote, quote, status: trading ? 'trading' : 'halted' });
const list = (...all: readonly string[]): VenueList => ({ all, rows: new Map(), ours: [] });

describe('pollInstruments', () => {
  function asked(answers: readonly Observable<VenueList>[], untilMs: number, wantedAt?: number): string[] {
    const scheduler = new TestScheduler(() => {});
    const isWanted$ = new BehaviorSubject(false);
    const seen: string[] = [];
    let next = 0;
    const list$ = defer(() => answers[next++] ?? NEVER);
    scheduler.run(() => {
      const textOf = (listing: ListAnswer) =>
        listing.kind === 'listed' ? listing.list.all.join('') : listing.fault.message;
      const options = { list$, everyMs: 300, againMs: 50, wantedMs: 100, isWanted$, scheduler };
      const subscription = pollInstruments(options).subscribe((listing) => {
        isWanted$.next(false);
        seen.push(`${scheduler.now()} ${textOf(listing)}`);
      });
      if (wantedAt !== undefined) scheduler.schedule(() => isWanted$.next(true), wantedAt);
      scheduler.schedule(() => subscription.unsubscribe(), untilMs);
    });
    return seen;
  }

  it('asks again after a pause, and sooner if no answer came', () => {
    const away = throwError(() => new Error('away'));
    expect(asked([away, of(list('A')), away, of(list('B'))], 1000)).toEqual(['0 away', '50 A', '350 away', '400 B']);
  });

  it.each([
    [150, '150 B'],
    [50, '100 B'],
  ])('asks at once if the list is wanted at %d ms, but not within 100 ms of an answer', (wantedAt, second) => {
    expect(asked([of(list('A')), of(list('B'))], 350, wantedAt)).toEqual(['0 A', second]);
  });

  it('stops asking after it is unsubscribed', () => {
    expect(asked([of(list('A')), of(list('B'))], 200)).toEqual(['0 A']);
  });
});

describe('followable', () => {
  const instrument = (coin: string) => ({ coin, symbol: `${coin}USDT`, venueSymbol: `${coin}USDT` });
  const followed = (...coins: readonly string[]) => new Map(coins.map((coin) => [`${coin}USDT`, instrument(coin)]));

  it('emits the rows of the quote; ours are those that trade, or are followed and halted', () => {
    const rows = [row('A'), row('B', 'USDC'), row('C', 'USDT', false), row('D'), row('E', 'USDT', false)];
    const seen: VenueList[] = [];
    const ours = map((all: readonly ListedInstrument[]) => all.filter(({ base }) => base !== 'D'));
    followable(of(rows), 'USDT', ours, followed('C')).subscribe((list) => seen.push(list));
    expect(seen).toMatchObject([
      { all: ['AUSDT', 'CUSDT', 'DUSDT', 'EUSDT'], ours: [instrument('A'), instrument('C')] },
    ]);
    expect(seen[0]?.rows.get('CUSDT')).toEqual(rows[2]);
  });

  it('fails if nothing trades and nothing listed is followed, but accepts a list with none of ours', () => {
    const resultOf = (rows: readonly ListedInstrument[], known = followed()) => {
      let last: unknown;
      const nothing = map((): readonly ListedInstrument[] => []);
      followable(of(rows), 'USDT', nothing, known).subscribe({
        next: ({ all, ours }) => {
          last = [all, ours];
        },
        error: (error: unknown) => {
          last = error;
        },
      });
      return last;
    };
    const halted = [row('A', 'USDC'), row('B', 'USDT', false)];
    expect(resultOf(halted)).toMatchObject({ name: 'Fault', kind: 'unavailable' });
    expect(resultOf(halted, followed('B'))).toEqual([['BUSDT'], []]);
    expect(resultOf([row('A')])).toEqual([['AUSDT'], []]);
  });
});
