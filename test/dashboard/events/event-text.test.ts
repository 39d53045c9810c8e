import { expect, it } from 'vitest';
import { eventTitle, gapText, plainReason } from '../../../dashboard/events/event-text.ts';
import { toJson } from '../../../src/codec/json-view.ts';
import type { GapJson } from '../../../src/gateway/api/record-schema.ts';
import { gapRecord } from '../../../testing/judges/events.ts';

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

it.each([
  ['unrepaired', 1234, 0, 'BTC: 34 s without trades, 1,234 missing'],
  ['unrepaired', 3, 1, 'BTC: 34 s without trades, 3 missing, 1 of them fetched'],
  ['unknown', null, 0, 'BTC: 34 s without trades, an unknown number missing'],
  ['repaired', 3, 3, 'BTC: 34 s without trades, all 3 fetched'],
  ['healed', null, 7, 'BTC: 34 s without trades, all 7 fetched later'],
  ['healed', 9, 9, 'BTC: 34 s without trades, all 9 fetched later'],
] as const)('a gap that is %s, with %s missing and %s filled, is shown as: %s', (outcome, missing, filled, text) => {
  const gap = toJson(gapRecord({ fromTime: 0, toTime: 34_000, outcome, missing, filled })) as GapJson;
  expect(gapText({ ...gap, healing: null }, 'BTC')).toBe(text);
});

it.each([
  ['healing', 0, '', '7 missing, none of them fetched yet'],
  ['healing', 5, '', '7 missing, 5 of them fetched so far'],
  [
    'healing',
    1,
    'HTTP 429: {"code":-1003,"msg":"Too many"}',
    '7 missing, 1 of them fetched so far. It waits: HTTP 429: Too many',
  ],
  ['left', 5, 'it has 2 no longer', '7 missing, 5 of them fetched. The others stay missing: it has 2 no longer'],
  ['left', 0, 'it has none', '7 missing. They stay missing: it has none'],
] as const)(
  'an open gap in state %s, with %s trades fetched and reason "%s", is shown as: %s',
  (state, fetched, reason, text) => {
    const gap = toJson(gapRecord({ fromTime: 0, toTime: 34_000, missing: 7, filled: 1 })) as GapJson;
    expect(gapText({ ...gap, healing: { state, fetched, reason } }, 'BTC')).toBe(`BTC: 34 s without trades, ${text}`);
  },
);
