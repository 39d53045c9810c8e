import type { TradeEvent } from '../../src/domain/record.ts';

const STEPS_PER_UNIT = 100;
const LOTS_PER_UNIT = 100_000;

/**
 * Trades as Binance sends them for BTCUSDT, the same at each call: a random walk of the price, sizes from dust to a few
 * coins, one every 20 ms.
 */
export function someTrades(count: number): readonly TradeEvent[] {
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  let steps = 61_837_63;
  return Array.from({ length: count }, (_, index) => {
    steps += Math.round((random() - 0.5) * 200);
    const lots = Math.ceil(LOTS_PER_UNIT * 3 * random() ** 6);
    const timestamp = 1_760_000_000_000 + index * 20;
    return {
      kind: 'trade',
      venue: 'binance',
      symbol: 'BTCUSDT',
      venueSymbol: 'BTCUSDT',
      coin: 'BTC',
      environment: 'production',
      epoch: 1,
      receivedAt: (timestamp + 2) * 1000,
      price: `${steps / STEPS_PER_UNIT}`,
      quantity: (lots / LOTS_PER_UNIT).toFixed(5).replace(/\.?0+$/, ''),
      isBuyerMaker: random() < 0.5,
      timestamp,
      eventTime: timestamp + 1,
      tradeId: `${3_735_683_259 + index}`,
      lastTradeId: null,
      conditions: [],
      source: 'live',
      timestampUs: null,
    };
  });
}
