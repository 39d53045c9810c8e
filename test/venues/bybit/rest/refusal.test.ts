import { expect, it } from 'vitest';
import { Fault } from '../../../../src/domain/fault.ts';
import { refusal } from '../../../../src/venues/bybit/rest/refusal.ts';
import { instruments } from '../../../../src/venues/bybit/rest/rest.ts';

it.each([
  [403, '{"retCode":10009,"retMsg":"Service Restricted"}', 'region_blocked', { kind: 'never' }],
  [403, '{"retCode":10024,"retMsg":"Compliance rules triggered"}', 'region_blocked', { kind: 'never' }],
  [200, '{"retCode":10024,"retMsg":"Compliance rules triggered"}', 'region_blocked', { kind: 'never' }],
  [
    403,
    '<html>The Amazon CloudFront distribution is configured to block access from your country.</html>',
    'region_blocked',
    { kind: 'never' },
  ],
  [403, '{"retCode":5}', 'region_blocked', { kind: 'never' }],
  [403, '403, access too frequent. Please slow down', 'rate_limited', { kind: 'after', afterMs: 600_000 }],
  [403, '{"retCode":10006,"retMsg":"Too many visits!"}', 'rate_limited', { kind: 'after', afterMs: 5_000 }],
  [400, '{"retCode":10029,"retMsg":"invalid symbol"}', 'unknown_symbol', { kind: 'never' }],
  [400, '[]', 'connect_failed', { kind: 'backoff' }],
  [403, '{"retCode":10009,"retMsg":{"toString":0}}', 'region_blocked', { kind: 'never' }],
])('maps a Bybit refusal with HTTP %i and body %s to %s', (status, body, kind, retry) => {
  expect(refusal(status, {}, body)).toMatchObject({ kind, retry, status });
});

it.each([
  [10009, 'region_blocked', { kind: 'never' }],
  [10006, 'rate_limited', { kind: 'after', afterMs: 5_000 }],
  [10016, 'unavailable', { kind: 'backoff' }],
  [10001, 'malformed', { kind: 'never' }],
])('maps retCode %i in a Bybit answer with HTTP 200 to %s', (retCode, kind, retry) => {
  const body = { retCode, retMsg: 'no', result: {}, retExtInfo: {}, time: 1 };
  expect(() => instruments.parse(body)).toThrow(expect.objectContaining({ kind, retry }));
});

it.each([10001, 10016])('throws a Fault for retCode %i when its message is not text', (retCode) => {
  for (const retMsg of [{ toString: 0, valueOf: 0 }, null, [[]], 7])
    expect(() => instruments.parse({ retCode, retMsg, result: {} })).toThrow(Fault);
});

it('removes the mark-up of an HTML page from the message of a Bybit refusal', () =>
  expect(refusal(451, {}, '<html><body>Service unavailable</body></html>').message).toBe(
    'HTTP 451: Service unavailable',
  ));
