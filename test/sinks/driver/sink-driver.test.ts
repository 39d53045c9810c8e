import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import type { DriverOptions } from '../../../src/sinks/driver/driver-options.ts';
import { SinkDriver } from '../../../src/sinks/driver/sink-driver.ts';
import { sampleBookDelta } from '../../../testing/records/sample-records.ts';
import {
  deadLetter,
  delivered,
  FakeSink,
  gap,
  position,
  pushAll,
  rejected,
  retry,
  short,
  tick,
  trade,
} from '../fake-sink.ts';
import { VirtualClock } from '../virtual-clock.ts';

async function setUp(options: Partial<DriverOptions> = {}, sink = new FakeSink()) {
  const clock = new VirtualClock();
  const states: string[] = [];
  const out: string[] = [];
  const refused: string[] = [];
  const dropped: string[] = [];
  const driver = new SinkDriver(sink, {
    scheduler: clock,
    onState: (state, reason) => states.push(`${clock.now()} ${state}: ${reason}`),
    onDelivered: (records) => out.push(...records.map(short)),
    onRejected: (record, fault) => refused.push(`${short(record)}: ${fault.message}`),
    onDropped: (byTopic) => {
      for (const [topic, count] of byTopic) dropped.push(`${topic} ${count}`);
    },
    ...options,
  });
  await clock.advance(0);
  const batches = () => sink.batches.map((batch) => batch.map(short).join(' '));
  return { clock, sink, driver, states, out, refused, dropped, batches };
}

describe('a sink that fails for good', () => {
  const over = { kind: 'retry', fault: new Fault('sink', 'another took over', { retry: { kind: 'never' } }) } as const;

  it('is reported once, gets no more calls, and waiting records count as undelivered', async () => {
    const failed: string[] = [];
    const { clock, sink, driver, batches } = await setUp({ onFailed: ({ message }) => failed.push(message) });
    sink.rule = (batch) => batch.map(() => over);
    pushAll(driver, [trade(1), trade(2)]);
    await clock.advance(60_000);
    driver.push(trade(3));
    await clock.advance(60_000);
    expect([failed, batches()]).toEqual([['another took over'], ['t1 t2']]);
    const closed = driver.close({ timeoutMs: 1000 });
    await clock.advance(2000);
    expect(await closed).toEqual({ undelivered: 2, spilled: 0 });
    expect(driver.stats().dropped).toEqual({ trades: 1 });
  });
});

describe('SinkDriver.resume', () => {
  const asked = { environmentPrefixes: [''], kinds: ['trade'] } as const;

  it('retries reading the checkpoints after a temporary fault, and reports the fault', async () => {
    const { clock, sink, driver, states } = await setUp();
    const answers = [new Fault('sink', 'not the leader'), new Fault('sink', 'the registry: 503')];
    sink.checkpoints = async () => {
      const fault = answers.shift();
      if (fault !== undefined) throw fault;
      return [];
    };
    const checkpoints = driver.resume(asked);
    await clock.advance(1000);
    expect(await checkpoints).toEqual([]);
    expect(states).toEqual(['0 up: open', '0 down: not the leader', '100 down: the registry: 503', '300 up: open']);
  });

  it('stops reading the checkpoints at a close, and does not retry a permanent fault', async () => {
    const { clock, sink, driver } = await setUp();
    sink.checkpoints = () => Promise.reject(new Fault('sink', 'not the leader'));
    const checkpoints = driver.resume(asked);
    await clock.advance(50);
    const closed = driver.close({ timeoutMs: 0 });
    await expect(checkpoints).rejects.toMatchObject({ retry: { kind: 'never' } });
    await clock.advance(2000);
    await closed;
    const other = await setUp();
    other.sink.checkpoints = () => Promise.reject(new Fault('sink', 'no', { retry: { kind: 'never' } }));
    await expect(other.driver.resume(asked)).rejects.toThrow('no');
  });
});

describe('batches of SinkDriver', () => {
  it('contain all records of a turn, then all records pushed while the previous batch was in flight', async () => {
    const { clock, sink, driver, out, batches } = await setUp();
    driver.push(trade(1));
    driver.push(trade(2));
    await clock.advance(0);
    driver.push(trade(3));
    await clock.advance(5);
    pushAll(driver, [trade(4), trade(5)]);
    await clock.advance(5);
    expect(batches()).toEqual(['t1 t2']);
    sink.answer(delivered);
    await clock.advance(0);
    expect(batches()).toEqual(['t1 t2', 't3 t4 t5']);
    expect(sink.underWay).toBe(1);
    expect(out).toEqual(['t1', 't2']);
    sink.answer(delivered);
    await driver.idle();
    expect(driver.stats()).toMatchObject({ delivered: 5, queued: 0, batches: 2, oldestUnackedMs: null });
  });

  it('contain one record each if maxBatch is 1', async () => {
    const { clock, sink, driver, batches } = await setUp({ maxBatch: 1 });
    sink.rule = (batch) => batch.map(() => delivered);
    pushAll(driver, [trade(1), trade(2), trade(3)]);
    await clock.advance(0);
    expect(batches()).toEqual(['t1', 't2', 't3']);
  });

  it('wait for lingerMs, but not if they are full', async () => {
    const { clock, sink, driver, batches } = await setUp({ lingerMs: 5, maxBatch: 3 });
    sink.rule = (batch) => batch.map(() => delivered);
    driver.push(trade(1));
    await clock.advance(4);
    driver.push(trade(2));
    expect(batches()).toEqual([]);
    await clock.advance(1);
    expect(batches()).toEqual(['t1 t2']);
    pushAll(driver, [trade(3), trade(4), trade(5)]);
    await clock.advance(0);
    expect(batches()).toEqual(['t1 t2', 't3 t4 t5']);
  });

  describe('with a minimum interval', () => {
    const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => trade(from + index));
    async function setUpAnswering(options: Partial<DriverOptions> = {}) {
      const all = await setUp({ minIntervalMs: 3, ...options });
      const times: string[] = [];
      all.sink.rule = (batch) => {
        times.push(`${all.clock.now()}: ${batch.length}`);
        return batch.map(() => delivered);
      };
      return { ...all, times };
    }

    it('start no sooner than the interval after the previous batch, and at once after a pause', async () => {
      const { clock, driver, times } = await setUpAnswering();
      driver.push(trade(1));
      await clock.advance(1);
      driver.push(trade(2));
      await clock.advance(1);
      driver.push(trade(3));
      await clock.advance(2);
      driver.push(trade(4));
      await clock.advance(10);
      driver.push(trade(5));
      await clock.advance(1);
      expect(times).toEqual(['0: 1', '3: 2', '6: 1', '14: 1']);
      await driver.idle();
    });

    it('start at once if twelve records wait, and restart the interval', async () => {
      const { clock, driver, times } = await setUpAnswering();
      driver.push(trade(1));
      await clock.advance(1);
      pushAll(driver, many(2, 11));
      await clock.advance(1);
      driver.push(trade(13));
      await clock.advance(1);
      driver.push(trade(14));
      await clock.advance(10);
      expect(times).toEqual(['0: 1', '2: 12', '5: 1']);
    });

    it('start at once if `enough` records or a barrier wait', async () => {
      const { clock, driver, times } = await setUpAnswering({ minIntervalMs: 100, enough: 500 });
      driver.push(trade(1));
      await clock.advance(1);
      pushAll(driver, many(2, 500));
      await clock.advance(1);
      driver.push(gap(501, 503), { barrier: true });
      await clock.advance(1);
      driver.push(trade(503));
      await clock.advance(98);
      expect(times).toEqual(['0: 1', '1: 500', '2: 1']);
      await clock.advance(2);
      expect(times.at(-1)).toBe('102: 1');
    });

    it('start at once if the previous batch took longer than the interval', async () => {
      const { clock, sink, driver, batches } = await setUp({ minIntervalMs: 3 });
      driver.push(trade(1));
      await clock.advance(1);
      driver.push(trade(2));
      await clock.advance(1);
      expect(batches()).toEqual(['t1']);
      await clock.advance(2);
      sink.answer(delivered);
      await clock.advance(0);
      expect(batches()).toEqual(['t1', 't2']);
      sink.answer(delivered);
      await driver.idle();
    });

    it('start without an interval before and after a barrier', async () => {
      const { clock, driver, times } = await setUpAnswering();
      driver.push(trade(1));
      await clock.advance(1);
      driver.push(trade(2));
      driver.push(position(2), { barrier: true });
      driver.push(trade(3));
      await clock.advance(10);
      expect(times).toEqual(['0: 1', '3: 1', '3: 1', '3: 1']);
    });

    it('start without an interval if maxBatch is 1 or the driver closes', async () => {
      const one = await setUpAnswering({ maxBatch: 1 });
      pushAll(one.driver, [trade(1), trade(2)]);
      await one.clock.advance(0);
      expect(one.times).toEqual(['0: 1', '0: 1']);
      const closing = await setUpAnswering();
      closing.driver.push(trade(1));
      await closing.clock.advance(1);
      closing.driver.push(trade(2));
      const closed = closing.driver.close({ timeoutMs: 1000 });
      await closing.clock.advance(0);
      expect(closing.times).toEqual(['0: 1', '1: 1']);
      expect(await closed).toEqual({ undelivered: 0, spilled: 0 });
    });

    it('deliver every record under any sequence of pushes and answers', async () => {
      const step = fc.record({ push: fc.nat({ max: 20 }), waitMs: fc.nat({ max: 5 }), answer: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const { clock, sink, driver, out } = await setUp({ minIntervalMs: 3 });
          let pushed = 0;
          for (const { push, waitMs, answer } of steps) {
            pushAll(driver, many(pushed, push));
            pushed += push;
            await clock.advance(waitMs);
            if (answer && sink.underWay > 0) sink.answer(delivered);
          }
          sink.rule = (batch) => batch.map(() => delivered);
          if (sink.underWay > 0) sink.answer(delivered);
          await clock.advance(3);
          expect(out).toEqual(many(0, pushed).map(short));
        }),
        { numRuns: 100 },
      );
    });
  });

  it('contain a barrier alone, after earlier records are acknowledged and before later records are sent', async () => {
    const { clock, sink, driver, batches } = await setUp();
    driver.push(trade(1));
    driver.push(position(2), { barrier: true });
    driver.push(trade(2));
    driver.push(gap(2, 9), { barrier: true });
    driver.push(trade(9));
    await clock.advance(0);
    expect(batches()).toEqual(['t1']);
    sink.answer(delivered);
    await clock.advance(0);
    sink.answer(retry());
    await clock.advance(99);
    expect(batches()).toEqual(['t1', 'e2']);
    await clock.advance(1);
    expect(batches()).toEqual(['t1', 'e2', 'e2']);
    await clock.advance(1000);
    expect(sink.batches).toHaveLength(3);
    sink.answer(delivered);
    await clock.advance(0);
    sink.answer(delivered);
    await clock.advance(0);
    expect(batches()).toEqual(['t1', 'e2', 'e2', 't2', 'gap']);
  });
});

describe('barriers in a row', () => {
  it('share a batch, and later records wait until all barriers are delivered', async () => {
    const { clock, sink, driver, batches } = await setUp();
    driver.push(trade(1));
    await clock.advance(0);
    driver.push(position(2), { barrier: true });
    driver.push(position(3), { barrier: true });
    driver.push(trade(2));
    sink.answer(delivered);
    await clock.advance(0);
    sink.answer([delivered, retry()]);
    await clock.advance(100);
    expect(batches()).toEqual(['t1', 'e2 e3', 'e3']);
    sink.answer(delivered);
    await clock.advance(0);
    expect(batches().at(-1)).toBe('t2');
  });
});

describe('price ticks', () => {
  it('replace an older waiting tick of the same symbol', async () => {
    const { clock, sink, driver, out, batches } = await setUp();
    driver.push(trade(1));
    await clock.advance(0);
    pushAll(driver, [tick('1'), trade(2), tick('7', 'ETHUSDT'), tick('2'), trade(3), tick('3')]);
    sink.rule = (batch) => batch.map(() => delivered);
    sink.answer(delivered);
    await clock.advance(0);
    expect(batches()[1]).toBe('p3 t2 p7 t3');
    expect(driver.stats()).toMatchObject({ conflated: 2, queued: 0 });
    driver.push(tick('4'));
    await clock.advance(0);
    expect(out.at(-1)).toBe('p4');
  });

  it('of a new epoch stay after the position record that opens the epoch', async () => {
    const { clock, sink, driver, batches } = await setUp();
    driver.push(trade(1));
    await clock.advance(0);
    driver.push(tick('1'));
    driver.push(position(2), { barrier: true });
    driver.push(tick('2', 'BTCUSDT', { epoch: 2 }));
    driver.push(tick('3', 'BTCUSDT', { epoch: 2 }));
    sink.rule = (batch) => batch.map(() => delivered);
    sink.answer(delivered);
    await clock.advance(0);
    expect(batches()).toEqual(['t1', 'p1', 'e2', 'p3']);
  });

  it('are all delivered if `conflates` is false', async () => {
    const { clock, sink, driver, batches } = await setUp({ conflates: false });
    sink.rule = (batch) => batch.map(() => delivered);
    pushAll(driver, [tick('1'), trade(2), tick('2')]);
    await clock.advance(0);
    expect(batches()).toEqual(['p1 t2 p2']);
    expect(driver.stats()).toMatchObject({ conflated: 0, delivered: 3 });
  });

  it('of two environments do not replace each other', async () => {
    const { clock, sink, driver, batches } = await setUp();
    driver.push(trade(1));
    await clock.advance(0);
    pushAll(driver, [tick('1'), { ...tick('2'), topic: 'testnet.prices' }]);
    sink.rule = (batch) => batch.map(() => delivered);
    sink.answer(delivered);
    await clock.advance(0);
    expect(batches()[1]).toBe('p1 p2');
  });
});

describe('SinkDriver and the outcomes of a batch', () => {
  it('retries undelivered records without the delivered ones, and before newer records', async () => {
    const { clock, sink, driver, out, states, batches } = await setUp();
    pushAll(driver, [trade(1), trade(2), trade(3)]);
    await clock.advance(0);
    driver.push(trade(4));
    sink.answer([delivered, retry(), retry()]);
    await clock.advance(0);
    expect(driver.stats()).toMatchObject({ state: 'down', reason: 'not now', queued: 3, delivered: 1 });
    await clock.advance(100);
    expect(batches()).toEqual(['t1 t2 t3', 't2 t3']);
    sink.answer(retry());
    await clock.advance(200);
    sink.answer(delivered);
    await clock.advance(0);
    sink.answer(delivered);
    await clock.advance(0);
    expect(batches().slice(2)).toEqual(['t2 t3', 't4']);
    expect(out).toEqual(['t1', 't2', 't3', 't4']);
    expect(states).toEqual(['0 up: open', '0 down: not now', '300 up: delivers again']);
  });

  it('waits as the sink asks, else doubles its backoff up to the limit, and resets it after a delivery', async () => {
    const { clock, sink, driver } = await setUp({ backoff: { initialMs: 100, maxMs: 400 } });
    const times: number[] = [];
    const answers = [retry(), retry(), retry(), retry(), retry(3000), delivered, retry(), delivered];
    sink.rule = (batch) => {
      times.push(clock.now());
      const answer = answers.shift() ?? delivered;
      return batch.map(() => answer);
    };
    driver.push(trade(1));
    await clock.advance(10_000);
    expect(times).toEqual([0, 100, 300, 700, 1100, 4100]);
    driver.push(trade(2));
    await clock.advance(10_000);
    expect(times.slice(6)).toEqual([10_000, 10_100]);
  });

  it('passes rejected records to onRejected and continues', async () => {
    const { clock, sink, driver, out, refused, states } = await setUp();
    pushAll(driver, [trade(1), trade(2), trade(3)]);
    await clock.advance(0);
    sink.answer([delivered, rejected, delivered]);
    await clock.advance(0);
    expect(out).toEqual(['t1', 't3']);
    expect(refused).toEqual(['t2: too large']);
    expect(driver.stats()).toMatchObject({ state: 'up', queued: 0, rejected: 1, delivered: 2 });
    expect(states).toEqual(['0 up: open']);
  });

  it('loses no record if the sink throws or returns too few outcomes', async () => {
    const { clock, sink, driver, out } = await setUp();
    let calls = 0;
    sink.rule = (batch) => {
      calls++;
      if (calls === 1) throw new Error('broken');
      return calls === 2 ? [delivered] : batch.map(() => delivered);
    };
    pushAll(driver, [trade(1), trade(2)]);
    await clock.advance(10_000);
    expect(out).toEqual(['t1', 't2']);
  });

  it('reports a sink that does not answer as down, with the reason of the sink', async () => {
    const sink = new FakeSink();
    const { clock, driver, states } = await setUp({ downAfterMs: 2000 }, sink);
    driver.push(trade(1));
    await clock.advance(1999);
    expect(driver.stats()).toMatchObject({ state: 'up', oldestUnackedMs: 1999 });
    sink.troubleNow = 'connect ECONNREFUSED';
    await clock.advance(251);
    expect(driver.stats()).toMatchObject({ state: 'down', reason: 'connect ECONNREFUSED' });
    sink.answer(delivered);
    await clock.advance(0);
    expect(states.map((state) => state.replace(/^\d+ /, ''))).toEqual([
      'up: open',
      'down: connect ECONNREFUSED',
      'up: delivers again',
    ]);
  });

  it('does not report a slow sink as down while it delivers', async () => {
    const { clock, sink, driver, states } = await setUp({ maxBatch: 1, downAfterMs: 500 });
    for (let id = 1; id <= 20; id++) driver.push(trade(id));
    for (let id = 1; id <= 20; id++) {
      await clock.advance(400);
      sink.answer(delivered);
    }
    await clock.advance(0);
    expect(states).toEqual(['0 up: open']);
    expect(driver.stats()).toMatchObject({ delivered: 20 });
  });
});

describe('SinkDriver opening a sink', () => {
  it('retries with backoff, or when the fault asks for it; records pushed meanwhile wait', async () => {
    const sink = new FakeSink();
    sink.opening.push(
      new Fault('sink', 'no broker'),
      new Fault('sink', 'no broker'),
      new Fault('sink', 'later', { retry: { kind: 'after', afterMs: 3000 } }),
    );
    const { clock, driver, states, batches } = await setUp({}, sink);
    driver.push(trade(1));
    await clock.advance(3299);
    expect(driver.stats()).toMatchObject({ state: 'down', queued: 1 });
    await clock.advance(1);
    await driver.opened;
    expect(states).toEqual(['0 down: no broker', '300 down: later', '3300 up: open']);
    expect(batches()).toEqual(['t1']);
  });

  it('gives up if the retry of the fault is never', async () => {
    const sink = new FakeSink();
    sink.opening.push(new Fault('sink', 'no permission', { retry: { kind: 'never' } }));
    const { clock, driver } = await setUp({}, sink);
    await clock.advance(60_000);
    await expect(driver.opened).rejects.toThrow('no permission');
    expect(sink.opens).toBe(1);
    driver.push(trade(1));
    const closed = driver.close({ timeoutMs: 100 });
    await clock.advance(100);
    expect(await closed).toEqual({ undelivered: 1, spilled: 0 });
  });
});

describe('the limits of the queue', () => {
  it('drop price ticks first, then dead letters, then trades, and gaps and position records last', async () => {
    const { clock, driver, dropped } = await setUp({ maxRecords: 4 });
    driver.push(trade(0));
    await clock.advance(0);
    pushAll(driver, [gap(1, 3), trade(1), tick('1'), tick('2', 'ETHUSDT')]);
    driver.push(trade(2));
    expect(dropped).toEqual(['prices 1']);
    driver.push(deadLetter(new Uint8Array(10)));
    expect(dropped).toEqual(['prices 1', 'prices 1']);
    driver.push(trade(3));
    expect(dropped.at(-1)).toBe('dead-letters 1');
    driver.push(trade(4));
    driver.push(position(2), { barrier: true });
    expect(dropped.slice(-2)).toEqual(['trades 1', 'trades 1']);
    expect(driver.stats()).toMatchObject({ queued: 5, dropped: { prices: 2, trades: 2, 'dead-letters': 1 } });
  });

  it('count bytes, so that large dead letters are dropped before a trade', async () => {
    const { clock, driver, dropped } = await setUp({ maxBytes: 300_000 });
    driver.push(trade(0));
    await clock.advance(0);
    driver.push(trade(1));
    for (let count = 0; count < 100; count++) driver.push(deadLetter(new Uint8Array(65_536)));
    expect(driver.stats().dropped['dead-letters']).toBeGreaterThan(90);
    expect(dropped.every((text) => text.startsWith('dead-letters'))).toBe(true);
  });

  it('count the levels of book deltas, which are dropped before a trade', async () => {
    const { clock, driver, dropped } = await setUp({ maxBytes: 6_000_000 });
    driver.push(trade(0));
    await clock.advance(0);
    driver.push(trade(1));
    const side = Array.from({ length: 5000 }, (_, index) => ({ price: String(index + 1), quantity: '1' }));
    const record = sampleBookDelta({ snapshot: true, bids: side, asks: side });
    for (let count = 0; count < 20; count++) driver.push({ topic: 'book-deltas', key: 'BTCUSDT', record });
    // Each record has 1.2 MB.
    expect(driver.stats()).toMatchObject({ queued: 2 + 5, dropped: { 'book-deltas': 15 } });
    expect(dropped.every((text) => text.startsWith('book-deltas'))).toBe(true);
  });

  it('drop nothing for a tick that replaces another, even if drops have moved that tick', async () => {
    const { clock, sink, driver, batches } = await setUp({ maxRecords: 3 });
    driver.push(trade(0));
    await clock.advance(0);
    pushAll(driver, [tick('1', 'ETHUSDT'), tick('2'), trade(1), trade(2), tick('3')]);
    sink.rule = (batch) => batch.map(() => delivered);
    sink.answer(delivered);
    await clock.advance(0);
    expect(batches()[1]).toBe('p3 t1 t2');
    expect(driver.stats()).toMatchObject({ dropped: { prices: 1 }, conflated: 1 });
  });
});

describe('SinkDriver.close', () => {
  it('delivers waiting records, then closes the sink, and drops records pushed later', async () => {
    const { clock, sink, driver, out, dropped } = await setUp({ maxBatch: 2, lingerMs: 60_000 });
    pushAll(driver, [trade(1), trade(2), trade(3)]);
    const closed = driver.close({ timeoutMs: 5000 });
    expect(driver.close({ timeoutMs: 1 })).toBe(closed);
    driver.push(trade(4));
    await clock.advance(0);
    sink.answer(delivered);
    await clock.advance(0);
    expect(sink.closes).toBe(0);
    sink.answer(delivered);
    await clock.advance(0);
    expect(await closed).toEqual({ undelivered: 0, spilled: 0 });
    expect(sink.closes).toBe(1);
    expect(out).toEqual(['t1', 't2', 't3']);
    expect(dropped).toEqual(['trades 1']);
  });

  it('stops at its deadline and reports the number of undelivered records', async () => {
    const { clock, sink, driver } = await setUp({ maxBatch: 2 });
    pushAll(driver, [trade(1), trade(2), trade(3)]);
    await clock.advance(0);
    const closed = driver.close({ timeoutMs: 3000 });
    await clock.advance(2999);
    expect(sink.closes).toBe(0);
    await clock.advance(1);
    expect(await closed).toEqual({ undelivered: 3, spilled: 0 });
    expect(sink.batches).toHaveLength(1);
  });

  it('ends a pending retry and a pending opening at its deadline', async () => {
    const { clock, sink, driver } = await setUp({ backoff: { initialMs: 60_000, maxMs: 60_000 } });
    driver.push(trade(1));
    await clock.advance(0);
    sink.answer(retry());
    const closed = driver.close({ timeoutMs: 100 });
    await clock.advance(100);
    expect(await closed).toEqual({ undelivered: 1, spilled: 0 });

    const slow = new FakeSink();
    slow.opening.push(new Fault('sink', 'no broker', { retry: { kind: 'after', afterMs: 60_000 } }));
    const second = await setUp({}, slow);
    const closedSecond = second.driver.close({ timeoutMs: 100 });
    await second.clock.advance(100);
    expect(await closedSecond).toEqual({ undelivered: 0, spilled: 0 });
    await expect(second.driver.opened).rejects.toThrow('closed before it was open');
  });
});
