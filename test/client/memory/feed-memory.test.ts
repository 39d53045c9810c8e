import { describe, expect, it } from 'vitest';
import { type LastPrices, recallPrices } from '../../../src/client/memory/always-read-topics.ts';
import { FeedMemory } from '../../../src/client/memory/feed-memory.ts';
import type { ReadTopicBackwards } from '../../../src/client/memory/read-topic-backwards.ts';
import type { FeedRecord, Gap } from '../../../src/domain/record.ts';
import { gapOf, heartbeat, priceNow } from '../published-topics.ts';

/** A topic of one partition that counts how many records were read. */
function topicOf(...records: readonly { readonly at: number; readonly record: FeedRecord }[]) {
  const read: FeedRecord[] = [];
  const readBackwards: ReadTopicBackwards = async (_, visitorOf) => {
    const visit = visitorOf(0, () => 0);
    for (const { at, record } of records.toReversed()) {
      const key = 'symbol' in record ? record.symbol : null;
      const decode = async () => {
        read.push(record);
        return record;
      };
      if ((await visit({ key, appendedAt: at, decode })) === 'stop') return;
    }
  };
  return { readBackwards, read };
}

describe('FeedMemory', () => {
  it('recalls recent status records, and the last heartbeat however old it is', async () => {
    const old = [1, 2, 3].map((sequence) => ({ at: sequence * 1000, record: heartbeat(sequence, ['BTCUSDT']) }));
    const stopped = { at: 99_000, record: heartbeat(4, [], { state: 'stopped', heartbeat: null }) };
    const { readBackwards, read } = topicOf(...old, stopped);
    const memory = new FeedMemory(60_000);
    await memory.recallStatus(readBackwards, 'feed-status', 100_000);
    expect(memory.status().map(({ sequence }) => sequence)).toEqual([3, 4]);
    expect(memory.symbols()).toEqual(new Set(['BTCUSDT']));
    expect(read).toHaveLength(2);
  });

  it('keeps a status record only once if it arrives while the past is read', async () => {
    const both = { at: 99_500, record: heartbeat(2, ['BTCUSDT']) };
    const { readBackwards } = topicOf({ at: 99_000, record: heartbeat(1, ['BTCUSDT']) }, both);
    const memory = new FeedMemory(60_000);
    memory.addStatus(both.record, both.at);
    memory.addStatus(heartbeat(3, ['BTCUSDT', 'ETHUSDT']), 99_600);
    await memory.recallStatus(readBackwards, 'feed-status', 100_000);
    expect(memory.status().map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  it('recalls the last gap of each symbol that was not repaired, from the last hour or a longer gapHaltMs', async () => {
    const hour = 3_600_000;
    const gapAt = (at: number, symbol: string, fields: Partial<Gap> = {}) => ({ at, record: gapOf(symbol, fields) });
    const published = [
      gapAt(1, 'OLDUSDT'),
      gapAt(2, 'ADAUSDT'),
      gapAt(3, 'SOLUSDT', { outcome: 'unknown' }),
      gapAt(50_000, 'BTCUSDT', { epoch: 1 }),
      gapAt(90_000, 'BTCUSDT', { epoch: 2 }),
      gapAt(95_000, 'BTCUSDT', { epoch: 3, outcome: 'repaired' }),
    ];
    for (const [gapHaltMs, nowMs] of [
      [60_000, hour + 3],
      [2 * hour, 2 * hour + 3],
    ] as const) {
      const { readBackwards } = topicOf(...published);
      const memory = new FeedMemory(gapHaltMs);
      memory.addGap(gapOf('ETHUSDT'), nowMs);
      await memory.recallGaps(readBackwards, 'gaps', nowMs);
      const known = new Map(memory.gaps().map(({ gap, reportedAt }) => [gap.symbol, reportedAt]));
      expect(known).toEqual(
        new Map([
          ['ETHUSDT', nowMs],
          ['BTCUSDT', 90_000],
          ['SOLUSDT', 3],
          // The first record that is too old ends the search.
          ['ADAUSDT', 2],
        ]),
      );
    }
  });

  it('reads on behind a healed gap, whose time in files is long before its publication', async () => {
    const nowMs = 9_000_000;
    const open = { at: nowMs - 5000, record: gapOf('BTCUSDT') };
    const healed = { at: 1000, record: gapOf('ETHUSDT', { outcome: 'healed' }) };
    const memory = new FeedMemory(60_000);
    await memory.recallGaps(topicOf(open, healed).readBackwards, 'gaps', nowMs);
    expect(memory.gaps().map(({ gap }) => gap)).toEqual([open.record]);
  });

  it('prefers a gap that arrives while the past is read to an older gap', async () => {
    const { readBackwards } = topicOf({ at: 90_000, record: gapOf('BTCUSDT', { epoch: 1 }) });
    const memory = new FeedMemory(60_000);
    const later = gapOf('BTCUSDT', { epoch: 2 });
    memory.addGap(later, 99_000);
    await memory.recallGaps(readBackwards, 'gaps', 100_000);
    expect(memory.gaps()).toEqual([{ gap: later, reportedAt: 99_000 }]);
  });
});

describe('recallPrices', () => {
  it('finds old prices far back, and decodes only one message of each symbol', async () => {
    const quiet = { at: 1, record: priceNow('ADAUSDT', '1', { receivedAt: 1 }) };
    const busy = Array.from({ length: 9000 }, (_, index) => ({
      at: index,
      record: priceNow('BTCUSDT', String(index), { receivedAt: index }),
    }));
    const { readBackwards, read } = topicOf(priced('OLDUSDT', 0), quiet, ...busy);
    const prices: LastPrices = new Map();
    await recallPrices(readBackwards, 'prices', new Set(['BTCUSDT', 'ADAUSDT']), prices);
    expect([prices.get('BTCUSDT')?.price, prices.get('ADAUSDT')?.price]).toEqual(['8999', '1']);
    expect(prices.get('OLDUSDT')).toBeUndefined();
    // The other messages are not decoded, because their keys show that they are not needed.
    expect(read).toHaveLength(2);
  });

  it('keeps a newer price that arrived while the past was read', async () => {
    const { readBackwards } = topicOf(priced('BTCUSDT', 5));
    const prices: LastPrices = new Map();
    prices.set('BTCUSDT', priceNow('BTCUSDT', '6', { receivedAt: 6 }));
    await recallPrices(readBackwards, 'prices', new Set(['BTCUSDT']), prices);
    expect(prices.get('BTCUSDT')?.price).toBe('6');
  });
});

const priced = (symbol: string, at: number) => ({ at, record: priceNow(symbol, String(at), { receivedAt: at }) });
