import type { Counts, VenueFigures } from '../../domain/feed-figures.ts';
import type { VenueSnapshot } from '../../domain/feed-snapshot.ts';
import { VENUE_STATES } from '../../domain/venue-state.ts';
import type { Metric, Read } from '../../telemetry/prometheus-text.ts';
import { counter, gauge, histogram, putCounts, seconds } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** Each venue: whether it delivers, what came of it, how long that took. */
export function venueMetrics({ view, figures }: MetricsSource): readonly Metric[] {
  const { feed } = view;
  const told =
    (read: (venue: VenueSnapshot) => number | null): Read<number> =>
    (put) => {
      for (const venue of view.snapshot?.venues ?? []) put(read(venue), { venue: venue.venue });
    };
  const counted =
    <T>(read: (venue: VenueFigures) => T): Read<T> =>
    (put) => {
      for (const [venue, counts] of Object.entries(figures()?.venues ?? {})) put(read(counts), { venue });
    };
  const named =
    (label: string, read: (venue: VenueFigures) => Counts): Read<number> =>
    (put) => {
      for (const [venue, counts] of Object.entries(figures()?.venues ?? {}))
        putCounts(put, read(counts), label, { venue });
    };
  return [
    gauge('venue_active', '1 for the venue that serves.', (put) => {
      for (const { venue } of feed.venues.values()) put(venue === feed.activeVenue ? 1 : 0, { venue });
    }),
    gauge('venue_state', '1 for the state that a venue is in, 0 for the others.', (put) => {
      for (const { venue, state: now } of view.snapshot?.venues ?? feed.venues.values())
        for (const each of VENUE_STATES) put(each === now ? 1 : 0, { venue, state: each });
    }),
    gauge('venue_data_age_seconds', 'Since the last data of a venue.', (put) => {
      for (const { venue, ageMs } of feed.venues.values()) put(seconds(ageMs), { venue });
    }),
    gauge(
      'venue_lines',
      'Connections that the plan has.',
      told(({ lines }) => lines),
    ),
    gauge(
      'venue_lines_up',
      'Those that are open.',
      told(({ linesUp }) => linesUp),
    ),
    gauge(
      'venue_clock_offset_seconds',
      "The venue's clock minus ours.",
      told(({ clock }) => seconds(clock.estimate?.offsetMs ?? null)),
    ),
    counter(
      'venue_clock_failures',
      'Questions for its time in vain.',
      told(({ clock }) => clock.failures),
    ),
    counter(
      'frames',
      'Frames received.',
      told(({ frames }) => frames),
    ),
    counter(
      'events',
      'Events of them, repeats left out.',
      counted(({ events }) => events),
    ),
    counter(
      'duplicates',
      'Repeats dropped: what another line had brought already.',
      counted(({ duplicates }) => duplicates),
    ),
    counter(
      'malformed_frames',
      'Frames that could not be read.',
      counted(({ malformed }) => malformed),
    ),
    counter(
      'ignored_frames',
      'Frames that tell nothing that is asked for.',
      named('reason', ({ ignored }) => ignored),
    ),
    counter(
      'data_warnings',
      'Data that is odd and passed on.',
      named('warning', ({ warnings }) => warnings),
    ),
    counter(
      'reconnects',
      'Connections lost or not made.',
      named('reason', ({ reconnects }) => reconnects),
    ),
    counter(
      'book_resyncs',
      'Order books that fell out of step.',
      counted(({ bookResyncs }) => bookResyncs),
    ),
    counter(
      'book_fetch_failures',
      'Whole books asked for in vain.',
      counted(({ booksNotHad }) => booksNotHad),
    ),
    counter(
      'rest_weight',
      "Weight of requests to the venue's REST interface.",
      counted(({ restWeight }) => restWeight),
    ),
    ...candleMetrics(view),
    histogram(
      'venue_to_socket_seconds',
      'From the time of a trade to our socket, its clock corrected.',
      counted(({ venueToSocket }) => venueToSocket),
    ),
    histogram(
      'socket_to_emitted_seconds',
      'From our socket to where records leave the feed.',
      counted(({ socketToEmitted }) => socketToEmitted),
    ),
  ];
}

/** Over all symbols and intervals of a venue. */
function candleMetrics(view: MetricsSource['view']): readonly Metric[] {
  const byVenue = () => Map.groupBy(view.snapshot?.klines ?? [], ({ venue }) => venue);
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return [
    counter('candles_compared', 'Closed candles held against those of the trades.', (put) => {
      for (const [venue, candles] of byVenue()) put(sum(candles.map(({ compared }) => compared)), { venue });
    }),
    counter('candles_differing', 'Those that differ, by cause; one may have several.', (put) => {
      for (const [venue, candles] of byVenue())
        for (const cause of Object.keys(candles[0]?.causes ?? {}))
          put(sum(candles.map(({ causes }) => causes[cause] ?? 0)), { venue, cause });
    }),
  ];
}
