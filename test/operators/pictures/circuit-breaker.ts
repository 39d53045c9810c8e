import type { MarblePicture } from '../../../scripts/marble-picture.ts';
import type { BreakerDecision, ConditionReport } from '../../../src/operators/circuit-breaker.ts';

export const picture: MarblePicture<ConditionReport<'a' | 'b'>, BreakerDecision> = {
  name: 'circuitBreaker',
  description:
    'Halted until both conditions have sent a good report, then allowed. A bad report halts at once. After the next good report, all must stay good for four milliseconds before the decision is allowed again.',
  inputs: [
    {
      name: 'source',
      marbles: '-a-b---x--a-----',
      values: {
        a: { source: 'a', ok: true },
        b: { source: 'b', ok: true },
        x: { source: 'a', ok: false, reason: 'too old' },
      },
      marks: {
        a: { label: 'a ok', tone: 'good', means: 'a good report of condition a' },
        b: { label: 'b ok', tone: 'good' },
        x: { label: 'a bad', tone: 'bad', means: 'a bad report: too old' },
      },
      spans: [[10, 14, 'good']],
    },
  ],
  operator: ['circuitBreaker({ sources: { a: {}, b: {} }, resumeAfterMs: 4 })'],
  result: {
    name: 'result',
    marbles: 's--o---h------p-',
    holds: true,
    values: {
      s: { state: 'halted', reason: 'starting', since: 0 },
      o: { state: 'allowed', reason: 'ok', since: 3 },
      h: { state: 'halted', reason: 'a: too old', since: 7 },
      p: { state: 'allowed', reason: 'ok', since: 14 },
    },
    marks: {
      s: { label: 'halted', tone: 'bad' },
      o: { label: 'allowed', tone: 'good', means: 'act' },
      h: { label: 'halted', tone: 'bad', means: 'do not act; the reason is below' },
      p: { label: 'allowed', tone: 'good' },
    },
    notes: { 0: 'starting', 3: 'ok', 7: 'a: too old', 14: 'ok' },
  },
};
