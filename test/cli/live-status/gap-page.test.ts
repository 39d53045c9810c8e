import { expect, it } from 'vitest';
import { gapRows } from '../../../src/cli/live-status/gap-page.ts';
import type { GapHealing } from '../../../src/domain/status-snapshot.ts';
import { nameOfGap } from '../../../src/domain/trade-id.ts';
import { gapRecord } from '../../../testing/judges/events.ts';

const gap = gapRecord({ missing: 7, filled: 1 });

function rowOf(healing: readonly GapHealing[], outcome = gap.outcome): string {
  const [, row = []] = gapRows([{ ...gap, outcome }], healing, gap.toTime);
  return row
    .map(({ text }) => text)
    .join('')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

const known = (of: Partial<GapHealing>): GapHealing => ({
  gap: nameOfGap(gap),
  state: 'healing',
  fetched: 5,
  reason: '',
  ...of,
});

it.each([
  ['without a healer', [], '23:54:15 342 ms BTCUSDT unrepaired 7 1 binance'],
  ['while its trades are fetched', [known({})], '23:54:15 342 ms BTCUSDT healing 7 5 binance'],
  [
    'while it waits',
    [known({ reason: 'HTTP 429: {"code":-1003,"msg":"Too many"}' })],
    '23:54:15 342 ms BTCUSDT healing 7 5 binance, HTTP 429: Too many',
  ],
  [
    'if its trades stay missing',
    [known({ state: 'left', reason: 'the venue returns no trade' })],
    '23:54:15 342 ms BTCUSDT unrepaired 7 5 binance, the venue returns no trade',
  ],
] as const)('the row of an open gap %s', (_name, healing, row) => {
  expect(rowOf(healing)).toBe(row);
});

it('a healed gap is not shown as healing, although the snapshot is older', () => {
  expect(rowOf([known({})], 'healed')).toBe('23:54:15 342 ms BTCUSDT healed 7 1 binance');
});
