import { describe, expect, it } from 'vitest';
import type { StreamChannel } from '../../../src/gateway/api/stream-messages.ts';
import { Audiences, type StreamReceiver } from '../../../src/gateway/stream/audiences.ts';
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
const add = (audiences: Audiences, symbol: string, value: number) =>
  audiences.add(symbol, () => {
    made++;
    return new Item(symbol, symbol, () => value);
  });
const btc = new Set(['BTC']);
const both = new Set(['BTC', 'ETH']);

describe('Audiences', () => {
  it('makes a message once for all who get the same', () => {
    const audiences = new Audiences('trades');
    const [a, b, c, all] = [new Ear(), new Ear(), new Ear(), new Ear()];
    audiences.move(a, btc);
    audiences.move(b, new Set(['BTC']));
    audiences.move(c, both);
    audiences.move(all, new Set(['*']));
    made = 0;
    for (const [symbol, value] of [
      ['BTC', 1],
      ['ETH', 2],
      ['SOL', 3],
      ['BTC', 4],
    ] as const)
      add(audiences, symbol, value);
    audiences.flush();
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

  it('makes nothing that nobody gets', () => {
    const audiences = new Audiences('trades');
    const ear = new Ear();
    made = 0;
    add(audiences, 'BTC', 1);
    audiences.move(ear, btc);
    add(audiences, 'ETH', 2);
    audiences.move(ear, new Set());
    add(audiences, 'BTC', 3);
    audiences.flush();
    expect(made).toBe(0);
    expect(audiences.isEmpty).toBe(true);
  });

  it('gives who comes late only what follows, of channels that keep all', () => {
    const audiences = new Audiences('trades');
    const [early, late] = [new Ear(), new Ear()];
    audiences.move(early, btc);
    add(audiences, 'BTC', 1);
    audiences.move(late, btc);
    add(audiences, 'BTC', 2);
    audiences.flush();
    expect(early.delivered).toEqual(['1', '2']);
    expect(late.delivered).toEqual(['2']);
  });

  it('loses nothing that is on its way to who changes its symbols', () => {
    const audiences = new Audiences('prices');
    const ear = new Ear();
    audiences.move(ear, btc);
    add(audiences, 'BTC', 1);
    add(audiences, 'BTC', 2);
    audiences.move(ear, both);
    expect(ear.delivered).toEqual(['2']);
    add(audiences, 'ETH', 3);
    audiences.flush();
    expect(ear.delivered).toEqual(['2', '3']);
  });

  it('gives the newest alone of channels that keep that', () => {
    const audiences = new Audiences('prices');
    const ear = new Ear();
    audiences.move(ear, both);
    for (const [symbol, value] of [
      ['BTC', 1],
      ['ETH', 2],
      ['BTC', 3],
    ] as const)
      add(audiences, symbol, value);
    audiences.flush();
    audiences.flush();
    expect(ear.delivered).toEqual(['3', '2']);
    expect(ear.messages).toHaveLength(1);
  });
});
