import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Observable, Subject, type Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { Fault } from '../../../src/domain/fault.ts';
import type { RawFrame, VenueEvent } from '../../../src/domain/venue-event.ts';
import { type ConnectionOptions, connect } from '../../../src/venues/connection/connect.ts';
import type { ConnectionCommand } from '../../../src/venues/connection/control-channel.ts';
import type { Venue } from '../../../src/venues/contract.ts';
import { freePort } from '../../../testing/processes/free-port.ts';
import { until } from '../../../testing/tools/until.ts';
import { httpAnswer, type LocalServer, type LocalServerOptions, localServer } from '../../net/local-server.ts';
import { BATCH, fakeVenue } from '../fake-venue.ts';
import { SteppedScheduler } from '../stepped-scheduler.ts';

const PROBE_AFTER_MS = 2500;
const cleanups: (() => unknown)[] = [];
let scheduler: SteppedScheduler;
beforeEach(() => {
  scheduler = new SteppedScheduler();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface FakeServer extends LocalServer {
  /** Messages that the client sent, in order. */
  readonly got: string[];
  /** Sends frames on the newest connection. */
  say(...frames: readonly (string | Buffer)[]): void;
}

/** A server that records what it receives, and replies with `answer`. */
async function serve(
  answer?: (text: string, connection: WebSocket) => void,
  options: LocalServerOptions = {},
): Promise<FakeServer> {
  const got: string[] = [];
  const server = await localServer({
    ...options,
    onConnection(connection) {
      connection.on('message', (data) => {
        const text = String(data);
        got.push(text);
        answer?.(text, connection);
      });
      options.onConnection?.(connection);
    },
  });
  cleanups.push(() => server.close());
  return Object.assign(server, {
    got,
    say: (...frames: readonly (string | Buffer)[]) => {
      for (const frame of frames) server.connections.at(-1)?.send(frame, { binary: false });
    },
  });
}

const acknowledge = (text: string, connection: WebSocket): void => {
  connection.send(`ack ${text.split(' ')[1]}`);
};

/** Refuses every request with a topic that contains NOSUCH. `answer` is the text of the refusal. */
function refuseUnknown(answer: (id: string, bad: readonly string[]) => string) {
  return (text: string, connection: WebSocket): void => {
    const [, id = '', topics = ''] = text.split(' ');
    const bad = topics.split(',').filter((topic) => topic.includes('NOSUCH'));
    connection.send(bad.length > 0 ? answer(id, bad) : `ack ${id}`);
  };
}

interface Line {
  readonly events: VenueEvent[];
  readonly errors: unknown[];
  readonly subscription: Subscription;
  kinds(): string[];
  /** The fault that ended the connection. */
  fault(): Promise<Fault>;
  opened(): Promise<unknown>;
}

function watch(line$: Observable<VenueEvent>): Line {
  const events: VenueEvent[] = [];
  const errors: unknown[] = [];
  const subscription = line$.subscribe({
    next: (event) => events.push(event),
    error: (error) => errors.push(error),
    complete: () => errors.push('completed'),
  });
  cleanups.push(() => subscription.unsubscribe());
  const kinds = () => events.map(({ kind }) => kind);
  return {
    events,
    errors,
    subscription,
    kinds,
    opened: () => until(() => kinds().includes('connected'), { message: 'connected' }),
    async fault() {
      await until(() => errors.length > 0, { message: 'the end of the line' });
      const [error] = errors;
      if (!(error instanceof Fault)) throw new Error(`not a fault: ${String(error)}`);
      return error;
    },
  };
}

function open(url: string, options: Partial<ConnectionOptions> = {}): Line {
  return watch(connect(connectionOptions(url, options)));
}

function connectionOptions(url: string, options: Partial<ConnectionOptions> = {}): ConnectionOptions {
  return {
    venue: fakeVenue(),
    url,
    context: { environment: 'simulated', instruments: new Map() },
    topics: () => [],
    scheduler,
    connectTimeoutMs: 30_000,
    probeAfterMs: PROBE_AFTER_MS,
    compression: false,
    maxFrameMb: 32,
    ...options,
  };
}

const slow = (messagesPerSecond: number): Partial<Venue> => ({
  limits: {
    topicsPerConnection: 1000,
    messagesPerSecond,
    connectionsPerFiveMinutes: 1000,
  },
});
const topicsOf = (events: readonly VenueEvent[], kind: 'subscribed' | 'refused'): string[] =>
  events.flatMap((event) => (event.kind === kind ? event.topics : [])).sort();
const symbols = (count: number): string[] => Array.from({ length: count }, (_, index) => `trade.S${index}`);

describe('connect: frames', () => {
  it('emits the event of each frame, in order', async () => {
    const server = await serve();
    const { events, opened } = open(server.url, { clock: () => 42 });
    await opened();
    server.say('trade BTC 1', 'repeat', 'odd ETH 2', 'pong', 'bye', 'noise', 'gibberish', 'trade BTC 3');
    await until(() => events.length === 9);
    expect(events).toMatchObject([
      { kind: 'connected', url: server.url },
      { kind: 'value', key: 'BTC', at: 42, value: [{ symbol: 'BTC', tradeId: '1', receivedAt: 42 }] },
      { kind: 'value', key: 'BTC', at: 42, value: [] },
      { kind: 'value', key: 'ETH', value: [{ symbol: 'ETH' }], warning: 'inverted_spread' },
      { kind: 'answered', what: 'pong' },
      { kind: 'closing', reason: 'server_shutdown' },
      { kind: 'ignored', reason: 'unknown_event' },
      { kind: 'malformed', frame: { binary: false, receivedAt: 42 }, fault: { kind: 'malformed', field: 'word' } },
      { kind: 'value', value: [{ tradeId: '3' }] },
    ]);
    expect(events[1]).not.toHaveProperty('warning');
  });

  it('emits malformed when the decoder throws, and continues', async () => {
    const server = await serve();
    const { events, opened } = open(server.url);
    await opened();
    server.say('throw', 'trade BTC 1');
    await until(() => events.length === 3);
    expect(events[1]).toMatchObject({ kind: 'malformed', fault: { kind: 'malformed' } });
    expect(events[2]).toMatchObject({ kind: 'value' });
  });

  it('passes bytes that are not UTF-8 to the decoder', async () => {
    const server = await serve();
    const { events, opened } = open(server.url);
    await opened();
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    server.say(bytes, 'trade BTC 1');
    await until(() => events.length === 3);
    expect(events[1]).toMatchObject({ kind: 'malformed', frame: { data: bytes } });
  });

  it('calls onFrame with every raw frame, acknowledgements and malformed frames included', async () => {
    const server = await serve(acknowledge);
    const seen: string[] = [];
    const onFrame = (frame: RawFrame) => seen.push(Buffer.from(frame.data).toString());
    const { events } = open(server.url, { onFrame, topics: () => ['trade.BTC'] });
    await until(() => events.some(({ kind }) => kind === 'subscribed'));
    server.say('gibberish', 'trade BTC 1');
    await until(() => seen.length === 3);
    expect(seen).toEqual(['ack 1', 'gibberish', 'trade BTC 1']);
  });

  it('creates a new decoder for each connection', async () => {
    let decoders = 0;
    const venue = fakeVenue({
      newDecoder: () => {
        decoders++;
        return () => ({ kind: 'value', key: '', at: 0, value: [] });
      },
    });
    const server = await serve();
    const line$ = connect(connectionOptions(server.url, { venue }));
    expect(decoders).toBe(0);
    await watch(line$).opened();
    await watch(line$).opened();
    expect(decoders).toBe(2);
    expect(server.connections).toHaveLength(2);
  });
});

describe('connect: subscriptions', () => {
  it('subscribes to the topics that are wanted when the connection opens, in batches of the venue', async () => {
    const server = await serve(acknowledge);
    let wanted = ['trade.OLD'];
    const { events } = open(server.url, { topics: () => wanted });
    wanted = symbols(BATCH + 2);
    await until(() => topicsOf(events, 'subscribed').length === BATCH + 2);
    expect(server.got.map((text) => text.split(' ')[2]?.split(',').length)).toEqual([BATCH, 2]);
    expect(topicsOf(events, 'subscribed')).toEqual([...wanted].sort());
    expect(events.filter(({ kind }) => kind === 'answered')).toHaveLength(2);
  });

  it('emits data that arrives before the acknowledgement', async () => {
    const server = await serve((text, connection) => {
      for (let id = 0; id < 30; id++) connection.send(`trade BTC ${id}`);
      acknowledge(text, connection);
    });
    const { events, kinds } = open(server.url, { topics: () => ['trade.BTC'] });
    await until(() => kinds().includes('subscribed'));
    expect(kinds()).toEqual(['connected', ...Array(30).fill('value'), 'answered', 'subscribed']);
    expect(topicsOf(events, 'subscribed')).toEqual(['trade.BTC']);
  });

  it('assigns an acknowledgement without id to the oldest request', async () => {
    const server = await serve((_text, connection) => connection.send('ack'));
    const { events } = open(server.url, { topics: () => symbols(BATCH * 2) });
    await until(() => topicsOf(events, 'subscribed').length === BATCH * 2);
    expect(topicsOf(events, 'subscribed')).toEqual(symbols(BATCH * 2).sort());
  });

  it('emits only answered for an acknowledgement that matches no request', async () => {
    const server = await serve();
    const { kinds, opened } = open(server.url);
    await opened();
    server.say('ack 99', 'ack');
    await until(() => kinds().length === 3);
    expect(kinds()).toEqual(['connected', 'answered', 'answered']);
  });

  it.each([
    ['the id', (id: string) => `no ${id}`],
    ['the topics', (_id: string, bad: readonly string[]) => `no - ${bad.join(',')}`],
    ['the id and topics', (id: string, bad: readonly string[]) => `no ${id} ${bad.join(',')}`],
    ['nothing', () => 'no -'],
  ])('splits a batch when a refusal names %s, and reports only the bad topics as refused', async (_how, answer) => {
    const server = await serve(refuseUnknown(answer));
    const wanted = ['trade.BTC', 'trade.NOSUCH1', 'trade.ETH', 'trade.NOSUCH2', 'trade.SOL'];
    const { events } = open(server.url, { topics: () => wanted });
    await until(() => topicsOf(events, 'subscribed').length === 3 && topicsOf(events, 'refused').length === 2);
    expect(topicsOf(events, 'subscribed')).toEqual(['trade.BTC', 'trade.ETH', 'trade.SOL']);
    expect(topicsOf(events, 'refused')).toEqual(['trade.NOSUCH1', 'trade.NOSUCH2']);
    const refusals = events.filter((event) => event.kind === 'refused');
    expect(refusals.map(({ topics }) => topics.length)).toEqual([1, 1]);
    expect(refusals[0]?.fault).toMatchObject({ kind: 'subscription_rejected', retry: { kind: 'never' } });
  });

  it('finds one refused topic among 200 in fewer than 30 messages', async () => {
    const venue = fakeVenue({
      control: (_purpose, topics, nextId) => {
        const id = String(nextId());
        return [{ id, frame: `sub ${id} ${topics.join(',')}`, topics }];
      },
    });
    const server = await serve(refuseUnknown((id) => `no ${id}`));
    const wanted = [...symbols(199), 'trade.NOSUCH'];
    const { events } = open(server.url, { venue, topics: () => wanted });
    await until(() => topicsOf(events, 'subscribed').length === 199 && topicsOf(events, 'refused').length === 1);
    expect(server.got.length).toBeLessThan(30);
  });

  it('reports topics as subscribed when the venue answers that they already are', async () => {
    const server = await serve((text, connection) => {
      const [, id, topics = ''] = text.split(' ');
      connection.send(topics.includes('trade.ETH') ? `already ${id} trade.ETH` : `already ${id}`);
    });
    const { events } = open(server.url, { topics: () => ['trade.BTC', 'trade.ETH', 'trade.SOL'] });
    await until(() => topicsOf(events, 'subscribed').length === 3);
    expect(topicsOf(events, 'subscribed')).toEqual(['trade.BTC', 'trade.ETH', 'trade.SOL']);
    expect(topicsOf(events, 'refused')).toEqual([]);
    expect(server.got).toEqual(['sub 1 trade.BTC,trade.ETH,trade.SOL', 'sub 2 trade.BTC,trade.SOL']);
  });

  it('reports topics as refused when the venue withdraws them later', async () => {
    const server = await serve(acknowledge);
    const { events, kinds } = open(server.url, { topics: () => ['trade.BTC', 'trade.ETH'] });
    await until(() => kinds().includes('subscribed'));
    server.say('no - trade.ETH');
    await until(() => kinds().includes('refused'));
    expect(topicsOf(events, 'refused')).toEqual(['trade.ETH']);
  });

  it('emits ignored for a refusal that matches no request', async () => {
    const server = await serve();
    const { events, opened } = open(server.url);
    await opened();
    server.say('no 99 trade.XRP', 'no -');
    await until(() => events.length === 5);
    const reason = 'refusal_of_nothing';
    expect(events.filter(({ kind }) => kind === 'ignored')).toEqual(Array(2).fill({ kind: 'ignored', reason }));
  });

  it('resends an unanswered request, and reports it as unanswered from the second time on', async () => {
    const server = await serve();
    const { events, opened } = open(server.url, { topics: () => ['trade.BTC'] });
    await opened();
    await until(() => server.got.length === 1);
    scheduler.advance(9900);
    scheduler.advance(350);
    await until(() => server.got.filter((text) => text.startsWith('sub')).length === 2);
    scheduler.advance(19_000);
    expect(events.filter(({ kind }) => kind === 'ignored')).toEqual([]);
    scheduler.advance(1500);
    expect(events.filter(({ kind }) => kind === 'ignored')).toEqual([
      { kind: 'ignored', reason: 'request_unanswered' },
    ]);
    await until(() => server.got.filter((text) => text.startsWith('sub')).length === 3);
    expect(server.got.filter((text) => text.startsWith('sub')).at(-1)).toBe('sub 3 trade.BTC');
    expect(events.filter(({ kind }) => kind === 'refused')).toEqual([]);
  });

  it('accepts an acknowledgement after 9 s, and does not resend the request', async () => {
    const server = await serve();
    const { events, opened } = open(server.url, { topics: () => ['trade.BTC'] });
    await opened();
    await until(() => server.got.length === 1);
    scheduler.advance(9000);
    server.say('ack 1');
    await until(() => topicsOf(events, 'subscribed').length === 1);
    scheduler.advance(30_000);
    expect(server.got.filter((text) => text.startsWith('sub'))).toHaveLength(1);
  });
});

describe('connect: commands', () => {
  it('subscribes, unsubscribes and resubscribes topics on command', async () => {
    const server = await serve(acknowledge);
    const commands$ = new Subject<ConnectionCommand>();
    const { events, opened } = open(server.url, { commands$, topics: () => ['trade.BTC'] });
    await opened();
    commands$.next({ kind: 'subscribe', topics: ['trade.ETH'] });
    commands$.next({ kind: 'unsubscribe', topics: ['trade.BTC'] });
    commands$.next({ kind: 'resubscribe', topics: ['trade.ETH'] });
    await until(() => server.got.length === 5);
    expect(server.got).toEqual([
      'sub 1 trade.BTC',
      'sub 2 trade.ETH',
      'unsub 3 trade.BTC',
      'unsub 4 trade.ETH',
      'sub 5 trade.ETH',
    ]);
    await until(() => topicsOf(events, 'subscribed').length === 3);
    expect(topicsOf(events, 'subscribed')).toEqual(['trade.BTC', 'trade.ETH', 'trade.ETH']);
  });

  it('does not retry a topic that was unsubscribed meanwhile', async () => {
    const server = await serve();
    const commands$ = new Subject<ConnectionCommand>();
    const { events, opened } = open(server.url, { commands$, topics: () => ['trade.BTC', 'trade.ETH'] });
    await opened();
    await until(() => server.got.length === 1);
    commands$.next({ kind: 'unsubscribe', topics: ['trade.BTC'] });
    await until(() => server.got.length === 2);
    server.say('no 1');
    await until(() => server.got.length === 3);
    expect(server.got[2]).toBe('sub 3 trade.ETH');
    expect(topicsOf(events, 'refused')).toEqual([]);
  });

  it('emits only answered for a refusal to unsubscribe', async () => {
    const server = await serve((text, connection) => connection.send(text.startsWith('unsub') ? 'no 1' : 'noise'));
    const commands$ = new Subject<ConnectionCommand>();
    const { kinds, opened } = open(server.url, { commands$ });
    await opened();
    commands$.next({ kind: 'unsubscribe', topics: ['trade.BTC'] });
    await until(() => kinds().length === 2);
    expect(kinds()).toEqual(['connected', 'answered']);
  });

  it('probes on command', async () => {
    const server = await serve();
    const commands$ = new Subject<ConnectionCommand>();
    const { events, opened } = open(server.url, { commands$ });
    await opened();
    commands$.next({ kind: 'probe' });
    await until(() => events.length === 2);
    expect(events[1]).toEqual({ kind: 'answered', what: 'pong' });
  });

  it('observes the commands only while the connection is open', async () => {
    const server = await serve();
    const commands$ = new Subject<ConnectionCommand>();
    const { subscription, opened } = open(server.url, { commands$ });
    expect(commands$.observed).toBe(false);
    await opened();
    expect(commands$.observed).toBe(true);
    subscription.unsubscribe();
    expect(commands$.observed).toBe(false);
  });
});

describe('connect: pacing', () => {
  it("stays below the venue's limit of messages per second, pongs included", async () => {
    const server = await serve();
    const { opened } = open(server.url, { venue: fakeVenue(slow(5)), topics: () => symbols(BATCH * 25) });
    await opened();
    await roundTrip(server);
    expect(server.got).toHaveLength(4);
    scheduler.advance(600);
    await roundTrip(server);
    expect(server.got).toHaveLength(4);
    scheduler.advance(500);
    // The pong of the round trip 500 ms ago has used a part of the budget.
    await roundTrip(server);
    expect(server.got).toHaveLength(7);
    scheduler.advance(1000);
    await roundTrip(server);
    expect(server.got).toHaveLength(7);
    scheduler.advance(100);
    await roundTrip(server);
    expect(server.got).toHaveLength(10);
  });

  it('sends a heartbeat before waiting subscriptions', async () => {
    const server = await serve();
    const venue = fakeVenue({ ...slow(5), heartbeat: { everyMs: 1000, frame: (id) => `beat ${id}` } });
    const { opened } = open(server.url, { venue, topics: () => symbols(BATCH * 20) });
    await opened();
    scheduler.advance(1100);
    await until(() => server.got.length >= 5);
    expect(server.got[4]).toMatch(/^beat /);
  });
});

describe('connect: heartbeats and probes', () => {
  it('sends the heartbeat of the venue on its interval', async () => {
    const server = await serve((_text, connection) => connection.send('pong'));
    const venue = fakeVenue({ heartbeat: { everyMs: 20_000, frame: (id) => `beat ${id}` } });
    const { kinds, opened } = open(server.url, { venue, probeAfterMs: 1e9 });
    await opened();
    scheduler.advance(19_999);
    await roundTrip(server);
    expect(server.got).toEqual([]);
    scheduler.advance(1);
    scheduler.advance(20_000);
    await until(() => server.got.length === 2);
    expect(server.got).toEqual(['beat 1', 'beat 2']);
    await until(() => kinds().length === 3);
    expect(kinds()).toEqual(['connected', 'answered', 'answered']);
  });

  it('pings a connection without data, and reports the pong', async () => {
    const server = await serve();
    let pings = 0;
    const { events, opened } = open(server.url);
    await opened();
    server.connections[0]?.on('ping', () => pings++);
    scheduler.advance(PROBE_AFTER_MS - 1);
    await roundTrip(server);
    expect(pings).toBe(0);
    scheduler.advance(1);
    await until(() => events.length === 2);
    expect(pings).toBe(1);
    expect(events[1]).toEqual({ kind: 'answered', what: 'pong' });
  });

  it('probes with a heartbeat message when the venue defines one', async () => {
    const server = await serve((_text, connection) => connection.send('pong'));
    const venue = fakeVenue({ heartbeat: { everyMs: 1e9, frame: (id) => `beat ${id}` } });
    const { kinds, opened } = open(server.url, { venue });
    await opened();
    scheduler.advance(PROBE_AFTER_MS);
    await until(() => kinds().includes('answered'));
    expect(server.got).toEqual(['beat 1']);
  });

  it('does not probe while data arrives, and probes soon after it stops', async () => {
    const server = await serve();
    let pings = 0;
    const { events, opened } = open(server.url);
    await opened();
    server.connections[0]?.on('ping', () => pings++);
    for (let count = 1; count <= 6; count++) {
      scheduler.advance(PROBE_AFTER_MS * 0.8);
      server.say('trade BTC 1');
      await until(() => events.length === count + 1);
    }
    await roundTrip(server);
    expect(pings).toBe(0);
    scheduler.advance(PROBE_AFTER_MS * 1.1);
    await until(() => pings === 1);
  });

  it('keeps probing while no data arrives, and does not count pongs as data', async () => {
    const server = await serve();
    const { events, kinds, opened } = open(server.url);
    await opened();
    for (let count = 1; count <= 4; count++) {
      scheduler.advance(PROBE_AFTER_MS);
      await until(() => events.length === count + 1);
    }
    expect(kinds().slice(1)).toEqual(Array(4).fill('answered'));
  });

  it('emits nothing for a probe that the server does not answer', async () => {
    let pings = 0;
    const server = await serve(undefined, {
      autoPong: false,
      onConnection: (connection) => connection.on('ping', () => pings++),
    });
    const { kinds, errors, opened } = open(server.url);
    await opened();
    scheduler.advance(PROBE_AFTER_MS);
    await until(() => pings === 1);
    server.say('noise');
    await until(() => kinds().length === 2);
    expect(kinds()).toEqual(['connected', 'ignored']);
    expect(errors).toEqual([]);
  });

  it('emits closing with the reason lifetime after closingAfterMs', async () => {
    const server = await serve();
    const { events, opened } = open(server.url, { probeAfterMs: 1e9, closingAfterMs: 82_800_000 });
    await opened();
    scheduler.advance(82_799_999);
    expect(events).toHaveLength(1);
    scheduler.advance(1);
    expect(events[1]).toEqual({ kind: 'closing', reason: 'lifetime' });
  });
});

describe('connect: the end', () => {
  it.each([
    ['403 Forbidden', {}, { kind: 'unavailable', status: 403, retry: { kind: 'never' } }],
    [
      '429 Too Many Requests',
      { 'Retry-After': '7' },
      { kind: 'unavailable', status: 429, retry: { kind: 'after', afterMs: 7000 } },
    ],
    ['451 Unavailable For Legal Reasons', {}, { kind: 'region_blocked', status: 451 }],
    ['503 Service Unavailable', {}, { kind: 'unavailable', status: 503 }],
  ])("fails with the venue's fault when the handshake is refused with %s", async (status, headers, expected) => {
    const server = await serve(undefined, {
      handshake: (socket) => socket.end(httpAnswer(status, headers, '<html>no</html>')),
    });
    const { kinds, fault } = open(server.url);
    expect(await fault()).toMatchObject({ ...expected, message: '<html>no</html>' });
    expect(kinds()).toEqual(['disconnected']);
  });

  it('fails with connect_failed when no server listens', async () => {
    const port = await freePort();
    expect((await open(`ws://127.0.0.1:${port}/`).fault()).kind).toBe('connect_failed');
  });

  it('fails with connect_timeout when the handshake takes too long', async () => {
    const server = await serve(undefined, { handshake: () => {} });
    expect((await open(server.url, { connectTimeoutMs: 100 }).fault()).kind).toBe('connect_timeout');
  });

  it('fails with the close code after it emits the earlier frames', async () => {
    const server = await serve(undefined, {
      onConnection(connection) {
        connection.send('trade BTC 1');
        connection.close(1012, 'restart');
      },
    });
    const { kinds, errors, fault } = open(server.url);
    expect(await fault()).toMatchObject({ kind: 'connection_closed', status: 1012 });
    expect(kinds()).toEqual(['connected', 'value', 'disconnected']);
    expect(errors).toHaveLength(1);
    expect(scheduler.waiting).toBe(0);
  });

  it('fails with connection_closed when the socket is reset', async () => {
    const server = await serve();
    const { opened, fault } = open(server.url);
    await opened();
    server.sockets[0]?.resetAndDestroy();
    expect(await fault()).toMatchObject({ kind: 'connection_closed', status: 1006 });
  });

  it('emits ignored for a frame that is too large, and fails with close code 1009', async () => {
    const server = await serve();
    const { events, opened, fault } = open(server.url, { maxFrameMb: 1 });
    await opened();
    server.say('trade BTC 1', Buffer.alloc(1024 * 1024 + 1));
    expect(await fault()).toMatchObject({ kind: 'connection_closed', status: 1009 });
    expect(events.at(-2)).toEqual({ kind: 'ignored', reason: 'frame_too_large' });
    expect(events).toHaveLength(4);
  });

  it('fails with an internal fault when the commands fail', async () => {
    const server = await serve();
    const commands$ = new Subject<ConnectionCommand>();
    const { opened, fault } = open(server.url, { commands$ });
    await opened();
    commands$.error(new Error('broken'));
    expect(await fault()).toMatchObject({ kind: 'internal', message: 'broken' });
  });
});

describe('connect: unsubscribing', () => {
  it('closes the connection within a second and leaves no timer', async () => {
    const server = await serve(acknowledge);
    const venue = fakeVenue({ ...slow(5), heartbeat: { everyMs: 20_000, frame: (id) => `beat ${id}` } });
    const { subscription, events, errors, opened } = open(server.url, { venue, topics: () => symbols(BATCH * 20) });
    await opened();
    expect(scheduler.waiting).toBeGreaterThan(0);
    subscription.unsubscribe();
    const count = events.length;
    await until(() => server.connections[0]?.readyState === 3, { timeoutMs: 1000, message: 'the connection closed' });
    expect(events).toHaveLength(count);
    expect(errors).toEqual([]);
    expect(scheduler.waiting).toBe(0);
  });

  it('lets the process end', async () => {
    const server = await serve((_text, connection) => connection.send('trade BTC 1'));
    const child = fork(new URL('./one-frame-and-out.ts', import.meta.url), [server.url], { execArgv: [] });
    cleanups.push(() => child.kill());
    await once(child, 'message');
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });

  it('emits nothing during the handshake', async () => {
    const server = await serve(undefined, { handshake: () => {} });
    const { subscription, events, errors } = open(server.url);
    subscription.unsubscribe();
    await new Promise(setImmediate);
    expect([...events, ...errors]).toEqual([]);
  });

  it('closes the connection when called inside an event handler', async () => {
    const server = await serve(acknowledge);
    const events: VenueEvent[] = [];
    const options = { venue: fakeVenue(slow(1)), topics: () => symbols(BATCH * 3) };
    const subscription = connect(connectionOptions(server.url, options)).subscribe((event) => {
      events.push(event);
      subscription.unsubscribe();
    });
    await until(() => server.connections[0]?.readyState === 3, { message: 'the connection closed' });
    expect(events).toEqual([{ kind: 'connected', url: server.url }]);
    expect(server.got).toEqual([]);
    expect(scheduler.waiting).toBe(0);
  });
});

/** Waits until the server has received everything that the client sent: the pong arrives after it. */
async function roundTrip(server: FakeServer): Promise<void> {
  const connection = server.connections.at(-1);
  if (connection === undefined) throw new Error('there is no connection');
  let back = false;
  connection.once('pong', () => {
    back = true;
  });
  connection.ping();
  await until(() => back, { everyMs: 1, message: 'the pong' });
}
