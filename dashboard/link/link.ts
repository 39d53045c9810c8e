import { batch, signal } from '@preact/signals';
import type { Status } from '../../src/gateway/api/feed-answers.ts';
import type { ServerMessage, StreamChannel, Subscription } from '../../src/gateway/api/stream-messages.ts';
import { onClockJump } from '../page/page-clock.ts';
import { getJson } from './get-json.ts';
import { reconnectDelay } from './reconnect-delay.ts';
import { openSocket } from './token.ts';

export interface LinkState {
  /**
   * `open`: an overview came over this connection, or by the page's first request of `/api/status`, so the page shows the
   * present. `waiting`: the next overview decides. `lost`: there was a connection, or an attempt, and it failed.
   */
  readonly state: 'waiting' | 'open' | 'lost';
  /** When the next attempt to connect is due, by the page's monotonic clock, milliseconds; undefined: it is under way. */
  readonly retryAt: number | undefined;
}

/** The gateway sends a message each second. A socket without one for this long is broken, even if it counts as open. */
const SILENT_MS = 4000;
/** A socket must open within this time. */
const OPENS_WITHIN_MS = 5000;

/** This page's own connection to the gateway. */
export const link = signal<LinkState>({ state: 'waiting', retryAt: undefined });

/** When the last message of the gateway came, by the page's monotonic clock, milliseconds. */
let receivedAt = performance.now();

type Listener = (message: ServerMessage) => void;
type Wanted = { readonly channel: StreamChannel; readonly symbols?: readonly string[]; readonly step?: string };

const wanted = new Map<string, Wanted>();
let socket: WebSocket | undefined;
let wasOpen = false;
let attempt = 0;
let retry: ReturnType<typeof setTimeout> | undefined;
let receive: Listener = () => {};
let opened: () => void = () => {};

/** Connects and stays connected. `onOpen` runs after each connection, to fetch what was missed. */
export function startLink(onMessage: Listener, onOpen: () => void): void {
  receive = onMessage;
  opened = onOpen;
  connect();
  void loadOverview();
  addEventListener('online', connectNow);
  // What came before a sleep is old, and the page has not noticed.
  onClockJump(() => {
    if (link.peek().state === 'open') link.value = { state: 'waiting', retryAt: undefined };
  });
  setInterval(() => {
    const limitMs = socket?.readyState === WebSocket.CONNECTING ? OPENS_WITHIN_MS : SILENT_MS;
    if (socket !== undefined && performance.now() - receivedAt > limitMs) drop();
  }, 500);
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
  wasOpen = false;
  receivedAt = performance.now();
  link.value = { ...link.peek(), retryAt: undefined };
  made.onopen = () => {
    wasOpen = true;
    receivedAt = performance.now();
    for (const entry of wanted.values()) send('subscribe', entry);
    opened();
  };
  made.onmessage = ({ data }) => {
    if (socket !== made) return;
    attempt = 0;
    receivedAt = performance.now();
    take(JSON.parse(data as string) as ServerMessage);
  };
  made.onclose = () => {
    if (socket === made) drop();
  };
}

/** Takes the answer of `GET /api/status` as an overview. It usually comes before the first one over the socket. */
async function loadOverview(): Promise<void> {
  const asked = link.peek();
  const data = await getJson<Status>('/api/status');
  if (data !== undefined && link.peek() === asked) take({ type: 'overview', data });
}

function take(message: ServerMessage): void {
  batch(() => {
    receive(message);
    if (!message.type.startsWith('overview') || link.peek().state === 'open') return;
    link.value = { state: 'open', retryAt: undefined };
  });
}

/** Tries to connect at once, for example because the user has given the token. */
export function connectNow(): void {
  if (socket !== undefined) return;
  clearTimeout(retry);
  connect();
}

function drop(): void {
  const lost = socket;
  socket = undefined;
  lost?.close();
  attempt++;
  // A refused socket does not show that the token is missing or wrong; a REST request does.
  if (!wasOpen) void getJson('/api/status');
  const delayMs = reconnectDelay(attempt, Math.random());
  link.value = { state: 'lost', retryAt: performance.now() + delayMs };
  clearTimeout(retry);
  retry = setTimeout(connectNow, delayMs);
}
