/** Run as a process: subscribes a line, unsubscribes at its first data, says so to its parent, and has nothing more to do. */
import { asyncScheduler } from 'rxjs';
import { connectLine } from '../../src/venues/connect.ts';
import { fakeVenue } from './fake-venue.ts';

const subscription = connectLine({
  venue: fakeVenue({ heartbeat: { everyMs: 20_000, frame: () => 'beat' } }),
  url: process.argv[2] ?? '',
  context: { environment: 'simulated', instruments: new Map() },
  topics: () => ['trade.BTC'],
  scheduler: asyncScheduler,
  connectTimeoutMs: 10_000,
  probeAfterMs: 2500,
  compression: false,
  maxFrameMb: 32,
}).subscribe((event) => {
  if (event.kind !== 'data') return;
  subscription.unsubscribe();
  process.send?.('unsubscribed');
  process.disconnect();
});
