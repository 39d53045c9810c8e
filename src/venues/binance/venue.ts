import { KLINE_INTERVALS, type VenueId } from '../../domain/instrument.ts';
import type { Venue } from '../contract.ts';
import { binanceDecoder } from './decode/decode.ts';
import { backfillAggTrades, backfillById, backfillByTime } from './rest/backfill.ts';
import { binanceHistory, type HistoryVariant } from './rest/history.ts';
import { refusal } from './rest/refusal.ts';
import { bookBy, dayVolumes, exchangeInfo, time } from './rest/rest.ts';
import { binanceRequests, binanceTopics, binanceUrl } from './subscribe.ts';

/** Differences between the venues with Binance's spot protocol. */
interface Variant
  extends Pick<Venue, 'instruments' | 'dayVolumes' | 'backfill' | 'restWeightPerMinute'>,
    HistoryVariant {
  readonly bookLevelsPerWeight: number;
}

function venueOf(id: VenueId, variant: Variant): Venue {
  const { intervals, tradesById, weights, bookLevelsPerWeight, ...venue } = variant;
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
    url: binanceUrl,
    control: binanceRequests,
    newDecoder: (context) => binanceDecoder(id, context),
    backfillAggTrades: backfillAggTrades(id, weights.aggTrades),
    book: bookBy(id, bookLevelsPerWeight),
    history: binanceHistory(id, variant),
    time,
    refusal,
  };
}

/** Requests the instruments in every status, without their permission sets, which are most of the answer. */
const SPOT = exchangeInfo('?permissions=SPOT&showPermissionSets=false', 20);

const DAY_VOLUMES = dayVolumes('?type=MINI', 80);

const spot = (id: VenueId): Venue =>
  venueOf(id, {
    intervals: KLINE_INTERVALS,
    instruments: SPOT,
    dayVolumes: DAY_VOLUMES,
    backfill: backfillById(id),
    tradesById: true,
    weights: { aggTrades: 4, klines: 2 },
    bookLevelsPerWeight: 20,
    restWeightPerMinute: 6000,
  });

export const binanceSpot: Venue = spot('binance');
export const binanceTestnetSpot: Venue = spot('binance_testnet');

/** Binance US has no one-second candles, and its instrument list cannot be filtered. */
export const binanceUsSpot: Venue = venueOf('binance_us', {
  intervals: KLINE_INTERVALS.filter((interval) => interval !== '1s'),
  instruments: exchangeInfo('', 10),
  dayVolumes: dayVolumes('', 40),
  backfill: backfillByTime('binance_us'),
  tradesById: false,
  weights: { aggTrades: 1, klines: 1 },
  bookLevelsPerWeight: 100,
  restWeightPerMinute: 1200,
});
