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
  readonly #closing = new AbortController();

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
    const { signal } = this.#closing;
    const messages = readTopic(config, config.topicPrefix + topic, { from, follow: false, signal }, log, wants);
    // Messages of other programs are ignored.
    for await (const { record } of messages) if (!(record instanceof Fault)) yield record;
    // An aborted reading ends without an error, as if the topic ended there.
    if (signal.aborted) throw new Fault('sink', 'kafka: closed', { retry: { kind: 'never' } });
  }

  write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    return this.#writer.write(batch);
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#writer.close();
  }
}
