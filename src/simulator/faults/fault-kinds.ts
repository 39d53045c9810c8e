import type { VenueId } from '../../domain/instrument.ts';
import type { SimulatedVenue } from '../binance/binance-venue.ts';
import type { Connection } from '../connection.ts';
import type { Listing } from '../market/listing.ts';
import type { Refusal, VenueHost } from '../venue-host.ts';
import { BadFault, type FaultCommand } from './fault-command.ts';
import type { Interference } from './interference.ts';

export interface FaultContext {
  readonly venue: SimulatedVenue;
  readonly command: FaultCommand;
  /** The connections that the command means. */
  readonly connections: readonly Connection[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Queues frames to be mixed in between the good ones of a connection. */
  readonly mixIn: (connection: Connection, kind: 'malformed' | 'unknown', count: number) => void;
}

export interface FaultKind {
  readonly description: string;
  /** What it takes besides venue, fault and seconds. */
  readonly parameters: readonly ('line' | 'symbol' | 'seconds' | 'status' | 'count')[];
  /** The venues that have it; all where undefined. */
  readonly venues?: readonly VenueId[];
  /** Kept until its seconds are over or it is cleared; otherwise it happens once. */
  readonly lasting: boolean;
  /** Without a symbol it means nothing. */
  readonly needsSymbol?: true;
  /** The fault of the same venue and symbol that is over when it happens. */
  readonly ends?: string;
  /** Seconds where none are given and it must end. */
  readonly defaultSeconds?: number;
  /** Done at the start, and at the end. */
  readonly start?: (context: FaultContext) => void;
  readonly end?: (context: FaultContext) => void;
  /** What it sets while it lasts, on the venue and on each connection it means. */
  readonly onVenue?: (host: VenueHost, command: FaultCommand) => void;
  readonly onLine?: (interference: Interference, command: FaultCommand) => void;
}

const DEFAULT_BIG_FRAME_MB = 20;
const DEFAULT_BYTES_A_SECOND = 200;
const MEGABYTE = 1_048_576;
const RETRY_AFTER_SECONDS = 5;

/** Every fault by name. `GET /faults` shows this table. */
export const FAULT_KINDS: Readonly<Record<string, FaultKind>> = {
  close: {
    description: 'Closes the connection with a close handshake; status is the close code (1001).',
    parameters: ['line', 'status'],
    lasting: false,
    start: ({ connections, command }) => {
      if (command.status !== undefined && !closeCode(command.status))
        throw new BadFault(
          `status is ${command.status}; allowed: a close code, 1000–1014 (not 1004–1006) or 3000–4999`,
        );
      for (const connection of connections) connection.close(command.status ?? 1001, 'simulated');
    },
  },
  reset: {
    description: 'Resets the TCP connection (RST), without a close frame.',
    parameters: ['line'],
    lasting: false,
    start: ({ connections }) => reset(connections),
  },
  silence_with_pong: {
    description:
      'The socket stays open, acknowledgements and pongs are answered, no data comes; with line "all" on new connections too.',
    parameters: ['line', 'seconds'],
    lasting: true,
    onLine: (interference) => {
      interference.silent = true;
    },
  },
  silence_without_pong: {
    description:
      'A half-open connection: nothing comes at all, neither data nor pong nor close frame; with line "all" on new connections too.',
    parameters: ['line', 'seconds'],
    lasting: true,
    onLine: (interference) => {
      interference.frozen = true;
    },
  },
  mute_symbol: {
    description: 'One symbol sends nothing any more on the connection, the others go on.',
    parameters: ['line', 'symbol', 'seconds'],
    lasting: true,
    needsSymbol: true,
    onLine: (interference, { symbol }) => {
      interference.muted = new Set([...interference.muted, symbol]);
    },
  },
  mute_trades: {
    description: "One symbol's trades are sent no more on the connection, its other data are.",
    parameters: ['line', 'symbol', 'seconds'],
    lasting: true,
    needsSymbol: true,
    onLine: (interference, { symbol }) => {
      interference.mutedTrades = new Set([...interference.mutedTrades, symbol]);
    },
  },
  refuse: {
    description:
      'WebSocket handshakes and REST requests are refused with status (451; 403, 429, 503, …), open connections are cut, as a region or address block does.',
    parameters: ['status', 'seconds'],
    lasting: true,
    start: ({ venue, command }) => {
      refusal(command, 451);
      reset(venue.host.connections);
    },
    onVenue: (host, command) => {
      host.refusal = refusal(command, 451);
    },
  },
  refuse_rest: {
    description: 'REST requests alone are refused with status (429; 418, 403, 5xx).',
    parameters: ['status', 'seconds'],
    lasting: true,
    start: ({ command }) => {
      refusal(command, 429);
    },
    onVenue: (host, command) => {
      host.restRefusal = refusal(command, 429);
    },
  },
  close_loop: {
    description: 'Every connection is accepted and closed at once; open ones are closed.',
    parameters: ['seconds'],
    lasting: true,
    start: ({ venue }) => {
      for (const connection of [...venue.host.connections]) connection.close(1001, 'simulated');
    },
    onVenue: (host) => {
      host.closesAtOnce = true;
    },
  },
  slow_trickle: {
    description: `Everything arrives late and in pieces, count bytes a second (${DEFAULT_BYTES_A_SECOND}).`,
    parameters: ['line', 'count', 'seconds'],
    lasting: true,
    onLine: (interference, { count }) => {
      interference.bytesPerSecond = count ?? DEFAULT_BYTES_A_SECOND;
    },
  },
  malformed: {
    description: 'Sends count (10) broken frames of many kinds in turn, mixed in between the good ones.',
    parameters: ['line', 'symbol', 'count'],
    lasting: false,
    start: ({ connections, command, mixIn }) => {
      for (const connection of connections) mixIn(connection, 'malformed', command.count ?? 10);
    },
  },
  unknown_frame: {
    description: 'Sends count (1) valid frames of events that no client knows.',
    parameters: ['line', 'symbol', 'count'],
    lasting: false,
    start: ({ connections, command, mixIn }) => {
      for (const connection of connections) mixIn(connection, 'unknown', command.count ?? 1);
    },
  },
  invalid_utf8: {
    description: 'Sends one text frame that is not UTF-8; a conforming client closes the connection (1007).',
    parameters: ['line'],
    lasting: false,
    start: ({ connections }) => {
      for (const { socket } of connections) socket.write(Buffer.from([0x81, 0x04, 0x22, 0xc3, 0x28, 0x22]));
    },
  },
  big_frame: {
    description: `Sends one frame of count megabytes (${DEFAULT_BIG_FRAME_MB}), valid JSON of an unknown event.`,
    parameters: ['line', 'count'],
    lasting: false,
    start: ({ venue, connections, command }) => {
      const frame = bigFrame(venue.host.profile.protocol, command.count ?? DEFAULT_BIG_FRAME_MB);
      for (const connection of connections) connection.inject(frame);
    },
  },
  skip_trades: {
    description: 'The next count (1) trades of the symbol are made and journaled but not sent on the connection.',
    parameters: ['line', 'symbol', 'count'],
    lasting: false,
    start: ({ connections, command }) => {
      for (const connection of connections) connection.disturb().skip(command.symbol, command.count ?? 1);
    },
  },
  skip_book: {
    description:
      'The next count (1) changes of the book of the symbol, or of each one listened to, are journaled but not sent on the connection: its update ids show a gap.',
    parameters: ['line', 'symbol', 'count'],
    lasting: false,
    start: ({ connections, command }) => {
      for (const connection of connections)
        for (const symbol of command.symbol === '' ? bookSymbols(connection) : [command.symbol])
          connection.disturb().skipBook(symbol, command.count ?? 1);
    },
  },
  repeat_trades: {
    description: 'The next count (1) trade messages of the symbol are sent twice.',
    parameters: ['line', 'symbol', 'count'],
    lasting: false,
    start: ({ connections, command }) => {
      for (const connection of connections) connection.disturb().repeat(command.symbol, command.count ?? 1);
    },
  },
  reorder_trades: {
    description: 'The next count (2) trade messages of the symbol are held and sent in reverse order.',
    parameters: ['line', 'symbol', 'count'],
    lasting: false,
    start: ({ connections, command }) => {
      for (const connection of connections)
        connection.disturb().reverse(command.symbol, Math.max(2, command.count ?? 2));
    },
  },
  server_shutdown: {
    description: 'Announces serverShutdown and closes the connections after seconds (5).',
    parameters: ['line', 'seconds'],
    venues: ['binance', 'binance_us', 'binance_testnet'],
    lasting: true,
    defaultSeconds: 5,
    start: ({ connections, now }) => {
      const event = `{"e":"serverShutdown","E":${now}}`;
      for (const connection of connections)
        connection.control(connection.combined ? `{"stream":"!serverShutdown","data":${event}}` : event);
    },
    end: ({ connections }) => {
      for (const connection of connections) connection.close(1001, 'server shutdown');
    },
  },
  maintenance: {
    description: 'Announces maintenance on system.status: ongoing at the start, completed when seconds (10) are over.',
    parameters: ['seconds'],
    venues: ['bybit'],
    lasting: true,
    defaultSeconds: 10,
    start: ({ venue, command, now }) =>
      announceMaintenance(venue.host, 'ongoing', now, now + (command.seconds || 10) * 1_000),
    end: ({ venue, command, now }) =>
      announceMaintenance(venue.host, 'completed', now - (command.seconds || 10) * 1_000, now),
  },
  book_restart: {
    description:
      "The venue's book service starts again: every listener of a book gets a snapshot with update id 1, then changes from 2 on.",
    parameters: ['symbol'],
    venues: ['bybit'],
    lasting: false,
    start: ({ venue, command, now }) => {
      for (const listing of listings(venue, command)) venue.streams.restartBook(listing, now);
    },
  },
  testnet_reset: {
    description:
      "The testnet's wipe: trade and update ids start low again, recent trades are gone, connections are cut. Works on any venue.",
    parameters: ['symbol'],
    lasting: false,
    start: ({ venue, command, now }) => {
      for (const listing of listings(venue, command)) {
        listing.reset();
        venue.streams.restartBook(listing, now);
      }
      reset(venue.host.connections);
    },
  },
  id_jump: {
    description:
      'Trade ids of the symbol jump ahead by count (10): trades that the venue itself lost and no request can bring back.',
    parameters: ['symbol', 'count'],
    lasting: false,
    start: ({ venue, command }) => {
      for (const listing of listings(venue, command)) venue.host.market?.jumpIds(listing, command.count ?? 10);
    },
  },
  quiet: {
    description:
      'A quiet night: the venue, or one symbol of it, makes no trades and no changes; pongs, repeats of an unchanged book and closing candles go on.',
    parameters: ['symbol', 'seconds'],
    lasting: true,
    onVenue: ({ market }, { symbol }) => {
      if (market === undefined) return;
      if (symbol === '') market.quiet = true;
      else market.quietSymbols.add(symbol);
    },
  },
  reject_symbol: {
    description: 'New subscriptions of a symbol are rejected, though the instrument list has it.',
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needsSymbol: true,
    onVenue: (host, { symbol }) => {
      host.rejectedSymbols = new Set([...host.rejectedSymbols, symbol]);
    },
  },
  reject_trades: {
    description: "New subscriptions of a symbol's trades are rejected, its other data are not.",
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needsSymbol: true,
    onVenue: (host, { symbol }) => {
      host.rejectedTrades = new Set([...host.rejectedTrades, symbol]);
    },
  },
  delist_symbol: {
    description:
      'The symbol leaves the instrument list and trades no more, until list_symbol, or for seconds; who listens hears nothing.',
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needsSymbol: true,
    onVenue: (host, { symbol }) => {
      host.delistedSymbols = new Set([...host.delistedSymbols, symbol]);
      host.market?.quietSymbols.add(symbol);
    },
  },
  list_symbol: {
    description: 'A symbol that delist_symbol took off the instrument list is listed and trades.',
    parameters: ['symbol'],
    lasting: false,
    needsSymbol: true,
    ends: 'delist_symbol',
  },
};

/** The listings that a fault of the venue's market means. */
function listings({ host }: SimulatedVenue, { symbol }: FaultCommand): readonly Listing[] {
  return (host.market?.listings ?? []).filter((listing) => symbol === '' || symbol === listing.symbol);
}

function bookSymbols({ topics }: Connection): Set<string> {
  return new Set([...topics.values()].filter(({ kind }) => kind === 'depth').map(({ symbol }) => symbol));
}

function refusal({ status = 0, seconds }: FaultCommand, otherwise: number): Refusal {
  const code = status === 0 ? otherwise : status;
  if (code < 400 || code > 599) throw new BadFault(`status is ${code}; allowed: 400–599`);
  const hasRetryAfter = code === 429 || code === 418;
  return { status: code, retryAfter: hasRetryAfter ? Math.ceil(seconds) || RETRY_AFTER_SECONDS : undefined };
}

function reset(connections: readonly Connection[]): void {
  for (const { socket } of [...connections]) socket.resetAndDestroy();
}

function closeCode(code: number): boolean {
  return (code >= 3_000 && code <= 4_999) || (code >= 1_000 && code <= 1_014 && ![1_004, 1_005, 1_006].includes(code));
}

function bigFrame(protocol: 'bybit' | 'binance', megabytes: number): string {
  if (megabytes > 512) throw new BadFault(`count is ${megabytes}; allowed: 1–512 megabytes`);
  const filling = 'x'.repeat(megabytes * MEGABYTE);
  return protocol === 'bybit'
    ? `{"topic":"filling","ts":0,"type":"snapshot","data":"${filling}"}`
    : `{"stream":"!filling","data":{"e":"filling","x":"${filling}"}}`;
}

function announceMaintenance(host: VenueHost, state: string, begin: number, end: number): void {
  const data = `{"id":"4d95b2a0-587f-11f0-bcc9-56f28c94d6ea","title":"simulated","state":"${state}","begin":"${begin}","end":"${end}","href":"","serviceTypes":[2],"product":[2],"uidSuffix":[],"maintainType":1,"env":1}`;
  const topic = host.topics.get('system.status');
  for (const connection of topic?.listeners() ?? [])
    connection.control(`{"topic":"system.status","ts":${begin},"data":[${data}]}`);
}
