import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { ReplaySinks } from '../../src/replay/replay-sinks.ts';
import type { OutRecord } from '../../src/sinks/contract.ts';
import type { SinkSettings } from '../../src/sinks/registry.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { delivered, FakeSink, position, rejected, short, tick, trade } from '../sinks/fake-sink.ts';

async function setUp(onRejected?: (sinks: ReplaySinks) => void) {
  const sink = new FakeSink();
  const clock = { ms: 0 };
  const reported: string[] = [];
  let settings: SinkSettings | undefined;
  const make = async (given: SinkSettings): Promise<FakeSink> => {
    settings = given;
    return sink;
  };
  const sinks: ReplaySinks = await ReplaySinks.open(loadConfig({ values: { coins: ['BTC'], sinks: ['file'] } }), {
    log: createLog({ level: 'silent', destination: { write: () => {} } }),
    wallClockMs: () => clock.ms,
    onRejected: (record) => {
      reported.push(record.kind);
      onRejected?.(sinks);
    },
    makers: { file: make, kafka: make },
  });
  onTestFinished(async () => {
    sink.rule = (batch) => batch.map(() => delivered);
    while (sink.underWay > 0) sink.answer(delivered);
    await sinks.close();
  });
  return {
    sink,
    sinks,
    reported,
    clock,
    /** The time that the sink uses in the name of a file. */
    sinkMs: () => settings?.wallClockMs(),
    take(outs: readonly OutRecord[], barrier = false): void {
      sinks.take({ records: outs.map(({ record }) => record as FeedRecord), barrier }, clock.ms);
    },
    /** Advances the time. Returns false if the sink must answer first. */
    async pass(ms: number): Promise<boolean> {
      let passed = false;
      if (sinks.isDue(ms)) {
        void sinks.pass(ms).then(() => {
          passed = true;
        });
      } else passed = true;
      await turn();
      clock.ms = ms;
      return passed;
    },
    batches: () => sink.batches.map((batch) => batch.map(short).join(' ')),
  };
}

const trades = (first: number, count: number): OutRecord[] =>
  Array.from({ length: count }, (_, index) => trade(first + index));

describe('ReplaySinks', () => {
  it('writes the records of one second at a time, and waits for their acknowledgement', async () => {
    const { take, pass, batches, sink } = await setUp();
    take(trades(1, 2));
    expect(await pass(999)).toBe(true);
    expect(batches()).toEqual([]);
    expect(await pass(1000)).toBe(true);
    expect(batches()).toEqual(['t1 t2']);
    take(trades(3, 1));
    expect(await pass(1999)).toBe(true);
    expect(await pass(2000)).toBe(false);
    expect(batches()).toEqual(['t1 t2']);
    sink.answer(delivered);
    await turn();
    expect(batches()).toEqual(['t1 t2', 't3']);
  });

  it('limits batches to a few thousand records, even at a high rate', async () => {
    const { take, pass, sink } = await setUp();
    sink.rule = (batch) => batch.map(() => delivered);
    for (let count = 0; count < 100; count++) {
      take(trades(count * 500, 500));
      expect(await pass(count / 100)).toBe(true);
    }
    const sizes = sink.batches.map(({ length }) => length);
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.max(...sizes)).toBeLessThan(7000);
    expect(Math.min(...sizes)).toBeGreaterThan(4000);
  });

  it('keeps the last price tick of each symbol and epoch in a window, in place of the first', async () => {
    const { take, pass, sinks, batches, sink } = await setUp();
    sink.rule = (batch) => batch.map(() => delivered);
    take([
      tick('1'),
      trade(1),
      tick('7', 'ETHUSDT'),
      tick('2'),
      trade(2),
      tick('3', 'BTCUSDT', { epoch: 2 }),
      tick('4', 'BTCUSDT', { epoch: 2 }),
    ]);
    take([tick('5', 'BTCUSDT', { epoch: 1 })]);
    await pass(1000);
    expect(batches()).toEqual(['p2 t1 p7 t2 p4 p5']);
    // A batch window also ends after 500 records.
    take([tick('1'), ...trades(1, 498)]);
    expect(sinks.isDue(1000)).toBe(false);
    take([tick('2')]);
    expect(sinks.isDue(1000)).toBe(true);
    await pass(1000);
    take([tick('3'), tick('4')]);
    await pass(2000);
    expect(batches()[1]).toMatch(/^p2 t1 .* t498 p4$/);
    expect(sinks.counts).toEqual(
      new Map([
        ['simulated.prices', 10],
        ['simulated.trades', 500],
      ]),
    );
  });

  it('sets the clock of the sink to the time at which a batch was handed over', async () => {
    const { take, pass, sinkMs, sink } = await setUp();
    take(trades(1, 1));
    await pass(1200);
    take(trades(2, 1));
    await pass(1900);
    expect(sinkMs()).toBe(0);
    sink.answer(delivered);
    await pass(2900);
    expect(sinkMs()).toBe(1900);
  });

  it('reports a rejected record when the next batch goes out, not when the sink rejects it', async () => {
    const { take, pass, reported, sinks, sink, batches } = await setUp();
    take(trades(1, 2));
    await pass(1000);
    sink.answer([rejected, delivered]);
    take(trades(3, 1));
    await pass(1500);
    expect(reported).toEqual([]);
    await pass(2000);
    expect(reported).toEqual(['trade']);
    sink.answer(rejected);
    await sinks.settle();
    expect(reported).toEqual(['trade', 'trade']);
    expect(batches()).toEqual(['t1 t2', 't3']);
  });

  it('keeps later records until a barrier is acknowledged, and settles when all are', async () => {
    const { take, sinks, batches, sink } = await setUp();
    take(trades(1, 1));
    take([position(2)], true);
    take(trades(2, 1));
    const settled = sinks.settle();
    await turn();
    expect(batches()).toEqual(['t1']);
    sink.answer(delivered);
    await turn();
    expect(batches()).toEqual(['t1', 'e2']);
    sink.answer(delivered);
    await turn();
    sink.answer(delivered);
    await settled;
    expect(batches()).toEqual(['t1', 'e2', 't2']);
  });

  it('writes a batch after at most a second if no more records arrive', async () => {
    const { take, pass, sinks, batches } = await setUp();
    take(trades(1, 500));
    expect(await pass(100)).toBe(true);
    expect(sinks.isDue(999)).toBe(false);
    expect(sinks.isDue(1000)).toBe(true);
    await pass(1000);
    expect(batches()).toHaveLength(1);
  });

  it('settles only after the records added for a rejected record are delivered, too', async () => {
    const { take, sinks, batches, sink } = await setUp((open) =>
      open.take({ records: [trade(9).record as FeedRecord], barrier: false }, 0),
    );
    sink.rule = (batch) => batch.map((out) => (short(out) === 't1' ? rejected : delivered));
    take(trades(1, 2));
    await sinks.settle();
    expect(batches()).toEqual(['t1 t2', 't9']);
  });

  it('rejects with the fault of a broken sink, and counts the undelivered records', async () => {
    const { take, sinks, sink } = await setUp();
    const fault = new Fault('sink', 'the disk is gone', { retry: { kind: 'never' } });
    sink.rule = (batch) => batch.map(() => ({ kind: 'retry', fault }));
    take(trades(1, 2));
    await expect(sinks.settle()).rejects.toThrow('the disk is gone');
    take(trades(3, 1));
    await expect(sinks.pass(1000)).rejects.toThrow('the disk is gone');
    expect(await sinks.close()).toEqual({ undelivered: 3 });
  });

  it('delivers the remaining records when it closes during a write', async () => {
    const { take, pass, sinks, batches, sink } = await setUp();
    take(trades(1, 1));
    await pass(1000);
    take(trades(2, 2));
    void sinks.settle();
    await turn();
    expect(batches()).toEqual(['t1']);
    const closed = sinks.close();
    sink.answer(delivered);
    await turn();
    sink.answer(delivered);
    expect(await closed).toEqual({ undelivered: 0 });
    expect(batches()).toEqual(['t1', 't2 t3']);
  });
});
