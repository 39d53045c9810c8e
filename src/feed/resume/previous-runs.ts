import { type MarketKeyOf, symbolKey } from '../../codec/environment-topics.ts';
import { at } from '../../domain/at.ts';
import { compareIds, type TradeKind } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { SeriesCheckpoint } from '../../sinks/contract.ts';
import { type LastEpoch, lastEpochs } from '../../sinks/resume/checkpoints.ts';
import type { Resumption } from '../arbitration/merged-event.ts';

/** Where a previous run left a symbol at a venue. */
export interface PreviousEpoch {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  /** The last trade, of the kind that position records name. Null if none is known in this epoch. */
  readonly last: Checkpoint | null;
  /** Undefined if the epoch cannot continue. */
  readonly resumePoint: Resumption | undefined;
}

export interface PreviousRunsOptions {
  /** Only runs of this environment are resumed. */
  readonly environment: SeriesCheckpoint['environment'];
  /** The published kinds of trades. Position records name trades of the first kind. */
  readonly kinds: readonly TradeKind[];
  /** Returns the key under which epochs are numbered. Default: the symbol. */
  readonly keyOf?: MarketKeyOf;
}

/**
 * Merges the sinks' checkpoints. A series resumes if all sinks have it in the same epoch. It resumes from the
 * checkpoint of the sink that is furthest behind.
 */
export function previousEpochs(
  sinks: readonly (readonly SeriesCheckpoint[])[],
  { environment, kinds, keyOf = symbolKey }: PreviousRunsOptions,
): PreviousEpoch[] {
  const latest = sinks.map((checkpoints) => {
    const ofSink = new Map<string, LastEpoch>();
    for (const last of lastEpochs(checkpoints)) {
      const known = ofSink.get(keyOf(last));
      if (known === undefined || last.epoch > known.epoch) ofSink.set(keyOf(last), last);
    }
    return ofSink;
  });
  const keys = new Set(latest.flatMap((ofSink) => [...ofSink.keys()]));
  return [...keys].flatMap((key) => {
    const known = latest.flatMap((ofSink) => ofSink.get(key) ?? []);
    const byEpoch = Map.groupBy(known, ({ venue, epoch }) => `${epoch} ${venue}`);
    const agree = byEpoch.size === 1 && known.length === sinks.length;
    return [...byEpoch.values()].map((same): PreviousEpoch => {
      const { venue, symbol, epoch } = at(same, 0);
      const lastOf = (kind: TradeKind) => same.map(({ last }) => last.get(kind));
      const least = kinds.map((kind) => [kind, furthestBehind(lastOf(kind))] as const);
      const isKnown = agree && least.every(([, last]) => last !== undefined);
      const sameKind = same.every((last) => last.environment === environment);
      const points = new Map(least.flatMap(([kind, last]) => (last ? [[kind, last]] : [])));
      const counted = kinds.slice(0, 1).flatMap((kind) => lastOf(kind).flatMap((last) => last ?? []));
      const resumePoint = isKnown && sameKind ? points : undefined;
      return { venue, symbol, epoch, last: furthestBehind(counted) ?? null, resumePoint };
    });
  });
}

type Reached = SeriesCheckpoint['last'];

/**
 * Returns the checkpoint that is furthest behind. Null if no sink has a trade. Undefined if a checkpoint is unknown, or
 * if only some sinks have a trade.
 */
function furthestBehind(trades: readonly Reached[]): Reached {
  if (trades.every((trade) => trade === null)) return null;
  let least: Checkpoint | undefined;
  for (const trade of trades) {
    if (trade === undefined || trade === null) return undefined;
    if (least === undefined || compareIds(trade.id, least.id) < 0) least = trade;
  }
  return least;
}

/** Returns the venue with the most series to resume; undefined if there is nothing to resume. */
export function venueToStartWith(epochs: readonly PreviousEpoch[], venues: readonly string[]): string | undefined {
  const goingOn = epochs.filter(({ resumePoint }) => resumePoint !== undefined);
  const countOf = (id: string): number => goingOn.filter(({ venue }) => venue === id).length;
  const [best] = venues.filter((id) => countOf(id) > 0).toSorted((a, b) => countOf(b) - countOf(a));
  return best;
}
