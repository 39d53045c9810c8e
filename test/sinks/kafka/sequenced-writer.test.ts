import { expect, it } from 'vitest';
import { BrokerError } from '../../../src/kafka/broker-error.ts';
import type { BrokerConnection } from '../../../src/kafka/contract.ts';
import { TopicLayout } from '../../../src/kafka/topic-layout.ts';
import type { RecordBatch } from '../../../src/sinks/kafka/record-batches.ts';
import { SequencedWriter } from '../../../src/sinks/kafka/sequenced-writer.ts';

/** Returns the sequence numbers of batches with these numbers of records, if the broker answers with `error`. */
async function sequencesOf(counts: readonly number[], error?: BrokerError): Promise<number[]> {
  const sequences: number[] = [];
  const broker: Pick<BrokerConnection, 'produce'> = {
    produce: async (batches) =>
      batches.map(({ topic, partition, sequence }) => {
        sequences.push(sequence);
        return { topic, partition, error };
      }),
  };
  const brokers = {
    metadata: async () => ({ brokers: [], controllerId: 1, topics: [] }),
    at: <T>(_leader: number, ask: (broker: BrokerConnection) => Promise<T>) => ask(broker as BrokerConnection), // only `produce` is called
  };
  const writer = new SequencedWriter(brokers, { producerId: '1', producerEpoch: 0 }, () => 0);
  const layout = new TopicLayout('a', [{ partitionId: 0, leader: 1 }]);
  const batch = (count: number): RecordBatch => ({
    layout,
    partition: 0,
    round: 0,
    messages: new Array(count),
    bytes: 0,
  });
  for (const count of counts) expect(await writer.send([batch(count)], 1)).toEqual([]);
  return sequences;
}

it('SequencedWriter continues at sequence number 0 after the highest one, as brokers do', async () => {
  // 2,147,483,647 is the highest sequence number.
  expect(await sequencesOf([2 ** 31 - 2, 3, 1])).toEqual([0, 2 ** 31 - 2, 1]);
});

it('SequencedWriter continues after records that the broker has already (DUPLICATE_SEQUENCE_NUMBER)', async () => {
  const known = new BrokerError('known', { broker: 'b:1', type: 'DUPLICATE_SEQUENCE_NUMBER' });
  expect(await sequencesOf([3, 3], known)).toEqual([0, 3]);
});
