import type { Counts, Distribution, PipelineMetrics, SinkMetrics, VenueMetrics } from '../domain/metrics-snapshot.ts';

/** Merges the counts of several feeds, ended ones included, so that no count falls. */
export function mergeMetrics(parts: readonly PipelineMetrics[]): PipelineMetrics {
  const venues = parts.map((part) => part.venues);
  const sinks = parts.map((part) => part.sinks);
  return {
    records: sumByName(parts.map(({ records }) => records)),
    states: sumByName(parts.map(({ states }) => states)),
    gaps: sumByName(parts.map(({ gaps }) => gaps)),
    missingTrades: sum(parts, ({ missingTrades }) => missingTrades),
    filledTrades: sum(parts, ({ filledTrades }) => filledTrades),
    healing: {
      openGaps: sum(parts, ({ healing }) => healing.openGaps),
      leftGaps: sum(parts, ({ healing }) => healing.leftGaps),
      lateTrades: sum(parts, ({ healing }) => healing.lateTrades),
    },
    deadLetters: sumByName(parts.map(({ deadLetters }) => deadLetters)),
    uncountedTrades: sumByName(parts.map(({ uncountedTrades }) => uncountedTrades)),
    venues: byName(venues, mergedVenue),
    sinks: byName(sinks, mergedSink),
  };
}

/** Returns the metrics to keep of an ended feed: all but the spill's and the open gaps'. */
export function metricsLeft(metrics: PipelineMetrics): PipelineMetrics {
  const sinks = Object.entries(metrics.sinks).map(([name, sink]) => [name, { ...sink, spill: null }] as const);
  const healing = { ...metrics.healing, openGaps: 0, leftGaps: 0 };
  return { ...metrics, sinks: Object.fromEntries(sinks), healing };
}

function mergedVenue(all: readonly VenueMetrics[]): VenueMetrics {
  return {
    events: sum(all, ({ events }) => events),
    malformed: sum(all, ({ malformed }) => malformed),
    duplicates: sum(all, ({ duplicates }) => duplicates),
    ignored: sumByName(all.map(({ ignored }) => ignored)),
    warnings: sumByName(all.map(({ warnings }) => warnings)),
    reconnects: sumByName(all.map(({ reconnects }) => reconnects)),
    bookResyncs: sum(all, ({ bookResyncs }) => bookResyncs),
    booksNotHad: sum(all, ({ booksNotHad }) => booksNotHad),
    // All feeds share one REST client, so each reports the same weight.
    restWeight: Math.max(...all.map(({ restWeight }) => restWeight)),
    venueToSocket: distribution(all.map(({ venueToSocket }) => venueToSocket)),
    socketToEmitted: distribution(all.map(({ socketToEmitted }) => socketToEmitted)),
  };
}

function mergedSink(all: readonly SinkMetrics[]): SinkMetrics {
  const spills = all.flatMap(({ spill }) => spill ?? []);
  const ages = spills.flatMap(({ oldestMs }) => oldestMs ?? []);
  return {
    rejected: sum(all, ({ rejected }) => rejected),
    conflated: sum(all, ({ conflated }) => conflated),
    batches: sum(all, ({ batches }) => batches),
    dropped: sumByName(all.map(({ dropped }) => dropped)),
    spill:
      spills.length === 0
        ? null
        : {
            records: sum(spills, ({ records }) => records),
            bytes: sum(spills, ({ bytes }) => bytes),
            limitBytes: sum(spills, ({ limitBytes }) => limitBytes),
            oldestMs: ages.length === 0 ? null : Math.max(...ages),
            broken: sum(spills, ({ broken }) => broken),
          },
    emittedToAcknowledged: distribution(all.map(({ emittedToAcknowledged }) => emittedToAcknowledged)),
  };
}

export function sumByName(all: readonly Counts[]): Counts {
  const total: Record<string, number> = {};
  for (const one of all) for (const [name, count] of Object.entries(one)) total[name] = (total[name] ?? 0) + count;
  return total;
}

function byName<T>(all: readonly Readonly<Record<string, T>>[], merged: (all: readonly T[]) => T): Record<string, T> {
  const names = new Set(all.flatMap((one) => Object.keys(one)));
  return Object.fromEntries([...names].map((name) => [name, merged(all.flatMap((one) => one[name] ?? []))]));
}

function distribution(all: readonly Distribution[]): Distribution {
  const boundsMs = all[0]?.boundsMs ?? [];
  return {
    boundsMs,
    within: boundsMs.map((_, bound) => sum(all, ({ within }) => within[bound] ?? 0)),
    count: sum(all, ({ count }) => count),
    sumMs: sum(all, ({ sumMs }) => sumMs),
  };
}

export function sum<T>(all: readonly T[], value: (of: T) => number): number {
  return all.reduce((total, of) => total + value(of), 0);
}
