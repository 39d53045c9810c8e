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
const begin = (ledger: EpochLedger, venue: string) =>
  ledger.begin('BTCUSDT', { venue, symbol: 'BTCUSDT', epoch: ledger.next('BTCUSDT'), environment, at: 9000 });
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
    expect([ledger.next('BTCUSDT'), ledger.next('BTCUSDT'), ledger.next('ETHUSDT')]).toEqual([1, 2, 1]);
  });

  it('goes on from the greatest epoch that any sink remembers of any venue', () => {
    expect(
      new EpochLedger([position('bybit', 3, '7'), position('binance', 4, null), position('bybit', 2, '1')]).next(
        'BTCUSDT',
      ),
    ).toBe(5);
  });

  it('ends the former run with a gap without an end, once', () => {
    const ledger = new EpochLedger([position('bybit', 3, '700')]);
    const first = begin(ledger, 'binance');
    expect(first.gap).toEqual({
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
    expect(first.position).toEqual({
      kind: 'position',
      venue: 'binance',
      symbol: 'BTCUSDT',
      epoch: 4,
      tradeId: null,
      timestamp: 9000,
      environment,
    });
    expect(begin(ledger, 'bybit').gap).toBeUndefined();
  });

  it('a former run that published no trade leaves no gap', () => {
    expect(begin(new EpochLedger([position('bybit', 3, null)]), 'bybit').gap).toBeUndefined();
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

  it('checkpoints the epochs that moved, with the last id that an aggregate stands for', () => {
    const ledger = new EpochLedger([]);
    begin(ledger, 'binance');
    expect(ledger.checkpoint()).toEqual([]);
    ledger.published('BTCUSDT', aggTrade(20, 23, { timestamp: 77 }));
    expect(ledger.checkpoint()).toEqual([
      { kind: 'position', venue: 'binance', symbol: 'BTCUSDT', epoch: 1, tradeId: '23', timestamp: 77, environment },
    ]);
    expect(ledger.checkpoint()).toEqual([]);
  });
});
