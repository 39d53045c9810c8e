import type { KafkaConfig, KafkaLog } from '../config.ts';
import type { TopicMessage } from '../contract.ts';
import { TopicLayout } from '../topic-layout.ts';
import { withBrokers } from '../topics.ts';
import { fetchRound, type ReadRange } from './fetch-round.ts';
import { settledStartOf } from './fetch-topic.ts';
import { PartitionedTopic } from './partitioned-topic.ts';

/**
 * Called with the committed messages of a stretch of offsets, in order, then of the stretch before it, and so on.
 * `isFirst`: no message lies before this stretch. Returns whether to read on.
 */
export type TakeBackwards = (messages: readonly TopicMessage[], isFirst: boolean) => Promise<'continue' | 'stop'>;

/** Number of offsets of the first stretch, which often is enough. */
const FIRST_STRETCH = 4096;
/** Number of offsets of each further stretch: about as many as one answer has. */
const STRETCH = 16_384;

/**
 * Reads committed messages of a topic (full name) backwards, in the partitions that `takersOf` returns. Rejects with a
 * Fault.
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
      for (const rest of open.splice(0)) {
        rest.end = firstOf(rest, length);
        const isFirst = rest.end === rest.start;
        const next = await rest.take(fetched.get(rest.partition) ?? [], isFirst);
        if (next === 'continue' && !isFirst) open.push(rest);
      }
    }
  });
}

/** The offsets of a partition that are still unread. */
interface Rest {
  readonly partition: number;
  readonly start: bigint;
  readonly end: bigint;
}

function firstOf({ start, end }: Rest, length: number): bigint {
  const first = end - BigInt(length);
  return first > start ? first : start;
}

/** Fetches the last `length` unread offsets of each partition. */
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
