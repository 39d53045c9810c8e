import type { FeedRecord, Gap, TradeEvent } from '../../src/domain/record.ts';

/** A published record. If it is a barrier, sinks write later records only after it is stored or rejected. */
interface Step {
  readonly record: FeedRecord;
  readonly barrier: boolean;
}

/**
 * Checks the records of a feed in mode failover: venues, epochs, position records, order and gaps. Returns each
 * breach as text, at most 20.
 */
export function epochProblems(published: readonly Step[]): string[] {
  return [...epochOrderProblems(published), ...idProblems(published.map(({ record }) => record))].slice(0, 20);
}

/**
 * Checks that the epochs of a symbol only rise, and that each belongs to one venue. The position record of an epoch
 * must come before its other records, as a barrier.
 */
function epochOrderProblems(published: readonly Step[]): string[] {
  const problems: string[] = [];
  const current = new Map<string, { readonly epoch: number; readonly venue: string }>();
  const announced = new Set<string>();
  for (const { record, barrier } of published) {
    if (record.kind === 'position') {
      if (record.tradeId === null && barrier) announced.add(`${record.venue} ${record.symbol} ${record.epoch}`);
      continue;
    }
    if (!('receivedAt' in record) || !('epoch' in record)) continue;
    const { venue, symbol, epoch, kind } = record;
    const last = current.get(symbol);
    if (venue === '' || epoch < 1) problems.push(`a ${kind} of ${symbol} names venue "${venue}" and epoch ${epoch}`);
    if (last !== undefined && epoch < last.epoch)
      problems.push(`a ${kind} of ${symbol} in epoch ${epoch} after ${last.epoch}`);
    if (last !== undefined && epoch === last.epoch && venue !== last.venue)
      problems.push(`epoch ${epoch} of ${symbol} is ${last.venue}'s and ${venue}'s`);
    if (last?.epoch !== epoch && !announced.has(`${venue} ${symbol} ${epoch}`))
      problems.push(`a ${kind} of ${symbol} before the position of epoch ${epoch}`);
    current.set(symbol, { epoch, venue });
  }
  return problems;
}

/**
 * Checks the ids within each venue, symbol and epoch. They must rise; Binance's must step by one, except for published
 * gaps. A gap comes before the trade after it, and its counts of missing and filled trades are right.
 */
export function idProblems(records: readonly FeedRecord[]): string[] {
  const problems: string[] = [];
  const runs = new Map<string, { readonly trades: TradeEvent[]; readonly gaps: Gap[] }>();
  for (const record of records) {
    if (record.kind !== 'gap' && record.kind !== 'trade') continue;
    const name = `${record.venue} ${record.symbol} ${record.epoch}`;
    const run = runs.get(name) ?? { trades: [], gaps: [] };
    runs.set(name, run);
    if (record.kind === 'gap') {
      run.gaps.push(record);
      continue;
    }
    const before = run.trades.at(-1);
    run.trades.push(record);
    if (before === undefined) continue;
    const last = lastIdOf(before);
    const id = BigInt(record.tradeId);
    if (id <= last) problems.push(`${name}: ${id} after ${last}`);
    if (record.venue === 'bybit' || id === last + 1n) continue;
    if (
      !run.gaps.some(
        ({ fromId, toId }) => fromId !== null && toId !== null && last >= BigInt(fromId) && id <= BigInt(toId),
      )
    )
      problems.push(`${name}: from ${last} to ${id} without a gap before it`);
  }
  for (const [name, { trades, gaps }] of runs)
    if (!name.startsWith('bybit')) for (const gap of gaps) problems.push(...gapProblems(name, gap, trades));
  return problems;
}

function gapProblems(
  name: string,
  { fromId, toId, missing, filled, outcome }: Gap,
  trades: readonly TradeEvent[],
): string[] {
  if (fromId === null || toId === null) return [];
  const [from, to] = [BigInt(fromId), BigInt(toId)];
  const inside = trades.filter((trade) => BigInt(trade.tradeId) > from && lastIdOf(trade) < to);
  const has = inside.reduce((sum, trade) => sum + lastIdOf(trade) - BigInt(trade.tradeId) + 1n, 0n);
  const gap = `${name}: the gap (${from},${to})`;
  return [
    ...(BigInt(missing ?? -1) === to - from - 1n ? [] : [`${gap} says ${missing} missing`]),
    ...(BigInt(filled) === has ? [] : [`${gap} says ${filled} filled, ${has} are there`]),
    ...((outcome === 'repaired') === (missing === filled)
      ? []
      : [`${gap} of ${missing} with ${filled} filled is ${outcome}`]),
    ...(trades.some((trade) => lastIdOf(trade) === from) ? [] : [`${gap} does not begin at a published trade`]),
    // The trade after the last gap may be missing, because a run may end before it is written.
    ...(trades.some(({ tradeId }) => BigInt(tradeId) > to) && !trades.some(({ tradeId }) => BigInt(tradeId) === to)
      ? [`${gap} does not end at a published trade`]
      : []),
  ];
}

function lastIdOf(trade: TradeEvent): bigint {
  return BigInt(trade.lastTradeId ?? trade.tradeId);
}
