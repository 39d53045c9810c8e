import { expect, it } from 'vitest';
import type { Gap } from '../../src/domain/record.ts';
import { groupsOf, OpenGaps } from '../../src/healing/open-gaps.ts';
import { sampleGap } from '../../testing/records/sample-records.ts';

const gap = (fromId: number, changes: Partial<Gap> = {}): Gap =>
  sampleGap({
    channel: 'trade',
    outcome: 'unrepaired',
    fromId: String(fromId),
    toId: String(fromId + 5),
    fromTime: fromId * 1000,
    toTime: fromId * 1000 + 500,
    ...changes,
  });

function openOf(...records: readonly Gap[]): readonly Gap[] {
  const gaps = new OpenGaps();
  for (const record of records) gaps.add(record);
  return gaps.open();
}

it('returns the open gaps of trades, the oldest first', () => {
  expect(openOf(gap(20), gap(10), gap(15, { channel: 'agg_trade' }))).toEqual([gap(10), gap(20)]);
});

it.each(['repaired', 'healed'] as const)('a gap that is %s stays so, whatever is read again', (outcome) => {
  expect(openOf(gap(10), gap(10, { outcome, filled: 4 }), gap(10))).toEqual([]);
});

it('takes gaps with other bounds, epochs or markets for other gaps', () => {
  const healed = gap(10, { outcome: 'healed' });
  const others = [
    gap(10, { toId: '16' }),
    gap(10, { epoch: 9 }),
    gap(10, { symbol: 'ETHUSDT' }),
    gap(10, { toId: null }),
  ];
  expect(openOf(...others, healed)).toHaveLength(4);
});

it('groups gaps that are at most two minutes apart, counted from the latest end', () => {
  const times = [
    [0, 1000],
    [100, 300_000],
    [200, 400],
    [420_000, 420_001],
    [540_002, 540_003],
  ] as const;
  const gaps = times.map(([fromTime, toTime]) => gap(1, { fromTime, toTime }));
  expect(groupsOf(gaps, (each) => each).map((group) => group.length)).toEqual([4, 1]);
});
