import { expect, it } from 'vitest';
import { VirtualVenue } from './virtual-venue.ts';

it('the fault block_trades marks the trades of the next orders, by socket and REST, and leaves them out of candles', () => {
  const venue = new VirtualVenue('bybit', 100);
  const line = venue.open();
  const start = venue.now;
  line.send({ op: 'subscribe', args: ['publicTrade.BTCUSDT'] });
  venue.fault({ fault: 'block_trades', symbol: 'BTCUSDT', count: 1 });
  venue.run(1000);
  const frames = line.take<{ topic?: string; data: readonly { i: string; v: string; BT: boolean }[] }>();
  const trades = frames.filter(({ topic }) => topic !== undefined).flatMap(({ data }) => data);
  const blocks = trades.filter(({ BT }) => BT);
  expect(blocks.length).toBeGreaterThan(0);
  expect(blocks).toEqual(trades.slice(0, blocks.length));
  const recent = venue.rest('/v5/market/recent-trade?category=spot&symbol=BTCUSDT&limit=60').body as {
    result: { list: readonly { execId: string; isBlockTrade: boolean }[] };
  };
  const marked = recent.result.list.filter(({ isBlockTrade }) => isBlockTrade);
  expect(marked.map(({ execId }) => execId).toSorted()).toEqual(blocks.map(({ i }) => i).toSorted());
  const candles = venue.market.bySymbol.get('BTCUSDT')?.candles;
  expect(candles?.candle(start, start + 2000).trades).toBe(trades.length - blocks.length);
});
