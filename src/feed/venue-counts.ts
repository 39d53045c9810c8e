import type { FaultKind } from '../domain/fault.ts';
import { DataQuality } from './liveness/data-quality.ts';

/** What a venue feed counts; read, never reset. */
export interface VenueCounts {
  frames: number;
  events: number;
  /** When the last frame with events came, microseconds since 1970; null: none has. */
  lastReceivedAt: number | null;
  malformed: number;
  readonly quality: DataQuality;
  readonly ignored: Map<string, number>;
  readonly warnings: Map<string, number>;
  reconnects: number;
  /** What `reconnects` counts, by the kind of fault. */
  readonly losses: Map<FaultKind, number>;
}

export function newVenueCounts(venue: string): VenueCounts {
  return {
    frames: 0,
    events: 0,
    lastReceivedAt: null,
    malformed: 0,
    quality: new DataQuality(venue),
    ignored: new Map(),
    warnings: new Map(),
    reconnects: 0,
    losses: new Map(),
  };
}

export function increment<K extends string>(counts: Map<K, number>, name: K): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
