import type { FeedRecord } from '../domain/record.ts';
import type { Sink } from '../sinks/contract.ts';
import type { PastRecord, PastSeries } from '../venues/contract.ts';
import { readNote, writeNote } from './history-folder.ts';
import {
  type Ask,
  type HistoryRange,
  HistoryRefused,
  type HistorySpan,
  historySpan,
  type PreviousHistory,
  type ResumePoint,
  resumePoint,
} from './history-span.ts';
import { lastRecord, type SeriesName } from './last-record.ts';
import { readPages } from './read-pages.ts';

export interface HistoryJob {
  readonly name: SeriesName;
  /** A record's place in it is the trade id or, for candles, the open time. */
  readonly series: PastSeries;
  readonly range: HistoryRange;
  /** The user's arguments. A job with the same arguments as an interrupted job resumes it. */
  readonly arguments: string;
  readonly dir: string;
  /** Name of the topic, with the environment's prefix (`testnet.trades`), but without the configured `topic_prefix`. */
  readonly topic: string;
}

export interface HistoryDependencies {
  readonly sink: Pick<Sink, 'write'>;
  readonly ask: Ask;
  /** Milliseconds since 1970, by the venue's clock. */
  readonly venueNowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: HistoryProgress) => void;
}

export interface HistoryProgress {
  /** Number of records that this call wrote. */
  readonly records: number;
  /** Share of the whole job that is done, 0 to 1. */
  readonly share: number;
  /** True if an interrupted job was resumed. */
  readonly resumed: boolean;
  readonly last: PastRecord | undefined;
  /** Number of records that the venue left out, as far as ids show. */
  readonly missing: number;
  /** True if records are missing between the folder's earlier records and these. */
  readonly leavesGap: boolean;
}

export interface HistoryResult extends HistoryProgress {
  readonly complete: boolean;
}

export const NO_PROGRESS: HistoryProgress = {
  records: 0,
  share: 0,
  resumed: false,
  last: undefined,
  missing: 0,
  leavesGap: false,
};

/**
 * Appends past records of a venue to the files of a folder; after a crash, the same job resumes. If it fails with
 * HistoryRefused or a Fault, written records stay.
 */
export async function fetchHistory(job: HistoryJob, dependencies: HistoryDependencies): Promise<HistoryResult> {
  const { sink, ask, signal, onProgress } = dependencies;
  const start = await startJob(job, ask);
  if (start === undefined) return { ...NO_PROGRESS, share: 1, complete: true };
  const { span, from, isBeginning, leavesGap, resumed, complete: finish } = start;
  let progress: HistoryProgress = { ...NO_PROGRESS, share: shareOf(span, from), resumed, leavesGap };
  onProgress(progress);
  const pages = readPages({ ...dependencies, series: job.series, from, end: span.end, isBeginning });
  for await (const page of pages) {
    const records = page.rows.map(({ record }) => record);
    await writeRecords(sink, job.topic, records);
    progress = {
      ...progress,
      records: progress.records + records.length,
      share: shareOf(span, page.next),
      last: records.at(-1) ?? progress.last,
      missing: progress.missing + page.missing,
    };
    onProgress(progress);
    if (signal.aborted && page.next <= span.end) return { ...progress, complete: false };
  }
  await finish();
  return { ...progress, share: 1, complete: true };
}

/** Writes records to one topic, in order. @throws the Fault of the first record that was not delivered. */
export async function writeRecords(
  sink: Pick<Sink, 'write'>,
  topic: string,
  records: readonly FeedRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const outcomes = await sink.write(records.map((record) => ({ topic, key: '', record })));
  for (const outcome of outcomes) if (outcome.kind !== 'delivered') throw outcome.fault;
}

interface Start extends ResumePoint {
  readonly span: HistorySpan;
  readonly isBeginning: boolean;
  readonly resumed: boolean;
  complete(): Promise<void>;
}

/** Determines what to fetch and writes the job's progress file; undefined if the venue has no records in the range. */
async function startJob(job: HistoryJob, ask: Ask): Promise<Start | undefined> {
  const { dir, name, series } = job;
  const note = await readNote(dir, name);
  const resumed = note !== undefined && !note.complete && note.arguments === job.arguments;
  const span = resumed ? note : await historySpan(series, job.range, ask);
  if (span === undefined) return undefined;
  const previous = await previousHistory(job, ask, note?.unbrokenFrom);
  // The last candle of this job's own span was written open on purpose; any other open candle is fetched again.
  const isOwn = resumed && previous?.last === span.end;
  const going = resumePoint(span, previous && { ...previous, lastIsOpen: previous.lastIsOpen && !isOwn }, series);
  if (going === undefined) throw cannotGoOn(job, previous);
  const { begin, end } = span;
  const next = { arguments: job.arguments, begin, end, unbrokenFrom: going.unbrokenFrom };
  await writeNote(dir, name, { ...next, complete: false });
  return {
    ...going,
    span,
    resumed,
    isBeginning: job.range.fromMs === undefined && going.from === going.unbrokenFrom,
    complete: () => writeNote(dir, name, { ...next, complete: true }),
  };
}

async function previousHistory(
  { dir, topic, name, series }: HistoryJob,
  ask: Ask,
  unbrokenFrom: number | undefined,
): Promise<PreviousHistory | undefined> {
  const record = await lastRecord(dir, topic, name);
  if (record === undefined) return undefined;
  const place = series.placeOf(record);
  const last = typeof place === 'number' ? place : await ask(place);
  if (last === undefined)
    throw new HistoryRefused(
      `--out: found ${dir}, whose last record the venue no longer has (${record.kind} of ${new Date(record.timestamp).toISOString()}), allowed: another folder`,
    );
  return { last, lastIsOpen: record.kind === 'kline' && !record.closed, unbrokenFrom };
}

function cannotGoOn({ dir, name }: HistoryJob, previous: PreviousHistory | undefined): HistoryRefused {
  const from = previous?.unbrokenFrom;
  const since = from === undefined ? 'from an unknown place on' : `from ${from} on`;
  const place = name.kind === 'kline' ? 'open time' : name.kind === 'agg_trade' ? 'aggregated trade' : 'trade id';
  return new HistoryRefused(
    `--out: found ${dir}, which has ${name.symbol} of ${name.venue} already, ${since} (${place}); older records cannot be inserted before them, allowed: another folder`,
  );
}

function shareOf({ begin, end }: HistorySpan, next: number): number {
  return end < begin ? 1 : Math.min(1, Math.max(0, (next - begin) / (end - begin + 1)));
}
