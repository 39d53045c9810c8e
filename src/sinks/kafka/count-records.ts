import { fetchRound, type ReadRange } from '../../kafka/reading/fetch-round.ts';
import type { PartitionedTopic } from '../../kafka/reading/partitioned-topic.ts';
import { untilReady } from '../../kafka/topics.ts';

/** The number of records in a topic. */
export interface RecordCount {
  readonly count: bigint;
  /** False: `count` is the number of offsets, which also counts transaction markers and compacted records. */
  readonly isExact: boolean;
}

/** Topics with more offsets are not read to count their records. */
const MOST_READ = 10_000n;

/** Counts the committed records of a topic. Reads the topic if it is short: offsets alone also count markers. */
export async function countRecords(topic: PartitionedTopic): Promise<RecordCount> {
  const partitions = topic.partitions.map(({ partitionId }) => partitionId);
  const ends = await untilReady(() => topic.offsetsAt(partitions, 'end'));
  const starts = await topic.offsetsAt(partitions, 'beginning');
  const ranges = Array.from(ends, ([partition, end]): [number, ReadRange] => [
    partition,
    { next: starts.get(partition) ?? end, end },
  ]);
  const offsets = ranges.reduce((sum, [, { next, end = next }]) => sum + end - next, 0n);
  if (offsets > MOST_READ) return { count: offsets, isExact: false };
  let count = 0;
  for (;;) {
    const open = new Map(ranges.filter(([, { next, end = next }]) => next < end));
    if (open.size === 0) return { count: BigInt(count), isExact: true };
    count += (await fetchRound(topic, open)).length;
  }
}
