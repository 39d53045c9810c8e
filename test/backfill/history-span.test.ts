import { expect, it } from 'vitest';
import { historySpan, type PreviousHistory, resumePoint } from '../../src/backfill/history-span.ts';
import { ask, NumberedPast, numbers, timeOf } from './numbered-past.ts';

const past = new NumberedPast(numbers(100, 200), 10);

it.each([
  ['the last records', undefined, undefined, 5, [196, 200]],
  ['the last records before an end time, exclusive', undefined, 150, 5, [145, 149]],
  ['everything from 0 if the limit exceeds the number of records', undefined, undefined, 500, [0, 200]],
  ['all records from a start time, inclusive', 190, undefined, undefined, [190, 200]],
  ['all records between two times', 120, 130, undefined, [120, 129]],
  ['the first records from a start time', 120, undefined, 3, [120, 122]],
  ['the first records up to an end time', 120, 122, 5, [120, 121]],
  ['the records from the first one on if the start time is earlier', 5, 103, undefined, [100, 102]],
  ['the records up to the last one if the end time is in the future', 190, 900, undefined, [190, 200]],
] as const)('historySpan selects %s', async (_, from, to, limit, [begin, end]) => {
  const range = {
    fromMs: from === undefined ? undefined : timeOf(from),
    toMs: to === undefined ? undefined : timeOf(to),
    limit,
  };
  expect(await historySpan(past.series, range, ask)).toEqual({ begin, end });
});

it('historySpan is empty after the last record, before the first one and in an empty series', async () => {
  const span = (fromMs: number | undefined, toMs: number | undefined, of = past) =>
    historySpan(of.series, { fromMs, toMs, limit: undefined }, ask);
  expect(await span(timeOf(201), undefined)).toBeUndefined();
  const before = await span(timeOf(1), timeOf(50));
  expect(before?.end).toBeLessThan(before?.begin ?? 0);
  expect(await span(undefined, undefined, new NumberedPast([], 10))).toBeUndefined();
});

it('historySpan ignores records that the venue adds after the end time during the requests', async () => {
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
const previous = (last: number, unbrokenFrom: number | undefined, lastIsOpen = false): PreviousHistory => ({
  last,
  lastIsOpen,
  unbrokenFrom,
});

it.each([
  ['the folder is empty', undefined, { from: 50, unbrokenFrom: 50, leavesGap: false }],
  ['the folder has a part of the span', previous(60, 50), { from: 61, unbrokenFrom: 50, leavesGap: false }],
  ['the folder has all of the span', previous(99, 50), { from: 100, unbrokenFrom: 50, leavesGap: false }],
  ['the span begins within the stored records', previous(60, 20), { from: 61, unbrokenFrom: 20, leavesGap: false }],
  [
    'the span begins right after the stored records',
    previous(49, 20),
    { from: 50, unbrokenFrom: 20, leavesGap: false },
  ],
  ['the span begins later and leaves a gap', previous(48, 20), { from: 50, unbrokenFrom: 50, leavesGap: true }],
  [
    'the span begins later, and the start of the stored run is unknown',
    previous(48, undefined),
    { from: 50, unbrokenFrom: 50, leavesGap: true },
  ],
  [
    'the span follows a run with unknown start',
    previous(49, undefined),
    { from: 50, unbrokenFrom: 50, leavesGap: false },
  ],
  [
    'the span begins right after the stored records, and a run from there wrote nothing',
    previous(49, 50),
    { from: 50, unbrokenFrom: 50, leavesGap: false },
  ],
  [
    'the span begins right after the stored records, and a later run wrote nothing',
    previous(49, 80),
    { from: 50, unbrokenFrom: 50, leavesGap: false },
  ],
  [
    'the span begins later, and a run from there wrote nothing',
    previous(40, 50),
    { from: 50, unbrokenFrom: 50, leavesGap: true },
  ],
  [
    'the last stored record is an open candle',
    previous(60, 50, true),
    { from: 60, unbrokenFrom: 50, leavesGap: false },
  ],
  ['a part of the span lies before the stored run', previous(60, 51), undefined],
  ['the start of the stored run is unknown', previous(60, undefined), undefined],
  ['the span begins within the stored records, and a later run wrote nothing', previous(60, 70), undefined],
])('resumePoint returns where to continue if %s', (_, there, expected) => {
  expect(resumePoint({ begin: 50, end: 99 }, there, { step })).toEqual(expected);
});
