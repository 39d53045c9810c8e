import { describe, expect, it } from 'vitest';
import { notices } from '../../../src/venues/bybit/notices.ts';
import type { Decoded } from '../../../src/venues/contract.ts';

/** An announcement as in the v5 documents, websocket/system/system-status. */
const STATUS = {
  id: '4d95b2a0-587f-11f0-bcc9-56f28c94d6ea',
  title: 't06',
  state: 'scheduled',
  begin: '1751596902000',
  end: '1751597011000',
  href: '',
  serviceTypes: [2, 3, 4, 5],
  product: [1, 2],
  uidSuffix: [],
  maintainType: 1,
  env: 1,
};

function decode(value: unknown): Decoded {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return notices.newDecoder()({ data: Buffer.from(text), binary: false, receivedAt: 0 });
}

function announced(...data: readonly unknown[]): Decoded {
  return decode({ topic: 'system.status', ts: 1751858399649, data });
}

describe("Bybit's system status: the URL", () => {
  it.each([
    ['wss://stream.bybit.com/v5/public/spot', 'wss://stream.bybit.com/v5/public/misc/status'],
    ['ws://127.0.0.1:9000/bybit/v5/public/spot', 'ws://127.0.0.1:9000/bybit/v5/public/misc/status'],
    ['wss://stream.bybit.com/v5/public/linear', undefined],
    ['wss://proxy.example/market', undefined],
    ['wss://proxy.example/v5/public/spot?region=1', 'wss://proxy.example/v5/public/misc/status?region=1'],
  ])('is derived from the base URL %s as %s', (base, url) => {
    expect(notices.url(base)).toBe(url);
  });
});

describe("Bybit's system status: announcements", () => {
  it.each(['scheduled', 'ongoing', 'postponed'])('decodes an announcement in state %s as a closing event', (state) => {
    expect(announced({ ...STATUS, state })).toEqual({
      kind: 'closing',
      reason: 'maintenance',
      details: { notice: `${STATUS.id} ${state}`, title: 't06', begin: '1751596902000', end: '1751597011000' },
    });
  });

  it.each([
    ['is completed', { state: 'completed' }],
    ['is canceled', { state: 'canceled' }],
    ['concerns other products', { product: [1, 3] }],
    ['concerns demo trading', { env: 2 }],
    ['concerns demo trading, in text', { env: '2' }],
  ])('ignores an announcement that %s', (_, change) => {
    expect(announced({ ...STATUS, ...change })).toEqual({ kind: 'ignored', reason: 'maintenance_not_ours' });
  });

  it('treats an announcement as ours if product and environment are missing or of an unexpected type', () => {
    const { id, state } = STATUS;
    expect(announced({ id, state })).toEqual({
      kind: 'closing',
      reason: 'maintenance',
      details: { notice: `${id} scheduled` },
    });
    expect(announced({ ...STATUS, product: ['2'] }).kind).toBe('closing');
    const noText = { toString: 0, valueOf: 0 };
    expect(announced({ ...STATUS, product: [noText, 2], env: noText }).kind).toBe('closing');
  });

  it('lists the ids and states of all open announcements', () => {
    const others = [
      { ...STATUS, id: 'a', state: 'completed' },
      { ...STATUS, id: 'b', state: 'ongoing', title: '' },
      STATUS,
    ];
    expect(announced(...others)).toMatchObject({
      kind: 'closing',
      details: { notice: `b ongoing, ${STATUS.id} scheduled` },
    });
  });
});

describe("Bybit's system status: other frames", () => {
  it('decodes acknowledgements and pongs', () => {
    const ack = '{"success":true,"ret_msg":"subscribe","conn_id":"d967","req_id":"1","op":"subscribe"}';
    expect(decode(ack)).toEqual({ kind: 'ack', id: '1' });
    expect(decode('{"success":true,"ret_msg":"pong","conn_id":"d967","op":"ping"}')).toEqual({ kind: 'pong' });
  });

  it('ignores another topic', () => {
    expect(decode({ topic: 'publicTrade.BTCUSDT', data: [] })).toEqual({ kind: 'ignored', reason: 'unknown_event' });
  });

  it.each([
    ['no JSON', '{"topic":', undefined],
    ['data that is no array', { topic: 'system.status', data: {} }, 'data'],
    ['a status that is no object', { topic: 'system.status', data: [1] }, 'data[0]'],
    ['no id', { topic: 'system.status', data: [{ state: 'ongoing' }] }, 'data[0].id'],
    ['no state', { topic: 'system.status', data: [{ id: 'a' }] }, 'data[0].state'],
    ['a key twice', '{"topic":"system.status","data":[],"data":[]}', 'data'],
  ])('decodes a frame with %s as malformed', (_, frame, field) => {
    const decoded = decode(frame);
    expect(decoded).toMatchObject({ kind: 'malformed' });
    expect(decoded.kind === 'malformed' && decoded.fault.field).toBe(field);
  });
});
