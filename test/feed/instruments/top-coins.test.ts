import { defer, type Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { among, mostTraded, topCoins } from '../../../src/feed/instruments/top-coins.ts';
import type { DayVolume, ListedInstrument } from '../../../src/venues/contract.ts';
import { listedRow } from '../../venues/listed-row.ts';
import { SteppedScheduler } from '../../venues/stepped-scheduler.ts';

const row = (base: string, quote = 'USDT', trading = true): ListedInstrument =>
  listedRow(base, { venueSymbol: base + quote, quote, status: trading ? 'trading' : 'halted' });
const volume = (venueSymbol: string, quoteVolume: string): DayVolume => ({ venueSymbol, quoteVolume });
const NOTHING: ReadonlySet<string> = new Set();

describe('mostTraded', () => {
  const rows = ['A', 'B', 'C', 'D', 'E', 'F'].map((base) => row(base));
  const volumes = ['A', 'B', 'C', 'D', 'E', 'F'].map((base, index) => volume(`${base}USDT`, `${600 - index * 100}`));
  const top = (most: number, kept = NOTHING) => [...mostTraded(rows, volumes, { quote: 'USDT', most, kept })].join('');

  it('returns the coins with the largest quote volume, compared as numbers', () => {
    expect(top(2)).toBe('AB');
    const others = [row('X'), row('Y')];
    const ten = [volume('XUSDT', '9.5'), volume('YUSDT', '10')];
    expect([...mostTraded(others, ten, { quote: 'USDT', most: 1, kept: NOTHING })]).toEqual(['Y']);
  });

  it('counts only trading instruments of the quote that have a volume', () => {
    const listed = [row('A', 'USDC'), row('B', 'USDT', false), row('C'), row('N')];
    expect([...mostTraded(listed, volumes, { quote: 'USDT', most: 9, kept: NOTHING })]).toEqual(['C']);
  });

  it('keeps a followed coin while its rank is at most a quarter above the limit', () => {
    expect(top(4, new Set(['E', 'F']))).toBe('ABCDE');
  });
});

describe('topCoins', () => {
  function counted<T>(values: Observable<T>) {
    const counter = { asked: 0, values$: values };
    counter.values$ = defer(() => {
      counter.asked++;
      return values;
    });
    return counter;
  }
  const options = { quote: 'USDT', most: 1 };

  it('asks the preferred venue once for all subscribers, and again when the answer is old', () => {
    const scheduler = new SteppedScheduler();
    const volumes = counted(of([volume('AUSDT', '1')]));
    const coins$ = topCoins({
      ...options,
      scheduler,
      sources: [{ listed$: of([row('A')]), volumes$: volumes.values$ }],
    });
    const seen: string[] = [];
    const look = () => coins$.subscribe((coins) => seen.push([...coins].join('')));
    look();
    look();
    expect([volumes.asked, seen]).toEqual([1, ['A', 'A']]);
    scheduler.advance(60_000);
    look();
    expect(volumes.asked).toBe(2);
  });

  it('asks the next venue if the preferred one fails, and asks all again at a subscription if all fail', () => {
    const away = throwError(() => new Error('away'));
    const volumes = counted(away as Observable<readonly DayVolume[]>);
    const here = { listed$: of([row('B')]), volumes$: of([volume('BUSDT', '1')]) };
    const there = { listed$: of([row('A')]), volumes$: volumes.values$ };
    const scheduler = new SteppedScheduler();
    const seen: string[] = [];
    topCoins({ ...options, scheduler, sources: [there, here] }).subscribe((coins) => seen.push([...coins].join('')));
    expect(seen).toEqual(['B']);
    const alone$ = topCoins({ ...options, scheduler, sources: [there] });
    for (let time = 0; time < 2; time++) alone$.subscribe({ error: () => seen.push('none') });
    expect([seen, volumes.asked]).toEqual([['B', 'none', 'none'], 3]);
  });

  it('keeps asking the venue that answered first, even when the preferred one is back', () => {
    const scheduler = new SteppedScheduler();
    let isBack = false;
    const away = throwError(() => new Error('away'));
    const preferred = { listed$: of([row('A')]), volumes$: defer(() => (isBack ? of([volume('AUSDT', '1')]) : away)) };
    const next = { listed$: of([row('B')]), volumes$: of([volume('BUSDT', '1')]) };
    const coins$ = topCoins({ ...options, scheduler, sources: [preferred, next] });
    const seen: string[] = [];
    const look = () => coins$.subscribe((coins) => seen.push(...coins));
    look();
    isBack = true;
    scheduler.advance(60_000);
    look();
    expect(seen).toEqual(['B', 'B']);
  });
});

it('topCoins treats an empty list of volumes as a failure', () => {
  const scheduler = new SteppedScheduler();
  const listed$ = of([row('A'), row('B')]);
  const there = { listed$, volumes$: of([volume('BUSDT', '1')]) };
  const empty = { listed$, volumes$: of([]) };
  const seen: unknown[] = [];
  topCoins({ quote: 'USDT', most: 1, scheduler, sources: [empty, there] }).subscribe((coins) => seen.push(...coins));
  topCoins({ quote: 'USDT', most: 1, scheduler, sources: [empty] }).subscribe({ error: () => seen.push('none') });
  expect(seen).toEqual(['B', 'none']);
});

describe('among', () => {
  it('keeps only the rows of the given coins', () => {
    const seen: string[] = [];
    of([row('A'), row('B'), row('B', 'USDC')])
      .pipe(among(of(new Set(['B']))))
      .subscribe((rows) => seen.push(...rows.map(({ venueSymbol }) => venueSymbol)));
    expect(seen).toEqual(['BUSDT', 'BUSDC']);
  });
});
