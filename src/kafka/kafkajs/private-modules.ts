/**
 * The private modules of kafkajs 2.2.4 that market-feed uses; no other file imports them. kafkajs' public clients retry
 * requests, number records and assign partitions by themselves; only these modules send one request to one broker.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { SASLOptions } from 'kafkajs';
import type { BrokerAddress } from '../contract.ts';
import { FETCH_VERSION } from '../fetch-response.ts';

const require = createRequire(import.meta.url);

/** kafkajs/src/broker 2.2.4: negotiates versions, logs in, and has a method for each request. */
export const Broker = require('kafkajs/src/broker') as new (options: {
  readonly connectionPool: ConnectionPool;
  readonly logger: KafkajsLogger;
  readonly allowAutoTopicCreation: boolean;
}) => Broker;

/** Requests with an empty answer. */
type Acknowledged = 'createTopics' | 'addPartitionsToTxn' | 'endTxn' | 'heartbeat' | 'leaveGroup' | 'offsetCommit';

/** The fields of requests are not typed: kafkajs' codecs define them, and the contract suite checks them. */
export interface Broker extends Record<Acknowledged, (request: object) => Promise<unknown>> {
  readonly connectionPool: ConnectionPool;
  readonly lookupRequest: (key: number, definition: unknown) => (args: object) => ProtocolRequest;
  connect(): Promise<void>;
  findGroupCoordinator(request: object): Promise<{ readonly coordinator: BrokerAddress }>;
  listOffsets(request: object): Promise<RawOffsets>;
  describeConfigs(request: object): Promise<{
    readonly resources: readonly {
      readonly resourceName: string;
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[];
    }[];
  }>;
  initProducerId(request: object): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
  joinGroup(request: object): Promise<{
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }>;
  describeGroups(request: object): Promise<{
    readonly groups: readonly {
      readonly members: readonly {
        readonly memberId: string;
        readonly clientHost: string;
        readonly memberAssignment: Buffer;
      }[];
    }[];
  }>;
  syncGroup(request: object): Promise<{ readonly memberAssignment: Buffer }>;
  offsetFetch(request: object): Promise<RawOffsets>;
}

export interface RawOffsets {
  readonly responses: readonly {
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }[];
}

/** kafkajs/src/network/connectionPool 2.2.4: the two sockets to a broker, one of them for fetching. */
export const ConnectionPool = require('kafkajs/src/network/connectionPool') as new (options: {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly ssl: ConnectionOptions | undefined;
  readonly sasl: SASLOptions | undefined;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  readonly maxInFlightRequests: number;
  readonly socketFactory: SocketFactory;
  readonly logger: KafkajsLogger;
}) => ConnectionPool;

export interface ConnectionPool {
  send(request: ProtocolRequest): Promise<unknown>;
}

export type SocketFactory = (to: {
  readonly host: string;
  readonly port: number;
  readonly ssl?: ConnectionOptions | undefined;
  readonly onConnect: () => void;
}) => Socket;

/** The logger that kafkajs calls. */
export interface KafkajsLogger extends Record<LogLevel, (message: string, details?: object) => void> {
  namespace(name: string): KafkajsLogger;
}

type LogLevel = 'debug' | 'info' | 'warn' | 'error';

interface ProtocolRequest {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<Encoded>;
  };
  readonly response: {
    readonly decode: (bytes: Buffer) => Promise<unknown>;
    readonly parse: (decoded: unknown) => Promise<unknown>;
  };
}

/** The part of kafkajs' Encoder that a connection reads. */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

/** kafkajs/src/protocol/requests 2.2.4: the codecs of requests, by version. */
const { requests } = require('kafkajs/src/protocol/requests') as {
  requests: {
    readonly Metadata: unknown;
    readonly Produce: { protocol(of: { version: number }): (args: object) => ProtocolRequest };
    readonly Fetch: { protocol(of: { version: number }): (args: object) => ProtocolRequest };
  };
};
const apiKeys = require('kafkajs/src/protocol/requests/apiKeys') as { readonly Metadata: number };

interface RawMetadata {
  readonly brokers: readonly BrokerAddress[];
  readonly controllerId: number;
  readonly topicMetadata: readonly {
    readonly topicErrorCode: number;
    readonly topic: string;
    readonly partitionMetadata: readonly {
      readonly partitionId: number;
      readonly leader: number;
      readonly replicas: readonly number[];
    }[];
  }[];
}

const asDecoded = async (decoded: unknown): Promise<unknown> => decoded;

/**
 * Requests the metadata of topics, or of all topics if none is named. kafkajs' own method fails if one topic has an
 * error.
 */
export async function requestMetadata(broker: Broker, topics: readonly string[]): Promise<RawMetadata> {
  const { request, response } = broker.lookupRequest(
    apiKeys.Metadata,
    requests.Metadata,
  )({ topics, allowAutoTopicCreation: false });
  const decoded = await broker.connectionPool.send({ request, response: { ...response, parse: asDecoded } });
  return decoded as RawMetadata; // as the codec says
}

interface RawProduced {
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly { readonly partition: number; readonly errorCode: number }[];
  }[];
}

const NO_BYTES = Buffer.alloc(0);
const produce = requests.Produce.protocol({ version: 7 });

/**
 * Sends the body of a ProduceRequest, version 7. kafkajs' own method allocates 512 bytes for each record and rejects
 * with the first partition's error. `body` is called when the bytes are copied to the connection.
 */
export async function requestProduce(broker: Broker, body: () => Buffer): Promise<RawProduced> {
  const { request, response } = produce({ topicData: [] });
  const encoded: Encoded = {
    buf: NO_BYTES,
    get buffer() {
      return body();
    },
  };
  const decoded = await broker.connectionPool.send({
    request: { ...request, encode: async () => encoded },
    response: { ...response, parse: asDecoded },
  });
  return decoded as RawProduced; // as the codec says
}

const fetch = requests.Fetch.protocol({ version: FETCH_VERSION });

/** Sends a FetchRequest and returns the body of the answer. */
export async function requestFetch(broker: Broker, of: object): Promise<Buffer> {
  const request = fetch(of);
  const decode = async (body: Buffer) => ({ body, clientSideThrottleTime: body.readInt32BE(0) });
  const decoded = await broker.connectionPool.send({ ...request, response: { decode, parse: asDecoded } });
  return (decoded as Awaited<ReturnType<typeof decode>>).body; // as `decode` returns it
}

/** kafkajs/src/protocol/recordBatch/crc32C 2.2.4. */
export const crc32c = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number;

/** kafkajs/src/protocol/error 2.2.4: the meaning of a broker's error code. */
export const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): Error & { readonly type: string };
};

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

/**
 * kafkajs/src/network/requestQueue 2.2.4: after each answer it sets a timer for waiting requests. If none waits, the
 * time is negative and Node.js 24 warns (kafkajs issue 1751, not released), so the timer is left out then.
 */
const { prototype: requestQueue } = require('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueue };
const schedule = requestQueue.scheduleCheckPendingRequests;
requestQueue.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) schedule.call(this);
};
