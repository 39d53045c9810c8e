import { setTimeout as delay } from 'node:timers/promises';
import { Brokers } from '../brokers.ts';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import type { OffsetAt, TopicMessage } from '../contract.ts';
import { isOutOfRange, kafkaFault } from '../kafka-error.ts';
import { untilSettled } from '../topics.ts';
import { type FetchWatcher, type ReadRange, Rounds } from './fetch-round.ts';
import { PartitionedTopic } from './partitioned-topic.ts';

/** Where reading starts. */
export type StartAt = OffsetAt | StartOffsets;

/** By partition. */
export interface StartOffsets {
  /** Undefined: as `otherwise` says. */
  readonly offsets: ReadonlyMap<number, bigint | undefined>;
  readonly otherwise: OffsetAt;
  /** true: partitions that `offsets` does not name are not read; false: they are read as `otherwise` says. */
  readonly onlyThese: boolean;
}

export interface FetchOptions {
  readonly from: StartAt;
  /** true: waits for more at the end; false: ends at the end as it was at the start. */
  readonly follow: boolean;
  /** Where it does not follow: ends before what the broker took from this time on, milliseconds since 1970. */
  readonly until?: number | undefined;
  /** Which partitions are read, of so many; all by default. */
  readonly mayBeIn?: ((partition: number, of: number) => boolean) | undefined;
  readonly signal?: AbortSignal;
  readonly watcher?: FetchWatcher;
}

const PAUSE_MS = 200;
/** How often it looks for new partitions while it follows. */
const LOOK_EVERY_MS = 30_000;

/**
 * The committed messages of a topic in order per partition, in portions, without a consumer group: nothing is
 * left behind on the broker, and there is no group to wait for (3 s with a broker's default settings).
 * Rejects with a Fault; while it follows, it survives what passes.
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
  let looksForPartitions = false;
  const looks = setInterval(() => {
    looksForPartitions = follow;
  }, LOOK_EVERY_MS);
  try {
    const readings = await settledStartOf(topic, options);
    watcher?.started?.(new Map([...readings].map(([partition, { next }]) => [partition, next])));
    const rounds = new Rounds(topic, watcher);
    const aborted = () => signal?.aborted === true;
    while (!aborted()) {
      const open = [...readings].filter(([, { next, end }]) => end === undefined || next < end);
      if (open.length === 0) return;
      try {
        const messages = await rounds.next(new Map(open));
        if (messages.length > 0) yield messages;
        if (!looksForPartitions) continue;
        looksForPartitions = false;
        const rest = await rounds.settle();
        if (rest.length > 0) yield rest;
        await topic.refresh();
        if (isWholeTopic(options.from)) addNewPartitions(topic, readings, watcher);
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
    clearInterval(looks);
    signal?.removeEventListener('abort', end);
    brokers.end();
  }
}

const isWholeTopic = (from: StartAt): boolean => !(typeof from === 'object' && 'offsets' in from && from.onlyThese);

/** What a topic is given in addition is new from its first record. */
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

/** What is to be read of each partition; a topic just made is waited for. */
export function settledStartOf(topic: PartitionedTopic, options: FetchOptions): Promise<Map<number, ReadRange>> {
  return untilSettled(async () => {
    await topic.refresh();
    return startOf(topic, options);
  });
}

async function startOf(
  topic: PartitionedTopic,
  { from, follow, until, mayBeIn = () => true }: FetchOptions,
): Promise<Map<number, ReadRange>> {
  const given = typeof from === 'object' && 'offsets' in from ? from : undefined;
  const all = topic.partitions;
  const partitions = all
    .map(({ partitionId }) => partitionId)
    .filter((partition) => given?.onlyThese !== true || given.offsets.has(partition))
    .filter((partition) => mayBeIn(partition, all.length));
  if (partitions.length === 0) return new Map();
  const ends = await topic.offsetsAt(partitions, 'end');
  const place = typeof from === 'object' && 'offsets' in from ? from.otherwise : from;
  const starts = place === 'end' ? ends : await topic.offsetsAt(partitions, place);
  const stops = until === undefined ? ends : await topic.offsetsAt(partitions, { timeMs: until });
  return new Map(
    [...ends].map(([partition, end]) => {
      // -1: nothing as late as that time
      const at = (offsets: ReadonlyMap<number, bigint>): bigint => {
        const offset = offsets.get(partition) ?? -1n;
        return offset < 0n ? end : offset;
      };
      const next = given?.offsets.get(partition) ?? at(starts);
      return [partition, { next, end: follow ? undefined : at(stops) }];
    }),
  );
}

/** After an error while following: fresh metadata, and for offsets that are no longer there the oldest that are. */
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
