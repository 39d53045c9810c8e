import { expect, it } from 'vitest';
import { refusal } from '../../../../src/venues/binance/rest/refusal.ts';
import { refusalFixture } from '../../../fixtures/read-fixtures.ts';

const LIMITED = { kind: 'after', afterMs: 600_000 };

it.each([
  ['binance-region.txt', 451, 'region_blocked', { kind: 'never' }],
  ['binance-us-country.html', 403, 'region_blocked', { kind: 'never' }],
  ['binance-firewall.html', 403, 'rate_limited', LIMITED],
  ['binance-firewall-2018.html', 403, 'rate_limited', LIMITED],
  ['binance-overload.html', 503, 'unavailable', { kind: 'backoff' }],
])('refusal maps the body of Binance in %s with HTTP %i to %s', (file, status, kind, retry) => {
  expect(refusal(status, {}, refusalFixture(file))).toMatchObject({ kind, retry, status });
});

it.each([
  [403, '', 'rate_limited', LIMITED],
  [403, '<html>no</html>', 'rate_limited', LIMITED],
  [429, '{"code":-1003,"msg":"Too much request weight used"}', 'rate_limited', { kind: 'after', afterMs: 60_000 }],
  [400, '{"code":-1121,"msg":"Invalid symbol."}', 'unknown_symbol', { kind: 'never' }],
  [400, '{"code":-1100,"msg":"Illegal characters"}', 'connect_failed', { kind: 'backoff' }],
])('refusal maps HTTP %i of Binance with body %s to %s', (status, body, kind, retry) => {
  expect(refusal(status, {}, body)).toMatchObject({ kind, retry, status });
});

it("refusal keeps Binance's reason in fewer than 300 characters", () => {
  expect(refusal(451, {}, refusalFixture('binance-region.txt')).message).toContain('restricted location');
  expect(refusal(403, {}, refusalFixture('binance-us-country.html')).message).toContain('access from your country');
  expect(refusal(403, {}, 'x'.repeat(100_000)).message.length).toBeLessThan(300);
});

it("refusal removes the mark-up of an HTML page from Binance's message", () =>
  expect(refusal(451, {}, '<html><body>Service unavailable</body></html>').message).toBe(
    'HTTP 451: Service unavailable',
  ));

it("refusal waits for Binance's firewall as long as Retry-After says", () =>
  expect(refusal(403, { 'retry-after': '30' }, refusalFixture('binance-firewall.html')).retry).toEqual({
    kind: 'after',
    afterMs: 30_000,
  }));
