import { describe, expect, it } from 'vitest';
import { bybitDecoder } from '../../../../src/venues/bybit/decode/decode.ts';
import type { Decoder } from '../../../../src/venues/contract.ts';
import { fixtureContext } from '../../../contracts/venue-contract.ts';

describe('the one-level book of Bybit', () => {
  it('is emitted once per update: a repeat has no event', () => {
    const decode = bybitDecoder(fixtureContext());
    expect(updates(decode, [1980705, 1980705, 1980706, 1980706, 1980706])).toEqual([
      '1980705',
      'alive',
      '1980706',
      'alive',
      'alive',
    ]);
  });

  it('starts again with any update that differs, a lower one after a restart of the venue too', () => {
    expect(updates(bybitDecoder(fixtureContext()), [1980705, 1, 1, 2])).toEqual(['1980705', '1', 'alive', '2']);
  });

  it('is followed per symbol', () => {
    const decode = bybitDecoder(fixtureContext());
    expect(updates(decode, [7], 'BTCUSDT')).toEqual(['7']);
    expect(updates(decode, [7], 'ETHUSDT')).toEqual(['7']);
    expect(updates(decode, [7], 'BTCUSDT')).toEqual(['alive']);
  });

  it('is forgotten with the connection', () => {
    updates(bybitDecoder(fixtureContext()), [7]);
    expect(updates(bybitDecoder(fixtureContext()), [7])).toEqual(['7']);
  });

  it('does not take a frame that cannot be read for the last update', () => {
    const decode = bybitDecoder(fixtureContext());
    expect(decode(frame(book(7).replace('"1.5"', 'null'))).kind).toBe('malformed');
    expect(decode(frame(book(7).replace('"seq":1', '"seq":1,"seq":1'))).kind).toBe('malformed');
    expect(updates(decode, [7])).toEqual(['7']);
  });
});

function updates(decode: Decoder, ids: readonly number[], symbol = 'BTCUSDT'): readonly string[] {
  return ids.map((id) => {
    const decoded = decode(frame(book(id, symbol)));
    if (decoded.kind !== 'value') return decoded.kind;
    const [event] = decoded.value;
    if (event?.kind === 'book_ticker') return String(event.updateId);
    return decoded.key === symbol ? 'alive' : 'whose?';
  });
}

function book(updateId: number, symbol = 'BTCUSDT'): string {
  const data = `{"s":"${symbol}","b":[["1.5","1"]],"a":[["1.6","1"]],"u":${updateId},"seq":1}`;
  return `{"topic":"orderbook.1.${symbol}","ts":1672304484978,"type":"snapshot","data":${data},"cts":1672304484976}`;
}

function frame(text: string) {
  return { data: Buffer.from(text), binary: false, receivedAt: 1 };
}
