import { identity } from 'rxjs';
import { compareIds } from '../../domain/trade-id.ts';
import type { Ending, LastTrade } from '../../sinks/contract.ts';
import type { Resumption } from '../arbitration/resumption.ts';

/** How a former run left one venue and symbol. */
export interface FormerEpoch {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  /** The last trade published, of the kind that positions count; null: none in this epoch. */
  readonly last: LastTrade | null;
  /** Undefined: nobody can go on from here, the epoch is over. */
  readonly takeUp: Resumption | undefined;
}

export interface FormerRunsOptions {
  /** Only what was written by runs of this environment is gone on with. */
  readonly environment: Ending['environment'];
  readonly trades: boolean;
  readonly aggTrades: boolean;
  /** Mode `all`: every venue of a symbol is a series of its own, all of epoch 0. */
  readonly everyVenue: boolean;
}

/**
 * What the sinks remember of former runs, as one: a series is taken up where all of them stand in the same epoch, from
 * the trade of the one that is least far; the others drop what they have. Where they stand in different epochs each
 * of these is over. What was written in the other mode is not gone on with: only mode all has an epoch 0.
 */
export function formerEpochs(sinks: readonly (readonly Ending[])[], options: FormerRunsOptions): FormerEpoch[] {
  const ends = options.everyVenue ? reached : identity;
  const keyOf = ({ venue, symbol }: Ending) => (options.everyVenue ? `${venue}:${symbol}` : symbol);
  const latest = sinks.map((endings) => {
    const ofSink = new Map<string, Ending>();
    for (const ending of endings) {
      if ((ending.epoch === 0) !== options.everyVenue) continue;
      const known = ofSink.get(keyOf(ending));
      if (known === undefined || ending.epoch > known.epoch) ofSink.set(keyOf(ending), ending);
    }
    return ofSink;
  });
  const keys = new Set(latest.flatMap((ofSink) => [...ofSink.keys()]));
  return [...keys].flatMap((key) => {
    const endings = latest.map((ofSink) => ofSink.get(key));
    const known = endings.filter((ending) => ending !== undefined);
    const byEpoch = Map.groupBy(known, ({ venue, epoch }) => `${epoch} ${venue}`);
    const agree = options.everyVenue || (byEpoch.size === 1 && known.length === sinks.length);
    return [...byEpoch.values()].map((same): FormerEpoch => {
      const [{ venue, symbol, epoch }] = same as [Ending, ...Ending[]];
      const trade = options.trades ? leastFar(ends(same.map((ending) => ending.trade))) : null;
      const aggTrade = options.aggTrades ? leastFar(ends(same.map((ending) => ending.aggTrade))) : null;
      const sameKind = same.every(({ environment }) => environment === options.environment);
      const takeUp =
        agree && sameKind && trade !== undefined && aggTrade !== undefined ? { trade, aggTrade } : undefined;
      const counted = same.flatMap((ending) => (options.trades ? ending.trade : ending.aggTrade) ?? []);
      return { venue, symbol, epoch, last: leastFar(counted) ?? null, takeUp };
    });
  });
}

/** Undefined where one is not known, or one sink has a trade and another none: nothing lies before both. */
function leastFar(trades: readonly (LastTrade | null | undefined)[]): LastTrade | null | undefined {
  if (trades.every((trade) => trade === null)) return null;
  let least: LastTrade | undefined;
  for (const trade of trades) {
    if (trade === undefined || trade === null) return undefined;
    if (least === undefined || compareIds(trade.id, least.id) < 0) least = trade;
  }
  return least;
}

type Reached = LastTrade | null | undefined;

/** Mode all begins nothing anew: what any sink has is gone on from, by those, too, that have nothing or cannot tell. */
function reached(trades: readonly Reached[]): readonly Reached[] {
  const known = trades.filter((trade) => trade !== null && trade !== undefined);
  return known.length > 0 ? known : trades;
}

/** The venue to start with: the one that served the most series; undefined: nothing can be taken up. */
export function venueToStartWith(epochs: readonly FormerEpoch[], venues: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { venue, takeUp } of epochs) if (takeUp !== undefined) counts.set(venue, (counts.get(venue) ?? 0) + 1);
  let best: string | undefined;
  for (const venue of venues) {
    if ((counts.get(venue) ?? 0) > (best === undefined ? 0 : (counts.get(best) ?? 0))) best = venue;
  }
  return best;
}
