import { identity, map, type Observable, pipe, type SchedulerLike } from 'rxjs';
import {
  booksOf,
  type Config,
  environmentOf,
  feedVenues,
  instrumentsFor,
  subscribedChannels,
} from '../config/config.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { RawFrame } from '../domain/venue-event.ts';
import { among } from '../feed/instruments/top-coins.ts';
import { watchClock } from '../feed/latency/clock-offset.ts';
import type { Latencies } from '../feed/latency/latencies.ts';
import { Activity } from '../feed/liveness/activity.ts';
import { VenueFeed } from '../feed/venue-feed.ts';
import type { VenueFeedOptions } from '../feed/venue-signal.ts';
import { type Network, network, type VenueNetworks } from '../net/network.ts';
import { connect } from '../venues/connection/connect.ts';
import { ConnectionBudget } from '../venues/connection/rate-limit.ts';
import type { ListedInstrument, Venue } from '../venues/contract.ts';
import { venues } from '../venues/registry.ts';
import type { VenueRest } from '../venues/rest/rest-client.ts';
import { newRest, type OnMalformedRows, topCoinsOf, venueRequests } from './venue-requests.ts';

/** A slower answer says little about a clock. */
const CLOCK_TIMEOUT_MS = 3000;
/** How often a connection that carries announcements alone is asked whether it lives. */
const NOTICES_PROBE_MS = 20_000;

/** What venues need beside the configuration. */
export interface VenueDependencies {
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  /** Gets the times of all stages; without it nothing is timed. */
  readonly latencies?: Latencies;
  /** A venue's REST interface, where several feeds share its budget; one of its own by default. */
  readonly restOf?: (venue: VenueId) => VenueRest;
  /** The same of its attempts to connect. */
  readonly connectionsOf?: (venue: VenueId) => ConnectionBudget;
  /** The most traded coins, where several feeds ask for them together. */
  readonly topCoins?: Observable<ReadonlySet<string>> | undefined;
  readonly onMalformedRows?: OnMalformedRows;
  /** Which symbols are followed of those that the configuration names; all by default. */
  readonly follows?: ((symbol: string) => boolean) | undefined;
  /** The age at which the venues close a connection, milliseconds, instead of what is known of them; for tests. */
  readonly lifetimeMs?: number;
  /** How often the venues are asked what they list, milliseconds, where all of it is followed; by default every five minutes. */
  readonly listEveryMs?: number;
  /** What stands for the network: a recording of it, or one that is replayed; the real one by default. */
  readonly networks?: VenueNetworks;
  /** Uniform in [0, 1), for the times of retries and rotations; `Math.random` by default. */
  readonly random?: () => number;
  /** Sees every frame of every line as it came. */
  readonly onFrame?: (venue: VenueId, line: number, frame: RawFrame) => void;
}

/** Attempts to connect to a venue, within the configured share of its limit. */
export function newConnectionBudget(config: Config, id: VenueId): ConnectionBudget {
  return new ConnectionBudget(venues[id].limits.connectionsPerFiveMinutes, config.cluster.venueBudgetShare);
}

/** The venues of a configuration, wired to the network. */
export function buildVenues(config: Config, dependencies: VenueDependencies): readonly VenueFeed[] {
  const { scheduler, wallClockMs, networks, random, lifetimeMs, listEveryMs, onFrame } = dependencies;
  const { onMalformedRows, follows = () => true } = dependencies;
  const { staleAfterMs, coinStaleAfterMs, failBackAfterMs } = config.feed;
  const activity = new Activity({ quietMs: staleAfterMs / 2, coinQuietMs: coinStaleAfterMs });
  const rests = new Map<VenueId, VenueRest>();
  const { restOf = (id) => getOrCreate(rests, id, () => newRest(config, id, scheduler, networks)) } = dependencies;
  const top$ = dependencies.topCoins ?? topCoinsOf(config, restOf, scheduler, onMalformedRows);
  const ours = pipe(
    map((rows: readonly ListedInstrument[]) => rows.filter(({ base, quote }) => follows(base + quote))),
    top$ === undefined ? identity : among(top$),
  );
  return feedVenues(config).map((id) => {
    const venue = venues[id];
    const rest = restOf(id);
    const environment = environmentOf(config, id);
    activity.register(id, environment);
    return new VenueFeed({
      venue,
      settings: config.venues[id],
      connectionBudget: dependencies.connectionsOf?.(id) ?? newConnectionBudget(config, id),
      environment,
      feedEnvironment: config.environment,
      instruments: instrumentsFor(config, id).filter(({ symbol }) => follows(symbol)),
      all: config.coins.kind === 'all' ? { quote: config.quote, ours } : null,
      listEveryMs,
      channels: subscribedChannels(config),
      books: booksOf(config),
      staleAfterMs,
      coinStaleAfterMs,
      failBackAfterMs,
      activity,
      scheduler,
      ...venueRequests(config, id, { rest, wallClockMs, onMalformedRows }),
      ...connectionsOf(config, id, dependencies),
      ...timingOf(venue, rest, dependencies),
      random,
      lifetimeMs: venue.limits.connectionLifetimeMs && lifetimeMs,
      onFrame: onFrame && ((frame, line) => onFrame(id, line, frame)),
    });
  });
}

/** Connections to the venue's market data, and one to its announcements beside its lines, if it makes any. */
function connectionsOf(
  config: Config,
  id: VenueId,
  { scheduler, latencies, networks }: VenueDependencies,
): Pick<VenueFeedOptions, 'connect' | 'notices$'> {
  const venue = venues[id];
  const { websocketUrls, connectTimeoutMs, compression, maxFrameMb } = config.venues[id];
  const environment = environmentOf(config, id);
  const openOf = (line: number): Network['open'] => (networks?.(id, line) ?? network).open;
  const settings = { scheduler, connectTimeoutMs, compression, maxFrameMb };
  const { notices } = venue;
  const noticesUrl = websocketUrls.map((base) => notices?.url(base)).find((url) => url !== undefined);
  return {
    connect: ({ line, instruments, ...of }) =>
      connect({
        ...settings,
        ...of,
        venue,
        open: openOf(line),
        context: { environment, instruments },
        probeAfterMs: config.feed.staleAfterMs / 2,
        clock: latencies?.clock,
      }),
    notices$:
      notices === undefined || noticesUrl === undefined
        ? undefined
        : connect({
            ...settings,
            venue: { ...venue, newDecoder: notices.newDecoder },
            url: noticesUrl,
            open: openOf(0),
            context: { environment, instruments: new Map() },
            topics: () => notices.topics,
            probeAfterMs: NOTICES_PROBE_MS,
          }),
  };
}

/** What is timed, and the venue's clock for it. */
function timingOf(
  venue: Venue,
  rest: VenueRest,
  { latencies, scheduler }: VenueDependencies,
): Pick<VenueFeedOptions, 'timing'> {
  if (latencies === undefined) return {};
  const clock$ = watchClock(
    {
      ask: (onSent) => rest.ask$(venue.time, CLOCK_TIMEOUT_MS, onSent),
      read: () => ({ wall: latencies.clock() / 1000, monotonic: scheduler.now() }),
    },
    scheduler,
  );
  return { timing: { latency: latencies.venue(venue.id), clock$ } };
}
