import { once } from 'node:events';
import { CAPTURE_FORMATS } from '../capture/capture-row.ts';
import { VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import { type Command, type CommandContext, choiceIn, numberIn, UsageError, writeResult } from './arguments/command.ts';

const DEFAULT_PORT = 9100;
const MAX_RATE = 10_000_000;

export const command: Command = {
  usage:
    'simulate [--port N] [--host ADDRESS] [--seed N] [--rate N] [--symbols N] [--journal FILE] [--rest-limit N] [--capture FILE]… [--format F] [--venue V] [--speed max|1]',
  about:
    'The venues alone: the real wire protocols of Bybit, Binance, Binance US and the Binance testnet on one local port, WebSocket and REST, ' +
    'below /bybit, /binance, /binance_us and /binance_testnet. The same seed gives the same trades.\n' +
    'Faults on command: GET /faults lists them, POST /faults starts one, DELETE /faults ends them. GET /stats counts.\n' +
    'With --capture it plays the capture instead, to every connection from the beginning; other venues answer 503.',
  options: {
    port: { value: 'N', help: `port to listen on, 0 for any free one (default ${DEFAULT_PORT})` },
    host: { value: 'ADDRESS', help: 'address to listen on (default 127.0.0.1); 0.0.0.0 in a container of its own' },
    seed: { value: 'N', help: 'seed of the random market (default 1)' },
    rate: { value: 'N', many: 'list', help: 'trades a second of each venue (default 100), or VENUE=N of one' },
    symbols: { value: 'N', help: 'coins traded, up to 2000 (default 20)' },
    journal: {
      value: 'FILE',
      help: 'file for all events, one JSON object each, with the connections that got the event',
    },
    'rest-limit': {
      value: 'N',
      help: "request weight that each of Binance's venues allows in a minute (default as the real one)",
    },
    capture: { value: 'FILE', many: 'list', help: 'a capture to play; several play one after the other' },
    format: {
      value: 'F',
      help: `format of the captures: ${CAPTURE_FORMATS.join(', ')} (default: recognised by the first file)`,
    },
    venue: { value: 'V', help: 'the venue of captures that do not name it' },
    speed: { value: 'max|1', help: 'pace of the captures: max as fast as they are read (default), 1 as recorded' },
  },
  async run(context) {
    const { startSimulator } = await import('../simulator/server.ts');
    const { out, signal } = context;
    const simulator = await startSimulator(simulatorOptions(context));
    const { port, url, httpUrl } = simulator;
    try {
      const listening = { port, url, http_url: httpUrl, venues: Object.keys(simulator.counts()) };
      const places = listening.venues.map((venue) => `${venue.padEnd(16)} ${url}/${venue}`);
      await writeResult(out, [...places, `faults           ${httpUrl}/faults`].join('\n'), listening);
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await simulator.close();
    }
    return 0;
  },
};

function simulatorOptions({ options }: CommandContext) {
  const files = options.texts('capture');
  const format = options.oneOf('format', CAPTURE_FORMATS);
  const venue = options.oneOf('venue', VENUE_IDS);
  const speed = options.oneOf('speed', ['max', '1']);
  for (const name of ['format', 'venue', 'speed'])
    if (files === undefined && options.flag(name))
      throw new UsageError(`--${name} is for --capture, which is not given`);
  return {
    port: options.number('port', 0, 65_535) ?? DEFAULT_PORT,
    host: options.text('host'),
    seed: options.number('seed', 0, 4_294_967_295),
    rate: rates(options.texts('rate')),
    symbols: options.number('symbols', 1, 2_000),
    journal: options.text('journal'),
    restWeightPerMinute: options.number('rest-limit', 1, 1_000_000_000),
    capture: files === undefined ? undefined : { files, format, venue, speed },
  };
}

/** Parses `--rate`: `1000`, or `bybit=1000`. A venue that is not named gets the last number without a name. */
function rates(texts: readonly string[] | undefined): number | Partial<Record<VenueId, number>> | undefined {
  if (texts === undefined) return undefined;
  const named: Partial<Record<VenueId, number>> = {};
  let all: number | undefined;
  for (const text of texts) {
    const [first = '', second] = text.split('=', 2);
    if (second === undefined) all = numberIn('--rate', first, 0, MAX_RATE, 'any');
    else named[choiceIn('--rate', first, VENUE_IDS)] = numberIn(`--rate ${first}`, second, 0, MAX_RATE, 'any');
  }
  if (all === undefined) return named;
  for (const venue of VENUE_IDS) named[venue] ??= all;
  return named;
}
