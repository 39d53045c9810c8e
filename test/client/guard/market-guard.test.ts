import { describe, expect, it } from 'vitest';
import { guardOptions } from '../../../src/client/guard/trading-decision.ts';
import { Market } from '../../../src/client/market.ts';
import { AlwaysReadTopics } from '../../../src/client/memory/always-read-topics.ts';
import { TopicReader } from '../../../src/client/reader/topic-reader.ts';
import { Warnings } from '../../../src/client/warnings.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { FakeSource } from '../fake-source.ts';
import { gap, heartbeat, price, START, VirtualClock } from './trading-guard-records.ts';

function marketOf(quote = 'USDT') {
  const clock = new VirtualClock();
  const { scheduler, wallClockMs } = clock;
  const newReader = (topic: string) =>
    new TopicReader({ topic, source: new FakeSource(), identityWindow: 1, warn: () => {}, scheduler, wallClockMs });
  const readers = {
    prices: newReader('prices'),
    'feed-status': newReader('feed-status'),
    gaps: newReader('gaps'),
  };
  const alwaysRead = new AlwaysReadTopics(readers, 60_000);
  const connect = () =>
    new Market({
      newReader,
      canReuseAlwaysRead: () => true,
      alwaysRead,
      warnings: new Warnings(() => {}),
      quote,
      guard: guardOptions({ maxLagMs: 7 }),
      scheduler,
      wallClockMs,
    });
  return { clock, alwaysRead, connect };
}

describe('the trading guards of a client', () => {
  it('halt for a recently reported gap, however old the gap is and whenever the guard was created', () => {
    const { clock, alwaysRead, connect } = marketOf();
    alwaysRead.memory.addGap(gap(-70_000), START);
    const market = connect();
    clock.advanceTo(10_000);
    for (const guard of [market.guard(), market.guard({ maxPriceAgeMs: 9000 })])
      expect(guard.decision('BTCUSDT').causes).toContain('gap');
    clock.advanceTo(60_000);
    for (const guard of [market.guard(), market.guard({ maxPriceAgeMs: 9001 })])
      expect(guard.decision('BTCUSDT').causes).not.toContain('gap');
    expect(market.guard({ gapHaltMs: 70_000 }).decision('BTCUSDT').causes).toContain('gap');
  });

  it('resolve a coin with the quote asset of the client, unaffected by old prices in other quotes', () => {
    const { alwaysRead, connect } = marketOf('USDC');
    alwaysRead.last.set('BTCUSDT', price(-86_400_000));
    alwaysRead.last.set('BTCUSDC', price(0, { symbol: 'BTCUSDC' }));
    alwaysRead.memory.addStatus(heartbeat(0, { heartbeat: { symbols: ['BTCUSDC'] } }), START);
    const guard = connect().guard();
    for (const name of ['BTC', 'btc', 'BTCUSDC', 'btcusdc'])
      expect(guard.decision(name)).toMatchObject({ coin: name, causes: ['status_silent'] });
  });

  it('reject a limit that is not a number, and use the limit of the client for undefined', () => {
    const market = marketOf().connect();
    expect(() => market.guard({ maxLagMs: Number.NaN })).toThrow(Fault);
    const none: object = { maxLagMs: undefined };
    expect(market.guard(none)).toBe(market.guard());
    expect(market.guard({ maxLagMs: 7 })).toBe(market.guard());
    expect(market.guard({ maxLagMs: 8 })).not.toBe(market.guard());
  });
});
