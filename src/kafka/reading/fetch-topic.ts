import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import { isUnsettledTopic, kafkaFault } from '../kafka-error.ts';
import { type Cluster, KafkaConnection } from '../kafkajs/kafkajs.ts';
import { type FetchWatcher, type Reading, Rounds, type TopicMessage } from './fetch-round.ts';

/** Where reading starts: a time is the broker's append time, milliseconds since 1970. */
export type StartAt = 'beginning' | 'end' | { readonly timeMs: number } | StartOffsets;

/** By partition. */
export interface StartOffsets {
  /** Undefined: as `otherwise` says. */
  readonly offsets: ReadonlyMap<number, bigint | undefined>;
  readonly otherwise: 'beginning' | 'end' | { readonly timeMs: number };
  /** true: partitions that `offsets` does not name are not read; false: they are read as `otherwise` says. */
  readonly onlyThese: boolean;
}

export interface FetchOptions {
  readonly from: StartAt;
  /** true: waits for more at the end; false: ends at the end as it was at the start. */
  readonly follow: boolean;
  /** Where it does not follow: ends before what the broker took from this time on, milliseconds since 1970. */
  readonly until?: number;
  /** Which partitions are read, of so many; all by default. */
  readonly mayBeIn?: (partition: number, of: number) => boolean;
  readonly signal?: AbortSignal;
  readonly watcher?: FetchWatcher;
}

const PAUSE_MS = 200;
const START_TRIES = 10;
/** How often it looks for new partitions while it follows. */
const LOOK_EVERY_MS = 30_000;

/**
 * The committed messages of a topic in order per partition, in portions, without a consumer group: nothing is
 * left behind on the broker, and there is no group to wait for (3 s with a broker's default settings).
 * Rejects with a Fault; while it follows, it survives what passes.
 */
export async function* fetchTopic(
  config: KafkaConfig,
  topic: string,
  options: FetchOptions,
  log: KafkaLog,
): AsyncGenerator<readonly TopicMessage[], void, undefined> {
  const { follow, signal, watcher } = options;
  const connection = new KafkaConnection(config, log);
  const cluster = connection.cluster();
  const end = () => connection.end();
  signal?.addEventListener('abort', end);
  let looksForPartitions = false;
  const looks = setInterval(() => {
    looksForPartitions = follow;
  }, LOOK_EVERY_MS);
  try {
    await cluster.connect();
    await cluster.addTargetTopic(topic);
    const readings = await settledStartOf(cluster, topic, options);
    watcher?.started?.(new Map([...readings].map(([partition, { next }]) => [partition, next])));
    const rounds = new Rounds(cluster, topic, watcher);
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
        await cluster.refreshMetadata();
        if (isWholeTopic(options.from)) addNewPartitions(cluster, topic, readings, watcher);
      } catch (error) {
        if (!follow || aborted()) throw error;
        // Dead without knowing it, or alive in kafkajs' eyes while it still connects: only a new one is sure.
        if (!isOutOfRange(error) && !isUnsettledTopic(error)) connection.cut();
        const rest = await rounds.settle();
        if (rest.length > 0) yield rest;
        await delay(PAUSE_MS, undefined, { ...(signal === undefined ? {} : { signal }) }).catch(() => {});
        await recover(cluster, topic, error, readings, watcher).catch(() => {});
      }
    }
  } catch (error) {
    if (signal?.aborted === true) return;
    throw kafkaFault(error);
  } finally {
    clearInterval(looks);
    signal?.removeEventListener('abort', end);
    await disconnect(cluster, connection);
  }
}

const isWholeTopic = (from: StartAt): boolean => !(typeof from === 'object' && 'offsets' in from && from.onlyThese);

/** What a topic is given in addition is new from its first record. */
export function addNewPartitions(
  cluster: Pick<Cluster, 'findTopicPartitionMetadata'>,
  topic: string,
  readings: Map<number, Reading>,
  watcher: FetchWatcher | undefined,
): void {
  const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
  const added = partitions.filter((partition) => !readings.has(partition));
  for (const partition of added) readings.set(partition, { next: 0n, end: undefined });
  if (added.length > 0) watcher?.started?.(new Map(added.map((partition) => [partition, 0n])));
}

/** Leaves the brokers, and does not wait for them for long. */
export async function disconnect(cluster: Cluster, connection: KafkaConnection): Promise<void> {
  await Promise.race([cluster.disconnect().catch(() => {}), delay(PAUSE_MS)]);
  connection.end();
}

/** What is to be read of each partition; a topic just made is waited for. */
export async function settledStartOf(...args: Parameters<typeof startOf>): ReturnType<typeof startOf> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOf(...args);
    } catch (error) {
      if (tries === START_TRIES || !isUnsettledTopic(error)) throw error;
      await delay(PAUSE_MS);
      await args[0].refreshMetadata();
    }
  }
}

async function startOf(
  cluster: Cluster,
  topic: string,
  { from, follow, until, mayBeIn = () => true }: FetchOptions,
): Promise<Map<number, Reading>> {
  const given = typeof from === 'object' && 'offsets' in from ? from : undefined;
  const all = cluster.findTopicPartitionMetadata(topic);
  const partitions = all
    .map(({ partitionId }) => ({ partition: partitionId }))
    .filter(({ partition }) => given?.onlyThese !== true || given.offsets.has(partition))
    .filter(({ partition }) => mayBeIn(partition, all.length));
  if (partitions.length === 0) return new Map();
  const offsets = async (at: { fromBeginning?: boolean; fromTimestamp?: number }) => {
    const [found] = await cluster.fetchTopicsOffset([{ topic, partitions, ...at }]);
    return new Map(found?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
  };
  const ends = await offsets({ fromBeginning: false });
  const place = typeof from === 'object' && 'offsets' in from ? from.otherwise : from;
  const starts =
    place === 'end'
      ? ends
      : await offsets(place === 'beginning' ? { fromBeginning: true } : { fromTimestamp: place.timeMs });
  const stops = until === undefined ? ends : await offsets({ fromTimestamp: until });
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

const isOutOfRange = (error: unknown): boolean => error instanceof Error && error.name === 'KafkaJSOffsetOutOfRange';

/** After an error while following: fresh metadata, and for offsets that are no longer there the oldest that are. */
async function recover(
  cluster: Cluster,
  topic: string,
  error: unknown,
  readings: ReadonlyMap<number, Reading>,
  watcher: FetchWatcher | undefined,
): Promise<void> {
  await cluster.connect();
  await cluster.refreshMetadata();
  if (!isOutOfRange(error)) return;
  const oldest = await startOf(cluster, topic, { from: 'beginning', follow: true });
  const newest = await startOf(cluster, topic, { from: 'end', follow: true });
  for (const [partition, reading] of readings) {
    const from = reading.next;
    const first = oldest.get(partition)?.next ?? 0n;
    const isThere = from >= first && from <= (newest.get(partition)?.next ?? from);
    if (isThere) continue;
    reading.next = first;
    watcher?.lost?.(partition, from, first);
  }
}
