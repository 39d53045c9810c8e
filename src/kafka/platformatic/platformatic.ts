import { isIP } from 'node:net';
import type { API, Connection } from '@platformatic/kafka';
import { BrokerError } from '../broker-error.ts';
import type { BrokerConnection, OpenOptions } from '../contract.ts';
import { FETCH_VERSION, readFetchResponse } from '../fetch-response.ts';
import { type ProduceBody, produceBody } from '../produce-request.ts';
import { brokerError, responseIn } from './platformatic-error.ts';
import { library } from './private-modules.ts';

const { addPartitionsToTxnV3, Connection: LibraryConnection, createTopicsV5 } = library;
const { describeConfigsV4, describeGroupsV5, endTxnV3, fetchV11, findCoordinatorV4, heartbeatV3, initProducerIdV4 } =
  library;
const { joinGroupV5, leaveGroupV3, listOffsetsV5, metadataV12, offsetCommitV7, offsetFetchV7 } = library;
const { crc32c, createAPI, produceV7, protocolErrors, protocolErrorsCodesById, syncGroupV3, Writer } = library;

/** How long opening a connection and logging in may take. */
const CONNECT_TIMEOUT_MS = 5000;
const KEEP_ALIVE_MS = 60_000;
const CREATE_TIMEOUT_MS = 5000;
const COORDINATOR_TYPES = { group: 0, transaction: 1 };
const CONSUMERS = 'consumer';
const READ_COMMITTED = 1;
const CONSUMER = -1;
const TOPIC_RESOURCE = 2 as const;
const FETCH_BYTES = 50 * 2 ** 20;
const NO_SESSION = [0, -1] as const;
const EPOCH_UNKNOWN = -1;
const NO_PRODUCER_ID = -1n;

const SASL_MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

type Produced = ReturnType<typeof produceV7.parseResponse>;

/** Replaces the library's own request, which takes an object for each record and copies its bytes several times. */
const produce: API<[body: ProduceBody], Produced> = createAPI(
  produceV7.api.key,
  produceV7.api.version,
  (body: ProduceBody) => Writer.create().append(body()),
  produceV7.parseResponse,
  false,
  false,
);

/** Replaces the library's own reading of the answer, which unfolds compressed batches without a limit. */
const fetch: API<Parameters<typeof fetchV11.createRequest>, Buffer> = createAPI(
  fetchV11.api.key,
  FETCH_VERSION,
  fetchV11.createRequest,
  (_correlationId, _key, _version, reader) => reader.buffer.slice(reader.position),
  false,
  false,
);

const bodyChecksum = (bytes: Buffer): number => crc32c(Writer.create().append(bytes).dynamicBuffer);

/**
 * Opens a connection with @platformatic/kafka 2.12.1. Only its connections and requests are used: its producer takes a
 * new producer id after any error and would store records twice. Kafka brokers from version 3.1 on have these versions
 * of the requests. Newer EndTxn and Produce requests would change the producer's epoch at each transaction (KIP-890).
 */
export async function openPlatformatic(options: OpenOptions): Promise<BrokerConnection> {
  const { host, port, config, tls, requestTimeoutMs, onClosed, signal } = options;
  const { clientId, sasl } = config;
  const connection = new LibraryConnection(clientId, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    maxInflights: 1,
    ...(tls === undefined ? {} : { tls, tlsServerName: isIP(host) === 0 }),
    ...(sasl === null ? {} : { sasl: saslOf(sasl) }),
  });
  // The library's close ends its timers, but waits for the broker to close the socket.
  const close = () => {
    connection.close(() => {});
    connection.socket?.destroy();
  };
  /** The error that broke the connection. A request's own error only says that the connection is closed. */
  let broken: Error | undefined;
  connection.on('error', (error) => {
    broken = error;
    close();
    onClosed();
  });
  connection.on('close', () => {
    close();
    onClosed();
  });
  signal.addEventListener('abort', close);
  try {
    await connection.connect(host, port);
    connection.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return connectionOf(connection, options, close, () => broken);
  } catch (error) {
    close();
    throw brokerError(broken ?? error, `${host}:${port}`);
  } finally {
    signal.removeEventListener('abort', close);
  }
}

function saslOf({ mechanism, username, password }: NonNullable<OpenOptions['config']['sasl']>) {
  return { mechanism: SASL_MECHANISMS[mechanism], username, password: password.reveal() };
}

function connectionOf(
  connection: Connection,
  { host, port, config }: OpenOptions,
  close: () => void,
  broken: () => Error | undefined,
): BrokerConnection {
  const address = `${host}:${port}`;
  const ask = async <T>(request: Promise<T>): Promise<T> => {
    try {
      return await request;
    } catch (error) {
      throw brokerError(broken() ?? error, address);
    }
  };
  const errorOf = (code: number): BrokerError | undefined => {
    if (code === 0) return undefined;
    const type = protocolErrorsCodesById[code] ?? `error ${code}`;
    return new BrokerError(protocolErrors[type]?.message ?? type, { broker: address, type });
  };
  return {
    close,

    async metadata(topics) {
      type Metadata = ReturnType<typeof metadataV12.parseResponse>;
      const wanted = topics === 'all' ? null : [...topics];
      const found = await ask(metadataV12.api.async(connection, wanted, false, false).catch(responseIn<Metadata>));
      return {
        brokers: found.brokers,
        controllerId: found.controllerId,
        topics: found.topics.map(({ name, errorCode, partitions }) => ({
          topic: name ?? '',
          error: errorOf(errorCode),
          partitions: partitions.map(({ partitionIndex, leaderId, replicaNodes }) => ({
            partitionId: partitionIndex,
            leader: leaderId,
            replicas: replicaNodes.length,
          })),
        })),
      };
    },

    async findCoordinator(kind, id) {
      const { coordinators } = await ask(findCoordinatorV4.api.async(connection, COORDINATOR_TYPES[kind], [id]));
      const [found] = coordinators;
      if (found === undefined) throw new BrokerError(`no broker is named for ${id}`, { broker: address });
      return found;
    },

    async produce(batches, producer) {
      const { compression } = config;
      const body = await produceBody(batches, { producer, compression, checksum: bodyChecksum });
      const { responses } = await ask(produce.async(connection, body).catch(responseIn<Produced>));
      return responses.flatMap(({ name, partitionResponses }) =>
        partitionResponses.map(({ index, errorCode }) => ({
          topic: name,
          partition: index,
          error: errorOf(errorCode),
        })),
      );
    },

    async fetch(topic, offsets, { maxWaitMs, maxBytes }) {
      const partitions = [...offsets].map(([partition, fetchOffset]) => ({
        partition,
        fetchOffset,
        partitionMaxBytes: maxBytes,
        currentLeaderEpoch: EPOCH_UNKNOWN,
        lastFetchedEpoch: EPOCH_UNKNOWN,
      }));
      const topics = [{ topicId: topic, partitions }];
      const limits = [maxWaitMs, 1, FETCH_BYTES, READ_COMMITTED] as const;
      const body = await ask(fetch.async(connection, ...limits, ...NO_SESSION, topics, [], ''));
      return readFetchResponse(body, offsets, errorOf);
    },

    async listOffsets(topic, partitions, at) {
      const timestamp = at === 'beginning' ? -2n : at === 'end' ? -1n : BigInt(at.timeMs);
      const wanted = partitions.map((partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: EPOCH_UNKNOWN,
        timestamp,
      }));
      const { topics } = await ask(
        listOffsetsV5.api.async(connection, CONSUMER, READ_COMMITTED, [{ name: topic, partitions: wanted }]),
      );
      const found = topics.flatMap((each) => each.partitions);
      return new Map(found.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
    },

    async createTopics(topics, { validateOnly } = { validateOnly: false }) {
      type Created = ReturnType<typeof createTopicsV5.parseResponse>;
      const wanted = topics.map(({ topic, partitions, replication, settings }) => ({
        name: topic,
        numPartitions: partitions,
        replicationFactor: replication,
        assignments: [],
        configs: Object.entries(settings).map(([name, value]) => ({ name, value })),
      }));
      const created = await ask(
        createTopicsV5.api.async(connection, wanted, CREATE_TIMEOUT_MS, validateOnly).catch(responseIn<Created>),
      );
      for (const { errorCode } of created.topics) {
        const error = errorOf(errorCode);
        if (error !== undefined && error.type !== 'TOPIC_ALREADY_EXISTS') throw error;
      }
    },

    async topicSettings(topics, names) {
      const resources = topics.map((resourceName) => ({
        resourceType: TOPIC_RESOURCE,
        resourceName,
        configurationKeys: [...names],
      }));
      const { results } = await ask(describeConfigsV4.api.async(connection, resources));
      return new Map(
        results.map(({ resourceName, configs }) => [
          resourceName,
          Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])),
        ]),
      );
    },

    async initProducerId(transactionalId, timeoutMs) {
      const { producerId, producerEpoch } = await ask(
        initProducerIdV4.api.async(connection, transactionalId, timeoutMs, NO_PRODUCER_ID, EPOCH_UNKNOWN),
      );
      return { producerId: String(producerId), producerEpoch };
    },

    async addPartitionsToTransaction({ transactionalId, producerId, producerEpoch }, topics) {
      const named = topics.map(({ topic, partitions }) => ({ name: topic, partitions: [...partitions] }));
      const transaction = { transactionalId, producerId: BigInt(producerId), producerEpoch, verifyOnly: false };
      await ask(addPartitionsToTxnV3.api.async(connection, [{ ...transaction, topics: named }]));
    },

    async endTransaction({ transactionalId, producerId, producerEpoch }) {
      await ask(endTxnV3.api.async(connection, transactionalId, BigInt(producerId), producerEpoch, true));
    },

    async joinGroup({ group, memberId: asked, sessionTimeoutMs, protocol }) {
      const timeouts = [sessionTimeoutMs, sessionTimeoutMs] as const;
      const join = (id: string) =>
        ask(joinGroupV5.api.async(connection, group, ...timeouts, id, null, CONSUMERS, [protocol]));
      const { memberId, generationId, leader, members } = await join(asked).catch((error: unknown) => {
        // A new member gets its id first, and joins again with it.
        if (!(error instanceof BrokerError) || error.type !== 'MEMBER_ID_REQUIRED') throw error;
        return join(responseIn<{ readonly memberId: string }>(error.cause).memberId);
      });
      return {
        memberId,
        generation: generationId,
        leaderId: leader,
        members: members.map((member) => ({ memberId: member.memberId, bytes: member.metadata ?? NO_BYTES })),
      };
    },

    async syncGroup({ group, memberId, generation }, assignments) {
      const shares = assignments.map(({ memberId: id, bytes }) => ({ memberId: id, assignment: bytes }));
      const { assignment } = await ask(
        syncGroupV3.api.async(connection, group, generation, memberId, null, null, null, shares),
      );
      return assignment;
    },

    async heartbeat({ group, memberId, generation }) {
      await ask(heartbeatV3.api.async(connection, group, generation, memberId, null));
    },

    async leaveGroup({ group, memberId }) {
      await ask(leaveGroupV3.api.async(connection, group, [{ memberId, groupInstanceId: null }]));
    },

    async membersOf(group) {
      const { groups } = await ask(describeGroupsV5.api.async(connection, [group], false));
      const members = groups.flatMap((each) => each.members);
      return members.map(({ memberId, clientHost: host, memberAssignment: assignment }) => ({
        memberId,
        host,
        assignment,
      }));
    },

    async committedOffsets(group, topic, partitions) {
      const wanted = { groupId: group, topics: [{ name: topic, partitionIndexes: [...partitions] }] };
      const { topics } = await ask(offsetFetchV7.api.async(connection, [wanted], false));
      const found = topics.flatMap((each) => each.partitions).filter(({ committedOffset }) => committedOffset >= 0n);
      return new Map(found.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]));
    },

    async commitOffsets({ group, memberId, generation }, topic, offsets) {
      const partitions = [...offsets].map(([partitionIndex, committedOffset]) => ({
        partitionIndex,
        committedOffset,
        committedLeaderEpoch: EPOCH_UNKNOWN,
        committedMetadata: null,
      }));
      const topics = [{ name: topic, partitions }];
      await ask(offsetCommitV7.api.async(connection, group, generation, memberId, null, topics));
    },
  };
}

const NO_BYTES = Buffer.alloc(0);
