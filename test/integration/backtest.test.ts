import { lastValueFrom } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { connectTopics, DEFAULT_GUARD, type TradingDecision } from '../../src/client/index.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { COINS, recordRun, type Step } from './recorded-run.ts';

const BOTH = ['bybit', 'binance'] as const;
/** Three minutes. */
const STEPS: readonly Step[] = [
  { passMs: 10_000 },
  { faults: [{ venue: 'bybit', fault: 'silence_with_pong', seconds: 8 }], passMs: 25_000 },
  { faults: BOTH.map((venue) => ({ venue, fault: 'silence_without_pong', seconds: 10 })), passMs: 25_000 },
  { faults: [{ venue: 'bybit', fault: 'refuse', status: 451, seconds: 25 }], passMs: 5000 },
  {
    faults: [
      { venue: 'binance', fault: 'refuse_rest', status: 503, seconds: 15 },
      { venue: 'binance', fault: 'skip_trades', symbol: 'ETHUSDT', count: 20 },
    ],
    passMs: 40_000,
  },
  { faults: [{ venue: 'all', fault: 'close' }], passMs: 15_000 },
  { faults: [{ venue: 'bybit', fault: 'mute_symbol', symbol: 'SOLUSDT', seconds: 15 }], passMs: 30_000 },
  { killedForMs: 5000, passMs: 25_000 },
];
/** The run at full length takes twelve minutes. */
const RUN = isLong ? [...STEPS, ...STEPS, ...STEPS, ...STEPS] : STEPS;
const GUARD = { ...DEFAULT_GUARD, allowTestData: true, gapHaltMs: 10_000 };

/**
 * A decision that holds for less than this may be missing in the other run. The feed writes records of the same moment
 * in one batch, and the records do not say in which order.
 */
const BRIEF_MS = 750;
const TOLERANCE_MS = 1000;

interface Held {
  readonly what: string;
  readonly at: number;
  /** True if the other run must have it, too. */
  readonly required: boolean;
}

/**
 * The decisions about a coin until the feed stops. After a brief halt, its recovery and end are not required either.
 */
function held(decisions: readonly TradingDecision[], coin: string | null): readonly Held[] {
  const own = decisions.filter((decision) => decision.coin === coin);
  const end = own.findIndex(({ causes }) => causes.includes('feed_stopped'));
  let haltedForMs = 0;
  return own.slice(0, end).map(({ at, state, causes }, index) => {
    const forMs = (own[index + 1]?.at ?? at) - at;
    const isRecovery = causes.includes('recovering');
    if (state === 'halted' && !isRecovery) haltedForMs += forMs;
    const required = forMs >= BRIEF_MS && haltedForMs >= BRIEF_MS;
    if (state === 'allowed') haltedForMs = 0;
    return { what: `${coin} ${state} ${causes.join()}`, at, required };
  });
}

function missing(from: readonly Held[], other: readonly Held[]): readonly string[] {
  return from
    .filter(({ required, what, at }) => {
      const isThere = other.some((each) => each.what === what && Math.abs(each.at - at) <= TOLERANCE_MS);
      return required && !isThere;
    })
    .map(({ what, at }) => `${what} at ${new Date(at).toISOString()}`);
}

it('a backtest takes the decisions of the live guard, each within a second', async () => {
  const { batches, decisions: live } = await recordRun(1, RUN, GUARD);
  const dir = await testFolder();
  const sink = await openSink(dir);
  for (const batch of batches) await sink.write(batch);
  await sink.close();
  const market = await connectTopics({ dir, clock: 'records', ...GUARD });
  onTestFinished(() => market.close());
  const played: TradingDecision[] = [];
  for (const coin of [...COINS, null]) market.trading$(coin).subscribe((decision) => played.push(decision));
  await lastValueFrom(market.status$);
  const all = [...COINS, null].map((coin) => ({ live: held(live, coin), played: held(played, coin) }));
  expect(all.flatMap((each) => missing(each.live, each.played))).toEqual([]);
  expect(all.flatMap((each) => missing(each.played, each.live))).toEqual([]);
  const causes = new Set(live.flatMap((decision) => decision.causes));
  const expected = ['price_age', 'feed_halted', 'venue_changed', 'gap', 'coin_halted', 'status_silent', 'feed_stopped'];
  expect([...causes]).toEqual(expect.arrayContaining(expected));
});
