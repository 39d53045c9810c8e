import { describe, expect, it } from 'vitest';
import type { Cluster, FetchedPartition } from '../../../src/kafka/kafkajs/kafkajs.ts';
import { fetchRound, type Reading, Rounds } from '../../../src/kafka/reading/fetch-round.ts';
import { until } from '../../../testing/tools/until.ts';

const message = (offset: number) => ({
  offset: String(offset),
  timestamp: '0',
  key: Buffer.from('key'),
  value: Buffer.from(String(offset)),
  isControlRecord: false,
});

/** A broker whose answer has room for one partition; of each partition it has these offsets. */
function cramped(partitions: readonly (readonly number[])[], end: number): Cluster {
  const fetched = (partition: number, from: number, hasRoom: boolean): FetchedPartition => ({
    partition,
    highWatermark: String(end),
    lastStableOffset: String(end),
    abortedTransactions: [],
    messages: hasRoom ? (partitions[partition] ?? []).filter((offset) => offset >= from).map(message) : [],
  });
  const broker: Pick<Awaited<ReturnType<Cluster['findBroker']>>, 'fetch'> = {
    fetch: async ({ topics }) => ({
      responses: topics.map(({ topic, partitions: asked }) => ({
        topicName: topic,
        partitions: asked.map(({ partition, fetchOffset }, index) =>
          fetched(partition, Number(fetchOffset), index === 0),
        ),
      })),
    }),
  };
  return {
    findTopicPartitionMetadata: () => partitions.map((_, partitionId) => ({ partitionId, leader: 1 })),
    findBroker: async () => broker,
  } as unknown as Cluster; // the rest is not asked for
}

describe('a round of fetching', () => {
  it('misses nothing of a partition that the answer had no room for', async () => {
    const offsets = [0, 1, 2];
    const cluster = cramped([offsets, offsets, offsets], 3);
    const readings = new Map<number, Reading>(offsets.map((partition) => [partition, { next: 0n, end: 3n }]));
    const found = await fetchRound(cluster, 'topic', readings);
    expect(found.map(({ partition, offset }) => `${partition}:${offset}`)).toEqual(
      offsets.flatMap((partition) => offsets.map((offset) => `${partition}:${offset}`)),
    );
    expect([...readings.values()].map(({ next }) => next)).toEqual([3n, 3n, 3n]);
  });

  it('goes over what compaction emptied', async () => {
    const readings = new Map<number, Reading>([0, 1].map((partition) => [partition, { next: 0n, end: 3n }]));
    expect(await fetchRound(cramped([[0, 1, 2], []], 3), 'topic', readings)).toHaveLength(3);
    expect([...readings.values()].map(({ next }) => next)).toEqual([3n, 1n]);
  });
});

describe('rounds of fetching', () => {
  it('keep nobody waiting for a broker that has nothing new', async () => {
    const answers: ((offset: number) => void)[] = [];
    let asked = 0;
    const fetch = (broker: number) => () =>
      new Promise((resolve) => {
        asked++;
        answers[broker] = (offset) =>
          resolve({
            responses: [
              {
                topicName: 'topic',
                partitions: [
                  {
                    partition: broker,
                    highWatermark: '9',
                    lastStableOffset: String(offset + 1),
                    abortedTransactions: [],
                    messages: [message(offset)],
                  },
                ],
              },
            ],
          });
      });
    const cluster = {
      findTopicPartitionMetadata: () => [0, 1].map((leader) => ({ partitionId: leader, leader })),
      findBroker: async ({ nodeId }: { nodeId: string }) => ({ fetch: fetch(Number(nodeId)) }),
    } as unknown as Cluster; // the rest is not asked for
    const told: string[] = [];
    const rounds = new Rounds(cluster, 'topic', {
      answered: (partition, behind) => told.push(`${partition}: ${behind} behind`),
    });
    const readings = new Map<number, Reading>([0, 1].map((partition) => [partition, { next: 0n, end: undefined }]));
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
    expect(told).toEqual(['1: 8 behind', '1: 7 behind', '0: 8 behind']);
  });
});
