import { describe, expect, it } from 'vitest';
import { Activity } from '../../../src/feed/liveness/activity.ts';

const IDLE_AFTER_MS = 100;
const COIN_IDLE_AFTER_MS = 1000;

function twoVenues(): Activity {
  const activity = new Activity({ idleAfterMs: IDLE_AFTER_MS, coinIdleAfterMs: COIN_IDLE_AFTER_MS });
  for (const venue of ['a', 'b']) {
    activity.register(venue, 'production');
    activity.connected(venue, true);
  }
  return activity;
}

describe('Activity', () => {
  it('treats a market as idle once the other venues had no events for long enough', () => {
    const activity = twoVenues();
    for (const now of [0, 50, 120, 200]) activity.data('b', now, true);
    expect(activity.venueIsIdle('a', 299)).toBe(false);
    expect(activity.venueIsIdle('a', 300)).toBe(true);
  });

  it('does not count repeated data as events', () => {
    const activity = twoVenues();
    for (const now of [0, 50, 120]) activity.data('b', now, true);
    activity.data('b', 219, false);
    expect(activity.venueIsIdle('a', 220)).toBe(true);
  });

  it('still treats a market as idle for a moment after its first new event', () => {
    const activity = twoVenues();
    for (const now of [0, 50, 250, 300, 345]) activity.data('b', now, true);
    expect(activity.venueIsIdle('a', 349)).toBe(true);
    expect(activity.venueIsIdle('a', 350)).toBe(false);
  });

  it('treats another venue as in time after two seconds of judgements in time, until a late or missing one', () => {
    const activity = twoVenues();
    const judge = (isLate: boolean | undefined, now: number): boolean => {
      activity.data('b', now, true);
      activity.judgedLate('b', isLate, now);
      return activity.isInTimeElsewhere('a', now);
    };
    expect([judge(false, 0), judge(false, 1000), judge(false, 2000)]).toEqual([false, false, true]);
    expect(activity.isInTimeElsewhere('b', 2000)).toBe(false);
    expect([judge(true, 3000), judge(false, 4000), judge(false, 6000)]).toEqual([false, false, true]);
    expect(activity.isInTimeElsewhere('a', 8500)).toBe(false);
    expect(judge(undefined, 9000)).toBe(false);
  });

  it('ignores venues of another market and venues that are not connected', () => {
    const activity = twoVenues();
    activity.register('testnet', 'testnet');
    activity.connected('testnet', true);
    activity.data('testnet', 0, true);
    activity.data('b', 0, true);
    expect(activity.venueIsIdle('a', 500)).toBe(true);
    activity.connected('b', false);
    expect(activity.venueIsIdle('a', 500)).toBe(false);
  });

  it('treats a coin as idle if other venues no longer trade it, and still for a moment after they trade again', () => {
    const activity = twoVenues();
    activity.data('b', 0, true);
    expect(activity.coinIsIdle('a', 'BTC', 5000)).toBe(false);
    activity.traded(activity.tradesOf('b', 'BTC'), 0);
    expect(activity.coinIsIdle('a', 'BTC', 999)).toBe(false);
    expect(activity.coinIsIdle('a', 'BTC', 1000)).toBe(true);
    activity.traded(activity.tradesOf('b', 'BTC'), 5000);
    expect([5099, 5100, 5999].map((now) => activity.coinIsIdle('a', 'BTC', now))).toEqual([true, false, false]);
    activity.traded(activity.tradesOf('b', 'BTC'), 5500);
    expect(activity.coinIsIdle('a', 'BTC', 5501)).toBe(false);
  });
});
