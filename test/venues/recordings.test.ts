import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Instrument, VenueId } from '../../src/domain/instrument.ts';
import type { BookUpdate, MarketEvent } from '../../src/domain/market-event.ts';
import type { Decoder } from '../../src/venues/contract.ts';
import { venues } from '../../src/venues/registry.ts';
import { recordings } from '../../testing/feeds/recordings.ts';
import { expectWellFormed } from '../contracts/well-formed-event.ts';

/** Result of decoding a recording: the number of frames for each outcome, the events, and the malformed frames. */
interface Decoding {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly events: readonly MarketEvent[];
  readonly malformed: readonly string[];
}

describe('decoding real recordings', () => {
  it('finds no malformed frame and no missing trade in a Binance session of two files', () => {
    const decode = decoder('binance', ['BTCUSDT']);
    const files = ['20240808', '20240808-next'].map((name) => lines(`hftbacktest-binance-spot-btcusdt-${name}.gz`));
    expect(files.map((file) => file.length)).toEqual([4000, 4000]);
    const frames = files.flat().map((line) => line.slice(line.indexOf(' ') + 1));
    const { outcomes, events, malformed } = decodeAll(decode, frames);
    expect(malformed).toEqual([]);
    expect(outcomes).toEqual({
      trade: 1465,
      book_ticker: 5870,
      book_update: 664,
      // A REST body among the frames.
      'ignored: book_without_symbol': 1,
    });
    expectConsecutive(events, 'BTCUSDT');
    const ids = events.flatMap((event) => (event.kind === 'trade' ? [Number(event.tradeId)] : []));
    expect(ids).toEqual(Array.from({ length: 1465 }, (_, index) => 3_735_683_259 + index));
  });

  it.each([
    [
      'binance',
      'cryptofeed-binance-20210404.gz',
      { book_update: 819, agg_trade: 641, kline: 36 },
      ['BTCUSDT', 'ETHUSDT', 'DOTUSDT'],
    ],
    [
      'binance_us',
      'cryptofeed-binanceus-20210405.gz',
      { book_update: 804, agg_trade: 36, book_ticker: 648 },
      ['BTCUSD', 'ETHBTC', 'MANAUSD', 'HNTUSD', 'QTUMUSDT', 'BCHBTC', 'VTHOUSD', 'SOLUSD', 'MKRUSD', 'DOGEUSD'],
    ],
  ] as const)('finds no malformed frame and no book gap in a session of %s', (venue, file, counts, symbols) => {
    const frames = lines(file).flatMap((line) => /^\d+\.\d+: (.*)$/.exec(line)?.[1] ?? []);
    const { outcomes, events, malformed } = decodeAll(decoder(venue, symbols), frames);
    expect(malformed).toEqual([]);
    expect(outcomes).toEqual(counts);
    for (const symbol of symbols) expectConsecutive(events, symbol);
  });

  it.each([
    ['binance', 'binance-spot-aggTrade.ndjson.gz', 'agg_trade'],
    ['binance', 'binance-spot-kline_1m.ndjson.gz', 'kline'],
    ['binance_us', 'binanceus-aggTrade.ndjson', 'agg_trade'],
    ['binance_us', 'binanceus-kline_1m.ndjson', 'kline'],
  ] as const)('%s, %s: decodes each frame to one %s', (venue, file, kind) => {
    const frames = lines(file);
    const symbols = new Set(frames.map((frame) => (JSON.parse(frame) as { data: { s: string } }).data.s));
    expect(decodeAll(decoder(venue, [...symbols]), frames).outcomes).toEqual({ [kind]: frames.length });
  });

  it('finds contiguous trade ids in the aggregated trades of Binance', () => {
    const { events } = decodeAll(decoder('binance', ['BTCUSDT']), lines('binance-spot-aggTrade.ndjson.gz'));
    const aggregates = events.flatMap((event) => (event.kind === 'agg_trade' ? [event] : []));
    for (const [index, { firstTradeId }] of aggregates.slice(1).entries()) {
      expect(Number(firstTradeId)).toBe(Number(aggregates[index]?.lastTradeId) + 1);
    }
    expect(aggregates.length).toBeGreaterThan(1_000);
  });

  it('decodes every frame of a session of the Binance testnet', () => {
    const { outcomes, malformed } = decodeAll(
      decoder('binance_testnet', ['BTCUSDT']),
      lines('binance-testnet-spot-mixed.ndjson'),
    );
    expect(malformed).toEqual([]);
    expect(outcomes).toEqual({ trade: 7, book_ticker: 6, book_update: 10 });
  });

  it('decodes acknowledgement, pong, data, repeats and refusal of a session of the Bybit testnet', () => {
    const frames = lines('bybit-testnet-spot-mixed.ndjson');
    const { outcomes, events } = decodeAll(decoder('bybit', ['BTCUSDT']), frames);
    expect(outcomes).toEqual({
      ack: 1,
      book_update: 19,
      book_ticker: 12,
      pong: 1,
      nothing_new: 2,
      trade: 8,
      refused: 1,
    });
    const [first, ...changes] = bookUpdates(events, 'BTCUSDT');
    expect([first?.snapshot, first?.bids.length, first?.asks.length]).toEqual([true, 50, 50]);
    expect(changes.some((change) => change.snapshot)).toBe(false);
    expectConsecutive(events, 'BTCUSDT');
    const trades = events.flatMap((event) => (event.kind === 'trade' ? [event] : []));
    expect(trades.map(({ tradeId }) => tradeId.slice(-3))).toEqual([
      '524',
      '528',
      '533',
      '534',
      '535',
      '536',
      '540',
      '544',
    ]);
    expect(trades.map(({ isBuyerMaker }) => isBuyerMaker)).toEqual([true, true, true, true, true, false, true, true]);
  });

  it('decodes a book snapshot of Bybit in production and the next change', () => {
    const { events } = decodeAll(
      decoder('bybit', ['BTCUSDT']),
      lines('bybit-spot-orderbook50-btcusdt-20241108.ndjson'),
    );
    expect(bookUpdates(events, 'BTCUSDT').map(({ snapshot }) => snapshot)).toEqual([true, false]);
    expectConsecutive(events, 'BTCUSDT');
  });

  it.each(bookSessions())(
    'decodes all book updates of the session %s, and a REST book whose id lies between theirs',
    (session) => {
      const [place = '', , symbol = ''] = session.split('-');
      const venue = place === 'binanceus' ? 'binance_us' : 'binance';
      const frames = lines(`booksync/${session}.depth.ndjson.gz`);
      const { outcomes, events } = decodeAll(decoder(venue, [symbol]), frames);
      expect(outcomes).toEqual({ book_update: frames.length });
      expectConsecutive(events, symbol);
      const [instrument] = instruments([symbol]).values();
      if (instrument === undefined) throw new Error('no instrument');
      const request = venues[venue].book?.({ instrument, levels: 1, environment: 'replay', receivedAt: () => 1 });
      const book = request?.parse(JSON.parse(lines(`booksync/${session}.rest-depth.json.gz`).join('')));
      if (book === undefined) throw new Error('no book');
      expectWellFormed(book, { environment: 'replay', instruments: instruments([symbol]) });
      expect(Math.min(book.bids.length, book.asks.length)).toBeGreaterThan(100);
      const updates = bookUpdates(events, symbol);
      expect(Number(book.lastUpdateId)).toBeGreaterThanOrEqual(Number(updates[0]?.firstUpdateId) - 1);
      expect(Number(book.lastUpdateId)).toBeLessThan(Number(updates.at(-1)?.lastUpdateId));
    },
  );

  it('parses the Bybit REST bodies of instruments and time', () => {
    const body = (name: string): unknown => JSON.parse(lines(`bybit-testnet-rest-${name}.json`)[0] ?? '');
    expect(venues.bybit.instruments.parse(body('instruments-info'))).toEqual({
      rows: [
        {
          venueSymbol: 'BTCUSDT',
          base: 'BTC',
          quote: 'USDT',
          status: 'trading',
          tickSize: '0.1',
          lotStep: '0.000001',
          minQuantity: '0.000001',
          minValue: '5',
          multiplier: null,
        },
      ],
      malformed: 0,
    });
    expect(venues.bybit.time.parse(body('time'))).toBeCloseTo(1_789_299_611_107.0286, 3);
  });
});

function decoder(venue: VenueId, symbols: readonly string[]): Decoder {
  return venues[venue].newDecoder({ environment: 'replay', instruments: instruments(symbols) });
}

function instruments(symbols: readonly string[]): ReadonlyMap<string, Instrument> {
  return new Map(symbols.map((symbol) => [symbol, { coin: symbol.slice(0, 3), symbol, venueSymbol: symbol }]));
}

function decodeAll(decode: Decoder, frames: readonly string[]): Decoding {
  const outcomes: Record<string, number> = {};
  const events: MarketEvent[] = [];
  const malformed: string[] = [];
  const count = (outcome: string) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  for (const frame of frames) {
    const decoded = decode({ data: Buffer.from(frame), binary: false, receivedAt: 1 });
    if (decoded.kind === 'malformed') malformed.push(`${decoded.fault.message}: ${frame.slice(0, 200)}`);
    if (decoded.kind !== 'value') count(decoded.kind === 'ignored' ? `ignored: ${decoded.reason}` : decoded.kind);
    else if (decoded.value.length === 0) count('nothing_new');
    else for (const event of decoded.value) count(event.kind);
    if (decoded.kind === 'value') events.push(...decoded.value);
  }
  const context = {
    environment: 'replay',
    instruments: instruments([...new Set(events.map((event) => event.venueSymbol))]),
  } as const;
  for (let index = 0; index < events.length; index += 97) {
    const event = events[index];
    if (event !== undefined) expectWellFormed(event, context);
  }
  return { outcomes, events, malformed };
}

function bookUpdates(events: readonly MarketEvent[], symbol: string): readonly BookUpdate[] {
  return events.flatMap((event) => (event.kind === 'book_update' && event.symbol === symbol ? [event] : []));
}

/** Expects at least one book update, and consecutive update ids. */
function expectConsecutive(events: readonly MarketEvent[], symbol: string): void {
  const updates = bookUpdates(events, symbol);
  const expected = updates.slice(0, -1).map(({ lastUpdateId }) => String(BigInt(lastUpdateId) + 1n));
  expect(updates.slice(1).map(({ firstUpdateId }) => firstUpdateId)).toEqual(expected);
  expect(updates.length).toBeGreaterThan(0);
}

function bookSessions(): readonly string[] {
  return readdirSync(join(recordings, 'booksync'))
    .filter((file) => file.endsWith('.meta.json'))
    .map((file) => file.slice(0, -'.meta.json'.length));
}

function lines(file: string): readonly string[] {
  const bytes = readFileSync(join(recordings, file));
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}
