// Your own operator beside those of market-feed: passes a price only if it has moved far enough.
// Run: node examples/custom-operator.ts. In your own project, import from 'market-feed/operators'.
import { defer, filter, from, type MonoTypeOperatorFunction } from 'rxjs';
import { deduplicate } from '../src/operators/index.ts';

interface Tick {
  readonly id: string;
  readonly symbol: string;
  /** Exact decimal text. A number is precise enough to compare, but not to pass on. */
  readonly price: string;
}

interface MovedByOptions<T> {
  /** Smallest move to pass, in percent of the last passed price. */
  readonly percent: number;
  key(value: T): string;
  price(value: T): number;
}

/**
 * Passes the first value of each key, then values whose price is at least `percent` away from the last passed one.
 *
 * source  -100-100.2-101-100.9-99-
 *         movedBy({ percent: 1, … })
 * result  -100-------101-------99-
 */
function movedBy<T>({ percent, key, price }: MovedByOptions<T>): MonoTypeOperatorFunction<T> {
  return (source) =>
    // defer: each subscription gets its own memory.
    defer(() => {
      const last = new Map<string, number>();
      return source.pipe(
        filter((value) => {
          const before = last.get(key(value));
          const now = price(value);
          if (before !== undefined && Math.abs(now - before) * 100 < before * percent) return false;
          last.set(key(value), now);
          return true;
        }),
      );
    });
}

const ticks: readonly Tick[] = [
  { id: '1', symbol: 'BTCUSDT', price: '100000' },
  { id: '2', symbol: 'ETHUSDT', price: '3200' },
  { id: '2', symbol: 'ETHUSDT', price: '3200' },
  { id: '3', symbol: 'BTCUSDT', price: '100200.5' },
  { id: '4', symbol: 'BTCUSDT', price: '101000' },
  { id: '5', symbol: 'ETHUSDT', price: '3150' },
];

from(ticks)
  .pipe(
    deduplicate({ key: (tick) => tick.id, size: 1000 }),
    movedBy({ percent: 1, key: (tick) => tick.symbol, price: (tick) => Number(tick.price) }),
  )
  .subscribe(({ symbol, price }) => console.log(symbol, price));
// BTCUSDT 100000
// ETHUSDT 3200
// BTCUSDT 101000
// ETHUSDT 3150
