import { expect, it } from 'vitest';
import { historySpan, type PreviousHistory, resumePoint } from '../../src/backfill/history-span.ts';
import { ask, NumberedPast, numbers, timeOf } from './numbered-past.ts';

const past = new NumberedPast(numbers(100, 200), 10);

it.each([
  ['the last ones', undefined, undefined, 5, [196, 200]],
  ['the last ones before a time, which is exclusive', undefined, 150, 5, [145, 149]],
  ['more than there are', undefined, undefined, 500, [0, 200]],
  ['all from a time on, which is inclusive', 190, undefined, undefined, [190, 200]],
  ['all between two times', 120, 130, undefined, [120, 129]],
  ['the first ones from a time on', 120, undefined, 3, [120, 122]],
  ['the first ones, as far as the other time', 120, 122, 5, [120, 121]],
  ['a time before the first', 5, 103, undefined, [100, 102]],
  ['up to a time that has not been', 190, 900, undefined, [190, 200]],
] as const)('%s', async (_, from, to, limit, [begin, end]) => {
  const range = {
    fromMs: from === undefined ? undefined : timeOf(from),
    toMs: to === undefined ? undefined : timeOf(to),
    limit,
  };
  expect(await historySpan(past.series, range, ask)).toEqual({ begin, end });
});

it('nothing lies behind the last, nor before the first, nor where nothing is', async () => {
  const span = (fromMs: number | undefined, toMs: number | undefined, of = past) =>
    historySpan(of.series, { fromMs, toMs, limit: undefined }, ask);
  expect(await span(timeOf(201), undefined)).toBeUndefined();
  const before = await span(timeOf(1), timeOf(50));
  expect(before?.end).toBeLessThan(before?.begin ?? 0);
  expect(await span(undefined, undefined, new NumberedPast([], 10))).toBeUndefined();
});

it('what the venue makes while it is asked lies behind a time that is not to be passed', async () => {
  const busy = new NumberedPast(numbers(1, 50), 10);
  const range = { fromMs: undefined, toMs: timeOf(51), limit: 3 };
  const span = await historySpan(busy.series, range, async (request) => {
    const answer = request.parse(undefined);
    busy.places.push(busy.places.length + 1);
    return answer;
  });
  expect(span).toEqual({ begin: 48, end: 50 });
});

const step = (place: number, records: number) => place + records;
const previous = (last: number, runBegin: number | undefined, lastIsOpen = false): PreviousHistory => ({
  last,
  lastIsOpen,
  runBegin,
});

it.each([
  ['an empty folder', undefined, { from: 50, runBegin: 50, leavesGap: false }],
  ['a part of it is there', previous(60, 50), { from: 61, runBegin: 50, leavesGap: false }],
  ['all of it is there', previous(99, 50), { from: 100, runBegin: 50, leavesGap: false }],
  ['it begins within what is there', previous(60, 20), { from: 61, runBegin: 20, leavesGap: false }],
  ['it begins right behind', previous(49, 20), { from: 50, runBegin: 20, leavesGap: false }],
  ['it begins further on', previous(48, 20), { from: 50, runBegin: 50, leavesGap: true }],
  [
    'it begins further on, nothing known of the rest',
    previous(48, undefined),
    { from: 50, runBegin: 50, leavesGap: true },
  ],
  ['right behind what nothing is known of', previous(49, undefined), { from: 50, runBegin: 50, leavesGap: false }],
  ['right behind, after a run that wrote nothing', previous(49, 50), { from: 50, runBegin: 50, leavesGap: false }],
  ['right behind, before a run that wrote nothing', previous(49, 80), { from: 50, runBegin: 50, leavesGap: false }],
  ['further on, after a run that wrote nothing', previous(40, 50), { from: 50, runBegin: 50, leavesGap: true }],
  ['an open candle is there last', previous(60, 50, true), { from: 60, runBegin: 50, leavesGap: false }],
  ['a part lies before the run', previous(60, 51), undefined],
  ['the beginning of the run is unknown', previous(60, undefined), undefined],
  ['inside what lies before a run that wrote nothing', previous(60, 70), undefined],
])('%s', (_, there, expected) => {
  expect(resumePoint({ begin: 50, end: 99 }, there, { step })).toEqual(expected);
});
