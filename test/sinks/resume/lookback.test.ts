import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { marketKeyOf } from '../../../src/codec/environment-topics.ts';
import type { TradeEvent } from '../../../src/domain/record.ts';
import type { RecentOptions, SeriesCheckpoint } from '../../../src/sinks/contract.ts';
import { type Dated, Lookback, pick, type Sought, soughtOf } from '../../../src/sinks/resume/lookback.ts';
import { tradeStats } from '../../../testing/records/gateway-records.ts';
import { sampleAudit, sampleGap, sampleTrade } from '../../../testing/records/sample-records.ts';

const T = 1_732_000_000_000;
const checkpoint = (symbol: string, second: number | null, over: Partial<SeriesCheckpoint> = {}): SeriesCheckpoint => ({
  venue: 'binance',
  symbol,
  epoch: 1,
  environment: 'production',
  kind: 'trade',
  last: second === null ? null : { id: '9999999999999999999', timestamp: T + second * 1000 },
  ...over,
});
const options = (checkpoints: readonly SeriesCheckpoint[], over: Partial<RecentOptions> = {}): RecentOptions => ({
  environmentPrefixes: [''],
  kind: 'trade',
  checkpoints,
  trades: 2,
  spanMs: 60_000,
  ...over,
});
const traded = (symbol: string, second: number, over: Partial<TradeEvent> = {}): TradeEvent => {
  const timestamp = T + second * 1000;
  return sampleTrade({ venue: 'binance', symbol, epoch: 1, timestamp, receivedAt: timestamp * 1000, ...over });
};
const firstOf = (over: RecentOptions): Sought => soughtOf(over)[0] as Sought;
const OF_A = { venue: 'binance', symbol: 'A', epoch: 1 };
const BOUNDS = { span: 1000, count: 100 };

describe('soughtOf', () => {
  it('reaches back from the last trade of each venue, whichever symbol that trade has', () => {
    const checkpoints = [checkpoint('A', 100), checkpoint('B', null), checkpoint('A', 70, { venue: 'bybit' })];
    const { series } = firstOf(options(checkpoints, { spanMs: 10_000 }));
    expect(series.map(({ venue, symbol, since }) => [venue, symbol, (since - T) / 1000])).toEqual([
      ['binance', 'A', 90],
      ['bybit', 'A', 60],
    ]);
  });

  it('leaves out a series whose checkpoint has no trade', () => {
    const sought = firstOf(options([checkpoint('A', null), checkpoint('B', 9)]));
    expect(sought.series.map(({ symbol }) => symbol)).toEqual(['B']);
  });

  it('excludes trades after the last trade of the checkpoint', () => {
    const sought = firstOf(options([checkpoint('A', 9, { last: { id: '20', timestamp: T + 9000 } })], { spanMs: 0 }));
    const lookback = new Lookback(sought, BOUNDS);
    for (const id of [22, 21, 20, 19, 18]) lookback.add(traded('A', id - 11, { tradeId: String(id) }));
    expect(lookback.found().map((found) => found.kind === 'trade' && found.tradeId)).toEqual(['19', '20']);
  });

  it('names the topics of each environment and the message keys of the mode', () => {
    const checkpoints = [checkpoint('A', 1), checkpoint('B', 1)];
    const environmentPrefixes = ['simulated.', 'testnet.'];
    const sought = soughtOf(options(checkpoints, { environmentPrefixes }));
    const topics = environmentPrefixes.flatMap((prefix) =>
      ['trades', 'trade-stats', 'audits'].map((name) => prefix + name),
    );
    expect(sought.map(({ topic }) => topic)).toEqual([...topics, 'simulated.gaps']);
    expect(sought.at(-1)?.series.map(({ key }) => key)).toEqual(['binance:A', 'binance:B']);
    expect(sought[0]?.series.map(({ key }) => key)).toEqual(['A', 'B']);
    const [ofAll] = soughtOf(options(checkpoints, { environmentPrefixes, keyOf: marketKeyOf('all') }));
    expect(ofAll?.series.map(({ key }) => key)).toEqual(['binance:A', 'binance:B']);
  });
});

describe('Lookback', () => {
  it.each<[string, Dated]>([
    ['a healed gap', sampleGap({ ...OF_A, fromTime: T - 9_000_000, toTime: T - 8_000_000, outcome: 'healed' })],
    ['a revised window', tradeStats(T - 8_000_000, { ...OF_A, receivedAt: 0, revision: 1 })],
    ['a revised audit', sampleAudit({ ...OF_A, minute: T - 8_000_000, receivedAt: 0, revision: 1 })],
  ])('reads on behind %s, which is published long after its time', (_name, late) => {
    const sought = soughtOf(options([checkpoint('A', 100)])).find(({ kind }) => kind === late.kind) as Sought;
    const lookback = new Lookback(sought, BOUNDS);
    lookback.add(late);
    expect(lookback.isEnough).toBe(false);
    expect(lookback.found()).toEqual([]);
  });

  const quiet = [checkpoint('A', 1000), checkpoint('Q', 900)];

  it('ends when every symbol has enough trades and the span is covered', () => {
    const lookback = new Lookback(firstOf(options(quiet)), BOUNDS);
    const steps: [number, string, boolean, boolean][] = [];
    const see = (symbol: string, second: number) => {
      lookback.add(traded(symbol, second));
      steps.push([second, symbol, lookback.isWhole, lookback.isEnough]);
    };
    for (const second of [1000, 950, 930, 911, 910]) see('A', second);
    for (const second of [905, 890]) see('Q', second);
    expect(steps).toEqual([
      [1000, 'A', false, false],
      [950, 'A', false, false],
      [930, 'A', false, false],
      [911, 'A', false, false],
      // The lookback goes back 60 s, and 30 s more for records out of order.
      [910, 'A', true, false],
      [905, 'Q', true, false],
      [890, 'Q', true, true],
    ]);
    expect(lookback.found().map(({ symbol }) => symbol)).toEqual(['Q', 'Q', 'A', 'A']);
    expect([lookback.seeks('A'), lookback.seeks('Q'), lookback.seeks('X')]).toEqual([false, false, false]);
  });

  it('is not ended by an old trade from a backfill, which lies among later records', () => {
    const lookback = new Lookback(firstOf(options(quiet)), BOUNDS);
    lookback.add(traded('X', 100, { source: 'backfill', receivedAt: (T + 999_000) * 1000 }));
    expect(lookback.isWhole).toBe(false);
    lookback.add(traded('X', 100));
    expect(lookback.isWhole).toBe(true);
  });

  it('ends at the span bound, or at the lower count bound if only the number of trades is missing', () => {
    const lookback = new Lookback(firstOf(options(quiet)), { span: 10, count: 4 });
    for (const second of [1000, 999, 998, 997, 996]) lookback.add(traded('A', second));
    expect(lookback.isEnough).toBe(false);
    lookback.add(traded('A', 900));
    expect([lookback.isWhole, lookback.isEnough, lookback.seeks('Q')]).toEqual([true, true, true]);

    const bounded = new Lookback(firstOf(options(quiet)), { span: 10, count: 4 });
    for (let read = 0; read < 9; read++) bounded.pass();
    expect(bounded.isEnough).toBe(false);
    bounded.pass();
    expect([bounded.isWhole, bounded.isEnough]).toEqual([false, true]);
  });

  it('ends at the beginning of the topic, and is complete there', () => {
    const lookback = new Lookback(firstOf(options(quiet)), BOUNDS);
    lookback.add(traded('A', 1000));
    lookback.end();
    expect([lookback.isWhole, lookback.isEnough]).toEqual([true, true]);
  });

  it('finds the same records as a reader of the complete topic if no record lies 30 s out of order', () => {
    const trades = fc.array(
      fc.record({ symbol: fc.constantFrom('A', 'A', 'A', 'Q', 'X'), step: fc.nat(20), late: fc.nat(14) }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(trades, fc.nat(5), fc.nat(90), (steps, count, spanS) => {
        let second = 0;
        const all: TradeEvent[] = [];
        for (const { symbol, step, late } of steps) {
          second += step;
          all.push(traded(symbol, second - late));
        }
        const lastAt = (symbol: string) => all.findLast((trade) => trade.symbol === symbol)?.timestamp;
        const checkpoints = ['A', 'Q'].map((symbol) => {
          const timestamp = lastAt(symbol);
          return checkpoint(symbol, timestamp === undefined ? null : (timestamp - T) / 1000);
        });
        const sought = firstOf(options(checkpoints, { trades: count, spanMs: spanS * 1000 }));
        const lookback = new Lookback(sought, BOUNDS);
        for (const trade of all.toReversed()) {
          if (lookback.isEnough) break;
          if (lookback.seeks(trade.symbol) || trade.symbol === 'X') lookback.add(trade);
          else lookback.pass();
        }
        expect(lookback.found()).toEqual(pick(sought, all));
        const wanted = all.filter(
          ({ symbol, timestamp }, index) =>
            symbol !== 'X' &&
            (timestamp > (sought.series.find((one) => one.symbol === symbol)?.since ?? 0) ||
              all.slice(index + 1).filter((later) => later.symbol === symbol).length < count),
        );
        expect(lookback.found()).toEqual(wanted);
      }),
      { numRuns: 2000 },
    );
  });
});
