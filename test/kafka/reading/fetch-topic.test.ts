import { expect, it } from 'vitest';
import type { PartitionMetadata } from '../../../src/kafka/contract.ts';
import type { ReadRange } from '../../../src/kafka/reading/fetch-round.ts';
import { addNewPartitions } from '../../../src/kafka/reading/fetch-topic.ts';

const metadata = (partitionId: number): PartitionMetadata => ({ partitionId, leader: 1, replicas: 1 });

it('addNewPartitions reads new partitions from their first records, and reports them once', () => {
  const topic = { partitions: [0, 1, 2].map(metadata) };
  const readings = new Map<number, ReadRange>([[0, { next: 5n, end: undefined }]]);
  const reported: ReadonlyMap<number, bigint>[] = [];
  const watcher = { started: (offsets: ReadonlyMap<number, bigint>) => reported.push(offsets) };
  for (let look = 1; look <= 2; look++) addNewPartitions(topic, readings, watcher);
  expect([...readings].map(([partition, { next }]) => [partition, next])).toEqual([
    [0, 5n],
    [1, 0n],
    [2, 0n],
  ]);
  expect(reported).toEqual([
    new Map([
      [1, 0n],
      [2, 0n],
    ]),
  ]);
});
