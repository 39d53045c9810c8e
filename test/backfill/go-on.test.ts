import { expect, it } from 'vitest';
import { type FormerHistory, goOn } from '../../src/backfill/go-on.ts';

const step = (place: number, records: number) => place + records;
const former = (last: number, runBegin: number | undefined, lastIsOpen = false): FormerHistory => ({
  last,
  lastIsOpen,
  runBegin,
});

it.each([
  ['an empty folder', undefined, { from: 50, runBegin: 50, leavesHole: false }],
  ['a part of it is there', former(60, 50), { from: 61, runBegin: 50, leavesHole: false }],
  ['all of it is there', former(99, 50), { from: 100, runBegin: 50, leavesHole: false }],
  ['it begins within what is there', former(60, 20), { from: 61, runBegin: 20, leavesHole: false }],
  ['it begins right behind', former(49, 20), { from: 50, runBegin: 20, leavesHole: false }],
  ['it begins further on', former(48, 20), { from: 50, runBegin: 50, leavesHole: true }],
  [
    'it begins further on, nothing known of the rest',
    former(48, undefined),
    { from: 50, runBegin: 50, leavesHole: true },
  ],
  ['right behind what nothing is known of', former(49, undefined), { from: 50, runBegin: 50, leavesHole: false }],
  ['right behind, after a run that wrote nothing', former(49, 50), { from: 50, runBegin: 50, leavesHole: false }],
  ['right behind, before a run that wrote nothing', former(49, 80), { from: 50, runBegin: 50, leavesHole: false }],
  ['further on, after a run that wrote nothing', former(40, 50), { from: 50, runBegin: 50, leavesHole: true }],
  ['an open candle is there last', former(60, 50, true), { from: 60, runBegin: 50, leavesHole: false }],
  ['a part lies before the run', former(60, 51), undefined],
  ['nothing tells where the run begins', former(60, undefined), undefined],
  ['inside what lies before a run that wrote nothing', former(60, 70), undefined],
])('%s', (_, there, expected) => {
  expect(goOn({ begin: 50, end: 99 }, there, { step })).toEqual(expected);
});
