import { Value } from 'typebox/value';
import { expect, it } from 'vitest';
import { toJson } from '../../../src/codec/json-view.ts';
import { DecimalText, recordSchema } from '../../../src/gateway/api/record-schema.ts';
import { kline } from '../../../testing/judges/events.ts';
import {
  heartbeat,
  largeTrade,
  orderBook,
  price,
  trade,
  tradeStats,
} from '../../../testing/records/gateway-records.ts';

it.each([
  trade(1),
  price('1.5', { volume24h: null }),
  kline(0, 1, { tradeCount: null }),
  orderBook(),
  tradeStats(0),
  largeTrade(3),
  heartbeat(),
])('the JSON schema of $kind accepts exactly the fields of the record', (record) => {
  const json = toJson(record);
  const schema = recordSchema(record.kind);
  expect([...Value.Errors(schema, json)]).toEqual([]);
  for (const name of Object.keys(json)) {
    const { [name]: _, ...rest } = json;
    expect(Value.Check(schema, rest), `${record.kind} without ${name}`).toBe(false);
  }
  expect(Value.Check(schema, { ...json, x: 1 })).toBe(false);
});

it.each([
  ['0', true],
  ['-1.5', true],
  ['61837.63', true],
  ['0.000000000000000001', true],
  ['1.50', false],
  ['-0', false],
  ['1e5', false],
  ['01', false],
  ['1.', false],
  ['', false],
])('DecimalText accepts "%s": %s', (text, is) => {
  expect(Value.Check(DecimalText, text)).toBe(is);
});
