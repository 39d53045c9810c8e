import { expect, it } from 'vitest';
import { startMarketFeed } from '../../testing/processes/market-feed-process.ts';
import { until } from '../../testing/tools/until.ts';
import { startHealing } from './healing-run.ts';

const KILLS = 20;
const RATE = 2000;
/** How long the venue withholds trades, seconds. */
const GAP_S = 20;
/** A gap is repaired for 10 s, then it is published. */
const REFUSED_S = GAP_S + 15;

it(`a run that is killed ${KILLS} times while it heals writes each late trade once, and forgets none`, async () => {
  const { configWith, idsOf, idsInFiles, skip, end } = await startHealing({ channels: ['trade'] }, RATE);
  const both = await configWith(['kafka', 'file']);
  let run = startMarketFeed('run', '--config', both);
  await run.logged('trading_resumed');
  skip(GAP_S * RATE, REFUSED_S);
  const { to_id: toId } = await run.logged('gap_unrepaired');
  // If no trade after the gap is stored, the next run repairs it.
  await until(async () => (await idsInFiles('trades')).includes(String(toId)), { timeoutMs: 60_000 });
  const missing = sum(run.log().map((line) => (line.event === 'gap_unrepaired' ? Number(line.missing) : 0)));
  const counts = new Set<number>();
  for (let kills = 0; kills < KILLS; kills++) {
    run.signal('SIGKILL');
    expect(await run.exited).toBeNull();
    const before = (await idsInFiles('late-trades')).length;
    counts.add(before);
    run = startMarketFeed('run', '--config', both);
    // The healer begins 5 s after the start.
    const isHealing = async () => (await idsInFiles('late-trades')).length > before;
    if (before < missing) await until(isHealing, { timeoutMs: 60_000, everyMs: 20 });
  }
  expect(counts.size).toBeGreaterThan(KILLS / 2);
  const isFetched = async () => {
    const { kafka, file } = await idsOf('late-trades');
    return Math.min(kafka.length, file.length) >= missing;
  };
  await until(isFetched, { timeoutMs: 300_000, everyMs: 1000, message: () => run.stderr });
  run.signal('SIGTERM');
  expect(await run.exited, run.stderr).toBe(0);
  for (const { late, all, made } of await end()) {
    // A later gap may be healed, too.
    expect(late).toBeGreaterThanOrEqual(missing);
    expect(all).toEqual(made);
  }
}, 1_200_000);

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
