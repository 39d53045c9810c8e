import { EMPTY, identity, map, type Observable, pipe, type SchedulerLike, tap } from 'rxjs';
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
import type { FormerTrades } from '../feed/analytics/trade-analytics.ts';
import type { Resumption } from '../feed/arbitration/resumption.ts';
import { Feed } from '../feed/feed.ts';
import { among, topCoins } from '../feed/instruments/top-coins.ts';
import { watchClock } from '../feed/latency/clock-offset.ts';
import type { Latencies } from '../feed/latency/latencies.ts';
import { Activity } from '../feed/liveness/activity.ts';
import type { FormerEpoch } from '../feed/resume/former-runs.ts';
import { VenueFeed } from '../feed/venue-feed.ts';
import type { VenueFeedOptions } from '../feed/venue-signal.ts';
import { addIntervals, openTimeOf } from '../market/candles/kline-interval.ts';
import { network } from '../net/network.ts';
import type { VenueNetworks } from '../net/venue-networks.ts';
import { connect } from '../venues/connection/connect.ts';
import { ConnectionBudget } from '../venues/connection/connection-budget.ts';
import type { ListedInstrument, RestRequest, Rows } from '../venues/contract.ts';
import { venues } from '../venues/registry.ts';
import { VenueRest } from '../venues/rest/rest-client.ts';
import { PAST_CANDLES } from './past-candles.ts';

/** An answer that takes longer would keep the holes of other symbols waiting for nothing. */
const BACKFILL_TIMEOUT_MS = 3000;
/** A slower answer says little about a clock. */
const CLOCK_TIMEOUT_MS = 3000;

/** How often a connection that carries announcements alone is asked whether it lives. */
const NOTICES_PROBE_MS = 20_000;

/** Told how many rows of a venue's instrument list, or of its 24-hour volumes, cannot be read, with each answer that has such. */
export type OnMalformedRows = (venue: VenueId, list: 'instruments' | 'volumes', rows: number) => void;

/** What a feed needs beside its configuration. */
export interface FeedDependencies {
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  /** Unique per start of the process. */
  readonly instance: string;
  /** How former runs ended, as the sinks tell; none for a library that has no sink. */
  readonly former: readonly FormerEpoch[];
  /** What they published lately, by what is served apart; by default nothing. */
  readonly recent?: Promise<ReadonlyMap<string, FormerTrades>>;
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
  readonly follows?: (symbol: string) => boolean;
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

/** What a feed's venues need of it. */
export type VenueDependencies = Omit<FeedDependencies, 'instance' | 'former' | 'recent'>;

/** The feed of a configuration over its venues. Nothing is connected before it is started, but for venues that are warm. */
export function buildFeed(
  config: Config,
  dependencies: FeedDependencies,
  feeds: readonly VenueFeed[] = buildVenues(config, dependencies),
): Feed {
  const { scheduler, wallClockMs, instance, former } = dependencies;
  const books = booksOf(config);
  for (const feed of feeds) feed.resumeAt(endedAt(former, feed.options.venue.id));
  const connectTimeoutMs = Math.max(...feeds.map(({ options }) => options.settings.connectTimeoutMs));
  return new Feed({
    config: { feed: config.feed, environment: config.environment, connectTimeoutMs },
    ...(books === undefined ? {} : { books }),
    stats: { ...config.stats, idleAfterMs: config.feed.staleAfterMs },
    ...(dependencies.recent === undefined ? {} : { recent: dependencies.recent }),
    venues: feeds,
    former,
    instance,
    scheduler,
    wallClockMs,
    environmentOf: (venue) => environmentOf(config, venue),
  });
}

/** Where former runs ended at a venue, of what can go on, by symbol. */
function endedAt(former: readonly FormerEpoch[], id: VenueId): ReadonlyMap<string, Resumption> {
  return new Map(
    former.flatMap(({ venue, symbol, takeUp }) => (venue === id && takeUp !== undefined ? [[symbol, takeUp]] : [])),
  );
}

/** A venue's REST interface within the configured share of its limits. */
export function newRest(
  config: Config,
  id: VenueId,
  scheduler: SchedulerLike,
  networks: VenueNetworks = () => network,
): VenueRest {
  const { restUrl } = config.venues[id];
  return new VenueRest(venues[id], restUrl, scheduler, networks(id, 0).get, config.cluster.venueBudgetShare);
}

/** Attempts to connect to a venue, within the configured share of its limit. */
export function newConnectionBudget(config: Config, id: VenueId): ConnectionBudget {
  return new ConnectionBudget(venues[id].limits.connectionsPerFiveMinutes, config.cluster.venueBudgetShare);
}

/** The venues of a configuration, wired to the network. */
export function buildVenues(config: Config, dependencies: VenueDependencies): readonly VenueFeed[] {
  const { scheduler, wallClockMs, latencies, lifetimeMs, random, onFrame, follows = () => true } = dependencies;
  const networks = dependencies.networks ?? (() => network);
  const wallClockMicros = () => wallClockMs() * 1000;
  const activity = new Activity({
    quietMs: config.feed.staleAfterMs / 2,
    coinQuietMs: config.feed.coinStaleAfterMs,
  });
  const ids = feedVenues(config);
  const books = booksOf(config);
  const rests = new Map(ids.map((id) => [id, dependencies.restOf?.(id) ?? newRest(config, id, scheduler, networks)]));
  const top$ =
    dependencies.topCoins ??
    topCoinsOf(config, (id) => rests.get(id) as VenueRest, scheduler, dependencies.onMalformedRows);
  const ours = pipe(
    map((rows: readonly ListedInstrument[]) => rows.filter(({ base, quote }) => follows(base + quote))),
    top$ === undefined ? identity : among(top$),
  );
  return ids.map((id) => {
    const venue = venues[id];
    const { backfill, backfillAggTrades, recent } = venue;
    const settings = config.venues[id];
    const environment = environmentOf(config, id);
    const rest = rests.get(id) as VenueRest;
    activity.register(id, environment);
    return new VenueFeed({
      venue,
      settings,
      connectionBudget: dependencies.connectionsOf?.(id) ?? newConnectionBudget(config, id),
      environment,
      feedEnvironment: config.environment,
      instruments: instrumentsFor(config, id).filter(({ symbol }) => follows(symbol)),
      all: config.coins.kind === 'all' ? { quote: config.quote, ours } : null,
      ...(dependencies.listEveryMs === undefined ? {} : { listEveryMs: dependencies.listEveryMs }),
      channels: subscribedChannels(config),
      ...(books === undefined ? {} : { books }),
      fetchBook: fetchBookOf(config, id, rest, wallClockMicros),
      staleAfterMs: config.feed.staleAfterMs,
      coinStaleAfterMs: config.feed.coinStaleAfterMs,
      failBackAfterMs: config.feed.failBackAfterMs,
      activity,
      scheduler,
      listed$: listedAt(id, rest, dependencies.onMalformedRows),
      restWeight: () => rest.sentWeight,
      fetchMissing:
        backfill === undefined || !config.feed.backfill
          ? undefined
          : (instrument, hole, attempt) => {
              const wanted = { ...hole, instrument, attempt, environment, receivedAt: wallClockMicros };
              if (hole.kind === 'trade') return rest.ask$(backfill(wanted), BACKFILL_TIMEOUT_MS);
              return backfillAggTrades === undefined
                ? EMPTY
                : rest.ask$(backfillAggTrades(wanted), BACKFILL_TIMEOUT_MS);
            },
      fetchRecent:
        recent === undefined || !config.feed.backfill
          ? undefined
          : (instrument) => rest.ask$(recent(instrument, environment, wallClockMicros), BACKFILL_TIMEOUT_MS),
      fetchCandles: fetchCandlesOf(config, id, rest, wallClockMs),
      connect: ({ line, url, topics, commands$, instruments, closingAfterMs, onFrame: tap }) =>
        connect({
          venue,
          url,
          open: networks(id, line).open,
          context: { environment, instruments },
          topics,
          commands$,
          scheduler,
          connectTimeoutMs: settings.connectTimeoutMs,
          probeAfterMs: config.feed.staleAfterMs / 2,
          compression: settings.compression,
          maxFrameMb: settings.maxFrameMb,
          ...(closingAfterMs === undefined ? {} : { closingAfterMs }),
          onFrame: tap,
          ...(latencies === undefined ? {} : { clock: latencies.clock }),
        }),
      ...(latencies === undefined
        ? {}
        : {
            timing: {
              latency: latencies.venue(id),
              clock$: watchClock(
                {
                  ask: (onSent) => rest.ask$(venue.time, CLOCK_TIMEOUT_MS, onSent),
                  read: () => ({ wall: latencies.clock() / 1000, monotonic: scheduler.now() }),
                },
                scheduler,
              ),
            },
          }),
      ...noticesOf(config, id, scheduler, networks),
      ...(random === undefined ? {} : { random }),
      ...(lifetimeMs === undefined || venue.limits.connectionLifetimeMs === undefined ? {} : { lifetimeMs }),
      ...(onFrame === undefined ? {} : { onFrame: (frame: RawFrame, line: number) => onFrame(id, line, frame) }),
    });
  });
}

/** The most traded coins where those alone are followed. */
export function topCoinsOf(
  config: Config,
  restOf: (venue: VenueId) => VenueRest,
  scheduler: SchedulerLike,
  onMalformed?: OnMalformedRows,
): Observable<ReadonlySet<string>> | undefined {
  const { coins, quote } = config;
  if (coins.kind !== 'all' || coins.topByVolume === undefined) return undefined;
  const sources = feedVenues(config).map((id) => ({
    listed$: listedAt(id, restOf(id), onMalformed),
    volumes$: readableRows(restOf(id), venues[id].dayVolumes, (rows) => onMalformed?.(id, 'volumes', rows)),
  }));
  return topCoins({ sources, quote, most: coins.topByVolume, scheduler });
}

function listedAt(id: VenueId, rest: VenueRest, onMalformed?: OnMalformedRows): VenueFeedOptions['listed$'] {
  return readableRows(rest, venues[id].instruments, (rows) => onMalformed?.(id, 'instruments', rows));
}

function readableRows<T>(
  rest: VenueRest,
  request: RestRequest<Rows<T>>,
  onMalformed: (rows: number) => void,
): Observable<readonly T[]> {
  return rest.ask$(request).pipe(
    tap(({ malformed }) => {
      if (malformed > 0) onMalformed(malformed);
    }),
    map(({ rows }) => rows),
  );
}

/** Levels a side that a whole book is asked for with: first the most that the venue's budget allows for all. */
const BOOK_LEVELS = [5000, 1000, 500, 100];
/** Of a minute's weight all books together may take so much: what trades need is left. */
const BOOKS_SHARE = 0.25;
/** Of what may be spent at once they leave so much to trades, and to books that the price has run past; those leave the rest. */
const LEFT_BY_BOOKS = 0.5;
const LEFT_BY_URGENT = 0.25;

function fetchBookOf(
  config: Config,
  id: VenueId,
  rest: VenueRest,
  receivedAt: () => number,
): VenueFeedOptions['fetchBook'] {
  const { book, restWeightPerMinute } = venues[id];
  const wish = booksOf(config);
  if (book === undefined || wish?.deltas !== true) return undefined;
  const environment = environmentOf(config, id);
  const symbols = config.coins.kind === 'all' ? Number.POSITIVE_INFINITY : instrumentsFor(config, id).length;
  return (instrument, { larger, isUrgent, onSent }) => {
    const requests = BOOK_LEVELS.map((levels) =>
      book({ instrument, levels: Math.max(levels, wish.levels), environment, receivedAt }),
    );
    const affordable = requests.findIndex(
      ({ weight }) => weight * symbols <= restWeightPerMinute * BOOKS_SHARE * config.cluster.venueBudgetShare,
    );
    const first = affordable === -1 ? requests.length - 1 : affordable;
    const request = requests[Math.max(0, first - larger)] as (typeof requests)[number];
    return rest.askSparingly$(request, { leaves: isUrgent ? LEFT_BY_URGENT : LEFT_BY_BOOKS, onSent });
  };
}

function fetchCandlesOf(
  config: Config,
  id: VenueId,
  rest: VenueRest,
  wallClockMs: () => number,
): VenueFeedOptions['fetchCandles'] {
  const { history } = venues[id];
  if (history === undefined || !config.feed.channels.includes('kline_1m')) return undefined;
  const environment = environmentOf(config, id);
  return (instrument) => {
    const series = history.klines({ instrument, environment, receivedAt: () => wallClockMs() * 1000 }, '1m');
    const now = wallClockMs();
    const last = addIntervals(openTimeOf('1m', now), '1m', -1);
    return rest
      .askSparingly$(series.page(series.step(last, 1 - PAST_CANDLES), last, now))
      .pipe(map(({ rows }) => rows.flatMap(({ record }) => (record.kind === 'kline' ? [record] : []))));
  };
}

/** A connection to the venue's announcements, beside its lines, where it makes any. */
function noticesOf(
  config: Config,
  id: VenueId,
  scheduler: SchedulerLike,
  networks: VenueNetworks,
): Pick<VenueFeedOptions, 'notices$'> {
  const settings = config.venues[id];
  const { notices } = venues[id];
  const url = settings.websocketUrls.map((base) => notices?.url(base)).find((found) => found !== undefined);
  if (notices === undefined || url === undefined) return {};
  return {
    notices$: connect({
      venue: { ...venues[id], newDecoder: notices.newDecoder },
      url,
      open: networks(id, 0).open,
      context: { environment: environmentOf(config, id), instruments: new Map() },
      topics: () => notices.topics,
      scheduler,
      connectTimeoutMs: settings.connectTimeoutMs,
      probeAfterMs: NOTICES_PROBE_MS,
      compression: settings.compression,
      maxFrameMb: settings.maxFrameMb,
    }),
  };
}
