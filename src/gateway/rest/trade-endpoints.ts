import { type Static, Type } from 'typebox';
import { snakeKeys } from '../../codec/key-case.ts';
import {
  AuditsAnswer,
  Interval,
  Klines,
  LargeTradesAnswer,
  TradeFlowAnswer,
  TradeStatsAnswer,
  Trades,
  VolumeProfileAnswer,
} from '../api/asset-answers.ts';
import { recordJson } from '../api/record-schema.ts';
import { KlineHistory, type KlineHistoryOptions } from '../view/kline-history.ts';
import type { GatewayView } from '../view/view.ts';
import { assetEndpoints, defaulted, type Endpoint, limitOf, noData } from './endpoint.ts';

const whole = (maximum: number, fallback: number, description?: string) =>
  defaulted(Type.Integer({ minimum: 1, maximum, default: fallback, ...(description && { description }) }));
const interval = defaulted(Type.Unsafe<Static<typeof Interval>>({ ...Interval, default: '1m' }));
const windowMs = {
  minimum: 1,
  maximum: 86_400_000,
  description: 'Length in milliseconds; default: the longest configured',
};
const before = {
  minimum: 1,
  maximum: 8_640_000_000_000_000,
  description: 'Only candles that open before this time, milliseconds since 1970. Without it, only the kept candles',
};
const multiple = { minimum: 0.01, maximum: 1_000_000, description: 'Multiple of the mean quantity' };

/** What a request means that names no value. */
export interface TradeDefaults {
  /** Threshold of large trades, as a multiple of the mean quantity. */
  readonly largeTradeThreshold: number;
  /** Length of windows, milliseconds. */
  readonly longestWindowMs: number;
}

/** The endpoints of a symbol's trades and candles. */
export function tradeEndpoints(view: GatewayView, options: TradeDefaults & KlineHistoryOptions): readonly Endpoint[] {
  const { largeTradeThreshold, longestWindowMs } = options;
  const asset = assetEndpoints(view);
  const history = new KlineHistory(options);
  const about = {
    stats: 'The last closed windows of trades as published, newest first',
    large: 'Trades far above the mean of the up to 1,000 before them, newest first',
    audits:
      'The audited minutes among the last 120, oldest first, with the worst verdict of their epochs. healed: a gap in it was healed',
    profile: 'Volume by price over the remembered trades',
    klines:
      'Candles, oldest first; the last may be open. With before, candles that the gateway does not hold come from the venue',
  };
  const windows = { window: defaulted(Type.Integer({ ...windowMs, default: longestWindowMs })), limit: limitOf(60) };
  const bins = { bins: whole(500, 50) };
  const candles = { interval, limit: limitOf(500), before: Type.Optional(Type.Integer(before)) };
  const flow = { window: whole(100_000, 1000, 'Number of last trades') };
  const threshold = defaulted(Type.Number({ ...multiple, default: largeTradeThreshold }));
  return [
    asset('trades', 'Time and sales, newest first', { limit: limitOf(100) }, Trades, ({ id, history }, { limit }) => ({
      ...id,
      trades: history.latest(limit).map(recordJson),
      block_trades: history.blockTrades,
    })),
    asset('trade-stats', about.stats, windows, TradeStatsAnswer, (series, asked) => {
      const { window } = asked;
      const closed = series.windows(window).slice(0, asked.limit).map(recordJson);
      const [latest] = closed;
      const { symbol } = series.id;
      if (latest === undefined)
        throw noData(symbol, `no window of ${window} ms is known`, { symbol, windows_ms: series.windowLengths });
      return { ...series.id, window_ms: window, latest, windows: closed };
    }),
    asset('trade-flow', 'Buying and selling over the last trades', flow, TradeFlowAnswer, (series, { window }) => {
      const figures = series.history.lastTrades(window);
      if (figures === undefined) throw noData(series.id.symbol, 'no trade came yet');
      return { ...series.id, window, figures: snakeKeys(figures) };
    }),
    asset('large-trades', about.large, { threshold }, LargeTradesAnswer, (series, asked) => {
      const rounded = Number(asked.threshold.toPrecision(15));
      return { ...series.id, threshold: rounded, large_trades: series.largeTrades(rounded).map(recordJson) };
    }),
    asset('volume-profile', about.profile, bins, VolumeProfileAnswer, ({ id, history }, asked) => {
      const profile = history.volumeProfile(asked.bins);
      if (profile === undefined) throw noData(id.symbol, 'no trade came yet');
      return { ...id, profile: snakeKeys(profile) };
    }),
    asset('audits', about.audits, {}, AuditsAnswer, ({ id }) => ({
      ...id,
      latest: view.audits.latest,
      minutes: view.audits.of(id.symbol, view.mode === 'all' ? id.venue : undefined),
    })),
    asset('klines', about.klines, candles, Klines, async (series, asked) => {
      if (asked.before !== undefined) {
        const past = await history.before(series, asked.interval, asked.before, asked.limit);
        return { ...series.id, interval: asked.interval, klines: past.map(recordJson) };
      }
      const klines = series.candles.latest(asked.interval, asked.limit);
      const why = `no candles of ${asked.interval}, nor shorter ones that make them, are subscribed`;
      if (klines === undefined) throw noData(series.id.symbol, why);
      return { ...series.id, interval: asked.interval, klines: klines.map(recordJson) };
    }),
  ];
}
