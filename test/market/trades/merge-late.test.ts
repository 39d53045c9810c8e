import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareIds } from '../../../src/domain/trade-id.ts';
import { mergeLate, type SeriesTrade } from '../../../src/market/trades/merge-late.ts';

function trade(epoch: number, id: number | bigint, lastId?: number): SeriesTrade {
  const venue = epoch % 2 === 0 ? 'bybit' : 'binance';
  return { venue, symbol: 'BTCUSDT', epoch, tradeId: `${id}`, lastTradeId: lastId === undefined ? null : `${lastId}` };
}

async function merged(trades: readonly SeriesTrade[], late: readonly SeriesTrade[]): Promise<readonly string[]> {
  const result: string[] = [];
  for await (const { trade, isLate } of mergeLate(trades, () => late))
    result.push(`${trade.epoch}:${trade.tradeId}${isLate ? ' late' : ''}`);
  return result;
}

/** Epochs with ascending ids of up to 20 digits. Some trades were lost; the late ones came gap by gap, in any order. */
const anySeries = fc
  .array(
    fc.record({
      epoch: fc.integer({ min: 1, max: 4 }),
      id: fc.bigInt({ min: 1n, max: 10n ** 20n }),
      gap: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 60 },
  )
  .map((given) => {
    const known = new Set<string>();
    const sorted = given
      .map(({ epoch, id, gap }) => ({ trade: trade(epoch, id), gap }))
      .sort((a, b) => a.trade.epoch - b.trade.epoch || compareIds(a.trade.tradeId, b.trade.tradeId))
      .filter(({ trade: { epoch, tradeId } }) => !known.has(`${epoch}:${tradeId}`) && known.add(`${epoch}:${tradeId}`));
    return {
      all: sorted.map(({ trade }) => trade),
      trades: sorted.filter(({ gap }) => gap < 2).map(({ trade }) => trade),
      late: [5, 2, 4, 3].flatMap((healed) => sorted.filter(({ gap }) => gap === healed).map(({ trade }) => trade)),
    };
  });

describe('mergeLate', () => {
  it('equals a plain sort of all trades, for late trades in any order of gaps', async () => {
    await fc.assert(
      fc.asyncProperty(anySeries, async ({ all, trades, late }) => {
        const result: SeriesTrade[] = [];
        for await (const { trade, isLate } of mergeLate(trades, () => late)) {
          expect(isLate).toBe(late.includes(trade));
          result.push(trade);
        }
        expect(result).toEqual(all);
      }),
      { seed: 34, numRuns: 200 },
    );
  });

  it.each([
    [
      'a healed gap',
      [trade(1, 1), trade(1, 5)],
      [trade(1, 2), trade(1, 3), trade(1, 4)],
      ['1:1', '1:2 late', '1:3 late', '1:4 late', '1:5'],
    ],
    [
      'a gap at the end of an epoch, healed after a gap of the next one',
      [trade(1, 9), trade(2, 1), trade(2, 3)],
      [trade(2, 2), trade(1, 10)],
      ['1:9', '1:10 late', '2:1', '2:2 late', '2:3'],
    ],
    [
      'late trades before the first and after the last trade',
      [trade(1, 9)],
      [trade(1, 8), trade(1, 10)],
      ['1:8 late', '1:9', '1:10 late'],
    ],
    ['late trades alone', [], [trade(1, 99), trade(1, 100)], ['1:99 late', '1:100 late']],
    [
      'a trade that is in both topics, or twice in late-trades',
      [trade(1, 1), trade(1, 3)],
      [trade(1, 1), trade(1, 2), trade(1, 2), trade(1, 3)],
      ['1:1', '1:2 late', '1:3'],
    ],
    [
      'a late trade that an aggregated trade stands for',
      [trade(1, 1), trade(1, 2, 5), trade(1, 8)],
      [trade(1, 4), trade(1, 6, 7)],
      ['1:1', '1:2', '1:6 late', '1:8'],
    ],
  ])('merges %s', async (_name, trades, late, expected) => {
    expect(await merged(trades, late)).toEqual(expected);
  });

  it('reads no more late trades than were there at the first reading', async () => {
    let readings = 0;
    const openLate = () => [trade(1, 2), ...(readings++ === 0 ? [] : [trade(1, 1), trade(1, 4)])];
    const result: string[] = [];
    for await (const { trade: each } of mergeLate([trade(1, 3)], openLate)) result.push(each.tradeId);
    expect(result).toEqual(['2', '3']);
  });

  it('has a few trades in memory, whatever the number of late trades', async () => {
    let made = 0;
    let taken = 0;
    let mostAhead = 0;
    function* numbered(first: number, step: number): Generator<SeriesTrade> {
      for (let id = first; id <= 20_000; id += step) {
        made++;
        yield trade(1, id);
      }
    }
    const counted = [...numbered(2, 2)].length;
    made = 0;
    for await (const _ of mergeLate(numbered(1, 2), () => numbered(2, 2))) {
      taken++;
      mostAhead = Math.max(mostAhead, made - counted - taken);
    }
    expect(taken).toBe(20_000);
    expect(mostAhead).toBeLessThan(10);
  });

  it('closes all sources when the reader stops early', async () => {
    const open = new Set<string>();
    async function* source(name: string, trades: readonly SeriesTrade[]): AsyncGenerator<SeriesTrade> {
      open.add(name);
      try {
        yield* trades;
      } finally {
        open.delete(name);
      }
    }
    const late = () => source('late', [trade(1, 2), trade(1, 3)]);
    for await (const _ of mergeLate(source('trades', [trade(1, 1), trade(1, 4)]), late)) break;
    expect(open).toEqual(new Set());
  });

  it('refuses late trades that consist of more than 16 rising sequences', async () => {
    const late = Array.from({ length: 17 }, (_, index) => trade(1, 100 - index));
    expect(await merged([], late.slice(0, 16))).toHaveLength(16);
    await expect(merged([], late)).rejects.toThrow(
      'late-trades: binance BTCUSDT epoch 1 trade 84 is too far out of order: the late trades consist of more than 16 rising sequences; read a shorter range',
    );
  });

  it.each([
    ['an epoch that falls', trade(2, 1), trade(1, 2)],
    ['an id that falls', trade(1, 3), trade(1, 2)],
    ['two venues in an epoch', trade(1, 2), { ...trade(1, 3), venue: 'bybit' }],
  ])('refuses trades of several series: %s', async (_name, first, second) => {
    await expect(merged([first, second], [])).rejects.toThrow(
      `trades: after ${first.venue} epoch ${first.epoch} trade ${first.tradeId} of BTCUSDT follows ${second.venue} epoch ${second.epoch} trade ${second.tradeId}; epochs and ids must rise`,
    );
  });
});
