import { at } from '../../domain/at.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';

/** An encoded record. */
export interface Message {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer;
}

/** A message of a batch; `index` is its index among all messages of the write. */
export interface BatchedMessage {
  readonly key: string;
  readonly value: Buffer;
  readonly index: number;
}

/** Messages of one partition that are stored together or not at all. */
export interface RecordBatch {
  readonly layout: TopicLayout;
  readonly partition: number;
  readonly round: number;
  readonly messages: BatchedMessage[];
  bytes: number;
}

/** Maximum bytes that a record has beside key and value: lengths, offset, timestamp. */
const RECORD_OVERHEAD_BYTES = 32;

/**
 * Groups messages by partition, in order, into batches of at most `maxBatchBytes`; a larger message has its own batch.
 * Each round has at most one batch of a partition.
 */
export function inRounds(
  messages: readonly Message[],
  layoutOf: (topic: string) => TopicLayout,
  maxBatchBytes: number,
): readonly (readonly RecordBatch[])[] {
  const rounds: RecordBatch[][] = [];
  const open = new Map<TopicLayout, (RecordBatch | undefined)[]>();
  for (let index = 0; index < messages.length; index++) {
    const { topic, key, value } = at(messages, index);
    const layout = layoutOf(topic);
    const partition = layout.partitionOf(key);
    const size = sizeOf(key, value);
    const ofTopic = getOrCreate(open, layout, noBatches);
    let batch = ofTopic[partition];
    if (batch === undefined || batch.bytes + size > maxBatchBytes) {
      batch = { layout, partition, round: batch === undefined ? 0 : batch.round + 1, messages: [], bytes: 0 };
      ofTopic[partition] = batch;
      rounds[batch.round] ??= [];
      rounds[batch.round]?.push(batch);
    }
    batch.messages.push({ key, value, index });
    batch.bytes += size;
  }
  return rounds;
}

const noBatches = (): (RecordBatch | undefined)[] => [];

/** Splits a batch into two, in order. */
export function halvesOf(batch: RecordBatch): readonly RecordBatch[] {
  const middle = batch.messages.length >> 1;
  return [batch.messages.slice(0, middle), batch.messages.slice(middle)].map((messages) => ({
    ...batch,
    messages,
    bytes: messages.reduce((sum, { key, value }) => sum + sizeOf(key, value), 0),
  }));
}

function sizeOf(key: string, value: Buffer): number {
  return key.length + value.length + RECORD_OVERHEAD_BYTES;
}
