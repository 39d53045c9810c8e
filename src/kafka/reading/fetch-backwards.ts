import { Brokers } from '../brokers.ts';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import type { TopicMessage } from '../contract.ts';
import { kafkaFault } from '../kafka-error.ts';
import { TopicLayout } from '../topic-layout.ts';
import { fetchRound, type ReadRange } from './fetch-round.ts';
import { settledStartOf } from './fetch-topic.ts';
import { PartitionedTopic } from './partitioned-topic.ts';

/** Reads a partition from its end back. */
export interface BackwardReader {
  /** Takes the committed messages of the next stretch back, in their order; false where nothing before it is wanted. */
  take(messages: readonly TopicMessage[]): Promise<boolean>;
  /** There is nothing before. */
  end(): void;
}

/** Offsets of the first stretch, which often is enough, and of those before it: about what one answer holds. */
const FIRST_STRETCH = 4096;
const STRETCH = 16_384;

/**
 * Reads what is committed of a topic (full name) from the end back, all partitions that have a reader at once. Rejects
 * with a Fault.
 */
export async function fetchBackwards(
  config: KafkaConfig,
  name: string,
  readersOf: (layout: TopicLayout) => ReadonlyMap<number, BackwardReader>,
  log: KafkaLog,
): Promise<void> {
  const brokers = new Brokers(config, log);
  const topic = new PartitionedTopic(brokers, name);
  try {
    const all = await settledStartOf(topic, { from: 'beginning', follow: false });
    const readers = readersOf(new TopicLayout(name, topic.partitions));
    const open = [...readers].map(([partition, reader]) => {
      const { next: start = 0n, end = 0n } = all.get(partition) ?? {};
      return { partition, reader, start, end: end > start ? end : start };
    });
    for (let length = FIRST_STRETCH; open.length > 0; length = STRETCH) {
      const fetched = await fetchStretches(topic, open, length);
      for (const one of open.splice(0)) {
        one.end = firstOf(one, length);
        const goesOn = await one.reader.take(fetched.get(one.partition) ?? []);
        if (one.end === one.start) one.reader.end();
        else if (goesOn) open.push(one);
      }
    }
  } catch (error) {
    throw kafkaFault(error);
  } finally {
    brokers.end();
  }
}

/** What is left of a partition. */
interface Rest {
  readonly partition: number;
  readonly start: bigint;
  readonly end: bigint;
}

function firstOf({ start, end }: Rest, length: number): bigint {
  const first = end - BigInt(length);
  return first > start ? first : start;
}

/** The last `length` offsets of each rest. */
async function fetchStretches(
  topic: PartitionedTopic,
  rests: readonly Rest[],
  length: number,
): Promise<ReadonlyMap<number, readonly TopicMessage[]>> {
  const readings = new Map<number, ReadRange & { readonly end: bigint }>(
    rests.map((rest) => [rest.partition, { next: firstOf(rest, length), end: rest.end }]),
  );
  const fetched = new Map<number, TopicMessage[]>(rests.map(({ partition }) => [partition, []]));
  for (;;) {
    const left = new Map([...readings].filter(([, { next, end }]) => next < end));
    if (left.size === 0) return fetched;
    for (const message of await fetchRound(topic, left)) fetched.get(message.partition)?.push(message);
  }
}
