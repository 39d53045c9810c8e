import { expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import { RetriesExhausted } from '../../src/operators/retry-backoff.ts';
import { retryDecision } from '../../src/operators/retry-decision.ts';

const backoff = { kind: 'backoff' };

it.each<[string, unknown, unknown]>([
  ['retry kind never', { retry: { kind: 'never' } }, { kind: 'never' }],
  ['retry kind after', { retry: { kind: 'after', afterMs: 7 } }, { kind: 'after', afterMs: 7 }],
  ['retry kind backoff', { retry: { kind: 'backoff' } }, backoff],
  ['an error without retry', new Error('closed'), backoff],
  ['retry kind after without a delay', { retry: { kind: 'after' } }, backoff],
  ['an unknown retry kind', { retry: { kind: 'later', afterMs: 7 } }, backoff],
  ['a retry that is no object', { retry: true }, backoff],
  ['null', null, backoff],
  ['undefined', undefined, backoff],
  ['a string', 'never', backoff],
  ['a Fault with kind never', new Fault('region_blocked', 'no', { retry: { kind: 'never' } }), { kind: 'never' }],
  ['a Fault without retry', new Fault('connection_closed', 'no'), backoff],
  ['RetriesExhausted', new RetriesExhausted('no'), { kind: 'never' }],
])('retryDecision reads the decision from %s, with backoff as the default', (_, error, decision) => {
  expect(retryDecision(error)).toEqual(decision);
});
