import { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { fetchTopic } from '../../kafka/reading/fetch-topic.ts';
import { newMessageDecoder } from '../../kafka/reading/read-topic.ts';
import type { ArchiveReading, Outcome, OutRecord, Sink, SinkArchive } from '../contract.ts';

export interface KafkaArchiveOptions {
  readonly config: KafkaConfig;
  readonly log: KafkaLog;
}

/** Maximum bytes of a broker's answer. The thread reads its record batches without a pause. */
const ANSWER_BYTES = 64 * 1024;
/** Records that are handled before other work gets a turn. */
const PART = 250;

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

  async *records(topic: string, reading: ArchiveReading): AsyncGenerator<FeedRecord> {
    const { sinceMs, keys, onlyTheirPartitions = false, onPart } = reading;
    const { config, log } = this.#options;
    const from = sinceMs <= 0 ? 'beginning' : { timeMs: Math.floor(sinceMs) };
    const { signal } = this.#closing;
    const decode = newMessageDecoder(config);
    const partitions = onlyTheirPartitions ? { keys } : {};
    const options = { from, follow: false, signal, maxBytes: ANSWER_BYTES, ...partitions } as const;
    for await (const messages of fetchTopic(config, config.topicPrefix + topic, options, log)) {
      for (const [index, { key, value }] of messages.entries()) {
        if (index > 0 && index % PART === 0) await onPart?.(PART);
        if (value === null || (keys !== undefined && (key === null || !keys.has(key)))) continue;
        const record = await decode(value);
        // Messages of other programs are ignored.
        if (!(record instanceof Fault)) yield record;
      }
      await onPart?.(((messages.length - 1) % PART) + 1);
    }
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
