import { booksOf, type Config, feedVenues, subscribedChannels } from '../config/config.ts';
import type { VenueId } from '../domain/instrument.ts';
import { KlineCheck, subscribedKlines } from '../feed/analytics/kline-check.ts';
import type { PreviousTrades } from '../feed/analytics/stats-epoch.ts';
import type { Resumption } from '../feed/arbitration/merged-event.ts';
import { feed } from '../feed/feed.ts';
import type { FeedReport } from '../feed/feed-event.ts';
import type { PreviousEpoch } from '../feed/resume/previous-runs.ts';
import type { VenueFeed } from '../feed/venue-feed.ts';
import { missingChannels } from '../venues/missing-channels.ts';
import { contiguousVenues } from '../venues/registry.ts';
import { buildVenues, type VenueDependencies, venuesInUse } from './build-venues.ts';
import { RunningFeed } from './running-feed.ts';

export interface FeedDependencies extends VenueDependencies {
  /** Id of this start of the process. */
  readonly instance: string;
  readonly previous?: readonly PreviousEpoch[];
  /** The last trades of the previous epochs. Default: none. */
  readonly recent?: Promise<readonly PreviousTrades[]>;
}

/** Builds the feed of a configuration. `start()` of the feed connects the venues that are not connected yet. */
export function buildFeed(
  config: Config,
  dependencies: FeedDependencies,
  venueFeeds: readonly VenueFeed[] = buildVenues(config, dependencies),
): RunningFeed {
  const { scheduler, wallClockMs, instance, previous = [], recent } = dependencies;
  for (const venue of venueFeeds) venue.resumeAt(endedAt(previous, venue.options.venue.id));
  const { environment } = config;
  const reports = channelReports(config);
  const books = booksOf(config);
  const connectTimeoutMs = Math.max(...venueFeeds.map(({ options }) => options.settings.connectTimeoutMs));
  const options = {
    config: { feed: config.feed, environment, connectTimeoutMs },
    ...(books === undefined ? {} : { books }),
    stats: { ...config.stats, idleAfterMs: config.feed.staleAfterMs },
    scheduler,
    wallClockMs,
  };
  const isAlone = config.feed.mode === 'all';
  return new RunningFeed({
    venues: isAlone ? venueFeeds.map((venue) => [venue]) : [venueFeeds],
    feed: (own, host) => {
      const ids = new Set<string>(own.map((venue) => venue.options.venue.id));
      const isOwn = ({ venue }: { readonly venue: string }) => !isAlone || ids.has(venue);
      return feed(own, {
        ...options,
        ...host,
        previous: previous.filter(isOwn),
        reports: reports.filter(isOwn),
        ...(recent === undefined ? {} : { recent: recent.then((all) => all.filter(isOwn)) }),
      });
    },
    instance,
    environment,
    scheduler,
    wallClockMs,
    klineCheck: klineCheckOf(config),
  });
}

/** Makes the status reports of the start: one for each channel that a venue lacks. */
function channelReports(config: Config): readonly Extract<FeedReport, { kind: 'status' }>[] {
  const missing = missingChannels(feedVenues(config), subscribedChannels(config), venuesInUse(config));
  return missing.map(({ venue, channel, reason }) => ({
    kind: 'status',
    venue,
    note: { state: 'subscription_rejected', venue, channel, reason },
  }));
}

/** Makes the check that compares the venues' candles with their trades; undefined unless both are subscribed. */
function klineCheckOf({ feed: { channels }, stats }: Config): KlineCheck | undefined {
  const subscribed = subscribedKlines(channels);
  const { allowedLatenessMs } = stats;
  return subscribed && new KlineCheck({ ...subscribed, allowedLatenessMs, contiguousVenues });
}

/** A venue's resume points by symbol. */
function endedAt(previous: readonly PreviousEpoch[], id: VenueId): ReadonlyMap<string, Resumption> {
  return new Map(
    previous.flatMap(({ venue, symbol, resumePoint }) =>
      venue === id && resumePoint !== undefined ? [[symbol, resumePoint]] : [],
    ),
  );
}
