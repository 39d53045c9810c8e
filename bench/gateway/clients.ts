/** The gateway's clients, in a process of their own: some read and measure, some never read after they subscribed. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { answer } from '../child.ts';

interface Wanted {
  readonly url: string;
  readonly count: number;
  /** Each client subscribes to one of these symbols, in turn. Empty: each client subscribes to all symbols. */
  readonly symbols: readonly string[];
}

const RECEIVED_AT = '"received_at":';
const MICROS_DIGITS = 16;

const reading: WebSocket[] = [];
const stalled: Socket[] = [];
let ages: number[] = [];
let messages = 0;

/** Measures the age of a message's first price: the time from the feed's socket to this client. */
function measure(text: string): void {
  const at = text.indexOf(RECEIVED_AT) + RECEIVED_AT.length;
  const receivedMs = Number(text.slice(at, at + MICROS_DIGITS)) / 1000;
  ages.push(performance.timeOrigin + performance.now() - receivedMs);
  messages++;
}

const request = (symbols: readonly string[], index: number) => ({
  op: 'subscribe',
  channel: 'prices',
  symbols: [symbols.length === 0 ? '*' : symbols[index % symbols.length]],
});

async function join({ url, count, symbols }: Wanted): Promise<void> {
  for (let index = 0; index < count; index++) {
    const socket = new WebSocket(`${url}/ws/`);
    await once(socket, 'open');
    socket.on('message', (data) => measure(data.toString()));
    socket.send(JSON.stringify(request(symbols, index)));
    reading.push(socket);
  }
}

/** Subscribes over a bare socket and never reads again. */
async function joinStalled({ url, count, symbols }: Wanted): Promise<void> {
  const { hostname, port, host } = new URL(url);
  for (let index = 0; index < count; index++) {
    const socket = connect(Number(port), hostname);
    const key = randomBytes(16).toString('base64');
    const upgrade = ['GET /ws/ HTTP/1.1', `Host: ${host}`, 'Upgrade: websocket', 'Connection: Upgrade'];
    socket.write(`${[...upgrade, `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13'].join('\r\n')}\r\n\r\n`);
    await once(socket, 'data');
    socket.pause();
    socket.on('error', () => {});
    socket.write(maskedText(JSON.stringify(request(symbols, index))));
    stalled.push(socket);
  }
}

/** A client's WebSocket frame with a short text. A mask of zeros leaves the text unchanged. */
function maskedText(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

function quantiles(shares: readonly number[]): readonly number[] {
  const sorted = Float64Array.from(ages).sort();
  return shares.map((share) => sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? Number.NaN);
}

answer({
  join,
  joinStalled,
  collect: () => {
    ages = [];
    messages = 0;
  },
  ages: (shares: readonly number[]) => ({ quantiles: quantiles(shares), messages }),
  leaveStalled: () => {
    for (const socket of stalled.splice(0)) socket.destroy();
  },
});
