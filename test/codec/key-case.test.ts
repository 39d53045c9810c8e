import { expect, it } from 'vitest';
import { type Json, snakeKeys } from '../../src/codec/key-case.ts';

it('snakeKeys converts the keys of nested objects and arrays to snake_case', () => {
  const figures = { volume24h: '1', venueToSocket: { p99: 2, bestBid: null }, levels: [{ upTo: 'xY' }] };
  const json: Json<typeof figures> = snakeKeys(figures);
  expect(json).toEqual({ volume_24h: '1', venue_to_socket: { p99: 2, best_bid: null }, levels: [{ up_to: 'xY' }] });
  expect(json.levels[0]?.up_to).toBe('xY');
});
