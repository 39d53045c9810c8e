import { map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import { explainStale } from '../../../src/feed/liveness/explain-stale.ts';

/** Runs a marble: d data, p pong, o the socket is open. Lists what was emitted as `TIME text`. */
function run(
  marble: string,
  {
    isIdle = () => false,
    opens = false,
    ends = false,
  }: { isIdle?: (now: number) => boolean; opens?: boolean; ends?: boolean } = {},
): string[] {
  const scheduler = new TestScheduler(() => undefined);
  const emitted: string[] = [];
  scheduler.run(({ hot, flush }) => {
    const subscription = hot(marble)
      .pipe(
        map((kind) => ({ kind })),
        explainStale<{ readonly kind: string }>({
          staleAfterMs: 50,
          isData: ({ kind }) => kind === 'd',
          isAnswer: ({ kind }) => kind === 'p',
          isIdle,
          ...(opens ? { isOpening: ({ kind }) => kind === 'o' } : {}),
          ...(ends
            ? { faultOf: ({ cause }) => (cause === 'quiet_market' ? undefined : new Fault(cause, 'over')) }
            : {}),
          scheduler,
        }),
      )
      .subscribe({
        next: (item) => {
          if ('ageMs' in item) emitted.push(`${scheduler.now()} ${item.cause} ${item.ageMs}`);
          if ('staleForMs' in item) emitted.push(`${scheduler.now()} recovered ${item.cause} ${item.staleForMs}`);
        },
        error: ({ kind }: Fault) => emitted.push(`${scheduler.now()} ended by ${kind}`),
      });
    scheduler.schedule(() => subscription.unsubscribe(), 300);
    flush();
  });
  return emitted;
}

describe('explainStale', () => {
  it('emits `socket_dead` if the venue never connected or does not answer', () => {
    expect(run('-')).toEqual(['50 socket_dead 50']);
    expect(run('d 9ms p')).toEqual(['50 socket_dead 50']);
  });

  it('emits `subscription_mute` if the venue answers but sends no data', () => {
    expect(run('d 29ms p')).toEqual(['50 subscription_mute 50']);
  });

  it('emits `quiet_market` once, and another cause if the market is no longer idle', () => {
    const answers = 'd 29ms p 24ms p 24ms p 24ms p 24ms p';
    expect(run(answers, { isIdle: (now) => now < 100 })).toEqual(['50 quiet_market 50', '100 subscription_mute 100']);
  });

  it('emits a recovery with the previous cause when data comes', () => {
    expect(run('d 29ms p 24ms d 10ms p 9ms d', { isIdle: () => true })).toEqual([
      '50 quiet_market 50',
      '55 recovered quiet_market 5',
      '126 socket_dead 50',
    ]);
  });

  it('ends the stream with the fault of a cause, and continues if the cause has no fault', () => {
    const answers = 'd 29ms p 24ms p 24ms p 24ms p 24ms p';
    expect(run(answers, { isIdle: (now) => now < 100, ends: true })).toEqual([
      '50 quiet_market 50',
      '100 subscription_mute 100',
      '100 ended by subscription_mute',
    ]);
  });

  it('passes every value, also several at one moment, and emits the recovery before the first', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ hot, expectObservable }) => {
      const values = { d: { kind: 'd' }, p: { kind: 'p' } };
      const stale = { kind: 'stale', cause: 'socket_dead', ageMs: 5 };
      const recovered = { kind: 'recovered', cause: 'socket_dead', staleForMs: 3 };
      const source = hot('  (ddp)---(dd)-|', values);
      const expected = '    (ddp)s--(rdd)|';
      const explained = source.pipe(
        explainStale<{ readonly kind: string }>({
          staleAfterMs: 5,
          isData: ({ kind }) => kind === 'd',
          isAnswer: () => false,
          isIdle: () => false,
          scheduler,
        }),
      );
      expectObservable(explained).toBe(expected, { ...values, s: stale, r: recovered });
    });
  });

  it('emits no cause before the socket is open', () => {
    expect(run('60ms o', { opens: true })).toEqual([]);
    expect(run('10ms o', { opens: true })).toEqual(['50 socket_dead 50']);
  });
});
