import { describe, expect, it } from 'vitest';
import { TradeCoverage } from '../../../src/feed/analytics/trade-coverage.ts';

/**
 * An epoch that began at 100 s by our clock. Its first trade has the venue time 100.5 s, and was received at 100.5 s.
 */
function begun(): TradeCoverage {
  const coverage = new TradeCoverage();
  coverage.begin({ timestamp: 100_500, receivedAt: 100_500_000 }, 100_000);
  return coverage;
}

describe('TradeCoverage', () => {
  it('knows no complete window before the first trade', () => {
    expect(new TradeCoverage().isWhole(1e12, 2e12)).toBe(false);
  });

  it.each([
    [100_000, false],
    [100_500, false],
    [100_501, true],
    [101_000, true],
  ])('with the first trade at 100,500, a window that begins at %i is complete: %s', (start, whole) => {
    expect(begun().isWhole(start, start + 1000)).toBe(whole);
  });

  it.each([
    ['10 s after the epoch began', 110_000, 50_001],
    ['25 s after the epoch began, so that 15 s had no trade', 125_000, 35_001],
    ['before the epoch began', 90_000, 50_001],
  ])('knows from when on windows are complete if the first trade comes %s', (_, receivedMs, knownFrom) => {
    const coverage = new TradeCoverage();
    coverage.begin({ timestamp: 50_000, receivedAt: receivedMs * 1000 }, 100_000);
    expect([coverage.isWhole(knownFrom - 1, 60_000), coverage.isWhole(knownFrom, 60_000)]).toEqual([false, true]);
  });

  it('keeps the earlier start of complete windows when it begins again', () => {
    const coverage = begun();
    coverage.begin({ timestamp: 900_000, receivedAt: 900_000_000 }, 900_000);
    expect(coverage.isWhole(101_000, 102_000)).toBe(true);
  });

  it.each([
    ['before it', 199_000, 200_000, true],
    ['up to its start, where a trade may be missing', 200_000, 201_000, false],
    ['inside it', 204_000, 205_000, false],
    ['around it', 200_000, 260_000, false],
    ['from its end on', 205_000, 206_000, false],
    ['after it', 206_000, 207_000, true],
  ])('with a gap from 200,500 to 205,000, a window %s (%i to %i) is complete: %s', (_, start, end, whole) => {
    const coverage = begun();
    coverage.gap({ fromTime: 200_500, toTime: 205_000 });
    expect(coverage.isWhole(start, end)).toBe(whole);
  });

  it('knows no complete window after a pending gap until the gap closes', () => {
    const coverage = begun();
    coverage.open('7', { from: 200_500, until: 1, endsWithoutData: false });
    const whole = () => [199_000, 200_000, 300_000].map((start) => coverage.isWhole(start, start + 1000));
    expect(whole()).toEqual([true, false, false]);
    coverage.close('7');
    expect(whole()).toEqual([true, true, true]);
  });

  it('holds windows until the latest end of its pending gaps', () => {
    const coverage = begun();
    const until = [coverage.heldUntil()];
    coverage.open('7', { from: 0, until: 10, endsWithoutData: false });
    coverage.open('8', { from: 0, until: 12, endsWithoutData: false });
    until.push(coverage.heldUntil());
    coverage.close('8');
    until.push(coverage.heldUntil());
    coverage.close('7');
    until.push(coverage.heldUntil());
    expect(until).toEqual([Number.NEGATIVE_INFINITY, 12, 10, Number.NEGATIVE_INFINITY]);
  });

  it('holds windows only until the venue has no more data if the pending gap ends without data', () => {
    const coverage = begun();
    coverage.open('7', { from: 0, until: 10, endsWithoutData: true });
    expect([coverage.heldUntil(), coverage.heldUntil(7), coverage.heldUntil(12)]).toEqual([10, 7, 10]);
    coverage.open('8', { from: 0, until: 9, endsWithoutData: false });
    expect(coverage.heldUntil(7)).toBe(9);
  });

  it('keeps a thousand gaps, and the last ones with exact bounds', () => {
    const coverage = begun();
    for (let at = 1; at <= 1000; at++) coverage.gap({ fromTime: at * 1e6, toTime: at * 1e6 + 10 });
    for (let at = 1; at <= 1000; at++) expect(coverage.isWhole(at * 1e6, at * 1e6 + 1)).toBe(false);
    for (let at = 940; at <= 1000; at++) expect(coverage.isWhole(at * 1e6 + 11, at * 1e6 + 12)).toBe(true);
  });
});
