import type { TradeEvent } from '../domain/record.ts';
import type { Sink } from '../sinks/contract.ts';
import type { PageRows, RestRequest } from '../venues/contract.ts';
import { type HistoryJob, type HistoryResult, NO_PROGRESS, writeRecords } from './fetch-history.ts';
import { type Ask, type HistoryRange, HistoryRefused } from './history-span.ts';
import { lastRecord } from './last-record.ts';

export interface RecentJob extends Omit<HistoryJob, 'series' | 'arguments'> {
  /** Requests the last trades, newest first. */
  readonly recent: RestRequest<PageRows<TradeEvent>>;
  /** Number of trades in a full answer. */
  readonly most: number;
}

/** Does what `fetchHistory` does, for a venue that returns only its last trades. */
export async function fetchRecent(job: RecentJob, sink: Pick<Sink, 'write'>, ask: Ask): Promise<HistoryResult> {
  const { name, dir, topic, range, most } = job;
  const rows = await ask(job.recent);
  const latest = rows.filter((trade) => trade !== undefined).toReversed();
  const first = latest[0];
  if (range.fromMs !== undefined && first !== undefined && rows.length >= most && range.fromMs < first.timestamp)
    throw new HistoryRefused(
      `--from: found ${isoTime(range.fromMs)}, allowed: ${isoTime(first.timestamp)} or later, as ${name.venue} returns only the last ${most} trades of a spot symbol`,
    );
  const previous = await lastRecord(dir, topic, name);
  const known = previous?.kind === 'trade' ? latest.findIndex(({ tradeId }) => tradeId === previous.tradeId) : -1;
  const since = previous?.timestamp ?? Number.NEGATIVE_INFINITY;
  const fresh = known === -1 ? latest.filter(({ timestamp }) => timestamp >= since) : latest.slice(known + 1);
  const records = inRange(fresh, range);
  await writeRecords(sink, topic, records);
  return {
    ...NO_PROGRESS,
    records: records.length,
    share: 1,
    last: records.at(-1),
    complete: true,
    leavesGap: previous !== undefined && records.length > 0 && (known === -1 || records[0] !== latest[known + 1]),
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
