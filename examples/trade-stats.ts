// Trade statistics for each second of the venue's clock: the operator windowStats with exact sums.
// Run: node examples/trade-stats.ts. In your own project, import from 'market-feed/operators' and
// 'market-feed/market', and replace the table by `feed.trades$` of a MarketFeed (examples/raw-trades.ts).
import { from } from 'rxjs';
import { TradeSums } from '../src/market/index.ts';
import { windowStats } from '../src/operators/index.ts';

const trades = [
  { symbol: 'BTCUSDT', price: '61837.63', quantity: '0.02', isBuyerMaker: false, timestamp: 100 },
  { symbol: 'BTCUSDT', price: '61837.6', quantity: '0.005', isBuyerMaker: true, timestamp: 450 },
  { symbol: 'ETHUSDT', price: '2431.5', quantity: '1.2', isBuyerMaker: true, timestamp: 700 },
  { symbol: 'BTCUSDT', price: '61840', quantity: '0.015', isBuyerMaker: false, timestamp: 900 },
  { symbol: 'BTCUSDT', price: '61841.5', quantity: '0.1', isBuyerMaker: true, timestamp: 1200 },
  { symbol: 'BTCUSDT', price: '61841.5', quantity: '0.1', isBuyerMaker: true, timestamp: 3300 },
];

from(trades)
  .pipe(
    windowStats({
      windowMs: 1000,
      allowedLatenessMs: 1000,
      idleAfterMs: 5000,
      timestampOf: (trade) => trade.timestamp,
      keyOf: (trade) => trade.symbol,
      clockOf: () => 'one venue',
      create: () => new TradeSums(),
      add: (sums, trade) => {
        sums.add(trade);
        return sums;
      },
    }),
  )
  .subscribe(({ key, windowStart, accumulator }) => {
    const figures = accumulator.figures();
    console.log(windowStart, key, figures?.trades, figures?.volume, figures?.vwap, figures?.flow);
  });
// 0 BTCUSDT 3 0.04 61838.515 strong_buy
// 0 ETHUSDT 1 1.2 2431.5 strong_sell
// 1000 BTCUSDT 1 0.1 61841.5 strong_sell
