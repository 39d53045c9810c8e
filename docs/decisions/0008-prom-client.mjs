// Measurement of decision 0008: npm install --no-save prom-client && node docs/decisions/0008-prom-client.mjs
import { Histogram, Registry } from 'prom-client';
import { BOUNDS_MS, LatencyHistogram } from '../../src/telemetry/latency-histogram.ts';

const ROUNDS = 5;
const OBSERVATIONS = 1_000_000;
const latencies = Array.from({ length: 4096 }, (_, at) => Math.exp(((at * 2_654_435_761) % 4096) / 500) / 10);
const buckets = BOUNDS_MS.map((ms) => ms / 1000);
const options = { name: 'latency_seconds', help: 'A latency.', labelNames: ['venue'], buckets };
const child = new Histogram({ ...options, registers: [new Registry()] }).labels({ venue: 'bybit' });
const own = new LatencyHistogram();

const nanoseconds = (observe) => {
  const start = performance.now();
  for (let at = 0; at < OBSERVATIONS; at++) observe(latencies[at & 4095]);
  return Math.round(((performance.now() - start) / OBSERVATIONS) * 1e6);
};
for (let round = 1; round <= ROUNDS; round++) {
  const ours = nanoseconds((ms) => own.observe(ms));
  const theirs = nanoseconds((ms) => child.observe(ms / 1000));
  console.log(`round ${round}: ${ours} ns an observation here, ${theirs} ns with prom-client`);
}
