import { expect, it } from 'vitest';
import type { Gap } from '../../../src/domain/record.ts';
import { deadLetter } from '../../../src/feed/status/dead-letter.ts';
import { StatusNumbering } from '../../../src/feed/status/status-numbering.ts';
import { RecordCounts } from '../../../src/runtime/snapshots/record-counts.ts';
import { gapRecord, tradeEvent } from '../../../testing/judges/events.ts';

const gap = (fields: Partial<Gap>): Gap =>
  gapRecord({ toId: '5', missing: 3, filled: 3, outcome: 'repaired', ...fields });

it('RecordCounts counts records by kind, status state, gap outcome and dead letter stage', () => {
  const counts = new RecordCounts();
  const status = new StatusNumbering(
    'a',
    'simulated',
    () => 0,
    () => null,
    () => {},
  );
  counts.add([tradeEvent(1), tradeEvent(2), status.record({ state: 'failed_over', reason: '' })]);
  counts.add([
    gap({}),
    gap({ outcome: 'unrepaired', filled: 1 }),
    gap({ outcome: 'unknown', missing: null, filled: 0 }),
  ]);
  counts.add([
    deadLetter({
      venue: 'bybit',
      receivedAt: 0,
      stage: 'decode',
      reason: '',
      payload: new Uint8Array(),
      environment: 'simulated',
    }),
  ]);
  expect(counts.metrics()).toMatchObject({
    records: { trade: 2, status: 1, gap: 3, dead_letter: 1 },
    states: { failed_over: 1 },
    gaps: { repaired: 1, unrepaired: 1, unknown: 1, healed: 0 },
    deadLetters: { decode: 1, encode: 0 },
    missingTrades: 6,
    filledTrades: 4,
  });
});

it('RecordCounts starts every counter at 0, so that the first increase is visible', () => {
  const { states, gaps, records } = new RecordCounts().metrics();
  expect(Object.keys(states)).toContain('failed_over');
  expect(Object.keys(records)).toHaveLength(15);
  expect([...Object.values(states), ...Object.values(gaps), ...Object.values(records)].every((n) => n === 0)).toBe(
    true,
  );
});

it('RecordCounts no longer counts a gap as missing once it is healed', () => {
  const counts = new RecordCounts();
  const open = gap({ outcome: 'unrepaired', filled: 1 });
  counts.add([
    open,
    gap({ outcome: 'unknown', toId: null, missing: null, filled: 0 }),
    gap({ fromId: '7', toId: '11' }),
  ]);
  expect(counts.headlineCounts.gaps).toBe(2);
  counts.add([{ ...open, filled: 3, outcome: 'healed' }]);
  expect(counts.headlineCounts.gaps).toBe(1);
  expect(counts.metrics()).toMatchObject({
    gaps: { repaired: 1, unrepaired: 1, unknown: 1, healed: 1 },
    // 3 trades each in `open` and in the repaired gap.
    missingTrades: 6,
    filledTrades: 6,
  });
});

it('RecordCounts counts nothing as missing or filled for a healed gap of an earlier run', () => {
  const counts = new RecordCounts();
  counts.add([gap({ outcome: 'healed' }), gap({ fromId: '7', toId: '11', outcome: 'unrepaired', filled: 0 })]);
  expect(counts.headlineCounts.gaps).toBe(1);
  expect(counts.metrics()).toMatchObject({ gaps: { healed: 1 }, missingTrades: 3, filledTrades: 0 });
});

it('RecordCounts counts more gaps than it remembers', () => {
  const counts = new RecordCounts();
  for (let id = 0; id < 10_005; id++) counts.add([gap({ outcome: 'unrepaired', fromId: `${id}` })]);
  expect(counts.headlineCounts.gaps).toBe(10_005);
});
