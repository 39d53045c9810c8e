import { describe, expect, it } from 'vitest';
import type { FeedRecord, Gap } from '../../src/domain/record.ts';
import { previousEpochs } from '../../src/feed/resume/previous-runs.ts';
import { filterKnown, type RecordFilter } from '../../src/runtime/filter-known.ts';
import type { SeriesCheckpoint } from '../../src/sinks/contract.ts';
import { lastTrade, seriesCheckpoint } from '../../testing/judges/checkpoints.ts';
import { aggTrade, gapRecord, tradeEvent } from '../../testing/judges/events.ts';

const at = lastTrade;
const checkpointOf = (epoch: number, last: SeriesCheckpoint['last'], more: Partial<SeriesCheckpoint> = {}) =>
  seriesCheckpoint('bybit', epoch, last, more);
const aggregatedTo = (epoch: number, id: number) => checkpointOf(epoch, at(id), { kind: 'agg_trade' });
const trade = (id: number, fields: Parameters<typeof tradeEvent>[1] = {}) =>
  tradeEvent(id, { venue: 'bybit', epoch: 3, ...fields });
const aggregated = (first: number, last: number) => aggTrade(first, last, { venue: 'bybit', epoch: 3 });
const gap = (from: number, to: number | null, fields: Partial<Gap> = {}): Gap =>
  gapRecord({
    venue: 'bybit',
    epoch: 3,
    fromId: `${from}`,
    toId: to === null ? null : `${to}`,
    fromTime: from,
    toTime: to ?? 100,
    missing: to === null ? null : to - from - 1,
    outcome: to === null ? 'unknown' : 'unrepaired',
    ...fields,
  });

interface Options {
  readonly kinds?: readonly SeriesCheckpoint['kind'][];
}

/** The filter for the second of two sinks, at a start. */
function second(
  ofFirst: readonly SeriesCheckpoint[],
  ofSecond: readonly SeriesCheckpoint[],
  over: Options = {},
): RecordFilter | undefined {
  const options = { environment: 'production', kinds: ['trade'], ...over } as const;
  return filterKnown(ofSecond, previousEpochs([ofFirst, ofSecond], options), undefined);
}

/** What the filter passes. Records are shown by their ids and counts. */
function rest(ahead: RecordFilter | undefined, ...records: FeedRecord[]): string[] {
  return given(ahead, ...records).flatMap((found) => {
    if (found.kind === 'gap') {
      const { fromId, toId, fromTime, missing, filled, outcome } = found;
      expect(fromTime).toBe(Number(fromId));
      return `(${fromId},${toId}) ${missing} ${filled} ${outcome}`;
    }
    return 'tradeId' in found ? `${found.tradeId}` : [];
  });
}

function given(ahead: RecordFilter | undefined, ...records: FeedRecord[]): readonly FeedRecord[] {
  return ahead === undefined ? records : records.flatMap((record) => ahead(record) ?? [record]);
}

describe('filterKnown', () => {
  const eth = checkpointOf(1, at(4), { symbol: 'ETHUSDT' });
  const ahead = () => second([checkpointOf(3, at(9)), eth], [checkpointOf(3, at(12)), eth]);

  it('passes everything if the sink ends where the feed resumes', () => {
    const behind = second([checkpointOf(3, at(12)), eth], [checkpointOf(3, at(9)), eth]);
    expect(rest(behind, trade(10), trade(12), gap(12, 15), trade(15))).toEqual([
      '10',
      '12',
      '(12,15) 2 0 unrepaired',
      '15',
    ]);
    expect(second([], [])).toBeUndefined();
  });

  it('drops trades of an earlier epoch that come again in a later one, but not later trades with lower ids', () => {
    const ended = second([checkpointOf(3, at(9))], [checkpointOf(3, at(12))]);
    const later = (id: number, timestamp: number) => trade(id, { epoch: 5, timestamp });
    expect(rest(ended, gap(9, null), later(10, 10), later(12, 12), later(13, 13))).toEqual([
      '(12,null) null 0 unknown',
      '13',
    ]);
    expect(rest(ended, later(1, 20))).toEqual(['1']);
    const alone = second([checkpointOf(3, at(12))], [checkpointOf(3, at(12))]);
    expect(rest(alone, later(12, 12), later(13, 13))).toEqual(['13']);
  });

  it('searches no earlier trades one minute after the first trade, and then filters nothing', () => {
    const ended = second([checkpointOf(3, at(12))], [checkpointOf(3, at(12))]);
    const received = (receivedAt: number) => trade(11, { epoch: 5, timestamp: 11, receivedAt });
    expect(rest(ended, received(1), received(60_000_001), received(60_000_002))).toEqual(['11']);
    expect(ended?.(received(60_000_003))).toBeUndefined();
  });

  it("drops trades up to the sink's checkpoint, only of that series, epoch and kind", () => {
    expect(rest(ahead(), trade(10), trade(12), trade(11, { lastTradeId: '12' }), trade(13))).toEqual(['13']);
    expect(rest(ahead(), trade(10, { epoch: 4 }), trade(10, { symbol: 'ETHUSDT', epoch: 1 }))).toEqual(['10', '10']);
    expect(rest(ahead(), aggregated(10, 12))).toEqual(['10']);
  });

  it('drops a gap of trades that the sink has', () => {
    expect(rest(ahead(), gap(9, 12), trade(12), gap(15, 17))).toEqual(['(15,17) 1 0 unrepaired']);
  });

  it('shortens a gap to the part after the checkpoint, and emits it before the next trade', () => {
    expect(rest(ahead(), trade(11), gap(9, 17, { filled: 1 }), trade(17))).toEqual(['(12,17) 4 0 unrepaired', '17']);
    expect(rest(ahead(), trade(11), trade(13), trade(14), gap(9, 17, { filled: 3 }), trade(17))).toEqual([
      '13',
      '14',
      '(12,17) 4 2 unrepaired',
      '17',
    ]);
    expect(rest(ahead(), trade(13, { lastTradeId: '16' }), gap(9, 17), trade(17))).toEqual([
      '13',
      '(12,17) 4 4 repaired',
      '17',
    ]);
    expect(rest(ahead(), gap(9, 17, { missing: null }), trade(15), trade(18))).toEqual([
      '15',
      '(12,17) null 1 unrepaired',
      '18',
    ]);
    expect(rest(ahead(), gap(9, 13), trade(13))).toEqual(['13']);
    expect(rest(ahead(), gap(9, 17), trade(17), trade(18), trade(21))).toEqual([
      '(12,17) 4 0 unrepaired',
      '17',
      '18',
      '21',
    ]);
  });

  it('drops known trades if the gap comes before its backfilled trades', () => {
    const further = second([checkpointOf(3, at(9))], [checkpointOf(3, at(15))]);
    expect(rest(further, gap(9, 17, { filled: 4 }), trade(13), trade(14), trade(15), trade(16), trade(17))).toEqual([
      '16',
      '(15,17) 1 1 repaired',
      '17',
    ]);
    const fetched = [10, 11, 12].map((id) => trade(id));
    expect(rest(ahead(), ...fetched, gap(9, 17, { filled: 5 }), trade(15), trade(16), trade(17))).toEqual([
      '15',
      '16',
      '(12,17) 4 2 unrepaired',
      '17',
    ]);
    const repaired = gap(9, 17, { filled: 7, outcome: 'repaired' });
    const behind = [12, 13, 14, 15, 16, 17].map((id) => trade(id));
    expect(rest(ahead(), repaired, ...behind)).toEqual(['13', '14', '15', '16', '(12,17) 4 4 repaired', '17']);
  });

  it('counts the ids of an aggregate after the checkpoint as filled', () => {
    expect(rest(ahead(), trade(11, { lastTradeId: '14' }), gap(9, 17, { filled: 4 }), trade(17))).toEqual([
      '11',
      '(12,17) 4 2 unrepaired',
      '17',
    ]);
  });

  it('replaces a position record from before the checkpoint with the checkpoint', () => {
    const published = (...ids: readonly (number | null)[]) => {
      const sink = ahead();
      return ids.map((id) => {
        const position = { kind: 'position', venue: 'bybit', symbol: 'BTCUSDT', epoch: 3 } as const;
        const tradeId = id === null ? null : `${id}`;
        const [found] = given(sink, { ...position, tradeId, timestamp: id ?? 1, environment: 'production' });
        return found?.kind === 'position' ? [found.tradeId, found.timestamp] : found;
      });
    };
    expect(published(9, null, 12, 15)).toEqual([
      ['12', 12],
      ['12', 12],
      ['12', 12],
      ['15', 15],
    ]);
  });

  it('stops filtering one minute after the first trade past the checkpoint', () => {
    const sink = ahead();
    const late = (id: number, seconds: number) => trade(id, { receivedAt: seconds * 1_000_000 });
    expect(rest(sink, late(13, 0), late(14, 60), late(11, 60))).toEqual(['13', '14']);
    expect(rest(sink, late(15, 61), late(11, 61))).toEqual(['15', '11']);
  });

  it('subtracts dropped trades from the counts of a gap with sparse ids', () => {
    const repaired = gap(9, 30, { missing: 3, filled: 3, outcome: 'repaired' });
    expect(rest(ahead(), trade(12), trade(17), trade(20), repaired, trade(30))).toEqual([
      '17',
      '20',
      '(12,30) 2 2 repaired',
      '30',
    ]);
    expect(rest(ahead(), trade(10), trade(11), trade(12), repaired, trade(30))).toEqual(['30']);
    expect(rest(ahead(), trade(12), trade(20), gap(9, 30, { missing: 3, filled: 2 }), trade(30))).toEqual([
      '20',
      '(12,30) 2 1 unrepaired',
      '30',
    ]);
  });

  it('moves the start of an open-ended gap to the checkpoint', () => {
    expect(rest(ahead(), gap(9, null))).toEqual(['(12,null) null 0 unknown']);
    const other = second([checkpointOf(3, at(9))], [checkpointOf(3, at(12), { environment: 'simulated' })]);
    expect(rest(other, gap(9, null))).toEqual(['(12,null) null 0 unknown']);
  });

  it('passes the trades and gaps of a venue that restarts its ids', () => {
    expect(rest(ahead(), gap(9, null), trade(2), gap(5, 7))).toEqual([
      '(12,null) null 0 unknown',
      '2',
      '(5,7) 1 0 unrepaired',
    ]);
  });

  it('drops the open-ended gap of an epoch that the sink has left or has no trade of', () => {
    const left = second(
      [checkpointOf(3, at(9))],
      [checkpointOf(3, at(12)), checkpointOf(4, at(5), { venue: 'binance' })],
    );
    expect(rest(left, gap(9, null), gap(5, null, { venue: 'binance', epoch: 4 }))).toEqual(['(5,null) null 0 unknown']);
    expect(rest(second([checkpointOf(3, at(9))], [checkpointOf(3, null)]), gap(9, null))).toEqual([]);
    expect(second([checkpointOf(3, at(9))], [checkpointOf(3, undefined)])).toBeUndefined();
  });

  it('drops the open-ended gap of an epoch that the sink does not know', () => {
    const behind = second([checkpointOf(3, at(9))], [checkpointOf(2, at(5), { venue: 'binance' })]);
    expect(rest(behind, gap(9, null), gap(5, null, { venue: 'binance', epoch: 2 }), trade(1, { epoch: 4 }))).toEqual([
      '(5,null) null 0 unknown',
      '1',
    ]);
  });

  it('passes a gap if trades or aggregated trades may be missing in it', () => {
    const both = () =>
      second([checkpointOf(3, at(9)), aggregatedTo(3, 9)], [checkpointOf(3, at(12)), aggregatedTo(3, 11)], {
        kinds: ['trade', 'agg_trade'],
      });
    expect(rest(both(), trade(12), aggregated(10, 11), aggregated(12, 13))).toEqual(['12']);
    expect(rest(both(), gap(9, 11), gap(9, 12), gap(9, 15))).toEqual([
      '(9,12) 2 0 unrepaired',
      '(9,15) 5 0 unrepaired',
    ]);
    expect(rest(both(), gap(9, null))).toEqual(['(12,null) null 0 unknown']);
  });
});
