import { expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import { RetriesExhausted } from '../../src/operators/retry-backoff.ts';
import { retryDecision } from '../../src/operators/retry-decision.ts';

const backoff = { kind: 'backoff' };

it.each<[string, unknown, unknown]>([
  ['never', { retry: { kind: 'never' } }, { kind: 'never' }],
  ['after', { retry: { kind: 'after', afterMs: 7 } }, { kind: 'after', afterMs: 7 }],
  ['backoff', { retry: { kind: 'backoff' } }, backoff],
  ['an error without it', new Error('closed'), backoff],
  ['after without a time', { retry: { kind: 'after' } }, backoff],
  ['a kind that is none', { retry: { kind: 'later', afterMs: 7 } }, backoff],
  ['something else by that name', { retry: true }, backoff],
  ['null', null, backoff],
  ['undefined', undefined, backoff],
  ['text', 'never', backoff],
  ['a Fault that says never', new Fault('region_blocked', 'no', { retry: { kind: 'never' } }), { kind: 'never' }],
  ['a Fault that says nothing', new Fault('connection_closed', 'no'), backoff],
  ['RetriesExhausted', new RetriesExhausted('no'), { kind: 'never' }],
])('%s', (_, error, decision) => {
  expect(retryDecision(error)).toEqual(decision);
});
