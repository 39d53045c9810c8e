import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { VenueSilence } from '../../../src/feed/liveness/venue-silence.ts';

/** Runs steps at virtual times and lists what was told as `TIME cause age`. */
function run(
  steps: Record<number, (silence: VenueSilence) => void>,
  isQuiet: (now: number) => boolean = () => false,
): string[] {
  const scheduler = new TestScheduler(() => undefined);
  const told: string[] = [];
  scheduler.run(({ flush }) => {
    const silence = new VenueSilence({
      staleAfterMs: 50,
      scheduler,
      isQuiet,
      onStale: (cause, ageMs) => told.push(`${scheduler.now()} ${cause} ${ageMs}`),
    });
    for (const [at, step] of Object.entries(steps)) scheduler.schedule(() => step(silence), Number(at));
    scheduler.schedule(() => silence.close(), 300);
    flush();
  });
  return told;
}

const data = (silence: VenueSilence) => silence.data(0);
const answered = (silence: VenueSilence) => silence.answered();
const stale = (silence: VenueSilence) => silence.stale();

describe('VenueSilence', () => {
  it('a venue that never connected or does not answer is dead', () => {
    expect(run({ 50: stale })).toEqual(['50 socket_dead 50']);
    expect(run({ 0: data, 10: answered, 50: stale })).toEqual(['50 socket_dead 50']);
  });

  it('one that answers without data is mute', () => {
    expect(run({ 0: data, 30: answered, 50: stale })).toEqual(['50 subscription_mute 50']);
  });

  it('a quiet market is told once, and looked at again while the silence lasts', () => {
    const answers = Object.fromEntries([30, 55, 80, 105, 130].map((at) => [at, answered]));
    expect(run({ 0: data, ...answers, 50: stale }, (now) => now < 100)).toEqual([
      '50 quiet_market 50',
      '100 subscription_mute 100',
    ]);
  });

  it('data ends it, and says what it was taken for', () => {
    const causes: unknown[] = [];
    const told = run(
      {
        0: data,
        30: answered,
        50: stale,
        55: (silence) => causes.push(silence.recovered()),
        120: (silence) => causes.push(silence.recovered()),
      },
      () => true,
    );
    expect(told).toEqual(['50 quiet_market 50']);
    expect(causes).toEqual(['quiet_market', undefined]);
  });
});
