import { newWireDecoder } from '../../codec/wire-format.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import { registryOf } from '../registry-client.ts';
import { type FetchOptions, fetchTopic } from './fetch-topic.ts';

export interface TopicRecord {
  readonly partition: number;
  readonly offset: string;
  /** The broker's append time, milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: string | null;
  /** A Fault of kind `malformed` if the message is not a record of the feed. */
  readonly record: FeedRecord | Fault;
}

/**
 * Yields the committed records of a topic (full name) with the wanted keys, in order per partition, without tombstones.
 * It reads Avro single-object encoding and the Confluent wire format. It rejects with a Fault if the brokers or the
 * registry fail.
 */
export async function* readTopic(
  config: KafkaConfig,
  topic: string,
  options: FetchOptions,
  log: KafkaLog,
  wants: (key: string | null) => boolean = () => true,
): AsyncGenerator<TopicRecord, void, undefined> {
  const decode = newMessageDecoder(config);
  for await (const messages of fetchTopic(config, topic, options, log)) {
    for (const { partition, offset, timestamp, key, value } of messages) {
      if (value === null || !wants(key)) continue;
      yield { partition, offset, timestamp, key, record: await decode(value) };
    }
  }
}

/**
 * Decodes a message's value; returns a Fault of kind `malformed` if it is not a record of the feed. Returns a Promise
 * only if it has to ask the registry; the Promise rejects if the registry fails.
 */
export type MessageDecoder = (value: Buffer | Fault) => FeedRecord | Fault | Promise<FeedRecord | Fault>;

export function newMessageDecoder(config: KafkaConfig): MessageDecoder {
  const registry = registryOf(config);
  const decode = newWireDecoder(registry === undefined ? undefined : (id) => registry.schemaById(id));
  return (value) => {
    if (value instanceof Fault) return value;
    try {
      const decoded = decode(value);
      return decoded instanceof Promise ? decoded.catch(malformedOnly) : decoded;
    } catch (error) {
      return malformedOnly(error);
    }
  };
}

function malformedOnly(error: unknown): Fault {
  const fault = asFault(error);
  if (fault.kind !== 'malformed') throw fault;
  return fault;
}
