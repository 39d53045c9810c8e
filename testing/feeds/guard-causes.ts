import { DEFAULT_GUARD } from '../../src/client/guard/trading-decision.ts';
import { TradingGuard } from '../../src/client/guard/trading-guard.ts';
import type { SimulatedFeed } from './simulated-feed.ts';

/** Why a consumer that has read all records until now does not trade a coin, whatever the age of its price. */
export function causesOf(simulated: SimulatedFeed, coin: string): readonly string[] {
  const at = { wall: Date.now(), monotonic: 0 };
  const options = { ...DEFAULT_GUARD, allowTestData: true, maxPriceAgeMs: Number.POSITIVE_INFINITY, resumeAfterMs: 0 };
  const guard = new TradingGuard(options, at, (name) => `${name}USDT`);
  for (const record of simulated.records)
    if (record.kind === 'price' || record.kind === 'status') guard.apply(record, at);
  return guard.decide(coin, at).causes;
}
