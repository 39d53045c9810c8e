import type { HealingMetrics } from '../../domain/metrics-snapshot.ts';
import type { Gap } from '../../domain/record.ts';
import type { GapHealing } from '../../domain/status-snapshot.ts';
import { nameOfGap } from '../../domain/trade-id.ts';
import type { HealingEvent } from '../../healing/healer.ts';

/** How many gaps a snapshot has. It is sent to the gateway every second. */
const MOST_SHOWN = 1000;

/** How far the open gaps of a sink are healed, from the events of its healer. */
export class HealingProgress {
  /** By the gap's name, the oldest first. */
  #open = new Map<string, GapHealing>();
  #lateTrades = 0;

  add(event: HealingEvent): void {
    switch (event.kind) {
      case 'open':
        this.#open = new Map(event.gaps.map((gap) => [nameOfGap(gap), this.#known(gap)]));
        break;
      case 'progress':
        this.#lateTrades += event.written;
        this.#set(event.gap, { state: 'healing', fetched: event.fetched, reason: '' });
        break;
      case 'left':
        this.#set(event.gap, { state: event.isFinal ? 'left' : 'healing', reason: event.reason });
        break;
      case 'healed':
        for (const gap of event.gaps) this.#open.delete(nameOfGap(gap));
    }
  }

  /** The newest open gaps, oldest first. */
  gaps(): readonly GapHealing[] {
    return [...this.#open.values()].slice(-MOST_SHOWN);
  }

  metrics(): HealingMetrics {
    const left = [...this.#open.values()].filter(({ state }) => state === 'left');
    return { openGaps: this.#open.size, leftGaps: left.length, lateTrades: this.#lateTrades };
  }

  #known(gap: Gap): GapHealing {
    const name = nameOfGap(gap);
    return this.#open.get(name) ?? { gap: name, state: 'healing', fetched: gap.filled, reason: '' };
  }

  #set(gap: Gap, changes: Partial<GapHealing>): void {
    const known = this.#known(gap);
    this.#open.set(known.gap, { ...known, ...changes });
  }
}
