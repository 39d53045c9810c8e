import fc from 'fast-check';
import { lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ClientOptions, connectTopics, type Market, type TradesWithLateOptions } from '../../src/client/index.ts';
import { pastRange, pastTrades } from '../../src/client/past-trades.ts';
import type { DatedRecord, PastQuery } from '../../src/client/source/read-past.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import type { OutRecord } from '../../src/sinks/contract.ts';
import { priceTick, tradeEvent } from '../../testing/judges/events.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { lateRecords, outRecords } from '../sinks/out-records.ts';

const START = Date.UTC(2026, 10, 21, 8);

/** A trade at START + `ms`, which arrived after another `latencyMs`. */
const trade = (id: number, ms: number, latencyMs = 5, fields: Partial<TradeEvent> = {}): TradeEvent =>
  tradeEvent(id, { epoch: 1, timestamp: START + ms, receivedAt: (START + ms + latencyMs) * 1000, ...fields });

/** A trade that was fetched a minute later. */
const lateTrade = (id: number, ms: number, fields: Partial<TradeEvent> = {}): TradeEvent =>
  trade(id, ms, 60_000, { source: 'backfill', ...fields });

async function folderWith(...records: readonly OutRecord[]): Promise<string> {
  const dir = await testFolder();
  const sink = await openSink(dir);
  await sink.write(records);
  return dir;
}

async function connect(options: ClientOptions): Promise<Market> {
  const market = await connectTopics(options);
  onTestFinished(() => market.close());
  return market;
}

const idsOf = async (market: Market, options: TradesWithLateOptions, coin = 'BTC'): Promise<readonly string[]> => {
  const trades = await lastValueFrom(market.tradesWithLate$(coin, options).pipe(toArray()));
  return trades.map(({ tradeId, source }) => (source === 'backfill' ? `${tradeId} late` : tradeId));
};

describe('tradesWithLate$', () => {
  it('reads the trades of a range in order, with the trades of healed gaps, from a folder', async () => {
    const other = trade(7, 25, 5, { symbol: 'ETHUSDT', coin: 'ETH' });
    const dir = await folderWith(
      ...outRecords(trade(1, 0), trade(2, 10), trade(5, 40), other, trade(6, 50), trade(1, 60, 5, { epoch: 2 })),
      ...lateRecords(lateTrade(3, 20), lateTrade(4, 30), lateTrade(8, 30, { symbol: 'ETHUSDT', coin: 'ETH' })),
    );
    const market = await connect({ dir });
    expect(await idsOf(market, { from: 'beginning' })).toEqual(['1', '2', '3 late', '4 late', '5', '6', '1']);
    expect(await idsOf(market, { from: START + 15 })).toEqual(['2', '3 late', '4 late', '5', '6', '1']);
    expect(await idsOf(market, { from: new Date(START + 25), to: new Date(START + 50) })).toEqual(['4 late', '5']);
    expect(await idsOf(market, { from: START + 22, to: START + 25 })).toEqual([]);
    expect(await idsOf(market, { from: START, to: START + 25 })).toEqual(['1', '2', '3 late']);
    expect(await idsOf(market, { from: 'beginning' }, 'ETHUSDT')).toEqual(['7', '8 late']);
    expect(await idsOf(market, { from: 'beginning' }, 'SOL')).toEqual([]);
  });

  it('reads late trades at the end of an epoch, and before its first trade', async () => {
    const dir = await folderWith(
      ...outRecords(trade(1, 0), trade(9, 100, 5, { epoch: 2, venue: 'bybit' })),
      ...lateRecords(lateTrade(8, 90, { epoch: 2, venue: 'bybit' }), lateTrade(2, 10)),
    );
    const market = await connect({ dir });
    expect(await idsOf(market, { from: 'beginning' })).toEqual(['1', '2 late', '8 late', '9']);
  });

  it('reads a folder without late trades', async () => {
    const market = await connect({ dir: await folderWith(...outRecords(trade(1, 0))) });
    expect(await idsOf(market, { from: 'beginning' })).toEqual(['1']);
  });

  it('needs the venue if several venues have a series', async () => {
    const bybit = { venue: 'bybit' };
    const dir = await folderWith(
      ...outRecords(trade(1, 0), trade(900, 1, 5, bybit), trade(3, 20), trade(902, 21, 5, bybit)),
      ...lateRecords(lateTrade(2, 10), lateTrade(901, 11, bybit)),
    );
    const market = await connect({ dir });
    await expect(idsOf(market, { from: 'beginning' })).rejects.toThrow(
      'trades: after binance epoch 1 trade 1 of BTCUSDT follows bybit epoch 1 trade 900; epochs and ids must rise',
    );
    expect(await idsOf(market, { from: 'beginning', venue: 'binance' })).toEqual(['1', '2 late', '3']);
    expect(await idsOf(market, { from: 'beginning', venue: 'bybit' })).toEqual(['900', '901 late', '902']);
  });

  it('reads anew for each subscriber, and ends when it unsubscribes or the client closes', async () => {
    const trades = Array.from({ length: 2000 }, (_, index) => trade(index + 1, index));
    const market = await connect({ dir: await folderWith(...outRecords(...trades)) });
    const trades$ = market.tradesWithLate$('BTC', { from: 'beginning' });
    const firstTwo$ = trades$.pipe(take(2), toArray());
    for (const _ of [1, 2]) expect(await lastValueFrom(firstTwo$)).toEqual(trades.slice(0, 2));
    let given = 0;
    const ended = new Promise<void>((complete) => {
      trades$.subscribe({
        next: () => {
          if (++given === 500) void market.close();
        },
        complete,
      });
    });
    await ended;
    expect(given).toBeLessThan(1000);
    await expect(lastValueFrom(trades$)).rejects.toThrow('the client is closed');
  });

  it('reads in a backtest only what arrived before the time of the records', async () => {
    const price = priceTick({ timestamp: START, receivedAt: START * 1000 });
    const dir = await folderWith(
      ...outRecords(price, trade(1, 0), trade(2, 10), trade(5, 100_000), trade(6, 200_000)),
      ...lateRecords(lateTrade(3, 20), lateTrade(4, 100_000)),
    );
    const market = await connect({ dir, clock: 'records' });
    const seen = new Map<string, Promise<readonly string[]>>();
    await new Promise<void>((complete) => {
      market.trades$('BTC').subscribe({
        next: ({ tradeId }) => seen.set(tradeId, idsOf(market, { from: 'beginning' })),
        complete,
      });
    });
    expect(await seen.get('2')).toEqual(['1']);
    expect(await seen.get('6')).toEqual(['1', '2', '3 late', '4 late', '5']);
  });

  it.each<[object, string]>([
    [{}, 'from is missing, allowed: beginning, a Date, or milliseconds since 1970'],
    [{ from: 'end' }, 'from is "end", allowed: beginning, a Date, or milliseconds since 1970'],
    [{ from: 0, to: 'end' }, 'to is "end", allowed: a Date, or milliseconds since 1970'],
    [{ from: 0, venue: '' }, 'venue is "", allowed: '],
    [{ from: 0, until: 1 }, 'no option until; there are from, to, venue'],
    [{ from: 1000, to: new Date(1000) }, 'to is "1970-01-01T00:00:01.000Z", allowed: later than from, 1000'],
  ])('refuses the options %j', async (options, message) => {
    const market = await connect({ dir: await folderWith(...outRecords(trade(1, 0))) });
    const wrong = options as TradesWithLateOptions;
    expect(() => market.tradesWithLate$('BTC', wrong)).toThrow(`tradesWithLate$: ${message}`);
  });

  it('refuses an undefined coin', async () => {
    const market = await connect({ dir: await folderWith(...outRecords(trade(1, 0))) });
    expect(() => market.tradesWithLate$(undefined as unknown as string, { from: 0 })).toThrow('coin: found nothing');
  });
});

/** Trades with rising times. Some were lost, and fetched later. Trades arrive in order, some of them after an outage. */
const anyTrades = fc.array(
  fc.record({
    stepMs: fc.integer({ min: 0, max: 3 }),
    latencyMs: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 30 })),
    isLate: fc.boolean(),
  }),
  { maxLength: 40 },
);

describe('pastTrades', () => {
  it('has each trade in one of the ranges that follow each other, in order', async () => {
    await fc.assert(
      fc.asyncProperty(anyTrades, fc.array(fc.integer({ min: 0, max: 120 })), async (given, cuts) => {
        let at = 0;
        let arrived = 0;
        const published: DatedRecord[] = [];
        const healed: DatedRecord[] = [];
        const all = given.map(({ stepMs, latencyMs, isLate }, index) => {
          at += stepMs;
          const record = tradeEvent(index + 1, { epoch: 1, timestamp: at });
          if (isLate) healed.push({ record, appendedAt: 1_000_000 });
          else {
            arrived = Math.max(arrived, at + latencyMs);
            published.push({ record, appendedAt: arrived });
          }
          return record;
        });
        async function* read(topic: string, { sinceMs }: PastQuery) {
          const records = topic === 'trades' ? published : healed;
          yield* records.filter(({ appendedAt }) => appendedAt >= sinceMs);
        }
        const times = [...new Set(cuts)].sort((a, b) => a - b);
        const found: TradeEvent[] = [];
        for (const [index, fromMs] of [Number.NEGATIVE_INFINITY, ...times].entries()) {
          const range = { fromMs, toMs: times[index] ?? Number.POSITIVE_INFINITY, venue: undefined };
          const { signal } = new AbortController();
          for await (const each of pastTrades({ read, symbol: 'BTCUSDT', range, signal })) found.push(each);
        }
        expect(found).toEqual(all);
      }),
      { seed: 34, numRuns: 200 },
    );
  });

  it('takes milliseconds and Dates', () => {
    expect(pastRange({ from: new Date(5), to: 7 })).toEqual({ fromMs: 5, toMs: 7, venue: undefined });
  });
});
