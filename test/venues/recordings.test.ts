import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Instrument, VenueId } from '../../src/domain/instrument.ts';
import type { MarketEvent } from '../../src/domain/line.ts';
import type { Decoder } from '../../src/venues/contract.ts';
import { venues } from '../../src/venues/registry.ts';
import { expectWellFormed } from '../contracts/well-formed-event.ts';
import { captures } from '../support/captures.ts';

/** What a recording decoded to: how many frames of each outcome, the events, and the malformed frames. */
interface Decoding {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly events: readonly MarketEvent[];
  readonly malformed: readonly string[];
}

describe.skipIf(captures === undefined)('real recordings (skipped where the folder of captures is missing)', () => {
  it('the Binance session of two days: every frame has its meaning, no trade is missing', () => {
    const decode = decoder('binance', ['BTCUSDT']);
    const days = ['20240808', '20240809'].map((day) => lines(`hftbacktest-binance-spot-btcusdt-${day}.gz`));
    expect(days.map((day) => day.length)).toEqual([41_249, 58_325]);
    const frames = days.flat().map((line) => line.slice(line.indexOf(' ') + 1));
    const { outcomes, events, malformed } = decodeAll(decode, frames);
    expect(malformed).toEqual([]);
    // Partial depth and differences alike, among them one REST body of a book.
    expect(Object.keys(outcomes).sort()).toEqual(['book_ticker', 'ignored: depth', 'trade']);
    const ids = events.flatMap((event) => (event.kind === 'trade' ? [Number(event.tradeId)] : []));
    expect(ids).toEqual(Array.from({ length: 3_735_703_162 - 3_735_683_259 + 1 }, (_, index) => 3_735_683_259 + index));
  });

  it.each([
    ['binance', 'cryptofeed-binance-20210404-ee25be.0.gz', ['BTCUSDT', 'ETHUSDT', 'DOTUSDT']],
    [
      'binance_us',
      'cryptofeed-binanceus-20210405-63b290.0.gz',
      ['BTCUSD', 'ETHBTC', 'MANAUSD', 'HNTUSD', 'QTUMUSDT', 'BCHBTC', 'VTHOUSD', 'SOLUSD', 'MKRUSD', 'DOGEUSD'],
    ],
  ] as const)('the session of %s: every frame of the socket has its meaning', (venue, file, symbols) => {
    const frames = lines(file).flatMap((line) => /^\d+\.\d+: (.*)$/.exec(line)?.[1] ?? []);
    const { outcomes, malformed } = decodeAll(decoder(venue, symbols), frames);
    expect(malformed).toEqual([]);
    expect(Object.keys(outcomes).filter((outcome) => outcome.startsWith('ignored'))).toEqual(['ignored: depth']);
    expect(outcomes.agg_trade).toBeGreaterThan(100);
  });

  it.each([
    ['binance', 'binance-spot-aggTrade.ndjson', 'agg_trade'],
    ['binance', 'binance-spot-kline_1m.ndjson', 'kline'],
    ['binance_us', 'binanceus-aggTrade.ndjson', 'agg_trade'],
    ['binance_us', 'binanceus-kline_1m.ndjson', 'kline'],
  ] as const)('%s, %s: each frame is one %s', (venue, file, kind) => {
    const frames = lines(file);
    const symbols = new Set(frames.map((frame) => (JSON.parse(frame) as { data: { s: string } }).data.s));
    expect(decodeAll(decoder(venue, [...symbols]), frames).outcomes).toEqual({ [kind]: frames.length });
  });

  it('the aggregated trades of Binance follow each other without a hole', () => {
    const { events } = decodeAll(decoder('binance', ['BTCUSDT']), lines('binance-spot-aggTrade.ndjson'));
    const aggregates = events.flatMap((event) => (event.kind === 'agg_trade' ? [event] : []));
    for (const [index, { firstTradeId }] of aggregates.slice(1).entries()) {
      expect(Number(firstTradeId)).toBe(Number(aggregates[index]?.lastTradeId) + 1);
    }
    expect(aggregates.length).toBeGreaterThan(1_000);
  });

  it('the session of the Binance testnet', () => {
    const { outcomes, malformed } = decodeAll(
      decoder('binance_testnet', ['BTCUSDT']),
      lines('binance-testnet-spot-mixed.ndjson'),
    );
    expect(malformed).toEqual([]);
    expect(Object.keys(outcomes).sort()).toEqual(['book_ticker', 'ignored: depth', 'trade']);
  });

  it('the session of the Bybit testnet: acknowledgement, pong, data, repeats, and the one real refusal', () => {
    const frames = lines('bybit-testnet-spot-mixed.ndjson');
    const { outcomes, events } = decodeAll(decoder('bybit', ['BTCUSDT']), frames);
    expect(outcomes).toEqual({
      ack: 1,
      'ignored: depth': 19,
      book_ticker: 12,
      pong: 1,
      nothing_new: 2,
      trade: 8,
      refused: 1,
    });
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

  it('the Bybit REST bodies', () => {
    const body = (name: string): unknown => JSON.parse(lines(`bybit-testnet-rest-${name}.json`)[0] ?? '');
    expect(venues.bybit.instruments.parse(body('instruments-info'))).toEqual([
      { venueSymbol: 'BTCUSDT', base: 'BTC', quote: 'USDT', trading: true },
    ]);
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
    if (decoded.kind !== 'events') count(decoded.kind === 'ignored' ? `ignored: ${decoded.reason}` : decoded.kind);
    else if (decoded.events.length === 0) count('nothing_new');
    else for (const event of decoded.events) count(event.kind);
    if (decoded.kind === 'events') events.push(...decoded.events);
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

function lines(file: string): readonly string[] {
  const bytes = readFileSync(join(captures ?? '', file));
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}
