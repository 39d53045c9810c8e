import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { Item, messageOf } from '../../../src/gateway/stream/stream-channels.ts';
import { StreamClient } from '../../../src/gateway/stream/stream-client.ts';

/** A client with a socket that takes only as much as the test allows. */
function clientUnderTest() {
  const socket = {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    closedWith: 0,
    isTerminated: false,
    sent: [] as { readonly type: string; readonly data: object }[],
    send(message: Buffer) {
      this.sent.push(JSON.parse(message.toString()));
    },
    close(code: number) {
      this.closedWith = code;
      this.readyState = 2;
    },
    terminate() {
      this.isTerminated = true;
    },
  };
  const connection = { bytesWritten: 1000, writableLength: 0 };
  const counts = { messages_sent: 0, bytes_sent: 0, missed_trades: 0, closed_slow: 0 };
  const client = new StreamClient(socket as unknown as WebSocket, connection as unknown as Socket, counts, 0);
  /** Plays these seconds. In each, a pong and a message of the client arrive, then `each` and `check` run. */
  const pass = (from: number, to: number, each: () => void = () => undefined) => {
    for (let second = from; second <= to && !socket.isTerminated; second++) {
      client.answered(second * 1000);
      client.mayAsk(second * 1000);
      each();
      client.check(second * 1000);
    }
  };
  return { client, socket, connection, counts, pass };
}

describe('StreamClient with unsent bytes', () => {
  it('is disconnected after 30 s without reading, even if it sends messages', () => {
    const { socket, connection, pass } = clientUnderTest();
    pass(1, 100);
    expect(socket.isTerminated).toBe(false);
    socket.bufferedAmount = 200_000;
    connection.writableLength = 900;
    pass(101, 130);
    expect(socket.isTerminated).toBe(false);
    pass(131, 132);
    expect(socket.isTerminated).toBe(true);
  });

  it('stays connected while it reads at least some bytes', () => {
    const { socket, connection, pass } = clientUnderTest();
    socket.bufferedAmount = 200_000;
    pass(1, 100, () => connection.bytesWritten++);
    expect(socket.isTerminated).toBe(false);
  });
});

describe('StreamClient: missed items', () => {
  const btc = (id: number) => new Item('BTCUSDT', 'BTCUSDT', () => id);
  const eth = (id: number) => new Item('ETHUSDT', 'ETHUSDT', () => id);
  const tooMany = Array.from({ length: 1003 }, (_, id) => btc(id));
  const missedBtc = { type: 'missed', data: { channel: 'trades', symbol: 'BTCUSDT', count: 3 } };

  it('are reported before the next item even if the backlog has no items left', () => {
    const { client, socket } = clientUnderTest();
    client.keep('trades', tooMany);
    client.forgetAllBut('trades', ({ symbol }) => symbol === 'ETHUSDT');
    client.deliver('trades', messageOf('trades', [eth(7)]), [eth(7)]);
    client.drain('trades');
    expect(socket.sent).toEqual([missedBtc, { type: 'trade', data: [7] }]);
  });

  it('are reported once if no item follows', () => {
    const { client, socket } = clientUnderTest();
    client.keep('trades', tooMany);
    client.forgetAllBut('trades', () => false);
    client.drain('trades');
    client.drain('trades');
    expect(socket.sent).toEqual([missedBtc]);
  });

  it('count as missed_trades only on the trades channel', () => {
    const { client, socket, counts } = clientUnderTest();
    for (const channel of ['stats', 'large_trades', 'status', 'trades'] as const) {
      client.keep(channel, tooMany);
      client.drain(channel);
    }
    expect(socket.sent.filter(({ type }) => type === 'missed')).toHaveLength(4);
    expect(counts.missed_trades).toBe(3);
  });
});

describe('StreamClient: the message limit per second', () => {
  const asks = (client: StreamClient, times: number, what: () => void = () => undefined) => {
    for (let at = 0; at < times; at++) if (client.mayAsk(0)) what();
  };

  it('is 100 messages', () => {
    const { client, socket } = clientUnderTest();
    asks(client, 100);
    expect(socket.closedWith).toBe(0);
    asks(client, 1);
    expect(socket.closedWith).toBe(1008);
  });

  it('is lower after large answers or errors', () => {
    const much = clientUnderTest();
    const item = new Item('BTC', 'BTC', () => 'x'.repeat(1024 * 1024));
    asks(much.client, 8, () => much.client.answer('trades', [item]));
    expect(much.socket.closedWith).toBe(1008);
    const wrong = clientUnderTest();
    asks(wrong.client, 50, () => wrong.client.error({ error: 'x', message: 'x', details: {} }));
    expect(wrong.socket.closedWith).toBe(0);
    asks(wrong.client, 1);
    expect(wrong.socket.closedWith).toBe(1008);
  });

  it('begins again each second, but not for a client that is being closed', () => {
    const { client, socket } = clientUnderTest();
    asks(client, 100);
    expect(client.mayAsk(1000)).toBe(true);
    asks(client, 101);
    expect(socket.closedWith).toBe(1008);
    expect(client.mayAsk(2000)).toBe(false);
  });
});
