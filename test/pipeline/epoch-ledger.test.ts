import { describe, expect, it } from 'vitest';
import type { Position } from '../../src/domain/record.ts';
import { EpochLedger } from '../../src/pipeline/epoch-ledger.ts';
import { aggTrade, tradeEvent } from '../support/events.ts';

const environment = 'production';
const position = (venue: string, epoch: number, tradeId: string | null): Position => ({
  kind: 'position',
  venue,
  symbol: 'BTCUSDT',
  epoch,
  tradeId,
  timestamp: 5000,
  environment,
});
const begin = (ledger: EpochLedger, venue: string) => ledger.begin('BTCUSDT', { venue, environment, at: 9000 });
const hole = (before: number, after: number, missing: number | null, filled = 0) =>
  ({
    kind: 'hole',
    symbol: 'BTCUSDT',
    coin: 'BTC',
    hole: {
      before: tradeEvent(before, { timestamp: before }),
      after: tradeEvent(after, { timestamp: after }),
      missing,
      filled,
    },
  }) as const;

describe('EpochLedger', () => {
  it('numbers from 1, per symbol', () => {
    const ledger = new EpochLedger([]);
    const started = { venue: 'bybit', environment, at: 9000 } as const;
    const epochs = ['BTCUSDT', 'BTCUSDT', 'ETHUSDT'].map((symbol) => ledger.begin(symbol, started)[0]?.epoch);
    expect(epochs).toEqual([1, 2, 1]);
  });

  it('knows the epoch that was begun for a venue, until it is used, and else the one that comes next', () => {
    const ledger = new EpochLedger([]);
    begin(ledger, 'bybit');
    expect([ledger.epochOf('BTCUSDT', 'bybit'), ledger.epochOf('BTCUSDT', 'binance')]).toEqual([1, 2]);
    expect([ledger.hasBegun('BTCUSDT', 1), ledger.hasBegun('BTCUSDT', 2)]).toEqual([true, false]);
    ledger.published('BTCUSDT', tradeEvent(5));
    expect(ledger.epochOf('BTCUSDT', 'bybit')).toBe(2);
  });

  it('goes on from the greatest epoch that any sink remembers of any venue', () => {
    const remembered = [position('bybit', 3, '7'), position('binance', 4, null), position('bybit', 2, '1')];
    expect(begin(new EpochLedger(remembered), 'bybit')).toMatchObject([{ kind: 'position', epoch: 5 }]);
  });

  it('ends the former run with a gap without an end, once', () => {
    const ledger = new EpochLedger([position('bybit', 3, '700')]);
    const [gap, started] = begin(ledger, 'binance');
    expect(gap).toEqual({
      kind: 'gap',
      venue: 'bybit',
      symbol: 'BTCUSDT',
      epoch: 3,
      fromId: '700',
      toId: null,
      fromTime: 5000,
      toTime: 9000,
      missing: null,
      filled: 0,
      outcome: 'unknown',
      environment,
    });
    expect(started).toEqual({
      kind: 'position',
      venue: 'binance',
      symbol: 'BTCUSDT',
      epoch: 4,
      tradeId: null,
      timestamp: 9000,
      environment,
    });
    expect(begin(ledger, 'bybit')).toMatchObject([{ kind: 'position', epoch: 5 }]);
  });

  it('a former run that published no trade leaves no gap', () => {
    expect(begin(new EpochLedger([position('bybit', 3, null)]), 'bybit')).toMatchObject([{ kind: 'position' }]);
  });

  it('makes a gap of a hole between published trades, exclusive bounds, and none of one before the epoch', () => {
    const ledger = new EpochLedger([]);
    begin(ledger, 'binance');
    expect(ledger.gap('BTCUSDT', hole(10, 14, 3), { epoch: 1, environment })).toBeUndefined();
    ledger.published('BTCUSDT', tradeEvent(20));
    expect(ledger.gap('BTCUSDT', hole(10, 20, 9), { epoch: 1, environment })).toBeUndefined();
    ledger.published('BTCUSDT', tradeEvent(21));
    expect(ledger.gap('BTCUSDT', hole(21, 25, 3), { epoch: 1, environment })).toMatchObject({
      fromId: '21',
      toId: '25',
      fromTime: 21,
      toTime: 25,
      missing: 3,
      filled: 0,
      outcome: 'unrepaired',
      epoch: 1,
    });
    expect(ledger.gap('BTCUSDT', hole(21, 25, null), { epoch: 1, environment })).toMatchObject({
      missing: null,
      outcome: 'unknown',
    });
  });

  it('says what became of the hole', () => {
    const ledger = new EpochLedger([]);
    begin(ledger, 'binance');
    ledger.published('BTCUSDT', tradeEvent(21));
    const gap = (filled: number) => ledger.gap('BTCUSDT', hole(21, 25, 3, filled), { epoch: 1, environment });
    expect(gap(3)).toMatchObject({ missing: 3, filled: 3, outcome: 'repaired' });
    expect(gap(1)).toMatchObject({ missing: 3, filled: 1, outcome: 'unrepaired' });
  });

  it('names gaps of a series without epochs, too', () => {
    const ledger = new EpochLedger([]);
    ledger.track('binance:BTCUSDT', { venue: 'binance', symbol: 'BTCUSDT', epoch: 0, environment });
    ledger.published('binance:BTCUSDT', tradeEvent(21));
    expect(ledger.gap('binance:BTCUSDT', hole(21, 25, 3), { epoch: 0, environment })).toMatchObject({
      epoch: 0,
      fromId: '21',
    });
  });

  it('of a hole in which the epoch began with fetched trades it names what lies behind the last of these', () => {
    const ledger = new EpochLedger([]);
    begin(ledger, 'binance');
    const gap = (...of: Parameters<typeof hole>) => ledger.gap('BTCUSDT', hole(...of), { epoch: 1, environment });
    ledger.published('BTCUSDT', tradeEvent(22));
    ledger.published('BTCUSDT', tradeEvent(23, { lastTradeId: '24', timestamp: 24 }));
    expect(gap(20, 30, 9, 6)).toMatchObject({
      fromId: '24',
      fromTime: 24,
      toId: '30',
      missing: 5,
      filled: 2,
      outcome: 'unrepaired',
    });
    expect(gap(20, 25, 4, 4)).toBeUndefined();
    expect(gap(20, 22, 1, 1)).toBeUndefined();
  });

  it('checkpoints the epochs that moved, with the last id that an aggregate stands for', () => {
    const ledger = new EpochLedger([]);
    begin(ledger, 'binance');
    expect(ledger.checkpoint('all')).toEqual([]);
    ledger.published('BTCUSDT', aggTrade(20, 23, { timestamp: 77 }));
    expect(ledger.checkpoint('all')).toEqual([
      { kind: 'position', venue: 'binance', symbol: 'BTCUSDT', epoch: 1, tradeId: '23', timestamp: 77, environment },
    ]);
    expect(ledger.checkpoint('all')).toEqual([]);
  });

  it('checkpoints an epoch that has no position of a trade yet before the others', () => {
    const ledger = new EpochLedger([]);
    begin(ledger, 'binance');
    ledger.published('BTCUSDT', tradeEvent(20));
    expect(ledger.checkpoint('fresh')).toMatchObject([{ tradeId: '20' }]);
    ledger.published('BTCUSDT', tradeEvent(21));
    expect(ledger.checkpoint('fresh')).toEqual([]);
    expect(ledger.checkpoint('all')).toMatchObject([{ tradeId: '21' }]);
  });
});
