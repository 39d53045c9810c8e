import { expect, it } from 'vitest';
import { mergeMetrics } from '../../src/cluster/merge-metrics-snapshots.ts';
import { type ShardEnd, ShardRun } from '../../src/cluster/shard-run.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { Pipeline, StopOptions } from '../../src/runtime/run.ts';
import type { Stopped } from '../../src/runtime/sink-pipelines.ts';
import { VirtualClock } from '../sinks/virtual-clock.ts';

const LEFT: Stopped = { undelivered: 7, spilled: 3, dropped: 2 };
const metrics = mergeMetrics([]);
const snapshot = (dropped: number) => ({ sinks: [{ dropped }] }) as unknown as ReturnType<Pipeline['snapshot']>;
const taken = new Fault('sink', 'taken over', { retry: { kind: 'never' } });

/** A pipeline whose start the test controls. */
class Scripted {
  readonly clock = new VirtualClock();
  readonly started = Promise.withResolvers<void>();
  readonly failing = new AbortController();
  readonly stops: string[] = [];
  aborted = false;
  end: ShardEnd | undefined;
  readonly run: ShardRun;

  constructor() {
    const pipeline = {
      failed: this.failing.signal,
      metrics: () => metrics,
      snapshot: () => snapshot(this.stops.length + 1),
      stop: async (reason: string, { afterMs }: StopOptions = {}) => {
        this.stops.push(afterMs === undefined ? reason : `${reason} after ${afterMs} ms`);
        return LEFT;
      },
    } as Partial<Pipeline> as Pipeline;
    this.run = new ShardRun(async (signal) => {
      signal.addEventListener('abort', () => {
        this.aborted = true;
        this.started.reject(signal.reason);
      });
      await this.started.promise;
      return pipeline;
    }, this.clock);
    void this.run.ended.then((end) => {
      this.end = end;
    });
  }

  async begin(): Promise<void> {
    this.started.resolve();
    await this.clock.advance(0);
    expect(this.run.pipeline).toBeDefined();
  }
}

it('a shard that is given up while it starts ends at once without having run', async () => {
  const shard = new Scripted();
  shard.run.giveUp(1000);
  await shard.clock.advance(0);
  expect([shard.aborted, shard.end, shard.stops]).toEqual([true, { fault: undefined, ran: undefined }, []]);
});

it('a shard that is given up while it shuts the previous owner out runs until another instance takes it over', async () => {
  const shard = new Scripted();
  shard.run.beginFence();
  shard.run.giveUp();
  await shard.begin();
  await shard.clock.advance(600_000);
  expect([shard.aborted, shard.run.isGivenUp, shard.end]).toEqual([false, true, undefined]);
  shard.failing.abort(taken);
  await shard.clock.advance(0);
  expect(shard.end).toMatchObject({ fault: taken });
});

it('a given-up shard whose attempt to shut the previous owner out failed makes no second attempt', async () => {
  const shard = new Scripted();
  shard.run.beginFence();
  shard.run.giveUp();
  shard.run.beginFence();
  await shard.clock.advance(0);
  expect([shard.aborted, shard.end]).toEqual([true, { fault: undefined, ran: undefined }]);
});

it('a given-up shard runs until another instance takes it over, and reports nothing undelivered', async () => {
  const shard = new Scripted();
  await shard.begin();
  shard.run.giveUp(1000);
  await shard.clock.advance(900);
  expect([shard.run.isGivenUp, shard.end]).toEqual([true, undefined]);
  shard.failing.abort(taken);
  await shard.clock.advance(0);
  expect(shard.stops).toEqual(['taken over']);
  const stopped = { undelivered: 0, spilled: 0, dropped: 1 };
  expect(shard.end).toEqual({ fault: taken, ran: { stopped, metrics, snapshot: snapshot(2) } });
  expect(shard.run.pipeline).toBeUndefined();
});

it('a given-up shard without a takeover ends after its time limit and reports what it left', async () => {
  const shard = new Scripted();
  await shard.begin();
  shard.run.giveUp(1000);
  await shard.clock.advance(1000);
  expect(shard.end).toEqual({
    fault: undefined,
    ran: { stopped: LEFT, metrics, snapshot: snapshot(2) },
  });
});

it('a given-up shard without a time limit runs until another instance takes it over', async () => {
  const shard = new Scripted();
  await shard.begin();
  shard.run.giveUp();
  await shard.clock.advance(600_000);
  expect([shard.run.isGivenUp, shard.end]).toEqual([true, undefined]);
  shard.failing.abort(taken);
  await shard.clock.advance(0);
  expect(shard.end).toMatchObject({ fault: taken });
});

it('a given-up shard continues if it is assigned again before its time limit', async () => {
  const shard = new Scripted();
  await shard.begin();
  shard.run.giveUp(1000);
  shard.run.keep();
  await shard.clock.advance(5000);
  expect([shard.run.isGivenUp, shard.end, shard.stops]).toEqual([false, undefined, []]);
});

it('a shard that is given up and stopped at the same moment ends as given up', async () => {
  const shard = new Scripted();
  await shard.begin();
  shard.run.giveUp(1500, { afterMs: 1600 });
  shard.clock.schedule(() => shard.run.stop('SIGTERM', { afterMs: 1700 }), 1500);
  await shard.clock.advance(1500);
  expect(shard.stops).toEqual(['given up after 1600 ms']);
});

it('a stopped shard reports what it left', async () => {
  const shard = new Scripted();
  await shard.begin();
  shard.run.stop('SIGTERM', { afterMs: 700 });
  await shard.clock.advance(0);
  expect([shard.stops, shard.end]).toEqual([
    ['SIGTERM after 700 ms'],
    { fault: undefined, ran: { stopped: LEFT, metrics, snapshot: snapshot(2) } },
  ]);
});

it('a shard that cannot start reports the fault', async () => {
  const shard = new Scripted();
  const fault = new Fault('sink', 'not allowed', { retry: { kind: 'never' } });
  shard.started.reject(fault);
  await shard.clock.advance(0);
  expect(shard.end).toEqual({ fault, ran: undefined });
});
