import type { Counts, Distribution } from '../../domain/feed-figures.ts';
import type { Metric, Put, Read } from '../../telemetry/prometheus-text.ts';

export const gauge = (name: string, help: string, read: Read<number>): Metric => ({
  type: 'gauge',
  name: `market_feed_${name}`,
  help,
  read,
});

export const counter = (name: string, help: string, read: Read<number>): Metric => ({
  type: 'counter',
  name: `market_feed_${name}_total`,
  help,
  read,
});

export const histogram = (name: string, help: string, read: Read<Distribution>): Metric => ({
  type: 'histogram',
  name: `market_feed_${name}`,
  help,
  read,
});

/** A series for each name. */
export function putCounts(put: Put<number>, counts: Counts, label: string, labels = {}): void {
  for (const [name, count] of Object.entries(counts)) put(count, { ...labels, [label]: name });
}

/** Null stays null. */
export const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
