import { describe, expect, it } from 'vitest';
import type { BrokerConnection, FetchedPartition, TopicMessage } from '../../../src/kafka/contract.ts';
import { fetchRound, type ReadRange, Rounds } from '../../../src/kafka/reading/fetch-round.ts';
import { PartitionedTopic } from '../../../src/kafka/reading/partitioned-topic.ts';
import { until } from '../../../testing/tools/until.ts';

const message = (partition: number, offset: number): TopicMessage => ({
  ...{ partition, offset: String(offset), timestamp: 0, key: 'key', value: Buffer.from(String(offset)) },
});

/** A topic with these partitions and their leaders. `fetch`: the answer of a broker. */
function topicOf(
  leaders: readonly number[],
  fetch: (leader: number, ...request: Parameters<BrokerConnection['fetch']>) => ReturnType<BrokerConnection['fetch']>,
): PartitionedTopic {
  const brokers = {
    metadata: () => Promise.reject(new Error('not asked for')),
    at: <T>(leader: number, ask: (broker: BrokerConnection) => Promise<T>) => {
      const broker: Pick<BrokerConnection, 'fetch'> = { fetch: (...request) => fetch(leader, ...request) };
      return ask(broker as BrokerConnection); // only `fetch` is called
    },
  };
  return new PartitionedTopic(
    brokers,
    'topic',
    leaders.map((leader, partitionId) => ({ partitionId, leader, replicas: 1 })),
  );
}

/** A broker whose answers have room for one partition. `partitions`: the offsets of each partition. */
function cramped(partitions: readonly (readonly number[])[], end: number): PartitionedTopic {
  const fetched = (partition: number, from: bigint, hasRoom: boolean): FetchedPartition => {
    const offsets = hasRoom ? (partitions[partition] ?? []).filter((offset) => offset >= from) : [];
    const last = offsets.at(-1);
    return {
      ...{ partition, highWatermark: BigInt(end), lastStableOffset: BigInt(end), isCut: false },
      lastOffset: last === undefined ? undefined : BigInt(last),
      messages: offsets.map((offset) => message(partition, offset)),
    };
  };
  return topicOf(
    partitions.map(() => 1),
    async (_leader, _topic, offsets) =>
      [...offsets].map(([partition, from], index) => fetched(partition, from, index === 0)),
  );
}

describe('fetchRound', () => {
  it('reads all records of a partition that did not fit into the answer', async () => {
    const offsets = [0, 1, 2];
    const topic = cramped([offsets, offsets, offsets], 3);
    const readings = new Map<number, ReadRange>(offsets.map((partition) => [partition, { next: 0n, end: 3n }]));
    const found = await fetchRound(topic, readings);
    expect(found.map(({ partition, offset }) => `${partition}:${offset}`)).toEqual(
      offsets.flatMap((partition) => offsets.map((offset) => `${partition}:${offset}`)),
    );
    expect([...readings.values()].map(({ next }) => next)).toEqual([3n, 3n, 3n]);
  });

  it('advances past offsets that compaction removed', async () => {
    const readings = new Map<number, ReadRange>([0, 1].map((partition) => [partition, { next: 0n, end: 3n }]));
    expect(await fetchRound(cramped([[0, 1, 2], []], 3), readings)).toHaveLength(3);
    expect([...readings.values()].map(({ next }) => next)).toEqual([3n, 1n]);
  });
});

describe('a partition without memory in the answer', () => {
  it('is not fetched alone, because the messages of all partitions together would take too much memory', async () => {
    let requests = 0;
    const topic = topicOf([1, 1], async (_leader, _topic, offsets) => {
      requests++;
      const ends = { highWatermark: 9n, lastStableOffset: 9n };
      return [...offsets].map(([partition, from], index) =>
        index === 0
          ? { partition, ...ends, lastOffset: from, isCut: false, messages: [message(partition, Number(from))] }
          : { partition, ...ends, lastOffset: undefined, isCut: true, messages: [] },
      );
    });
    const readings = new Map<number, ReadRange>([0, 1].map((partition) => [partition, { next: 0n, end: 9n }]));
    expect(await fetchRound(topic, readings)).toHaveLength(1);
    expect(requests).toBe(1);
    expect([...readings.values()].map(({ next }) => next)).toEqual([1n, 0n]);
  });
});

describe('Rounds of fetching', () => {
  it('return the records of one broker without waiting for another that has nothing new', async () => {
    const answers: ((offset: number) => void)[] = [];
    let asked = 0;
    const topic = topicOf(
      [0, 1],
      (broker) =>
        new Promise((resolve) => {
          asked++;
          answers[broker] = (offset) =>
            resolve([
              {
                ...{ partition: broker, highWatermark: 9n, lastStableOffset: BigInt(offset + 1) },
                ...{ lastOffset: BigInt(offset), isCut: false, messages: [message(broker, offset)] },
              },
            ]);
        }),
    );
    const reported: string[] = [];
    const rounds = new Rounds(topic, {
      answered: (partition, behind) => reported.push(`${partition}: ${behind} behind`),
    });
    const readings = new Map<number, ReadRange>([0, 1].map((partition) => [partition, { next: 0n, end: undefined }]));
    const offsets = async (messages: Promise<readonly { partition: number; offset: string }[]>) =>
      (await messages).map(({ partition, offset }) => `${partition}:${offset}`);

    const first = offsets(rounds.next(readings));
    await until(() => asked === 2);
    answers[1]?.(0);
    expect(await first).toEqual(['1:0']);
    const second = offsets(rounds.next(readings));
    await until(() => asked === 3);
    answers[1]?.(1);
    expect(await second).toEqual(['1:1']);
    const rest = offsets(rounds.settle());
    answers[0]?.(0);
    expect(await rest).toEqual(['0:0']);
    expect(reported).toEqual(['1: 8 behind', '1: 7 behind', '0: 8 behind']);
  });
});
