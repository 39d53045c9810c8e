import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaptureFormat } from '../../src/capture/capture-row.ts';
import { detectFormat, readCapture } from '../../src/capture/read-capture.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Channel, VenueId } from '../../src/domain/instrument.ts';
import type { BookUpdate, MarketEvent } from '../../src/domain/market-event.ts';
import type { CandleAgreement } from '../../src/domain/status-snapshot.ts';
import { agreementOf, KlineCheck, subscribedKlines } from '../../src/feed/analytics/kline-check.ts';
import { BookSync } from '../../src/market/book/book-sync.ts';
import { replay, replayConfig } from '../../src/replay/replay.ts';
import type { ReplayResult } from '../../src/replay/replay-result.ts';
import { guessVenue } from '../../src/simulator/captures/capture-frame.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { venues } from '../../src/venues/registry.ts';
import { sideProblems, wholeBook } from './books.ts';
import { type CheckResult, differences } from './check-result.ts';
import { Decoding, quoteOf } from './decoding.ts';
import { jsonOf, type Recording, venueInName } from './recordings.ts';

type Session = Extract<Recording, { kind: 'session' }>;

interface Foreign {
  readonly venue: VenueId;
  readonly format: CaptureFormat;
}

/** Runs a session through the decoders and the order books, then through the whole pipeline. */
export async function checkSession(session: Session): Promise<CheckResult> {
  const format = await detectFormat(session.file);
  if (format === 'market-feed') return checkOwn(session);
  const seen = await decodeAll(session, format);
  const quote = quoteOfMost(seen);
  const played = await play(session.file, { venue: seen.venue, format }, configFor(seen, quote));
  const books = seen.books.size === 0 ? [] : [seen.notes()];
  const wrong = [...seen.decoding.wrong, ...seen.problems, ...problemsOf(played)];
  for (const kind of ['trade', 'agg_trade'] as const) {
    const published = played.records[kind === 'trade' ? 'replay.trades' : 'replay.agg-trades'] ?? 0;
    const distinct = seen.countOf(kind, quote);
    if (published !== distinct) wrong.push(`${distinct} different ${kind}s decoded, ${published} published`);
  }
  const outcomes = Object.fromEntries([...seen.decoding.outcomes].sort());
  const found = { frames: seen.frames, ...outcomes, records: played.records, malformed: played.malformed };
  if (session.expected !== undefined) wrong.push(...differences(jsonOf(session.expected), found));
  return {
    notes: [
      `${seen.frames} frames: ${listOf(outcomes)}`,
      ...books,
      `pipeline: ${listOf(played.records)}`,
      ...played.klines,
    ],
    wrong,
  };
}

/** Checks a capture in our own format, which contains its configuration. */
async function checkOwn({ file, expected }: Session): Promise<CheckResult> {
  const { captureHeader } = await import('../../src/capture/read-capture.ts');
  const { withCaptured } = await import('../../src/replay/captured-config.ts');
  const { config } = await captureHeader(file);
  const own = loadConfig({ values: { coins: ['BTC'] } });
  const played = await play(file, undefined, config === undefined ? own : withCaptured(own, config));
  const wrong = problemsOf(played);
  if (expected !== undefined) wrong.push(...differences(jsonOf(expected), { ...played }));
  return { notes: [`${played.frames} frames`, `pipeline: ${listOf(played.records)}`, ...played.klines], wrong };
}

class Seen {
  readonly venue: VenueId;
  readonly decoding: Decoding;
  readonly books = new Map<string, { readonly sync: BookSync; gaps: number; resyncs: number }>();
  readonly channels = new Set<Channel>();
  readonly #ids = { trade: new Set<string>(), agg_trade: new Set<string>() };
  readonly problems: string[] = [];
  frames = 0;
  readonly #problemCounts = new Map<string, number>();

  constructor(venue: VenueId) {
    this.venue = venue;
    this.decoding = new Decoding(venue);
  }

  event(event: MarketEvent): void {
    if (event.kind === 'trade' || event.kind === 'agg_trade')
      this.#ids[event.kind].add(`${event.symbol} ${event.tradeId} ${event.timestamp}`);
    this.channels.add(event.kind === 'kline' ? (`kline_${event.interval}` as Channel) : CHANNELS[event.kind]);
    if (event.kind === 'book_update') this.#update(event);
  }

  /** Number of different trades, for symbols with this quote asset. */
  countOf(kind: 'trade' | 'agg_trade', quote: string): number {
    return [...this.#ids[kind]].filter((id) => quoteOf(id.slice(0, id.indexOf(' '))) === quote).length;
  }

  /**
   * Applies a snapshot that was recorded among the frames. If its symbol is unknown, the first book that needs a
   * snapshot gets it.
   */
  body(text: string, symbol: string | undefined, receivedAt = 1): void {
    const { book } = venues[this.venue];
    for (const [name, { sync }] of this.books) {
      const instrument = this.decoding.instruments.get(name);
      if (sync.wants !== 'snapshot' || book === undefined || instrument === undefined) continue;
      if (symbol !== undefined && symbol.toUpperCase() !== name) continue;
      const request = book({ instrument, levels: 1, environment: 'replay', receivedAt: () => receivedAt });
      this.#note(name, sync.snapshot(wholeBook(request.parse(JSON.parse(text))), 0));
      return;
    }
  }

  /** Describes the books in a row of text, and adds their problems to `problems`. */
  notes(): string {
    const inStep = [...this.books].filter(([, { sync }]) => sync.state === 'in_step');
    for (const [symbol, { gaps }] of this.books)
      if (gaps > 0) this.#problem(`${symbol}: the book fell out of step`, gaps);
    for (const [text, count] of this.#problemCounts)
      this.problems.push(count === 1 ? text : `${text} (${count} times)`);
    const applied = [...this.books.values()].reduce((sum, { sync }) => sum + sync.applied, 0);
    const levels = new Set([...this.books.values()].map(({ sync }) => `${sync.book.bidCount}`));
    const exactly =
      this.venue === 'bybit' && this.problems.length === 0
        ? `, ${[...levels].join(' or ')} levels a side after each`
        : '';
    return `books: ${inStep.length} of ${this.books.size} in step, ${applied} changes applied${exactly}`;
  }

  #update(update: BookUpdate): void {
    const known = this.books.get(update.symbol);
    const sent = update.snapshot || venues[this.venue].book === undefined;
    const book = known ?? { sync: new BookSync({ mode: sent ? 'sent' : 'fetched' }), gaps: 0, resyncs: 0 };
    if (known === undefined) {
      this.books.set(update.symbol, book);
      book.sync.joined(1);
    }
    this.#note(update.symbol, book.sync.update(1, update, 0));
  }

  #note(symbol: string, steps: ReturnType<BookSync['update']>): void {
    const entry = this.books.get(symbol);
    if (entry === undefined) return;
    for (const { kind } of steps) if (kind === 'stale') entry.gaps++;
    if (entry.sync.waitingSince !== undefined) this.#note(symbol, entry.sync.giveUp());
    const { book, state } = entry.sync;
    if (state !== 'in_step' || steps.length === 0) return;
    if (book.crossed) this.#problem(`${symbol}: crossed`);
    if (this.venue !== 'bybit') return;
    // After every change, a book of Bybit has as many levels on both sides as its topic says.
    const levels = [50, 200, 1000].find((most) => book.bidCount <= most) ?? 1000;
    for (const problem of sideProblems(book.bids(), levels, 'highest')) this.#problem(`${symbol} bids: ${problem}`);
    for (const problem of sideProblems(book.asks(), levels, 'lowest')) this.#problem(`${symbol} asks: ${problem}`);
  }

  #problem(text: string, count = 1): void {
    this.#problemCounts.set(text, (this.#problemCounts.get(text) ?? 0) + count);
  }
}

async function decodeAll({ name, file }: Session, format: CaptureFormat): Promise<Seen> {
  let seen: Seen | undefined;
  for await (const row of readCapture(file, format, { strict: true })) {
    if (row.kind === 'frame') {
      const frame = row.frame.toString('utf8');
      seen ??= new Seen(venueInName(name) ?? guessVenue(frame));
      seen.frames++;
      for (const event of seen.decoding.events(frame, row.at)) seen.event(event);
    } else if (row.kind === 'body') seen?.body(row.body, row.symbol, row.at);
  }
  if (seen === undefined) throw new Error('no frames');
  return seen;
}

const CHANNELS: Readonly<Record<Exclude<MarketEvent['kind'], 'kline'>, Channel>> = {
  trade: 'trade',
  agg_trade: 'agg_trade',
  ticker: 'ticker',
  book_ticker: 'book_ticker',
  book_update: 'depth',
};

/** The quote asset of most symbols. A configuration has only one. */
function quoteOfMost({ decoding }: Seen): string {
  const quotes = Map.groupBy(decoding.instruments.keys(), quoteOf);
  const [quote = 'USDT'] = [...quotes].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  return quote;
}

function configFor(seen: Seen, quote: string): Config {
  const coins = [...seen.decoding.instruments.values()].flatMap(({ coin, symbol }) =>
    symbol === coin + quote ? [coin] : [],
  );
  return loadConfig({ values: { coins, quote, feed: { venues: [seen.venue], channels: [...seen.channels] } } });
}

interface Played extends ReplayResult {
  /** How the candles agree with the trades, as one text for each venue and interval. */
  readonly klines: readonly string[];
  /** Why prices were disputed. The prices of real venues agree. */
  readonly disputes: readonly string[];
}

/** Replays a file into a temporary folder. */
async function play(file: string, foreign: Foreign | undefined, config: Config): Promise<Played> {
  const dir = await mkdtemp(join(tmpdir(), 'market-feed-recordings-'));
  const check = klineCheckOf(config);
  const disputes: string[] = [];
  try {
    const replayed = replayConfig(config, foreign?.venue);
    const result = await replay(
      { ...replayed, sinks: ['file'], file: { ...config.file, dir } },
      {
        ...{ file, format: 'market-feed', ...foreign, speed: 'max' },
        log: createLog({ level: 'error' }),
        onOutput: ({ records }) => {
          check?.published(records);
          for (const record of records)
            if (record.kind === 'status' && record.state === 'price_disputed') disputes.push(record.reason);
        },
      },
    );
    check?.flush();
    return {
      ...result,
      disputes,
      klines: config.feed.venues.flatMap((venue) => klinesFound(check?.counts ?? [], venue)),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function klineCheckOf({ feed, stats }: Config): KlineCheck | undefined {
  const subscribed = subscribedKlines(feed.channels);
  const contiguousVenues = new Set(feed.venues.filter((venue) => venues[venue].contiguousTradeIds));
  const { allowedLatenessMs } = stats;
  return subscribed && new KlineCheck({ ...subscribed, allowedLatenessMs, contiguousVenues });
}

function klinesFound(all: readonly CandleAgreement[], venue: VenueId): string[] {
  return Object.entries(agreementOf(all, venue)).map(
    ([interval, counts]) => `candles of ${interval} against trades: ${listOf(counts)}`,
  );
}

function problemsOf({ error, malformed, undelivered, disputes }: Played): string[] {
  return [
    ...(error === undefined ? [] : [error.message]),
    ...(malformed === 0 ? [] : [`pipeline: ${malformed} frames malformed`]),
    ...(undelivered === 0 ? [] : [`pipeline: ${undelivered} records not delivered`]),
    ...disputes.map((reason) => `pipeline: disputed: ${reason}`),
  ];
}

function listOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
