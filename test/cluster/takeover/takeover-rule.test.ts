import { expect, it } from 'vitest';
import {
  BrokersUp,
  Hangs,
  isTakeoverDue,
  limitAfter,
  type OwnerSigns,
} from '../../../src/cluster/takeover/takeover-rule.ts';

const signs: OwnerSigns = {
  ...{ now: 20_000, receivedAt: 18_000, ownedSince: 0, brokersSince: 1000 },
  ...{ afterMs: 2000, afterOutageMs: 10_000 },
};

it.each<[string, Partial<OwnerSigns>, boolean]>([
  ['the heartbeats are missing for the limit', {}, true],
  ['they are missing for less than the limit', { receivedAt: 18_001 }, false],
  ['no heartbeat was ever received', { receivedAt: undefined }, false],
  ['the previous owner is silent, and the present one has had too little time', { ownedSince: 18_001 }, false],
  ['the present owner has had enough time', { receivedAt: 15_000, ownedSince: 18_000 }, true],
  ['the brokers are away', { brokersSince: undefined }, false],
  ['the brokers have just come back', { brokersSince: 18_500 }, false],
  ['they came back, and the owner has not written since', { brokersSince: 10_001, receivedAt: 9000 }, false],
  [
    'they came back, and the owner has not written for the longer limit',
    { brokersSince: 10_000, receivedAt: 9000 },
    true,
  ],
  ['they came back, and the owner has written since', { brokersSince: 10_001, receivedAt: 18_000 }, true],
])('a takeover, if %s: due or not', (_, over, due) => {
  expect(isTakeoverDue({ ...signs, ...over })).toBe(due);
});

it('brokers count as working without a break only if each proof comes within 1.5 s of the last one', () => {
  const brokers = new BrokersUp();
  expect(brokers.check(1000)).toBeUndefined();
  expect(brokers.check(1050, 1040)).toBe(1050);
  expect(brokers.check(2500, 1040)).toBe(1050);
  expect(brokers.check(2600, 2540)).toBe(1050);
  expect(brokers.check(4050, 2540)).toBeUndefined();
  expect(brokers.check(4100, 4090)).toBe(4100);
  // This process did not run for 3 s, so it made no check in between.
  expect(brokers.check(7200, 7190)).toBe(7200);
});

it('a process that hung knows for five seconds for how long', () => {
  const hangs = new Hangs(1000);
  hangs.check(1050);
  // A busy process is late, but does not hang.
  hangs.check(2000);
  expect(hangs.recentMs(2010)).toBe(0);
  hangs.check(17_010);
  hangs.check(17_060);
  expect([hangs.recentMs(17_070), hangs.recentMs(17_900)]).toEqual([15_000, 15_000]);
  for (let now = 18_000; now <= 22_000; now += 500) hangs.check(now);
  expect([hangs.recentMs(22_010), hangs.recentMs(22_011)]).toEqual([15_000, 0]);
  // It learns of the takeover before its next check.
  expect(hangs.recentMs(30_011)).toBe(8000);
});

it.each<[number | undefined, number, number]>([
  [undefined, 2000, 2000],
  [600_000, 2000, 4000],
  [600_001, 2000, 2000],
  [1000, 8000, 10_000],
  [1000, 12_000, 12_000],
])(
  'the limit after a needless takeover, with another one %s ms before: %i ms becomes %i ms',
  (beforeMs, limitMs, raisedMs) => {
    expect(limitAfter(beforeMs, limitMs, 10_000)).toBe(raisedMs);
  },
);
