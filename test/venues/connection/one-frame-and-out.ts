/**
 * Runs as a process: it opens a connection, unsubscribes at the first data, reports that to its parent, and does
 * nothing more. A timer that is left would keep it alive for ten minutes.
 */
import { asyncScheduler } from 'rxjs';
import { connect } from '../../../src/venues/connection/connect.ts';
import { fakeVenue } from '../fake-venue.ts';

const TEN_MINUTES = 600_000;

const subscription = connect({
  venue: fakeVenue({ heartbeat: { everyMs: TEN_MINUTES, frame: () => 'beat' } }),
  url: process.argv[2] ?? '',
  context: { environment: 'simulated', instruments: new Map() },
  topics: () => ['trade.BTC'],
  scheduler: asyncScheduler,
  connectTimeoutMs: TEN_MINUTES,
  probeAfterMs: TEN_MINUTES,
  compression: false,
  maxFrameMb: 32,
}).subscribe((event) => {
  if (event.kind !== 'value') return;
  subscription.unsubscribe();
  process.send?.('unsubscribed');
  process.disconnect();
});
