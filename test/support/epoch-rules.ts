import type { FeedRecord, Gap, TradeEvent } from '../../src/domain/record.ts';

/** What the feed handed out in one step. */
interface Step {
  readonly record: FeedRecord;
  readonly barrier: boolean;
}

/** Every breach of the rules about venue, epoch, position, order and gap in what a feed in mode failover published, in words; at most 20. */
export function epochProblems(published: readonly Step[]): string[] {
  return [...turns(published), ...runProblems(published.map(({ record }) => record))].slice(0, 20);
}

/** Epochs of a symbol only rise, each is one venue's, and its position came before its first record, as a barrier. */
function turns(published: readonly Step[]): string[] {
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

/** Within a venue, symbol and epoch ids rise; Binance's step by one but for published gaps, which name exactly what is missing and come before the trade after them. */
export function runProblems(records: readonly FeedRecord[]): string[] {
  const problems: string[] = [];
  const last = new Map<string, TradeEvent>();
  const gaps = new Map<string, Gap>();
  for (const record of records) {
    if (record.kind === 'gap')
      gaps.set(`${record.venue} ${record.symbol} ${record.epoch} ${record.fromId} ${record.toId}`, record);
    if (record.kind !== 'trade') continue;
    const run = `${record.venue} ${record.symbol} ${record.epoch}`;
    const before = last.get(run);
    last.set(run, record);
    if (before === undefined) continue;
    const step = BigInt(record.tradeId) - BigInt(before.tradeId);
    if (step <= 0n) problems.push(`${run}: ${record.tradeId} after ${before.tradeId}`);
    if (record.venue === 'bybit' || step === 1n) continue;
    const gap = gaps.get(`${run} ${before.tradeId} ${record.tradeId}`);
    if (gap === undefined) problems.push(`${run}: from ${before.tradeId} to ${record.tradeId} without a gap before it`);
    else if (BigInt(gap.missing ?? -1) !== step - 1n)
      problems.push(`${run}: ${step - 1n} missing, the gap says ${gap.missing}`);
  }
  return problems;
}
