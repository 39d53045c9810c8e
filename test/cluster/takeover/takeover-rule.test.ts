import { expect, it } from 'vitest';
import { isTakeoverDue, limitAfter, type OwnerSigns } from '../../../src/cluster/takeover/takeover-rule.ts';

const signs: OwnerSigns = {
  now: 10_000,
  receivedAt: 8000,
  ownedSince: 0,
  isStopped: false,
  brokersAt: 9500,
  afterMs: 2000,
};

it.each<[string, Partial<OwnerSigns>, boolean]>([
  ['the heartbeats are missing for the limit', {}, true],
  ['they are missing for less than the limit', { receivedAt: 8001 }, false],
  ['the owner was never received', { receivedAt: undefined }, false],
  ['the owner has stopped', { receivedAt: 9999, isStopped: true }, true],
  ['the previous owner is silent, and the present one has had too little time', { ownedSince: 8001 }, false],
  ['the present owner has had enough time', { receivedAt: 5000, ownedSince: 8000 }, true],
  ['the previous owner has stopped', { receivedAt: 8500, isStopped: true, ownedSince: 8501 }, false],
  ['the brokers have been silent, too', { brokersAt: 8499 }, false],
  ['the brokers were silent, but just answered', { brokersAt: 8500 }, true],
  ['the brokers were never received', { brokersAt: undefined }, false],
  ['the owner has stopped, but the brokers are silent', { isStopped: true, brokersAt: 8000 }, false],
])('a takeover, if %s: due or not', (_, over, due) => {
  expect(isTakeoverDue({ ...signs, ...over })).toBe(due);
});

it.each<[readonly number[], number, number]>([
  [[], 2000, 2000],
  [[5000], 2000, 2000],
  [[5000, 605_000], 2000, 4000],
  [[5000, 605_001], 2000, 2000],
  [[0, 900_000, 900_100], 2000, 4000],
  [[5000, 6000], 8000, 10_000],
  [[5000, 6000], 12_000, 12_000],
])('the limit after needless takeovers at %j: %i ms becomes %i ms', (lostAt, limitMs, raisedMs) => {
  expect(limitAfter(lostAt, limitMs, 10_000)).toBe(raisedMs);
});
