import type { Instrument } from '../domain/instrument.ts';
import type { Gap, TradeEvent } from '../domain/record.ts';
import { compareIds, lastIdOf } from '../domain/trade-id.ts';
import type { IdRange, IdRanges } from './id-ranges.ts';

/** A known trade, and the venue's time of it in milliseconds since 1970. */
export interface KnownTrade {
  readonly id: string;
  readonly timestamp: number;
}

/** The requests for a venue's past trades. They reject with a Fault. */
export interface VenuePast {
  /**
   * Requests trades after a known trade, oldest first. They may begin before it. Undefined if the venue's ids jump, so
   * that trades cannot be requested by id.
   */
  readonly after?: ((instrument: Instrument, known: KnownTrade) => Promise<readonly TradeEvent[]>) | undefined;
  /** Requests the last trades, newest first; undefined if trades are requested by id, or not at all. */
  readonly recent?: ((instrument: Instrument) => Promise<readonly (TradeEvent | undefined)[]>) | undefined;
}

/** Why trades of a gap stay missing, for people. `isFinal`: no later request will return them. */
export interface Lack {
  readonly reason: string;
  readonly isFinal: boolean;
}

/** Trades of a gap, and at the end what they lack. Undefined: all missing trades were fetched. */
export type Missing = AsyncGenerator<readonly TradeEvent[], Lack | undefined>;

/**
 * Fetches the trades of a gap that `have` does not contain, page by page, in the order of their ids. Add each page's
 * ids to `have` once the page is written. @throws Fault
 */
export async function* fetchMissing(gap: Gap, have: IdRanges, instrument: Instrument, past: VenuePast): Missing {
  if (gap.fromId === null) return { reason: 'no trade before the gap is known', isFinal: true };
  const known = { id: gap.fromId, timestamp: gap.fromTime };
  const { after, recent } = past;
  if (after !== undefined) return yield* byId(gap, known, have, (from) => after(instrument, from));
  if (recent === undefined) return { reason: 'the venue has no past trades', isFinal: true };
  if (gap.toId === null) return { reason: "the gap's last trade is not known", isFinal: true };
  const lack = yield* amongRecent(known, gap.toId, have, await recent(instrument));
  const lacking = (gap.missing ?? 0) - have.countIn({ first: BigInt(gap.fromId) + 1n, last: BigInt(gap.toId) - 1n });
  if (lack !== undefined || lacking <= 0) return lack;
  return { reason: `the venue's last trades lack ${lacking} of the gap's trades`, isFinal: false };
}

async function* byId(
  gap: Gap,
  known: KnownTrade,
  have: IdRanges,
  fetchAfter: (known: KnownTrade) => Promise<readonly TradeEvent[]>,
): Missing {
  const first = BigInt(known.id) + 1n;
  if (gap.toId === null) return yield* untilTime(gap.toTime, known, have, fetchAfter);
  const whole = { first, last: BigInt(gap.toId) - 1n };
  for (const part of have.missingIn(whole)) {
    const before = { ...known, id: String(part.first - 1n) };
    for await (const page of pagesAfter(before, fetchAfter)) {
      const missing = page.filter((trade) => isWithin(idRangeOf(trade), part));
      if (missing.length > 0) yield missing;
      if (page.some((trade) => idRangeOf(trade).last >= part.last)) break;
    }
  }
  return lackOf(have.missingIn(whole));
}

/** Fetches the trades up to a time, because no trade after the gap is known: the epoch ended then. */
async function* untilTime(
  endMs: number,
  known: KnownTrade,
  have: IdRanges,
  fetchAfter: (known: KnownTrade) => Promise<readonly TradeEvent[]>,
): Missing {
  const first = BigInt(known.id) + 1n;
  let last = BigInt(known.id);
  let isReached = false;
  for await (const page of pagesAfter(known, fetchAfter)) {
    const inTime = page.filter(({ timestamp }) => timestamp <= endMs);
    const missing = inTime.filter((trade) => !have.overlaps(idRangeOf(trade)));
    if (missing.length > 0) yield missing;
    for (const trade of inTime) last = idRangeOf(trade).last;
    isReached = inTime.length < page.length;
    if (isReached) break;
  }
  // After a restart of its ids, a venue returns no later trade.
  if (!isReached) return { reason: 'the venue returns no trade after the gap', isFinal: false };
  return lackOf(have.missingIn({ first, last }));
}

/** Requests page after page of trades after a known one, until the venue has no more. */
async function* pagesAfter(
  known: KnownTrade,
  fetchAfter: (known: KnownTrade) => Promise<readonly TradeEvent[]>,
): AsyncGenerator<readonly TradeEvent[]> {
  for (let at = known; ; ) {
    const page = await fetchAfter(at);
    const last = page.at(-1);
    // Aggregated trades are requested by time, so a page may lie before the known trade.
    if (last === undefined || (compareIds(lastIdOf(last), at.id) <= 0 && last.timestamp <= at.timestamp)) return;
    const { id } = at;
    const newer = page.filter(({ tradeId }) => compareIds(tradeId, id) > 0);
    if (newer.length > 0) yield newer;
    at = { id: compareIds(lastIdOf(last), id) > 0 ? lastIdOf(last) : id, timestamp: last.timestamp };
  }
}

/** Takes the gap's trades from the venue's last trades, if these reach back to its beginning. */
async function* amongRecent(
  known: KnownTrade,
  toId: string,
  have: IdRanges,
  recent: readonly (TradeEvent | undefined)[],
): Missing {
  const trades = recent.filter((trade) => trade !== undefined);
  if (trades.length < recent.length) return { reason: 'an answer of the venue cannot be read', isFinal: false };
  if (!trades.some(({ tradeId }) => compareIds(tradeId, known.id) <= 0))
    return { reason: `the venue returns only its last ${trades.length} trades, which are younger`, isFinal: true };
  const missing = trades
    .filter(({ tradeId }) => compareIds(tradeId, known.id) > 0 && compareIds(tradeId, toId) < 0)
    .filter((trade) => !have.overlaps(idRangeOf(trade)))
    .toSorted((a, b) => compareIds(a.tradeId, b.tradeId));
  if (missing.length > 0) yield missing;
  return undefined;
}

/** The ids that a trade stands for; an aggregated trade stands for several. */
export function idRangeOf(trade: TradeEvent): IdRange {
  return { first: BigInt(trade.tradeId), last: BigInt(lastIdOf(trade)) };
}

const isWithin = (ids: IdRange, range: IdRange): boolean => ids.first >= range.first && ids.last <= range.last;

function lackOf(missing: readonly IdRange[]): Lack | undefined {
  const [one] = missing;
  if (one === undefined) return undefined;
  const count = missing.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  return { reason: `the venue no longer returns ${count} of the trades, from id ${one.first} on`, isFinal: false };
}
