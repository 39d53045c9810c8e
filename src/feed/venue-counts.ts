import type { FaultKind } from '../domain/fault.ts';
import { DataQuality } from './liveness/data-quality.ts';

/** The counts of a venue feed since its start. */
export class VenueCounts {
  frames = 0;
  events = 0;
  /** Arrival of the last frame with events, microseconds since 1970. Null before the first. */
  lastReceivedAt: number | null = null;
  malformed = 0;
  readonly quality: DataQuality;
  readonly ignored = new Map<string, number>();
  readonly warnings = new Map<string, number>();
  reconnects = 0;
  /** Reconnects by kind of fault. */
  readonly losses = new Map<FaultKind, number>();

  constructor(venue: string) {
    this.quality = new DataQuality(venue);
  }
}

export function increment<K extends string>(counts: Map<K, number>, name: K): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
