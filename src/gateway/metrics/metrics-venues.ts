import { VENUE_STATES } from '../../domain/venue-state.ts';
import type { Metric } from '../../telemetry/prometheus-text.ts';
import { counter, gauge, labelled, type MetricsSource, metricsOfEach, seconds } from './metric.ts';

/** The metrics of each venue. */
export function venueMetrics({ view, snapshot }: MetricsSource): readonly Metric[] {
  const { feed } = view;
  const observed = metricsOfEach(() => [...feed.venues].map(([venue, summary]) => [{ venue }, summary]));
  const reported = metricsOfEach(() => (view.snapshot?.venues ?? []).map((each) => [{ venue: each.venue }, each]));
  const counted = metricsOfEach(() => labelled('venue', snapshot()?.venues));
  return [
    observed.gauge('venue_active', '1 for the venue that serves.', ({ venue }) => (venue === feed.activeVenue ? 1 : 0)),
    gauge('venue_state', '1 for the state that a venue is in, 0 for the others.', () =>
      [...(view.snapshot?.venues ?? feed.venues.values())].flatMap(({ venue, state: now }) =>
        VENUE_STATES.map((state) => [{ venue, state }, state === now ? 1 : 0] as const),
      ),
    ),
    observed.gauge('venue_data_age_seconds', 'Age of the last data of a venue.', ({ ageMs }) => seconds(ageMs)),
    reported.gauge('venue_lines', 'Planned connections.', (of) => of.lines),
    reported.gauge('venue_lines_up', 'Open connections.', (of) => of.linesUp),
    reported.gauge('venue_clock_offset_seconds', "The venue's clock minus ours.", ({ clock }) =>
      seconds(clock.estimate?.offsetMs ?? null),
    ),
    gauge(
      'event_lag_seconds',
      'Least lag of a line in a second: from an event to its receipt, corrected by the clock offset.',
      () =>
        (view.snapshot?.venues ?? []).flatMap(({ venue, lineLags }) =>
          lineLags.map(({ line, eventLagMs }) => [{ venue, line: String(line) }, eventLagMs / 1000] as const),
        ),
    ),
    reported.counter('venue_clock_failures', "Failed requests for the venue's time.", ({ clock }) => clock.failures),
    reported.counter('frames', 'Frames received.', (of) => of.frames),
    counted.counter('events', 'Events decoded from frames, without repeats.', (of) => of.events),
    counted.counter('duplicates', 'Repeats dropped: another line was first.', (of) => of.duplicates),
    counted.counter(
      'malformed_frames',
      'Frames, and rows of REST answers, that could not be decoded.',
      (of) => of.malformed,
    ),
    counted.counts('ignored_frames', 'Frames without requested data.', 'reason', (of) => of.ignored),
    counted.counts(
      'data_warnings',
      'Odd data: passed on, or left out if it has no price yet.',
      'warning',
      (of) => of.warnings,
    ),
    counted.counts('reconnects', 'Connections lost or not made.', 'reason', (of) => of.reconnects),
    counted.counter('book_resyncs', 'Order books that fell out of step.', (of) => of.bookResyncs),
    counted.counter('book_fetch_failures', 'Failed requests for whole books.', (of) => of.booksNotHad),
    counted.counter('rest_weight', "Weight of requests to the venue's REST interface.", (of) => of.restWeight),
    ...candleMetrics(view),
    counted.histogram(
      'venue_to_socket_seconds',
      'Time from the trade to the socket, clock corrected.',
      (of) => of.venueToSocket,
    ),
    counted.histogram('socket_to_emitted_seconds', 'Time from the socket to the record.', (of) => of.socketToEmitted),
  ];
}

/** The metrics of the candle comparison, summed over all symbols and intervals of a venue. */
function candleMetrics(view: MetricsSource['view']): readonly Metric[] {
  const byVenue = () => [...Map.groupBy(view.snapshot?.klines ?? [], ({ venue }) => venue)];
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return [
    counter('candles_compared', "Closed candles compared with the trades'.", () =>
      byVenue().map(([venue, candles]) => [{ venue }, sum(candles.map(({ compared }) => compared))]),
    ),
    counter('candles_differing', 'Compared candles that differ, by cause; one may have several.', () =>
      byVenue().flatMap(([venue, candles]) =>
        Object.keys(candles[0]?.causes ?? {}).map(
          (cause) => [{ venue, cause }, sum(candles.map(({ causes }) => causes[cause] ?? 0))] as const,
        ),
      ),
    ),
  ];
}
