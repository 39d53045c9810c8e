import { KLINE_INTERVALS, type KlineInterval, type VenueId } from '../../domain/instrument.ts';
import type { Venue } from '../contract.ts';
import { binanceDecoder } from './decode/decode.ts';
import { backfillAggTrades, backfillById, backfillByTime } from './rest/backfill.ts';
import { bookBy } from './rest/book.ts';
import { binanceHistory } from './rest/history.ts';
import { refusal } from './rest/refusal.ts';
import { dayVolumes, exchangeInfo, time } from './rest/rest.ts';
import { binanceTopics, subscribe, unsubscribe } from './subscribe.ts';

/** The places that speak Binance's spot protocol differ in these points only (and in addresses, which are configuration). */
interface Variant {
  readonly id: VenueId;
  readonly intervals: readonly KlineInterval[];
  readonly instruments: Venue['instruments'];
  readonly dayVolumes: Venue['dayVolumes'];
  readonly backfill: Venue['backfill'];
  readonly aggTradesWeight: number;
  readonly book: Venue['book'];
  readonly history: NonNullable<Venue['history']>;
  readonly restWeightPerMinute: number;
}

function venueOf(variant: Variant): Venue {
  const { id, intervals, instruments, dayVolumes, backfill, aggTradesWeight, book, history, restWeightPerMinute } =
    variant;
  return {
    id,
    limits: {
      topicsPerConnection: 1024,
      messagesPerSecond: 5,
      connectionsPerFiveMinutes: 300,
      connectionLifetimeMs: 24 * 3_600_000,
    },
    contiguousTradeIds: true,
    topics: binanceTopics(new Set(intervals)),
    url: (base) => base,
    subscribe,
    unsubscribe,
    heartbeat: undefined,
    newDecoder: (context) => binanceDecoder(id, context),
    instruments,
    dayVolumes,
    backfill,
    backfillAggTrades: backfillAggTrades(id, aggTradesWeight),
    recent: undefined,
    book,
    history,
    restWeightPerMinute,
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

const HISTORY = { intervals: KLINE_INTERVALS, tradesById: true, weights: { aggTrades: 4, klines: 2 } } as const;

const US_INTERVALS = KLINE_INTERVALS.filter((interval) => interval !== '1s');

const US_BOOK_SIZES = [
  { levels: 100, weight: 1 },
  { levels: 500, weight: 5 },
  { levels: 1000, weight: 10 },
  { levels: 5000, weight: 50 },
] as const;

export const binanceSpot: Venue = venueOf({
  id: 'binance',
  intervals: KLINE_INTERVALS,
  instruments: SPOT_TRADING,
  dayVolumes: DAY_VOLUMES,
  backfill: backfillById('binance'),
  aggTradesWeight: 4,
  book: bookBy('binance', BOOK_SIZES),
  history: binanceHistory({ id: 'binance', ...HISTORY }),
  restWeightPerMinute: 6000,
});

export const binanceTestnetSpot: Venue = venueOf({
  id: 'binance_testnet',
  intervals: KLINE_INTERVALS,
  instruments: SPOT_TRADING,
  dayVolumes: DAY_VOLUMES,
  backfill: backfillById('binance_testnet'),
  aggTradesWeight: 4,
  book: bookBy('binance_testnet', BOOK_SIZES),
  history: binanceHistory({ id: 'binance_testnet', ...HISTORY }),
  restWeightPerMinute: 6000,
});

/** Knows neither one-second candles nor the filters of the instrument list. */
export const binanceUsSpot: Venue = venueOf({
  id: 'binance_us',
  intervals: US_INTERVALS,
  instruments: exchangeInfo('', 10),
  dayVolumes: dayVolumes('', 40),
  backfill: backfillByTime('binance_us'),
  aggTradesWeight: 1,
  book: bookBy('binance_us', US_BOOK_SIZES),
  history: binanceHistory({
    id: 'binance_us',
    intervals: US_INTERVALS,
    tradesById: false,
    weights: { aggTrades: 1, klines: 1 },
  }),
  restWeightPerMinute: 1200,
});
