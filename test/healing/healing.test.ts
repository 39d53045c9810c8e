import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Audit, Gap, TradeEvent, TradeStats } from '../../src/domain/record.ts';
import { compareIds } from '../../src/domain/trade-id.ts';
import { windowProblems } from '../../testing/judges/judge-windows.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { SECOND_MS, VirtualRun } from './virtual-run.ts';

const MINUTE_MS = 60_000;
const [KILLS, TRADES] = isLong ? [20, 2500] : [8, 1500];

/** The ids of a symbol's trades that the venue made, between two ids, both exclusive. */
function madeBetween({ world }: VirtualRun, { symbol, fromId, toId }: Gap): string[] {
  return world.journal
    .filter(
      ({ kind, symbol: of, id }) =>
        kind === 'trade' && of === symbol && BigInt(id) > BigInt(fromId ?? 0) && BigInt(id) < BigInt(toId ?? 0),
    )
    .map(({ id }) => id);
}

const idsOf = (trades: readonly TradeEvent[]): string[] => trades.map(({ tradeId }) => tradeId);

/** The latest record of each window or audit. */
function latest<T extends TradeStats | Audit>(records: readonly T[]): T[] {
  const byName = new Map<string, T>();
  for (const record of records) {
    const { venue, symbol, epoch } = record;
    const place = record.kind === 'audit' ? record.minute : `${record.windowMs} ${record.windowStart}`;
    byName.set(`${venue} ${symbol} ${epoch} ${place}`, record);
  }
  return [...byName.values()];
}

/** The published trades of a series with its late trades, in the order of their ids. */
function allTrades({ store }: VirtualRun, { venue, symbol, epoch }: Gap): TradeEvent[] {
  const published = store.records.filter((record) => record.kind === 'trade');
  return [...published, ...store.late]
    .filter((trade) => trade.venue === venue && trade.symbol === symbol && trade.epoch === epoch)
    .sort((a, b) => compareIds(a.tradeId, b.tradeId));
}

function hashOf(trades: readonly TradeEvent[]): string {
  const side = ({ isBuyerMaker }: TradeEvent) => (isBuyerMaker ? 'sell' : 'buy');
  const lines = trades.map((one) => `${one.tradeId},${one.price},${one.quantity},${side(one)},${one.timestamp}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

it('fetches the trades of a gap that could not be repaired in time, and makes its windows and audits complete', async () => {
  const run = new VirtualRun({ venues: ['binance'] });
  await run.start();
  // The first minute is not whole, because the epoch begins in it.
  await run.world.pass(32 * SECOND_MS);
  const gap = await run.makeGap(60);
  expect(gap).toMatchObject({ symbol: 'BTCUSDT', missing: 60, filled: 0 });
  await run.until(() => run.store.late.length >= 60, 60 * SECOND_MS);
  expect(idsOf(run.store.late)).toEqual(madeBetween(run, gap));
  for (const trade of run.store.late)
    expect(trade).toMatchObject({ epoch: 1, source: 'backfill', environment: 'simulated' });

  await run.until(() => run.gaps('healed').length > 0, 200 * SECOND_MS);
  expect(run.gaps('healed')).toEqual([{ ...gap, filled: 60, outcome: 'healed' }]);
  const healedAt = run.store.records.findIndex((record) => record.kind === 'gap' && record.outcome === 'healed');
  const before = run.store.records.slice(0, healedAt);
  const isTouched = (start: number, end: number) => gap.fromTime < end && gap.toTime >= start;
  const windows = latest(before.filter((record) => record.kind === 'trade_stats')).filter(
    ({ symbol, windowStart, windowEnd }) => symbol === gap.symbol && isTouched(windowStart, windowEnd),
  );
  expect(windows.map(({ windowMs }) => windowMs)).toEqual(expect.arrayContaining([1000, 60_000]));
  expect(windows.filter(({ complete }) => !complete)).toEqual([]);
  expect(windows.some(({ revision }) => revision === 1)).toBe(true);
  expect(
    windowProblems(
      windows.toSorted((a, b) => a.windowStart - b.windowStart),
      run.world.journal,
    ),
  ).toEqual([]);

  const audits = latest(before.filter((record) => record.kind === 'audit')).filter(
    ({ symbol, minute }) => symbol === gap.symbol && isTouched(minute, minute + MINUTE_MS),
  );
  expect(audits.length).toBeGreaterThan(0);
  for (const audit of audits) {
    const trades = allTrades(run, gap).filter(
      ({ timestamp }) => Math.floor(timestamp / MINUTE_MS) * MINUTE_MS === audit.minute,
    );
    expect(audit).toMatchObject({ hash: hashOf(trades), trades: trades.length, verdict: 'proven' });
  }
  await run.stop();
});

it(`writes each late trade once, although the process is killed ${KILLS} times while it heals`, async () => {
  const run = new VirtualRun({ venues: ['binance'], seed: 3 });
  const { random } = run.world;
  await run.start();
  await run.world.pass(5 * SECOND_MS);
  const gap = await run.makeGap(TRADES, TRADES / 40);
  // Trades after the gap are stored, so that the next run does not repair it.
  await run.world.pass(2 * SECOND_MS);
  const counts = new Set<number>();
  for (let kills = 0; kills < KILLS; kills++) {
    run.kill();
    await run.start();
    // Early kills hit the writing of late trades, later ones also what follows.
    await run.world.pass(5 * SECOND_MS + random.below(kills < KILLS / 2 ? 100 : 900));
    counts.add(run.store.late.length);
  }
  expect(
    [...counts].some((count) => count > 0 && count < TRADES),
    `${[...counts]}`,
  ).toBe(true);
  await run.until(() => run.gaps('healed').length > 0, 300 * SECOND_MS);
  expect(idsOf(run.store.late)).toEqual(madeBetween(run, gap));
  expect(run.gaps('healed')).toEqual([{ ...gap, filled: TRADES, outcome: 'healed' }]);
  await run.stop();
});

it('fetches nothing for a gap that the next run repaired, because no trade after it was stored', async () => {
  const run = new VirtualRun({ venues: ['binance'], seed: 3 });
  await run.start();
  await run.world.pass(5 * SECOND_MS);
  // The steps are so short that the process is killed before the trade after the gap is stored.
  const gap = await run.makeGap(20, 12, 1);
  run.kill();
  await run.start();
  await run.until(() => run.gaps('healed').length > 0, 300 * SECOND_MS);
  expect(run.gaps('repaired').some(({ fromId }) => fromId === gap.fromId)).toBe(true);
  expect(run.store.late).toEqual([]);
  expect(run.gaps('healed')).toEqual([{ ...gap, filled: 20, outcome: 'healed' }]);
  await run.stop();
});
