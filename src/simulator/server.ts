import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { snakeKeys } from '../codec/key-case.ts';
import { VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import { http } from '../net/http.ts';
import { openCaptures } from './captures/capture-playback.ts';
import { answerFaults, json } from './control-plane.ts';
import type { FaultRequest } from './faults/fault-command.ts';
import { type ActiveFault, Faults } from './faults/faults.ts';
import { Journal } from './journal.ts';
import { DEFAULT_COINS, MAX_COINS } from './market/coins.ts';
import { SimulatedMarket } from './market/market.ts';
import { simulatedVenue } from './simulated-venue.ts';
import type { SimulatorOptions } from './simulator-options.ts';
import { VenueHost } from './venue-host.ts';
import { refuseUpgrade, respond, type SimulatedCounts, VenueSite } from './venue-site.ts';
import { VENUE_SPECS, type VenueSpec } from './venue-spec.ts';

const SLICE_MS = 1;
const DEFAULT_RATE = 100;

export interface Simulator {
  readonly port: number;
  /** `ws://127.0.0.1:PORT`. A venue's WebSocket address begins with this and its id: `/bybit`, `/binance`, … */
  readonly url: string;
  /** `http://127.0.0.1:PORT` */
  readonly httpUrl: string;
  readonly counts: () => Record<string, SimulatedCounts>;
  /** Starts a fault, as `POST /faults` does. @throws BadFault */
  readonly fault: (request: FaultRequest) => ActiveFault[];
  /** Ends every fault, or every fault of one venue. */
  readonly clearFaults: (venue?: VenueId) => void;
  /** Changes a venue's number of trades a second. */
  readonly setRate: (venue: VenueId, rate: number) => void;
  readonly flushJournal: () => void;
  /** Cuts every connection, frees the port and completes the journal. */
  readonly close: () => Promise<void>;
}

/**
 * Starts the venue simulator: the four venues' wire protocols on one local port, with a path prefix for each venue.
 * @throws Error if the port is taken, or a capture or the journal fails; RangeError for impossible options
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { symbols = DEFAULT_COINS, seed = 1, basisNoiseBps, keptTrades, host: address = '127.0.0.1' } = options;
  if (!Number.isInteger(symbols) || symbols < 1 || symbols > MAX_COINS)
    throw new RangeError(`symbols is ${symbols}; allowed: 1–${MAX_COINS}`);
  const captures = options.capture === undefined ? undefined : await openCaptures(options.capture);
  const journal = options.journal === undefined ? undefined : new Journal(options.journal);
  const startedAt = Date.now();
  const specs = VENUE_SPECS.filter(({ id }) => captures === undefined || captures.has(id));
  const hosts = specs.map((real) => {
    const spec = withRestLimit(real, options.restWeightPerMinute);
    const rate = rateOf(options, spec.id);
    const market =
      captures === undefined
        ? new SimulatedMarket({ spec, seed, symbols, rate, startedAt, basisNoiseBps, keptTrades })
        : undefined;
    return new VenueHost(spec, market, captures?.get(spec.id), journal);
  });
  const venues = hosts.map(simulatedVenue);
  const faults = new Faults(venues);
  const sites = new Map(venues.map((venue) => [venue.host.id, new VenueSite(venue, options, () => faults.opened())]));
  const server = http.createServer();
  try {
    server.listen(options.port ?? 0, address);
    await once(server, 'listening');
  } catch (error) {
    await journal?.close();
    throw error;
  }
  return running(server, sites, faults, journal, address);
}

function rateOf({ rate = DEFAULT_RATE }: SimulatorOptions, venue: VenueId): number {
  const own = typeof rate === 'number' ? rate : (rate[venue] ?? DEFAULT_RATE);
  if (!(own >= 0 && own <= 10_000_000)) throw new RangeError(`rate is ${own}; allowed: 0–10,000,000 trades a second`);
  return own;
}

function running(
  server: Server,
  sites: ReadonlyMap<string, VenueSite>,
  faults: Faults,
  journal: Journal | undefined,
  address: string,
): Simulator {
  const { port } = server.address() as AddressInfo;
  const counts = () => Object.fromEntries([...sites].map(([id, site]) => [id, site.counts]));
  let last = performance.now();
  let timer = setTimeout(slice, SLICE_MS);

  function slice(): void {
    timer = setTimeout(slice, SLICE_MS);
    const monotonic = performance.now();
    const now = Date.now();
    faults.slice(now);
    for (const site of sites.values()) site.slice(monotonic, monotonic - last, now);
    last = monotonic;
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { site, path, query } = routed(request, sites);
    if (!(socket instanceof Socket)) socket.destroy();
    else if (isForeign(request)) refuseUpgrade(request, socket, FOREIGN);
    else if (site === undefined) refuseUpgrade(request, socket, notServed(path));
    else site.upgrade(request, socket, head, path, query);
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { site, path, query } = routed(request, sites);
    if (isForeign(request)) respond(response, FOREIGN);
    else if (site !== undefined) site.rest(request, response, path, query);
    else if (path === '/healthz') respond(response, { status: 200, body: '{"status":"ok"}' });
    else if (path === '/stats')
      respond(response, json(200, { venues: snakeKeys(counts()), journal_lines: journal?.events ?? 0 }));
    else if (path === '/faults') void answerFaults(request, query, faults).then((answer) => respond(response, answer));
    else respond(response, notServed(path));
  });

  return {
    port,
    url: `ws://${address}:${port}`,
    httpUrl: `http://${address}:${port}`,
    counts,
    fault: (request) => faults.start(request, Date.now()),
    clearFaults: (venue) => faults.clear(Date.now(), venue),
    setRate: (venue, rate) => sites.get(venue)?.clock?.setRate(rate, performance.now()),
    flushJournal: () => journal?.flush(),
    close: async () => {
      clearTimeout(timer);
      for (const { venue } of sites.values())
        for (const connection of [...venue.host.connections]) connection.ws.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await journal?.close();
    },
  };
}

const FOREIGN = {
  status: 403,
  body: '{"error":"origin_not_allowed","message":"a web page may not use the simulator"}',
};

/**
 * True for a request of a web page from elsewhere. Without this check, any page in a browser here could start faults.
 */
function isForeign({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host);
}

function routed({ url = '/' }: IncomingMessage, sites: ReadonlyMap<string, VenueSite>) {
  const [target = ''] = url.split('?', 1);
  const [, prefix = ''] = target.split('/', 2);
  const site = sites.get(prefix);
  const path = site === undefined ? target : target.slice(prefix.length + 1) || '/';
  return { site, path, query: new URLSearchParams(url.slice(target.length)) };
}

function notServed(path: string) {
  if (VENUE_IDS.some((id) => path.startsWith(`/${id}/`)))
    return { status: 503, body: '{"error":"not_served","message":"this venue is not in the capture"}' };
  const known = '/bybit /binance /binance_us /binance_testnet /faults /stats /healthz';
  return { status: 404, body: `{"error":"not_found","message":"known: ${known}"}` };
}

function withRestLimit(spec: VenueSpec, weightPerMinute: number | undefined): VenueSpec {
  if (weightPerMinute === undefined || spec.protocol !== 'binance') return spec;
  return { ...spec, restLimit: { ...spec.restLimit, amount: weightPerMinute } };
}
