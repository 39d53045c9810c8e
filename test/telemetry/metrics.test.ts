import { describe, expect, it } from 'vitest';
import { Metrics } from '../../src/telemetry/metrics.ts';

async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.text();
  return text.split('\n').filter((line) => line.startsWith(name));
}

describe('Metrics', () => {
  it('tells what was counted in the cells', async () => {
    const metrics = new Metrics();
    const frames = metrics.frames.with({ venue: 'bybit' });
    frames.value++;
    frames.value += 2;
    metrics.events.with({ venue: 'bybit', kind: 'trade' }).value = 7;
    metrics.sinkLag.with({ sink: 'kafka' }).value = 0.25;
    expect(await linesOf(metrics, 'market_feed_frames_total')).toEqual(['market_feed_frames_total{venue="bybit"} 3']);
    expect(await linesOf(metrics, 'market_feed_events_total')).toEqual([
      'market_feed_events_total{venue="bybit",kind="trade"} 7',
    ]);
    expect(await linesOf(metrics, 'market_feed_sink_lag_seconds')).toEqual([
      'market_feed_sink_lag_seconds{sink="kafka"} 0.25',
    ]);
  });

  it('tells the same again at the next scrape', async () => {
    const metrics = new Metrics();
    metrics.malformed.with({ venue: 'binance' }).value++;
    const first = await linesOf(metrics, 'market_feed_malformed');
    expect(await linesOf(metrics, 'market_feed_malformed')).toEqual(first);
    metrics.malformed.with({ venue: 'binance' }).value++;
    expect(await linesOf(metrics, 'market_feed_malformed')).toEqual([
      'market_feed_malformed_frames_total{venue="binance"} 2',
    ]);
  });

  it('gives one cell a series', () => {
    const { ignored } = new Metrics();
    const labels = { venue: 'bybit', reason: 'unknown_event' };
    expect(ignored.with(labels)).toBe(ignored.with({ ...labels }));
    expect(ignored.with(labels)).not.toBe(ignored.with({ ...labels, reason: 'unknown_symbol' }));
  });

  it('bounds the number of series', async () => {
    const metrics = new Metrics();
    for (let count = 0; count < 5000; count++) metrics.ignored.with({ venue: 'bybit', reason: `r${count}` }).value++;
    const lines = await linesOf(metrics, 'market_feed_ignored_frames_total');
    expect(lines).toHaveLength(1001);
    expect(lines).toContain('market_feed_ignored_frames_total{venue="other",reason="other"} 4000');
  });

  it('reads what is counted elsewhere as it is scraped, until taken off', async () => {
    const metrics = new Metrics();
    let reads = 0;
    const stop = metrics.onScrape(() => {
      metrics.reconnects.with({ venue: 'bybit', reason: 'connection_closed' }).value = ++reads;
    });
    await metrics.text();
    expect(await linesOf(metrics, 'market_feed_reconnects')).toEqual([
      'market_feed_reconnects_total{venue="bybit",reason="connection_closed"} 2',
    ]);
    stop();
    await metrics.text();
    expect(reads).toBe(2);
  });

  it('tells latencies as a histogram, cumulative, with those below zero', async () => {
    const metrics = new Metrics();
    const latency = metrics.exchangeToReceive.with('binance');
    for (const seconds of [-1.2, -0.05, 0.0004, 0.0005, 0.03, 99]) latency.observe(seconds);
    const lines = await linesOf(metrics, 'market_feed_exchange_to_receive_seconds');
    const bucket = (le: string) => lines.find((line) => line.includes(`le="${le}"`))?.split(' ')[1];
    expect(['-1', '-0.1', '-0.01', '0', '0.0005', '0.02', '0.05', '30', '+Inf'].map(bucket)).toEqual([
      '1',
      '1',
      '2',
      '2',
      '4',
      '4',
      '5',
      '5',
      '6',
    ]);
    expect(lines).toContain('market_feed_exchange_to_receive_seconds_count{venue="binance"} 6');
    const sum = lines.find((line) => line.startsWith('market_feed_exchange_to_receive_seconds_sum'));
    expect(Number(sum?.split(' ')[1])).toBeCloseTo(97.7809, 6);
  });

  it('is well-formed text, each metric with help and type, none twice', async () => {
    const metrics = new Metrics();
    metrics.frames.with({ venue: 'bybit' }).value++;
    metrics.receiveToAck.with('kafka').observe(0.004);
    const text = await metrics.text();
    const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('market_feed_frames_total counter');
    expect(names).toContain('market_feed_receive_to_ack_seconds histogram');
    expect(names).toContain('nodejs_eventloop_lag_p99_seconds gauge');
    for (const line of text.split('\n'))
      expect(line).toMatch(/^(|# (HELP|TYPE) \S+ .+|[a-z_0-9]+(\{\S+="[^{}]*"\})? \S+)$/);
    expect(metrics.contentType).toContain('text/plain; version=0.0.4');
  });

  it('keeps two feeds of one process apart', async () => {
    const [one, other] = [new Metrics(), new Metrics()];
    one.frames.with({ venue: 'bybit' }).value++;
    expect(await linesOf(other, 'market_feed_frames_total')).toEqual([]);
  });
});
