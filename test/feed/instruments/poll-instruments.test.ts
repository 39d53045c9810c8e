import { defer, map, NEVER, type Observable, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import {
  type ListAnswer,
  pollInstruments,
  tradingAgainst,
  type VenueList,
} from '../../../src/feed/instruments/poll-instruments.ts';
import type { ListedInstrument } from '../../../src/venues/contract.ts';

const row = (base: string, quote = 'USDT', trading = true): ListedInstrument => ({
  venueSymbol: base + quote,
  base,
  quote,
  trading,
});
const list = (...all: readonly string[]): VenueList => ({ all, ours: [] });

describe('pollInstruments', () => {
  function asked(answers: readonly Observable<VenueList>[], untilMs: number): string[] {
    const scheduler = new TestScheduler(() => {});
    const seen: string[] = [];
    let next = 0;
    const list$ = defer(() => answers[next++] ?? NEVER);
    scheduler.run(() => {
      const textOf = (listing: ListAnswer) =>
        listing.kind === 'listed' ? listing.list.all.join('') : listing.fault.message;
      const subscription = pollInstruments({ list$, everyMs: 300, againMs: 50, scheduler }).subscribe((listing) =>
        seen.push(`${scheduler.now()} ${textOf(listing)}`),
      );
      scheduler.schedule(() => subscription.unsubscribe(), untilMs);
    });
    return seen;
  }

  it('asks again after a pause, and sooner if no answer came', () => {
    const away = throwError(() => new Error('away'));
    expect(asked([away, of(list('A')), away, of(list('B'))], 1000)).toEqual(['0 away', '50 A', '350 away', '400 B']);
  });

  it('stops asking after it is unsubscribed', () => {
    expect(asked([of(list('A')), of(list('B'))], 200)).toEqual(['0 A']);
  });
});

describe('tradingAgainst', () => {
  it('emits the trading instruments of the quote, and which of them are ours', () => {
    const rows = [row('A'), row('B', 'USDC'), row('C', 'USDT', false), row('D')];
    const seen: unknown[] = [];
    const ours = map((all: readonly ListedInstrument[]) => all.filter(({ base }) => base === 'A'));
    tradingAgainst(of(rows), 'USDT', ours).subscribe((list) => seen.push(list));
    expect(seen).toEqual([{ all: ['AUSDT', 'DUSDT'], ours: [{ coin: 'A', symbol: 'AUSDT', venueSymbol: 'AUSDT' }] }]);
  });

  it('fails if no instrument trades, but accepts a list with none of ours', () => {
    const textOf = (rows: readonly ListedInstrument[]) => {
      let last: unknown;
      const nothing = map((): readonly ListedInstrument[] => []);
      tradingAgainst(of(rows), 'USDT', nothing).subscribe({
        next: (list) => {
          last = list;
        },
        error: (error: unknown) => {
          last = error;
        },
      });
      return last;
    };
    expect(textOf([row('A', 'USDC'), row('B', 'USDT', false)])).toMatchObject({ name: 'Fault', kind: 'unavailable' });
    expect(textOf([row('A')])).toEqual({ all: ['AUSDT'], ours: [] });
  });
});
