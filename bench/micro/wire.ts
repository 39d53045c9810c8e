/** Sends frames over a WebSocket, in a process of its own, so that the bench measures only the receiver. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { answer } from '../child.ts';
import { framesOf, tradesOfSymbols } from './frames.ts';

/** The GUID of the WebSocket handshake (RFC 6455, section 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const EVERY_MS = 1;
const TEXT_FRAME = 0x81;
const LENGTH_IN_TWO_BYTES = 126;

const frames = framesOf('binance', tradesOfSymbols(1000)).map(({ data }) => {
  const head = Buffer.alloc(data.length < LENGTH_IN_TWO_BYTES ? 2 : 4);
  head[0] = TEXT_FRAME;
  if (head.length === 2) head[1] = data.length;
  else {
    head[1] = LENGTH_IN_TWO_BYTES;
    head.writeUInt16BE(data.length, 2);
  }
  return Buffer.concat([head, data]);
});

let rate = 0;
let sent = 0;
let due = 0;
let client: Duplex | undefined;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  due += ((now - last) / 1000) * rate;
  last = now;
  const burst: Buffer[] = [];
  for (; due >= 1; due--) burst.push(frames[sent++ % frames.length] as Buffer);
  if (burst.length > 0) client?.write(Buffer.concat(burst));
}, EVERY_MS);

const server = createServer().listen(0, '127.0.0.1');
server.on('upgrade', (request, socket) => {
  const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
  );
  client = socket;
  // The reader may close the connection in the middle of a burst.
  socket.on('error', () => {
    client = undefined;
  });
});

answer({
  url: () => `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
  rate: (wanted: number) => {
    rate = wanted;
  },
});
