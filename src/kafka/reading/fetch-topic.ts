import { setTimeout as delay } from 'node:timers/promises';
import { Brokers } from '../brokers.ts';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import type { OffsetAt, TopicMessage } from '../contract.ts';
import { isOutOfRange, kafkaFault } from '../kafka-error.ts';
import { partitionOf } from '../topic-layout.ts';
import { untilReady } from '../topics.ts';
import { type FetchWatcher, type ReadRange, Rounds } from './fetch-round.ts';
import { PartitionedTopic } from './partitioned-topic.ts';

/** Where reading starts. */
export type StartAt = OffsetAt | StartOffsets;

/** Start offsets by partition. */
export interface StartOffsets {
  /** undefined: the partition starts at `otherwise`. */
  readonly offsets: ReadonlyMap<number, bigint | undefined>;
  readonly otherwise: OffsetAt;
  /** true: only partitions in `offsets` are read. false: all other partitions are read from `otherwise`. */
  readonly onlyThese: boolean;
}

export interface FetchOptions {
  readonly from: StartAt;
  /** true: waits for new messages; false: ends where the topic ended when reading began. */
  readonly follow: boolean;
  /** Without `follow`: ends before the first message with this or a later append time, milliseconds since 1970. */
  readonly until?: number | undefined;
  /** Reads only the partitions that Java's producer chooses for these keys. Default: all partitions. */
  readonly keys?: ReadonlySet<string> | undefined;
  /** Maximum bytes of an answer; more if its first record batch is larger. Default: 2 MiB. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal;
  readonly watcher?: FetchWatcher;
}

const PAUSE_MS = 200;
const NEW_PARTITIONS_EVERY_MS = 30_000;

/**
 * Yields the committed messages of a topic in batches, in order per partition, without a consumer group: joining one
 * takes 3 s with a broker's defaults. Rejects with a Fault, but retries after an error while it follows.
 */
export async function* fetchTopic(
  config: KafkaConfig,
  name: string,
  options: FetchOptions,
  log: KafkaLog,
): AsyncGenerator<readonly TopicMessage[], void, undefined> {
  const { follow, signal, watcher } = options;
  const brokers = new Brokers(config, log);
  const topic = new PartitionedTopic(brokers, name);
  const end = () => brokers.end();
  signal?.addEventListener('abort', end);
  let isRefreshDue = false;
  const refreshTimer = setInterval(() => {
    isRefreshDue = follow;
  }, NEW_PARTITIONS_EVERY_MS);
  try {
    const readings = await settledStartOf(topic, options);
    watcher?.started?.(new Map([...readings].map(([partition, { next }]) => [partition, next])));
    const rounds = new Rounds(topic, watcher, options.maxBytes);
    const aborted = () => signal?.aborted === true;
    while (!aborted()) {
      const open = [...readings].filter(([, { next, end }]) => end === undefined || next < end);
      if (open.length === 0) return;
      try {
        const messages = await rounds.next(new Map(open));
        if (messages.length > 0) yield messages;
        if (!isRefreshDue) continue;
        isRefreshDue = false;
        const rest = await rounds.settle();
        if (rest.length > 0) yield rest;
        await topic.refresh();
        if (isWholeTopic(options)) addNewPartitions(topic, readings, watcher);
      } catch (error) {
        if (!follow || aborted()) throw error;
        const rest = await rounds.settle();
        if (rest.length > 0) yield rest;
        await delay(PAUSE_MS, undefined, { ...(signal === undefined ? {} : { signal }) }).catch(() => {});
        await recover(topic, error, readings, watcher).catch(() => {});
      }
    }
  } catch (error) {
    if (signal?.aborted === true) return;
    throw kafkaFault(error);
  } finally {
    clearInterval(refreshTimer);
    signal?.removeEventListener('abort', end);
    brokers.end();
  }
}

const isWholeTopic = ({ from, keys }: FetchOptions): boolean =>
  keys === undefined && !(typeof from === 'object' && 'offsets' in from && from.onlyThese);

/** Starts to read new partitions, from their first records. */
export function addNewPartitions(
  topic: Pick<PartitionedTopic, 'partitions'>,
  readings: Map<number, ReadRange>,
  watcher: FetchWatcher | undefined,
): void {
  const partitions = topic.partitions.map(({ partitionId }) => partitionId);
  const added = partitions.filter((partition) => !readings.has(partition));
  for (const partition of added) readings.set(partition, { next: 0n, end: undefined });
  if (added.length > 0) watcher?.started?.(new Map(added.map((partition) => [partition, 0n])));
}

/** Returns the offsets to read of each partition. Waits until the brokers know a new topic. */
export function settledStartOf(topic: PartitionedTopic, options: FetchOptions): Promise<Map<number, ReadRange>> {
  return untilReady(async () => {
    await topic.refresh();
    return startOf(topic, options);
  });
}

async function startOf(
  topic: PartitionedTopic,
  { from, follow, until, keys }: FetchOptions,
): Promise<Map<number, ReadRange>> {
  const given = typeof from === 'object' && 'offsets' in from ? from : undefined;
  const ofKeys = keys && new Set([...keys].map((key) => partitionOf(key, topic.partitions.length)));
  const partitions = topic.partitions
    .map(({ partitionId }) => partitionId)
    .filter((partition) => given?.onlyThese !== true || given.offsets.has(partition))
    .filter((partition) => ofKeys === undefined || ofKeys.has(partition));
  if (partitions.length === 0) return new Map();
  const ends = await topic.offsetsAt(partitions, 'end');
  const start = typeof from === 'object' && 'offsets' in from ? from.otherwise : from;
  const starts = start === 'end' ? ends : await topic.offsetsAt(partitions, start);
  const stops = until === undefined ? ends : await topic.offsetsAt(partitions, { timeMs: until });
  return new Map(
    [...ends].map(([partition, end]) => {
      // -1: no record has this time or a later one
      const at = (offsets: ReadonlyMap<number, bigint>): bigint => {
        const offset = offsets.get(partition) ?? -1n;
        return offset < 0n ? end : offset;
      };
      const next = given?.offsets.get(partition) ?? at(starts);
      return [partition, { next, end: follow ? undefined : at(stops) }];
    }),
  );
}

/**
 * After an error while following: refreshes metadata. If a partition's next offset no longer exists, continues at its
 * first record.
 */
async function recover(
  topic: PartitionedTopic,
  error: unknown,
  readings: ReadonlyMap<number, ReadRange>,
  watcher: FetchWatcher | undefined,
): Promise<void> {
  await topic.refresh();
  if (!isOutOfRange(error)) return;
  const there = await startOf(topic, { from: 'beginning', follow: false });
  for (const [partition, reading] of readings) {
    const from = reading.next;
    const { next: first = 0n, end = from } = there.get(partition) ?? {};
    if (from >= first && from <= end) continue;
    reading.next = first;
    watcher?.lost?.(partition, from, first);
  }
}
