/** Checks whether the trading guard of a consumer halted in time, for each row of the fault matrix. */
import { DEFAULT_GUARD } from '../../src/client/guard/trading-decision.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { type RunStore, stored } from '../../testing/judges/read-run.ts';
import type { ConsumerResults, GuardDecision } from './consumer.ts';

/** How late a halt may come, milliseconds. With files it takes longer: they are flushed and polled at intervals. */
const TOLERANCE_MS = { kafka: 250, file: 1750 };

/** What the judge found about a consumer with the guard. */
export interface GuardOutcome {
  /** Time from the fault to the first halt of any coin; undefined if no coin was halted. */
  readonly haltedAfterMs: number | undefined;
  readonly trades: number;
  /** Halts that came too late, or did not come. */
  readonly late: readonly string[];
  /** Paper trades that the guard should have prevented. */
  readonly wrong: readonly string[];
}

/** A moment from which a symbol must be halted, according to the topics. `symbol` is null for all symbols. */
interface RequiredHalt {
  readonly at: number;
  readonly symbol: string | null;
  readonly why: string;
}

/**
 * Judges a consumer by the stored records, without the guard's code. A coin must be halted within `TOLERANCE_MS` after
 * its price or the heartbeat became too old, the feed reported that trading is halted, or an unrepaired gap was stored.
 * No paper trade may use a price that is too old or of the testnet, or follow such a gap within a minute.
 */
export async function judgeGuard(
  store: RunStore,
  { decisions, trades }: ConsumerResults,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<GuardOutcome> {
  const required = await requiredHaltsOf(store);
  const toleranceMs = TOLERANCE_MS[store.kind];
  const late = required
    .filter(({ at }) => at >= from && at + toleranceMs < to)
    .flatMap(({ at, symbol, why }) =>
      [...new Set(decisions.map(({ coin }) => coin))]
        .filter((coin) => symbol === null || symbol.startsWith(coin))
        .filter((coin) => !wasHalted(decisions, coin, at, at + toleranceMs))
        .map((coin) => `${coin} not halted ${toleranceMs} ms after ${why} at ${Math.round(at)}`),
    );
  const gaps = required.filter(({ why }) => why === 'a gap');
  const wrong = trades.flatMap(({ at, symbol, receivedAtMs, environment }) => {
    if (at - receivedAtMs >= DEFAULT_GUARD.maxPriceAgeMs)
      return [`${symbol} traded at a price of ${at - receivedAtMs} ms`];
    if (environment === 'testnet') return [`${symbol} traded on the testnet`];
    const isGapped = gaps.some(
      (gap) => gap.symbol === symbol && at > gap.at + toleranceMs && at < gap.at + DEFAULT_GUARD.gapHaltMs,
    );
    return isGapped ? [`${symbol} traded after a gap`] : [];
  });
  const first = decisions.find(
    ({ at, halted, causes }) => halted && at >= from && at <= to && causes.join() !== 'recovering',
  );
  return { haltedAfterMs: first === undefined ? undefined : first.at - from, trades: trades.length, late, wrong };
}

/** True if the coin was halted at any moment between `from` and `to`. The feed may have recovered before `to`. */
function wasHalted(decisions: readonly GuardDecision[], coin: string, from: number, to: number): boolean {
  const own = decisions.filter((one) => one.coin === coin && one.at <= to);
  return own.some(({ halted, at }, index) => halted && (at >= from || (own[index + 1]?.at ?? to) >= from));
}

async function requiredHaltsOf(store: RunStore): Promise<readonly RequiredHalt[]> {
  const required: RequiredHalt[] = [];
  const prices = new Map<string, { readonly stamp: number; readonly at: number }[]>();
  for await (const { record, at } of stored(store, 'prices'))
    if (record.kind === 'price') {
      const ofSymbol = prices.get(record.symbol) ?? [];
      prices.set(record.symbol, ofSymbol);
      ofSymbol.push({ stamp: record.receivedAt / 1000, at });
    }
  for (const [symbol, ofSymbol] of prices)
    for (const at of lapses(ofSymbol, DEFAULT_GUARD.maxPriceAgeMs))
      required.push({ at, symbol, why: 'its price is old' });

  const beats: { stamp: number; at: number }[] = [];
  for await (const { record, at } of stored(store, 'feed-status')) {
    if (record.kind !== 'status') continue;
    if (record.state === 'heartbeat') beats.push({ stamp: record.timestamp, at });
    if (reportsHalt(record)) required.push({ at, symbol: null, why: `${record.state} of the feed` });
  }
  for (const at of lapses(beats, DEFAULT_GUARD.statusSilenceMs))
    required.push({ at, symbol: null, why: 'the last heartbeat' });
  for await (const { record, at } of stored(store, 'gaps'))
    if (record.kind === 'gap' && record.outcome !== 'repaired')
      required.push({ at, symbol: record.symbol, why: 'a gap' });
  return required;
}

function reportsHalt(record: FeedRecord & { readonly kind: 'status' }): boolean {
  return ['trading_halted', 'stopped'].includes(record.state) || record.heartbeat?.trading === 'halted';
}

/**
 * Returns each moment at which the newest stored stamp became older than `limitMs`, if no newer one was stored before.
 */
function lapses(stamped: readonly { readonly stamp: number; readonly at: number }[], limitMs: number): number[] {
  return stamped.flatMap(({ stamp, at }, index) => {
    const old = Math.max(at, stamp + limitMs);
    return old < (stamped[index + 1]?.at ?? Number.POSITIVE_INFINITY) ? [old] : [];
  });
}
