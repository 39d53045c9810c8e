import { at } from '../domain/at.ts';
import { NOT_SERVING } from '../domain/headline.ts';
import type { LatencySummary, SinkSnapshot, StatusSnapshot, VenueSnapshot } from '../domain/status-snapshot.ts';
import { sum, sumByName } from './merge-metrics-snapshots.ts';

/** Merges the status of running and ended (`left`) feeds. Of several latencies, the one with the highest p99 counts. */
export function mergeStatus(
  running: readonly StatusSnapshot[],
  of: Pick<StatusSnapshot, 'at' | 'startedAt' | 'environment' | 'mode'>,
  left: readonly StatusSnapshot[] = [],
): StatusSnapshot {
  const parts = [...running, ...left];
  // A feed without coins waits, and is no reason to halt the others.
  const withCoins = running.filter(({ coins }) => coins.length > 0);
  const judged = withCoins.length > 0 ? withCoins : running;
  const halted = judged.find(({ trading }) => trading.state === 'halted');
  const venues = parts.flatMap((part) => part.venues);
  const sinks = parts.flatMap((part) => part.sinks);
  const actives = new Set(judged.map(({ activeVenue }) => activeVenue));
  return {
    ...of,
    activeVenue: actives.size === 1 ? ([...actives][0] ?? null) : null,
    serving: actives.size === 1 ? at(judged, 0).serving : NOT_SERVING,
    halted: [...new Set(running.flatMap((part) => part.halted))].sort(),
    trading:
      running.length === 0
        ? { state: 'halted', reason: 'no shard is assigned to this instance' }
        : (halted ?? at(judged, 0)).trading,
    venues: groups(venues, ({ venue }) => venue).map(mergedVenue),
    coins: parts.flatMap(({ coins }) => coins),
    quality: parts.flatMap(({ quality }) => quality),
    klines: parts.flatMap(({ klines }) => klines),
    sinks: groups(sinks, ({ name }) => name).map(mergedSink),
    healing: parts.flatMap(({ healing }) => healing),
    shards: [],
    counts: sumByName(parts.map(({ counts }) => counts)),
  };
}

/** Returns the status to keep of an ended feed: its counts, without coins and present states. */
export function statusLeft(snapshot: StatusSnapshot): StatusSnapshot {
  return {
    ...snapshot,
    coins: [],
    quality: [],
    klines: [],
    healing: [],
    venues: snapshot.venues.map((venue) => ({
      ...venue,
      state: 'idle',
      active: false,
      linesUp: 0,
      lines: 0,
      ageMs: null,
      eventLagMs: null,
      lineLags: [],
      latencyMs: { venueToSocket: null, socketToEmitted: null },
    })),
    sinks: snapshot.sinks.map((sink) => ({
      ...sink,
      state: 'up',
      queued: 0,
      lagMs: null,
      latencyMs: { emittedToAcknowledged: null },
    })),
  };
}

const groups = <T>(all: readonly T[], nameOf: (of: T) => string): readonly T[][] => [
  ...Map.groupBy(all, nameOf).values(),
];

function mergedVenue(all: readonly VenueSnapshot[]): VenueSnapshot {
  const worst = all.find(({ state }) => state !== 'connected' && state !== 'idle') ?? at(all, 0);
  const running = all.filter(({ lines }) => lines > 0);
  const ages = running.flatMap(({ ageMs }) => ageMs ?? []);
  const lags = all.flatMap(({ eventLagMs }) => eventLagMs ?? []);
  return {
    ...worst,
    active: all.some(({ active }) => active),
    linesUp: sum(all, ({ linesUp }) => linesUp),
    lines: sum(all, ({ lines }) => lines),
    ageMs: ages.length === 0 || ages.length < running.length ? null : Math.max(...ages),
    eventLagMs: lags.length === 0 ? null : Math.max(...lags),
    lineLags: groups(
      all.flatMap(({ lineLags }) => lineLags),
      ({ line }) => String(line),
    ).map((same) =>
      at(
        same.toSorted((a, b) => b.eventLagMs - a.eventLagMs),
        0,
      ),
    ),
    frames: sum(all, ({ frames }) => frames),
    reconnects: sum(all, ({ reconnects }) => reconnects),
    clock: all.find(({ clock }) => clock.estimate !== null)?.clock ?? worst.clock,
    latencyMs: {
      venueToSocket: slowest(all.map(({ latencyMs }) => latencyMs.venueToSocket)),
      socketToEmitted: slowest(all.map(({ latencyMs }) => latencyMs.socketToEmitted)),
    },
  };
}

function mergedSink(all: readonly SinkSnapshot[]): SinkSnapshot {
  const worst = all.find(({ state }) => state !== 'up') ?? at(all, 0);
  const lags = all.flatMap(({ lagMs }) => (lagMs === null ? [] : [lagMs]));
  return {
    ...worst,
    queued: sum(all, ({ queued }) => queued),
    lagMs: lags.length === 0 ? null : Math.max(...lags),
    delivered: sum(all, ({ delivered }) => delivered),
    dropped: sum(all, ({ dropped }) => dropped),
    latencyMs: { emittedToAcknowledged: slowest(all.map(({ latencyMs }) => latencyMs.emittedToAcknowledged)) },
  };
}

function slowest(all: readonly (LatencySummary | null)[]): LatencySummary | null {
  return all.reduce((a, b) => (b !== null && (a === null || b.p99 > a.p99) ? b : a), null);
}
