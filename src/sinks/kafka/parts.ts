import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { Message } from './batch-producer.ts';

/** A message of a part; kafkajs gets this very object, and hands it to the partitioner at each attempt. */
export interface Placed {
  readonly key: string;
  readonly value: Buffer;
  readonly index: number;
  readonly partition: number;
  send: Send;
}

/** One call of kafkajs: everything in it goes to one broker. */
export interface Send {
  readonly leader: number;
  /** By topic. */
  readonly layouts: ReadonlyMap<string, TopicLayout>;
  moved: boolean;
}

/** The messages of a partition that go together: a record batch, stored whole or not at all. */
export interface Part {
  readonly layout: TopicLayout;
  readonly partition: number;
  readonly round: number;
  readonly messages: Placed[];
  bytes: number;
}

const NOWHERE: Send = { leader: -1, layouts: new Map(), moved: false };
/** Of a record beside key and value, at most: lengths, offset, timestamp. */
const RECORD_OVERHEAD_BYTES = 32;

/**
 * The messages by partition, in their order, each part within the size that brokers take (a larger message is alone):
 * a further part of a partition is in a later round.
 */
export function inRounds(
  messages: readonly Message[],
  layoutOf: (topic: string) => TopicLayout,
  maxPartBytes: number,
): readonly (readonly Part[])[] {
  const rounds: Part[][] = [];
  const open = new Map<TopicLayout, (Part | undefined)[]>();
  for (let index = 0; index < messages.length; index++) {
    const { topic, key, value } = messages[index] as Message;
    const layout = layoutOf(topic);
    const partition = layout.partitionOf(key);
    const size = sizeOf(key, value);
    let parts = open.get(layout);
    if (parts === undefined) {
      parts = [];
      open.set(layout, parts);
    }
    let part = parts[partition];
    if (part === undefined || part.bytes + size > maxPartBytes) {
      part = { layout, partition, round: part === undefined ? 0 : part.round + 1, messages: [], bytes: 0 };
      parts[partition] = part;
      const round = rounds[part.round];
      if (round === undefined) rounds[part.round] = [part];
      else round.push(part);
    }
    part.messages.push({ key, value, index, partition, send: NOWHERE });
    part.bytes += size;
  }
  return rounds;
}

/** The part's messages in two parts, in order. */
export function halvesOf(part: Part): readonly Part[] {
  const middle = part.messages.length >> 1;
  return [part.messages.slice(0, middle), part.messages.slice(middle)].map((messages) => ({
    ...part,
    messages,
    bytes: messages.reduce((sum, { key, value }) => sum + sizeOf(key, value), 0),
  }));
}

function sizeOf(key: string, value: Buffer): number {
  return key.length + value.length + RECORD_OVERHEAD_BYTES;
}
