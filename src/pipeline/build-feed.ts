import type { SchedulerLike } from 'rxjs';
import type { Instrument, VenueId } from '../domain/instrument.ts';
import type { RawFrame } from '../domain/line.ts';
import type { Position } from '../domain/record.ts';
import { connectLine } from '../venues/connect.ts';
import { venues } from '../venues/registry.ts';
import { VenueRest } from '../venues/rest-client.ts';
import { Activity } from './activity.ts';
import { type Config, environmentOf, feedVenues, instrumentsFor, isDepthChannel } from './config.ts';
import { Feed } from './feed.ts';
import { VenueFeed } from './venue-feed.ts';

/** An answer that takes longer would keep the holes of other symbols waiting for nothing. */
const BACKFILL_TIMEOUT_MS = 3000;

/** What a feed needs beside its configuration. */
export interface FeedDependencies {
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  /** Unique per start of the process. */
  readonly instance: string;
  /** What the sinks remember of former runs; none for a library that has no sink. */
  readonly positions: readonly Position[];
  /** Sees every frame of every line as it came. */
  readonly onFrame?: (venue: VenueId, line: number, frame: RawFrame) => void;
}

/** The feed of a configuration: all its venues, wired to the network. Nothing is connected before it is started. */
export function buildFeed(config: Config, dependencies: FeedDependencies): Feed {
  const { scheduler, wallClockMs, instance, positions, onFrame } = dependencies;
  const wallClockMicros = () => wallClockMs() * 1000;
  const activity = new Activity(config.feed.staleAfterMs / 2);
  const ids = feedVenues(config);
  const feeds = ids.map((id) => {
    const venue = venues[id];
    const { backfill } = venue;
    const settings = config.venues[id];
    const environment = environmentOf(config, id);
    const rest = new VenueRest(venue, settings.restUrl, scheduler);
    activity.register(id, environment);
    return new VenueFeed({
      venue,
      settings,
      environment,
      instruments: instrumentsFor(config, id),
      all: config.coins.kind === 'all' ? { quote: config.quote } : null,
      channels: config.feed.channels.filter((channel) => !isDepthChannel(channel)),
      staleAfterMs: config.feed.staleAfterMs,
      coinStaleAfterMs: config.feed.coinStaleAfterMs,
      failBackAfterMs: config.feed.failBackAfterMs,
      activity,
      scheduler,
      listed$: rest.ask$(venue.instruments),
      fetchMissing:
        backfill === undefined || !config.feed.backfill
          ? undefined
          : (instrument, hole, attempt) =>
              rest.ask$(
                backfill({ ...hole, instrument, attempt, environment, receivedAt: wallClockMicros }),
                BACKFILL_TIMEOUT_MS,
              ),
      connect: ({ url, topics, commands$, instruments, onFrame: tap }) =>
        connectLine({
          venue,
          url,
          context: {
            environment,
            instruments: instruments as ReadonlyMap<string, Instrument>,
          },
          topics,
          commands$,
          scheduler,
          connectTimeoutMs: settings.connectTimeoutMs,
          probeAfterMs: config.feed.staleAfterMs / 2,
          compression: settings.compression,
          maxFrameMb: settings.maxFrameMb,
          onFrame: tap,
        }),
      ...(onFrame === undefined ? {} : { onFrame: (frame: RawFrame, line: number) => onFrame(id, line, frame) }),
    });
  });
  const connectTimeoutMs = Math.max(...ids.map((id) => config.venues[id].connectTimeoutMs));
  return new Feed({
    config: { feed: config.feed, environment: config.environment, connectTimeoutMs },
    venues: feeds,
    positions,
    instance,
    scheduler,
    wallClockMs,
    environmentOf: (venue) => environmentOf(config, venue),
  });
}
