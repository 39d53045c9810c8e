import { type MarketKeyOf, symbolKey } from '../codec/environment-topics.ts';
import type { FeedRecord, Gap } from '../domain/record.ts';
import { type AnyTrade, compareIds, lastIdOf, type TradeKind } from '../domain/trade-id.ts';
import { idsBetween, outcomeOf } from '../feed/resume/epoch-ledger.ts';
import type { PreviousEpoch } from '../feed/resume/previous-runs.ts';
import { epochKey, type PublishedWindows } from '../feed/resume/recent-trades.ts';
import type { Checkpoint } from '../operators/sequence/id-sequence.ts';
import type { SeriesCheckpoint } from '../sinks/contract.ts';
import { seriesKey } from '../sinks/resume/checkpoints.ts';

/**
 * Maps a record to the records that a sink does not have yet: none, this record, or a shorter gap. Undefined: from now
 * on, the sink needs every record as it is.
 */
export type RecordFilter = (record: FeedRecord) => readonly FeedRecord[] | undefined;

/** How much of an epoch a sink already has, if the feed resumes the epoch from an earlier trade. */
interface KnownEpoch {
  readonly ends: ReadonlyMap<TradeKind, Checkpoint>;
  /** Number of trade ids after `ends` that have come since the start. */
  passed: number;
  /**
   * The gap in which the sink's trades end. It is kept until the trade after the gap comes, because fetched trades may
   * come first.
   */
  gap: Gap | undefined;
  /**
   * Trades received later than this time need no filter, microseconds since 1970. Undefined before the first trade
   * after `ends`.
   */
  until: number | undefined;
}

/** For this long after the start, trades may come that a previous run has published, microseconds. */
const START_US = 60_000_000;
const NOTHING: readonly FeedRecord[] = [];

/**
 * Filters the output for what a sink already has.
 *
 * The feed resumes from the sink that is furthest behind. So a sink that is ahead must not get again the trades, gaps,
 * checkpoints and windows that it has. It also must not get the end of an epoch that it does not know or has already
 * left. If its trades end inside a gap, the rest of this gap comes before the trade after the gap.
 *
 * If a symbol begins a new epoch soon after the start, its first trades may be trades of an earlier epoch. No sink gets
 * them again. Returns undefined if the sink needs no filter.
 */
export function filterKnown(
  checkpoints: readonly SeriesCheckpoint[],
  epochs: readonly PreviousEpoch[],
  windows: PublishedWindows | undefined,
  seriesOf: MarketKeyOf = symbolKey,
): RecordFilter | undefined {
  const known = new Map<string, KnownEpoch>();
  const foreign = new Set<string>();
  for (const previous of epochs) {
    const own = checkpoints.filter((of) => epochKey(of) === epochKey(previous));
    const ends = new Map(own.flatMap(({ kind, last }) => (last ? [[kind, last] as const] : [])));
    const sameSeries = checkpoints.filter((of) => seriesOf(of) === seriesOf(previous));
    if (isForeign(previous, own, sameSeries)) foreign.add(epochKey(previous));
    else if (isAhead(previous, ends))
      known.set(epochKey(previous), { ends, passed: 0, gap: undefined, until: undefined });
  }
  const earlier = new EarlierTrades(checkpoints);
  const isOver = () => known.size + foreign.size === 0 && earlier.isEmpty && windows === undefined;
  if (isOver()) return undefined;
  return (record) => {
    if (isOver()) return undefined;
    switch (record.kind) {
      case 'trade_stats':
        return windows?.has(record) === true ? NOTHING : [record];
      case 'position':
        return [atLeast(record, known.get(epochKey(record)))];
      case 'gap':
        return foreign.has(epochKey(record)) ? NOTHING : restOfGap(known, record);
      case 'trade':
      case 'agg_trade':
        if (earlier.has(record)) return NOTHING;
        return known.size === 0 ? [record] : newTrade(known, record);
      default:
        return [record];
    }
  };
}

/** Knows the last trade that a sink has of each series and kind, and finds these trades in later epochs. */
class EarlierTrades {
  readonly #ends: Map<string, { readonly epoch: number; readonly last: Checkpoint }>;
  /** Trades received later are new, microseconds since 1970. */
  #until: number | undefined;

  constructor(checkpoints: readonly SeriesCheckpoint[]) {
    this.#ends = new Map(
      checkpoints.flatMap(({ kind, venue, symbol, epoch, last }) =>
        last ? [[`${kind} ${seriesKey({ venue, symbol })}`, { epoch, last }]] : [],
      ),
    );
  }

  get isEmpty(): boolean {
    return this.#ends.size === 0;
  }

  has(trade: AnyTrade): boolean {
    this.#until ??= trade.receivedAt + START_US;
    if (trade.receivedAt > this.#until) this.#ends.clear();
    if (this.isEmpty) return false;
    const end = this.#ends.get(`${trade.kind} ${seriesKey(trade)}`);
    if (end === undefined || trade.epoch <= end.epoch) return false;
    // After a restart of the ids, a trade with a lower id is later.
    return compareIds(lastIdOf(trade), end.last.id) <= 0 && trade.timestamp <= end.last.timestamp;
  }
}

/** Returns true if the sink has left the epoch for a later one, or does not know the epoch. */
function isForeign(
  { epoch, last }: PreviousEpoch,
  own: readonly SeriesCheckpoint[],
  all: readonly SeriesCheckpoint[],
): boolean {
  if (all.some((of) => of.epoch > epoch)) return true;
  const counted = own.find((of) => of.last !== undefined);
  const hasNone = own.length === 0 || (counted !== undefined && counted.last === null);
  return last !== null && hasNone;
}

function isAhead({ last, resumePoint }: PreviousEpoch, ends: ReadonlyMap<TradeKind, Checkpoint>): boolean {
  if (resumePoint === undefined) return isBefore(last, [...ends.values()][0]);
  return [...resumePoint].some(([kind, checkpoint]) => isBefore(checkpoint, ends.get(kind)));
}

/** A sink's position never goes back: a position before the last trade of the sink becomes this trade's position. */
function atLeast(position: Extract<FeedRecord, { kind: 'position' }>, known: KnownEpoch | undefined): FeedRecord {
  const [end] = known?.ends.values() ?? [];
  const isBehind = end !== undefined && (position.tradeId === null || compareIds(position.tradeId, end.id) < 0);
  return isBehind ? { ...position, tradeId: end.id, timestamp: end.timestamp } : position;
}

function newTrade(all: Map<string, KnownEpoch>, trade: AnyTrade): readonly FeedRecord[] {
  const key = epochKey(trade);
  const known = all.get(key);
  const end = known?.ends.get(trade.kind);
  if (known === undefined || end === undefined) return [trade];
  const { tradeId, receivedAt } = trade;
  const { gap, passed } = known;
  const isAfterGap = gap?.toId != null && compareIds(tradeId, gap.toId) >= 0;
  const rest = isAfterGap ? restOf(gap, end, passed) : undefined;
  if (isAfterGap) known.gap = undefined;
  const given = rest === undefined ? NOTHING : [rest];
  const lastId = lastIdOf(trade);
  if (compareIds(lastId, end.id) <= 0) return given;
  const isPartlyKnown = compareIds(tradeId, end.id) <= 0;
  known.passed += isPartlyKnown ? idsBetween(end.id, lastId) : idsBetween(tradeId, lastId) + 1;
  known.until ??= receivedAt + START_US;
  if (receivedAt > known.until) all.delete(key);
  return [...given, trade];
}

function restOfGap(all: Map<string, KnownEpoch>, gap: Gap): readonly FeedRecord[] {
  const key = epochKey(gap);
  const { fromId, toId } = gap;
  const known = all.get(key);
  const ends = [...(known?.ends.values() ?? [])];
  const [end] = ends;
  if (known === undefined || end === undefined || fromId === null) return [gap];
  const isAfterEnd = compareIds(end.id, fromId) <= 0;
  if (toId === null) {
    // This gap ends the epoch, so it does not matter any more how much of the epoch the sink had.
    all.delete(key);
    return [isAfterEnd ? gap : { ...gap, fromId: end.id, fromTime: end.timestamp }];
  }
  if (ends.every(({ id }) => compareIds(toId, id) <= 0)) return NOTHING;
  // A gap does not say which kind of trades it belongs to.
  if (ends.length > 1 || isAfterEnd) return [gap];
  known.gap = gap;
  return NOTHING;
}

/**
 * Returns the part of a gap after the sink's last trade; undefined if no part is left. `passed`: how many of its trades
 * have come since the start.
 */
function restOf(gap: Gap, end: Checkpoint, passed: number): Gap | undefined {
  const { missing, filled, fromId, toId } = gap;
  const rest = { ...gap, fromId: end.id, fromTime: end.timestamp, filled: passed };
  if (missing === null || fromId === null || toId === null) return rest;
  // How many of the gap's trades come no later than the sink's last trade: with contiguous ids, the ids give this
  // number. Otherwise, these are the filled trades that did not come since the start.
  const had = missing === idsBetween(fromId, toId) - 1 ? idsBetween(fromId, end.id) : filled - passed;
  const left = missing - had;
  return left === 0 ? undefined : { ...rest, missing: left, outcome: outcomeOf(left, passed) };
}

function isBefore(previous: Checkpoint | null, own: Checkpoint | undefined): boolean {
  return previous !== null && own !== undefined && compareIds(previous.id, own.id) < 0;
}
