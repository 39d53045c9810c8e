import { createRequire } from 'node:module';
import { connect, isIP, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import kafkajs, {
  type Admin,
  AssignerProtocol,
  CompressionTypes,
  Kafka,
  type KafkaConfig as KafkaOptions,
  logLevel,
  type PartitionerArgs,
  Partitioners,
  type PartitionMetadata,
  type Producer,
  type ProducerConfig,
  type SASLOptions,
} from 'kafkajs';
import { CODECS } from '../compression.ts';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import type { Coordination, Coordinator, ProducerNumbers } from '../coordination.ts';
import { recordBytes } from '../record-bytes.ts';
import { tlsOptions } from '../tls-options.ts';

export type { Admin, PartitionerArgs, PartitionMetadata, Producer, ProducerConfig };
export { AssignerProtocol, CompressionTypes, Partitioners };

const require = createRequire(import.meta.url);

/** The parts of kafkajs 2.2.4 behind its public face that reading, being a member of a group and fencing need (src/cluster, src/broker). */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): PartitionMetadata[];
  getNodeIds(): string[];
  findBroker(of: { nodeId: string }): Promise<FetchingBroker & CoordinatingBroker>;
  findGroupCoordinator(of: { groupId: string }): Promise<GroupBroker>;
  fetchTopicsOffset(
    topics: { topic: string; partitions: { partition: number }[]; fromBeginning?: boolean; fromTimestamp?: number }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

export interface FetchingBroker {
  fetch(request: {
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
  }): Promise<{ responses: { topicName: string; partitions: FetchedPartition[] }[] }>;
}

export interface CoordinatingBroker extends Coordinator {
  findGroupCoordinator(request: {
    groupId: string;
    coordinatorType: number;
  }): Promise<{ coordinator: { nodeId: number } }>;
}

/** The broker that keeps a consumer group. */
export interface GroupBroker {
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    groupProtocols: { name: string; metadata: Buffer }[];
  }): Promise<{
    generationId: number;
    leaderId: string;
    memberId: string;
    members: { memberId: string; memberMetadata: Buffer }[];
  }>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ memberAssignment: Buffer }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  offsetFetch(request: {
    groupId: string;
    topics: { topic: string; partitions: { partition: number }[] }[];
  }): Promise<{ responses: { partitions: { partition: number; offset: string }[] }[] }>;
  offsetCommit(request: {
    groupId: string;
    groupGenerationId: number;
    memberId: string;
    topics: { topic: string; partitions: { partition: number; offset: string }[] }[];
  }): Promise<unknown>;
}

export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly unknown[];
  readonly messages: readonly FetchedMessage[];
}

export interface FetchedMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
}

type MakeCluster = new (options: object) => Cluster & { findControllerBroker: () => Promise<object> };
type MakeProducer = (options: ProducerConfig & { cluster: Cluster; logger: unknown }) => Producer;
type MakeBatch = new (
  topic: string,
  fetchedOffset: string,
  partition: FetchedPartition,
) => { readonly messages: readonly FetchedMessage[] };

const READ_COMMITTED = 1;

/** One set of connections to the brokers, with kafkajs' clients over it. */
export class KafkaConnection {
  readonly #options: KafkaOptions;
  readonly #kafka: Kafka;
  readonly #sockets = new Set<Socket>();
  #ended = false;

  /** @throws Fault (never) where a certificate or key cannot be read. */
  constructor(config: KafkaConfig, log: KafkaLog) {
    addCodecs();
    fixNegativeTimeouts();
    writeRecordsFaster();
    this.#options = {
      brokers: [...config.brokers],
      clientId: config.clientId,
      connectionTimeout: 3000,
      requestTimeout: 10_000,
      // Only to look for a broker that answers. What must not fail is repeated by its caller, who can also stop.
      retry: {
        initialRetryTime: 50,
        maxRetryTime: 500,
        factor: 0.2,
        multiplier: 2,
        retries: Math.max(3, config.brokers.length),
      },
      socketFactory: ({ host, port, ssl, onConnect }) => this.#openSocket(host, port, ssl, onConnect),
      logLevel: logLevel.INFO,
      // Whatever matters in them comes as an error too, and is told with the sink's state.
      logCreator:
        () =>
        ({ namespace, log: { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...details } }) =>
          log('debug', `kafkajs ${namespace}: ${message}`, details),
      ...(config.ssl === null ? {} : { ssl: tlsOptions(config.ssl) }),
      ...(config.sasl === null ? {} : { sasl: saslOptions(config.sasl) }),
    };
    this.#kafka = new Kafka(this.#options);
  }

  admin(): Admin {
    return this.#kafka.admin();
  }

  /**
   * An idempotent producer that writes, without transactions, under numbers that a transactional id was given: kafkajs
   * itself would ask the controller for numbers of nobody's, or mark every batch as a transaction's.
   */
  producer(options: ProducerConfig, numbers: ProducerNumbers): Producer {
    const makeProducer = require('kafkajs/src/producer') as MakeProducer;
    const cluster = this.#newCluster({ maxInFlightRequests: options.maxInFlightRequests });
    cluster.findControllerBroker = async () => ({ initProducerId: async () => numbers });
    return makeProducer({
      ...options,
      retry: { ...this.#options.retry, ...options.retry },
      cluster,
      logger: this.#newLogger(),
    });
  }

  /** For reading committed records without a group, and for fencing. */
  cluster(): Cluster {
    return this.#newCluster({ isolationLevel: READ_COMMITTED });
  }

  async coordination(): Promise<Coordination> {
    const cluster = this.cluster();
    const end = () =>
      Promise.race([cluster.disconnect().catch(() => {}), delay(DISCONNECT_MS, undefined, { ref: false })]);
    try {
      await cluster.connect();
    } catch (error) {
      await end();
      throw error;
    }
    return { coordinatorOf: (transactionalId) => findTransactionCoordinator(cluster, transactionalId), end };
  }

  #newCluster(options: object): InstanceType<MakeCluster> {
    const MakeOne = require('kafkajs/src/cluster') as MakeCluster;
    return new MakeOne({
      ...this.#options,
      logger: this.#newLogger(),
      enforceRequestTimeout: true,
      metadataMaxAge: 300_000,
      allowAutoTopicCreation: false,
      ...options,
    });
  }

  #newLogger(): unknown {
    const { createLogger } = require('kafkajs/src/loggers') as { createLogger(options: object): unknown };
    return createLogger({ level: this.#options.logLevel, logCreator: this.#options.logCreator });
  }

  /** Cuts every connection at once; requests under way fail. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy(new Error('cut'));
  }

  /** Cuts every connection and opens none any more: what kafkajs still tries fails. */
  end(): void {
    this.#ended = true;
    this.cut();
  }

  #openSocket(host: string, port: number, ssl: ConnectionOptions | undefined, onConnect: () => void): Socket {
    if (this.#ended) throw new Error('closed');
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
      : connect({ host, port, noDelay: true }, onConnect);
    socket.setKeepAlive(true, 60_000);
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      // kafkajs unrefs it once more for each request that fails on it; without a handle every call leaves a listener.
      socket.unref = () => socket;
    });
    return socket;
  }
}

const DISCONNECT_MS = 500;
const TRANSACTION_COORDINATOR = 1;

/**
 * The broker that knows of a transactional id. kafkajs' own search says only that there is none, also where the brokers
 * refuse to tell.
 */
export async function findTransactionCoordinator(
  cluster: Cluster,
  transactionalId: string,
): Promise<CoordinatingBroker> {
  const request = { groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR };
  if (cluster.getNodeIds().length === 0) await cluster.refreshMetadata();
  let failed: unknown = new Error('no broker answers');
  for (const nodeId of cluster.getNodeIds()) {
    try {
      const { coordinator } = await (await cluster.findBroker({ nodeId })).findGroupCoordinator(request);
      return await cluster.findBroker({ nodeId: String(coordinator.nodeId) });
    } catch (error) {
      failed = error;
    }
  }
  throw failed;
}

/** Fetches what is committed from the offset on, `maxBytes` a partition; waits `maxWaitMs` for it. */
export async function fetchCommitted(
  broker: FetchingBroker,
  topic: string,
  offsets: ReadonlyMap<number, string>,
  { maxWaitMs, maxBytes }: { readonly maxWaitMs: number; readonly maxBytes: number },
): Promise<readonly { readonly fetched: FetchedPartition; readonly committed: readonly FetchedMessage[] }[]> {
  const Batch = require('kafkajs/src/consumer/batch') as MakeBatch;
  const partitions = [...offsets].map(([partition, fetchOffset]) => ({ partition, fetchOffset, maxBytes }));
  const { responses } = await broker.fetch({
    isolationLevel: READ_COMMITTED,
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes: 50 * 2 ** 20,
    topics: [{ topic, partitions }],
  });
  return responses.flatMap((response) =>
    response.partitions.map((fetched) => ({
      fetched,
      committed: new Batch(topic, offsets.get(fetched.partition) ?? '0', fetched).messages,
    })),
  );
}

function saslOptions({ mechanism, username, password }: NonNullable<KafkaConfig['sasl']>): SASLOptions {
  return { mechanism, username, password: password.reveal() };
}

/** kafkajs has gzip alone; the others are entered in its table, which is one for the process. */
function addCodecs(): void {
  const table = [
    [CompressionTypes.GZIP, CODECS.gzip],
    [CompressionTypes.Snappy, CODECS.snappy],
    [CompressionTypes.LZ4, CODECS.lz4],
    [CompressionTypes.ZSTD, CODECS.zstd],
  ] as const;
  for (const [type, codec] of table) {
    // Node sees no named export of this name.
    kafkajs.CompressionCodecs[type] = () => ({
      compress: (encoder: { readonly buffer: Buffer }) => codec.compress(encoder.buffer),
      decompress: (bytes: Buffer) => codec.decompress(bytes),
    });
  }
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

let fixed = false;

/**
 * After each answer kafkajs 2.2.4 sets a timer that looks after waiting requests, also when none waits, and then with a
 * negative time, of which Node.js 24 warns (kafkajs issue 1751, never released). With nothing that waits there is
 * nothing to look after: the next request that has to wait sets the timer.
 */
function fixNegativeTimeouts(): void {
  if (fixed) return;
  fixed = true;
  const { prototype } = require('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueue };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}

/** What kafkajs makes a record of, and what it takes in return: the part of its Encoder that a record batch reads. */
interface RecordFields {
  readonly key: unknown;
  readonly value: unknown;
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly headers?: unknown;
}
type MakeRecord = (fields: RecordFields) => { readonly buf: Buffer; readonly buffer: Buffer };

let faster = false;

/**
 * kafkajs 2.2.4 writes each record by way of a zeroed buffer of 512 bytes and a small one for each number, which is
 * a fifth of what a trade costs us. Records like ours are made at once instead, byte for byte the same; it loads the
 * function with its first produce request, so this comes before.
 */
function writeRecordsFaster(): void {
  if (faster) return;
  faster = true;
  const path = require.resolve('kafkajs/src/protocol/recordBatch/record/v0');
  const makeRecord = require(path) as MakeRecord;
  const fast: MakeRecord = (fields) => {
    const { key, value, offsetDelta, timestampDelta, headers } = fields;
    if (typeof key !== 'string' || !Buffer.isBuffer(value) || timestampDelta !== 0 || headers !== undefined)
      return makeRecord(fields);
    const bytes = recordBytes(key, value, offsetDelta);
    return { buf: bytes, buffer: bytes };
  };
  const module = require.cache[path];
  if (module !== undefined) module.exports = fast;
}

/** A list of messages that are sorted into partitions. */
export interface Sorted<T> {
  readonly partition: number;
  readonly messages: readonly T[];
}

/**
 * The messages of all parts as one list for `sendBatch`. To sort a list into partitions kafkajs 2.2.4 copies what it
 * has of a partition for each message (groupMessagesPerPartition: a reduce), quadratic in the size of the batch. Here
 * the list says itself what that comes to; the partitioner is asked once a part.
 */
export function sortedMessages<T>(parts: readonly Sorted<T>[]): T[] {
  const all = parts.flatMap(({ messages }) => messages);
  const reduce = (add: (sorted: object, message: T) => object, start: Record<number, readonly T[]>): object => {
    for (const { partition, messages } of parts) {
      if (messages[0] !== undefined) add({}, messages[0]);
      start[partition] = [...(start[partition] ?? []), ...messages];
    }
    return start;
  };
  return Object.defineProperty(all, 'reduce', { value: reduce });
}
