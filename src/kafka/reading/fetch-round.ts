import type { TopicMessage } from '../contract.ts';
import type { PartitionedTopic } from './partitioned-topic.ts';

/** The offsets of a partition that are still to be read. */
export interface ReadRange {
  next: bigint;
  /** Offset at which reading ends; undefined: never. */
  readonly end: bigint | undefined;
}

/** Callbacks about the progress of reading. Each is called before the messages that it concerns are returned. */
export interface FetchWatcher {
  /** Called with the first offsets, by partition; again for new partitions. */
  started?(offsets: ReadonlyMap<number, bigint>): void;
  /** Called for each answer, with the number of offsets that are still unread. */
  answered?(partition: number, behind: number): void;
  /**
   * Called when offsets from `from` on were deleted unread; reading resumes at `next`. `next` < `from`: the topic was
   * recreated.
   */
  lost?(partition: number, from: bigint, next: bigint): void;
}

const FETCH_BYTES = 2 * 2 ** 20;
/** How long a broker waits for a new message. */
const WAIT_MS = 250;

/** Keeps one request open at each leading broker, so that a broker without new messages delays no other. */
export class Rounds {
  readonly #topic: PartitionedTopic;
  readonly #watcher: FetchWatcher | undefined;
  readonly #maxBytes: number;
  readonly #underWay = new Map<number, Promise<{ readonly leader: number; readonly messages: TopicMessage[] }>>();

  constructor(topic: PartitionedTopic, watcher: FetchWatcher | undefined, maxBytes = FETCH_BYTES) {
    this.#topic = topic;
    this.#watcher = watcher;
    this.#maxBytes = maxBytes;
  }

  /** Returns the messages of the first broker that answers. */
  async next(readings: ReadonlyMap<number, ReadRange>): Promise<TopicMessage[]> {
    for (const [leader, ofLeader] of this.#topic.byLeader(readings)) {
      if (this.#underWay.has(leader)) continue;
      const round = fetchRound(this.#topic, ofLeader, this.#watcher, this.#maxBytes);
      const answer = round.then((messages) => ({ leader, messages }));
      answer.catch(() => {});
      this.#underWay.set(leader, answer);
    }
    const { leader, messages } = await Promise.race(this.#underWay.values());
    this.#underWay.delete(leader);
    return messages;
  }

  /** Waits for all open requests and returns their messages. */
  async settle(): Promise<TopicMessage[]> {
    const answers = await Promise.allSettled(this.#underWay.values());
    this.#underWay.clear();
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.messages : []));
  }
}

/** Fetches the next messages of each partition, about `maxBytes` at most, and advances `readings` past them. */
export async function fetchRound(
  topic: PartitionedTopic,
  readings: ReadonlyMap<number, ReadRange>,
  watcher?: FetchWatcher,
  maxBytes = FETCH_BYTES,
): Promise<TopicMessage[]> {
  const limits = { maxWaitMs: WAIT_MS, maxBytes };
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
    else if (reading.next < fetched.lastStableOffset && !fetched.isCut) {
      // The answer had no room for this partition, so it is fetched alone. If it was alone, compaction emptied its next
      // batch.
      if (readings.size === 1) reading.next++;
      else messages.push(...(await fetchRound(topic, new Map([[partition, reading]]), watcher, maxBytes)));
    }
    watcher?.answered?.(partition, Math.max(0, Number(fetched.highWatermark - reading.next)));
  }
  return messages;
}
