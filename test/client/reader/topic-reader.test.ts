import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BufferedReading } from '../../../src/client/reader/reading.ts';
import { type RecordListener, TopicReader } from '../../../src/client/reader/topic-reader.ts';
import type { Overflow } from '../../../src/client/reader/waiting-records.ts';
import type { Arrival, ClientWarning } from '../../../src/client/source/source.ts';
import { recordsOf } from '../../../src/client/topic-name.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { TradeEvent } from '../../../src/domain/record.ts';
import { monotonicScheduler } from '../../../src/net/monotonic-scheduler.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';
import { until } from '../../../testing/tools/until.ts';
import { arrival, FakeSource } from '../fake-source.ts';

function readerOf({ identityWindow = 100 } = {}) {
  const source = new FakeSource();
  const warnings: ClientWarning[] = [];
  const reader = new TopicReader({
    topic: 'trades',
    source,
    identityWindow,
    warn: (warning) => warnings.push(warning),
    scheduler: monotonicScheduler,
    wallClockMs: () => 10_000,
  });
  return { source, reader, warnings };
}

function listener() {
  const received: string[] = [];
  const one: RecordListener = {
    give: (record) => received.push((record as TradeEvent).tradeId),
    fail: (fault) => received.push(`failed: ${fault.message}`),
    end: () => received.push('end'),
  };
  return { received, one };
}

const begin = async ({ source }: ReturnType<typeof readerOf>, offsets: readonly [number, number][] = [[0, 0]]) => {
  await until(() => source.begun > source.left);
  source.follower.started(new Map(offsets));
};

const trades = (first: number, last: number, partition = 0) =>
  Array.from({ length: last - first + 1 }, (_, index) =>
    arrival(first + index, tradeEvent(first + index), { partition, appendedAt: 9000 }),
  );

const reading = (overflow: Overflow<TradeEvent>) => new BufferedReading(recordsOf('trades', undefined), overflow);

describe('a reader of a topic', () => {
  it('reads once for all that listen, while anybody does', async () => {
    const parts = readerOf();
    const { source, reader } = parts;
    const [a, b] = [listener(), listener()];
    expect(source.begun).toBe(0);
    const leaveA = reader.listen(a.one);
    const leaveB = reader.listen(b.one);
    await begin(parts);
    await source.take(...trades(1, 2));
    leaveA();
    await source.take(...trades(3, 3));
    expect(source).toMatchObject({ begun: 1, left: 0 });
    leaveB();
    await until(() => source.left === 1);
    expect([a.received, b.received]).toEqual([
      ['1', '2'],
      ['1', '2', '3'],
    ]);
    reader.listen(a.one);
    await until(() => source.begun === 2);
  });

  it('gives an event once, as far as its window reaches, in each partition', async () => {
    const parts = readerOf({ identityWindow: 2 });
    const { received, one } = listener();
    parts.reader.listen(one);
    await begin(parts, [
      [0, 0],
      [1, 0],
    ]);
    const ids = [1, 2, 2, 1, 3, 1];
    await parts.source.take(...ids.map((id, offset) => arrival(offset, tradeEvent(id))));
    await parts.source.take(arrival(0, tradeEvent(1), { partition: 1 }));
    expect(received).toEqual(['1', '2', '3', '1', '1']);
  });

  it('warns of a message that is not a record, and skips an empty one', async () => {
    const parts = readerOf();
    const { received, one } = listener();
    parts.reader.listen(one);
    await begin(parts);
    const fault = new Fault('malformed', 'not ours');
    await parts.source.take(arrival(5, fault), arrival(6, undefined), arrival(7, tradeEvent(7)));
    expect(received).toEqual(['7']);
    expect(parts.warnings).toEqual([{ kind: 'malformed', topic: 'trades', partition: 0, offset: 5, fault }]);
    expect(parts.reader.positions()).toEqual(new Map([[0, 8]]));
  });

  it('passes a failure of the source on, and begins anew with the next listener', async () => {
    const parts = readerOf();
    parts.source.refuses = new Fault('unavailable', 'no topic');
    const { received, one } = listener();
    parts.reader.listen(one);
    await parts.reader.ready();
    expect(received).toEqual(['failed: no topic']);
    parts.source.refuses = undefined;
    parts.reader.listen(one);
    await begin(parts);
    await parts.source.take(...trades(1, 1));
    expect(received).toEqual(['failed: no topic', '1']);
  });

  it('waits for a reading that pauses it, and counts what waits as lag and as not done', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'pause', max: 2 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts);
    const taken = parts.source.take(...trades(1, 5));
    await until(() => slow.waiting === 2);
    await delay(5);
    expect(slow.waiting).toBe(2);
    expect(parts.reader.lag()).toEqual({ ms: 1000, records: 5 });
    expect(parts.reader.done()).toEqual(new Map([[0, 1]]));
    const ids: string[] = [];
    for await (const { tradeId } of slow) {
      ids.push(tradeId);
      if (ids.length < 5) continue;
      expect(parts.reader.done()).toEqual(new Map([[0, 5]]));
      break;
    }
    await taken;
    expect(ids).toEqual(['1', '2', '3', '4', '5']);
    expect(parts.reader.done()).toEqual(new Map([[0, 6]]));
  });

  it('counts what cannot be decoded yet as lag, until it was', async () => {
    const parts = readerOf();
    const { received, one } = listener();
    parts.reader.listen(one);
    await begin(parts, [
      [0, 0],
      [1, 0],
    ]);
    const unknown = () => Promise.reject(new Fault('unavailable', 'no registry'));
    const [first, second, third] = trades(1, 3) as [Arrival, Arrival, Arrival];
    await expect(parts.source.take(first, { ...second, decode: unknown }, third)).rejects.toThrow('no registry');
    // As a source does that begins anew: the brokers have nothing beyond that.
    for (const partition of [0, 1]) parts.source.follower.answered(partition, 0);
    await parts.source.take(...trades(11, 11, 1));
    expect(parts.reader.lag()).toEqual({ ms: 1000, records: 2 });
    await parts.source.take(second, third);
    expect(received).toEqual(['1', '11', '2', '3']);
    expect(parts.reader.lag()).toEqual({ ms: 0, records: 0 });
  });

  it('takes nobody for slow who keeps up within a turn', async () => {
    const parts = readerOf();
    const quick = reading({ kind: 'error', max: 3 });
    quick.enter(parts.reader.listen(quick));
    await begin(parts);
    const ids: string[] = [];
    const consumer = (async () => {
      for await (const { tradeId } of quick) if (ids.push(tradeId) === 1000) break;
    })();
    await parts.source.take(...trades(1, 1000));
    await consumer;
    expect(ids).toHaveLength(1000);
  });

  it('ends a reading that is too slow with a fault, and nobody else', async () => {
    const parts = readerOf();
    const { received, one } = listener();
    parts.reader.listen(one);
    const slow = reading({ kind: 'error', max: 3 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts);
    await parts.source.take(...trades(1, 10));
    await expect(slow.next()).rejects.toThrow('more than 3 records wait to be taken');
    expect(await slow.next()).toEqual({ done: true, value: undefined });
    expect(received).toHaveLength(10);
    expect(parts.reader.done()).toEqual(new Map([[0, 11]]));
  });

  it('leaves what the last reading was not given to the next one of the group', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'pause', max: 10 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts);
    await parts.source.take(...trades(1, 5));
    await slow.next();
    await slow.next();
    slow.close();
    expect(parts.reader.done()).toEqual(new Map([[0, 2]]));
  });

  it('leaves what waits to the next one of the group when it is closed, of whichever reading it waits', async () => {
    const parts = readerOf();
    const [behind, ahead] = [reading({ kind: 'pause', max: 10 }), reading({ kind: 'pause', max: 10 })];
    for (const one of [behind, ahead]) one.enter(parts.reader.listen(one));
    await begin(parts);
    await parts.source.take(...trades(1, 5));
    for (let taken = 0; taken < 3; taken++) await ahead.next();
    await behind.next();
    await parts.reader.close();
    expect(parts.reader.done()).toEqual(new Map([[0, 1]]));
  });

  it('leaves the record that was one too many to the next one of the group', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'error', max: 2 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts, [
      [0, 1],
      [1, 0],
    ]);
    await parts.source.take(...trades(11, 12, 1), ...trades(1, 1));
    await expect(slow.next()).rejects.toThrow('more than 2 records wait');
    expect(parts.reader.done()).toEqual(
      new Map([
        [0, 1],
        [1, 11],
      ]),
    );
  });

  it('gives the records of a partition that the topic is given later', async () => {
    const parts = readerOf();
    const { received, one } = listener();
    parts.reader.listen(one);
    await begin(parts);
    parts.source.follower.started(new Map([[1, 0]]));
    await parts.source.take(...trades(1, 2, 1));
    expect(received).toEqual(['1', '2']);
  });

  it('is ready when the present run has started, not when the previous one ends', async () => {
    const parts = readerOf();
    const { one } = listener();
    const leave = parts.reader.listen(one);
    await until(() => parts.source.begun === 1);
    leave();
    parts.reader.listen(one);
    let isReady = false;
    const ready = parts.reader.ready().then(() => {
      isReady = true;
    });
    parts.source.follower.started(new Map([[0, 0]]));
    await until(() => parts.source.begun === 2);
    await delay(0);
    expect(isReady).toBe(false);
    parts.source.follower.started(new Map([[0, 0]]));
    await ready;
  });

  it('gives a record to all others when the key of one fails, whose reading ends with that', async () => {
    const parts = readerOf();
    const { received, one } = listener();
    const failing = reading({
      kind: 'conflate',
      key: () => {
        throw new Error('no key');
      },
    });
    failing.enter(parts.reader.listen(failing));
    parts.reader.listen(one);
    await begin(parts);
    await parts.source.take(...trades(1, 2));
    expect(received).toEqual(['1', '2']);
    await expect(failing.next()).rejects.toThrow('no key');
    expect(parts.warnings).toEqual([]);
  });

  it('takes back what waits of a partition that is no longer its own', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'pause', max: 10 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts, [
      [0, 0],
      [1, 0],
    ]);
    await parts.source.take(...trades(1, 2), ...trades(11, 12, 1));
    parts.source.follower.keepOnly(new Set([1]));
    expect((await slow.next()).value?.tradeId).toBe('11');
    expect(parts.reader.done()).toEqual(new Map([[1, 11]]));
    // Given again to whom it belongs: what was taken back was never given.
    parts.source.follower.started(new Map([[0, 1]]));
    await parts.source.take(...trades(1, 1));
    await slow.next();
    expect((await slow.next()).value?.tradeId).toBe('1');
  });

  it('sets nothing back to a record that was given before its partition went to others and came again', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'pause', max: 10 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts);
    await parts.source.take(...trades(1, 2));
    expect((await slow.next()).value?.tradeId).toBe('1');
    parts.source.follower.keepOnly(new Set());
    parts.source.follower.started(new Map([[0, 500]]));
    expect(parts.reader.done()).toEqual(new Map([[0, 500]]));
  });

  it('ends for all when it is closed', async () => {
    const parts = readerOf();
    const { received, one } = listener();
    parts.reader.listen(one);
    const slow = reading({ kind: 'pause' });
    slow.enter(parts.reader.listen(slow));
    const next = slow.next();
    await begin(parts);
    await parts.reader.close();
    expect(parts.source.left).toBe(1);
    expect(received).toEqual(['end']);
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
