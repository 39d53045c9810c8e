import { readFiles } from '../../src/avro-file/read-files.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { FeedRecord, FeedStatus } from '../../src/domain/record.ts';
import { fetchTopic } from '../../src/kafka/reading/fetch-topic.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { kafkaConfig } from '../kafka/kafka-config.ts';
import type { TradeJudge } from './trade-judge.ts';

/** Where a run stored its records. */
export type RunStore =
  | { readonly kind: 'kafka'; readonly brokers: readonly string[]; readonly prefix: string }
  | { readonly kind: 'file'; readonly dir: string };

export interface StoredStatus {
  readonly status: FeedStatus;
  /** When the record was stored, milliseconds since 1970. For files: when it was made. */
  readonly at: number;
}

/** What the judge does not keep of a trade. Times are milliseconds since 1970. */
export interface StoredTrade {
  /** When the record was stored; for files, when the trade was received. */
  readonly at: number;
  /** When it was made at the venue. */
  readonly madeAt: number;
  readonly symbol: string;
  /** False: it was fetched. */
  readonly isLive: boolean;
}

/** The published records that the judge does not keep. */
export interface Published {
  readonly statuses: readonly StoredStatus[];
  /** In order of `at`. */
  readonly trades: readonly StoredTrade[];
}

interface Stored {
  readonly record: FeedRecord;
  readonly at: number;
}

/** Passes all committed records of a run to the judge. */
export async function readRun(store: RunStore, judge: TradeJudge): Promise<Published> {
  const trades: StoredTrade[] = [];
  const statuses: StoredStatus[] = [];
  for (const topic of ['positions', 'gaps', 'feed-status', 'trades']) {
    for await (const { record, at } of stored(store, topic)) {
      if (record.kind === 'position') judge.position(record, at);
      else if (record.kind === 'gap') judge.gap(record, at);
      else if (record.kind === 'status') {
        judge.status(record);
        statuses.push({ status: record, at });
      } else if (record.kind === 'trade') {
        judge.trade(record, at);
        const { timestamp: madeAt, symbol, source } = record;
        trades.push({ at, madeAt, symbol, isLive: source === 'live' });
      }
    }
  }
  statuses.sort((a, b) => a.at - b.at || a.status.sequence - b.status.sequence);
  return { statuses, trades: trades.sort((a, b) => a.at - b.at) };
}

/** Reads all records of a topic in the order of storage, with the time at which each was stored (in files: made). */
export async function* stored(store: RunStore, topic: string): AsyncGenerator<Stored> {
  if (store.kind === 'file') {
    for await (const record of readFiles(store.dir, topic)) yield { record, at: madeAt(record) };
    return;
  }
  const fromBeginning = { from: 'beginning', follow: false } as const;
  for await (const { record, timestamp } of readTopic(
    kafkaConfig(store.brokers),
    store.prefix + topic,
    fromBeginning,
    () => {},
  )) {
    if (record instanceof Fault) throw record;
    yield { record, at: timestamp };
  }
}

/**
 * Waits until a topic (full name) has this many committed records, and reads each of them once.
 * @throws Error after the timeout.
 */
export async function untilRecords(
  brokers: readonly string[],
  topic: string,
  wanted: number,
  timeoutMs = 60_000,
): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  let count = 0;
  const options = { from: 'beginning', follow: true, signal } as const;
  for await (const messages of fetchTopic(kafkaConfig(brokers), topic, options, () => {})) {
    count += messages.length;
    if (count >= wanted) return;
  }
  throw new Error(`${topic} has ${count} of ${wanted} records after ${timeoutMs} ms`);
}

function madeAt(record: FeedRecord): number {
  if ('receivedAt' in record) return record.receivedAt / 1000;
  return 'timestamp' in record ? record.timestamp : record.toTime;
}
