import { KLINE_INTERVALS, type KlineInterval, type VenueId } from '../../domain/instrument.ts';
import type { Venue } from '../contract.ts';
import { binanceDecoder } from './decode/decode.ts';
import { backfillAggTrades, backfillById, backfillByTime } from './rest/backfill.ts';
import { binanceHistory } from './rest/history.ts';
import { refusal } from './rest/refusal.ts';
import { type BookSizes, bookBy, dayVolumes, exchangeInfo, time } from './rest/rest.ts';
import { binanceRequests, binanceTopics } from './subscribe.ts';

/** The places that speak Binance's spot protocol differ in these points only (and in addresses, which are configuration). */
interface Variant extends Pick<Venue, 'instruments' | 'dayVolumes' | 'backfill' | 'restWeightPerMinute'> {
  readonly intervals: readonly KlineInterval[];
  /** False where the past by trade id wants a key. */
  readonly tradesById: boolean;
  readonly weights: { readonly aggTrades: number; readonly klines: number };
  readonly bookSizes: BookSizes;
}

function venueOf(id: VenueId, variant: Variant): Venue {
  const { intervals, tradesById, weights, bookSizes, ...venue } = variant;
  return {
    ...venue,
    id,
    limits: {
      topicsPerConnection: 1024,
      messagesPerSecond: 5,
      connectionsPerFiveMinutes: 300,
      connectionLifetimeMs: 24 * 3_600_000,
    },
    contiguousTradeIds: true,
    topics: binanceTopics(new Set(intervals)),
    control: binanceRequests,
    newDecoder: (context) => binanceDecoder(id, context),
    backfillAggTrades: backfillAggTrades(id, weights.aggTrades),
    book: bookBy(id, bookSizes),
    history: binanceHistory(id, { intervals, tradesById, weights }),
    time,
    refusal,
  };
}

/** Lists what trades on the spot market, without the permission sets that make most of the answer. */
const SPOT_TRADING = exchangeInfo('?permissions=SPOT&symbolStatus=TRADING&showPermissionSets=false', 20);

const DAY_VOLUMES = dayVolumes('?type=MINI', 80);

const BOOK_SIZES = [
  { levels: 100, weight: 5 },
  { levels: 500, weight: 25 },
  { levels: 1000, weight: 50 },
  { levels: 5000, weight: 250 },
] as const;

const US_BOOK_SIZES = [
  { levels: 100, weight: 1 },
  { levels: 500, weight: 5 },
  { levels: 1000, weight: 10 },
  { levels: 5000, weight: 50 },
] as const;

const spot = (id: VenueId): Venue =>
  venueOf(id, {
    intervals: KLINE_INTERVALS,
    instruments: SPOT_TRADING,
    dayVolumes: DAY_VOLUMES,
    backfill: backfillById(id),
    tradesById: true,
    weights: { aggTrades: 4, klines: 2 },
    bookSizes: BOOK_SIZES,
    restWeightPerMinute: 6000,
  });

export const binanceSpot: Venue = spot('binance');
export const binanceTestnetSpot: Venue = spot('binance_testnet');

/** Knows neither one-second candles nor the filters of the instrument list. */
export const binanceUsSpot: Venue = venueOf('binance_us', {
  intervals: KLINE_INTERVALS.filter((interval) => interval !== '1s'),
  instruments: exchangeInfo('', 10),
  dayVolumes: dayVolumes('', 40),
  backfill: backfillByTime('binance_us'),
  tradesById: false,
  weights: { aggTrades: 1, klines: 1 },
  bookSizes: US_BOOK_SIZES,
  restWeightPerMinute: 1200,
});
