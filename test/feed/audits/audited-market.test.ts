import { expect, it } from 'vitest';
import type { Audit, Gap } from '../../../src/domain/record.ts';
import { Random } from '../../../src/simulator/market/random.ts';
import { grouped } from '../../../testing/judges/journal.ts';
import { auditProblems } from '../../../testing/judges/judge-audits.ts';
import { isLong } from '../../../testing/tools/is-long.ts';
import { AuditedMarket, COINS } from './audited-market.ts';

const MINUTE_MS = 60_000;
/** Numbers of the runs. A start reads all records of its run, so many short runs cost less than one long run. */
const runsOf = (count: number): readonly number[] => Array.from({ length: isLong ? count : 1 }, (_, run) => run);
const DROPPED = isLong ? 100 : 20;
const HOURS = isLong ? 1 : 0.2;
const MAX_TEST_MS = isLong ? 600_000 : 120_000;

function problemsOf({ records }: AuditedMarket, mayRepeat: boolean): readonly string[] {
  return auditProblems(records, { contiguous: new Set(), mayRepeat });
}

/** The revisions of each audited minute, by SYMBOL and minute. */
function minutesOf({ records }: AuditedMarket): ReadonlyMap<string, readonly Audit[]> {
  const audits = records.filter((record) => record.kind === 'audit');
  return grouped(audits, ({ symbol, minute }) => `${symbol} ${minute}`);
}

it.each(runsOf(10))(
  `audits find ${DROPPED} single trades that both lines of Bybit drop: run %i`,
  async (run) => {
    const market = new AuditedMarket(['bybit'], { seed: 3 + run, rate: 6 });
    const { world } = market;
    const random = new Random(8 + run);
    await market.start();
    // The first minute is not known as a whole.
    await market.pass(45);
    for (let drop = 0; drop < DROPPED; drop++) {
      const symbol = `${COINS[random.below(COINS.length)]}USDT`;
      world.fault({ venue: 'bybit', fault: 'skip_trades', symbol, line: 'all', count: 1 });
      await market.pass(10 + random.below(20));
    }
    await market.pass(220);
    await market.stop();
    const dropped = world.journal.filter(({ withheld }) => withheld);
    expect(dropped.length).toBeGreaterThanOrEqual(DROPPED * 0.9);
    const minutes = minutesOf(market);
    const gaps = market.records.filter((record) => record.kind === 'gap');
    const named = new Set<string>();
    for (const { symbol, time, id } of dropped) {
      const minute = time - (time % MINUTE_MS);
      const name = `${symbol} ${minute}`;
      named.add(name);
      const revisions = minutes.get(name) ?? [];
      const delays = revisions.map((audit) => (market.arrivals.get(audit) ?? 0) - minute - MINUTE_MS);
      expect(
        revisions.map(({ verdict }) => verdict),
        name,
      ).toEqual(['unexplained', 'gap']);
      expect(delays[0]).toBeLessThanOrEqual(70_000);
      expect(delays[1]).toBeLessThanOrEqual(150_000);
      expect(
        gaps.some((gap) => gap.symbol === symbol && contains(gap, id)),
        name,
      ).toBe(true);
    }
    const others = [...minutes].filter(([name]) => !named.has(name));
    const verdicts = others.flatMap(([, revisions]) => revisions.map(({ verdict }) => verdict));
    expect([...new Set(verdicts)].toSorted()).toEqual(['agrees', 'unchecked']);
    expect(verdicts.filter((verdict) => verdict === 'unchecked').length).toBeLessThanOrEqual(COINS.length);
    expect(gaps.length).toBe(named.size);
    const reported = market.records.filter((record) => record.kind === 'status' && record.state === 'gap_unrepaired');
    expect(reported.length).toBe(named.size);
    expect(problemsOf(market, false)).toEqual([]);
  },
  MAX_TEST_MS,
);

function contains({ fromId, toId }: Gap, id: string): boolean {
  return BigInt(fromId ?? 0) < BigInt(id) && (toId === null || BigInt(id) < BigInt(toId));
}

it.each(runsOf(24))(
  `audits raise no false alarm in ${HOURS} hours with late, block and RPI trades, lost connections and restarts: run %i`,
  async (run) => {
    const market = new AuditedMarket(['bybit'], { seed: 4 + run, rate: 4 });
    const { world } = market;
    const random = new Random(9 + run);
    await market.start();
    const symbolOf = () => `${COINS[random.below(COINS.length)]}USDT`;
    const end = world.wallClockMs() + HOURS * 3_600_000;
    for (let round = 1; world.wallClockMs() < end; round++) {
      world.fault({ venue: 'bybit', fault: 'block_trades', symbol: symbolOf() });
      await market.pass(5 + random.below(40));
      world.fault({ venue: 'bybit', fault: 'reorder_trades', symbol: symbolOf(), line: round % 4 === 0 ? 'all' : 1 });
      await market.pass(15 + random.below(60));
      if (round % 2 === 0) world.fault({ venue: 'bybit', fault: 'close', line: random.below(2) === 0 ? 1 : 2 });
      await market.pass(5 + random.below(30));
      if (round % 3 !== 0) continue;
      if (random.below(2) === 0) await market.stop();
      else market.kill();
      await market.pass(random.below(8));
      await market.start();
    }
    await market.pass(90);
    await market.stop();
    const trades = market.records.filter((record) => record.kind === 'trade');
    for (const condition of ['block', 'rpi'])
      expect(trades.filter(({ conditions }) => conditions.includes(condition)).length).toBeGreaterThan(3);
    const all = [...minutesOf(market).values()];
    const alarms = all.flat().filter(({ verdict }) => verdict === 'unexplained');
    expect(alarms).toEqual([]);
    expect(problemsOf(market, true)).toEqual([]);
    const agreeing = all.filter((revisions) => revisions.at(-1)?.verdict === 'agrees');
    expect(agreeing.length / all.length).toBeGreaterThan(0.6);
  },
  MAX_TEST_MS,
);
