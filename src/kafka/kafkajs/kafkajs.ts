import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { KafkaLog } from '../config.ts';
import type { BrokerConnection, OpenOptions } from '../contract.ts';
import { readFetchResponse } from '../fetch-response.ts';
import { produceBody } from '../produce-request.ts';
import { kafkajsError } from './kafkajs-error.ts';
import {
  Broker,
  ConnectionPool,
  crc32c,
  createErrorFromCode,
  type KafkajsLogger,
  type RawOffsets,
  requestFetch,
  requestMetadata,
  requestProduce,
  type SocketFactory,
} from './private-modules.ts';

const CONNECT_TIMEOUT_MS = 3000;
const KEEP_ALIVE_MS = 60_000;
const READ_COMMITTED = 1;
const CONSUMER = -1;
const TOPIC_RESOURCE = 2;
const FETCH_BYTES = 50 * 2 ** 20;
const COORDINATOR_TYPES = { group: 0, transaction: 1 };

/** Opens a connection with kafkajs 2.2.4. */
export async function openKafkajs(options: OpenOptions): Promise<BrokerConnection> {
  const { host, port, config, tls, requestTimeoutMs, log, onClosed, signal } = options;
  const sockets = new Set<Socket>();
  const close = () => {
    for (const socket of sockets) socket.destroy(new Error('cut'));
  };
  const socketFactory: SocketFactory = ({ ssl, onConnect }) => {
    signal.throwIfAborted();
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
      : connect({ host, port, noDelay: true }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      // kafkajs calls unref again for each failed request; on a closed socket every call leaks a listener.
      socket.unref = () => socket;
      // A connection has two sockets; they close together.
      close();
      onClosed();
    });
    return socket;
  };
  const logger = loggerOf('', log);
  const connectionPool = new ConnectionPool({
    host,
    port,
    clientId: config.clientId,
    ssl: tls,
    socketFactory,
    logger,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    maxInFlightRequests: 1,
    sasl: config.sasl === null ? undefined : { ...config.sasl, password: config.sasl.password.reveal() },
  });
  const broker = new Broker({ connectionPool, logger, allowAutoTopicCreation: false });
  signal.addEventListener('abort', close);
  try {
    await broker.connect();
    return connectionOf(broker, options, close);
  } catch (error) {
    close();
    throw kafkajsError(error, `${host}:${port}`);
  } finally {
    signal.removeEventListener('abort', close);
  }
}

function connectionOf(kafkajs: Broker, { host, port, config }: OpenOptions, close: () => void): BrokerConnection {
  const address = `${host}:${port}`;
  const ask = async <T>(request: Promise<T>): Promise<T> => {
    try {
      return await request;
    } catch (error) {
      throw kafkajsError(error, address);
    }
  };
  const errorOf = (code: number): Error | undefined =>
    code === 0 ? undefined : kafkajsError(createErrorFromCode(code), address);
  return {
    close,

    async metadata(topics) {
      const found = await ask(requestMetadata(kafkajs, topics === 'all' ? [] : topics));
      return {
        brokers: found.brokers,
        controllerId: found.controllerId,
        topics: found.topicMetadata.map(({ topicErrorCode, topic, partitionMetadata }) => ({
          topic,
          error: errorOf(topicErrorCode),
          partitions: partitionMetadata.map(({ partitionId, leader, replicas }) => ({
            partitionId,
            leader,
            replicas: replicas.length,
          })),
        })),
      };
    },

    async findCoordinator(kind, id) {
      const request = { groupId: id, coordinatorType: COORDINATOR_TYPES[kind] };
      return (await ask(kafkajs.findGroupCoordinator(request))).coordinator;
    },

    async produce(batches, producer) {
      const body = await produceBody(batches, { producer, compression: config.compression, checksum: crc32c });
      const { topics } = await ask(requestProduce(kafkajs, body));
      return topics.flatMap(({ topicName, partitions }) =>
        partitions.map(({ partition, errorCode }) => ({ topic: topicName, partition, error: errorOf(errorCode) })),
      );
    },

    async fetch(topic, offsets, { maxWaitMs, maxBytes }) {
      const partitions = [...offsets].map(([partition, offset]) => ({
        partition,
        fetchOffset: String(offset),
        maxBytes,
      }));
      const limits = { maxWaitTime: maxWaitMs, minBytes: 1, maxBytes: FETCH_BYTES };
      const request = { isolationLevel: READ_COMMITTED, ...limits, topics: [{ topic, partitions }] };
      return readFetchResponse(await ask(requestFetch(kafkajs, request)), offsets, errorOf);
    },

    async listOffsets(topic, partitions, at) {
      const timestamp = at === 'beginning' ? -2 : at === 'end' ? -1 : at.timeMs;
      const topics = [{ topic, partitions: partitions.map((partition) => ({ partition, timestamp })) }];
      const request = { replicaId: CONSUMER, isolationLevel: READ_COMMITTED, topics };
      return offsetsIn(await ask(kafkajs.listOffsets(request)));
    },

    async createTopics(topics, { validateOnly } = { validateOnly: false }) {
      const made = topics.map(({ topic, partitions, replication, settings }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: replication,
        configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
      }));
      await ask(kafkajs.createTopics({ topics: made, validateOnly }).catch(unlessTheyExist));
    },

    async topicSettings(topics, names) {
      const wanted = topics.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: names }));
      const { resources } = await ask(kafkajs.describeConfigs({ resources: wanted }));
      return new Map(
        resources.map(({ resourceName, configEntries }) => [
          resourceName,
          Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
        ]),
      );
    },

    async initProducerId(transactionalId, timeoutMs) {
      const request = { transactionalId, transactionTimeout: timeoutMs };
      const { producerId, producerEpoch } = await ask(kafkajs.initProducerId(request));
      return { producerId, producerEpoch };
    },

    async addPartitionsToTransaction(transaction, topics) {
      await ask(kafkajs.addPartitionsToTxn({ ...transaction, topics }));
    },

    async endTransaction(transaction) {
      await ask(kafkajs.endTxn({ ...transaction, transactionResult: true }));
    },

    async joinGroup({ group, memberId, sessionTimeoutMs, protocol }) {
      const timeouts = { sessionTimeout: sessionTimeoutMs, rebalanceTimeout: sessionTimeoutMs };
      const request = { groupId: group, memberId, ...timeouts, groupProtocols: [protocol] };
      const joined = await ask(kafkajs.joinGroup(request));
      return {
        memberId: joined.memberId,
        generation: joined.generationId,
        leaderId: joined.leaderId,
        members: joined.members.map((member) => ({ memberId: member.memberId, bytes: member.memberMetadata })),
      };
    },

    async syncGroup({ group, memberId, generation }, assignments) {
      const groupAssignment = assignments.map(({ memberId: id, bytes }) => ({ memberId: id, memberAssignment: bytes }));
      const request = { groupId: group, generationId: generation, memberId, groupAssignment };
      return (await ask(kafkajs.syncGroup(request))).memberAssignment;
    },

    async heartbeat({ group, memberId, generation }) {
      await ask(kafkajs.heartbeat({ groupId: group, memberId, groupGenerationId: generation }));
    },

    async leaveGroup({ group, memberId }) {
      await ask(kafkajs.leaveGroup({ groupId: group, memberId }));
    },

    async membersOf(group) {
      const { groups } = await ask(kafkajs.describeGroups({ groupIds: [group] }));
      const members = groups.flatMap((each) => each.members);
      return members.map(({ memberId, clientHost: host, memberAssignment: assignment }) => ({
        memberId,
        host,
        assignment,
      }));
    },

    async committedOffsets(group, topic, partitions) {
      const topics = [{ topic, partitions: partitions.map((partition) => ({ partition })) }];
      const found = await ask(kafkajs.offsetFetch({ groupId: group, topics }));
      return new Map([...offsetsIn(found)].filter(([, offset]) => offset >= 0n));
    },

    async commitOffsets({ group, memberId, generation }, topic, offsets) {
      const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset: String(offset) }));
      const request = { groupId: group, groupGenerationId: generation, memberId, topics: [{ topic, partitions }] };
      await ask(kafkajs.offsetCommit(request));
    },
  };
}

/** Ignores topics that exist. kafkajs rejects with a list of errors, one for each topic that was not created. */
function unlessTheyExist(error: unknown): void {
  if (!(error instanceof Error && 'errors' in error && Array.isArray(error.errors))) throw error;
  const refused = error.errors.find(({ type }) => type !== 'TOPIC_ALREADY_EXISTS');
  if (refused !== undefined) throw refused;
}

function offsetsIn({ responses }: RawOffsets): ReadonlyMap<number, bigint> {
  return new Map(
    responses.flatMap((response) => response.partitions).map(({ partition, offset }) => [partition, BigInt(offset)]),
  );
}

/** Logs all messages with level debug: important ones also come as errors, which appear in the sink's state. */
function loggerOf(name: string, log: KafkaLog): KafkajsLogger {
  const write = (message: string, { stack: _stack, ...details }: { readonly stack?: unknown } = {}) =>
    log('debug', `kafkajs ${name}: ${message}`, details);
  return { debug: () => {}, info: write, warn: write, error: write, namespace: (inner) => loggerOf(inner, log) };
}
