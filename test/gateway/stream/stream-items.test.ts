import { asyncScheduler } from 'rxjs';
import { expect, it } from 'vitest';
import type { FeedMode } from '../../../src/codec/environment-topics.ts';
import type { FeedRecord } from '../../../src/domain/record.ts';
import { Backlog } from '../../../src/gateway/stream/backlog.ts';
import { itemOf } from '../../../src/gateway/stream/stream-items.ts';
import { GatewayView } from '../../../src/gateway/view/view.ts';
import { kline } from '../../../testing/judges/events.ts';
import { NOW, price } from '../../../testing/records/gateway-records.ts';

/** What a client that lags receives after these records. */
function laterOf(...records: readonly FeedRecord[]): readonly unknown[] {
  return laterIn('failover', ...records);
}

function laterIn(mode: FeedMode, ...records: readonly FeedRecord[]): readonly unknown[] {
  const view = new GatewayView({ historyTrades: 10, mode, scheduler: asyncScheduler, wallClockMs: () => NOW });
  const backlog = new Backlog('newest', 10);
  for (const record of records) backlog.add(itemOf(view, record));
  return backlog.take(10).map(({ text }) => JSON.parse(text));
}

it('a slow client gets only the newest price of a symbol in mode failover', () => {
  expect(
    laterOf(
      price('100', { epoch: 1 }),
      price('101', { venue: 'binance', epoch: 2 }),
      price('102', { venue: 'bybit', epoch: 3 }),
    ),
  ).toMatchObject([{ venue: 'bybit', epoch: 3, price: '102' }]);
});

it('a slow client gets the newest price of each venue in mode all', () => {
  const all = { epoch: 1 } as const;
  const prices = [price('100', all), price('101', { epoch: 2, venue: 'binance' }), price('102', all)];
  expect(laterIn('all', ...prices)).toMatchObject([
    { venue: 'bybit', price: '102' },
    { venue: 'binance', price: '101' },
  ]);
});

it('a slow client gets a closed candle and the next candle', () => {
  expect(
    laterOf(kline(0, 1), kline(0, 2, { closed: true, volume: '12' }), kline(60_000, 3, { volume: '0.1' })),
  ).toMatchObject([
    { open_time: 0, closed: true, volume: '12' },
    { open_time: 60_000, closed: false, volume: '0.1' },
  ]);
});
