import { expect, it } from 'vitest';
import { eventTitle, plainReason } from '../../../dashboard/events/event-text.ts';

it.each([
  ['HTTP 400: {"code":-1000,"msg":"An unknown error occured"}', 'HTTP 400: An unknown error occured'],
  ['HTTP 403 Forbidden: {"retCode":10024,"retMsg":"Compliance rules apply', 'HTTP 403 Forbidden'],
  ['HTTP 451: [{"a":1}]', 'HTTP 451'],
  ['{"code":-1000}', ''],
  ['no data from the venue for 5001 ms', 'no data from the venue for 5.0 s'],
  ['no data for 30943 ms, then 12 ms', 'no data for 30 s, then 12 ms'],
  ['bybit → binance: stale', 'bybit → binance: stale'],
])('plainReason of %j is %j', (reason, plain) => {
  expect(plainReason(reason)).toBe(plain);
});

it('eventTitle uses the words of the page', () => {
  expect(eventTitle({ state: 'failed_over', cause: 'stale' })).toBe('failed over');
  expect(eventTitle({ state: 'feed_stale', cause: 'quiet_market' })).toBe('idle market');
  expect(eventTitle({ state: 'stopped', cause: null })).toBe('feed stopped');
});
