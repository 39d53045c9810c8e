import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { guardOptions, type TradingDecision } from '../../../src/client/guard/trading-decision.ts';
import { Market } from '../../../src/client/market.ts';
import { AlwaysReadTopics } from '../../../src/client/memory/always-read-topics.ts';
import { TopicReader } from '../../../src/client/reader/topic-reader.ts';
import { Warnings } from '../../../src/client/warnings.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { encoded, FakeSource } from '../fake-source.ts';
import { gap, heartbeat, price, START, VirtualClock } from './trading-guard-records.ts';

function marketOf(quote = 'USDT') {
  const clock = new VirtualClock();
  const { scheduler, wallClockMs } = clock;
  const newReader = (topic: string, source = new FakeSource()) =>
    new TopicReader({ topic, source, identityWindow: 1, warn: () => {}, scheduler, wallClockMs });
  const sources = { prices: new FakeSource(), 'feed-status': new FakeSource(), gaps: new FakeSource() };
  const readers = {
    prices: newReader('prices', sources.prices),
    'feed-status': newReader('feed-status', sources['feed-status']),
    gaps: newReader('gaps', sources.gaps),
  };
  const alwaysRead = new AlwaysReadTopics(readers, 60_000);
  const connect = () =>
    new Market({
      newReader,
      onUse: () => {},
      canReuseAlwaysRead: () => true,
      alwaysRead,
      pastReader: () => async function* () {},
      warnings: new Warnings(() => {}),
      quote,
      guard: guardOptions({ maxLagMs: 7 }),
      scheduler,
      wallClockMs,
    });
  return { clock, alwaysRead, connect, sources };
}

type Parts = ReturnType<typeof marketOf>;

/** Starts to read, from the first offset. */
async function startOf(alwaysRead: Parts['alwaysRead'], sources: Parts['sources']): Promise<void> {
  const ready = alwaysRead.start();
  await nextTurn();
  for (const { handler } of Object.values(sources)) handler.started(new Map([[0, 0]]));
  await ready;
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
      expect(guard.decision(name)).toMatchObject({ coin: name, causes: ['status_silent', 'price_age'] });
  });

  it('and latest() keep the price of the current epoch when a late price of an older epoch arrives', async () => {
    const { alwaysRead, connect, sources } = marketOf();
    await startOf(alwaysRead, sources);
    const market = connect();
    const last = price(0, { epoch: 7, venue: 'binance', price: '100' });
    await sources['feed-status'].take(encoded(0, heartbeat(0, { activeVenue: 'binance' })));
    await sources.prices.take(encoded(0, last), encoded(1, price(-4000, { epoch: 6, price: '55' })));
    expect(market.latest('BTC')).toEqual(last);
    expect(market.guard().decision('BTC').price).toEqual(last);
    // A later instance of the feed may begin with lower epochs.
    await sources['feed-status'].take(encoded(1, heartbeat(1000, { instance: 'two', sequence: 1 })));
    const next = price(1000, { epoch: 1 });
    await sources.prices.take(encoded(2, next));
    expect(market.latest('BTC')).toEqual(next);
    expect(market.guard().decision('BTC').price).toEqual(next);
    await market.close();
  });

  it('and latest() compare no epochs of different venues if every venue is a feed of its own', async () => {
    const { alwaysRead, connect, sources } = marketOf();
    await startOf(alwaysRead, sources);
    const market = connect();
    const next = price(0, { epoch: 1 });
    await sources['feed-status'].take(encoded(0, heartbeat(0, { activeVenue: null })));
    await sources.prices.take(encoded(0, price(0, { epoch: 7, venue: 'binance' })), encoded(1, next));
    expect(market.latest('BTC')).toEqual(next);
    expect(market.guard().decision('BTC').price).toEqual(next);
    await market.close();
  });

  it('close alone: other guards with the same limits, and trading$, continue', () => {
    const market = marketOf().connect();
    const [closed, open] = [market.guard(), market.guard()];
    const emitted: string[] = [];
    const log = (name: string) => ({
      next: ({ causes }: TradingDecision) => emitted.push(`${name} ${causes.join()}`),
      complete: () => emitted.push(`${name} complete`),
    });
    closed('BTC').subscribe(log('closed'));
    open('BTC').subscribe(log('open'));
    market.trading$('BTC').subscribe(log('trading$'));
    closed.close();
    closed.close();
    closed('BTC').subscribe(log('late'));
    expect(emitted).toEqual([
      ...['closed starting', 'open starting', 'trading$ starting'],
      ...['closed ended', 'closed complete', 'late ended', 'late complete'],
    ]);
    expect(closed.decision('BTC')).toMatchObject({ state: 'halted', causes: ['ended'], coin: 'BTC', price: null });
    expect(closed.isAllowed()).toBe(false);
    for (const guard of [open, market.guard()]) expect(guard.decision('BTC').causes).toEqual(['starting']);
    expect(() => closed.isAllowed(undefined as never)).toThrow('coin: found undefined');
  });

  it('end when a block with await using ends, as their client and its readings do', async () => {
    const { connect } = marketOf();
    const market = connect();
    const kept = market.guard();
    const closed = market.guard();
    const ended = market.read('trades');
    {
      await using guard = closed;
      await using reading = ended;
      expect(guard.decision().causes).toEqual(['starting']);
      expect(reading.waiting).toBe(0);
    }
    expect(closed.decision().causes).toEqual(['ended']);
    expect(await ended[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
    expect(kept.decision().causes).toEqual(['starting']);
    await market[Symbol.asyncDispose]();
    expect(kept.decision().causes).toEqual(['ended']);
    expect(() => market.read('trades')).toThrow('the client is closed');
  });

  it('take null for all coins together, with limits', () => {
    const market = marketOf().connect();
    const emitted: TradingDecision[] = [];
    market.trading$(null, { maxLagMs: 8 }).subscribe((decision) => emitted.push(decision));
    expect(emitted).toMatchObject([{ coin: null, causes: ['starting'] }]);
    expect(() => market.trading$(undefined as never)).toThrow('coin: found undefined');
  });

  it('reject an unknown limit and one that is not a number, but not an undefined one', () => {
    const market = marketOf().connect();
    expect(() => market.guard({ maxLagMs: Number.NaN })).toThrow(Fault);
    const misspelt: object = { maxPriceAge: 1 };
    for (const give of [() => market.guard(misspelt), () => market.trading$('BTC', misspelt)])
      expect(give).toThrow('guard: no option maxPriceAge (did you mean maxPriceAgeMs?)');
    const none: object = { maxLagMs: undefined };
    expect(market.guard(none).decision().causes).toEqual(['starting']);
  });
});

it('a client refuses unknown options of read', () => {
  const market = marketOf().connect();
  const drop: object = { overflow: { kind: 'drop' } };
  expect(() => market.read('trades', drop)).toThrow(
    'read: overflow.kind is "drop", allowed: pause, error, dropOldest, conflate',
  );
  const typo: object = { overlow: { kind: 'pause' } };
  expect(() => market.read('trades', typo)).toThrow('read: no option overlow (did you mean overflow?)');
});
