import { Subject, Subscription, timer } from 'rxjs';
import { booksOf, type Config, environmentOf, instrumentsFor, subscribedChannels } from '../../config/config.ts';
import { asFault } from '../../domain/fault.ts';
import type { Instrument, VenueId } from '../../domain/instrument.ts';
import { mostTraded } from '../../feed/instruments/top-coins.ts';
import { aborted$, pauseFor } from '../../net/aborted.ts';
import { monotonicScheduler } from '../../net/monotonic-scheduler.ts';
import type { VenueNetworks } from '../../net/network.ts';
import { wallClock } from '../../net/wall-clock.ts';
import { connect } from '../../venues/connection/connect.ts';
import type { ConnectionCommand } from '../../venues/connection/control-channel.ts';
import { planConnections } from '../../venues/connection/plan-connections.ts';
import type { DayVolume, ListedInstrument, Venue } from '../../venues/contract.ts';
import { venues } from '../../venues/registry.ts';
import { VenueRest } from '../../venues/rest/rest-client.ts';
import { clockText, measureClock, WARN_ABOVE_MS } from '../terminal/venue-clock.ts';
import { type CheckItem, failed, noted, passed } from './check-item.ts';
import { askWithin, type CheckedRest, checkHistory, checkList } from './check-rest.ts';
import { CheckedVenue } from './checked-venue.ts';

export interface VenueCheck {
  readonly config: Config;
  readonly id: VenueId;
  readonly networks: VenueNetworks;
  readonly seconds: number;
  /** Ends the check early. */
  readonly signal: AbortSignal;
}

export const LINES = 2;
/** Maximum coins of a venue that are checked. Requests for more books could exceed the venue's REST limits. */
const MOST_COINS = 20;
const PING_EVERY_MS = 5000;
const FIRST_PING_MS = 500;
/** How often missing books are requested. */
const BOOKS_EVERY_MS = 1000;
/** How many levels of each side a fetched book has. */
const BOOK_LEVELS = 1000;
/** How many symbols' books are fetched again, to compare them with the followed books. */
const COMPARED_BOOKS = 5;
/** The fraction of the check's duration after which books are compared with REST. */
const COMPARE_AFTER = 0.4;

/** Connects to a venue as the feed does, and returns check items about what it received. */
export async function checkVenue(check: VenueCheck): Promise<readonly CheckItem[]> {
  const { config, id, networks, signal } = check;
  const venue = venues[id];
  const rest = new VenueRest(venue, config.venues[id].restUrls, monotonicScheduler, networks(id, 0).get);
  const clock = wallClock();
  const ask = askWithin(rest, aborted$(signal));
  const checked: CheckedRest = { venue, ask, environment: environmentOf(config, id), receivedAt: clock };
  const lists = Promise.all([
    checkList('REST: instruments', venue.instruments, checked),
    checkList('REST: 24-hour volumes', venue.dayVolumes, checked),
  ]);
  const all = config.coins.kind === 'all' ? mostTradedOf(config.quote, await lists) : instrumentsFor(config, id);
  const instruments = all.slice(0, MOST_COINS);
  const [first] = instruments;
  const [streams, history, clockItem, [listed, volumes]] = await Promise.all([
    checkStreams(check, { venue, rest, instruments }),
    first === undefined ? [failed('coins', 'the venue lists none of them')] : checkHistoryLater(check, checked, first),
    checkClock(venue, rest, signal),
    lists,
  ]);
  const trading = new Set(listed.rows.flatMap((row) => (row.status === 'trading' ? [row.venueSymbol] : [])));
  const absent = instruments.filter(({ venueSymbol }) => listed.rows.length > 0 && !trading.has(venueSymbol));
  const items = [
    ...streams,
    listed.item,
    volumes.item,
    ...history,
    clockItem,
    ...(all.length > MOST_COINS ? [noted('coins', `${MOST_COINS} of ${all.length}`)] : []),
    ...(absent.length === 0 ? [] : [noted('not trading', absent.map(({ symbol }) => symbol).join(' '))]),
  ];
  // Items with the result `info` come last.
  return items.toSorted((a, b) => Number(a.result === 'info') - Number(b.result === 'info'));
}

/** Checks the history after half of the check's duration, so that books and lists are fetched before. */
async function checkHistoryLater(
  { seconds, signal }: VenueCheck,
  checked: CheckedRest,
  instrument: Instrument,
): Promise<readonly CheckItem[]> {
  await pauseFor(seconds * 500, monotonicScheduler, signal);
  return checkHistory(checked, instrument);
}

interface Lists {
  readonly 0: { readonly rows: readonly ListedInstrument[] };
  readonly 1: { readonly rows: readonly DayVolume[] };
}

function mostTradedOf(quote: string, { 0: listed, 1: volumes }: Lists): readonly Instrument[] {
  const coins = mostTraded(listed.rows, volumes.rows, { quote, most: MOST_COINS, kept: new Set() });
  return listed.rows.flatMap(({ base, quote: against, venueSymbol }) =>
    against === quote && coins.has(base) ? [{ coin: base, symbol: base + quote, venueSymbol }] : [],
  );
}

async function checkClock(venue: Venue, rest: VenueRest, signal: AbortSignal): Promise<CheckItem> {
  const { estimate, reason } = await measureClock(venue, rest, signal);
  if (estimate === null) return failed('clock offset', `not measured (${reason})`);
  const text = clockText(estimate);
  return Math.abs(estimate.offsetMs) <= WARN_ABOVE_MS
    ? passed('clock offset', text)
    : failed('clock offset', `${text}, more than ${WARN_ABOVE_MS} ms: set this machine's clock`);
}

async function checkStreams(
  { config, id, networks, seconds, signal }: VenueCheck,
  { venue, rest, instruments }: { venue: Venue; rest: VenueRest; instruments: readonly Instrument[] },
): Promise<readonly CheckItem[]> {
  const { websocketUrls, connectTimeoutMs, compression, maxFrameMb } = config.venues[id];
  const environment = environmentOf(config, id);
  const channels = subscribedChannels(config);
  const books = booksOf(config);
  const plans = planConnections(venue, {
    instruments,
    channels,
    lines: LINES,
    websocketUrls,
    ...(books === undefined ? {} : { books }),
  });
  const now = () => monotonicScheduler.now();
  const context = { environment, instruments: new Map(instruments.map((one) => [one.venueSymbol, one])) };
  const checked = new CheckedVenue({ venue, context, channels, plans, startedAt: now() });
  const running = new Subscription();

  for (const connection of checked.connections) {
    const { url, line, topics } = connection.plan;
    const commands$ = new Subject<ConnectionCommand>();
    const events$ = connect({
      venue,
      url,
      context,
      topics: () => topics,
      commands$,
      scheduler: monotonicScheduler,
      connectTimeoutMs,
      probeAfterMs: config.feed.staleAfterMs / 2,
      compression,
      maxFrameMb,
      open: networks(id, line + 1).open,
      onFrame: (frame) => checked.frame(connection, frame),
    });
    const ping = (): void => {
      connection.pinged(now());
      commands$.next({ kind: 'probe' });
    };
    const pings = new Subscription();
    running.add(pings);
    running.add(
      events$.subscribe({
        next(event) {
          checked.event(connection, event, now());
          if (event.kind === 'connected') pings.add(timer(FIRST_PING_MS, PING_EVERY_MS).subscribe(ping));
        },
        // The event `disconnected` has already reported this error.
        error: () => pings.unsubscribe(),
      }),
    );
  }
  running.add(fetchBooks(checked, { venue, rest, instruments, environment, now, seconds }));

  await pauseFor(seconds * 1000, monotonicScheduler, signal);
  running.unsubscribe();
  return checked.items(now());
}

interface FetchBooks extends Pick<CheckedRest, 'venue' | 'environment'> {
  readonly rest: VenueRest;
  readonly instruments: readonly Instrument[];
  readonly now: () => number;
  readonly seconds: number;
}

/** Fetches the missing books. Later it fetches some books again, to compare them with the followed ones. */
function fetchBooks(checked: CheckedVenue, options: FetchBooks): Subscription {
  const { venue, rest, instruments, environment, now, seconds } = options;
  const running = new Subscription();
  const { book } = venue;
  if (book === undefined) return running;
  const clock = wallClock();
  const asked = new Set<string>();
  const bySymbol = new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
  const fetchWanted = (): void => {
    for (const symbol of checked.books.wanted) {
      const instrument = bySymbol.get(symbol);
      if (instrument === undefined || asked.has(symbol)) continue;
      asked.add(symbol);
      const request = book({ instrument, environment, receivedAt: clock, levels: BOOK_LEVELS });
      running.add(
        rest.ask$(request).subscribe({
          next: (update) => checked.books.fetchedBook(update, now()),
          error: (error: unknown) => {
            checked.books.notFetched(asFault(error).message);
            asked.delete(symbol);
          },
          complete: () => asked.delete(symbol),
        }),
      );
    }
  };
  running.add(timer(FIRST_PING_MS, BOOKS_EVERY_MS).subscribe(fetchWanted));
  running.add(
    timer(seconds * 1000 * COMPARE_AFTER).subscribe(() => {
      for (const symbol of checked.books.symbols.slice(0, COMPARED_BOOKS)) checked.books.compareWithRest(symbol);
      fetchWanted();
    }),
  );
  return running;
}
