import { type Cluster, type FetchedMessage, fetchCommitted } from '../kafkajs/kafkajs.ts';

export interface TopicMessage {
  readonly partition: number;
  readonly offset: string;
  /** The broker's append time, milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: string | null;
  /** null: a tombstone. */
  readonly value: Buffer | null;
}

/** Offsets of a partition that are to be read. */
export interface Reading {
  next: bigint;
  /** Where reading ends; undefined: never. */
  readonly end: bigint | undefined;
}

/** Told how the reading goes, before the messages that it is about are handed out. */
export interface FetchWatcher {
  /** Where it begins, by partition; again for partitions that the topic is given later. */
  started?(offsets: ReadonlyMap<number, bigint>): void;
  /** A broker answered: so many offsets follow in the partition behind those fetched. */
  answered?(partition: number, behind: number): void;
  /** Offsets from `from` on were deleted before they were read; it goes on at `next` (below `from`: the topic was made anew). */
  lost?(partition: number, from: bigint, next: bigint): void;
}

const FETCH_BYTES = 2 * 2 ** 20;
/** How long a broker waits for something new. */
const WAIT_MS = 250;

/** A request under way at each broker that leads partitions: one with nothing new keeps none of the others waiting. */
export class Rounds {
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #watcher: FetchWatcher | undefined;
  readonly #underWay = new Map<number, Promise<{ readonly leader: number; readonly messages: TopicMessage[] }>>();

  constructor(cluster: Cluster, topic: string, watcher: FetchWatcher | undefined) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#watcher = watcher;
  }

  /** What the first broker answers. */
  async next(readings: ReadonlyMap<number, Reading>): Promise<TopicMessage[]> {
    for (const [leader, ofLeader] of byLeader(this.#cluster, this.#topic, readings)) {
      if (this.#underWay.has(leader)) continue;
      const round = fetchRound(this.#cluster, this.#topic, ofLeader, this.#watcher);
      const answer = round.then((messages) => ({ leader, messages }));
      answer.catch(() => {});
      this.#underWay.set(leader, answer);
    }
    const { leader, messages } = await Promise.race(this.#underWay.values());
    this.#underWay.delete(leader);
    return messages;
  }

  /** Waits for all that is under way; what came of it. */
  async settle(): Promise<TopicMessage[]> {
    const answers = await Promise.allSettled(this.#underWay.values());
    this.#underWay.clear();
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.messages : []));
  }
}

function byLeader(
  cluster: Cluster,
  topic: string,
  readings: ReadonlyMap<number, Reading>,
): Map<number, Map<number, Reading>> {
  const leaders = new Map<number, Map<number, Reading>>();
  for (const { partitionId, leader } of cluster.findTopicPartitionMetadata(topic)) {
    const reading = readings.get(partitionId);
    if (reading === undefined) continue;
    const ofLeader = leaders.get(leader) ?? new Map<number, Reading>();
    leaders.set(leader, ofLeader.set(partitionId, reading));
  }
  return leaders;
}

/** The next messages of each partition, a few MiB of them at most; moves the readings on. */
export async function fetchRound(
  cluster: Cluster,
  topic: string,
  readings: ReadonlyMap<number, Reading>,
  watcher?: FetchWatcher,
): Promise<TopicMessage[]> {
  const answers = await Promise.all(
    [...byLeader(cluster, topic, readings)].map(async ([leader, ofLeader]) => {
      const broker = await cluster.findBroker({ nodeId: String(leader) });
      const offsets = new Map([...ofLeader].map(([partition, { next }]) => [partition, String(next)]));
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
      else messages.push(...(await fetchRound(cluster, topic, new Map([[fetched.partition, reading]]), watcher)));
    }
    watcher?.answered?.(fetched.partition, Math.max(0, Number(BigInt(fetched.highWatermark) - reading.next)));
  }
  return messages;
}

function toMessage(partition: number, { offset, timestamp, key, value }: FetchedMessage): TopicMessage {
  return { partition, offset, timestamp: Number(timestamp), key: key === null ? null : key.toString(), value };
}
