import { describe, expect, it } from 'vitest';
import { TradeSeries } from '../../../src/feed/arbitration/trade-series.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';

interface Setting {
  readonly contiguous: boolean;
  readonly recent?: boolean;
}

/** A series that two lines carry and that has had trade 1 by both. */
function carried({ contiguous, recent = true }: Setting): TradeSeries {
  const series = new TradeSeries('BTCUSDT', 'trade', { contiguous, recent });
  for (const line of [1, 2]) {
    series.sequence.joined(line);
    series.sequence.subscribed(line, 0);
    series.sequence.accept(line, tradeEvent(1), 0);
  }
  return series;
}

/** The trade behind which others may be missing. */
const possibleGapOf = (series: TradeSeries): string | undefined => series.sequence.possibleGap?.before.id;

describe.each([true, false])('a series in possibleGap, contiguous ids: %s', (contiguous) => {
  it('is none whose lines bring trades, nor one that has a line left, nor one that has had none', () => {
    const series = carried({ contiguous });
    expect(possibleGapOf(series)).toBeUndefined();
    series.sequence.lost(1, 10);
    series.sequence.accept(2, tradeEvent(2), 20);
    expect(possibleGapOf(series)).toBeUndefined();
    const unknown = new TradeSeries('BTCUSDT', 'trade', { contiguous, recent: true });
    unknown.sequence.subscribed(1, 0);
    unknown.sequence.lost(1, 10);
    expect(possibleGapOf(unknown)).toBeUndefined();
  });

  it('is one that no line carries, and anew once a line may bring what waits', () => {
    const series = carried({ contiguous });
    series.sequence.lost(1, 10);
    series.sequence.lost(2, 20);
    const since = series.sequence.possibleGap?.since;
    expect(possibleGapOf(series)).toBe('1');
    series.sequence.joined(3);
    series.sequence.subscribed(3, 30);
    expect(possibleGapOf(series)).toBe('1');
    expect(series.sequence.possibleGap?.since).not.toBe(since);
  });

  it('is none whose line was handed over before it was lost', () => {
    const series = carried({ contiguous });
    series.sequence.lost(2, 10);
    series.sequence.joined(3);
    for (const line of [1, 3]) series.sequence.accept(line, tradeEvent(2), 20);
    series.sequence.replaced(1, 3, 20);
    series.sequence.lost(1, 30);
    expect(possibleGapOf(series)).toBeUndefined();
    series.sequence.lost(3, 40);
    expect(possibleGapOf(series)).toBe('2');
  });
});

describe('a series in possibleGap', () => {
  /** Both lines were lost, and one is there again. */
  function again(setting: Setting): TradeSeries {
    const series = carried(setting);
    series.sequence.lost(1, 10);
    series.sequence.lost(2, 10);
    series.sequence.joined(3);
    series.sequence.subscribed(3, 20);
    return series;
  }

  it('where ids step by one is in possibleGap no more with the next trade', () => {
    const series = again({ contiguous: true });
    expect(series.sequence.next(3, tradeEvent(2))).toBe(true);
    expect(possibleGapOf(series)).toBeUndefined();
  });

  it('where ids step by one is in possibleGap while trades wait behind a gap, and behind them if no line is left', () => {
    const series = again({ contiguous: true });
    series.sequence.accept(3, tradeEvent(4), 30);
    expect(series.sequence.possibleGap).toMatchObject({ before: { id: '1' }, since: 30 });
    series.sequence.lost(3, 40);
    expect(possibleGapOf(series)).toBe('1');
    series.sequence.fill([tradeEvent(2), tradeEvent(3)]);
    expect(possibleGapOf(series)).toBe('4');
  });

  it('where they jump is in possibleGap until the last trades were fetched', () => {
    const series = again({ contiguous: false });
    series.sequence.accept(3, tradeEvent(4), 30);
    expect(possibleGapOf(series)).toBe('1');
    series.sequence.fill([tradeEvent(1), tradeEvent(3)]);
    expect(possibleGapOf(series)).toBeUndefined();
  });

  it('where they jump and nothing was traded is in possibleGap no more once that is known', () => {
    const series = again({ contiguous: false });
    series.sequence.fill([tradeEvent(1)]);
    expect(possibleGapOf(series)).toBeUndefined();
  });

  it('without a source to fetch from, a gap is possible until the next trade shows it', () => {
    const series = again({ contiguous: false, recent: false });
    expect(possibleGapOf(series)).toBe('1');
    series.sequence.accept(3, tradeEvent(4), 30);
    expect(possibleGapOf(series)).toBeUndefined();
  });
});

it('a series whose ids have started again is in no possibleGap behind the trade that bears the id of an old possibleGap', () => {
  const series = carried({ contiguous: true });
  series.sequence.accept(1, tradeEvent(2, { timestamp: 1_800_000_000_000 }), 10);
  series.sequence.lost(1, 20);
  series.sequence.lost(2, 20);
  series.sequence.subscribed(3, 30);
  series.sequence.accept(3, tradeEvent(3, { timestamp: 1_800_000_000_010 }), 30);
  series.sequence.accept(3, tradeEvent(1, { timestamp: 1_800_000_000_020 }), 40);
  series.sequence.accept(3, tradeEvent(2, { timestamp: 1_800_000_000_030 }), 40);
  expect(possibleGapOf(series)).toBeUndefined();
});
