import { describe, expect, it } from 'vitest';
import { nameOfGap } from '../../../src/domain/trade-id.ts';
import type { HealingEvent } from '../../../src/healing/healer.ts';
import { HealingProgress } from '../../../src/runtime/healing/healing-progress.ts';
import { gapRecord } from '../../../testing/judges/events.ts';

const first = gapRecord({ fromId: '1', toId: '9', missing: 7, filled: 2 });
const second = gapRecord({ fromId: '20', toId: '30', missing: 9 });

function progressAfter(...events: readonly HealingEvent[]): HealingProgress {
  const progress = new HealingProgress();
  for (const event of events) progress.add(event);
  return progress;
}

const open = { kind: 'open', gaps: [first, second] } as const;
const heals = (fetched: number, reason = '') => ({ state: 'healing', fetched, reason });

describe('HealingProgress', () => {
  it('has the open gaps with what is fetched of each', () => {
    const progress = progressAfter(open, { kind: 'progress', gap: first, fetched: 5, written: 3 });
    expect(progress.gaps()).toEqual([
      { gap: nameOfGap(first), ...heals(5) },
      { gap: nameOfGap(second), ...heals(0) },
    ]);
    expect(progress.metrics()).toEqual({ openGaps: 2, leftGaps: 0, lateTrades: 3 });
  });

  it('says why a gap waits, until its trades are fetched again', () => {
    const waits = { kind: 'left', gap: first, reason: 'HTTP 429', isFinal: false } as const;
    const progress = progressAfter(open, waits, open);
    expect(progress.gaps()[0]).toMatchObject(heals(2, 'HTTP 429'));
    progress.add({ kind: 'progress', gap: first, fetched: 4, written: 2 });
    expect(progress.gaps()[0]).toMatchObject(heals(4));
  });

  it('counts gaps that are left for good, and keeps them', () => {
    const reason = 'the venue no longer returns 3 of the trades';
    const progress = progressAfter(open, { kind: 'left', gap: second, reason, isFinal: true }, open);
    expect(progress.gaps()[1]).toMatchObject({ state: 'left', fetched: 0, reason });
    expect(progress.metrics()).toMatchObject({ openGaps: 2, leftGaps: 1 });
  });

  it('forgets gaps that are healed, or no longer open', () => {
    const progress = progressAfter(
      open,
      { kind: 'progress', gap: first, fetched: 7, written: 5 },
      { kind: 'healed', gaps: [first], records: [] },
    );
    expect(progress.gaps()).toEqual([{ gap: nameOfGap(second), ...heals(0) }]);
    progress.add({ kind: 'open', gaps: [] });
    expect(progress.gaps()).toEqual([]);
    expect(progress.metrics()).toEqual({ openGaps: 0, leftGaps: 0, lateTrades: 5 });
  });

  it('shows the newest 1,000 of many gaps, and counts all', () => {
    const gaps = Array.from({ length: 1200 }, (_, at) =>
      gapRecord({ fromId: String(at * 10), toId: String(at * 10 + 9) }),
    );
    const progress = progressAfter({ kind: 'open', gaps });
    expect(progress.gaps()).toHaveLength(1000);
    expect(progress.gaps().at(-1)?.gap).toBe(nameOfGap(gaps[1199] ?? first));
    expect(progress.metrics().openGaps).toBe(1200);
  });
});
