import { expect, it } from 'vitest';
import type { Gap } from '../../../src/domain/record.ts';
import { GapNotes } from '../../../src/feed/status/gap-notes.ts';
import { gapRecord } from '../../../testing/judges/events.ts';

const gap = gapRecord({ venue: 'bybit', toId: '1236', fromTime: 1000, toTime: 35_000, missing: 1234 });
const closed = (of: Gap) =>
  new GapNotes().next({
    kind: 'gap_closed',
    symbol: of.symbol,
    coin: 'BTC',
    channel: 'trade',
    toId: of.toId ?? '',
    gap: of,
  } as Parameters<GapNotes['next']>[0]);

it('GapNotes name the coin, the time and the number of missing trades, and keep the ids for the details', () => {
  const [detected, outcome] = closed(gap);
  expect(detected?.reason).toBe('BTC: 34 s without trades, 1,234 missing');
  expect(outcome?.reason).toBe('BTC: 34 s without trades, 1,234 missing and not fetched');
  expect(outcome?.details).toMatchObject({ from_id: gap.fromId, to_id: gap.toId });
  const repaired = closed({ ...gap, outcome: 'repaired', filled: 1234 })[1];
  expect(repaired?.reason).toBe('BTC: trades of 34 s were missing, all were fetched');
  const partly = closed({ ...gap, filled: 1000 })[1];
  expect(partly?.reason).toBe('BTC: 34 s without trades, 234 missing and not fetched');
  expect(closed({ ...gap, missing: null })[0]?.reason).toBe('BTC: 34 s without trades, an unknown number missing');
});
