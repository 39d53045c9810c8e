import { describe, expect, it } from 'vitest';
import { TradeSeries } from '../../../src/feed/arbitration/trade-series.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';

interface Setting {
  readonly contiguous: boolean;
  readonly recent?: boolean;
}

/** A series of two lines. Both have delivered trade 1. */
function carried({ contiguous, recent = true }: Setting): TradeSeries {
  const series = new TradeSeries('BTCUSDT', 'trade', { contiguous, recent });
  for (const line of [1, 2]) {
    series.sequence.joined(line);
    series.sequence.subscribed(line, 0);
    series.sequence.accept(line, tradeEvent(1), 0);
  }
  return series;
}

/** The trade after which others may be missing. */
const possibleGapOf = (series: TradeSeries): string | undefined => series.sequence.possibleGap?.before.id;

describe.each([true, false])('the possible gap of a TradeSeries, contiguous ids: %s', (contiguous) => {
  it('is undefined while a line is left, and before the first trade', () => {
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

  it('begins when the last line is lost, and starts again when a line is subscribed', () => {
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

  it('does not begin when a line is lost that another line has replaced', () => {
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

describe('the possible gap of a TradeSeries after a reconnect', () => {
  /** Both lines were lost, and one is back. */
  function again(setting: Setting): TradeSeries {
    const series = carried(setting);
    series.sequence.lost(1, 10);
    series.sequence.lost(2, 10);
    series.sequence.joined(3);
    series.sequence.subscribed(3, 20);
    return series;
  }

  it('ends with the next trade if ids are contiguous', () => {
    const series = again({ contiguous: true });
    expect(series.sequence.next(3, tradeEvent(2))).toBe(true);
    expect(possibleGapOf(series)).toBeUndefined();
  });

  it('lasts while trades wait behind a gap if ids are contiguous; with no line left, it begins after them', () => {
    const series = again({ contiguous: true });
    series.sequence.accept(3, tradeEvent(4), 30);
    expect(series.sequence.possibleGap).toMatchObject({ before: { id: '1' }, since: 30 });
    series.sequence.lost(3, 40);
    expect(possibleGapOf(series)).toBe('1');
    series.sequence.fill([tradeEvent(2), tradeEvent(3)]);
    expect(possibleGapOf(series)).toBe('4');
  });

  it('ends when the recent trades were fetched if ids are sparse', () => {
    const series = again({ contiguous: false });
    series.sequence.accept(3, tradeEvent(4), 30);
    expect(possibleGapOf(series)).toBe('1');
    series.sequence.fill([tradeEvent(1), tradeEvent(3)]);
    expect(possibleGapOf(series)).toBeUndefined();
  });

  it('ends when a fetch finds no new trade if ids are sparse', () => {
    const series = again({ contiguous: false });
    series.sequence.fill([tradeEvent(1)]);
    expect(possibleGapOf(series)).toBeUndefined();
  });

  it('ends with the next trade if ids are sparse and recent trades cannot be fetched', () => {
    const series = again({ contiguous: false, recent: false });
    expect(possibleGapOf(series)).toBe('1');
    series.sequence.accept(3, tradeEvent(4), 30);
    expect(possibleGapOf(series)).toBeUndefined();
  });
});

it('a TradeSeries opens no possible gap when restarted ids reach the id of an earlier possible gap', () => {
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
