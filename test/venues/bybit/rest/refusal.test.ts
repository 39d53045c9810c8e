import { expect, it } from 'vitest';
import { Fault } from '../../../../src/domain/fault.ts';
import { refusal } from '../../../../src/venues/bybit/rest/refusal.ts';
import { instruments } from '../../../../src/venues/bybit/rest/rest.ts';
import { refusalFixture } from '../../../fixtures/read-fixtures.ts';

/** The wait after each 403. Bybit asks for ten minutes without a request, and no other cause of a 403 passes sooner. */
const TEN_MINUTES = { kind: 'after', afterMs: 600_000 };

it.each([
  ['bybit-country.txt', 'region_blocked'],
  ['bybit-get-with-body.html', 'region_blocked'],
  ['binance-us-country.html', 'region_blocked'],
  ['bybit-too-frequent.txt', 'rate_limited'],
])('refusal maps the body of Bybit in %s with HTTP 403 to %s for ten minutes', (file, kind) => {
  expect(refusal(403, {}, refusalFixture(file))).toMatchObject({ kind, retry: TEN_MINUTES, status: 403 });
});

it.each([
  [403, '', 'region_blocked', TEN_MINUTES],
  [403, '{"retCode":10009,"retMsg":"Service Restricted"}', 'region_blocked', TEN_MINUTES],
  [403, '{"retCode":10024,"retMsg":"Compliance rules triggered"}', 'region_blocked', TEN_MINUTES],
  [200, '{"retCode":10024,"retMsg":"Compliance rules triggered"}', 'region_blocked', { kind: 'never' }],
  [403, '{"retCode":5}', 'region_blocked', TEN_MINUTES],
  [403, 'Access too frequent', 'rate_limited', TEN_MINUTES],
  [403, '{"retCode":10006,"retMsg":"Too many visits!"}', 'rate_limited', TEN_MINUTES],
  [400, '{"retCode":10029,"retMsg":"invalid symbol"}', 'unknown_symbol', { kind: 'never' }],
  [400, '[]', 'connect_failed', { kind: 'backoff' }],
  [403, '{"retCode":10009,"retMsg":{"toString":0}}', 'region_blocked', TEN_MINUTES],
])('refusal maps HTTP %i of Bybit with body %s to %s', (status, body, kind, retry) => {
  expect(refusal(status, {}, body)).toMatchObject({ kind, retry, status });
});

it.each([
  [10009, 'region_blocked', { kind: 'never' }],
  [10006, 'rate_limited', { kind: 'after', afterMs: 5_000 }],
  [10016, 'unavailable', { kind: 'backoff' }],
  [10001, 'malformed', { kind: 'never' }],
])('instruments.parse maps retCode %i of Bybit with HTTP 200 to %s', (retCode, kind, retry) => {
  const body = { retCode, retMsg: 'no', result: {}, retExtInfo: {}, time: 1 };
  expect(() => instruments.parse(body)).toThrow(expect.objectContaining({ kind, retry }));
});

it.each([10001, 10016])(
  'instruments.parse throws a Fault for retCode %i of Bybit when its message is not text',
  (retCode) => {
    for (const retMsg of [{ toString: 0, valueOf: 0 }, null, [[]], 7])
      expect(() => instruments.parse({ retCode, retMsg, result: {} })).toThrow(Fault);
  },
);

it("refusal removes the mark-up of an HTML page from Bybit's message", () =>
  expect(refusal(451, {}, '<html><body>Service unavailable</body></html>').message).toBe(
    'HTTP 451: Service unavailable',
  ));

it.each([
  ['5', 600_000],
  ['1200', 1_200_000],
])('refusal waits ten minutes after a 403 of Bybit, or longer if Retry-After is %s', (retryAfter, afterMs) => {
  for (const file of ['bybit-country.txt', 'bybit-too-frequent.txt'])
    expect(refusal(403, { 'retry-after': retryAfter }, refusalFixture(file)).retry).toEqual({ kind: 'after', afterMs });
});
