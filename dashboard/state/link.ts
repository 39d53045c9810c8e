import { signal } from '@preact/signals';
import type { ServerMessage, StreamChannel, Subscription } from '../../src/gateway/api/stream-messages.ts';
import { reconnectDelay } from '../model/reconnect-delay.ts';
import { getJson } from './get-json.ts';
import { openSocket } from './token.ts';

export interface LinkState {
  readonly state: 'connecting' | 'open' | 'lost';
  /** Number of connections made so far. */
  readonly opened: number;
}

/** The gateway sends a message each second. A socket without one for this long is broken, even if it counts as open. */
const SILENT_MS = 4000;

/** This page's own connection to the gateway. */
export const link = signal<LinkState>({ state: 'connecting', opened: 0 });

/** When the last message of the gateway came, by the page's monotonic clock, milliseconds. */
export let receivedAt = performance.now();

type Listener = (message: ServerMessage) => void;
type Wanted = { readonly channel: StreamChannel; readonly symbols?: readonly string[]; readonly step?: string };

const wanted = new Map<string, Wanted>();
let socket: WebSocket | undefined;
let attempt = 0;
let receive: Listener = () => {};
let opened: () => void = () => {};

/** Connects and stays connected. `onOpen` runs after each connection, to fetch what was missed. */
export function startLink(onMessage: Listener, onOpen: () => void): void {
  receive = onMessage;
  opened = onOpen;
  connect();
  addEventListener('online', () => socket === undefined && connect());
  setInterval(() => {
    if (socket?.readyState === WebSocket.OPEN && performance.now() - receivedAt > SILENT_MS) drop();
  }, 1000);
}

/** Subscribes now and after every reconnection, until `unsubscribe`. */
export function subscribe(channel: StreamChannel, ...symbols: string[]): void {
  const entry: Wanted = symbols.length === 0 ? { channel } : { channel, symbols };
  wanted.set(subscriptionKey(entry), entry);
  send('subscribe', entry);
}

/** Subscribes a symbol's book in a price step, as `subscribe` does. A later call replaces the step. */
export function subscribeBook(symbol: string, step: string | undefined): void {
  const entry: Wanted = { channel: 'orderbook', symbols: [symbol], ...(step === undefined ? {} : { step }) };
  wanted.set(subscriptionKey(entry), entry);
  send('subscribe', entry);
}

export function unsubscribe(channel: StreamChannel, ...symbols: string[]): void {
  const entry: Wanted = symbols.length === 0 ? { channel } : { channel, symbols };
  if (wanted.delete(subscriptionKey(entry))) send('unsubscribe', entry);
}

function subscriptionKey({ channel, symbols = [] }: Wanted): string {
  return `${channel} ${symbols.join()}`;
}

function send(op: Subscription['op'], { channel, symbols, step }: Wanted): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const message: Subscription = {
    op,
    channel,
    ...(symbols === undefined ? {} : { symbols: [...symbols] }),
    ...(step === undefined ? {} : { step }),
  };
  socket.send(JSON.stringify(message));
}

function connect(): void {
  const made = openSocket('/ws/');
  socket = made;
  receivedAt = performance.now();
  made.onopen = () => {
    attempt = 0;
    receivedAt = performance.now();
    link.value = { state: 'open', opened: link.value.opened + 1 };
    for (const entry of wanted.values()) send('subscribe', entry);
    opened();
  };
  made.onmessage = ({ data }) => {
    receivedAt = performance.now();
    receive(JSON.parse(data as string) as ServerMessage);
  };
  made.onclose = () => {
    if (socket === made) drop();
  };
}

/** Tries to connect again now, with the token that the user has given. */
export function connectNow(): void {
  if (socket === undefined) connect();
}

function drop(): void {
  const lost = socket;
  socket = undefined;
  lost?.close();
  attempt++;
  // A refused socket does not show the reason; a REST request does.
  if (link.peek().opened === 0) void getJson('/api/status');
  link.value = { ...link.value, state: 'lost' };
  setTimeout(() => socket === undefined && connect(), reconnectDelay(attempt, Math.random()));
}
