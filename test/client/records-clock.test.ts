import { setImmediate as turn } from 'node:timers/promises';
import { lastValueFrom } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { type ClientOptions, connectTopics, type Market } from '../../src/client/index.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sampleAudit } from '../../testing/records/sample-records.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { outRecords } from '../sinks/out-records.ts';
import { gapOf, heartbeat, priceNow } from './published-topics.ts';

/** 2026-11-21T08:31:00Z */
const START = Date.UTC(2026, 10, 21, 8, 31);
const price = (afterMs: number, text: string) => {
  return priceNow('BTCUSDT', text, { timestamp: START + afterMs, receivedAt: (START + afterMs) * 1000 });
};
const beat = (afterMs: number) => heartbeat(afterMs, ['BTCUSDT'], { timestamp: START + afterMs });
const trade = (afterMs: number) => {
  return tradeEvent(afterMs, { timestamp: START + afterMs, receivedAt: (START + afterMs) * 1000 });
};

/** Writes the records to the files of a folder. */
async function folderOf(...records: readonly FeedRecord[]): Promise<string> {
  const dir = await testFolder();
  const sink = await openSink(dir);
  for (const record of outRecords(...records)) await sink.write([record]);
  await sink.close();
  return dir;
}

async function play(dir: string, options: ClientOptions = {}): Promise<Market> {
  const market = await connectTopics({ dir, clock: 'records', ...options });
  onTestFinished(() => market.close());
  return market;
}

it('a backtest plays all topics in the order of the records, each at its time, and then completes', async () => {
  const dir = await folderOf(
    beat(0),
    price(10, '1'),
    price(200, '2'),
    trade(100),
    trade(150),
    trade(60_000),
    beat(1000),
  );
  const market = await play(dir);
  const seen: unknown[] = [];
  const see = (what: string) => seen.push([market.now() - START, what, market.latest('BTC')?.price]);
  market.trades$('BTC').subscribe(({ tradeId }) => see(`trade ${tradeId}`));
  market.status$.subscribe(() => see('heartbeat'));
  market.prices$('BTC').subscribe({ next: ({ price: text }) => see(`price ${text}`), complete: () => see('end') });
  await lastValueFrom(market.trades$());
  expect(seen).toEqual([
    [0, 'heartbeat', undefined],
    [10, 'price 1', '1'],
    [100, 'trade 100', '1'],
    [150, 'trade 150', '1'],
    [200, 'price 2', '2'],
    [1000, 'heartbeat', '2'],
    [60_000, 'trade 60000', '2'],
    [60_000, 'end', '2'],
  ]);
  expect(market.lag()).toEqual({});
});

it('the guard of a backtest halts and resumes by the time of the records', async () => {
  const beats = Array.from({ length: 10 }, (_, second) => beat(1000 * second));
  const dir = await folderOf(...beats, price(10, '1'), price(7010, '2'));
  const market = await play(dir);
  const decisions: unknown[] = [];
  market.trading$('BTC').subscribe(({ at, causes }) => decisions.push([at - START, causes.join()]));
  await lastValueFrom(market.status$);
  expect(decisions).toEqual([
    [0, 'starting'],
    [10, 'recovering'],
    [1010, ''],
    [5010, 'price_age'],
    [7010, 'recovering'],
    [8010, ''],
    [9000, 'ended'],
  ]);
});

it('a gap halts from its report, whose time is in a status record', async () => {
  const gap = gapOf('BTCUSDT', { fromTime: START, toTime: START + 1000 });
  const report = heartbeat(2500, [], {
    ...{ timestamp: START + 2500, state: 'gap_unrepaired', heartbeat: null },
    ...{ venue: 'bybit', symbol: 'BTCUSDT' },
  });
  const market = await play(await folderOf(beat(0), beat(2000), report, gap, price(0, '1'), price(4000, '1')));
  const halted: number[] = [];
  market.trading$('BTC').subscribe(({ at, causes }) => {
    if (causes.includes('gap')) halted.push(at - START);
  });
  await lastValueFrom(market.status$);
  expect(halted[0]).toBe(2500);
});

it('an audit is played 15 s after the end of its minute at the earliest', async () => {
  const audits = [59_000, 80_000].map((ms, revision) => {
    return sampleAudit({ minute: START, revision, receivedAt: (START + ms) * 1000 });
  });
  const market = await play(await folderOf(beat(0), ...audits, beat(90_000)));
  const seen: unknown[] = [];
  market.records$('audits', 'BTC').subscribe(({ revision }) => seen.push([revision, market.now() - START]));
  await lastValueFrom(market.status$);
  expect(seen).toEqual([
    [0, 75_000],
    [1, 80_000],
  ]);
});

it('a gap is healed 75 s after its end at the earliest', async () => {
  const gap = gapOf('BTCUSDT', { fromTime: START, toTime: START + 1000 });
  const market = await play(await folderOf(beat(0), gap, { ...gap, outcome: 'healed' }, price(0, '1'), beat(90_000)));
  const seen: unknown[] = [];
  market.gaps$().subscribe(({ outcome }) => seen.push([outcome, market.now() - START]));
  await lastValueFrom(market.status$);
  expect(seen).toEqual([
    ['unrepaired', 13_000],
    ['healed', 76_000],
  ]);
});

it('a topic that is subscribed during a backtest begins with the records from then on', async () => {
  const market = await play(await folderOf(beat(0), price(120, '1'), trade(100), trade(150), trade(200)));
  const ids: string[] = [];
  market.prices$('BTC').subscribe(() => market.trades$().subscribe(({ tradeId }) => ids.push(tradeId)));
  await lastValueFrom(market.prices$());
  expect(ids).toEqual(['150', '200']);
});

it('a backtest waits for loops over readings', async () => {
  const market = await play(await folderOf(beat(0), ...[100, 150, 200].map(trade)));
  const seen: [string, number][] = [];
  for await (const { tradeId } of market.read('trades')) {
    await turn();
    seen.push([tradeId, market.now() - START]);
  }
  expect(seen).toEqual([100, 150, 200].map((ms) => [String(ms), ms]));
});

it('with `from`, the guard of a backtest knows the time before', async () => {
  const dir = await folderOf(beat(0), price(0, '1'), trade(100), beat(2000), price(2100, '2'), trade(2200), beat(3000));
  const market = await play(dir, { from: START + 2000 });
  const seen: unknown[] = [];
  market.trades$().subscribe(({ tradeId }) => seen.push([tradeId, market.guard().isAllowed('BTC')]));
  market.prices$().subscribe(({ price: text }) => seen.push(text));
  await lastValueFrom(market.trades$());
  expect(seen).toEqual(['2', ['2200', true]]);
});

it('close ends a backtest', async () => {
  const market = await play(await folderOf(beat(0), ...[100, 150, 200].map(trade)));
  const ids: string[] = [];
  const over = Promise.withResolvers<void>();
  market.trades$().subscribe({
    next: ({ tradeId }) => {
      ids.push(tradeId);
      if (tradeId === '150') void market.close();
    },
    complete: over.resolve,
  });
  await over.promise;
  await market.close();
  expect(ids).toEqual(['100', '150']);
});

it('a backtest needs a folder with records, and an allowed clock', async () => {
  const dir = await folderOf(trade(1));
  await expect(connectTopics({ dir, clock: 'records' })).rejects.toThrow(
    `no records of prices, feed-status, gaps in ${dir}; there are: trades`,
  );
  await expect(connectTopics({ brokers: ['a:1'], clock: 'records' })).rejects.toThrow('clock: ');
  const wrong: ClientOptions = JSON.parse('{ "dir": "x", "clock": "record" }');
  await expect(connectTopics(wrong)).rejects.toThrow('connectTopics: clock is "record", allowed: wall, records');
});
