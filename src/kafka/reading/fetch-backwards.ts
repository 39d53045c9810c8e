import type { KafkaConfig, KafkaLog } from '../config.ts';
import type { TopicMessage } from '../contract.ts';
import { TopicLayout } from '../topic-layout.ts';
import { withBrokers } from '../topics.ts';
import { fetchRound, type ReadRange } from './fetch-round.ts';
import { settledStartOf } from './fetch-topic.ts';
import { PartitionedTopic } from './partitioned-topic.ts';

/**
 * Takes the committed messages of a partition's next stretch back, in their order. `isFirst`: there is nothing before
 * them. False if nothing before them is wanted.
 */
export type TakeBackwards = (messages: readonly TopicMessage[], isFirst: boolean) => Promise<boolean>;

/** Offsets of the first stretch, which often is enough, and of those before it: about what one answer holds. */
const FIRST_STRETCH = 4096;
const STRETCH = 16_384;

/**
 * Reads what is committed of a topic (full name) from the end back, all partitions that `takersOf` names at once. Rejects
 * with a Fault.
 */
export function fetchBackwards(
  config: KafkaConfig,
  name: string,
  takersOf: (layout: TopicLayout) => ReadonlyMap<number, TakeBackwards>,
  log: KafkaLog,
): Promise<void> {
  return withBrokers(config, log, async (brokers) => {
    const topic = new PartitionedTopic(brokers, name);
    const all = await settledStartOf(topic, { from: 'beginning', follow: false });
    const open = [...takersOf(new TopicLayout(name, topic.partitions))].map(([partition, take]) => {
      const { next: start = 0n, end = 0n } = all.get(partition) ?? {};
      return { partition, take, start, end: end > start ? end : start };
    });
    for (let length = FIRST_STRETCH; open.length > 0; length = STRETCH) {
      const fetched = await fetchStretches(topic, open, length);
      for (const one of open.splice(0)) {
        one.end = firstOf(one, length);
        const isFirst = one.end === one.start;
        const goesOn = await one.take(fetched.get(one.partition) ?? [], isFirst);
        if (goesOn && !isFirst) open.push(one);
      }
    }
  });
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
