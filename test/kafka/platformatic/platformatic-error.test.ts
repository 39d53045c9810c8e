import { AuthenticationError, NetworkError, ResponseError, TimeoutError } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { errorClassOf, firstContactFault, isNotYetCoordinated } from '../../../src/kafka/kafka-error.ts';
import { brokerError, responseIn } from '../../../src/kafka/platformatic/platformatic-error.ts';

const ADD_PARTITIONS_TO_TXN = 24;
const answered = (...codes: [code: number, text: string | null][]) =>
  new ResponseError(ADD_PARTITIONS_TO_TXN, 3, Object.fromEntries(codes.map((code, at) => [`/${at}`, code])), {});
const open = { ssl: null, sasl: null };

describe('an error of @platformatic/kafka', () => {
  it.each([
    [[10, null], 'too_large'],
    [[87, 'no key'], 'refused'],
    [[3, null], 'missing'],
    [[45, null], 'broken'],
    [[47, null], 'broken'],
    [[46, null], 'stored'],
    [[6, null], 'passing'],
    [[19, null], 'passing'],
  ] as const)('is classified by the error code of the broker: %j', (code, errorClass) => {
    expect(errorClassOf(brokerError(answered([...code]), 'b:1'))).toBe(errorClass);
  });

  it.each([14, 15, 16, 51])('is recognized as a coordinator that is not ready yet: code %d', (code) => {
    expect(isNotYetCoordinated(brokerError(answered([code, null]), 'b:1'))).toBe(true);
  });

  it('reports the failed partition, not the partitions that were therefore not attempted', () => {
    const error = brokerError(answered([55, null], [29, null], [55, null]), 'b:1');
    expect(error).toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
    expect(isNotYetCoordinated(error)).toBe(false);
  });

  it('contains the error message of the broker if there is one', () => {
    const cause = new AuthenticationError('SASL authentication failed.', {
      cause: answered([58, 'invalid credentials']),
    });
    const error = brokerError(new NetworkError('Connection to b:1 failed.', { cause }), 'b:1');
    const message = 'kafka: the brokers refuse the login: wrong user or password (invalid credentials)';
    expect(firstContactFault(error, open)).toMatchObject({ message, retry: { kind: 'never' } });
  });

  it('names the code of a Node.js error without a message, as for a host with several addresses', () => {
    const cause = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
    const error = brokerError(new NetworkError('Connection to b:1 failed.', { cause }), 'b:1');
    expect(error).toMatchObject({ message: 'broker b:1: ECONNREFUSED', code: 'ECONNREFUSED', broker: 'b:1' });
  });

  it('distinguishes a broker that hangs up from one that does not answer', () => {
    const closed = brokerError(new NetworkError('Connection closed'), 'b:1');
    expect(firstContactFault(closed, open).message).toBe(
      'kafka: broker b:1: Connection closed: is it a port for TLS (ssl)?',
    );
    const silent = brokerError(new TimeoutError('Request timed out'), 'b:1');
    expect(firstContactFault(silent, open).message).toBe('kafka: broker b:1: Request timed out');
  });

  it('is rethrown if it contains no response of a broker', () => {
    expect(responseIn(answered([3, null]))).toEqual({});
    expect(() => responseIn(new NetworkError('Connection closed'))).toThrow('Connection closed');
  });
});
