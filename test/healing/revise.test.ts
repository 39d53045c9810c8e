import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Gap, TradeEvent } from '../../src/domain/record.ts';
import { HealingStore } from '../../src/healing/healing-store.ts';
import { type FetchedGaps, revise } from '../../src/healing/revise.ts';
import { auditDifferences } from '../../testing/judges/judge-audits.ts';
import { windowDifferences } from '../../testing/judges/judge-windows.ts';
import { sampleGap, sampleTrade } from '../../testing/records/sample-records.ts';
import { MemoryArchive } from './memory-archive.ts';

const MINUTE_MS = 60_000;
const STARTED_AT = Date.UTC(2026, 10, 21, 8, 30);
const PUBLISHED_MS = 75_000;

function trade(id: number, seconds: number, changes: Partial<TradeEvent> = {}): TradeEvent {
  const timestamp = STARTED_AT + Math.round(seconds * 1000);
  return sampleTrade({
    venue: 'binance',
    epoch: 1,
    tradeId: String(id),
    timestamp,
    receivedAt: timestamp * 1000,
    price: String(100 + (id % 7)),
    quantity: `0.${(id % 9) + 1}`,
    isBuyerMaker: id % 3 === 0,
    ...changes,
  });
}

function gapBetween(from: TradeEvent, to: TradeEvent): Gap {
  const { venue, symbol, epoch } = from;
  return sampleGap({
    ...{ venue, symbol, epoch, channel: 'trade', outcome: 'unrepaired' },
    ...{ fromId: from.tradeId, toId: to.tradeId, fromTime: from.timestamp, toTime: to.timestamp },
  });
}

/** Computes windows of 10 s and audits again, of the minutes of these gaps. */
async function revised(
  published: readonly TradeEvent[],
  late: readonly TradeEvent[],
  gaps: readonly Gap[],
  more: Partial<FetchedGaps> = {},
) {
  const archive = new MemoryArchive();
  archive.stored.push(...published);
  archive.late.push(...late);
  const config = loadConfig({ values: { coins: ['BTC'], feed: { venues: ['binance'] } } });
  const none = async () => {};
  const store = new HealingStore({ archive, config, pause: none, turn: none });
  const last = Math.max(...gaps.map(({ toTime }) => toTime));
  const publishedAt = (Math.floor(last / MINUTE_MS) + 1) * MINUTE_MS + PUBLISHED_MS;
  const market = { venue: 'binance', symbol: 'BTCUSDT', isContiguous: true, windowsMs: [10_000] } as const;
  const records = await revise(store, { ...market, gaps, stillMissing: [], publishedAt, ...more });
  const windows = records?.filter((record) => record.kind === 'trade_stats');
  const audits = records?.filter((record) => record.kind === 'audit');
  return { windows, audits };
}

/** A trade each second, and one long after them. */
const second = (id: number) => trade(id, id);
const SECONDS = Array.from({ length: 400 }, (_, id) => second(id));
const without = (...ids: readonly number[]) => SECONDS.filter(({ tradeId }) => !ids.includes(Number(tradeId)));
const gapOf = (first: number, last = first) => gapBetween(second(first - 1), second(last + 1));
const startsOf = (windows: readonly { readonly windowStart: number }[] | undefined) =>
  windows?.map(({ windowStart }) => (windowStart - STARTED_AT) / 1000);

it('makes the windows and minutes of random gaps equal to their trades', async () => {
  const ids = fc.uniqueArray(fc.integer({ min: 70, max: 170 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(ids, fc.integer({ min: 0, max: 3 }), async (missing, blocks) => {
      const sorted = missing.toSorted((a, b) => a - b);
      const isBlock = (id: number) => blocks > 0 && id % (10 * blocks) === 0;
      const all = SECONDS.map((one, id) => (isBlock(id) ? { ...one, conditions: ['block'] } : one));
      const published = all.filter(({ tradeId }) => !missing.includes(Number(tradeId)));
      const late = sorted.map((id) => all[id] as TradeEvent);
      const { windows = [], audits = [] } = await revised(
        published,
        late,
        sorted.map((id) => gapOf(id)),
      );
      for (const id of sorted) {
        const timestamp = STARTED_AT + id * 1000;
        expect(windows.some(({ windowStart, windowEnd }) => windowStart <= timestamp && timestamp < windowEnd)).toBe(
          true,
        );
        expect(audits.some(({ minute }) => minute <= timestamp && timestamp < minute + MINUTE_MS)).toBe(true);
      }
      for (const window of windows) {
        expect(window.complete).toBe(true);
        expect(windowDifferences(window, all)).toEqual([]);
      }
      for (const audit of audits) {
        const inside = all.filter(({ timestamp }) => Math.floor(timestamp / MINUTE_MS) * MINUTE_MS === audit.minute);
        expect(auditDifferences(audit, inside)).toEqual([]);
        expect(audit.verdict).toBe('proven');
      }
    }),
    { numRuns: 25 },
  );
});

it('publishes only the windows that no open gap touches', async () => {
  const { windows, audits } = await revised(without(75, 95), [second(75)], [gapOf(75)], { stillMissing: [gapOf(95)] });
  expect(startsOf(windows)).toEqual([70]);
  expect(audits).toMatchObject([{ verdict: 'gap', trades: 59 }]);
});

it('does not complete the window and the minute in which the epoch begins', async () => {
  const { windows, audits } = await revised(without(75).slice(72), [second(75)], [gapOf(75)]);
  expect(windows).toEqual([]);
  expect(audits).toMatchObject([{ verdict: 'unchecked', reason: 'the epoch begins inside the minute' }]);
});

it('does not complete the window and the minute in which the epoch ends', async () => {
  const next = trade(90_000, 96, { epoch: 2 });
  const { windows, audits } = await revised(
    [...without(75, 94).slice(0, 94), next],
    [second(75), second(94)],
    [gapOf(75), gapOf(94)],
  );
  expect(startsOf(windows)).toEqual([70]);
  expect(audits).toMatchObject([
    { verdict: 'unchecked', reason: 'the epoch ended before the minute could be checked' },
  ]);
});

it('computes nothing as long as no trade after the publication of the windows is stored', async () => {
  const early = without(75).slice(0, 150);
  expect((await revised(early, [second(75)], [gapOf(75)])).windows).toBeUndefined();
});
