import type { TradeEvent } from '../domain/record.ts';
import type { Sink } from '../sinks/contract.ts';
import type { RestRequest } from '../venues/contract.ts';
import { type HistoryJob, type HistoryResult, NO_PROGRESS, writeRecords } from './fetch-history.ts';
import { type Ask, type HistoryRange, HistoryRefused } from './history-span.ts';
import { lastRecord } from './last-record.ts';

export interface RecentJob extends Omit<HistoryJob, 'series' | 'arguments'> {
  /** Newest first; all that the venue returns of its past. */
  readonly recent: RestRequest<readonly TradeEvent[]>;
  /** How many an answer has, unless there are no more. */
  readonly most: number;
}

/**
 * The same as `fetchHistory` for a venue that returns its last trades and no others: one answer, without what the
 * folder has. Throws HistoryRefused if the range begins before it.
 */
export async function fetchRecent(job: RecentJob, sink: Pick<Sink, 'write'>, ask: Ask): Promise<HistoryResult> {
  const { name, dir, topic, range, most } = job;
  const told = (await ask(job.recent)).toReversed();
  const first = told[0];
  if (range.fromMs !== undefined && first !== undefined && told.length >= most && range.fromMs < first.timestamp)
    throw new HistoryRefused(
      `--from: found ${isoTime(range.fromMs)}, allowed: ${isoTime(first.timestamp)} or later, as ${name.venue} tells the last ${most} trades of a spot symbol and no others`,
    );
  const former = await lastRecord(dir, topic, name);
  const known = former?.kind === 'trade' ? told.findIndex(({ tradeId }) => tradeId === former.tradeId) : -1;
  const since = former?.timestamp ?? Number.NEGATIVE_INFINITY;
  const fresh = known === -1 ? told.filter(({ timestamp }) => timestamp >= since) : told.slice(known + 1);
  const records = inRange(fresh, range);
  await writeRecords(sink, topic, records);
  return {
    ...NO_PROGRESS,
    records: records.length,
    share: 1,
    last: records.at(-1),
    complete: true,
    leavesGap: former !== undefined && records.length > 0 && (known === -1 || records[0] !== told[known + 1]),
  };
}

function inRange(trades: readonly TradeEvent[], { fromMs, toMs, limit }: HistoryRange): readonly TradeEvent[] {
  const inside = trades.filter(
    ({ timestamp }) =>
      timestamp >= (fromMs ?? Number.NEGATIVE_INFINITY) && timestamp < (toMs ?? Number.POSITIVE_INFINITY),
  );
  if (limit === undefined) return inside;
  return fromMs === undefined ? inside.slice(-limit) : inside.slice(0, limit);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
