import { TRADE_KINDS } from '../captures/frame-subject.ts';
import type { Connection } from '../connection.ts';
import type { Refusal } from '../venue-host.ts';
import { BadFault, type FaultCommand } from './fault-command.ts';
import type { Effect } from './interference.ts';
import { reset, type SimulatedFault, type SimulatedFaults } from './simulated-fault.ts';

const DEFAULT_BIG_FRAME_MB = 20;
const DEFAULT_BYTES_A_SECOND = 200;
const MEGABYTE = 1_048_576;
const RETRY_AFTER_SECONDS = 5;

/** Faults of connections, requests and frames. */
export const CONNECTION_FAULTS: SimulatedFaults = {
  close: {
    description: 'Closes the connection with a close handshake; status is the close code (1001).',
    parameters: ['line', 'status'],
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
    start: ({ connections }) => reset(connections),
  },
  silence_with_pong: {
    description:
      'The socket stays open, acknowledgements and pongs are answered, no data comes; with line "all" on new connections too.',
    parameters: ['line', 'seconds'],
    lasting: true,
    onConnection: (interference) => {
      interference.withholdsData = true;
    },
  },
  silence_without_pong: {
    description:
      'A half-open connection: nothing comes at all, neither data nor pong nor close frame; with line "all" on new connections too.',
    parameters: ['line', 'seconds'],
    lasting: true,
    onConnection: (interference) => {
      interference.frozen = true;
    },
  },
  mute_symbol: {
    description: 'One symbol sends nothing any more on the connection, the others go on.',
    parameters: ['line', 'symbol', 'seconds'],
    lasting: true,
    needs: ['symbol'],
    onConnection: ({ symbolsWithoutData }, { symbol }) => symbolsWithoutData.add(symbol),
  },
  mute_channel: {
    description: 'One channel of the symbol, or of every symbol, sends nothing any more on the connection.',
    parameters: ['line', 'channel', 'symbol', 'seconds'],
    lasting: true,
    needs: ['channel'],
    onConnection: ({ mutedChannels }, { channel, symbol }) => {
      if (channel !== undefined) mutedChannels.push({ kind: channel, symbol });
    },
  },
  refuse: {
    description:
      'WebSocket handshakes and REST requests are refused, open connections are cut: with status (403, 418, 429, 503, …), or else as the venue blocks a country (Binance 451, Bybit and Binance US 403).',
    parameters: ['status', 'seconds'],
    lasting: true,
    start: ({ venue, command }) => {
      refusal(command);
      reset(venue.host.connections);
    },
    onVenue: (host, command) => {
      host.faults.refusal = refusal(command);
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
      host.faults.restRefusal = refusal(command, 429);
    },
  },
  refuse_main_host: {
    description:
      'New handshakes and REST requests are refused as by refuse, except at the market-data-only host (/binance/data-only), which has no historicalTrades.',
    parameters: ['status', 'seconds'],
    venues: ['binance'],
    lasting: true,
    start: ({ command }) => {
      refusal(command);
    },
    onVenue: (host, command) => {
      host.faults.mainRefusal = refusal(command);
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
      host.faults.closesAtOnce = true;
    },
  },
  slow_trickle: {
    description: `Everything arrives late and in pieces, count bytes a second (${DEFAULT_BYTES_A_SECOND}).`,
    parameters: ['line', 'count', 'seconds'],
    lasting: true,
    onConnection: (interference, { count }) => {
      interference.bytesPerSecond = count ?? DEFAULT_BYTES_A_SECOND;
    },
  },
  malformed: {
    description: 'Sends count (10) broken frames of many kinds in turn, mixed in between the good ones.',
    parameters: ['line', 'symbol', 'count'],
    start: ({ connections, command, mixIn }) => {
      for (const connection of connections) mixIn(connection, 'malformed', command.count ?? 10);
    },
  },
  unknown_frame: {
    description: 'Sends count (1) valid frames of events that no client knows.',
    parameters: ['line', 'symbol', 'count'],
    start: ({ connections, command, mixIn }) => {
      for (const connection of connections) mixIn(connection, 'unknown', command.count ?? 1);
    },
  },
  invalid_utf8: {
    description: 'Sends one text frame that is not UTF-8; a conforming client closes the connection (1007).',
    parameters: ['line'],
    start: ({ connections }) => {
      for (const { socket } of connections) socket.write(Buffer.from([0x81, 0x04, 0x22, 0xc3, 0x28, 0x22]));
    },
  },
  big_frame: {
    description: `Sends one frame of count megabytes (${DEFAULT_BIG_FRAME_MB}), valid JSON of an unknown event.`,
    parameters: ['line', 'count'],
    start: ({ venue, connections, command }) => {
      const frame = bigFrame(venue.host.spec.protocol, command.count ?? DEFAULT_BIG_FRAME_MB);
      for (const connection of connections) connection.inject(frame);
    },
  },
  skip_trades: countedTrades(
    'skip',
    1,
    'The next count (1) trades of the symbol are made and journaled but not sent on the connection.',
  ),
  skip_book: {
    description:
      'The next count (1) changes of the book of the symbol, or of each one listened to, are journaled but not sent on the connection: its update ids show a gap.',
    parameters: ['line', 'symbol', 'count'],
    start: ({ connections, command }) => {
      for (const connection of connections)
        for (const symbol of command.symbol === '' ? bookSymbols(connection) : [command.symbol])
          connection.disturb().count('skip', ['depth'], symbol, command.count ?? 1);
    },
  },
  repeat_trades: countedTrades('repeat', 1, 'The next count (1) trade messages of the symbol are sent twice.'),
  reorder_trades: countedTrades(
    'reverse',
    2,
    'The next count (2) trade messages of the symbol are held and sent in reverse order.',
  ),
};

/**
 * Makes a fault that affects the symbol's next `count` trade messages. `least` is the default and the minimum of
 * `count`.
 */
function countedTrades(effect: Effect, least: number, description: string): SimulatedFault {
  return {
    description,
    parameters: ['line', 'symbol', 'count'],
    start: ({ connections, command: { symbol, count = least } }) => {
      for (const connection of connections)
        connection.disturb().count(effect, TRADE_KINDS, symbol, Math.max(least, count));
    },
  };
}

function bookSymbols({ topics }: Connection): Set<string> {
  return new Set([...topics.values()].filter(({ kind }) => kind === 'depth').map(({ symbol }) => symbol));
}

function refusal({ status, seconds }: FaultCommand, otherwise?: number): Refusal {
  const code = status ?? otherwise;
  if (code !== undefined && (code < 400 || code > 599)) throw new BadFault(`status is ${code}; allowed: 400–599`);
  const hasRetryAfter = code === 429 || code === 418;
  return { status: code, retryAfter: hasRetryAfter ? Math.ceil(seconds) || RETRY_AFTER_SECONDS : undefined };
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
