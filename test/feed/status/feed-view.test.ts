import { describe, expect, it } from 'vitest';
import { FeedView } from '../../../src/feed/status/feed-view.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';

/** Delivers a number of trades of BTCUSDT, then ends the second. */
function second(view: FeedView, trades: number): number {
  for (let count = 0; count < trades; count++) view.published(tradeEvent(count), 0);
  view.sampleRates();
  return view.symbols.get('BTCUSDT')?.rate.perSecond ?? Number.NaN;
}

describe('FeedView', () => {
  it("computes a symbol's trades a second over the last five complete seconds", () => {
    const view = new FeedView();
    view.add('BTCUSDT', 'BTC');
    expect([1, 10, 20, 30, 40, 50, 60].map((trades) => second(view, trades))).toEqual([0, 10, 15, 20, 25, 30, 40]);
    expect(view.symbols.has('ETHUSDT')).toBe(false);
  });

  it('resets a symbol that is removed and added again', () => {
    const view = new FeedView();
    view.add('BTCUSDT', 'BTC');
    second(view, 100);
    second(view, 100);
    view.remove('BTCUSDT');
    view.add('BTCUSDT', 'BTC');
    expect(view.tick('BTCUSDT')).toBeUndefined();
    expect([second(view, 1), second(view, 3)]).toEqual([0, 3]);
  });
});
