import { describe, expect, it } from 'vitest';
import { bybitDecoder } from '../../../../src/venues/bybit/decode/decode.ts';
import type { Decoder } from '../../../../src/venues/contract.ts';
import { fixtureContext } from '../../../contracts/venue-contract.ts';

describe('the Bybit decoder with one-level books', () => {
  it('returns a book ticker once per update id, and no event for a repeat', () => {
    const decode = bybitDecoder(fixtureContext());
    expect(updates(decode, [1980705, 1980705, 1980706, 1980706, 1980706])).toEqual([
      '1980705',
      'alive',
      '1980706',
      'alive',
      'alive',
    ]);
  });

  it('returns an update whose id differs from the last one, even if it is lower', () => {
    expect(updates(bybitDecoder(fixtureContext()), [1980705, 1, 1, 2])).toEqual(['1980705', '1', 'alive', '2']);
  });

  it('recognizes repeats per symbol', () => {
    const decode = bybitDecoder(fixtureContext());
    expect(updates(decode, [7], 'BTCUSDT')).toEqual(['7']);
    expect(updates(decode, [7], 'ETHUSDT')).toEqual(['7']);
    expect(updates(decode, [7], 'BTCUSDT')).toEqual(['alive']);
  });

  it("keeps no update id from another connection's decoder", () => {
    updates(bybitDecoder(fixtureContext()), [7]);
    expect(updates(bybitDecoder(fixtureContext()), [7])).toEqual(['7']);
  });

  it('does not remember the update id of a malformed frame', () => {
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
