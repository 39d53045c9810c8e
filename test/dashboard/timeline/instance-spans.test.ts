import { expect, it } from 'vitest';
import { type InstanceSpan, lifeEvents, mergeSpans, spanOf } from '../../../dashboard/timeline/instance-spans.ts';
import { statusEvent } from '../status-event.ts';

const span = (instance: string, from: number, to: number, fields: Partial<InstanceSpan> = {}): InstanceSpan => ({
  instance,
  from,
  to,
  started: false,
  stopped: false,
  ...fields,
});

it('mergeSpans joins spans of an instance that are less than 3 s apart', () => {
  const known = [span('a', 0, 10_000, { started: true }), span('b', 5000, 6000)];
  expect(mergeSpans(known, [span('a', 12_000, 20_000), span('b', 9000, 9500)])).toEqual([
    span('a', 0, 20_000, { started: true }),
    span('b', 5000, 6000),
    span('b', 9000, 9500),
  ]);
});

it('mergeSpans fills the time in which the page was not connected with what the gateway saw', () => {
  const known = [span('a', 0, 10_000), span('a', 40_000, 50_000)];
  expect(mergeSpans(known, [span('a', -90_000, 50_000)])).toEqual([span('a', -90_000, 50_000)]);
});

it('mergeSpans extends the span of each heartbeat', () => {
  const beat = spanOf(statusEvent('heartbeat', 11_000, { instance: 'a' }));
  const stop = spanOf(statusEvent('stopped', 11_500, { instance: 'a' }));
  expect(mergeSpans([span('a', 0, 10_000)], [beat, stop])).toEqual([span('a', 0, 11_500, { stopped: true })]);
});

it('lifeEvents reports starts, losses and returns, but no loss after a stop or while another instance is alive', () => {
  const spans = [
    span('a', 0, 10_000, { started: true }),
    span('a', 20_000, 30_000),
    span('b', 25_000, 60_000, { started: true, stopped: true }),
    span('c', 70_000, 90_000, { started: true }),
  ];
  expect(lifeEvents(spans, 100_000).map(({ timestamp, state }) => [timestamp, state])).toEqual([
    [0, 'feed_started'],
    [10_000, 'feed_lost'],
    [20_000, 'feed_back'],
    [25_000, 'feed_started'],
    [70_000, 'feed_started'],
    [90_000, 'feed_lost'],
  ]);
});
