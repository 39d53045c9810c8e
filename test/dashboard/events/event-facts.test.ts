import { expect, it } from 'vitest';
import { factsOf } from '../../../dashboard/events/event-facts.ts';
import type { StatusJson } from '../../../src/gateway/api/record-schema.ts';
import { statusEvent } from '../status-event.ts';

const events = (count: number) =>
  Array.from({ length: count }, (_, at) => statusEvent('feed_stale', at)) as [StatusJson, ...StatusJson[]];

it('an open group has a fact for each of the first 40 events, and says how many more there are', () => {
  expect(factsOf(events(40))).toHaveLength(40);
  expect(factsOf(events(52))).toHaveLength(41);
  expect(factsOf(events(52)).at(-1)).toEqual(['…', '12 more']);
});
