import { expect, it } from 'vitest';
import { mergeMetrics, metricsLeft } from '../../src/cluster/merge-metrics-snapshots.ts';
import { mergeStatus, statusLeft } from '../../src/cluster/merge-status-snapshots.ts';
import type { Distribution, PipelineMetrics, SinkMetrics, VenueMetrics } from '../../src/domain/metrics-snapshot.ts';
import type { SinkSnapshot, StatusSnapshot, VenueSnapshot } from '../../src/domain/status-snapshot.ts';

const spread = (...within: readonly number[]): Distribution => ({
  boundsMs: [1, 10],
  within,
  count: within[1] ?? 0,
  sumMs: 5,
});

const venue = (of: Partial<VenueMetrics> = {}): VenueMetrics => ({
  events: 1,
  malformed: 0,
  duplicates: 2,
  ignored: { pong: 1 },
  warnings: {},
  reconnects: { connect_failed: 1 },
  bookResyncs: 0,
  booksNotHad: 0,
  restWeight: 40,
  venueToSocket: spread(1, 3),
  socketToEmitted: spread(2, 2),
  ...of,
});

const sink = (of: Partial<SinkMetrics> = {}): SinkMetrics => ({
  rejected: 1,
  conflated: 2,
  batches: 3,
  dropped: { trades: 1 },
  spill: { records: 5, bytes: 100, limitBytes: 1000, oldestMs: 70, broken: 0 },
  emittedToAcknowledged: spread(0, 4),
  ...of,
});

const figures = (of: Partial<PipelineMetrics> = {}): PipelineMetrics => ({
  records: { trade: 3 },
  states: {},
  gaps: {},
  missingTrades: 0,
  filledTrades: 0,
  healing: { openGaps: 2, leftGaps: 1, lateTrades: 40 },
  deadLetters: {},
  uncountedTrades: { late: 1 },
  venues: { binance: venue() },
  sinks: { kafka: sink() },
  ...of,
});

it('mergeMetrics adds counts and distributions, but takes the maximum of restWeight and oldestMs', () => {
  const merged = mergeMetrics([
    figures(),
    figures({
      records: { trade: 2, gap: 1 },
      venues: { binance: venue({ restWeight: 45 }), bybit: venue() },
      sinks: { kafka: sink({ spill: { records: 1, bytes: 1, limitBytes: 1000, oldestMs: null, broken: 1 } }) },
    }),
  ]);
  expect(merged).toMatchObject({ records: { trade: 5, gap: 1 }, uncountedTrades: { late: 2 } });
  expect(merged.venues.binance).toMatchObject({ events: 2, duplicates: 4, ignored: { pong: 2 }, restWeight: 45 });
  expect(merged.venues.binance?.venueToSocket).toEqual({ boundsMs: [1, 10], within: [2, 6], count: 6, sumMs: 10 });
  expect(merged.venues.bybit).toEqual(venue());
  expect(merged.sinks.kafka).toMatchObject({
    dropped: { trades: 2 },
    spill: { records: 6, bytes: 101, limitBytes: 2000, oldestMs: 70, broken: 1 },
  });
});

it('metricsLeft keeps the counts of a feed that has ended, but not its spill and its open gaps', () => {
  const left = metricsLeft(figures());
  expect(left.sinks.kafka?.spill).toBeNull();
  expect(mergeMetrics([left, figures()]).healing).toEqual({ openGaps: 2, leftGaps: 1, lateTrades: 80 });
  expect(mergeMetrics([left, figures()]).sinks.kafka).toMatchObject({ batches: 6, spill: { records: 5 } });
});

const venueNow = (of: Partial<VenueSnapshot> = {}): VenueSnapshot => ({
  venue: 'binance',
  state: 'connected',
  environment: 'simulated',
  active: true,
  linesUp: 2,
  lines: 2,
  ageMs: 5,
  frames: 10,
  reconnects: 1,
  eventLagMs: null,
  lineLags: [],
  clock: { estimate: null, failures: 0 },
  latencyMs: { venueToSocket: null, socketToEmitted: { count: 1, p50: 1, p99: 2, p999: 2, max: 2 } },
  reason: '',
  ...of,
});

const sinkNow = (of: Partial<SinkSnapshot> = {}): SinkSnapshot => ({
  name: 'kafka',
  state: 'up',
  reason: 'open',
  queued: 1,
  lagMs: 10,
  delivered: 100,
  dropped: 0,
  latencyMs: { emittedToAcknowledged: null },
  ...of,
});

const snapshot = (of: Partial<StatusSnapshot> = {}): StatusSnapshot => ({
  at: 0,
  startedAt: 0,
  environment: 'simulated',
  mode: 'failover',
  activeVenue: 'binance',
  trading: { state: 'allowed', reason: 'healthy' },
  serving: { venue: 'binance', since: null, insteadOf: null, why: '' },
  halted: [],
  venues: [venueNow()],
  coins: [],
  quality: [],
  klines: [],
  healing: [],
  shards: [],
  sinks: [sinkNow()],
  counts: { trades: 3 },
  ...of,
});

const OF = { at: 9, startedAt: 4, environment: 'simulated', mode: 'failover' } as const;

it('mergeStatus shows the worst state of several feeds and adds up their counts', () => {
  const merged = mergeStatus(
    [
      snapshot(),
      snapshot({
        trading: { state: 'halted', reason: 'binance is stale' },
        venues: [
          venueNow({ state: 'stale', reason: 'no data', active: false, ageMs: 6000 }),
          venueNow({ venue: 'bybit', ageMs: null }),
        ],
        sinks: [sinkNow({ state: 'down', reason: 'no answer', lagMs: null })],
        counts: { trades: 4, events: 1 },
      }),
    ],
    OF,
  );
  expect(merged).toMatchObject({
    ...OF,
    activeVenue: 'binance',
    trading: { state: 'halted', reason: 'binance is stale' },
    counts: { trades: 7, events: 1 },
  });
  expect(merged.venues).toMatchObject([
    {
      venue: 'binance',
      state: 'stale',
      reason: 'no data',
      active: true,
      linesUp: 4,
      lines: 4,
      ageMs: 6000,
      frames: 20,
    },
    { venue: 'bybit', ageMs: null },
  ]);
  expect(merged.sinks).toMatchObject([{ state: 'down', reason: 'no answer', queued: 2, lagMs: 10, delivered: 200 }]);
  expect(merged.venues[0]?.latencyMs.socketToEmitted?.p99).toBe(2);
});

it('mergeStatus names no active venue if the feeds are at different venues', () => {
  expect(mergeStatus([snapshot(), snapshot({ activeVenue: 'bybit' })], OF).activeVenue).toBeNull();
});

it('mergeStatus reports trading as halted if there is no shard', () => {
  expect(mergeStatus([], OF)).toMatchObject({
    trading: { state: 'halted', reason: 'no shard is assigned to this instance' },
    venues: [],
    activeVenue: null,
  });
});

it('statusLeft keeps the counts of a feed that has ended, but not its states', () => {
  const left = statusLeft(
    snapshot({ trading: { state: 'halted', reason: 'handed over' }, venues: [venueNow({ ageMs: 90 })] }),
  );
  expect(mergeStatus([snapshot()], OF, [left])).toMatchObject({
    trading: { state: 'allowed' },
    counts: { trades: 6 },
    venues: [{ lines: 2, ageMs: 5, frames: 20, reconnects: 2, state: 'connected' }],
    sinks: [{ queued: 1, delivered: 200 }],
  });
  const alone = mergeStatus([], OF, [mergeStatus([], OF, [left, left])]);
  expect(alone).toMatchObject({
    trading: { state: 'halted', reason: 'no shard is assigned to this instance' },
    counts: { trades: 6 },
    venues: [{ state: 'idle', lines: 0, ageMs: null, frames: 20 }],
    sinks: [{ delivered: 200, queued: 0 }],
  });
});
