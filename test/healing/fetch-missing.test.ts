import { expect, it } from 'vitest';
import type { Gap, TradeEvent } from '../../src/domain/record.ts';
import { fetchMissing, idRangeOf, type KnownTrade, type VenuePast } from '../../src/healing/fetch-missing.ts';
import { IdRanges } from '../../src/healing/id-ranges.ts';
import { sampleGap, sampleTrade } from '../../testing/records/sample-records.ts';

const INSTRUMENT = { coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' };
const PAGE = 4;

/** A trade with the ids from `first` to `last`. Each id takes 10 ms. */
const trade = (first: number, last = first): TradeEvent =>
  sampleTrade({ tradeId: String(first), lastTradeId: last === first ? null : String(last), timestamp: first * 10 });

const gap = (fromId: number, toId: number | null, changes: Partial<Gap> = {}): Gap =>
  sampleGap({
    fromId: String(fromId),
    toId: toId === null ? null : String(toId),
    fromTime: fromId * 10,
    toTime: (toId ?? 0) * 10,
    missing: null,
    filled: 0,
    ...changes,
  });

const singles = (first: number, last: number): TradeEvent[] =>
  Array.from({ length: last - first + 1 }, (_, index) => trade(first + index));

/** A venue that returns pages of trades by id. */
const byId = (trades: readonly TradeEvent[]): VenuePast => ({
  after: async (_, { id }: KnownTrade) => trades.filter(({ tradeId }) => BigInt(tradeId) > BigInt(id)).slice(0, PAGE),
});

/** A venue that returns pages of aggregated trades by time. */
const byTime = (trades: readonly TradeEvent[]): VenuePast => ({
  after: async (_, { timestamp }) => trades.filter((each) => each.timestamp >= timestamp).slice(0, PAGE),
});

const lastTrades = (trades: readonly (TradeEvent | undefined)[]): VenuePast => ({ recent: async () => trades });

/** Fetches all pages. Returns the fetched ids and the reason why trades stay missing. */
async function fetchAll(of: Gap, past: VenuePast, have = new IdRanges()) {
  const ids: string[] = [];
  const pages = fetchMissing(of, have, INSTRUMENT, past);
  for (let page = await pages.next(); ; page = await pages.next()) {
    if (page.done) return { ids, reason: page.value?.reason };
    for (const each of page.value) {
      const { first, last } = idRangeOf(each);
      ids.push(first === last ? `${first}` : `${first}-${last}`);
      have.add(first, last);
    }
  }
}

const idsOf = (first: number, last: number): string[] => singles(first, last).map(({ tradeId }) => tradeId);

it('fetches the trades between two ids, page by page', async () => {
  expect(await fetchAll(gap(10, 21), byId(singles(1, 40)))).toEqual({ ids: idsOf(11, 20), reason: undefined });
});

it('fetches only the trades that are not there yet', async () => {
  const have = new IdRanges();
  have.add(11n, 12n);
  have.add(15n, 17n);
  const { ids, reason } = await fetchAll(gap(10, 21), byId(singles(1, 40)), have);
  expect(ids).toEqual([...idsOf(13, 14), ...idsOf(18, 20)]);
  expect(reason).toBeUndefined();
});

it('says how many trades the venue does not return', async () => {
  const trades = singles(1, 40).filter(({ tradeId }) => tradeId !== '13' && tradeId !== '14');
  const { ids, reason } = await fetchAll(gap(10, 21), byId(trades));
  expect(ids).toEqual([...idsOf(11, 12), ...idsOf(15, 20)]);
  expect(reason).toBe('the venue no longer returns 2 of the trades, from id 13 on');
});

it('leaves aggregated trades out that reach over the bounds of the gap', async () => {
  const trades = [
    trade(1, 9),
    trade(10, 11),
    trade(12, 14),
    trade(15, 15),
    trade(16, 19),
    trade(20, 23),
    trade(24, 24),
  ];
  const { ids, reason } = await fetchAll(gap(10, 21), byTime(trades));
  expect(ids).toEqual(['12-14', '15', '16-19']);
  expect(reason).toBe('the venue no longer returns 2 of the trades, from id 11 on');
});

it('goes on although more aggregated trades than a page have the time of the gap', async () => {
  const before = [trade(1, 3), trade(4, 6), trade(7, 10)].map((each) => ({ ...each, timestamp: 100 }));
  const past = byTime([...before, ...singles(11, 30)]);
  expect(await fetchAll(gap(10, 15), past)).toEqual({ ids: idsOf(11, 14), reason: undefined });
});

it('fetches the trades up to the time at which the epoch ended', async () => {
  expect(await fetchAll(gap(10, null, { toTime: 175 }), byId(singles(1, 40)))).toEqual({
    ids: idsOf(11, 17),
    reason: undefined,
  });
});

it('does not call a gap complete that the venue has no later trade for', async () => {
  const { ids, reason } = await fetchAll(gap(10, null, { toTime: 175 }), byId(singles(1, 15)));
  expect(ids).toEqual(idsOf(11, 15));
  expect(reason).toBe('the venue returns no trade after the gap');
});

it('takes the trades of the gap from the last trades, if they reach back to it', async () => {
  expect(await fetchAll(gap(10, 21), lastTrades(singles(9, 30).toReversed()))).toEqual({
    ids: idsOf(11, 20),
    reason: undefined,
  });
});

it.each([
  ['do not reach back', gap(10, 21), singles(12, 30), 'the venue returns only its last 19 trades, which are younger'],
  ['cannot be read in part', gap(10, 21), [...singles(5, 30), undefined], 'an answer of the venue cannot be read'],
  ['have no end', gap(10, null), singles(5, 30), "the gap's last trade is not known"],
  ['lack some', gap(10, 14, { missing: 5 }), singles(5, 30), "the venue's last trades lack 2 of the gap's trades"],
] as const)('says why last trades are no help if they %s', async (_, of, trades, reason) => {
  expect((await fetchAll(of, lastTrades(trades))).reason).toBe(reason);
});

it.each([
  ['a gap without a trade before it', gap(10, 21, { fromId: null }), byId([]), 'no trade before the gap is known'],
  ['a venue without past trades', gap(10, 21), {}, 'the venue has no past trades'],
] as const)('fetches nothing for %s', async (_, of, past, reason) => {
  expect(await fetchAll(of, past)).toEqual({ ids: [], reason });
});
