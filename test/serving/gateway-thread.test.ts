import { type AddressInfo, createServer } from 'node:net';
import { asyncScheduler, type SchedulerAction, type SchedulerLike } from 'rxjs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { mergeMetrics } from '../../src/cluster/merge-metrics-snapshots.ts';
import { mergeStatus } from '../../src/cluster/merge-status-snapshots.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { StatusSnapshot } from '../../src/domain/status-snapshot.ts';
import type { Running } from '../../src/runtime/run.ts';
import { startingSnapshot } from '../../src/runtime/snapshots/take-status-snapshot.ts';
import { GatewayThread } from '../../src/serving/gateway-thread.ts';
import { priceTick, tradeEvent } from '../../testing/judges/events.ts';
import { sampleAudit, sampleBookDelta, sampleRecords } from '../../testing/records/sample-records.ts';
import { until } from '../../testing/tools/until.ts';

/* These tests share one GatewayThread, in this order, because each start of its thread loads a web server. */
vi.setConfig({ testTimeout: 60_000 });

/** A scheduler with which the waiting times of the thread pass a hundred times as fast. */
const hurried: SchedulerLike = {
  now: () => asyncScheduler.now(),
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T) {
    return asyncScheduler.schedule(work, delay / 100, state);
  },
};

const other = createServer();
const said: { readonly level: string; readonly event: unknown; readonly message: string }[] = [];
let gateway: GatewayThread;
let port: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  ({ port } = other.address() as AddressInfo);
  gateway = new GatewayThread({
    config: loadConfig({ values: { coins: ['BTC'], gateway: { enabled: true, port } } }),
    scheduler: hurried,
    log: (level, fields, message) => said.push({ level, event: (fields as { event?: unknown }).event, message }),
  });
});

afterAll(async () => {
  await gateway?.close();
  other.close();
});

const listens = async (): Promise<string> => (await until(() => gateway.url)) ?? '';

const pricesAt = async (url: string): Promise<unknown> => {
  const answer = await fetch(new URL('/api/prices', url));
  return ((await answer.json()) as { prices: { price: string }[] }).prices.map(({ price }) => price);
};

it('GatewayThread reports a taken port once, and retries until it is free', async () => {
  await until(() => said.length > 0);
  expect(said).toEqual([{ level: 'warn', event: 'gateway_unavailable', message: expect.stringContaining(`${port}`) }]);
  expect(gateway.url).toBeUndefined();
  await new Promise((resolve) => other.close(resolve));
  expect(new URL(await listens()).port).toBe(String(port));
  expect(said.map(({ event }) => event)).toEqual(['gateway_unavailable', 'gateway']);
});

it('GatewayThread serves prices and whole books without a feed status', async () => {
  const level = (price: number) => ({ price: String(price), quantity: '1' });
  const levels = { bids: [9, 8, 7].map(level), asks: [10, 11, 12].map(level) };
  const tick = priceTick({ price: '101.5' });
  const { venue, epoch } = tick;
  gateway.publish([tick, tradeEvent(1), sampleBookDelta({ venue, epoch, snapshot: true, ...levels })]);
  const url = await listens();
  await until(async () => expect(await pricesAt(url)).toEqual(['101.5']) ?? true);
  const summary = await fetch(new URL('/api/assets/crypto/BTC/depth-summary', url));
  expect(await summary.json()).toMatchObject({ levels_known: 3, price_range: { low: '7', high: '12' } });
});

it('GatewayThread serves the verdicts of audits', async () => {
  gateway.publish([sampleAudit()]);
  const quality = new URL('/api/quality', await listens());
  await until(async () => {
    const { minutes } = (await (await fetch(quality)).json()) as { minutes: object[] };
    return minutes.length === 1;
  });
});

it('GatewayThread restarts the thread if too many records wait for it, and the new thread gets the instruments again', async () => {
  const instrument = sampleRecords.find(({ kind }) => kind === 'instrument');
  if (instrument === undefined) throw new Error('no sample of an instrument');
  said.length = 0;
  gateway.publish([instrument]);
  const serves = async (): Promise<void> => {
    const instruments = new URL('/api/instruments', await listens());
    await until(async () => {
      const answer = (await (await fetch(instruments)).json()) as { instruments: object[] };
      return answer.instruments.length === 1;
    });
  };
  await serves();
  gateway.publish(Array.from({ length: 100_001 }, (_, id) => tradeEvent(id)));
  await until(() => said.some(({ event }) => event === 'gateway_unavailable'));
  await serves();
  gateway.publish([priceTick({ price: '7' })]);
  const url = gateway.url ?? '';
  await until(async () => expect(await pricesAt(url)).toEqual(['7']) ?? true);
});

/** A cluster without a shard. */
class Idle implements Pick<Running, 'feeds' | 'snapshot' | 'metrics'> {
  readonly #of = { at: Date.now(), startedAt: Date.now(), environment: 'simulated', mode: 'failover' } as const;
  feeds(): readonly [] {
    return [];
  }
  snapshot() {
    return mergeStatus([], this.#of);
  }
  metrics() {
    return mergeMetrics(this.feeds());
  }
}

it('GatewayThread reports the sink that a start waits for, then a cluster without a shard that replaces the start', async () => {
  const kafka = { name: 'kafka', state: 'down', reason: 'no broker', queued: 0, lagMs: null, delivered: 0, dropped: 0 };
  const sinks = [{ ...kafka, latencyMs: { emittedToAcknowledged: null } }] as StatusSnapshot['sinks'];
  const at = { at: 5, startedAt: 1 };
  const config = loadConfig({ values: { coins: ['BTC'] } });
  const metrics = () => mergeMetrics([]);
  gateway.follow({ feeds: () => [], metrics, snapshot: () => startingSnapshot(config, sinks, at) });
  const url = await listens();
  const readiness = async (): Promise<string> => (await fetch(new URL('/readyz', url))).text();
  await until(async () => (await readiness()).includes('sink kafka is down: no broker'));
  gateway.follow(new Idle());
  await until(async () => {
    expect(await readiness()).not.toContain('kafka');
    expect((await fetch(new URL('/readyz', url))).status).toBe(503);
    expect(await (await fetch(new URL('/metrics', url))).text()).toContain('thread="feed"');
    return true;
  });
});

it('GatewayThread frees the port when it closes', async () => {
  const url = await listens();
  await gateway.close();
  await expect(fetch(new URL('/healthz', url))).rejects.toThrow();
});
