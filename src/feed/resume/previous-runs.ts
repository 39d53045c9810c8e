import { type MarketKeyOf, symbolKey } from '../../codec/environment-topics.ts';
import { at } from '../../domain/at.ts';
import { compareIds, type TradeKind } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { SeriesCheckpoint } from '../../sinks/contract.ts';
import { type LastEpoch, lastEpochs } from '../../sinks/resume/checkpoints.ts';
import type { Resumption } from '../arbitration/merged-event.ts';

/** How a previous run left one venue and symbol. */
export interface PreviousEpoch {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  /** The last trade published, of the kind that positions count; null: none in this epoch. */
  readonly last: Checkpoint | null;
  /** Undefined: nobody can go on from here, the epoch is over. */
  readonly takeUp: Resumption | undefined;
}

export interface PreviousRunsOptions {
  /** Only what was written by runs of this environment is gone on with. */
  readonly environment: SeriesCheckpoint['environment'];
  /** The published kinds of trades, the one that positions count first. */
  readonly kinds: readonly TradeKind[];
  /** Names what has one numbering of epochs. The symbol by default. */
  readonly keyOf?: MarketKeyOf;
}

/**
 * What the sinks remember of previous runs, as one: a series is taken up where all of them stand in the same epoch, from
 * the trade of the one that is least far; the others drop what they have. Where they stand in different epochs each
 * of these is over.
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
      const least = kinds.map((kind) => [kind, leastFar(lastOf(kind))] as const);
      const isKnown = agree && least.every(([, last]) => last !== undefined);
      const sameKind = same.every((last) => last.environment === environment);
      const takeUp = new Map(least.flatMap(([kind, last]) => (last ? [[kind, last]] : [])));
      const counted = kinds.slice(0, 1).flatMap((kind) => lastOf(kind).flatMap((last) => last ?? []));
      return {
        venue,
        symbol,
        epoch,
        last: leastFar(counted) ?? null,
        takeUp: isKnown && sameKind ? takeUp : undefined,
      };
    });
  });
}

type Reached = SeriesCheckpoint['last'];

/** Undefined where one is not known, or one sink has a trade and another none: nothing lies before both. */
function leastFar(trades: readonly Reached[]): Reached {
  if (trades.every((trade) => trade === null)) return null;
  let least: Checkpoint | undefined;
  for (const trade of trades) {
    if (trade === undefined || trade === null) return undefined;
    if (least === undefined || compareIds(trade.id, least.id) < 0) least = trade;
  }
  return least;
}

/** The venue to start with: the one that served the most series; undefined: nothing can be taken up. */
export function venueToStartWith(epochs: readonly PreviousEpoch[], venues: readonly string[]): string | undefined {
  const goingOn = epochs.filter(({ takeUp }) => takeUp !== undefined);
  const countOf = (id: string): number => goingOn.filter(({ venue }) => venue === id).length;
  const [best] = venues.filter((id) => countOf(id) > 0).toSorted((a, b) => countOf(b) - countOf(a));
  return best;
}
