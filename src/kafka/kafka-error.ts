import { errorCode, Fault } from '../domain/fault.ts';
import { tlsProblem } from '../net/tls-problem.ts';
import { BrokerError, HungUpError } from './broker-error.ts';
import type { KafkaConfig } from './config.ts';

/**
 * What an error of a produce request means for its records:
 * - stored: the broker has them already, from an attempt whose answer was lost;
 * - too_large, refused: the broker will never take (one of) them;
 * - missing: the topic does not exist;
 * - broken: the broker refuses the producer's id, epoch or sequence, so only a new producer can continue;
 * - passing: it is unknown whether they are stored, so the same producer must send the same records again.
 */
export type ErrorClass = 'stored' | 'too_large' | 'refused' | 'missing' | 'broken' | 'passing';

/** Error classes by the names of Kafka's error codes. */
const ERROR_CLASSES: Readonly<Record<string, ErrorClass>> = {
  DUPLICATE_SEQUENCE_NUMBER: 'stored',
  MESSAGE_TOO_LARGE: 'too_large',
  RECORD_LIST_TOO_LARGE: 'too_large',
  INVALID_RECORD: 'refused',
  INVALID_TIMESTAMP: 'refused',
  POLICY_VIOLATION: 'refused',
  UNKNOWN_TOPIC_OR_PARTITION: 'missing',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'broken',
  INVALID_PRODUCER_EPOCH: 'broken',
  UNKNOWN_PRODUCER_ID: 'broken',
  INVALID_PRODUCER_ID_MAPPING: 'broken',
  PRODUCER_FENCED: 'broken',
};

export function errorClassOf(error: unknown): ErrorClass {
  for (const type of typesOf(error)) {
    const errorClass = ERROR_CLASSES[type];
    if (errorClass !== undefined) return errorClass;
  }
  return 'passing';
}

/* The lists below have Kafka's names of the errors, and their previous names, which kafkajs uses. */

const YOUNG = [
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_LEADER_FOR_PARTITION',
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
] as const;

const says =
  (...types: readonly string[]) =>
  (error: unknown): boolean =>
    typesOf(error).some((type) => types.includes(type));

/** The topic is new, or moves to another broker. */
export const isTopicNotReady = says(...YOUNG);

export const isUnknownTopic = says('UNKNOWN_TOPIC_OR_PARTITION');

/** The offset was deleted, or is not written yet. */
export const isOutOfRange = says('OFFSET_OUT_OF_RANGE');

/** The coordinator is not ready yet. */
export const isNotYetCoordinated = says(
  ...YOUNG,
  'CONCURRENT_TRANSACTIONS',
  'GROUP_LOAD_IN_PROGRESS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_COORDINATOR',
  'OPERATION_NOT_ATTEMPTED',
);

/** The coordinator knows a later writer of the transactional id. Our request versions never get PRODUCER_FENCED. */
export const isTakenOver = says('INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING', 'PRODUCER_FENCED');

/**
 * Another writer certainly has a later epoch. INVALID_PRODUCER_ID_MAPPING may only mean that an unused id is forgotten.
 */
export const isFenced = says('INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED');

/** There was no transaction to end. */
export const isNoTransaction = says('INVALID_TXN_STATE');

export const isRefusedTransactionalId = says('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');

/** The brokers' access rules forbid the operation. */
export const isRefused = says('TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED');

export const isRefusedSession = says('INVALID_SESSION_TIMEOUT');

const isForgotten = says('UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID');
const isRebalancing = says('REBALANCE_IN_PROGRESS');

/**
 * What a group coordinator's error means: all members join again, the group has forgotten this one, or a retry helps.
 */
export function membershipErrorClass(error: unknown): 'join_again' | 'forgotten' | 'passing' {
  if (isRebalancing(error)) return 'join_again';
  return isForgotten(error) ? 'forgotten' : 'passing';
}

/** Texts for failed logins and missing permissions, by the names of Kafka's error codes. */
const REFUSALS: Readonly<Record<string, string>> = {
  SASL_AUTHENTICATION_FAILED: 'the brokers refuse the login: wrong user or password',
  UNSUPPORTED_SASL_MECHANISM: 'the brokers take no login by this mechanism (sasl.mechanism)',
  ILLEGAL_SASL_STATE: 'the brokers take no login on this port (sasl)',
  TOPIC_AUTHORIZATION_FAILED: 'the brokers do not allow this user the operation on a topic',
  GROUP_AUTHORIZATION_FAILED: 'the brokers do not allow this user the operation on its group',
  CLUSTER_AUTHORIZATION_FAILED: 'the brokers do not allow this user the operation on the cluster',
};

/** Why this client cannot use the brokers; `isLasting`: a retry does not help. */
interface Obstacle {
  readonly text: string;
  readonly isLasting: boolean;
}

function obstacleIn(error: unknown): Obstacle | undefined {
  for (const cause of causesOf(error)) {
    const type = typeOf(cause) ?? '';
    if (Object.hasOwn(REFUSALS, type))
      return { text: `${REFUSALS[type]} (${oneLine(cause.message)})`, isLasting: true };
    const problem = tlsProblem(cause);
    if (problem === undefined) continue;
    const whose = cause instanceof BrokerError ? `broker ${cause.broker}` : 'the broker';
    return { text: `no TLS with ${whose}: ${problem.text}`, isLasting: problem.side === 'here' };
  }
  return undefined;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Makes a Fault that is retried, even if the brokers refuse the client: at first contact they accepted it. */
export function kafkaFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('sink', `kafka: ${reasonOf(error)}`, { cause: error });
}

/**
 * Makes the fault of a failed first contact. Its retry is `never` if only another configuration helps (a wrong
 * password, an unknown authority). If a broker hangs up without an answer, the message names the likely reason.
 */
export function firstContactFault(error: unknown, config: Pick<KafkaConfig, 'ssl' | 'sasl'>): Fault {
  const fault = kafkaFault(error);
  if (fault.retry.kind !== 'backoff') return fault;
  if (obstacleIn(error)?.isLasting === true)
    return new Fault(fault.kind, fault.message, { retry: { kind: 'never' }, cause: error });
  const guess = whyHungUp(error, config);
  return guess === undefined ? fault : new Fault(fault.kind, `${fault.message}: ${guess}`, { cause: error });
}

/** Guesses why a broker closed the connection without an answer: a wrong port, or no login. */
function whyHungUp(error: unknown, { ssl, sasl }: Pick<KafkaConfig, 'ssl' | 'sasl'>): string | undefined {
  const causes = causesOf(error);
  const isReset = causes.some((cause) => errorCode(cause) === 'ECONNRESET');
  if (!isReset && !causes.some((cause) => cause instanceof HungUpError)) return undefined;
  if (ssl === null) return 'is it a port for TLS (ssl)?';
  if (isReset) return 'is it a port without TLS (ssl)?';
  return sasl === null ? 'does it want a login (sasl)?' : undefined;
}

/** Returns the reason of an error, for people. */
export function reasonOf(error: unknown): string {
  return obstacleIn(error)?.text ?? (error instanceof Error ? error.message : String(error));
}

/** Returns Kafka's names of an error and its causes. */
function typesOf(error: unknown): readonly string[] {
  return causesOf(error).flatMap((each) => typeOf(each) ?? []);
}

function typeOf(error: Error): string | undefined {
  return 'type' in error && typeof error.type === 'string' ? error.type : undefined;
}

/** The error and what caused it. */
function causesOf(error: unknown): readonly Error[] {
  const errors: Error[] = [];
  for (let at: unknown = error; at instanceof Error && errors.length < 10 && !errors.includes(at); at = at.cause) {
    errors.push(at);
  }
  return errors;
}
