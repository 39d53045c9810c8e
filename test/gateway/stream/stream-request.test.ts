import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/gateway/api/api-error.ts';
import { readRequest } from '../../../src/gateway/stream/stream-request.ts';
import { expectHarmless, hostileText, hostileValue } from '../../../testing/feeds/hostile-json.ts';
import { runs } from '../../../testing/properties/seeds.ts';

const asked = (text: string): unknown => {
  try {
    return expectHarmless(() => readRequest(text));
  } catch (error) {
    if (error instanceof ApiError && error.status === 400) return error;
    throw error;
  }
};

describe('readRequest', () => {
  it('returns a valid subscription unchanged', () => {
    const request = { op: 'subscribe', channel: 'trades', symbols: ['BTCUSDT'] };
    expect(readRequest(JSON.stringify(request))).toEqual(request);
  });

  it('rejects arbitrary text with an ApiError of status 400, in bounded time', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      hostileText(['op', 'channel', 'symbols', 'subscribe', 'trades']),
      fc.constantFrom('['.repeat(16_384), '{"op":'.repeat(2000), `{"symbols":["${'A'.repeat(16_000)}"]}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(asked(text)).toBeInstanceOf(ApiError);
      }),
      { numRuns: runs(1000) },
    );
  });

  it('returns a subscription or throws an ApiError if a field has a hostile value', () => {
    const base = { op: 'subscribe', channel: 'trades', symbols: ['BTCUSDT'] };
    let taken = 0;
    fc.assert(
      fc.property(fc.constantFrom('op', 'channel', 'symbols', '__proto__', 'x'), hostileValue(['op']), (key, value) => {
        const text = `${JSON.stringify(base).slice(0, -1)},${JSON.stringify(key)}:${JSON.stringify(value)}}`;
        if (!(asked(text) instanceof ApiError)) taken++;
      }),
      { numRuns: runs(1000) },
    );
    // Of two equal keys, the last one counts, so some requests are valid by chance.
    expect(taken).toBeLessThan(500);
  });
});
