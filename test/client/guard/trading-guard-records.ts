import { VirtualTimeScheduler } from 'rxjs';
import { symbolNamed } from '../../../src/client/topic-name.ts';
import type { FeedStatus, Gap, Heartbeat, PriceTick } from '../../../src/domain/record.ts';
import { gapRecord, healthyFeed, statusRecord } from '../../../testing/judges/events.ts';
import { priceNow } from '../published-topics.ts';

/** The wall clock at the start of a test, milliseconds since 1970. */
export const START = 1_700_000_000_000;

let sequence = 0;

/** A status record at `ms` after START by the feed's clock. */
export function status(state: string, ms: number, fields: Partial<FeedStatus> = {}): FeedStatus {
  return statusRecord(state, { sequence: ++sequence, timestamp: START + ms, ...fields });
}

/** Fields of a status record. The heartbeat needs only the fields that differ from a healthy feed. */
export type HeartbeatFields = Partial<Omit<FeedStatus, 'heartbeat'>> & { readonly heartbeat?: Partial<Heartbeat> };

export function heartbeat(ms: number, { heartbeat: given, ...fields }: HeartbeatFields = {}): FeedStatus {
  return status('heartbeat', ms, { ...fields, heartbeat: healthyFeed({ symbols: ['BTCUSDT', 'ETHUSDT'], ...given }) });
}

/** A price that the feed received `ms` after START. */
export function price(ms: number, fields: Partial<PriceTick> = {}): PriceTick {
  return priceNow('BTCUSDT', '61837.63', { receivedAt: (START + ms) * 1000, timestamp: START + ms, ...fields });
}

export function ethPrice(ms: number, fields: Partial<PriceTick> = {}): PriceTick {
  return price(ms, { symbol: 'ETHUSDT', venueSymbol: 'ETHUSDT', coin: 'ETH', ...fields });
}

/** A gap that ended `ms` after START. */
export function gap(ms: number, fields: Partial<Gap> = {}): Gap {
  return gapRecord({ venue: 'bybit', fromTime: START + ms - 1000, toTime: START + ms, ...fields });
}

/** A scheduler in virtual time, and a wall clock that runs with it until a test sets it. */
export class VirtualClock {
  /** The symbol of a coin. */
  readonly symbolOf = (name: string): string => symbolNamed(name, 'USDT');
  readonly scheduler = new VirtualTimeScheduler();
  #steppedBy = 0;

  readonly wallClockMs = (): number => START + this.scheduler.now() + this.#steppedBy;

  /** Advances the time up to and including a moment. */
  advanceTo(ms: number): void {
    const { scheduler } = this;
    scheduler.schedule(() => undefined, ms - scheduler.now());
    scheduler.maxFrames = ms;
    scheduler.flush();
  }

  setBy(ms: number): void {
    this.#steppedBy += ms;
  }
}
