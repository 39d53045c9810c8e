import { expect, it } from 'vitest';
import { refusal } from '../../../../src/venues/binance/rest/refusal.ts';

const RESTRICTED =
  '{"code":0,"msg":"Service unavailable from a restricted location according to \'b. Eligibility\' in https://www.binance.com/en/terms."}';

it.each([
  [451, RESTRICTED, 'region_blocked', { kind: 'never' }],
  [
    403,
    '<html>The Amazon CloudFront distribution is configured to block access from your country.</html>',
    'region_blocked',
    { kind: 'never' },
  ],
  [
    403,
    '<html>Request blocked. There might be too much traffic or a configuration error.</html>',
    'rate_limited',
    { kind: 'after', afterMs: 600_000 },
  ],
  [429, '{"code":-1003,"msg":"Too much request weight used"}', 'rate_limited', { kind: 'after', afterMs: 60_000 }],
  [400, '{"code":-1121,"msg":"Invalid symbol."}', 'unknown_symbol', { kind: 'never' }],
  [400, '{"code":-1100,"msg":"Illegal characters"}', 'connect_failed', { kind: 'backoff' }],
])('maps a Binance refusal with HTTP %i and body %s to %s', (status, body, kind, retry) => {
  expect(refusal(status, {}, body)).toMatchObject({ kind, retry, status });
});

it('keeps the reason of a Binance refusal in fewer than 300 characters', () => {
  expect(refusal(451, {}, RESTRICTED).message).toContain('restricted location');
  expect(refusal(403, {}, 'x'.repeat(100_000)).message.length).toBeLessThan(300);
});

it('removes the mark-up of an HTML page from the message of a Binance refusal', () =>
  expect(refusal(451, {}, '<html><body>Service unavailable</body></html>').message).toBe(
    'HTTP 451: Service unavailable',
  ));
