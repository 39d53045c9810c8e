import type { FaultKind } from '../domain/fault.ts';
import type { DataQuality } from './liveness/data-quality.ts';

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

export function increment<K extends string>(counts: Map<K, number>, name: K): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
