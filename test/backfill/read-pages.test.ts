import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type CheckedPage, type ReadPagesOptions, readPages } from '../../src/backfill/read-pages.ts';
import type { PastSeries } from '../../src/venues/contract.ts';
import { ask, NumberedPast, numbers, placedTrade } from './numbered-past.ts';

async function portions(series: PastSeries, from: number, end: number, more: Partial<ReadPagesOptions> = {}) {
  const all: CheckedPage[] = [];
  const options = { series, from, end, isBeginning: false, ask, venueNowMs: () => 0, pause: async () => {}, ...more };
  for await (const portion of readPages(options)) all.push(portion);
  return all;
}

const placesOf = (all: readonly CheckedPage[]) => all.flatMap(({ rows }) => rows.map(({ place }) => place));
const missingOf = (all: readonly CheckedPage[]) => all.reduce((sum, { missing }) => sum + missing, 0);

it('readPages requests each next page after the last record, and none beyond the end', async () => {
  const past = new NumberedPast(numbers(1, 100), 10);
  const all = await portions(past.series, 31, 55);
  expect(placesOf(all)).toEqual(numbers(31, 55));
  expect(past.asked).toEqual([
    { from: 31, to: 55 },
    { from: 41, to: 55 },
    { from: 51, to: 55 },
  ]);
});

it('readPages reads every record once, and counts the missing ones', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 60 }),
      async (made, pageSize, from) => {
        const places = made.toSorted((a, b) => a - b);
        const end = places.at(-1) ?? 0;
        const all = await portions(new NumberedPast(places, pageSize).series, from, end);
        expect(placesOf(all)).toEqual(places.filter((place) => place >= from));
        expect(missingOf(all)).toBe(numbers(from, end).length - placesOf(all).length);
      },
    ),
  );
});

it('readPages does not count records before the first one as missing if the start is an estimate', async () => {
  const { series } = new NumberedPast([8, 9, 11], 10);
  expect(missingOf(await portions(series, 0, 11, { isBeginning: true }))).toBe(1);
  expect(missingOf(await portions(series, 0, 11))).toBe(9);
});

it('readPages waits for a record that the venue announced and does not return yet', async () => {
  const past = new NumberedPast([1, 2], 10);
  const pauses: number[] = [];
  const pause = async (ms: number) => {
    pauses.push(ms);
    if (pauses.length === 3) past.places.push(3);
  };
  expect(placesOf(await portions(past.series, 1, 3, { pause }))).toEqual([1, 2, 3]);
  expect(pauses).toEqual([1000, 2000, 3000]);
});

it('readPages waits as long for each next record as for the first', async () => {
  const past = new NumberedPast([1], 10);
  let pauses = 0;
  const pause = async () => {
    pauses++;
    if (pauses % 4 === 0) past.places.push(past.places.length + 1);
  };
  expect(placesOf(await portions(past.series, 1, 3, { pause }))).toEqual([1, 2, 3]);
  expect(pauses).toBe(8);
});

it('readPages gives up after 15 s if an announced record never arrives', async () => {
  const pauses: number[] = [];
  const pause = async (ms: number) => {
    pauses.push(ms);
  };
  const reading = portions(new NumberedPast([1, 2], 10).series, 1, 3, { pause });
  await expect(reading).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining('at 3') });
  expect(pauses.reduce((sum, ms) => sum + ms)).toBe(15_000);
});

it.each([
  ['twice', [5, 5]],
  ['out of order', [6, 5]],
  ['from before the requested range', [4, 5]],
])('readPages reports an answer with a record %s as malformed', async (_, places) => {
  const { series } = new NumberedPast([], 10);
  const page = () => ({ path: '', weight: 1, parse: () => ({ rows: places.map(placedTrade), next: 7 }) });
  await expect(portions({ ...series, page }, 5, 6)).rejects.toMatchObject({ kind: 'malformed' });
});

it('readPages passes the current time of the venue to each request', async () => {
  const past = new NumberedPast(numbers(1, 4), 2);
  const times: number[] = [];
  const page: PastSeries['page'] = (from, to, nowMs) => {
    times.push(nowMs);
    return past.series.page(from, to, nowMs);
  };
  let now = 10;
  await portions({ ...past.series, page }, 1, 4, { venueNowMs: () => now++ });
  expect(times).toEqual([10, 11]);
});
