import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConfig, KafkaLog } from './config.ts';
import { isUnsettledTopic, kafkaFault } from './kafka-error.ts';
import { type Cluster, type FetchedMessage, fetchCommitted, KafkaConnection } from './kafkajs.ts';

/** Where reading starts: a time is the broker's append time, milliseconds since 1970. */
export type StartAt = 'beginning' | 'end' | { readonly timeMs: number };

export interface FetchOptions {
  readonly from: StartAt;
  /** true: waits for more at the end; false: ends at the end as it was at the start. */
  readonly follow: boolean;
  /** Where it does not follow: ends before what the broker took from this time on, milliseconds since 1970. */
  readonly until?: number;
  readonly signal?: AbortSignal;
}

export interface TopicMessage {
  readonly partition: number;
  readonly offset: string;
  /** The broker's append time, milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: string | null;
  /** null: a tombstone. */
  readonly value: Buffer | null;
}

const FETCH_BYTES = 2 * 2 ** 20;
/** How long a broker waits for something new. */
const WAIT_MS = 250;
const PAUSE_MS = 200;
const START_TRIES = 10;

/** Offsets of a partition that are to be read. */
export interface Reading {
  next: bigint;
  /** Where reading ends; undefined: never. */
  readonly end: bigint | undefined;
}

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
  const { follow, signal } = options;
  const connection = new KafkaConnection(config, log);
  const cluster = connection.cluster();
  const end = () => connection.end();
  signal?.addEventListener('abort', end);
  try {
    await cluster.connect();
    await cluster.addTargetTopic(topic);
    const readings = await settledStartOf(cluster, topic, options);
    const aborted = () => signal?.aborted === true;
    while (!aborted()) {
      const open = [...readings].filter(([, { next, end }]) => end === undefined || next < end);
      if (open.length === 0) return;
      try {
        const messages = await fetchRound(cluster, topic, new Map(open));
        if (messages.length > 0) yield messages;
      } catch (error) {
        if (!follow || aborted()) throw error;
        await delay(PAUSE_MS, undefined, { ...(signal === undefined ? {} : { signal }) }).catch(() => {});
        await recover(cluster, topic, error, readings).catch(() => {});
      }
    }
  } catch (error) {
    if (signal?.aborted === true) return;
    throw kafkaFault(error);
  } finally {
    signal?.removeEventListener('abort', end);
    await disconnect(cluster, connection);
  }
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
  { from, follow, until }: FetchOptions,
): Promise<Map<number, Reading>> {
  const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId }));
  const offsets = async (at: { fromBeginning?: boolean; fromTimestamp?: number }) => {
    const [found] = await cluster.fetchTopicsOffset([{ topic, partitions, ...at }]);
    return new Map(found?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
  };
  const ends = await offsets({ fromBeginning: false });
  const starts =
    from === 'end'
      ? ends
      : await offsets(from === 'beginning' ? { fromBeginning: true } : { fromTimestamp: from.timeMs });
  const stops = until === undefined ? ends : await offsets({ fromTimestamp: until });
  return new Map(
    [...ends].map(([partition, end]) => {
      // -1: nothing as late as that time
      const at = (offsets: ReadonlyMap<number, bigint>): bigint => {
        const offset = offsets.get(partition) ?? -1n;
        return offset < 0n ? end : offset;
      };
      return [partition, { next: at(starts), end: follow ? undefined : at(stops) }];
    }),
  );
}

/** The next messages of each partition, a few MiB of them at most; moves the readings on. */
export async function fetchRound(
  cluster: Cluster,
  topic: string,
  readings: ReadonlyMap<number, Reading>,
): Promise<TopicMessage[]> {
  const byLeader = new Map<number, Map<number, string>>();
  for (const { partitionId, leader } of cluster.findTopicPartitionMetadata(topic)) {
    const reading = readings.get(partitionId);
    if (reading === undefined) continue;
    const offsets = byLeader.get(leader) ?? new Map<number, string>();
    offsets.set(partitionId, String(reading.next));
    byLeader.set(leader, offsets);
  }
  const answers = await Promise.all(
    [...byLeader].map(async ([leader, offsets]) => {
      const broker = await cluster.findBroker({ nodeId: String(leader) });
      return fetchCommitted(broker, topic, offsets, { maxWaitMs: WAIT_MS, maxBytes: FETCH_BYTES });
    }),
  );
  const messages: TopicMessage[] = [];
  for (const { fetched, committed } of answers.flat()) {
    const reading = readings.get(fetched.partition);
    if (reading === undefined) continue;
    for (const message of committed) {
      if (reading.end !== undefined && BigInt(message.offset) >= reading.end) break;
      messages.push(toMessage(fetched.partition, message));
    }
    const last = BigInt(fetched.messages.at(-1)?.offset ?? -1);
    if (last >= reading.next) reading.next = last + 1n;
    else if (reading.next < BigInt(fetched.lastStableOffset)) {
      // There was no room in the answer for its next batch: asked for alone it comes. Or compaction emptied that batch.
      if (readings.size === 1) reading.next++;
      else messages.push(...(await fetchRound(cluster, topic, new Map([[fetched.partition, reading]]))));
    }
  }
  return messages;
}

function toMessage(partition: number, { offset, timestamp, key, value }: FetchedMessage): TopicMessage {
  return { partition, offset, timestamp: Number(timestamp), key: key === null ? null : key.toString(), value };
}

/** After an error while following: fresh metadata, and for offsets that were deleted by age the oldest that are left. */
async function recover(cluster: Cluster, topic: string, error: unknown, readings: Map<number, Reading>): Promise<void> {
  await cluster.connect();
  await cluster.refreshMetadata();
  if (!(error instanceof Error) || error.name !== 'KafkaJSOffsetOutOfRange') return;
  const oldest = await startOf(cluster, topic, { from: 'beginning', follow: true });
  for (const [partition, { next }] of oldest) {
    const reading = readings.get(partition);
    if (reading !== undefined && reading.next < next) reading.next = next;
  }
}
