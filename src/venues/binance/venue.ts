import { KLINE_INTERVALS, type KlineInterval, type VenueId } from '../../domain/instrument.ts';
import type { Venue } from '../contract.ts';
import { backfillAggTrades, backfillById, backfillByTime } from './backfill.ts';
import { binanceDecoder } from './decode.ts';
import { refusal } from './refusal.ts';
import { exchangeInfo, time } from './rest.ts';
import { binanceTopics, subscribe, unsubscribe } from './subscribe.ts';

/** The places that speak Binance's spot protocol differ in these points only (and in addresses, which are configuration). */
interface Variant {
  readonly id: VenueId;
  readonly intervals: readonly KlineInterval[];
  readonly instruments: Venue['instruments'];
  readonly backfill: Venue['backfill'];
  readonly aggTradesWeight: number;
  readonly restWeightPerMinute: number;
}

function binanceVenue({ id, intervals, instruments, backfill, aggTradesWeight, restWeightPerMinute }: Variant): Venue {
  return {
    id,
    limits: { topicsPerConnection: 1024, messagesPerSecond: 5, connectionLifetimeMs: 24 * 3_600_000 },
    contiguousTradeIds: true,
    topics: binanceTopics(new Set(intervals)),
    url: (base) => base,
    subscribe,
    unsubscribe,
    heartbeat: undefined,
    newDecoder: (context) => binanceDecoder(id, context),
    instruments,
    backfill,
    backfillAggTrades: backfillAggTrades(id, aggTradesWeight),
    recent: undefined,
    book: undefined,
    restWeightPerMinute,
    time,
    refusal,
  };
}

/** Lists what trades on the spot market, without the permission sets that make most of the answer. */
const SPOT_TRADING = exchangeInfo('?permissions=SPOT&symbolStatus=TRADING&showPermissionSets=false', 20);

export const binance: Venue = binanceVenue({
  id: 'binance',
  intervals: KLINE_INTERVALS,
  instruments: SPOT_TRADING,
  backfill: backfillById('binance'),
  aggTradesWeight: 4,
  restWeightPerMinute: 6000,
});

export const binanceTestnet: Venue = binanceVenue({
  id: 'binance_testnet',
  intervals: KLINE_INTERVALS,
  instruments: SPOT_TRADING,
  backfill: backfillById('binance_testnet'),
  aggTradesWeight: 4,
  restWeightPerMinute: 6000,
});

/** Knows neither one-second candles nor the filters of the instrument list. */
export const binanceUs: Venue = binanceVenue({
  id: 'binance_us',
  intervals: KLINE_INTERVALS.filter((interval) => interval !== '1s'),
  instruments: exchangeInfo('', 10),
  backfill: backfillByTime('binance_us'),
  aggTradesWeight: 1,
  restWeightPerMinute: 1200,
});
