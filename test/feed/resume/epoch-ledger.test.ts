import { describe, expect, it } from 'vitest';
import type { AnyTrade } from '../../../src/domain/trade-id.ts';
import { type Epoch, EpochLedger, notePublished } from '../../../src/feed/resume/epoch-ledger.ts';
import type { PreviousEpoch } from '../../../src/feed/resume/previous-runs.ts';
import { aggTrade, tradeEvent } from '../../../testing/judges/events.ts';

const environment = 'production';
const previous = (venue: string, epoch: number, id: string | null, canResume = false): PreviousEpoch => {
  const last = id === null ? null : { id, timestamp: 5000 };
  return {
    venue,
    symbol: 'BTCUSDT',
    epoch,
    last,
    resumePoint: canResume ? new Map(last === null ? [] : [['trade', last]]) : undefined,
  };
};
const ledgerOf = (...epochs: PreviousEpoch[]) => new EpochLedger(epochs, environment, 'trade');
const begin = (ledger: EpochLedger, venue: string) => ledger.begin('BTCUSDT', { venue, at: 9000 });
const published = (ledger: EpochLedger, trade: AnyTrade) => notePublished(ledger.current('BTCUSDT') as Epoch, trade);
const sequenceGap = (before: number, after: number, missing: number | null, filled = 0) =>
  ({
    kind: 'sequence_gap_closed',
    symbol: 'BTCUSDT',
    coin: 'BTC',
    gap: {
      before: { id: String(before), timestamp: before },
      after: tradeEvent(after, { timestamp: after }),
      missing,
      filled,
    },
  }) as const;

describe('EpochLedger', () => {
  it('numbers the epochs of each symbol from 1', () => {
    const ledger = ledgerOf();
    const started = { venue: 'bybit', at: 9000 };
    const epochs = ['BTCUSDT', 'BTCUSDT', 'ETHUSDT'].map((symbol) => ledger.begin(symbol, started)[0]?.epoch);
    expect(epochs).toEqual([1, 2, 1]);
  });

  it('returns a begun epoch until its first trade is published, and otherwise the next number', () => {
    const ledger = ledgerOf();
    begin(ledger, 'bybit');
    expect([ledger.epochOf('BTCUSDT', 'bybit'), ledger.epochOf('BTCUSDT', 'binance')]).toEqual([1, 2]);
    expect(ledger.current('BTCUSDT')?.epoch).toBe(1);
    published(ledger, tradeEvent(5));
    expect(ledger.epochOf('BTCUSDT', 'bybit')).toBe(2);
  });

  it('continues the numbers after the greatest previous epoch of any venue', () => {
    const ledger = ledgerOf(previous('bybit', 3, '7'), previous('binance', 4, null), previous('bybit', 2, '1'));
    expect(begin(ledger, 'bybit').at(-1)).toMatchObject({ kind: 'position', epoch: 5 });
  });

  it('does not resume a previous run after its resume point has lapsed', () => {
    const ledger = ledgerOf(previous('bybit', 3, '700', true));
    expect([ledger.canResume('BTCUSDT', 'bybit'), ledger.epochOf('BTCUSDT', 'bybit')]).toEqual([true, 3]);
    ledger.lapse('ETHUSDT');
    ledger.lapse('BTCUSDT');
    expect([ledger.canResume('BTCUSDT', 'bybit'), ledger.epochOf('BTCUSDT', 'bybit')]).toEqual([false, 4]);
    expect(begin(ledger, 'bybit')).toMatchObject([
      { kind: 'gap', epoch: 3, fromId: '700', toId: null },
      { kind: 'position', epoch: 4 },
    ]);
  });

  it("ends the previous run's epoch with an open-ended gap, once", () => {
    const ledger = ledgerOf(previous('bybit', 3, '700', true));
    const [gap, started] = begin(ledger, 'binance');
    expect(gap).toEqual({
      kind: 'gap',
      venue: 'bybit',
      symbol: 'BTCUSDT',
      epoch: 3,
      channel: 'trade',
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

  it('returns no gap for a previous epoch without trades', () => {
    expect(begin(ledgerOf(previous('bybit', 3, null)), 'bybit')).toMatchObject([{ kind: 'position' }]);
  });

  it('returns a gap with exclusive bounds between published trades, and none before the epoch', () => {
    const ledger = ledgerOf();
    begin(ledger, 'binance');
    expect(ledger.gap(sequenceGap(10, 14, 3))).toBeUndefined();
    published(ledger, tradeEvent(20));
    expect(ledger.gap(sequenceGap(10, 20, 9))).toBeUndefined();
    published(ledger, tradeEvent(21));
    expect(ledger.gap(sequenceGap(21, 25, 3))).toMatchObject({
      fromId: '21',
      toId: '25',
      fromTime: 21,
      toTime: 25,
      missing: 3,
      filled: 0,
      outcome: 'unrepaired',
      epoch: 1,
    });
    expect(ledger.gap(sequenceGap(21, 25, null))).toMatchObject({
      missing: null,
      outcome: 'unrepaired',
    });
  });

  it('names the channel of a gap', () => {
    const ledger = new EpochLedger([previous('bybit', 3, '700')], environment, 'agg_trade');
    expect(begin(ledger, 'binance')[0]).toMatchObject({ kind: 'gap', epoch: 3, channel: 'agg_trade' });
    published(ledger, aggTrade(21, 21));
    const gap = sequenceGap(21, 25, 3);
    expect(ledger.gap(gap)).toMatchObject({ channel: 'trade' });
    expect(ledger.gap({ ...gap, gap: { ...gap.gap, after: aggTrade(25, 25) } })).toMatchObject({
      channel: 'agg_trade',
    });
  });

  it('marks a gap as repaired only if all missing trades were filled', () => {
    const ledger = ledgerOf();
    begin(ledger, 'binance');
    published(ledger, tradeEvent(21));
    const gap = (filled: number) => ledger.gap(sequenceGap(21, 25, 3, filled));
    expect(gap(3)).toMatchObject({ missing: 3, filled: 3, outcome: 'repaired' });
    expect(gap(1)).toMatchObject({ missing: 3, filled: 1, outcome: 'unrepaired' });
  });

  it('if an epoch began with fetched trades inside a gap, returns only the part after these trades', () => {
    const ledger = ledgerOf();
    begin(ledger, 'binance');
    const gap = (...of: Parameters<typeof sequenceGap>) => ledger.gap(sequenceGap(...of));
    published(ledger, tradeEvent(22));
    published(ledger, tradeEvent(23, { lastTradeId: '24', timestamp: 24 }));
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

  it('counts no filled trades if the epoch began inside a gap of unknown size', () => {
    const ledger = ledgerOf();
    begin(ledger, 'bybit');
    published(ledger, tradeEvent(22, { timestamp: 22 }));
    expect(ledger.gap(sequenceGap(20, 30, 2, 2))).toBeUndefined();
    expect(ledger.gap(sequenceGap(20, 30, null, 2))).toMatchObject({ fromId: '22', toId: '30', filled: 0 });
  });

  it('ends the epoch with an open-ended gap if the venue restarts its trade ids, also a resumed epoch', () => {
    const ledger = ledgerOf();
    begin(ledger, 'binance');
    published(ledger, tradeEvent(900, { timestamp: 50 }));
    const gap = { fromId: '900', fromTime: 50, toId: null, toTime: 60, missing: null, filled: 0, outcome: 'unknown' };
    const anew = tradeEvent(3, { venue: 'binance', timestamp: 60 });
    expect(ledger.restart('BTCUSDT', anew, 9000)).toMatchObject([
      { kind: 'gap', epoch: 1, ...gap },
      { kind: 'position', venue: 'binance', epoch: 2, tradeId: null },
    ]);
    published(ledger, anew);
    expect(ledger.gap(sequenceGap(3, 6, 2))).toMatchObject({ epoch: 2, fromId: '3', toId: '6', missing: 2 });

    const resumedFrom = ledgerOf(previous('binance', 4, '900', true));
    begin(resumedFrom, 'binance');
    expect(resumedFrom.restart('BTCUSDT', anew, 9000)).toMatchObject([
      { kind: 'gap', epoch: 4, fromId: '900', toId: null },
      { kind: 'position', epoch: 5 },
    ]);
  });

  it('resumes the epoch of a previous run from its last trade at the same venue', () => {
    const ledger = ledgerOf(previous('binance', 4, '21', true));
    expect([ledger.epochOf('BTCUSDT', 'binance'), ledger.epochOf('BTCUSDT', 'bybit')]).toEqual([4, 5]);
    expect(begin(ledger, 'binance')).toEqual([]);
    expect(ledger.current('BTCUSDT')).toMatchObject({ venue: 'binance', epoch: 4 });
    expect(ledger.checkpoint('all')).toMatchObject([{ epoch: 4, tradeId: '21', timestamp: 5000 }]);
    expect(ledger.gap(sequenceGap(21, 25, 3, 3))).toMatchObject({ epoch: 4, fromId: '21', outcome: 'repaired' });
    expect(begin(ledger, 'bybit')).toMatchObject([{ kind: 'position', epoch: 5, tradeId: null }]);
  });

  it('resumes an epoch without trades, and returns no gap before its first trade', () => {
    const ledger = ledgerOf(previous('binance', 4, null, true));
    expect(begin(ledger, 'binance')).toEqual([]);
    expect(ledger.gap(sequenceGap(21, 25, 3))).toBeUndefined();
    expect(ledger.checkpoint('all')).toMatchObject([{ epoch: 4, tradeId: null, timestamp: 9000 }]);
  });

  it('ends every previous epoch if the sinks ended in different epochs', () => {
    const ledger = ledgerOf(previous('bybit', 3, '7'), previous('binance', 4, '9'));
    expect(begin(ledger, 'binance')).toMatchObject([
      { kind: 'gap', venue: 'bybit', epoch: 3, fromId: '7', toId: null },
      { kind: 'gap', venue: 'binance', epoch: 4, fromId: '9', toId: null },
      { kind: 'position', epoch: 5 },
    ]);
  });

  it('begins a new epoch at the given time if the venue restarts its trade ids', () => {
    const ledger = ledgerOf();
    begin(ledger, 'binance_testnet');
    published(ledger, tradeEvent(900, { timestamp: 7000 }));
    const anew = tradeEvent(3, { venue: 'binance_testnet', timestamp: 8000 });
    expect(ledger.restart('BTCUSDT', anew, 9500)).toMatchObject([
      { kind: 'gap', epoch: 1, fromId: '900', toId: null, fromTime: 7000, toTime: 8000, missing: null },
      { kind: 'position', venue: 'binance_testnet', epoch: 2, tradeId: null, timestamp: 9500 },
    ]);
    expect(ledger.current('BTCUSDT')?.epoch).toBe(2);
    published(ledger, anew);
    expect(ledger.gap(sequenceGap(3, 7, 3))).toMatchObject({ epoch: 2, fromId: '3', toId: '7' });
  });

  it('checkpoints every epoch, whether it changed or not, with the last id of an aggregated trade', () => {
    const ledger = ledgerOf();
    begin(ledger, 'binance');
    const position = { kind: 'position', venue: 'binance', symbol: 'BTCUSDT', epoch: 1, environment };
    expect(ledger.checkpoint('all')).toEqual([{ ...position, tradeId: null, timestamp: 9000 }]);
    published(ledger, aggTrade(20, 23, { timestamp: 77 }));
    const moved = [{ ...position, tradeId: '23', timestamp: 77 }];
    expect([ledger.checkpoint('all'), ledger.checkpoint('all')]).toEqual([moved, moved]);
  });

  it('includes an epoch in the fresh checkpoints once, after its first trade', () => {
    const ledger = ledgerOf();
    begin(ledger, 'binance');
    expect(ledger.checkpoint('fresh')).toEqual([]);
    published(ledger, tradeEvent(20));
    expect(ledger.checkpoint('fresh')).toMatchObject([{ tradeId: '20' }]);
    published(ledger, tradeEvent(21));
    expect(ledger.checkpoint('fresh')).toEqual([]);
    expect(ledger.checkpoint('all')).toMatchObject([{ tradeId: '21' }]);
  });

  it('returns no fresh checkpoint of an epoch that has ended', () => {
    const ledger = ledgerOf();
    begin(ledger, 'bybit');
    published(ledger, tradeEvent(20));
    begin(ledger, 'binance');
    expect(ledger.checkpoint('fresh')).toEqual([]);
    published(ledger, tradeEvent(30));
    expect(ledger.checkpoint('fresh')).toMatchObject([{ venue: 'binance', epoch: 2, tradeId: '30' }]);
  });
});
