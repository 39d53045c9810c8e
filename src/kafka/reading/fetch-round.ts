import type { TopicMessage } from '../contract.ts';
import type { PartitionedTopic } from './partitioned-topic.ts';

/** Which offsets of a partition are still to be read. */
export interface ReadRange {
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
  readonly #topic: PartitionedTopic;
  readonly #watcher: FetchWatcher | undefined;
  readonly #underWay = new Map<number, Promise<{ readonly leader: number; readonly messages: TopicMessage[] }>>();

  constructor(topic: PartitionedTopic, watcher: FetchWatcher | undefined) {
    this.#topic = topic;
    this.#watcher = watcher;
  }

  /** What the first broker answers. */
  async next(readings: ReadonlyMap<number, ReadRange>): Promise<TopicMessage[]> {
    for (const [leader, ofLeader] of this.#topic.byLeader(readings)) {
      if (this.#underWay.has(leader)) continue;
      const round = fetchRound(this.#topic, ofLeader, this.#watcher);
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

/** The next messages of each partition, a few MiB of them at most; moves the readings on. */
export async function fetchRound(
  topic: PartitionedTopic,
  readings: ReadonlyMap<number, ReadRange>,
  watcher?: FetchWatcher,
): Promise<TopicMessage[]> {
  const limits = { maxWaitMs: WAIT_MS, maxBytes: FETCH_BYTES };
  const answers = await Promise.all(
    [...topic.byLeader(readings)].map(([leader, led]) => {
      const offsets = new Map([...led].map(([partition, { next }]) => [partition, next]));
      return topic.ask(leader, (broker) => broker.fetch(topic.name, offsets, limits));
    }),
  );
  const messages: TopicMessage[] = [];
  for (const { partition, lastOffset = -1n, ...fetched } of answers.flat()) {
    const reading = readings.get(partition);
    if (reading === undefined) continue;
    for (const message of fetched.messages) {
      if (reading.end !== undefined && BigInt(message.offset) >= reading.end) break;
      messages.push(message);
    }
    if (lastOffset >= reading.next) reading.next = lastOffset + 1n;
    else if (reading.next < fetched.lastStableOffset) {
      // There was no room in the answer for its next batch: asked for alone it comes. Or compaction emptied that batch.
      if (readings.size === 1) reading.next++;
      else messages.push(...(await fetchRound(topic, new Map([[partition, reading]]), watcher)));
    }
    watcher?.answered?.(partition, Math.max(0, Number(fetched.highWatermark - reading.next)));
  }
  return messages;
}
