import { isDeepStrictEqual } from 'node:util';
import { codecOf } from '../../codec/avro.ts';
import { prefixOfTopic } from '../../codec/environment-topics.ts';
import type { SchemaRegistry } from '../../codec/schema-registry.ts';
import { TOPICS } from '../../codec/topics.ts';
import { encodeConfluent, encodeSingleObject } from '../../codec/wire-format.ts';
import { at } from '../../domain/at.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedRecord } from '../../domain/record.ts';
import { Brokers } from '../../kafka/brokers.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { firstContactFault } from '../../kafka/kafka-error.ts';
import { registryOf } from '../../kafka/registry-client.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type {
  CheckpointOptions,
  Outcome,
  OutRecord,
  Recent,
  RecentOptions,
  SeriesCheckpoint,
  Sink,
  SinkArchive,
} from '../contract.ts';
import { KafkaArchive } from './archive.ts';
import { HEALER } from './fence.ts';
import { RepeatingProducer } from './producer.ts';
import { CheckpointReader } from './read-checkpoints.ts';
import { readRecent } from './read-recent.ts';
import type { Message } from './record-batches.ts';
import { hasTopic, prepareTopics } from './topics.ts';

export interface KafkaSinkOptions {
  readonly config: KafkaConfig;
  /** Prefixes of the environments whose topics are created at the start (`simulated.`), the configured one first. */
  readonly environmentPrefixes: readonly string[];
  readonly log: KafkaLog;
  /** Called and awaited before the sink shuts out previous writers. */
  readonly beforeFence?: (() => Promise<unknown>) | undefined;
  /** What `checkpoints` will be asked for. The sink reads it before it shuts out previous writers, too. */
  readonly checkpointsAhead?: CheckpointOptions | undefined;
  /** A second writer to the same topics: its name, which gives it a fence of its own, and the topics that it writes. */
  readonly second?: { readonly writer: string; readonly topics: readonly string[] };
  /** Returns the monotonic clock's time, milliseconds. */
  readonly now: () => number;
  /** Returns the wall clock's time for the records' timestamps, milliseconds since 1970. */
  readonly wallClockMs: () => number;
}

/** The topics that a healer writes: late trades, and what becomes complete with them. */
const HEALED_TOPICS = ['late-trades', 'gaps', 'trade-stats', 'audits'];

/** Writes records to Kafka topics, as Avro in the configured wire format. */
export class KafkaSink implements Sink {
  readonly name = 'kafka';
  readonly #options: KafkaSinkOptions;
  readonly #brokers: Brokers;
  readonly #producer: RepeatingProducer;
  readonly #registry: SchemaRegistry | undefined;
  readonly #prefixes: Set<string>;
  /** The topics' layouts by full name; empty: they have to be looked up. */
  #layouts: ReadonlyMap<string, TopicLayout> = new Map();
  /** The registry's ids of the schemas, by full topic name. */
  readonly #schemaIds = new Map<string, number>();
  readonly #fullNames = new Map<string, string>();
  /** Has read the checkpoints ahead. */
  #reader: CheckpointReader | undefined;
  readonly #nameOf = (topic: string): string => this.#options.config.topicPrefix + topic;

  /** @throws Fault with retry `never` if the configuration cannot be used */
  constructor(options: KafkaSinkOptions) {
    const { config, environmentPrefixes, log, now, wallClockMs, second } = options;
    this.#options = options;
    this.#prefixes = new Set(environmentPrefixes);
    this.#registry = registryOf(config);
    const [environmentPrefix = ''] = environmentPrefixes;
    this.#brokers = new Brokers(config, log);
    const clocks = { now, wallClockMs };
    const { writer } = second ?? {};
    this.#producer = new RepeatingProducer({ config, brokers: this.#brokers, ...clocks, environmentPrefix, writer });
  }

  async open(): Promise<void> {
    await this.#contact(async () => {
      await this.#prepare();
      await this.#options.beforeFence?.();
    });
    await this.#readAhead();
    await this.#contact(() => this.#producer.open(this.#layouts));
  }

  async #contact(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw firstContactFault(error, this.#options.config);
    }
  }

  async write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    try {
      if (batch.some(({ topic }) => !this.#layouts.has(this.#fullName(topic)))) {
        for (const { topic } of batch) this.#prefixes.add(prefixOfTopic(topic));
        await this.#prepare();
      }
    } catch (error) {
      // The records are retried whatever the fault says: an operator may correct a wrong password or schema.
      const fault = new Fault('sink', asFault(error).message, { cause: error });
      return batch.map(() => ({ kind: 'retry', fault }));
    }
    const messages: Message[] = [];
    const refused = new Map<number, Outcome>();
    for (let index = 0; index < batch.length; index++) {
      const { topic, key, record } = at(batch, index);
      const name = this.#fullName(topic);
      try {
        messages.push({ topic: name, key, value: this.#encode(name, record) });
      } catch (error) {
        refused.set(index, { kind: 'rejected', fault: asFault(error) });
      }
    }
    const outcomes = await this.#producer.produce(messages, this.#layouts);
    if (outcomes.some(({ kind }) => kind === 'retry')) this.#layouts = new Map();
    if (refused.size === 0) return outcomes;
    const answered = outcomes.values();
    return batch.map((_, index) => refused.get(index) ?? (answered.next().value as Outcome));
  }

  async checkpoints(options: CheckpointOptions): Promise<readonly SeriesCheckpoint[]> {
    const ahead = this.#reader;
    // If the reading fails, the next attempt reads everything.
    this.#reader = undefined;
    const reader = ahead !== undefined && isSame(ahead.options, options) ? ahead : this.#readerOf(options);
    return reader.read();
  }

  async recent(options: RecentOptions): Promise<Recent> {
    return readRecent(this.#options.config, options, (topic) => this.#exists(topic), this.#options.log);
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }

  trouble(): string | undefined {
    return this.#producer.trouble;
  }

  async #readAhead(): Promise<void> {
    const { checkpointsAhead } = this.#options;
    if (checkpointsAhead === undefined || this.#reader !== undefined) return;
    const reader = this.#readerOf(checkpointsAhead);
    await reader.begin();
    this.#reader = reader;
  }

  #readerOf(options: CheckpointOptions): CheckpointReader {
    return new CheckpointReader(this.#options.config, options, (topic) => this.#exists(topic), this.#options.log);
  }

  async #exists(topic: string): Promise<boolean> {
    return this.#layouts.has(topic) || hasTopic(this.#brokers, topic);
  }

  /** Creates or looks up the topics and schemas of every environment in use. */
  async #prepare(): Promise<void> {
    const prefixes = [...this.#prefixes];
    const layouts = await prepareTopics(this.#brokers, this.#options.config, prefixes);
    if (this.#registry !== undefined) {
      for (const prefix of prefixes) {
        for (const { name: short, kind } of TOPICS) {
          const name = this.#fullName(prefix + short);
          this.#schemaIds.set(name, await this.#registry.idOf(`${name}-value`, codecOf(kind).schema));
        }
      }
    }
    const topics = this.#options.second?.topics;
    const isWritten = (name: string) => topics === undefined || topics.some((topic) => name.endsWith(topic));
    this.#layouts = new Map([...layouts].filter(([name]) => isWritten(name)));
  }

  archive(): SinkArchive {
    const { beforeFence: _, checkpointsAhead: __, ...options } = this.#options;
    const second = { writer: HEALER, topics: HEALED_TOPICS };
    return new KafkaArchive(options, new KafkaSink({ ...options, second }));
  }

  #encode(topic: string, record: FeedRecord): Buffer {
    if (this.#registry === undefined) return encodeSingleObject(record);
    const schemaId = this.#schemaIds.get(topic);
    if (schemaId === undefined) throw new Fault('internal', `no schema id is known for ${topic}`);
    return encodeConfluent(record, schemaId);
  }

  #fullName(topic: string): string {
    return getOrCreate(this.#fullNames, topic, this.#nameOf);
  }
}

/** Compares what may differ: the rest comes from the same configuration. */
function isSame(a: CheckpointOptions, b: CheckpointOptions): boolean {
  return isDeepStrictEqual([a.environmentPrefixes, a.kinds], [b.environmentPrefixes, b.kinds]);
}
