import { describe, expect, it } from 'vitest';
import { FeedMemory } from '../../src/client/feed-memory.ts';
import { LastPrices, recallPrices } from '../../src/client/last-prices.ts';
import type { LookBack } from '../../src/client/past.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { gapOf, heartbeat, priceTick } from './published-topics.ts';

/** A topic of one partition; counts how many records were read. */
function topicOf(...records: readonly { readonly at: number; readonly record: FeedRecord }[]) {
  const read: FeedRecord[] = [];
  const lookBack: LookBack = async (_, takerOf) => {
    const taker = takerOf(0, () => 0);
    for (const { at, record } of records.toReversed()) {
      const key = 'symbol' in record ? record.symbol : null;
      const readOne = async () => {
        read.push(record);
        return record;
      };
      if (!(await taker({ key, appendedAt: at, read: readOne }))) return;
    }
  };
  return { lookBack, read };
}

describe('what a client remembers of the feed', () => {
  it('is what was told lately, and the last heartbeat however old', async () => {
    const old = [1, 2, 3].map((sequence) => ({ at: sequence * 1000, record: heartbeat(sequence, ['BTCUSDT']) }));
    const stopped = { at: 99_000, record: heartbeat(4, [], { state: 'stopped' }) };
    const { lookBack, read } = topicOf(...old, stopped);
    const memory = new FeedMemory(60_000);
    await memory.recallStatus(lookBack, 'feed-status', 100_000);
    expect(memory.status().map(({ sequence }) => sequence)).toEqual([3, 4]);
    expect(memory.symbols()).toEqual(new Set(['BTCUSDT']));
    expect(read).toHaveLength(2);
  });

  it('has each record once that comes while it looks back', async () => {
    const both = { at: 99_500, record: heartbeat(2, ['BTCUSDT']) };
    const { lookBack } = topicOf({ at: 99_000, record: heartbeat(1, ['BTCUSDT']) }, both);
    const memory = new FeedMemory(60_000);
    memory.takeStatus(both.record, both.at);
    memory.takeStatus(heartbeat(3, ['BTCUSDT', 'ETHUSDT']), 99_600);
    await memory.recallStatus(lookBack, 'feed-status', 100_000);
    expect(memory.status().map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  it('forgets gaps that were told too long ago', async () => {
    const gaps = [10_000, 50_000, 90_000].map((at, index) => ({ at, record: gapOf('BTCUSDT', { epoch: index }) }));
    const { lookBack } = topicOf(...gaps);
    const memory = new FeedMemory(60_000);
    await memory.recallGaps(lookBack, 'gaps', 100_000);
    expect(memory.gaps().map(({ epoch }) => epoch)).toEqual([1, 2]);
    memory.takeGap(gapOf('ETHUSDT', { epoch: 7 }), 120_000);
    expect(memory.gaps().map(({ epoch }) => epoch)).toEqual([2, 7]);
  });
});

describe('the last prices', () => {
  it('are found far back, with no more read than is needed', async () => {
    const quiet = { at: 1, record: priceTick('ADAUSDT', '1', { receivedAt: 1 }) };
    const busy = Array.from({ length: 9000 }, (_, index) => ({
      at: index,
      record: priceTick('BTCUSDT', String(index), { receivedAt: index }),
    }));
    const { lookBack, read } = topicOf(priced('OLDUSDT', 0), quiet, ...busy);
    const prices = new LastPrices();
    await recallPrices(lookBack, 'prices', new Set(['BTCUSDT', 'ADAUSDT']), prices);
    expect([prices.of('BTCUSDT')?.price, prices.of('ADAUSDT')?.price]).toEqual(['8999', '1']);
    expect(prices.of('OLDUSDT')).toBeUndefined();
    // By their keys the others are known to be older.
    expect(read).toHaveLength(2);
  });

  it('stay what came while it looked back', async () => {
    const { lookBack } = topicOf(priced('BTCUSDT', 5));
    const prices = new LastPrices();
    prices.take(priceTick('BTCUSDT', '6', { receivedAt: 6 }));
    await recallPrices(lookBack, 'prices', new Set(['BTCUSDT']), prices);
    expect(prices.of('BTCUSDT')?.price).toBe('6');
  });
});

const priced = (symbol: string, at: number) => ({ at, record: priceTick(symbol, String(at), { receivedAt: at }) });
