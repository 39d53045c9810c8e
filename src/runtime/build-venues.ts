import { identity, map, pipe } from 'rxjs';
import {
  booksOf,
  type Config,
  environmentOf,
  feedVenues,
  instrumentsFor,
  subscribedChannels,
} from '../config/config.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { RawFrame } from '../domain/venue-event.ts';
import { among } from '../feed/instruments/top-coins.ts';
import { watchClock } from '../feed/latency/clock-offset.ts';
import type { Latencies } from '../feed/latency/latencies.ts';
import { Activity } from '../feed/liveness/activity.ts';
import { VenueFeed } from '../feed/venue-feed.ts';
import type { VenueFeedOptions } from '../feed/venue-feed-options.ts';
import { type Network, network } from '../net/network.ts';
import { connect } from '../venues/connection/connect.ts';
import type { ListedInstrument, Venue } from '../venues/contract.ts';
import { servingVenues } from '../venues/missing-channels.ts';
import { venues } from '../venues/registry.ts';
import type { VenueRest } from '../venues/rest/rest-client.ts';
import { VenueAccess, type VenueAccessOptions } from './venue-access.ts';
import { venueRequests } from './venue-requests.ts';

/** Timeout of a clock request: a slower response would show little about the venue's clock. */
const CLOCK_TIMEOUT_MS = 3000;
/** A connection that has only announcements is pinged each time no data has come for this long, milliseconds. */
const NOTICES_PROBE_MS = 20_000;

export interface VenueDependencies extends VenueAccessOptions {
  readonly wallClockMs: () => number;
  /** Measures the latency of each stage. Without it, no latency is measured. */
  readonly latencies?: Latencies;
  /** How long this thread has computed so far, milliseconds. Without it the thread never counts as busy. */
  readonly busyMs?: () => number;
  /** The budgets for requests and connections, shared by the feeds of a process. Default: new ones. */
  readonly access?: VenueAccess;
  /** Selects the symbols to follow. Default: all configured ones. */
  readonly follows?: ((symbol: string) => boolean) | undefined;
  /** The age at which venues close a connection, milliseconds. It replaces the venues' own limits, for tests. */
  readonly lifetimeMs?: number;
  /**
   * How often the venues' instrument lists are fetched, milliseconds, if all instruments are followed. Default: five
   * minutes.
   */
  readonly listEveryMs?: number;
  /** Uniform in [0, 1), for the times of retries and rotations; `Math.random` by default. */
  readonly random?: () => number;
  /** Receives every frame of every line. */
  readonly onFrame?: (venue: VenueId, line: number, frame: RawFrame) => void;
}

/** Makes the feed of each venue that the configuration uses. */
export function buildVenues(config: Config, dependencies: VenueDependencies): readonly VenueFeed[] {
  const { scheduler, wallClockMs, random, lifetimeMs, listEveryMs, onFrame, follows = () => true } = dependencies;
  const { access = new VenueAccess(config, dependencies) } = dependencies;
  const { staleAfterMs, coinStaleAfterMs, maxEventLagMs, failBackAfterMs } = config.feed;
  const activity = new Activity({ idleAfterMs: staleAfterMs / 2, coinIdleAfterMs: coinStaleAfterMs });
  const ours = pipe(
    map((rows: readonly ListedInstrument[]) => rows.filter(({ base, quote }) => follows(base + quote))),
    access.topCoins$ === undefined ? identity : among(access.topCoins$),
  );
  return venuesInUse(config).map((id) => {
    const venue = venues[id];
    const environment = environmentOf(config, id);
    activity.register(id, environment);
    return new VenueFeed({
      venue,
      settings: config.venues[id],
      connectionBudget: access.connections(id),
      environment,
      feedEnvironment: config.environment,
      instruments: instrumentsFor(config, id).filter(({ symbol }) => follows(symbol)),
      all: config.coins.kind === 'all' ? { quote: config.quote, ours } : null,
      listEveryMs,
      channels: subscribedChannels(config),
      books: booksOf(config),
      staleAfterMs,
      coinStaleAfterMs,
      maxEventLagMs,
      failBackAfterMs,
      activity,
      scheduler,
      wallClockMs,
      ...venueRequests(config, id, access, wallClockMs),
      ...connectionsOf(config, id, dependencies),
      ...timingOf(venue, access.rest(id), dependencies),
      random,
      lifetimeMs: venue.limits.connectionLifetimeMs && lifetimeMs,
      onFrame: onFrame && ((frame, line) => onFrame(id, line, frame)),
    });
  });
}

/** Returns the configured venues that take part. With failover, only venues that can serve take part. */
export function venuesInUse(config: Config): readonly VenueId[] {
  const configured = feedVenues(config);
  return config.feed.mode === 'all' ? configured : servingVenues(configured, config.feed.channels);
}

/** Connects to the venue's market data, and to its announcements if it makes any. */
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

function timingOf(
  venue: Venue,
  rest: VenueRest,
  { latencies, scheduler, busyMs }: VenueDependencies,
): Pick<VenueFeedOptions, 'timing'> {
  if (latencies === undefined) return {};
  const clock$ = watchClock(
    {
      ask: (onSent) => rest.ask$(venue.time, CLOCK_TIMEOUT_MS, onSent),
      read: () => ({ wall: latencies.clock() / 1000, monotonic: scheduler.now() }),
    },
    scheduler,
  );
  return { timing: { latency: latencies.venue(venue.id), clock$, busyMs } };
}
