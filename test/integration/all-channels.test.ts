import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { CHANNELS, isDepthChannel } from '../../src/domain/instrument.ts';
import type { BookTicker, FeedRecord, Kline } from '../../src/domain/record.ts';
import { wallClock } from '../../src/net/wall-clock.ts';
import { startPipeline } from '../../src/runtime/run.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { sinks } from '../../src/sinks/registry.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { epochProblems } from '../../testing/judges/epoch-rules.ts';
import { compareTrades, exactValue, grouped, type JournalEvent, readJournal } from '../../testing/judges/journal.ts';
import { temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';

const SECONDS = isLong ? 60 : 5;
const PER_SECOND = isLong ? 2000 : 150;
const STANDBY_PER_SECOND = PER_SECOND / 10;
const ALL = CHANNELS.filter((channel) => !isDepthChannel(channel));
const COINS = isLong ? join(root, 'config/coins.json') : ['BTC', 'ETH', 'SOL', 'BNB', 'XRP'];
const SYMBOLS = isLong ? 20 : COINS.length;
/** Maps the interval names in Bybit's topics to the names in the journal. */
const BYBIT_INTERVALS: Readonly<Record<string, string>> = {
  ...{ 1: '1m', 3: '3m', 5: '5m', 15: '15m', 30: '30m', 60: '1h', 120: '2h', 240: '4h', 360: '6h', 720: '12h' },
  ...{ D: '1d', W: '1w', M: '1M' },
};
/** Within this time after the last coin's first trade, all its other topics are subscribed on both lines. */
const SETTLE_MS = 2000;

const now = wallClock();

describe.each([
  { venue: 'binance', standby: 'bybit' },
  { venue: 'bybit', standby: 'binance' },
] as const)(`the pipeline with ${SYMBOLS} coins and all channels except depth, from $venue`, ({ venue, standby }) => {
  it(`stores each trade, book ticker and kline of the journal at ${PER_SECOND} trades/s for ${SECONDS} s`, {
    timeout: SECONDS * 2500 + 60_000,
  }, async () => {
    const folder = await temporaryFolder();
    const journalFile = join(folder, 'journal.ndjson');
    const none = { bybit: 0, binance: 0, binance_us: 0, binance_testnet: 0 };
    const rate = { ...none, [venue]: PER_SECOND, [standby]: STANDBY_PER_SECOND };
    const simulator = await startSimulator({ rate, symbols: SYMBOLS, journal: journalFile });
    onTestFinished(() => simulator.close());
    const dir = join(folder, 'files');
    const config = loadConfig({
      values: {
        ...simulatedValues(simulator, { feed: { venues: [venue, standby], channels: ALL }, file: { dir } }),
        coins: COINS,
      },
    });
    const latencies: number[] = [];
    const complaints: string[] = [];
    const pipeline = await startPipeline(config, {
      log: createLog({ level: 'warn', destination: { write: (line) => complaints.push(line) } }),
      sinks: {
        ...sinks,
        file: async (settings) => {
          const sink = await sinks.file(settings);
          const write = sink.write.bind(sink);
          sink.write = async (batch) => {
            const outcomes = await write(batch);
            const acknowledgedAt = now();
            for (const [index, { record }] of batch.entries())
              if (record.kind === 'trade' && outcomes[index]?.kind === 'delivered')
                latencies.push(acknowledgedAt - record.receivedAt);
            return outcomes;
          };
          return sink;
        },
      },
    });
    await until(() =>
      pipeline.feed.watches.every(({ view }) =>
        [...view.symbols.values()].every((symbol) => symbol.tick?.venue === venue && symbol.trades > 0),
      ),
    );
    await delay(SETTLE_MS);
    const startedAt = Date.now();
    await delay(SECONDS * 1000);
    const stoppedAt = Date.now();
    const asked = performance.now();
    const { undelivered } = await pipeline.stop('the test is over');
    const stopMs = performance.now() - asked;
    await simulator.close();

    expect(undelivered).toBe(0);
    expect(complaints.map((line) => JSON.parse(line).msg)).toEqual(
      ['agg_trade', 'kline_1s', 'kline_8h', 'kline_3d'].map(
        (channel) => `bybit has no channel ${channel}: it is published only while binance is active`,
      ),
    );
    expect(pipeline.snapshot().sinks.map(({ dropped, queued }) => ({ dropped, queued }))).toEqual([
      { dropped: 0, queued: 0 },
    ]);
    const records = await recordsIn(dir);
    const journal = await readJournal(journalFile, (event) => event.venue === venue);

    expect(records.filter(({ kind }) => kind === 'gap' || kind === 'dead_letter')).toEqual([]);
    expect(epochProblems(inOrderOfTopics(records))).toEqual([]);
    const trades = compareTrades(records, journal);
    expect(trades.problems).toEqual([]);
    expect(trades.runs).toBe(SYMBOLS);
    expect(trades.trades).toBeGreaterThan(PER_SECOND * SECONDS * 0.9);
    const lastSent = journal.filter(
      ({ kind, sent, time }) => kind === 'trade' && sent.length > 0 && time < stoppedAt - 200,
    );
    const ids = new Set(
      records.flatMap((record) => (record.kind === 'trade' ? [`${record.symbol} ${record.tradeId}`] : [])),
    );
    expect(lastSent.filter(({ symbol, id, time }) => time > startedAt && !ids.has(`${symbol} ${id}`))).toEqual([]);
    if (venue === 'binance') {
      const aggregated = compareTrades(records, journal, 'agg_trade');
      expect(aggregated.problems).toEqual([]);
      expect(aggregated.runs).toBe(SYMBOLS);
    }
    const window = { from: startedAt, to: stoppedAt - 200 };
    const books = compareBooks(records, journal, window);
    const klines = compareKlines(records, journal, window);
    expect(comparePrices(records, journal)).toEqual([]);

    latencies.sort((a, b) => a - b);
    console.log(
      `${venue}: ${trades.trades} trades, ${books} book tickers, ${klines} klines in ${SECONDS} s equal to the journal (${journal.length} lines); ` +
        `receive to acknowledge p50 ${quantile(latencies, 0.5) / 1000} ms, p99 ${quantile(latencies, 0.99) / 1000} ms; stop in ${stopMs.toFixed(0)} ms`,
    );
  });
});

async function recordsIn(dir: string): Promise<FeedRecord[]> {
  const records: FeedRecord[] = [];
  for (const topic of ['positions', 'gaps', 'trades', 'agg-trades', 'prices', 'book-tickers', 'klines', 'dead-letters'])
    for await (const record of readFiles(dir, topic)) records.push(record);
  return records;
}

/** Prepares records for `epochProblems`. The position records are barriers, and `recordsIn` reads them first. */
function inOrderOfTopics(records: readonly FeedRecord[]) {
  return records.map((record) => ({ record, barrier: record.kind === 'position' }));
}

interface Window {
  readonly from: number;
  readonly to: number;
}

/** Expects each sent state of a book ticker to be published once, with its values. Returns the number of states. */
function compareBooks(records: readonly FeedRecord[], journal: readonly JournalEvent[], { from, to }: Window): number {
  const published = grouped(
    records.filter((record): record is BookTicker => record.kind === 'book_ticker'),
    ({ symbol }) => symbol,
  );
  const sent = journal.filter(
    ({ kind, id, time, sent: lines }) =>
      kind === 'book_ticker' && id !== '' && lines.length > 0 && time >= from && time <= to,
  );
  let compared = 0;
  for (const [symbol, events] of grouped(sent, (event) => event.symbol)) {
    const states = new Map(events.map((event) => [event.id, event]));
    const expected = [...states.values()].map((event) =>
      [event.id, event.price, event.quantity, event.ask_price ?? '', event.ask_quantity ?? '']
        .map(exactValue)
        .join(' '),
    );
    const found = (published.get(symbol) ?? [])
      .filter(({ updateId }) => states.has(updateId ?? ''))
      .map((book) => [book.updateId, book.bidPrice, book.bidQuantity, book.askPrice, book.askQuantity].join(' '));
    expect(found, symbol).toEqual(expected);
    compared += found.length;
  }
  expect(compared).toBeGreaterThan(100);
  return compared;
}

/** Expects each sent state of a candle to be published once, in order. Returns the number of states. */
function compareKlines(records: readonly FeedRecord[], journal: readonly JournalEvent[], { from, to }: Window): number {
  const key = ({ symbol, interval, openTime, timestamp, closed }: Kline) =>
    `${symbol} ${interval}:${openTime} ${timestamp} ${closed}`;
  const published = records.filter(
    (record): record is Kline => record.kind === 'kline' && record.timestamp >= from && record.timestamp <= to,
  );
  const sent = journal.filter(
    ({ kind, id, time, sent: lines }) =>
      kind === 'kline' && id !== '' && lines.length > 0 && time >= from && time <= to,
  );
  const topicOf = (text: string) => text.slice(0, text.indexOf(':'));
  const state = ({ venue, symbol, id, time }: JournalEvent) => {
    const [interval = '', openTime] = id.split(':');
    return `${symbol} ${venue === 'bybit' ? BYBIT_INTERVALS[interval] : interval}:${openTime} ${time}`;
  };
  const expected = grouped(
    sent.map((event) => `${state(event)} ${event.closed}`),
    topicOf,
  );
  const found = grouped(published.map(key), topicOf);
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [topic, states] of expected) expect(found.get(topic), topic).toEqual(states);
  const closes = new Map(sent.map((event) => [`${state(event)} ${event.closed}`, exactValue(event.price)]));
  for (const kline of published) expect(kline.close).toBe(closes.get(key(kline)));
  expect(published.length).toBeGreaterThan(100);
  return published.length;
}

/** Returns ticks with a price at which the symbol was not traded, and ticks that are older than its previous tick. */
function comparePrices(records: readonly FeedRecord[], journal: readonly JournalEvent[]): string[] {
  const prices = new Set(journal.map(({ symbol, price }) => `${symbol} ${exactValue(price)}`));
  const last = new Map<string, number>();
  return records.flatMap((record) => {
    if (record.kind !== 'price') return [];
    const { symbol, price, timestamp } = record;
    const before = last.get(symbol) ?? 0;
    last.set(symbol, timestamp);
    return prices.has(`${symbol} ${price}`) && timestamp >= before
      ? []
      : [`${symbol} ${price} ${timestamp} after ${before}`];
  });
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
