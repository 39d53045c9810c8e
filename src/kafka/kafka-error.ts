import { errorCode, Fault } from '../domain/fault.ts';
import { tlsProblem } from '../net/tls-problem.ts';
import { BrokerError, HungUpError } from './broker-error.ts';
import type { KafkaConfig } from './config.ts';

/**
 * What an error of a produce call means for what was in it:
 * - stored: the broker has it already, from an attempt whose answer was lost;
 * - too_large, refused: the broker will not take (one of) it, ever, as it is;
 * - missing: the topic is not there;
 * - broken: this producer's numbering and the broker's no longer agree, only a new producer can go on;
 * - passing: whether it was stored is not known, and the same producer must send the very same again.
 */
export type Verdict = 'stored' | 'too_large' | 'refused' | 'missing' | 'broken' | 'passing';

/** By the names of Kafka's error codes. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
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

export function verdictOf(error: unknown): Verdict {
  for (const type of typesOf(error)) {
    const verdict = VERDICTS[type];
    if (verdict !== undefined) return verdict;
  }
  return 'passing';
}

/* By Kafka's names of the errors, previous ones too, which kafkajs goes by. */

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

/** What brokers say of a topic that was made a moment ago, or that moves from one to another. */
export const isUnsettledTopic = says(...YOUNG);

/** The offset that was asked for was deleted, or is not written yet. */
export const isOutOfRange = says('OFFSET_OUT_OF_RANGE');

/** A transaction's coordinator is not ready for a request, and soon will be. */
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

/**
 * A coordinator knows a later writer of the same transactional id: of another epoch, of another producer. Only the
 * answers to newer requests than ours say PRODUCER_FENCED.
 */
export const isTakenOver = says('INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING', 'PRODUCER_FENCED');

/** An owner's transaction was to be ended and there was none. */
export const isNoTransaction = says('INVALID_TXN_STATE');

export const isRefusedTransactionalId = says('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');

export const isRefusedSession = says('INVALID_SESSION_TIMEOUT');

const isForgotten = says('UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID');
const isRebalancing = says('REBALANCE_IN_PROGRESS');

/**
 * What an error of a consumer group's coordinator means: the members are being asked to join again, this one is no
 * longer of the group, or something that passes (the coordinator moved, the connection broke).
 */
export function membershipVerdict(error: unknown): 'join_again' | 'forgotten' | 'passing' {
  if (isRebalancing(error)) return 'join_again';
  return isForgotten(error) ? 'forgotten' : 'passing';
}

/** By the names of Kafka's error codes: who is not let in, or may not. */
const REFUSALS: Readonly<Record<string, string>> = {
  SASL_AUTHENTICATION_FAILED: 'the brokers refuse the login: wrong user or password',
  UNSUPPORTED_SASL_MECHANISM: 'the brokers take no login by this mechanism (sasl.mechanism)',
  ILLEGAL_SASL_STATE: 'the brokers take no login on this port (sasl)',
  TOPIC_AUTHORIZATION_FAILED: 'the brokers do not allow this user what it wants of a topic',
  GROUP_AUTHORIZATION_FAILED: 'the brokers do not allow this user its group',
  CLUSTER_AUTHORIZATION_FAILED: 'the brokers do not allow this user what it wants of the cluster',
};

/** Why this client and the brokers do not come together; `isLasting`: repeating it brings nothing. */
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

/** A Fault of the far side, to be tried again: also where the brokers refuse, who did not when they were first asked. */
export function kafkaFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('sink', `kafka: ${reasonOf(error)}`, { cause: error });
}

/**
 * The fault of a first contact: not to be tried again where only another configuration helps (a wrong password, an
 * authority that is not trusted). Where a broker hangs up without a word, it says what that often means.
 */
export function firstContactFault(error: unknown, config: Pick<KafkaConfig, 'ssl' | 'sasl'>): Fault {
  const fault = kafkaFault(error);
  if (fault.retry.kind !== 'backoff') return fault;
  if (obstacleIn(error)?.isLasting === true)
    return new Fault(fault.kind, fault.message, { retry: { kind: 'never' }, cause: error });
  const guess = whyHungUp(error, config);
  return guess === undefined ? fault : new Fault(fault.kind, `${fault.message}: ${guess}`, { cause: error });
}

/** A broker does not say what it misses of a client: it closes the connection. */
function whyHungUp(error: unknown, { ssl, sasl }: Pick<KafkaConfig, 'ssl' | 'sasl'>): string | undefined {
  const causes = causesOf(error);
  const isReset = causes.some((cause) => errorCode(cause) === 'ECONNRESET');
  if (!isReset && !causes.some((cause) => cause instanceof HungUpError)) return undefined;
  if (ssl === null) return 'is it a port for TLS (ssl)?';
  if (isReset) return 'is it a port without TLS (ssl)?';
  return sasl === null ? 'does it want a login (sasl)?' : undefined;
}

/** For people; names what keeps the two sides apart where that is known. */
export function reasonOf(error: unknown): string {
  return obstacleIn(error)?.text ?? (error instanceof Error ? error.message : String(error));
}

/** Kafka's names of the errors in an error. */
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
