import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BufferedReading } from '../../../src/client/reader/reading.ts';
import { type RecordListener, TopicReader } from '../../../src/client/reader/topic-reader.ts';
import type { Overflow } from '../../../src/client/reader/waiting-records.ts';
import type { ClientWarning, EncodedMessage } from '../../../src/client/source/source.ts';
import { recordsOf } from '../../../src/client/topic-name.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { TradeEvent } from '../../../src/domain/record.ts';
import { monotonicScheduler } from '../../../src/net/monotonic-scheduler.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';
import { until } from '../../../testing/tools/until.ts';
import { encoded, FakeSource } from '../fake-source.ts';

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
  source.handler.started(new Map(offsets));
};

const trades = (first: number, last: number, partition = 0) =>
  Array.from({ length: last - first + 1 }, (_, index) =>
    encoded(first + index, tradeEvent(first + index), { partition, appendedAt: 9000 }),
  );

const reading = (overflow: Overflow<TradeEvent>) => new BufferedReading(recordsOf('trades', undefined), overflow);

describe('TopicReader', () => {
  it('reads the source once for all listeners, and only while it has a listener', async () => {
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

  it('drops duplicates within the identity window of each partition', async () => {
    const parts = readerOf({ identityWindow: 2 });
    const { received, one } = listener();
    parts.reader.listen(one);
    await begin(parts, [
      [0, 0],
      [1, 0],
    ]);
    const ids = [1, 2, 2, 1, 3, 1];
    await parts.source.take(...ids.map((id, offset) => encoded(offset, tradeEvent(id))));
    await parts.source.take(encoded(0, tradeEvent(1), { partition: 1 }));
    expect(received).toEqual(['1', '2', '3', '1', '1']);
  });

  it('warns of a message that is not a record, and skips an empty one', async () => {
    const parts = readerOf();
    const { received, one } = listener();
    parts.reader.listen(one);
    await begin(parts);
    const fault = new Fault('malformed', 'not ours');
    await parts.source.take(encoded(5, fault), encoded(6, undefined), encoded(7, tradeEvent(7)));
    expect(received).toEqual(['7']);
    expect(parts.warnings).toEqual([{ kind: 'malformed', topic: 'trades', partition: 0, offset: 5, fault }]);
    expect(parts.reader.positions()).toEqual(new Map([[0, 8]]));
  });

  it('passes a failure of the source to its listener, and restarts for the next listener', async () => {
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

  it('pauses for a full reading, whose waiting records count as lag and not as done', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'pause', max: 2 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts);
    const taken = parts.source.take(...trades(1, 5));
    await until(() => slow.waiting === 2);
    await delay(5);
    expect(slow.waiting).toBe(2);
    expect(parts.reader.lag()).toEqual({ ms: 1000, records: 5 });
    expect(parts.reader.committable()).toEqual(new Map([[0, 1]]));
    const ids: string[] = [];
    for await (const { tradeId } of slow) {
      ids.push(tradeId);
      if (ids.length < 5) continue;
      expect(parts.reader.committable()).toEqual(new Map([[0, 5]]));
      break;
    }
    await taken;
    expect(ids).toEqual(['1', '2', '3', '4', '5']);
    expect(parts.reader.committable()).toEqual(new Map([[0, 6]]));
  });

  it('counts records that cannot be decoded yet as lag until they are decoded', async () => {
    const parts = readerOf();
    const { received, one } = listener();
    parts.reader.listen(one);
    await begin(parts, [
      [0, 0],
      [1, 0],
    ]);
    const unknown = () => Promise.reject(new Fault('unavailable', 'no registry'));
    const [first, second, third] = trades(1, 3) as [EncodedMessage, EncodedMessage, EncodedMessage];
    await expect(parts.source.take(first, { ...second, decode: unknown }, third)).rejects.toThrow('no registry');
    // A source that starts again reports that the brokers have no more records.
    for (const partition of [0, 1]) parts.source.handler.updateLag(partition, 0);
    await parts.source.take(...trades(11, 11, 1));
    expect(parts.reader.lag()).toEqual({ ms: 1000, records: 2 });
    await parts.source.take(second, third);
    expect(received).toEqual(['1', '11', '2', '3']);
    expect(parts.reader.lag()).toEqual({ ms: 0, records: 0 });
  });

  it('does not treat a reading as slow if it catches up within a turn of the event loop', async () => {
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

  it('ends only a reading that is too slow, with a fault', async () => {
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
    expect(parts.reader.committable()).toEqual(new Map([[0, 11]]));
  });

  it('leaves records that a closed reading has not finished to the next group member', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'pause', max: 10 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts);
    await parts.source.take(...trades(1, 5));
    await slow.next();
    await slow.next();
    slow.close();
    expect(parts.reader.committable()).toEqual(new Map([[0, 2]]));
  });

  it('leaves records that any reading has not finished at the close to the next group member', async () => {
    const parts = readerOf();
    const [behind, ahead] = [reading({ kind: 'pause', max: 10 }), reading({ kind: 'pause', max: 10 })];
    for (const one of [behind, ahead]) one.enter(parts.reader.listen(one));
    await begin(parts);
    await parts.source.take(...trades(1, 5));
    for (let taken = 0; taken < 3; taken++) await ahead.next();
    await behind.next();
    await parts.reader.close();
    expect(parts.reader.committable()).toEqual(new Map([[0, 1]]));
  });

  it('leaves the record that overflowed a reading to the next group member', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'error', max: 2 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts, [
      [0, 1],
      [1, 0],
    ]);
    await parts.source.take(...trades(11, 12, 1), ...trades(1, 1));
    await expect(slow.next()).rejects.toThrow('more than 2 records wait');
    expect(parts.reader.committable()).toEqual(
      new Map([
        [0, 1],
        [1, 11],
      ]),
    );
  });

  it('delivers the records of a partition that is added later', async () => {
    const parts = readerOf();
    const { received, one } = listener();
    parts.reader.listen(one);
    await begin(parts);
    parts.source.handler.started(new Map([[1, 0]]));
    await parts.source.take(...trades(1, 2, 1));
    expect(received).toEqual(['1', '2']);
  });

  it('is ready when its current run has started; a late start of the previous run does not count', async () => {
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
    parts.source.handler.started(new Map([[0, 0]]));
    await until(() => parts.source.begun === 2);
    await delay(0);
    expect(isReady).toBe(false);
    parts.source.handler.started(new Map([[0, 0]]));
    await ready;
  });

  it('ends a reading whose key function throws, and delivers the record to all other listeners', async () => {
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

  it('discards waiting records of a revoked partition, and delivers them after a new assignment', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'pause', max: 10 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts, [
      [0, 0],
      [1, 0],
    ]);
    await parts.source.take(...trades(1, 2), ...trades(11, 12, 1));
    parts.source.handler.keepOnly(new Set([1]));
    expect((await slow.next()).value?.tradeId).toBe('11');
    expect(parts.reader.committable()).toEqual(new Map([[1, 11]]));
    // The same member is assigned the partition again. Trade 1 was not handed out before, so it is read again.
    parts.source.handler.started(new Map([[0, 1]]));
    await parts.source.take(...trades(1, 1));
    await slow.next();
    expect((await slow.next()).value?.tradeId).toBe('1');
  });

  it('continues at the new start offset of a partition that was revoked and assigned again', async () => {
    const parts = readerOf();
    const slow = reading({ kind: 'pause', max: 10 });
    slow.enter(parts.reader.listen(slow));
    await begin(parts);
    await parts.source.take(...trades(1, 2));
    expect((await slow.next()).value?.tradeId).toBe('1');
    parts.source.handler.keepOnly(new Set());
    parts.source.handler.started(new Map([[0, 500]]));
    expect(parts.reader.committable()).toEqual(new Map([[0, 500]]));
  });

  it('ends all listeners and readings when it is closed', async () => {
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
