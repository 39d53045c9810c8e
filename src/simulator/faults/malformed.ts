import { at } from '../../domain/at.ts';

/** A frame that clients cannot decode: broken, or of an unknown event. It is binary if `payload` is a Buffer. */
export interface OddFrame {
  readonly name: string;
  readonly payload: string | Buffer;
}

const BYBIT_TRADE =
  '{"topic":"publicTrade.SYMBOL","ts":1789299660724,"type":"snapshot","data":[{"i":"2290000009999999999","T":1789299660688,"p":"77140.5","v":"0.00389","S":"Sell","seq":2189232173,"s":"SYMBOL","BT":false,"RPI":false}]}';
const BINANCE_TRADE =
  '{"stream":"STREAM@trade","data":{"e":"trade","E":1723161255343,"s":"SYMBOL","t":9999999999,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}';

type Breaks = readonly (readonly [name: string, search: string, replacement: string])[];

const COMMON: Breaks = [
  ['price_null', '"p":"PRICE"', '"p":null'],
  ['price_empty', '"p":"PRICE"', '"p":""'],
  ['price_nan', '"p":"PRICE"', '"p":"NaN"'],
  ['price_negative', '"p":"PRICE"', '"p":"-1.5"'],
  ['price_zero', '"p":"PRICE"', '"p":"0"'],
  ['price_huge_exponent', '"p":"PRICE"', '"p":"1e400"'],
  ['price_object', '"p":"PRICE"', '"p":{}'],
  ['price_missing', '"p":"PRICE",', ''],
  ['price_words', '"p":"PRICE"', '"p":"12,5 USD"'],
  ['price_too_precise', '"p":"PRICE"', '"p":"1.0000000000000000000000000001"'],
  ['time_missing', '"T":TIME,', ''],
  ['time_text', '"T":TIME', '"T":"yesterday"'],
  ['time_negative', '"T":TIME', '"T":-1'],
];

const BYBIT: Breaks = [
  ['quantity_missing', '"v":"0.00389",', ''],
  ['side_unknown', '"S":"Sell"', '"S":"Maybe"'],
  ['side_missing', '"S":"Sell",', ''],
  ['id_missing', '"i":"2290000009999999999",', ''],
  ['id_number', '"i":"2290000009999999999"', '"i":2290000009999999999'],
  ['data_null', '"data":[', '"data":null,"was":['],
  ['data_object', '"data":[', '"data":{},"was":['],
];

const BINANCE: Breaks = [
  ['quantity_missing', '"q":"0.02000000",', ''],
  ['side_text', '"m":true', '"m":"true"'],
  ['side_missing', '"m":true,', ''],
  ['id_missing', '"t":9999999999,', ''],
  ['id_text', '"t":9999999999', '"t":"abc"'],
  ['id_fraction', '"t":9999999999', '"t":1.5'],
  ['data_null', '"data":{', '"data":null,"was":{'],
  ['data_text', '"data":{', '"data":"none","was":{'],
];

/** Makes a broken frame, or a valid frame of an unknown event; `number` chooses one of many. */
export function oddFrame(
  kind: 'malformed' | 'unknown',
  protocol: 'bybit' | 'binance',
  symbol: string,
  number: number,
  now: number,
): OddFrame {
  if (kind === 'unknown') return { name: kind, payload: unknownFrame(protocol, symbol, number, now) };
  const bybit = protocol === 'bybit';
  const good = (bybit ? BYBIT_TRADE : BINANCE_TRADE)
    .replaceAll('SYMBOL', symbol)
    .replaceAll('STREAM', symbol.toLowerCase());
  const frames = [
    ...plain(good),
    ...[...COMMON, ...(bybit ? BYBIT : BINANCE)].map(([name, search, replacement]) =>
      broken(good, bybit, name, search, replacement),
    ),
  ];
  return at(frames, number % frames.length);
}

function broken(good: string, bybit: boolean, name: string, search: string, replacement: string): OddFrame {
  const wanted = search
    .replace('PRICE', bybit ? '77140.5' : '61837.63000000')
    .replace('TIME', bybit ? '1789299660688' : '1723161255342');
  return { name, payload: good.replace(wanted, replacement) };
}

function plain(good: string): OddFrame[] {
  return [
    { name: 'truncated', payload: good.slice(0, Math.floor(good.length * 0.6)) },
    { name: 'not_json', payload: '<html><body>502 Bad Gateway</body></html>' },
    { name: 'empty', payload: '' },
    { name: 'empty_object', payload: '{}' },
    { name: 'empty_array', payload: '[]' },
    { name: 'null', payload: 'null' },
    { name: 'number', payload: '12345' },
    { name: 'two_documents', payload: good + good },
    { name: 'deep_nesting', payload: '['.repeat(5_000) + ']'.repeat(5_000) },
    { name: 'binary', payload: Buffer.from([0, 1, 2, 3, 0xff, 0xfe, 0x1f, 0x8b]) },
    {
      name: 'binary_utf8_broken',
      payload: Buffer.concat([Buffer.from(good.slice(0, 60)), Buffer.from([0xc3, 0x28]), Buffer.from(good.slice(60))]),
    },
  ];
}

function unknownFrame(protocol: 'bybit' | 'binance', symbol: string, number: number, now: number): string {
  if (protocol === 'bybit') {
    const topics = [`auction.${symbol}`, `publicTradeV2.${symbol}`, 'announcement'];
    return `{"topic":"${topics[number % topics.length]}","ts":${now},"type":"snapshot","data":{"s":"${symbol}","x":1}}`;
  }
  const stream = symbol.toLowerCase();
  const frames = [
    `{"stream":"${stream}@referencePrice","data":{"e":"referencePrice","s":"${symbol}","r":null,"t":${now}}}`,
    `{"stream":"${stream}@auction","data":{"e":"auction","E":${now},"s":"${symbol}","x":1}}`,
    `{"stream":"!notice","data":{"e":"notice","E":${now}}}`,
  ];
  return at(frames, number % frames.length);
}
