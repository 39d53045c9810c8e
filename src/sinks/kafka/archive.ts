import { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { readTopic } from '../../kafka/reading/read-topic.ts';
import type { Outcome, OutRecord, Sink, SinkArchive } from '../contract.ts';

export interface KafkaArchiveOptions {
  readonly config: KafkaConfig;
  readonly log: KafkaLog;
}

/** Reads topics, and writes to them with a producer of its own. */
export class KafkaArchive implements SinkArchive {
  readonly #options: KafkaArchiveOptions;
  readonly #writer: Sink;

  constructor(options: KafkaArchiveOptions, writer: Sink) {
    this.#options = options;
    this.#writer = writer;
  }

  open(): Promise<void> {
    return this.#writer.open();
  }

  async *records(topic: string, sinceMs: number, keys?: ReadonlySet<string>): AsyncGenerator<FeedRecord> {
    const { config, log } = this.#options;
    const wants = keys && ((key: string | null) => key !== null && keys.has(key));
    const from = sinceMs <= 0 ? 'beginning' : { timeMs: Math.floor(sinceMs) };
    const messages = readTopic(config, config.topicPrefix + topic, { from, follow: false }, log, wants);
    // Messages of other programs are ignored.
    for await (const { record } of messages) if (!(record instanceof Fault)) yield record;
  }

  write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    return this.#writer.write(batch);
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}
