import { VENUE_STATES } from '../../domain/venue-state.ts';
import type { Metric } from '../../telemetry/prometheus-text.ts';
import { counter, gauge, metricsOfEach, seconds } from './metric.ts';
import type { MetricsSource } from './metrics-source.ts';

/** Each venue: whether it delivers, what came of it, how long that took. */
export function venueMetrics({ view, snapshot }: MetricsSource): readonly Metric[] {
  const { feed } = view;
  const told = metricsOfEach(() => (view.snapshot?.venues ?? []).map((each) => [{ venue: each.venue }, each] as const));
  const counted = metricsOfEach(() =>
    Object.entries(snapshot()?.venues ?? {}).map(([venue, metrics]) => [{ venue }, metrics] as const),
  );
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
    told.gauge('venue_lines', 'Connections that the plan has.', ({ lines }) => lines),
    told.gauge('venue_lines_up', 'Those that are open.', ({ linesUp }) => linesUp),
    told.gauge('venue_clock_offset_seconds', "The venue's clock minus ours.", ({ clock }) =>
      seconds(clock.estimate?.offsetMs ?? null),
    ),
    told.counter('venue_clock_failures', 'Questions for its time in vain.', ({ clock }) => clock.failures),
    told.counter('frames', 'Frames received.', ({ frames }) => frames),
    counted.counter('events', 'Events of them, repeats left out.', ({ events }) => events),
    counted.counter(
      'duplicates',
      'Repeats dropped: what another line had brought already.',
      ({ duplicates }) => duplicates,
    ),
    counted.counter('malformed_frames', 'Frames that could not be read.', ({ malformed }) => malformed),
    counted.counts('ignored_frames', 'Frames that tell nothing that is asked for.', 'reason', ({ ignored }) => ignored),
    counted.counts('data_warnings', 'Data that is odd and passed on.', 'warning', ({ warnings }) => warnings),
    counted.counts('reconnects', 'Connections lost or not made.', 'reason', ({ reconnects }) => reconnects),
    counted.counter('book_resyncs', 'Order books that fell out of step.', ({ bookResyncs }) => bookResyncs),
    counted.counter('book_fetch_failures', 'Whole books asked for in vain.', ({ booksNotHad }) => booksNotHad),
    counted.counter('rest_weight', "Weight of requests to the venue's REST interface.", ({ restWeight }) => restWeight),
    ...candleMetrics(view),
    counted.histogram(
      'venue_to_socket_seconds',
      'From the time of a trade to our socket, its clock corrected.',
      ({ venueToSocket }) => venueToSocket,
    ),
    counted.histogram(
      'socket_to_emitted_seconds',
      'From our socket to where records leave the feed.',
      ({ socketToEmitted }) => socketToEmitted,
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
