import { type Static, Type } from 'typebox';
import { snakeKeys } from '../../codec/key-case.ts';
import {
  Interval,
  Klines,
  LargeTradesAnswer,
  TradeFlowAnswer,
  TradeStatsAnswer,
  Trades,
  VolumeProfileAnswer,
} from '../api/asset-answers.ts';
import { recordJson } from '../api/record-schema.ts';
import type { GatewayView } from '../view/view.ts';
import { assetEndpoint, defaulted, type Endpoint, limitOf, noData } from './endpoint.ts';

/** What the trades and candles of a symbol say. */
export function tradeEndpoints(view: GatewayView, largeTradeThreshold: number): readonly Endpoint[] {
  return [
    assetEndpoint({
      view,
      path: 'trades',
      summary: 'Time and sales, newest first',
      query: Type.Object({ limit: limitOf(100) }),
      answer: Trades,
      respond: ({ of, history }, { limit: most }) => ({
        ...of,
        trades: history.latest(most).map(recordJson),
        block_trades: history.blockTrades,
      }),
    }),
    assetEndpoint({
      view,
      path: 'trade-stats',
      summary: 'The last closed windows of trades as published, newest first',
      query: Type.Object({
        window: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 86_400_000,
            description: 'Length in milliseconds; default: the longest',
          }),
        ),
        limit: limitOf(60),
      }),
      answer: TradeStatsAnswer,
      respond: (series, { window = series.windowLengths.at(-1) ?? 60_000, limit: most }) => {
        const windows = series.windows(window).slice(0, most).map(recordJson);
        const [latest] = windows;
        const { symbol } = series.of;
        if (latest === undefined)
          throw noData(symbol, `no window of ${window} ms is known`, { symbol, windows_ms: series.windowLengths });
        return { ...series.of, window_ms: window, latest, windows };
      },
    }),
    assetEndpoint({
      view,
      path: 'trade-flow',
      summary: 'Figures over the last trades: who pressed',
      query: Type.Object({
        window: defaulted(
          Type.Integer({ minimum: 1, maximum: 100_000, default: 1000, description: 'The last so many trades' }),
        ),
      }),
      answer: TradeFlowAnswer,
      respond: ({ of, history }, { window }) => {
        const figures = history.lastTrades(window);
        if (figures === undefined) throw noData(of.symbol, 'no trade came yet');
        return { ...of, window, figures: snakeKeys(figures) };
      },
    }),
    assetEndpoint({
      view,
      path: 'large-trades',
      summary: 'Trades far above the mean of the up to 1,000 before them, newest first',
      query: Type.Object({
        threshold: defaulted(
          Type.Number({
            minimum: 0.01,
            maximum: 1_000_000,
            default: largeTradeThreshold,
            description: 'Multiple of the mean quantity',
          }),
        ),
      }),
      answer: LargeTradesAnswer,
      respond: (series, { threshold: asked }) => {
        const threshold = Number(asked.toPrecision(15));
        const large = series.largeTrades(threshold).map(recordJson);
        return { ...series.of, threshold, large_trades: large };
      },
    }),
    assetEndpoint({
      view,
      path: 'volume-profile',
      summary: 'Volume by price over the trades remembered',
      query: Type.Object({ bins: defaulted(Type.Integer({ minimum: 1, maximum: 500, default: 50 })) }),
      answer: VolumeProfileAnswer,
      respond: ({ of, history }, { bins }) => {
        const profile = history.volumeProfile(bins);
        if (profile === undefined) throw noData(of.symbol, 'no trade came yet');
        return { ...of, profile: snakeKeys(profile) };
      },
    }),
    assetEndpoint({
      view,
      path: 'klines',
      summary: 'Candles, oldest first; the last may be open',
      query: Type.Object({
        interval: defaulted(Type.Unsafe<Static<typeof Interval>>({ ...Interval, default: '1m' })),
        limit: limitOf(500),
      }),
      answer: Klines,
      respond: ({ of, candles }, { interval, limit: most }) => {
        const klines = candles.latest(interval, most);
        if (klines === undefined)
          throw noData(of.symbol, `no candles of ${interval}, nor shorter ones that make them, are subscribed`);
        return { ...of, interval, klines: klines.map(recordJson) };
      },
    }),
  ];
}
