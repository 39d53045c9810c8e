import { expect, it } from 'vitest';
import type { ProduceBatch } from '../../../src/kafka/platformatic.ts';
import { BrokerError } from '../../../src/kafka/platformatic-error.ts';
import { TopicLayout } from '../../../src/kafka/topic-layout.ts';
import type { Part } from '../../../src/sinks/kafka/parts.ts';
import { PlatformaticWriter } from '../../../src/sinks/kafka/platformatic-writer.ts';

it('goes on at 0 behind the last of the sequences, as brokers do', async () => {
  const sequences: number[] = [];
  const connection = {
    metadata: async () => new Map(),
    produce: async (_leader: number, _numbers: object, batches: readonly ProduceBatch[]) =>
      batches.map(({ topic, partition, sequence }) => {
        sequences.push(sequence);
        return { topic, partition, error: undefined };
      }),
  };
  const writer = new PlatformaticWriter(connection, { producerId: '1', producerEpoch: 0 });
  const layout = new TopicLayout('a', [{ partitionId: 0, leader: 1 }]);
  const part = (count: number): Part => ({ layout, partition: 0, round: 0, messages: new Array(count), bytes: 0 });
  // 2,147,483,647 is the last one there is
  for (const count of [2 ** 31 - 2, 3, 1]) expect(await writer.send([part(count)], 1)).toEqual([]);
  expect(sequences).toEqual([0, 2 ** 31 - 2, 1]);
});

it('goes on behind records that the broker had already', async () => {
  const sequences: number[] = [];
  const answer = new BrokerError('known', { broker: 'b:1', type: 'DUPLICATE_SEQUENCE_NUMBER' });
  const connection = {
    metadata: async () => new Map(),
    produce: async (_leader: number, _numbers: object, batches: readonly ProduceBatch[]) =>
      batches.map(({ topic, partition, sequence }) => {
        sequences.push(sequence);
        return { topic, partition, error: answer };
      }),
  };
  const writer = new PlatformaticWriter(connection, { producerId: '1', producerEpoch: 0 });
  const layout = new TopicLayout('a', [{ partitionId: 0, leader: 1 }]);
  const part: Part = { layout, partition: 0, round: 0, messages: new Array(3), bytes: 0 };
  for (let sent = 0; sent < 2; sent++) expect(await writer.send([part], 1)).toEqual([]);
  expect(sequences).toEqual([0, 3]);
});
