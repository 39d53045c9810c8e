import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { VenueId } from '../../../src/domain/instrument.ts';
import type { RawFrame } from '../../../src/domain/venue-event.ts';
import { seededRandom } from '../../../src/simulator/market/random.ts';
import { EventScanner } from '../../../src/venues/binance/decode/scan-event.ts';
import { parseStreamName } from '../../../src/venues/binance/decode/stream-name.ts';
import { TradeScanner } from '../../../src/venues/bybit/decode/scan-trades.ts';
import { parseTopic } from '../../../src/venues/bybit/decode/topic.ts';
import type { Decoded } from '../../../src/venues/contract.ts';
import { MAX_FRAME_BYTES } from '../../../src/venues/decode/read-frame.ts';
import { ScannedNames } from '../../../src/venues/decode/scanned-names.ts';
import { venues } from '../../../src/venues/registry.ts';
import { currentSeed, runs } from '../../../testing/properties/seeds.ts';

const RECEIVED_AT = 1_790_000_000_123_456;

const INSTRUMENTS = new Map(
  ['BTC', 'ETH', '1000SATS'].map((coin) => [
    `${coin}USDT`,
    { coin, symbol: `${coin}USDT`, venueSymbol: `${coin}USDT` },
  ]),
);

const BINANCE = [
  '{"stream":"btcusdt@trade","data":{"e":"trade","E":1789295134226,"s":"BTCUSDT","t":388510,"p":"76745.19000000","q":"0.00065000","T":1789295134225,"m":false,"M":true}}',
  '{"stream":"btcusdt@trade","data":{"e":"trade","E":1789295134226789,"s":"BTCUSDT","t":388510,"p":"76745.19000000","q":"0.00065000","T":1789295134225001,"m":false,"M":true}}',
  '{"stream":"btcusdt@ticker","data":{"e":"24hrTicker","E":1789295134226789,"s":"BTCUSDT","p":"1","P":"1.000","w":"9","x":"1","c":"10","Q":"2","b":"4","B":"4","a":"4","A":"9","o":"9","h":"10","l":"8","v":"1","q":"9","O":1789208734226789,"C":1789295134226789,"F":1,"L":2,"n":2}}',
  '{"stream":"ethusdt@trade","data":{"e":"trade","E":1789295134226,"s":"ETHUSDT","t":1,"p":"4000","q":"12345678.10","T":1789295134225,"m":true,"M":false}}',
  '{"stream":"1000satsusdt@trade","data":{"e":"trade","E":1789295134226,"s":"1000SATSUSDT","t":37356832590,"p":"0.00000012","q":"100.0","T":1789295134225,"m":true,"M":true}}',
  '{"stream":"btcusdt@trade","data":{"e":"trade","E":1789295134226,"s":"BTCUSDT","t":9,"p":"76745.190000000000000001","q":"10","b":12,"a":13,"T":1789295134225,"m":false,"M":true}}',
  '{"stream":"btcusdt@ticker","data":{"e":"24hrTicker","E":1789295134226,"s":"BTCUSDT","p":"-94.99999800","P":"-95.960","w":"0.29628482","x":"0.10000200","c":"4.00000200","Q":"200.00000000","b":"4.00000000","B":"431.00000000","a":"4.00000200","A":"9.00000000","o":"99.00000000","h":"100.00000000","l":"0.10000000","v":"8913.30000000","q":"15.30000000","O":1789208734226,"C":1789295134226,"F":0,"L":18150,"n":18151}}',
  '{"stream":"ethusdt@ticker","data":{"e":"24hrTicker","E":1789295134226,"s":"ETHUSDT","p":"0","P":"0.000","w":"1","x":"1","c":"10","Q":"2","b":"4","B":"4","a":"4","A":"9","o":"9","h":"1","l":"1","v":"0.00","q":"0","O":1,"C":1,"F":1,"L":2,"n":3}}',
  '{"stream":"btcusdt@ticker","data":{"e":"24hrTicker","E":1789295134226,"s":"BTCUSDT","p":"0","P":"0.000","w":"0.00000000","x":"1","c":"10","Q":"2","b":"4","B":"4","a":"4","A":"9","o":"0.00000000","h":"0","l":"0.0","v":"0.00","q":"0","O":1,"C":1,"F":0,"L":0,"n":0}}',
];
const BYBIT = [
  '{"topic":"publicTrade.BTCUSDT","ts":1789299660724,"type":"snapshot","data":[{"i":"2100000000188691524","T":1789299660688,"p":"77140.5","v":"0.00389","S":"Sell","seq":2189232173,"s":"BTCUSDT","BT":false,"RPI":false}]}',
  '{"topic":"publicTrade.ETHUSDT","ts":1789299660724,"type":"snapshot","data":[{"i":"2","T":1789299660688,"p":"4000.50","v":"1","S":"Buy","seq":1,"s":"ETHUSDT","BT":true,"RPI":true},{"i":"3","T":1789299660688,"p":"4000.00","v":"10.0","S":"Sell","seq":1,"s":"ETHUSDT","BT":true},{"i":"4","T":1789299660689,"p":"0.1","v":"0.10","S":"Sell","seq":2,"s":"ETHUSDT","BT":false,"RPI":true}]}',
];
const CASES = [
  ['binance', BINANCE],
  ['binance_us', BINANCE],
  ['bybit', BYBIT],
] as const;

/**
 * A frame in memory. If its length is even, it fills its buffer. Otherwise, other bytes surround it, as they do in a
 * socket's buffer; they would continue its last value.
 */
function frameOf(text: string): RawFrame {
  const bytes = Buffer.from(text);
  const [before, behind] = bytes.length % 2 === 0 ? ['', ''] : ['1"}}', '9"}}'];
  const memory = Buffer.alloc(before.length + bytes.length + behind.length);
  memory.write(before, 0);
  bytes.copy(memory, before.length);
  memory.write(behind, before.length + bytes.length);
  const data = memory.subarray(before.length, before.length + bytes.length);
  return { data, binary: false, receivedAt: RECEIVED_AT };
}

function decoderOf(venue: VenueId) {
  return venues[venue].newDecoder({ environment: 'simulated', instruments: INSTRUMENTS });
}

/** Decodes a frame of the given streams with the scanner only. */
function scannerOf(venue: VenueId): (frame: string) => unknown {
  if (venue === 'bybit') {
    const scanner = new TradeScanner({ venue, environment: 'simulated' }, INSTRUMENTS);
    for (const symbol of INSTRUMENTS.keys()) learn(scanner, `publicTrade.${symbol}`, parseTopic);
    return (text) => scanner.scan(frameOf(text));
  }
  const scanner = new EventScanner({ venue, environment: 'simulated' }, INSTRUMENTS);
  for (const symbol of INSTRUMENTS.keys())
    for (const event of ['trade', 'ticker', 'bookTicker'])
      learn(scanner, `${symbol.toLowerCase()}@${event}`, parseStreamName);
  return (text) => scanner.scan(frameOf(text));
}

function learn<T>(
  scanner: { learn(name: string, meaning: T): void },
  name: string,
  parse: (name: string) => T | undefined,
): void {
  const meaning = parse(name);
  if (meaning === undefined) throw new Error(`${name} means nothing`);
  scanner.learn(name, meaning);
}

/** Decodes without the scanner, which reads only a Buffer, as sockets deliver it. This frame is a plain Uint8Array. */
function parsed(venue: VenueId): (frame: string) => Decoded {
  const decode = decoderOf(venue);
  return (text) => decode({ data: Uint8Array.from(Buffer.from(text)), binary: false, receivedAt: RECEIVED_AT });
}

describe('the frame scanner', () => {
  it.each(CASES)('%s: scans frames of the documented layout to the same result as the parser', (venue, frames) => {
    const [scan, parse] = [scannerOf(venue), parsed(venue)];
    for (const frame of frames) expect(scan(frame)).toStrictEqual(parse(frame));
  });

  it.each(CASES)('%s: leaves frames with an unexpected layout or value to the parser', (venue, [frame = '']) => {
    const scan = scannerOf(venue);
    const others = [
      frame.replace(/\}$/, ' }'),
      frame.replace('"T":', '"T": '),
      frame.replace('"T":1', '"T":1e'),
      frame.replace('"p":"7', '"p":"-7'),
      frame.replace('"p":"7', '"p":"07'),
      frame.replace('"p":"7', '"p":"7e'),
      frame.replace(/"p":"[\d.]+"/, '"p":"0.000"'),
      frame.replace(/"p":"[\d.]+"/, '"p":"123456789012345678901"'),
      frame.replace(/"p":"[\d.]+"/, '"p":"0.1234567890123456789"'),
      frame.replace(/"T":\d+/, '"T":0'),
      frame.replace(/"T":\d+/, '"T":178929513422500'),
      frame.replace(/"T":\d+/, '"T":17892951342250001'),
      frame.replace(/"T":\d+/, '"T":9999999999999999'),
      frame.replace('"s":"BTC', '"s":"ETH'),
      frame.replace('"s":"BTC', '"s":"\\u0042TC'),
      frame.replace('BTC', 'SOL').replace('btc', 'sol'),
      frame.replace('"p":', '"p":"1","p":'),
      frame.slice(0, -1),
      `${frame}\n`,
      '',
    ];
    for (const other of others) {
      expect(other).not.toBe(frame);
      expect([other, scan(other)]).toEqual([other, undefined]);
    }
  });

  it('leaves frames of a stream that is not scanned to the parser', () => {
    const text =
      '{"stream":"btcusdt@bookTicker","data":{"u":4,"s":"BTCUSDT","b":"4.00","B":"4.31","a":"4.01","A":"9.00"}}';
    expect(scannerOf('binance')(text)).toBeUndefined();
    expect(parsed('binance')(text)).toMatchObject({ kind: 'value', value: [{ kind: 'book_ticker' }] });
  });

  it.each(CASES)('%s: the decoder parses only the first frame of each stream', (venue, frames) => {
    const decode = decoderOf(venue);
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    for (const text of frames) decode({ data: Buffer.from(text), binary: false, receivedAt: RECEIVED_AT });
    const parsedFirst = parse.mock.calls.length;
    expect(parsedFirst).toBeGreaterThan(0);
    for (const text of frames)
      expect(decode({ data: Buffer.from(text), binary: false, receivedAt: RECEIVED_AT }).kind).toBe('value');
    expect(parse.mock.calls.length).toBe(parsedFirst);
  });

  it('binance: the decoder parses every frame whose stream name has an unexpected case', () => {
    const decode = decoderOf('binance');
    const frame = BINANCE[0]?.replace('btcusdt', 'BtcUsdt') ?? '';
    const data = Buffer.from(frame);
    decode({ data, binary: false, receivedAt: RECEIVED_AT });
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    expect(decode({ data, binary: false, receivedAt: RECEIVED_AT })).toEqual(parsed('binance')(frame));
    expect(parse.mock.calls.filter(([text]) => text === frame)).toHaveLength(2);
  });

  it.each(CASES)(
    '%s: the decoder rejects a binary frame and, for bybit only, an oversized frame as malformed',
    (venue, frames) => {
      const decode = decoderOf(venue);
      const data = Buffer.from(frames[0] ?? '');
      decode({ data, binary: false, receivedAt: RECEIVED_AT });
      expect(decode({ data, binary: true, receivedAt: RECEIVED_AT })).toMatchObject({ kind: 'malformed' });
      if (venue !== 'bybit') return;
      const [head = '', trade = ''] = frames[0]?.split(/(?<=\[)/) ?? [];
      const trades = Array.from({ length: 40_000 }, () => trade.slice(0, -2)).join(',');
      const large = Buffer.from(`${head}${trades}]}`);
      expect(large.length).toBeGreaterThan(MAX_FRAME_BYTES);
      expect(decode({ data: large, binary: false, receivedAt: RECEIVED_AT })).toMatchObject({ kind: 'malformed' });
    },
  );

  it.each([
    ...['0', '-0', '-0.00', '0.0', '-1.5', '+1', '1.', '.5', '00.1', '01', '1e5', '--1', '', '1-', '1..2'],
    ...[20, 21, 64, 127, 128, 200, 10_000].map((length) => '1'.repeat(length)),
    ...[`0.${'1'.repeat(18)}`, `0.${'1'.repeat(19)}`, `0.${'1'.repeat(18)}00`],
    ...[62, 63, 64, 65].map((length) => `1.${'0'.repeat(length - 2)}`),
    `${'9'.repeat(20)}.${'9'.repeat(18)}`,
    ...['1', '12345', '1.0', '1.50', '100', '0.00000001', '-3.000', '-0.5'],
  ])('the decoder reads the decimal %j like the parser in price, change and volume', (text) => {
    const price = BINANCE[0]?.replace('76745.19000000', text) ?? '';
    const percent = BINANCE[4]?.replace('-95.960', text) ?? '';
    const volume = BINANCE[4]?.replace('8913.30000000', text) ?? '';
    for (const frame of [price, percent, volume]) expectAsParsed('binance', frame);
    expectAsParsed('bybit', BYBIT[0]?.replace('77140.5', text) ?? '');
  });

  it.each([
    ...['0', '00', '01', '-1', '1.0', '1e3', 'null', '""'],
    ...[13, 14, 15, 16, 17, 39, 40].map((n) => '9'.repeat(n)),
  ])('the decoder reads the number %s like the parser in ids, times and counts', (text) => {
    expectAsParsed('binance', BINANCE[0]?.replace('388510', text) ?? '');
    expectAsParsed('binance', BINANCE[0]?.replace('"T":1789295134225', `"T":${text}`) ?? '');
    expectAsParsed('binance', BINANCE[4]?.replace('"E":1789295134226', `"E":${text}`) ?? '');
    expectAsParsed('binance', BINANCE[4]?.replace('"n":18151', `"n":${text}`) ?? '');
    expectAsParsed('bybit', BYBIT[0]?.replace('2100000000188691524', text) ?? '');
    expectAsParsed('bybit', BYBIT[0]?.replace('1789299660688', text) ?? '');
    expectAsParsed('bybit', BYBIT[0]?.replace('2189232173', text) ?? '');
  });

  it('does not confuse the UTF-8 bytes of a frame with the characters of a non-ASCII symbol', () => {
    // U+00C3 U+00A9, whose codes are the bytes of é in UTF-8.
    const name = '\u00c3\u00a9USDT';
    const instruments = new Map([[name, { coin: 'x', symbol: name, venueSymbol: name }]]);
    const scanner = new EventScanner({ venue: 'binance', environment: 'simulated' }, instruments);
    learn(scanner, '\u00c3\u00a9usdt@trade', () => ({ symbol: name, event: 'trade' as const, interval: undefined }));
    const text = BINANCE[0]?.replace('btcusdt', '\u00e9usdt').replace('BTCUSDT', '\u00e9USDT') ?? '';
    expect(scanner.scan({ data: Buffer.from(text), binary: false, receivedAt: RECEIVED_AT })).toBeUndefined();
  });

  it('the decoder ignores a symbol that was removed from the instruments', () => {
    const instruments = new Map(INSTRUMENTS);
    const decode = venues.binance.newDecoder({ environment: 'simulated', instruments });
    const frame = { data: Buffer.from(BINANCE[0] ?? ''), binary: false, receivedAt: RECEIVED_AT };
    expect([decode(frame).kind, decode(frame).kind]).toEqual(['value', 'value']);
    instruments.delete('BTCUSDT');
    expect(decode(frame)).toEqual({ kind: 'ignored', reason: 'unknown_symbol' });
  });

  it.each(CASES)('%s: the decoder applies a changed instrument and ignores a removed one', (venue, [text = '']) => {
    const instruments = new Map(INSTRUMENTS);
    const decode = venues[venue].newDecoder({ environment: 'simulated', instruments });
    const frame = { data: Buffer.from(text), binary: false, receivedAt: RECEIVED_AT };
    decode(frame);
    instruments.set('BTCUSDT', { coin: 'XBT', symbol: 'XBTUSDT', venueSymbol: 'BTCUSDT' });
    expect(decode(frame)).toMatchObject({ kind: 'value', key: 'XBTUSDT', value: [{ symbol: 'XBTUSDT', coin: 'XBT' }] });
    instruments.delete('BTCUSDT');
    expect(decode(frame)).toEqual({ kind: 'ignored', reason: 'unknown_symbol' });
  });

  it.each(CASES)('%s: the decoder reads each randomly changed frame like the parser alone', (venue, frames) => {
    const seed = currentSeed();
    const count = runs(10_000);
    const random = seededRandom(seed);
    const [decode, parse, scan] = [decoderOf(venue), parsed(venue), scannerOf(venue)];
    const outcomes = { scanned: 0, left: 0 };
    for (let frame = 0; frame < count; frame++) {
      const text = mutated(frames[Math.floor(random() * frames.length)] ?? '', random);
      const expected = parse(text);
      const found = decode(frameOf(text));
      if (!isDeepStrictEqual(shown(found), shown(expected)))
        expect([seed, text, found]).toEqual([seed, text, expected]);
      if (scan(text) === undefined) outcomes.left++;
      else outcomes.scanned++;
    }
    // Enough frames were scanned, and enough were left to the parser.
    expect(Math.min(outcomes.scanned, outcomes.left)).toBeGreaterThan(count / 20);
  });
});

describe('ScannedNames', () => {
  const find = (names: ScannedNames<number>, name: string) => {
    const bytes = Buffer.from(`..${name}.`);
    return names.find(new DataView(bytes.buffer), bytes.byteOffset + 2, bytes.length - 3);
  };

  it('finds each of 5000 names, and no longer or shorter name', () => {
    const names = new ScannedNames<number>();
    const all = Array.from({ length: 5000 }, (_, index) => `${'x'.repeat(index % 53)}${index + 1000}@t`);
    for (const [index, name] of all.entries()) names.add(name, index);
    const found = all.map((name) => find(names, name));
    expect(found).toEqual(all.map((_, index) => ((all[index]?.length ?? 0) <= 60 ? index : undefined)));
    for (const name of all)
      expect([find(names, `${name}x`), find(names, name.slice(0, -1))]).toEqual([undefined, undefined]);
  });

  it('keeps the first meaning of a name, and rejects names that are too short, too long or not ASCII', () => {
    const names = new ScannedNames<number>();
    const others = ['abc', 'y'.repeat(61), 'caf\u00e9@trade', ''];
    for (const name of ['abcd', 'z'.repeat(60), 'abcd', ...others]) names.add(name, name.length);
    names.add('abcd', 0);
    expect(['abcd', 'z'.repeat(60)].map((name) => find(names, name))).toEqual([4, 60]);
    expect(others.map((name) => find(names, name))).toEqual(others.map(() => undefined));
  });
});

/** Expects the scanner and the parser to agree, for a decoder that has seen the stream before. */
function expectAsParsed(venue: VenueId, text: string): void {
  const decode = decoderOf(venue);
  for (const known of venue === 'bybit' ? BYBIT : BINANCE) decode(frameOf(known));
  expect([text, shown(decode(frameOf(text)))]).toStrictEqual([text, shown(parsed(venue)(text))]);
}

/** Shows a fault as its text. */
function shown(decoded: Decoded): unknown {
  return decoded.kind === 'malformed' ? { ...decoded, fault: decoded.fault.message } : decoded;
}

const PIECES = [
  '0',
  '9',
  '.',
  '"',
  ',',
  ':',
  '{',
  '}',
  '[',
  ']',
  ' ',
  '-',
  'e5',
  '\\',
  '00',
  '1',
  'true',
  'false',
  '\u00e9',
  '"b":1,"a":2,',
  ',"x":1',
  'BTCUSDT',
  'ETHUSDT',
  '18446744073709551616',
  'null',
];

function mutated(text: string, random: () => number): string {
  let result = text;
  for (let changes = 1 + Math.floor(random() * 2); changes > 0; changes--) {
    const at = Math.floor(random() * (result.length + 1));
    const piece = PIECES[Math.floor(random() * PIECES.length)] ?? '';
    const length = Math.floor(random() * 4);
    switch (Math.floor(random() * 6)) {
      case 0:
        result = result.slice(0, at) + piece + result.slice(at);
        break;
      case 1:
        result = result.slice(0, at) + piece + result.slice(at + piece.length);
        break;
      case 2:
        result = result.slice(0, at) + result.slice(at + length);
        break;
      case 3:
        result = result.slice(0, at + length) + result.slice(at);
        break;
      case 4:
        result = result.replace(/\d/g, (digit) => (random() < 0.3 ? String(Math.floor(random() * 10)) : digit));
        break;
      default:
        result = result.replace(
          /(true|false|Buy|Sell)/,
          (word) => ({ true: 'false', false: 'true', Buy: 'Sell' })[word] ?? 'Buy',
        );
    }
  }
  return result;
}
