import { Fault } from '../domain/fault.ts';

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

/** No answer in time: the connection may be dead without knowing; or an error of kafkajs' own, in what it knows of the brokers. */
const CONNECTION_ERRORS = new Set([
  'KafkaJSRequestTimeoutError',
  'KafkaJSInvariantViolation',
  'TypeError',
  'RangeError',
]);

export function needsNewConnection(error: unknown): boolean {
  return causesOf(error).some((each) => CONNECTION_ERRORS.has(each.name));
}

const YOUNG = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** True for what brokers say of a topic that was made a moment ago, or that moves from one to another. */
export function isUnsettledTopic(error: unknown): boolean {
  return typesOf(error).some((type) => YOUNG.has(type));
}

const NOT_YET_COORDINATED = new Set([
  ...YOUNG,
  'CONCURRENT_TRANSACTIONS',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'OPERATION_NOT_ATTEMPTED',
]);

/** True where a transaction's coordinator is not ready for a request, and soon will be. */
export function isNotYetCoordinated(error: unknown): boolean {
  return typesOf(error).some((type) => NOT_YET_COORDINATED.has(type));
}

/** Of another epoch, of another producer. Only brokers of newer requests than kafkajs' say PRODUCER_FENCED. */
const TAKEN_OVER = new Set(['INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING', 'PRODUCER_FENCED']);

/** True where a coordinator knows a later writer of the same transactional id. */
export function isTakenOver(error: unknown): boolean {
  return typesOf(error).some((type) => TAKEN_OVER.has(type));
}

/** True where an owner's transaction was to be ended and there was none. */
export function isNoTransaction(error: unknown): boolean {
  return typesOf(error).includes('INVALID_TXN_STATE');
}

export function isRefusedTransactionalId(error: unknown): boolean {
  return typesOf(error).includes('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
}

const FORGOTTEN = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);

/**
 * What an error of a consumer group's coordinator means: the members are being asked to join again, this one is no
 * longer of the group, or something that passes (the coordinator moved, the connection broke).
 */
export function membershipVerdict(error: unknown): 'join_again' | 'forgotten' | 'passing' {
  const types = typesOf(error);
  if (types.includes('REBALANCE_IN_PROGRESS')) return 'join_again';
  return types.some((type) => FORGOTTEN.has(type)) ? 'forgotten' : 'passing';
}

/** Of an authority, or a password, that the brokers do not accept. */
const REFUSED_LOGIN = new Set(['SASL_AUTHENTICATION_FAILED', 'ILLEGAL_SASL_STATE', 'UNSUPPORTED_SASL_MECHANISM']);
const REFUSED_RIGHT = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);

/** Who is not let in, or may not: repeating it brings nothing. */
export function isRefusedAccess(error: unknown): boolean {
  return (
    causesOf(error).some(({ name }) => name === 'KafkaJSSASLAuthenticationError') ||
    typesOf(error).some((type) => REFUSED_LOGIN.has(type) || REFUSED_RIGHT.has(type))
  );
}

/** A Fault of the far side, to be tried again. */
export function kafkaFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('sink', `kafka: ${reasonOf(error)}`, { cause: error });
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Kafka's names of the errors in an error. */
function typesOf(error: unknown): readonly string[] {
  return causesOf(error).map((each) => String((each as { readonly type?: unknown }).type));
}

/** The error and what caused it; kafkajs wraps the first in others. */
function causesOf(error: unknown): readonly Error[] {
  const errors: Error[] = [];
  for (let at: unknown = error; at instanceof Error && errors.length < 10 && !errors.includes(at); at = at.cause) {
    errors.push(at);
  }
  return errors;
}
