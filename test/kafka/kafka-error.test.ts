import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import { BrokerError, HungUpError } from '../../src/kafka/broker-error.ts';
import { firstContactFault, kafkaFault } from '../../src/kafka/kafka-error.ts';

const open = { ssl: null, sasl: null };
const error = (message: string, fields: { readonly type?: string; readonly code?: string }) =>
  new BrokerError(message, { broker: 'b:1', ...fields });

const refused = error('SASL PLAIN authentication failed', { type: 'SASL_AUTHENTICATION_FAILED' });
const expired = error('Connection error: certificate has expired', { code: 'CERT_HAS_EXPIRED' });
const untrusted = error('Connection error', { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
const denied = error('Not authorized', { type: 'CLUSTER_AUTHORIZATION_FAILED' });
const closed = new HungUpError('Closed connection', { broker: 'b:1' });
const reset = error('Connection error: socket disconnected', { code: 'ECONNRESET' });
const away = error('connect ECONNREFUSED', { code: 'ECONNREFUSED' });

describe('a fault of Kafka', () => {
  it.each([refused, expired, untrusted, denied, closed, reset, away])(
    'is retried with backoff once the feed runs: %s',
    (cause) => {
      expect(kafkaFault(cause)).toMatchObject({ kind: 'sink', retry: { kind: 'backoff' }, cause });
    },
  );

  it.each([
    [
      refused,
      'never',
      'kafka: the brokers refuse the login: wrong user or password (SASL PLAIN authentication failed)',
    ],
    [untrusted, 'never', 'kafka: no TLS with broker b:1: its certificate is not signed by an authority'],
    [denied, 'never', 'kafka: the brokers do not allow this user the operation on the cluster (Not authorized)'],
    [expired, 'backoff', 'kafka: no TLS with broker b:1: its certificate has expired'],
    [away, 'backoff', 'kafka: connect ECONNREFUSED'],
  ])('has a message and a retry policy for its cause at first contact: %s', (cause, retry, message) => {
    for (const each of [cause, kafkaFault(cause)]) {
      const fault = firstContactFault(each, open);
      expect(fault.retry.kind).toBe(retry);
      expect(fault.message).toContain(message);
    }
  });

  const sasl = { mechanism: 'plain', username: 'u', password: { reveal: () => 'p' } } as const;
  it.each([
    [closed, open, 'kafka: Closed connection: is it a port for TLS (ssl)?'],
    [closed, { ssl: true, sasl: null } as const, 'kafka: Closed connection: does it want a login (sasl)?'],
    [closed, { ssl: true, sasl } as const, 'kafka: Closed connection'],
    [
      reset,
      { ssl: true, sasl: null } as const,
      'kafka: Connection error: socket disconnected: is it a port without TLS (ssl)?',
    ],
  ])('suggests at first contact why a broker closes the connection: %s', (cause, config, message) => {
    expect(firstContactFault(cause, config)).toMatchObject({ message, retry: { kind: 'backoff' } });
  });

  it('is returned unchanged if it is already marked as never retried', () => {
    const fault = new Fault('sink', 'taken over', { retry: { kind: 'never' }, cause: closed });
    expect(firstContactFault(fault, open)).toBe(fault);
  });
});
