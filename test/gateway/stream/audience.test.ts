import { describe, expect, it } from 'vitest';
import type { StreamChannel } from '../../../src/gateway/api/stream-messages.ts';
import { Audience, type StreamReceiver } from '../../../src/gateway/stream/audience.ts';
import { Item } from '../../../src/gateway/stream/stream-channels.ts';

class Ear implements StreamReceiver {
  readonly delivered: string[] = [];
  readonly messages: Buffer[] = [];

  deliver(_channel: StreamChannel, message: Buffer, items: readonly Item[]): void {
    this.messages.push(message);
    this.delivered.push(...items.map(({ text }) => text));
  }
}

let made = 0;
const add = (audience: Audience, symbol: string, value: number) =>
  audience.add(
    new Item(symbol, symbol, () => {
      made++;
      return value;
    }),
  );
const btc = new Set(['BTC']);
const both = new Set(['BTC', 'ETH']);

describe('Audience', () => {
  it('serializes a message once for all clients with the same symbols', () => {
    const audience = new Audience('trades');
    const [a, b, c, all] = [new Ear(), new Ear(), new Ear(), new Ear()];
    audience.setSymbols(a, btc);
    audience.setSymbols(b, new Set(['BTC']));
    audience.setSymbols(c, both);
    audience.setSymbols(all, new Set(['*']));
    made = 0;
    for (const [symbol, value] of [
      ['BTC', 1],
      ['ETH', 2],
      ['SOL', 3],
      ['BTC', 4],
    ] as const)
      add(audience, symbol, value);
    audience.flush();
    expect(made).toBe(4);
    expect([a, b, c, all].map(({ delivered }) => delivered)).toEqual([
      ['1', '4'],
      ['1', '4'],
      ['1', '2', '4'],
      ['1', '2', '3', '4'],
    ]);
    expect(a.messages[0]).toBe(b.messages[0]);
    expect(a.messages[0]?.toString()).toBe('{"type":"trade","data":[1,4]}');
  });

  it('does not serialize an item without a subscriber', () => {
    const audience = new Audience('trades');
    const ear = new Ear();
    made = 0;
    add(audience, 'BTC', 1);
    audience.setSymbols(ear, btc);
    add(audience, 'ETH', 2);
    audience.setSymbols(ear, new Set());
    add(audience, 'BTC', 3);
    audience.flush();
    expect(made).toBe(0);
    expect(audience.isEmpty).toBe(true);
  });

  it('sends a late subscriber only the items after its subscription, on a channel that keeps all', () => {
    const audience = new Audience('trades');
    const [early, late] = [new Ear(), new Ear()];
    audience.setSymbols(early, btc);
    add(audience, 'BTC', 1);
    audience.setSymbols(late, btc);
    add(audience, 'BTC', 2);
    audience.flush();
    expect(early.delivered).toEqual(['1', '2']);
    expect(late.delivered).toEqual(['2']);
  });

  it('sends a client its waiting items when the client changes its symbols', () => {
    const audience = new Audience('prices');
    const ear = new Ear();
    audience.setSymbols(ear, btc);
    add(audience, 'BTC', 1);
    add(audience, 'BTC', 2);
    audience.setSymbols(ear, both);
    expect(ear.delivered).toEqual(['2']);
    add(audience, 'ETH', 3);
    audience.flush();
    expect(ear.delivered).toEqual(['2', '3']);
  });

  it('sends only the newest item of each symbol on a channel that keeps the newest', () => {
    const audience = new Audience('prices');
    const ear = new Ear();
    audience.setSymbols(ear, both);
    for (const [symbol, value] of [
      ['BTC', 1],
      ['ETH', 2],
      ['BTC', 3],
    ] as const)
      add(audience, symbol, value);
    audience.flush();
    audience.flush();
    expect(ear.delivered).toEqual(['3', '2']);
    expect(ear.messages).toHaveLength(1);
  });
});
