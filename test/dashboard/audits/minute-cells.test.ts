import { describe, expect, it } from 'vitest';
import { cellsOf, cellText, type MinuteCell, summaryOf } from '../../../dashboard/audits/minute-cells.ts';
import type { AuditsAnswer } from '../../../src/gateway/api/asset-answers.ts';

const LATEST = Date.UTC(2026, 10, 27, 14, 3);
const SERIES = { symbol: 'BTCUSDT', coin: 'BTC', venue: 'bybit', environment: 'simulated', epoch: 1 } as const;

/** A minute this many minutes before the latest one. */
const minute = (before: number, fields: Partial<AuditsAnswer['minutes'][number]> = {}) => ({
  minute: LATEST - before * 60_000,
  verdict: 'proven' as const,
  trades: 1234,
  backfilled: 0,
  reason: '',
  ...fields,
});
const answer = (...minutes: AuditsAnswer['minutes']): AuditsAnswer => ({ ...SERIES, latest: LATEST, minutes });
const cells = (...minutes: AuditsAnswer['minutes']): readonly MinuteCell[] => cellsOf(answer(...minutes));

describe('cellsOf', () => {
  it('has a cell for each of the last 120 minutes, oldest first', () => {
    const all = cells(minute(120), minute(119, { verdict: 'gap' }), minute(0));
    expect(all).toHaveLength(120);
    expect(all[0]).toMatchObject({ minute: LATEST - 119 * 60_000, verdict: 'gap' });
    expect(all[1]).toMatchObject({ minute: LATEST - 118 * 60_000, verdict: 'none' });
    expect(all[119]).toMatchObject({ minute: LATEST, verdict: 'proven', trades: 1234 });
  });

  it('is empty if nothing is audited yet', () => {
    expect(cellsOf({ ...answer(), latest: null })).toEqual([]);
  });
});

it.each([
  ['proven', {}, '14:03: proven, 1,234 trades'],
  ['one trade', { trades: 1 }, '14:03: proven, 1 trade'],
  ['healed', { verdict: 'healed', backfilled: 56 }, '14:03: healed, 1,234 trades, 56 of them late'],
  ['unexplained', { verdict: 'unexplained', reason: 'volume 1' }, '14:03: unexplained, 1,234 trades: volume 1'],
  ['agrees', { verdict: 'agrees' }, "14:03: agrees with the venue's candle, 1,234 trades"],
] as const)('cellText of a minute: %s', (_name, fields, text) => {
  expect(cellText(cells(minute(0, fields)).at(-1) as MinuteCell)).toBe(text);
});

it('cellText of a minute without an audit', () => {
  expect(cellText(cells()[0] as MinuteCell)).toBe('12:04: no audit, because no trade came or the feed did not run');
});

describe('summaryOf', () => {
  it('counts the verdicts, the best first, and leaves out minutes without an audit', () => {
    const three = [minute(0), minute(1), minute(2)];
    const all = cells(...three, minute(3, { verdict: 'gap' }), minute(4, { verdict: 'healed' }));
    expect(summaryOf(all)).toEqual({
      audited: 5,
      parts: [
        { verdict: 'proven', count: 3, word: 'proven' },
        { verdict: 'healed', count: 1, word: 'healed' },
        { verdict: 'gap', count: 1, word: 'with a gap' },
      ],
    });
  });

  it('is empty without audits', () => {
    expect(summaryOf(cells())).toEqual({ audited: 0, parts: [] });
  });
});
