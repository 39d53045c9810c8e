import { defer, Observable } from 'rxjs';
import { asFault } from '../domain/fault.ts';
import { type Instrument, WEBSOCKET_URLS } from '../domain/instrument.ts';
import type { Environment } from '../domain/record.ts';
import type { VenueEvent } from '../domain/venue-event.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import { type AdapterOptions, checkedOptions, instrumentsOf } from './adapter-options.ts';
import { connect } from './connection/connect.ts';
import { planConnections } from './connection/plan-connections.ts';
import type { Venue } from './contract.ts';

/** Emits a venue's normalised events. Subscribing connects, unsubscribing closes; an error is a Fault. */
export type Adapter = (options: AdapterOptions) => Observable<VenueEvent>;

/**
 * Makes the adapter of a venue, with as many connections as its limits require. If one of several connections fails,
 * the adapter emits `failed`, and `serves` for its symbols. It errors only when no connection is left.
 */
export function adapterOf(venue: Venue, ownEnvironment: Environment = 'production'): Adapter {
  return (given) => {
    const options = checkedOptions(venue, given);
    const {
      channels = ['trade', 'ticker'],
      websocketUrls = WEBSOCKET_URLS[venue.id],
      environment = ownEnvironment,
      scheduler = monotonicScheduler,
      connectTimeoutMs = 10_000,
      probeAfterMs = 2500,
      compression = false,
      maxFrameMb = 32,
      onFrame,
    } = options;
    const instruments = instrumentsOf(options);
    let attempts = 0;
    return defer(() => {
      const { length } = websocketUrls;
      const url = websocketUrls[attempts++ % length] ?? '';
      const plans = planConnections(venue, { instruments, channels, lines: 1, websocketUrls: [url] });
      return together(
        plans.map(({ topics, url }) => {
          const carried = instruments.filter((instrument) =>
            channels.some((channel) => venue.topics(instrument, channel).some((topic) => topics.includes(topic))),
          );
          const byVenueSymbol = new Map(carried.map((instrument) => [instrument.venueSymbol, instrument]));
          return {
            carried,
            events$: connect({
              venue,
              url,
              topics: () => topics,
              context: { environment, instruments: byVenueSymbol },
              scheduler,
              connectTimeoutMs,
              probeAfterMs,
              compression,
              maxFrameMb,
              onFrame,
            }),
          };
        }),
        (instrument) => venue.topics(instrument, channels.includes('trade') ? 'trade' : (channels[0] ?? 'trade')),
      );
    });
  };
}

interface Carrying {
  readonly carried: readonly Instrument[];
  readonly events$: Observable<VenueEvent>;
}

/**
 * Merges the connections. `connected` comes with the first connection, `disconnected` and the error when the last one
 * ends.
 */
function together(
  connections: readonly Carrying[],
  neededTopics: (instrument: Instrument) => readonly string[],
): Observable<VenueEvent> {
  return new Observable((subscriber) => {
    let left = connections.length;
    let isConnected = false;
    for (const { carried, events$ } of connections) {
      subscriber.add(
        events$.subscribe({
          next(event) {
            if (event.kind === 'connected' && isConnected) return;
            if (event.kind === 'disconnected' && left > 1) return;
            if (event.kind === 'connected') isConnected = true;
            subscriber.next(event);
            if (event.kind !== 'refused') return;
            for (const instrument of carried)
              if (neededTopics(instrument).some((topic) => event.topics.includes(topic)))
                subscriber.next({ kind: 'serves', key: instrument.symbol, serves: false });
          },
          error(error: unknown) {
            left--;
            if (left === 0) {
              subscriber.error(error);
              return;
            }
            subscriber.next({ kind: 'failed', symbols: carried.map(({ symbol }) => symbol), fault: asFault(error) });
            for (const { symbol } of carried) subscriber.next({ kind: 'serves', key: symbol, serves: false });
          },
        }),
      );
    }
  });
}
