import { describe, expect, it } from 'vitest';
import type { Gap, Position, TradeEvent } from '../../../src/domain/record.ts';
import { gapRecord } from '../../../testing/judges/events.ts';
import type { JournalEvent } from '../../../testing/judges/journal.ts';
import { JournalIndex } from '../../../testing/judges/journal-index.ts';
import { type JudgeOptions, TradeJudge, type Verdict } from '../../../testing/judges/trade-judge.ts';

const SYMBOL = 'BTCUSDT';
const BASE = { symbol: SYMBOL, venueSymbol: SYMBOL, coin: 'BTC', environment: 'simulated' } as const;

function made(id: number, over: Partial<JournalEvent> = {}): JournalEvent {
  const values = { price: '10.50', quantity: '1', side: 'sell', time: 1000 + id, sent: [1, 2] } as const;
  return { venue: 'binance', symbol: SYMBOL, kind: 'trade', id: String(id), ...values, ...over };
}

function trade(id: number, over: Partial<TradeEvent> = {}): TradeEvent {
  return {
    ...{ ...BASE, kind: 'trade', venue: 'binance', epoch: 1, receivedAt: 0, price: '10.5', quantity: '1' },
    ...{ isBuyerMaker: true, timestamp: 1000 + id, eventTime: null, tradeId: String(id), lastTradeId: null },
    ...{ conditions: [], source: 'live', timestampUs: null },
    ...over,
  };
}

function gap(from: number, to: number | null, over: Partial<Gap> = {}): Gap {
  return gapRecord({
    symbol: SYMBOL,
    fromId: String(from),
    toId: to === null ? null : String(to),
    fromTime: 1000 + from,
    toTime: 1000 + (to ?? 0),
    missing: to === null ? null : to - from - 1,
    environment: 'simulated',
    ...over,
  });
}

function position(epoch: number, venue = 'binance'): Position {
  return { kind: 'position', venue, symbol: SYMBOL, epoch, tradeId: null, timestamp: 0, environment: 'simulated' };
}

/**
 * Returns the verdict on trades in their order, each stored one millisecond after the previous one. The judge gets the
 * gaps first, with their storage times.
 */
function judged(
  trades: readonly TradeEvent[],
  gaps: readonly (readonly [Gap, number])[] = [],
  journal: readonly JournalEvent[] = Array.from({ length: 20 }, (_, index) => made(index + 1)),
  options: JudgeOptions = {},
  positions: readonly Position[] = [],
): Verdict {
  const index = new JournalIndex();
  for (const event of journal) index.add(event);
  const judge = new TradeJudge(index, options);
  for (const one of positions) judge.position(one, 0);
  for (const { epoch, venue } of trades) judge.position(position(epoch, venue), 0);
  for (const [one, at] of gaps) judge.gap(one, at);
  for (const [at, one] of trades.entries()) judge.trade(one, at + 1);
  return judge.verdict();
}

const WELL = { lost: 0, inGaps: 0, undetectable: 0, duplicated: 0, outOfOrder: 0, problems: [] };

describe('TradeJudge', () => {
  it('finds no problem in a run without missing trades, wherever it begins and ends', () => {
    expect(judged([3, 4, 5, 6].map((id) => trade(id)))).toMatchObject({ ...WELL, published: 4, epochs: 1 });
  });

  it('finds trades lost within an epoch, but not between epochs of different venues', () => {
    const verdict = judged([trade(3), trade(6), trade(7)]);
    expect(verdict).toMatchObject({ ...WELL, lost: 2 });
    expect(verdict.losses).toEqual(['binance BTCUSDT 1: 2 lost, 4 to 5, made at 1004 to 1005']);
    const bybit = made(1, { venue: 'bybit' });
    const turns = [trade(1), trade(1, { venue: 'bybit', epoch: 2 }), trade(9, { epoch: 3 })];
    const journal = [...Array.from({ length: 20 }, (_, index) => made(index + 1)), bybit];
    expect(judged(turns, [], journal)).toMatchObject({ ...WELL, epochs: 3 });
  });

  it('treats two consecutive epochs of one venue as one run', () => {
    expect(judged([trade(1), trade(4, { epoch: 2 })])).toMatchObject({ ...WELL, lost: 2 });
    const ended = gap(1, null, { outcome: 'unknown' });
    expect(judged([trade(1), trade(4, { epoch: 2 })], [[ended, 1]])).toMatchObject({ ...WELL, inGaps: 2 });
  });

  it('separates two epochs of a venue if another venue had an epoch without trades between them', () => {
    const turns = [trade(1), trade(4, { epoch: 3 })];
    expect(judged(turns, [], undefined, {}, [position(2, 'bybit')])).toMatchObject(WELL);
    expect(judged(turns, [], undefined, {}, [position(2)])).toMatchObject({ ...WELL, lost: 2 });
    const elsewhere = [position(1, 'bybit'), position(3, 'bybit'), { ...position(2, 'bybit'), symbol: 'ETHUSDT' }];
    expect(judged(turns, [], undefined, {}, elsewhere)).toMatchObject({ lost: 2 });
  });

  it('accepts missing trades that a correct gap record names in time', () => {
    expect(judged([trade(3), trade(6)], [[gap(3, 6), 2]])).toMatchObject({ ...WELL, inGaps: 2 });
    const repaired = gap(3, 6, { filled: 2, outcome: 'repaired' });
    expect(
      judged(
        [3, 4, 5, 6].map((id) => trade(id)),
        [[repaired, 4]],
      ),
    ).toMatchObject(WELL);
  });

  it.each([
    ['is written after the next trade', gap(3, 6), 3],
    ['has a wrong count of missing trades', gap(3, 6, { missing: 3 }), 1],
    ['claims to be filled', gap(3, 6, { filled: 1 }), 1],
    ['claims to be repaired', gap(3, 6, { outcome: 'repaired' }), 1],
    ['ends at a trade that was not published', gap(3, 5), 1],
    ['begins at a trade that was not published', gap(4, 6), 1],
    ['claims that no trade followed', gap(3, null), 1],
    ['belongs to an epoch that did not exist', gap(3, 6, { epoch: 2 }), 1],
    ['names trades that were never made', gap(3, 60), 1],
  ])('refuses a gap that %s', (_, one, at) => {
    expect(judged([trade(3), trade(6)], [[one, at]]).problems).not.toEqual([]);
  });

  it('judges the trades in the topic alone, so a healed gap still has missing trades', () => {
    const healed = gap(3, 6, { filled: 2, outcome: 'healed' });
    const gaps = [
      [gap(3, 6), 2],
      [healed, 9],
    ] as const;
    expect(judged([trade(3), trade(6)], gaps)).toMatchObject({ ...WELL, inGaps: 2 });
    expect(judged([trade(3), trade(6)], [[healed, 9]])).toMatchObject({ lost: 2 });
  });

  it('accepts a gap that ends at a trade within a wider gap, as after a kill', () => {
    const gaps = [
      [gap(3, 5), 1],
      [gap(3, 6), 2],
    ] as const;
    expect(judged([trade(3), trade(6)], gaps)).toMatchObject({ ...WELL, inGaps: 2 });
  });

  it('finds duplicate trades, also in another epoch, and trades out of order', () => {
    expect(judged([trade(3), trade(4), trade(4)])).toMatchObject({ ...WELL, duplicated: 1 });
    expect(judged([trade(3), trade(4), trade(4, { epoch: 2 })])).toMatchObject({ ...WELL, duplicated: 1 });
    expect(judged([trade(3), trade(5), trade(4)])).toMatchObject({ ...WELL, outOfOrder: 1 });
  });

  it.each([
    ['another price', trade(4, { price: '11' })],
    ['another side', trade(4, { isBuyerMaker: false })],
    ['another time', trade(4, { timestamp: 1 })],
    ['an id that was never made', trade(400)],
    ['a venue without the symbol', trade(4, { venue: 'bybit' })],
    ['another venue in the same epoch', trade(4, { venue: 'binance_us' })],
    ['an older epoch', trade(4, { epoch: 0 })],
  ])('refuses a trade of %s', (_, one) => {
    const journal = [3, 4].flatMap((id) => [made(id), made(id, { venue: 'binance_us' })]);
    expect(judged([trade(3), one], [], journal).problems).not.toEqual([]);
  });

  it('refuses an epoch that was announced too late, or not at all', () => {
    const index = new JournalIndex();
    index.add(made(3));
    const late = new TradeJudge(index);
    late.position(position(1), 2);
    late.trade(trade(3), 1);
    expect(late.verdict().problems).toHaveLength(1);
    const never = new TradeJudge(index);
    never.trade(trade(3), 1);
    expect(never.verdict().problems).toHaveLength(1);
  });

  it('counts lost trades and gaps across trade ids that start again', () => {
    const journal = [made(8), made(9), made(1, { time: 2001 }), made(2, { time: 2002 }), made(3, { time: 2003 })];
    const trades = [trade(8), trade(9), trade(3, { timestamp: 2003 })];
    expect(judged(trades, [], journal)).toMatchObject({ ...WELL, lost: 2 });
    const over = gap(9, 3, { toTime: 2003, missing: null, outcome: 'unknown' });
    expect(judged(trades, [[over, 1]], journal)).toMatchObject({ ...WELL, inGaps: 2 });
  });

  it('counts an aggregated trade as all the trades that it covers', () => {
    const aggregated = trade(4, { lastTradeId: '6', quantity: '3', conditions: ['aggregated'], source: 'backfill' });
    expect(judged([trade(3), aggregated, trade(7)])).toMatchObject(WELL);
    expect(judged([trade(3), aggregated, trade(6)])).toMatchObject({ ...WELL, duplicated: 1 });
  });

  it('accepts a late gap record of sparse ids, but not one with a wrong count', () => {
    const journal = [1, 2, 3].map((id) => made(id, { venue: 'bybit' }));
    const trades = [1, 3].map((id) => trade(id, { venue: 'bybit' }));
    expect(judged(trades, [[gap(1, 3, { venue: 'bybit' }), 9]], journal)).toMatchObject({ ...WELL, inGaps: 1 });
    const tooMany = gap(1, 3, { venue: 'bybit', missing: 2 });
    expect(judged(trades, [[tooMany, 9]], journal).problems).toHaveLength(1);
  });

  it('finds a symbol without trades for long while a venue sends them, unless gaps cover it', () => {
    const journal = Array.from({ length: 60 }, (_, second) => [
      made(second + 1, { time: second * 1000, sent: second < 10 ? [1] : [] }),
      made(second + 1, { time: second * 1000, venue: 'bybit' }),
    ]).flat();
    const at = (second: number) => trade(second + 1, { timestamp: second * 1000 });
    const pausesOf = (
      seconds: readonly number[],
      sound: readonly JournalEvent[] = journal,
      gaps: readonly Gap[] = [],
    ) =>
      judged(
        seconds.map(at),
        gaps.map((one) => [one, 0] as const),
        sound,
        { maxPauseMs: 20_000 },
      ).problems;
    const upTo = (second: number) => Array.from({ length: second + 1 }, (_, index) => index);
    expect(pausesOf([...upTo(9), ...upTo(59).slice(30)])).toEqual([
      'BTCUSDT: no trade from 9000 to 30000, 21000 ms, while bybit sent them',
    ]);
    expect(pausesOf([...upTo(9), ...upTo(59).slice(29)])).toEqual([]);
    expect(pausesOf(upTo(38))).toEqual(['BTCUSDT: no trade from 38000 to 59000, 21000 ms, while bybit sent them']);
    expect(
      pausesOf(
        upTo(9),
        journal.map((event) => ({ ...event, sent: [] })),
      ),
    ).toEqual([]);
    const other = journal.map((event) => ({ ...event, symbol: 'ETHUSDT' }));
    expect(pausesOf(upTo(59), [...journal, ...other])).toEqual([
      'ETHUSDT: no trade from 0 to 59000, 59000 ms, while bybit sent them',
    ]);
    const named = gap(10, 31, { fromTime: 9000, toTime: 30_000 });
    expect(pausesOf([...upTo(9), ...upTo(59).slice(30)], journal, [named])).toEqual([]);
    const inParts = [
      gap(10, 31, { fromTime: 9000, toTime: 12_000 }),
      gap(10, 31, { fromTime: 13_000, toTime: 20_000 }),
      gap(10, 31, { fromTime: 11_000, toTime: 14_000 }),
    ];
    expect(pausesOf([...upTo(9), ...upTo(59).slice(30)], journal, inParts)).toEqual([]);
    const small = gap(10, 32, { fromTime: 9000, toTime: 10_000 });
    expect(pausesOf([...upTo(9), ...upTo(59).slice(31)], journal, [small])).toEqual([
      'BTCUSDT: no trade from 9000 to 31000, 22000 ms, while bybit sent them',
    ]);
  });

  it('counts a withheld trade as undetectable for sparse ids, but as lost for contiguous ids', () => {
    const on = (venue: string) => [1, 2, 3].map((id) => made(id, { venue, ...(id === 2 ? { withheld: true } : {}) }));
    const of = (venue: string) => [1, 3].map((id) => trade(id, { venue }));
    expect(judged(of('bybit'), [], on('bybit'))).toMatchObject({ ...WELL, undetectable: 1 });
    expect(judged(of('binance'), [], on('binance'))).toMatchObject({ ...WELL, lost: 1 });
  });

  it('accepts a gap record without a trade that was unknown when the gap was written', () => {
    const reported = gap(1, 4, { venue: 'bybit', missing: 1, filled: 1, outcome: 'repaired' });
    const trades = [1, 2, 3, 4].map((id) => trade(id, { venue: 'bybit' }));
    const journal = (third: Partial<JournalEvent>) =>
      [1, 2, 3, 4].map((id) => made(id, { venue: 'bybit', ...(id === 3 ? third : {}) }));
    const keptFromAll = { withheld: true, sent: [] } as const;
    expect(judged(trades, [[reported, 2]], journal(keptFromAll))).toMatchObject(WELL);
    expect(judged(trades, [[reported, 3]], journal(keptFromAll)).problems).toHaveLength(1);
    expect(judged(trades, [[reported, 2]], journal({ withheld: true })).problems).toHaveLength(1);
    expect(judged(trades, [[reported, 2]], journal({ sent: [] })).problems).toHaveLength(1);
  });
});
