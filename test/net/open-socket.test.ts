import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket as TcpSocket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RawFrame } from '../../src/domain/venue-event.ts';
import { openSocket, type Socket, type SocketEnd, type SocketOptions } from '../../src/net/open-socket.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { until } from '../../testing/tools/until.ts';
import { httpAnswer, type LocalServer, type LocalServerOptions, localServer } from './local-server.ts';

const MEGABYTE = 1024 * 1024;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: LocalServerOptions = {}): Promise<LocalServer> {
  const server = await localServer(options);
  cleanups.push(() => server.close());
  return server;
}

interface Opened {
  readonly socket: Socket;
  readonly frames: RawFrame[];
  readonly calls: string[];
  end(): Promise<SocketEnd>;
  opened(): Promise<unknown>;
}

function open(url: string, options: Partial<SocketOptions> = {}): Opened {
  const frames: RawFrame[] = [];
  const calls: string[] = [];
  const ends: SocketEnd[] = [];
  const socket = openSocket(
    url,
    { connectTimeoutMs: 30_000, compression: false, maxFrameBytes: 32 * MEGABYTE, ...options },
    {
      onOpen: () => calls.push('open'),
      onFrame: (frame) => frames.push(frame),
      onPing: () => calls.push('ping'),
      onPong: () => calls.push('pong'),
      onEnd: (end) => {
        calls.push('end');
        ends.push(end);
      },
    },
  );
  cleanups.push(() => socket.close());
  return {
    socket,
    frames,
    calls,
    async end() {
      await until(() => ends.length > 0, { message: 'the end' });
      const [first] = ends;
      if (first === undefined) throw new Error('no end');
      return first;
    },
    opened: () => until(() => calls.includes('open'), { message: 'open' }),
  };
}

function refusalOf(end: SocketEnd) {
  if (end.kind !== 'refused') throw new Error(`not refused: ${end.kind} ${end.fault.message}`);
  return end.refusal;
}

function faultOf(end: SocketEnd) {
  if (end.kind === 'refused') throw new Error(`refused with ${end.refusal.status}`);
  return end.fault;
}

describe('openSocket: frames', () => {
  it('passes text and binary frames to onFrame with their receive time', async () => {
    const server = await serve({
      onConnection(connection) {
        connection.send('hello');
        connection.on('message', () => connection.send(Buffer.from([1, 2, 3])));
      },
    });
    let now = 1000;
    const { frames, calls, socket } = open(server.url, { clock: () => now++ });
    await until(() => frames.length === 1);
    socket.send('go on');
    await until(() => frames.length === 2);
    expect(frames.map(({ binary, receivedAt }) => ({ binary, receivedAt }))).toEqual([
      { binary: false, receivedAt: 1000 },
      { binary: true, receivedAt: 1001 },
    ]);
    expect(Buffer.from(frames[0]?.data ?? []).toString()).toBe('hello');
    expect([...(frames[1]?.data ?? [])]).toEqual([1, 2, 3]);
    expect(calls).toEqual(['open']);
  });

  it('yields to the event loop during a flood of frames, and delivers every frame in order', async () => {
    const FRAMES = 20_000;
    const server = await serve({
      onConnection(connection) {
        for (let number = 0; number < FRAMES; number++) connection.send(`${number}`.padStart(200));
        connection.close(1001);
      },
    });
    const numbers: number[] = [];
    let hadAtItsEnd: number | undefined;
    let bytesOfTurn = 0;
    let most = 0;
    const socket = openSocket(
      server.url,
      { connectTimeoutMs: 30_000, compression: false, maxFrameBytes: MEGABYTE },
      {
        onOpen: () => {},
        onPing: () => {},
        onPong: () => {},
        onEnd: () => {
          hadAtItsEnd = numbers.length;
        },
        onFrame({ data }) {
          if (bytesOfTurn === 0)
            setImmediate(() => {
              bytesOfTurn = 0;
            });
          bytesOfTurn += data.length;
          most = Math.max(most, bytesOfTurn);
          numbers.push(Number(data));
        },
      },
    );
    cleanups.push(() => socket.close());
    await until(() => hadAtItsEnd !== undefined, { message: 'the end of the flood' });
    expect(hadAtItsEnd).toBe(FRAMES);
    expect(numbers).toEqual(Array.from({ length: FRAMES }, (_, number) => number));
    expect(most / 1024).toBeLessThan(160);
  });

  it('delivers a text frame that is not valid UTF-8', async () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0xc0, 0x7d]);
    const server = await serve({ onConnection: (connection) => connection.send(bytes, { binary: false }) });
    const { frames, calls } = open(server.url);
    await until(() => frames.length === 1);
    expect(frames[0]).toMatchObject({ binary: false, data: bytes });
    expect(calls).toEqual(['open']);
  });

  it('accepts a frame of 20 MB when the limit is 32 MB', async () => {
    const server = await serve({
      onConnection: (connection) => connection.send(Buffer.alloc(20 * MEGABYTE, 'x'), { binary: false }),
    });
    const { frames } = open(server.url);
    await until(() => frames.length === 1);
    expect(frames[0]?.data.length).toBe(20 * MEGABYTE);
  });

  it('ends the connection at a frame of 40 MB without reading the frame into memory', async () => {
    const server = await serve({
      onConnection(connection) {
        connection.send('before');
        connection.send(Buffer.alloc(40 * MEGABYTE));
        connection.send('after');
      },
    });
    const before = process.memoryUsage().arrayBuffers;
    const { frames, end } = open(server.url);
    const ended = await end();
    expect(ended).toMatchObject({
      kind: 'violated',
      what: 'frame_too_large',
      fault: { kind: 'connection_closed', status: 1009 },
    });
    expect(frames).toHaveLength(1);
    // The 40 MB of the server are in this process too.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(70 * MEGABYTE);
    await until(() => server.connections[0]?.readyState === 3, { message: 'the connection closed' });
  });

  it('applies the size limit to the decompressed frame', async () => {
    const server = await serve({
      compression: true,
      onConnection: (connection) => connection.send(Buffer.alloc(2 * MEGABYTE)),
    });
    const { end } = open(server.url, { compression: true, maxFrameBytes: MEGABYTE });
    expect(await end()).toMatchObject({ kind: 'violated', what: 'frame_too_large' });
  });

  it('offers compression only when the option is set', async () => {
    const server = await serve({ compression: true, onConnection: (connection) => connection.send('x'.repeat(1000)) });
    const plain = open(server.url);
    await until(() => plain.frames.length === 1);
    const compressed = open(server.url, { compression: true });
    await until(() => compressed.frames.length === 1);
    expect(server.connections.map(({ extensions }) => extensions)).toEqual(['', 'permessage-deflate']);
    expect(compressed.frames[0]?.data.length).toBe(1000);
  });

  it('sends text, and drops text that is sent before the connection is open', async () => {
    const got: string[] = [];
    const server = await serve({
      onConnection: (connection) => connection.on('message', (data) => got.push(String(data))),
    });
    const { socket, opened } = open(server.url);
    socket.send('too early: lost');
    await opened();
    socket.send('subscribe');
    await until(() => got.length > 0);
    expect(got).toEqual(['subscribe']);
  });
});

describe('openSocket: ping and pong', () => {
  it('answers a ping with the same payload and notifies onPing', async () => {
    const pongs: string[] = [];
    const server = await serve({
      onConnection(connection) {
        connection.on('pong', (data) => pongs.push(String(data)));
        connection.ping('1770123456789');
      },
    });
    const { calls } = open(server.url);
    await until(() => pongs.length === 1);
    expect(pongs).toEqual(['1770123456789']);
    expect(calls).toEqual(['open', 'ping']);
  });

  it('sends a ping and notifies onPong when the pong arrives', async () => {
    const server = await serve();
    const { socket, calls, opened } = open(server.url);
    await opened();
    socket.ping();
    await until(() => calls.includes('pong'));
  });
});

describe('openSocket: the handshake', () => {
  it.each([
    ['403 Forbidden', { 'Content-Type': 'text/html', Server: 'CloudFront' }, '<html><h1>403 ERROR</h1></html>'],
    ['429 Too Many Requests', { 'Retry-After': '7' }, ''],
    ['451 Unavailable For Legal Reasons', {}, '{"code":0,"msg":"Service unavailable from a restricted location"}'],
    ['503 Service Unavailable', { 'Retry-After': 'Wed, 21 Oct 2026 07:28:00 GMT' }, 'maintenance'],
    ['200 OK', {}, 'no WebSocket here'],
    ['301 Moved Permanently', { Location: 'wss://elsewhere.example/' }, ''],
  ])('reports the status, headers and body of a handshake refused with %s', async (status, headers, body) => {
    const server = await serve({ handshake: (socket) => socket.end(httpAnswer(status, headers, body)) });
    const { calls, end } = open(server.url);
    const refusal = refusalOf(await end());
    expect(refusal.status).toBe(Number(status.slice(0, 3)));
    expect(refusal.body).toBe(body);
    for (const [name, value] of Object.entries(headers)) expect(refusal.headers[name.toLowerCase()]).toBe(value);
    expect(calls).toEqual(['end']);
  });

  it('joins the values of a repeated header in a refusal', async () => {
    const answer = 'HTTP/1.1 403 Forbidden\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n';
    const server = await serve({ handshake: (socket) => socket.end(answer) });
    expect(refusalOf(await open(server.url).end()).headers['set-cookie']).toBe('a=1, b=2');
  });

  it('keeps at most 64 KiB of the body of a refusal', async () => {
    const server = await serve({
      handshake: (socket) => socket.end(httpAnswer('403 Forbidden', {}, 'x'.repeat(300_000))),
    });
    const refusal = refusalOf(await open(server.url).end());
    expect(refusal.body).toBe('x'.repeat(65_536));
  });

  it('reports a refusal at the connect timeout when its body never ends', async () => {
    const answer = 'HTTP/1.1 451 Unavailable\r\nContent-Length: 1000\r\n\r\npart';
    let written = false;
    const server = await serve({
      handshake: (socket) => {
        socket.write(answer, () => {
          written = true;
        });
      },
    });
    const other = await serve();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    cleanups.push(() => vi.useRealTimers());
    const { end } = open(server.url, { connectTimeoutMs: 150 });
    await until(() => written);
    // When this later connection is open, the data of the earlier one has been read.
    await open(other.url).opened();
    vi.advanceTimersByTime(150);
    expect(refusalOf(await end())).toMatchObject({ status: 451, body: 'part' });
  });

  it('reports a refusal whose body is incomplete', async () => {
    const answer = 'HTTP/1.1 451 Unavailable\r\nContent-Length: 1000\r\n\r\npart';
    const server = await serve({ handshake: (socket) => socket.end(answer) });
    expect(refusalOf(await open(server.url).end())).toMatchObject({ status: 451, body: 'part' });
  });

  it('fails with connect_failed when Sec-WebSocket-Accept is wrong', async () => {
    const answer =
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n';
    const server = await serve({ handshake: (socket) => socket.write(answer) });
    expect(faultOf(await open(server.url).end())).toMatchObject({ kind: 'connect_failed', retry: { kind: 'backoff' } });
  });

  it('fails with connect_failed when no server listens on the port', async () => {
    const port = await freePort();
    const fault = faultOf(await open(`ws://127.0.0.1:${port}/`).end());
    expect(fault.kind).toBe('connect_failed');
    expect(fault.message).toContain(`cannot reach 127.0.0.1:${port}`);
    expect(fault.message).toContain('ECONNREFUSED');
  });

  it('fails with connect_failed when the server of a wss URL does not speak TLS', async () => {
    const server = await serve();
    const fault = faultOf(await open(server.url.replace('ws:', 'wss:')).end());
    expect(fault.kind).toBe('connect_failed');
  });

  it('times out when the server accepts the TCP connection and never answers', async () => {
    const server = await serve({ handshake: () => {} });
    const fault = faultOf(await open(server.url, { connectTimeoutMs: 100 }).end());
    expect(fault).toMatchObject({ kind: 'connect_timeout', retry: { kind: 'backoff' } });
    expect(fault.message).toContain('100 ms');
  });

  it('times out when the handshake answer arrives byte by byte and never ends', async () => {
    const server = await serve({
      handshake(socket) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nX-Slow: ');
        const timer = setInterval(() => socket.write('z'), 20);
        socket.on('close', () => clearInterval(timer));
      },
    });
    const end = await open(server.url, { connectTimeoutMs: 200 }).end();
    expect(faultOf(end).kind).toBe('connect_timeout');
  });

  it.each(['', 'not an address', 'ftp://127.0.0.1/'])('never retries the invalid address «%s»', async (url) => {
    const { calls, end } = open(url);
    expect(calls).toEqual([]);
    expect(faultOf(await end())).toMatchObject({ kind: 'connect_failed', retry: { kind: 'never' } });
  });
});

describe('openSocket: the end of a connection', () => {
  it.each([
    [1000, ''],
    [1001, 'going away'],
    [1008, 'Pong timeout'],
    [1012, 'service restart'],
    [4001, 'own code'],
  ])('reports the close code %i and its reason', async (code, reason) => {
    const server = await serve({ onConnection: (connection) => connection.close(code, reason) });
    const { calls, end } = open(server.url);
    const fault = faultOf(await end());
    expect(fault).toMatchObject({ kind: 'connection_closed', status: code, retry: { kind: 'backoff' } });
    expect(fault.message).toContain(reason);
    expect(calls).toEqual(['open', 'end']);
  });

  it('reports close code 1006 after a TCP reset', async () => {
    const server = await serve({ onConnection: (connection) => connection.send('x') });
    const { frames, end } = open(server.url);
    await until(() => frames.length === 1);
    server.sockets[0]?.resetAndDestroy();
    expect(faultOf(await end())).toMatchObject({ kind: 'connection_closed', status: 1006 });
  });

  it('reports close code 1006 when TCP ends without a close frame', async () => {
    const server = await serve();
    const { opened, end } = open(server.url);
    await opened();
    server.sockets[0]?.end();
    expect(faultOf(await end())).toMatchObject({ kind: 'connection_closed', status: 1006 });
  });

  it('reports protocol_error when the server sends an invalid frame', async () => {
    const server = await serve();
    const { opened, end } = open(server.url);
    await opened();
    server.sockets[0]?.write(Buffer.from([0xff, 0xff, 0x00, 0x00]));
    expect(await end()).toMatchObject({ kind: 'violated', what: 'protocol_error', fault: { status: 1002 } });
  });

  it('ends when the server sends a message in more than 16,384 parts', async () => {
    const server = await serve();
    const { opened, end } = open(server.url);
    await opened();
    // A first part without content, then parts that continue it.
    server.sockets[0]?.write(Buffer.concat([Buffer.from([0x01, 0x00]), Buffer.alloc(2 * 16_384)]));
    const ended = await end();
    expect(ended).toMatchObject({ kind: 'violated', what: 'protocol_error' });
    expect(faultOf(ended).message).toContain('Too many message fragments');
  });

  it('notifies onEnd only once after a protocol error', async () => {
    const server = await serve();
    const { opened, calls, end } = open(server.url);
    await opened();
    server.sockets[0]?.write(Buffer.from([0xff, 0xff, 0x00, 0x00]));
    await end();
    await until(() => server.connections[0]?.readyState === 3);
    expect(calls.filter((what) => what === 'end')).toHaveLength(1);
  });
});

describe('openSocket: close()', () => {
  it('sends close code 1000 and notifies no callback afterwards', async () => {
    const codes: number[] = [];
    const server = await serve({ onConnection: (connection) => connection.on('close', (code) => codes.push(code)) });
    const { socket, calls, opened } = open(server.url);
    await opened();
    socket.close();
    await until(() => codes.length > 0);
    expect(codes).toEqual([1000]);
    expect(calls).toEqual(['open']);
  });

  it('delivers no frame after the call, not even one of the same socket read', async () => {
    const server = await serve({
      onConnection(connection) {
        for (let count = 0; count < 10; count++) connection.send(String(count));
      },
    });
    const frames: RawFrame[] = [];
    const closed: unknown[] = [];
    const socket = openSocket(
      server.url,
      { connectTimeoutMs: 30_000, compression: false, maxFrameBytes: MEGABYTE },
      {
        onOpen: () => {},
        onFrame: (frame) => {
          frames.push(frame);
          if (frames.length === 3) socket.close();
        },
        onPing: () => {},
        onPong: () => {},
        onEnd: (end) => closed.push(end),
      },
    );
    await until(() => server.connections[0]?.readyState === 3, { message: 'the connection closed' });
    expect(frames).toHaveLength(3);
    expect(closed).toEqual([]);
  });

  it('ends the connection after 1 s when the server does not answer the close frame', async () => {
    const listener = createServer();
    cleanups.push(() => listener.close());
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const server = await serve();
    // A proxy that passes back only the first answer, so the close frame is never answered.
    let gone = false;
    listener.on('connection', (inbound) => {
      const outbound = connectTcp(Number(new URL(server.url).port), '127.0.0.1');
      outbound.once('data', (answer) => inbound.write(answer));
      inbound.once('data', (request) => outbound.write(request));
      inbound.on('error', () => {});
      outbound.on('error', () => {});
      inbound.on('close', () => {
        gone = true;
        outbound.destroy();
      });
    });
    const address = listener.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { socket, opened } = open(`ws://127.0.0.1:${port}/`);
    await opened();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    cleanups.push(() => vi.useRealTimers());
    socket.close();
    expect(gone).toBe(false);
    vi.advanceTimersByTime(1000);
    await until(() => gone, { message: 'the connection gone' });
  });

  it('stops a connection attempt during the handshake', async () => {
    let asked = 0;
    let gone = false;
    const server = await serve({
      handshake(socket) {
        asked++;
        socket.resume();
        // The HTTP server keeps its half of the connection open, so only `end` shows that the client is gone.
        socket.on('end', () => {
          gone = true;
        });
      },
    });
    const { socket, calls } = open(server.url);
    await until(() => asked === 1);
    socket.close();
    await until(() => gone, { message: 'the connection gone' });
    expect(calls).toEqual([]);
  });

  it.each([
    ['under way', () => {}],
    ['refused', (socket: TcpSocket) => void socket.end(httpAnswer('451 Unavailable', {}, ''))],
  ])('leaves no timer when the connection attempt is %s', async (state, handshake) => {
    const server = await serve({ handshake });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    cleanups.push(() => vi.useRealTimers());
    const { socket, calls } = open(server.url);
    expect(vi.getTimerCount()).toBe(1);
    if (state === 'refused') await until(() => calls.includes('end'));
    else socket.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('notifies no callback when called twice before the connection opens', async () => {
    const server = await serve();
    const { socket, calls } = open(server.url);
    socket.close();
    socket.close();
    const late = open(server.url);
    await late.opened();
    expect(calls).toEqual([]);
  });

  it('does not report an invalid address after the call', async () => {
    const { socket, calls } = open('not an address');
    socket.close();
    await new Promise(setImmediate);
    expect(calls).toEqual([]);
  });
});
