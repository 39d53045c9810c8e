import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { MetricsSnapshot } from '../../src/domain/metrics-snapshot.ts';
import type { StatusSnapshot } from '../../src/domain/status-snapshot.ts';
import { LatencyHistogram } from '../../src/telemetry/latency-histogram.ts';
import { heartbeat, NOW, trade } from '../../testing/records/gateway-records.ts';
import { sampleAudit } from '../../testing/records/sample-records.ts';
import { runPromtool } from '../../testing/tools/promtool.ts';
import { until } from '../../testing/tools/until.ts';
import { gatewayUnderTest } from '../gateway/gateway-under-test.ts';
import { documentedMetrics } from './metric-names.ts';

const spread = new LatencyHistogram();
for (const ms of [0.05, 3, 120, 60_000]) spread.observe(ms);
const distribution = spread.distribution();
const latencyMs = { venueToSocket: null, socketToEmitted: null };

/** A pipeline of one venue that has reported everything. */
const snapshot: StatusSnapshot = {
  at: NOW,
  startedAt: NOW - 60_000,
  environment: 'simulated',
  mode: 'failover',
  activeVenue: 'bybit',
  trading: { state: 'allowed', reason: '' },
  serving: { venue: 'bybit', since: null, insteadOf: null, why: '' },
  halted: [],
  venues: [
    {
      venue: 'bybit',
      state: 'connected',
      environment: 'simulated',
      active: true,
      linesUp: 2,
      lines: 2,
      ageMs: 12,
      frames: 1000,
      reconnects: 1,
      eventLagMs: null,
      lineLags: [{ line: 1, eventLagMs: 3 }],
      clock: { estimate: { offsetMs: -3.5, uncertaintyMs: 1 }, failures: 0 },
      latencyMs,
      reason: '',
    },
  ],
  coins: [
    {
      coin: 'BTC',
      symbol: 'BTCUSDT',
      venue: 'bybit',
      epoch: 1,
      price: '1',
      change24h: null,
      tradesPerSecond: 2,
      ageMs: 500,
      stale: false,
      haltReason: null,
    },
  ],
  quality: [],
  klines: [
    {
      venue: 'bybit',
      symbol: 'BTCUSDT',
      interval: '1m',
      compared: 3,
      equal: 2,
      fields: { volume: 1 },
      causes: { gap: 1, unexplained: 0 },
    },
  ],
  sinks: [
    {
      name: 'kafka',
      state: 'up',
      reason: '',
      queued: 3,
      lagMs: 40,
      delivered: 100,
      dropped: 2,
      latencyMs: { emittedToAcknowledged: null },
    },
  ],
  healing: [],
  shards: [{ shard: 0, role: 'owner' }],
  counts: {},
};

const figures: MetricsSnapshot = {
  records: { trade: 7 },
  states: { heartbeat: 3, failed_over: 0 },
  gaps: { repaired: 1, unrepaired: 0 },
  missingTrades: 5,
  filledTrades: 4,
  healing: { openGaps: 2, leftGaps: 1, lateTrades: 40 },
  deadLetters: { decode: 1 },
  uncountedTrades: { late: 1, block: 0 },
  venues: {
    bybit: {
      events: 10,
      malformed: 1,
      duplicates: 9,
      ignored: { unknown_event: 1 },
      warnings: { equal_spread: 1 },
      reconnects: { connection_closed: 1 },
      bookResyncs: 1,
      booksNotHad: 1,
      restWeight: 20,
      venueToSocket: distribution,
      socketToEmitted: distribution,
    },
  },
  sinks: {
    kafka: {
      rejected: 1,
      conflated: 2,
      batches: 3,
      dropped: { trades: 2 },
      spill: { records: 1, bytes: 100, limitBytes: 1000, oldestMs: 5000, broken: 0 },
      emittedToAcknowledged: distribution,
    },
  },
  thread: {
    eventLoopDelay: distribution,
    busyMs: 500,
    heapUsedBytes: 1,
    heapLimitBytes: 2,
    externalBytes: 3,
    gcRuns: { minor: 1 },
    gcMs: { minor: 2.5 },
  },
};

interface MetricFacts {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** The name, type and labels of each metric that has a series in the text. */
function factsOf(text: string): readonly MetricFacts[] {
  return text
    .split(/^(?=# HELP)/m)
    .filter((block) => /^[^#\n]/m.test(block))
    .map((block) => {
      const [, name = '', type = ''] = /^# TYPE (\w+) (\w+)$/m.exec(block) ?? [];
      const labels = [...block.matchAll(/[{,](\w+)="/g)]
        .map(([, label = '']) => label)
        .filter((label) => label !== 'le');
      return { name, type, labels: [...new Set(labels)].toSorted() };
    })
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

const documented = (everywhere = false): readonly MetricFacts[] =>
  documentedMetrics()
    .filter((metric) => metric.everywhere || !everywhere)
    .filter(({ name }) => process.platform === 'linux' || !name.endsWith('_fds'))
    .map(({ name, type, labels }) => ({ name, type, labels: labels.toSorted() }))
    .toSorted((a, b) => a.name.localeCompare(b.name));

async function metricsOf(withPipeline: boolean): Promise<string> {
  const { publish, look, count, get } = await gatewayUnderTest();
  publish(heartbeat(), trade(1), trade(2), sampleAudit());
  if (withPipeline) {
    look(snapshot);
    count(figures);
  }
  return (await get('/metrics')).text();
}

it('docs/metrics.md lists every metric with its type and labels, and no other', async () => {
  expect(factsOf(await metricsOf(true))).toEqual(documented());
});

it('docs/metrics.md marks the metrics that a gateway over topics has', async () => {
  expect(factsOf(await metricsOf(false))).toEqual(documented(true));
});

it('histograms of /metrics are cumulative, in seconds', async () => {
  const text = await metricsOf(true);
  const series = text.split('\n').filter((line) => line.startsWith('market_feed_socket_to_emitted_seconds'));
  expect(series).toContain('market_feed_socket_to_emitted_seconds_bucket{venue="bybit",le="0"} 0');
  expect(series).toContain('market_feed_socket_to_emitted_seconds_bucket{venue="bybit",le="0.0001"} 1');
  expect(series).toContain('market_feed_socket_to_emitted_seconds_bucket{venue="bybit",le="0.1"} 2');
  expect(series).toContain('market_feed_socket_to_emitted_seconds_bucket{venue="bybit",le="30"} 3');
  expect(series).toContain('market_feed_socket_to_emitted_seconds_bucket{venue="bybit",le="+Inf"} 4');
  expect(series).toContain('market_feed_socket_to_emitted_seconds_count{venue="bybit"} 4');
  expect(series.find((line) => line.includes('_sum'))).toMatch(/ 60\.12305/);
});

it('/metrics contains no series twice, and escapes label values', async () => {
  const { look, count, get } = await gatewayUnderTest();
  const [coin] = snapshot.coins;
  if (coin === undefined) throw new Error('there is one');
  look({ ...snapshot, coins: [coin, { ...coin, venue: null }, { ...coin, venue: null }] });
  count({ ...figures, deadLetters: { 'a"b\\c\nd': 1 } });
  const text = await (await get('/metrics')).text();
  expect(text).toContain('market_feed_dead_letters_total{stage="a\\"b\\\\c\\nd"} 1\n');
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const names = series.map((line) => line.slice(0, line.lastIndexOf(' ')));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

it('/metrics has a series for each of 100 symbols, but only totals for 2000 symbols', async () => {
  const { look, get } = await gatewayUnderTest();
  const [coin] = snapshot.coins;
  if (coin === undefined) throw new Error('there is one');
  const coins = (many: number) =>
    Array.from({ length: many }, (_, i) => ({ ...coin, symbol: `C${i}USDT`, ageMs: i * 100 }));
  const series = async (many: number) => {
    look({ ...snapshot, coins: coins(many) });
    return (await (await get('/metrics')).text()).split('\n').filter((line) => /^market_feed_(\w*_)?symbol/.test(line));
  };
  expect((await series(100)).filter((line) => line.includes('symbol="'))).toHaveLength(200);
  const many = await series(2000);
  expect(many.filter((line) => line.includes('symbol="'))).toEqual([]);
  expect(many).toContain('market_feed_symbols 2000');
  expect(many).toContain('market_feed_fresh_symbols{within="10s"} 101');
});

it('the gateway measures the event loop of its thread', async () => {
  const { get } = await gatewayUnderTest();
  await until(async () =>
    /^market_feed_event_loop_delay_seconds_count\{thread="gateway"\} [1-9]/m.test(await (await get('/metrics')).text()),
  );
});

it('every alert in docs/metrics.md has a heading in the runbook', () => {
  const runbook = new Set(
    [...readFileSync('docs/runbook.md', 'utf8').matchAll(/^## (\w+)$/gm)].map(([, name]) => name),
  );
  for (const alert of documentedMetrics().flatMap(({ alerts }) => alerts)) expect(runbook).toContain(alert);
});

it('promtool finds no problem in the text of /metrics', async () => {
  expect(await runPromtool(['check', 'metrics'], await metricsOf(true))).toBe('');
});
