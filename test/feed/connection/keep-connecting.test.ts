import { concat, defer, NEVER, of, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import { keepConnecting } from '../../../src/feed/connection/keep-connecting.ts';
import { VirtualScheduler } from '../../../src/net/virtual-scheduler.ts';

const PROBES = 10_000;
const PROBE_EVERY_MS = 60_000;

it('keepConnecting connects at the next probe when a venue accepts again after a week of refusals', () => {
  const scheduler = new VirtualScheduler(0);
  let attempts = 0;
  const refusal = new Fault('region_blocked', '451', { retry: { kind: 'never' } });
  const connection$ = defer(() => (attempts++ < PROBES ? throwError(() => refusal) : concat(of('data'), NEVER)));
  const values: string[] = [];
  const losses: number[] = [];
  const subscription = keepConnecting(connection$, {
    reconnect: { initialDelayMs: 500, maxDelayMs: 30_000, maxAttempts: 10, probeEveryMs: PROBE_EVERY_MS },
    scheduler,
    isData: () => true,
    onLost: ({ retryInMs, probing }) => losses.push(probing ? retryInMs : Number.NaN),
  }).subscribe((value) => values.push(value));
  while (scheduler.nextDueAt !== undefined) scheduler.runNext();
  expect(values).toEqual(['data']);
  expect([losses.length, new Set(losses)]).toEqual([PROBES, new Set([PROBE_EVERY_MS])]);
  expect(scheduler.now()).toBe(PROBES * PROBE_EVERY_MS);
  subscription.unsubscribe();
});
