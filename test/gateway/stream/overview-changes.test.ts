import { VirtualTimeScheduler } from 'rxjs';
import { expect, it } from 'vitest';
import { mergeOverview } from '../../../dashboard/feed/merge-overview.ts';
import type { CoinAnswer, Status } from '../../../src/gateway/api/feed-answers.ts';
import type { OverviewChanges } from '../../../src/gateway/api/stream-messages.ts';
import { OverviewItems } from '../../../src/gateway/stream/overview-changes.ts';
import { heartbeat, NOW, price, status } from '../../../testing/records/gateway-records.ts';
import { coin } from '../../dashboard/coin.ts';
import { headline } from '../../dashboard/headline.ts';
import { gatewayUnderTest, type Row } from '../gateway-under-test.ts';

const COINS = 200;
const points = Array.from({ length: 60 }, (_, at) => String(64_000.25 + at));

/** An overview of active coins: each second, every figure of every coin is another. */
function overview(second: number, fields: Partial<CoinAnswer> = {}): Status {
  const coins = Array.from({ length: COINS }, (_, at) =>
    coin({
      coin: `COIN${at}`,
      symbol: `COIN${at}USDT`,
      price: String(64_000.25 + second + at),
      change_24h: `1.${second}${at}`,
      volume_24h: `12345.6789${second}`,
      quote_volume_24h: `987654321.1234${second}`,
      trades_per_second: second / 5 + at,
      age_ms: (second * 37.123 + at) % 900,
      buy_ratio: ((second * 0.0137) % 1) / 2,
      flow: 'neutral',
      sparkline: [...points.slice(1), String(second)],
      ...fields,
    }),
  );
  return {
    at: NOW + second * 1000,
    environment: 'simulated',
    source: 'pipeline',
    instance: 'a',
    active_venue: 'bybit',
    trading: { state: 'allowed', reason: '' },
    halted: [],
    headline: headline({ at: NOW + second * 1000 }),
    silent_ms: second,
    venues: [],
    coins,
    sinks: [],
    shards: [],
    counts: { trades: second },
    gateway: { clients: 1, max_clients: 2000, messages_sent: second, bytes_sent: 0, missed_trades: 0, closed_slow: 0 },
  };
}

const parsed = (text: string): OverviewChanges => JSON.parse(text) as OverviewChanges;

it('OverviewItems sends less than 20 kB a second for 200 coins that all change', () => {
  let second = 0;
  const items = new OverviewItems(() => overview(second));
  items.first(true);
  const sizes = Array.from({ length: 120 }, () => {
    second++;
    return items.next().sequel.length;
  });
  expect(Math.max(...sizes)).toBeLessThan(20_000);
});

it('OverviewItems sends each sparkline once a minute, and each price once in ten seconds', () => {
  let second = 0;
  const items = new OverviewItems(() => overview(second));
  items.first(true);
  const sent = { price: 0, sparkline: 0 };
  while (++second <= 60)
    for (const each of parsed(items.next().sequel).coins.filter(({ index }) => index === 7)) {
      if (each.price !== undefined) sent.price++;
      if (each.sparkline !== undefined) sent.sparkline++;
    }
  expect(sent).toEqual({ price: 6, sparkline: 1 });
});

it('OverviewItems sends the price at once if the venue changes, and while the coin is stale', () => {
  let second = 0;
  let fields: Partial<CoinAnswer> = {};
  const items = new OverviewItems(() => overview(second, fields));
  items.first(true);
  const pricesSent = () => {
    second++;
    return parsed(items.next().sequel).coins.filter(({ price: sent }) => sent !== undefined).length;
  };
  expect(pricesSent()).toBe(COINS / 10);
  fields = { venue: 'binance', epoch: 2 };
  expect(pricesSent()).toBe(COINS);
  expect(pricesSent()).toBe(COINS / 10);
  fields = { venue: 'binance', epoch: 2, stale: true };
  expect(pricesSent()).toBe(COINS);
  expect(pricesSent()).toBe(COINS);
});

it('the changes add up to what a client gets that begins later or was too slow', () => {
  let second = 0;
  let coins = COINS;
  const items = new OverviewItems(() => ({ ...overview(second), coins: overview(second).coins.slice(0, coins) }));
  let known = mergeOverview(undefined, parsed(items.first(true).text));
  for (coins of [200, 150, 151, 152]) {
    second++;
    const item = items.next();
    known = mergeOverview(known, parsed(item.sequel));
    expect(known).toEqual(mergeOverview(undefined, parsed(item.text)));
    expect(known).toEqual(mergeOverview(undefined, parsed(items.first(false).text)));
    expect(known?.coins).toHaveLength(coins);
    expect(known?.at).toBe(NOW + second * 1000);
  }
});

it('the channel overview_changes sends all fields first, and then only what changed', async () => {
  const { publish, open } = await gatewayUnderTest();
  publish(heartbeat(), price('100'));
  const probe = await open('/ws/');
  probe.ask({ op: 'subscribe', channel: 'overview_changes' });
  probe.ask({ op: 'subscribe', channel: 'overview' });
  const [first] = await probe.untilGot('overview_changes', 1);
  const [whole] = await probe.untilGot('overview', 1);
  const { coins, gateway, silent_ms, venues, ...rest } = whole ?? {};
  expect(first).toMatchObject({ ...rest, coin_count: 1, coins: [{ index: 0, symbol: 'BTCUSDT', price: '100' }] });
  const later = await probe.untilGot('overview_changes', 3);
  expect((later[2] as Row).environment).toBeUndefined();
  expect((later[2] as Row).coins).toEqual([]);
});

it.each([
  ['trading_halted', { trading: { state: 'halted', reason: 'bybit is stale' } }],
  ['trading_resumed', { trading: { state: 'allowed', reason: '' } }],
  ['failed_over', { active_venue: 'binance' }],
  ['failed_back', { active_venue: 'binance' }],
])(
  'an overview is sent at once after %s of the whole feed, and not after that of one symbol',
  async (state, fields) => {
    const scheduler = new VirtualTimeScheduler();
    const { open, publish } = await gatewayUnderTest({}, { scheduler });
    publish(heartbeat(), price('1'));
    if (state === 'trading_resumed') publish(status('trading_halted'));
    const probe = await open('/ws/');
    const channels = ['overview', 'overview_changes'];
    for (const channel of channels) {
      probe.ask({ op: 'subscribe', channel });
      await probe.untilGot(channel, 1);
    }
    const tick = () => {
      scheduler.maxFrames += 25;
      scheduler.flush();
    };
    scheduler.maxFrames = 0;
    tick();
    for (const channel of channels) await probe.untilGot(channel, 2);
    publish(status(state, { symbol: 'BTCUSDT', activeVenue: 'bybit' }));
    tick();
    publish(status(state, { reason: 'bybit is stale', activeVenue: 'binance' }));
    tick();
    for (const channel of channels) expect((await probe.untilGot(channel, 3))[2]).toMatchObject(fields);
  },
);
