import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { pathToFileURL } from 'node:url';
import type { Connection } from '@platformatic/kafka';
import { Fault } from '../../domain/fault.ts';
import type { KafkaConfig } from '../config.ts';
import type { Coordination, Coordinator, ProducerNumbers } from '../coordination.ts';
import { type ProduceBatch, type ProduceBody, produceBody } from '../produce-request.ts';
import { tlsOptions } from '../tls-options.ts';
import type { PartitionLeader } from '../topic-layout.ts';
import { BrokerError, brokerError, responseIn } from './platformatic-error.ts';

/** Until a connection is open and logged in. */
const CONNECT_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
/** How long the broker waits for its replicas; less than the request's own timeout. */
const REPLICAS_TIMEOUT_MS = 8000;
const KEEP_ALIVE_MS = 60_000;
const TRANSACTION_COORDINATOR = 1;

const SASL_MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

export interface ProduceAnswer {
  readonly topic: string;
  readonly partition: number;
  /** undefined: stored. */
  readonly error: Error | undefined;
}

/**
 * The brokers by way of @platformatic/kafka 2.12.1, of which only its connections and its requests are used: its own
 * producer takes new numbers after any error, so that what was stored is stored again, and none that a fence was given.
 * The versions of the requests are those that brokers from 3.1 on have; EndTxn and Produce stay below the ones with which
 * a broker changes the producer's epoch at each transaction (KIP-890).
 */
export class PlatformaticConnection {
  readonly #config: KafkaConfig;
  readonly #tls: TlsOptions | undefined;
  /** By host:port; each takes one request after the other. */
  readonly #opened = new Map<string, Promise<Connection>>();
  readonly #connections = new Set<Connection>();
  /** What broke a connection that was open. */
  readonly #failures = new WeakMap<Connection, Error>();
  /** host:port of brokers, by their id. */
  #addresses: ReadonlyMap<number, string> = new Map();
  readonly #wallClockMs: () => number;
  #ended = false;

  /** `wallClockMs`: for the time that records bear. @throws Fault (never) where a certificate or key cannot be read. */
  constructor(config: KafkaConfig, wallClockMs: () => number = Date.now) {
    this.#config = config;
    this.#wallClockMs = wallClockMs;
    this.#tls = config.ssl === null ? undefined : tlsOptions(config.ssl);
  }

  /** Where the brokers are, and who leads the partitions of those topics that they know, by topic. */
  async metadata(topics: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionLeader[]>> {
    const { metadataV12 } = await library();
    type Metadata = ReturnType<typeof metadataV12.parseResponse>;
    const found = await this.#askAny((connection) =>
      metadataV12.api.async(connection, [...topics], false, false).catch(responseIn<Metadata>),
    );
    this.#addresses = new Map(found.brokers.map(({ nodeId, host, port }) => [nodeId, addressOf(host, port)]));
    const leaders = new Map<string, readonly PartitionLeader[]>();
    for (const { name, errorCode, partitions } of found.topics) {
      if (name === null || name === undefined || errorCode !== 0) continue;
      const led = partitions.map(({ partitionIndex, leaderId }) => ({ partitionId: partitionIndex, leader: leaderId }));
      leaders.set(name, led);
    }
    return leaders;
  }

  /** One request to one broker, acknowledged by all in-sync replicas; an answer for each batch that the broker speaks of. */
  async produce(
    nodeId: number,
    numbers: ProducerNumbers,
    batches: readonly ProduceBatch[],
  ): Promise<readonly ProduceAnswer[]> {
    const { checksum, produce, protocolErrors, protocolErrorsCodesById } = await producing();
    const broker = this.#addresses.get(nodeId);
    if (broker === undefined) {
      const message = `broker ${nodeId} is not known`;
      throw new BrokerError(message, { broker: String(nodeId), type: 'LEADER_NOT_AVAILABLE' });
    }
    const body = await produceBody(batches, {
      numbers,
      compression: this.#config.compression,
      timeoutMs: REPLICAS_TIMEOUT_MS,
      timestamp: this.#wallClockMs(),
      checksum,
    });
    const { responses } = await this.#ask(broker, (connection) =>
      produce.async(connection, body).catch(responseIn<Produced>),
    );
    return responses.flatMap(({ name, partitionResponses }) =>
      partitionResponses.map(({ index, errorCode, errorMessage }): ProduceAnswer => {
        if (errorCode === 0) return { topic: name, partition: index, error: undefined };
        const type = protocolErrorsCodesById[errorCode] ?? `error ${errorCode}`;
        const message = errorMessage ?? protocolErrors[type]?.message ?? type;
        return { topic: name, partition: index, error: new BrokerError(message, { broker, type }) };
      }),
    );
  }

  async coordination(): Promise<Coordination> {
    // Over the same connections as all else: they stay.
    return { coordinatorOf: (transactionalId) => this.#coordinatorOf(transactionalId), end: async () => {} };
  }

  async #coordinatorOf(transactionalId: string): Promise<Coordinator> {
    const { addPartitionsToTxnV3, endTxnV3, findCoordinatorV4, initProducerIdV4 } = await library();
    const { coordinators } = await this.#askAny((connection) =>
      findCoordinatorV4.api.async(connection, TRANSACTION_COORDINATOR, [transactionalId]),
    );
    const [found] = coordinators;
    if (found === undefined) throw new Error(`no broker is named for the transactional id ${transactionalId}`);
    const broker = addressOf(found.host, found.port);
    return {
      initProducerId: async ({ transactionTimeout }) => {
        const { producerId, producerEpoch } = await this.#ask(broker, (connection) =>
          initProducerIdV4.api.async(connection, transactionalId, transactionTimeout, NOBODY, -1),
        );
        return { producerId: String(producerId), producerEpoch };
      },
      addPartitionsToTxn: ({ producerId, producerEpoch, topics }) => {
        const writer = { transactionalId, producerId: BigInt(producerId), producerEpoch, verifyOnly: false };
        const named = topics.map(({ topic, partitions }) => ({ name: topic, partitions }));
        return this.#ask(broker, (connection) =>
          addPartitionsToTxnV3.api.async(connection, [{ ...writer, topics: named }]),
        );
      },
      endTxn: ({ producerId, producerEpoch, transactionResult }) =>
        this.#ask(broker, (connection) =>
          endTxnV3.api.async(connection, transactionalId, BigInt(producerId), producerEpoch, transactionResult),
        ),
    };
  }

  /** Cuts every connection at once; requests under way fail. */
  cut(): void {
    for (const connection of this.#connections) release(connection);
  }

  /** Cuts every connection and opens none any more. */
  end(): void {
    this.#ended = true;
    this.cut();
  }

  /** Of whichever broker answers first, whatever it says, beginning with those that are connected. Rejects with why the last one did not where none does. */
  async #askAny<T>(request: (connection: Connection) => Promise<T>): Promise<T> {
    const { brokers } = this.#config;
    let failed: unknown = new Error('no broker is configured');
    for (const broker of new Set([...this.#opened.keys(), ...this.#addresses.values(), ...brokers])) {
      try {
        return await this.#ask(broker, request);
      } catch (error) {
        if (error instanceof BrokerError && error.type !== undefined) throw error;
        failed = error;
      }
    }
    throw failed;
  }

  async #ask<T>(broker: string, request: (connection: Connection) => Promise<T>): Promise<T> {
    let connection: Connection | undefined;
    try {
      connection = await this.#connectionTo(broker);
      return await request(connection);
    } catch (error) {
      // The request's own error says only that the connection is closed.
      const why = connection === undefined ? undefined : this.#failures.get(connection);
      throw brokerError(why ?? error, broker);
    }
  }

  #connectionTo(broker: string): Promise<Connection> {
    const known = this.#opened.get(broker);
    if (known !== undefined) return known;
    const forget = () => {
      if (this.#opened.get(broker) === opening) this.#opened.delete(broker);
    };
    const opening = this.#open(broker, forget);
    this.#opened.set(broker, opening);
    opening.catch(forget);
    return opening;
  }

  async #open(broker: string, onOver: () => void): Promise<Connection> {
    const { Connection } = await library();
    const { clientId, sasl } = this.#config;
    const { host, port } = hostAndPortOf(broker);
    if (this.#ended) throw new Error('closed');
    const connection = new Connection(clientId, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxInflights: 1,
      ...(this.#tls === undefined ? {} : { tls: this.#tls, tlsServerName: isIP(host) === 0 }),
      ...(sasl === null ? {} : { sasl: { ...saslOf(sasl) } }),
    });
    const over = () => {
      this.#connections.delete(connection);
      release(connection);
      onOver();
    };
    connection.on('error', (error) => {
      this.#failures.set(connection, error);
      over();
    });
    connection.on('close', over);
    this.#connections.add(connection);
    try {
      await connection.connect(host, port);
    } catch (error) {
      over();
      throw error;
    }
    connection.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return connection;
  }
}

const NOBODY = -1n;

function saslOf({ mechanism, username, password }: NonNullable<KafkaConfig['sasl']>) {
  return { mechanism: SASL_MECHANISMS[mechanism], username, password: password.reveal() };
}

/** Also of one that fails or is not open yet. Its own close ends its timers, but leaves a socket to the far side. */
function release(connection: Connection): void {
  connection.close(() => {});
  connection.socket?.destroy();
}

function addressOf(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function hostAndPortOf(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}

type Library = typeof import('@platformatic/kafka');

const require = createRequire(import.meta.url);

/** The parts of the library in use. Its clients compile the schemas of their options when they are loaded: half of the time and memory that all of it takes. */
async function loadParts(): Promise<Library> {
  const whole = pathToFileURL(require.resolve('@platformatic/kafka'));
  const load = (part: string): Promise<Partial<Library>> => import(new URL(`${part}/index.js`, whole).href);
  const parts = [await load('network'), await load('protocol'), await load('apis')];
  return Object.assign({}, ...parts) as Library;
}

let loading: Promise<Library> | undefined;

/** Loaded when it is first asked for: most runs never do. Rejects with a Fault (never) where it is not installed. */
function library(): Promise<Library> {
  loading ??= loadParts().catch((cause: unknown) => {
    loading = undefined;
    const message =
      'kafka.client: platformatic needs the package @platformatic/kafka 2.12.1, which Node.js 22.22 and newer can run: npm install @platformatic/kafka@2.12.1';
    throw new Fault('sink', message, { retry: { kind: 'never' }, cause });
  });
  return loading;
}

type Produced = ReturnType<Library['produceV9']['parseResponse']>;

let preparing: ReturnType<typeof prepareProducing> | undefined;

/** What a request of records takes of the library; its own maker of them takes an object for each record and copies its bytes several times. */
function producing(): ReturnType<typeof prepareProducing> {
  preparing ??= prepareProducing().catch((error: unknown) => {
    preparing = undefined;
    throw error;
  });
  return preparing;
}

async function prepareProducing() {
  const { crc32c, createAPI, produceV9, protocolErrors, protocolErrorsCodesById, Writer } = await library();
  const { key, version } = produceV9.api;
  const makeRequest = (body: ProduceBody) => Writer.create().append(body());
  return {
    produce: createAPI<[body: ProduceBody], Produced>(key, version, makeRequest, produceV9.parseResponse),
    checksum: (bytes: Buffer) => crc32c(Writer.create().append(bytes).dynamicBuffer),
    protocolErrors,
    protocolErrorsCodesById,
  };
}
