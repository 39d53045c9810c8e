import type { VenueId } from '../domain/instrument.ts';

/** The properties of one simulated venue: ids, price, limits. */
export interface VenueSpec {
  readonly id: VenueId;
  readonly protocol: 'bybit' | 'binance';
  /** Relative difference of its prices from the common fair price: 0.002 is 0.2 %. */
  readonly priceOffset: number;
  readonly firstTradeId: number;
  readonly firstUpdateId: number;
  /** The limit of requests: weight in a minute (Binance), or requests in five seconds (Bybit). */
  readonly restLimit: { readonly amount: number; readonly windowMs: number };
  /** WebSocket connection attempts that an address may make in five minutes. */
  readonly connectionsPerFiveMinutes: number;
  /** Server pings (Binance); undefined: none. */
  readonly ping?: { readonly everyMs: number; readonly answerWithinMs: number };
}

const BINANCE = {
  protocol: 'binance',
  restLimit: { amount: 6_000, windowMs: 60_000 },
  connectionsPerFiveMinutes: 300,
  ping: { everyMs: 20_000, answerWithinMs: 60_000 },
} as const;

export const VENUE_SPECS: readonly VenueSpec[] = [
  {
    id: 'bybit',
    protocol: 'bybit',
    priceOffset: 0.00004,
    firstTradeId: 1_227_213_000,
    firstUpdateId: 38_992_362,
    restLimit: { amount: 600, windowMs: 5_000 },
    connectionsPerFiveMinutes: 500,
  },
  { ...BINANCE, id: 'binance', priceOffset: 0, firstTradeId: 3_735_683_259, firstUpdateId: 50_093_239_203 },
  {
    ...BINANCE,
    id: 'binance_us',
    priceOffset: -0.0003,
    firstTradeId: 31_480_210,
    firstUpdateId: 1_912_400_120,
    restLimit: { amount: 1_200, windowMs: 60_000 },
    ping: { everyMs: 180_000, answerWithinMs: 600_000 },
  },
  { ...BINANCE, id: 'binance_testnet', priceOffset: 0.002, firstTradeId: 388_510, firstUpdateId: 1_801_512 },
];
