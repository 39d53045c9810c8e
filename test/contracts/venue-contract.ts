import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalDecimal } from '../../src/domain/decimal.ts';
import { Fault } from '../../src/domain/fault.ts';
import { CHANNELS, type Channel, type Instrument, KLINE_INTERVALS } from '../../src/domain/instrument.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import type { RawFrame } from '../../src/domain/venue-event.ts';
import type {
  BackfillRequest,
  Decoded,
  DecoderContext,
  ListedInstrument,
  RestRequest,
  Venue,
} from '../../src/venues/contract.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import type { FrameFixture, RestFixture } from '../fixtures/read-fixtures.ts';
import { valueAt, withoutValue, withValue } from './json-path.ts';
import { type BookContract, venueBooks } from './venue-books.ts';
import { expectWellFormed } from './well-formed-event.ts';

export interface VenueContract {
  readonly venue: Venue;
  readonly fixtures: readonly FrameFixture[];
  readonly instruments: RestFixture<readonly ListedInstrument[]>;
  readonly time: RestFixture<number>;
  /** Channels that the venue lacks. */
  readonly missingChannels: readonly Channel[];
  /** Interval at which the venue requires our heartbeat; undefined if the venue sends pings. */
  readonly heartbeatMs: number | undefined;
  /** Limits of one subscription request. */
  readonly request: { readonly topics: number; readonly characters: number };
  /** Limit for all topics of one connection as one JSON array; undefined if there is none. */
  readonly connectionCharacters?: number;
  /** Answers with past trades, one for each attempt of a backfill; undefined if ids are sparse. */
  readonly backfill?: readonly RestFixture<readonly Partial<TradeEvent>[]>[];
  /** An answer with past aggregated trades; undefined if the venue has none. */
  readonly backfillAggTrades?: RestFixture<readonly object[]>;
  /** An answer with the last trades; undefined if gaps are fetched by id. */
  readonly recent?: RestFixture<readonly Partial<TradeEvent>[]>;
  readonly books: BookContract;
}

export const RECEIVED_AT = 1_700_000_000_123_456;

const COINS = ['BTC', 'BNB', 'ETH', '这是测试币456'];

/** The context that the fixtures are written for: four coins against USDT. */
export function fixtureContext(): DecoderContext & { readonly instruments: Map<string, Instrument> } {
  const instruments = COINS.map((coin) => ({ coin, symbol: `${coin}USDT`, venueSymbol: `${coin}USDT` }));
  return { environment: 'production', instruments: new Map(instruments.map((one) => [one.venueSymbol, one])) };
}

/** A request for the past of a venue: BTC, between the trades 100 and 900. */
export function wantedOf(venue: Venue, attempt: number): BackfillRequest {
  const instrument = { coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' };
  const at = (id: number) => tradeEvent(id, { venue: venue.id, timestamp: 1_700_000_000_000 + id });
  const common = { environment: 'production', receivedAt: () => RECEIVED_AT } as const;
  return { instrument, before: { id: '100', timestamp: at(100).timestamp }, after: at(900), attempt, ...common };
}

/**
 * Defines the numbered tests that every venue must pass. The test file of a venue only calls this function. Some tests
 * are skipped for some fixtures; the comment above such a test says when.
 */
export function venueContract(contract: VenueContract): void {
  const { venue, fixtures } = contract;

  function decodeOnce(json: unknown): Decoded {
    return venue.newDecoder(fixtureContext())(frameOf(JSON.stringify(json)));
  }

  describe(`venue contract: ${venue.id}`, () => {
    it.each(fixtures)('VC-01 $name decodes to its golden', ({ frame, decoded }) => {
      expect(comparable(decodeOnce(frame))).toEqual(golden(decoded, venue));
    });

    it.each(fixtures)('VC-02 $name is malformed if it is cut off anywhere', ({ frame }) => {
      const text = Buffer.from(JSON.stringify(frame));
      const decode = venue.newDecoder(fixtureContext());
      for (let end = 0; end < text.length; end++) {
        expect(decode({ ...frameOf(''), data: text.subarray(0, end) }).kind).toBe('malformed');
      }
    });

    // Skipped for a fixture that names no fields (acknowledgements, ignored frames).
    it.each(fixtures.filter(({ reads }) => reads !== undefined))(
      'VC-03 $name without a required field is malformed, and the fault names the field',
      ({ frame, reads = [] }) => {
        for (const path of reads) expect(faultField(decodeOnce(withoutValue(frame, path))), path).toBe(path);
      },
    );

    // Skipped for the same fixtures as VC-03.
    it.each(fixtures.filter(({ reads }) => reads !== undefined))(
      'VC-04 $name with a field of a wrong type is malformed, and the fault names the field',
      ({ frame, reads = [] }) => {
        for (const path of reads) {
          for (const other of otherTypes(valueAt(frame, path))) {
            expect(faultField(decodeOnce(withValue(frame, path, other))), `${path} = ${JSON.stringify(other)}`).toMatch(
              pathOrInner(path),
            );
          }
        }
      },
    );

    // Skipped for a fixture without decimals.
    it.each(fixtures.filter(({ decimals }) => decimals !== undefined))(
      'VC-05 $name keeps decimals exact as text, and is malformed with an invalid decimal',
      ({ frame, decimals = {} }) => {
        for (const [path, field] of Object.entries(decimals)) {
          fc.assert(
            fc.property(decimalTexts, (text) => {
              const decoded = decodeOnce(withValue(frame, path, text));
              expect(decoded.kind === 'value' && valueAt(decoded.value[0], field)).toBe(canonicalDecimal(text));
            }),
            { numRuns: 50 },
          );
          for (const text of [
            'NaN',
            'Infinity',
            '',
            ' 1',
            '1,5',
            '0x1',
            '1e400',
            '0.0000000000000000001',
            '100000000000000000000',
          ]) {
            const decoded = decodeOnce(withValue(frame, path, text));
            if (text === '' && decoded.kind === 'value') expect(valueAt(decoded.value[0], field)).toBeNull();
            else expect(faultField(decoded), `${path} = ${text}`).toBe(path);
          }
        }
      },
    );

    // Skipped for a fixture that is not a trade.
    it.each(fixtures.filter(({ takerSide }) => takerSide !== undefined))(
      "VC-06 $name has the taker's side",
      ({ frame, takerSide }) => {
        if (takerSide === undefined) return;
        const makers = [takerSide.sold, takerSide.bought].map((side) => {
          const decoded = decodeOnce(withValue(frame, takerSide.path, side));
          return decoded.kind === 'value' && valueAt(decoded.value[0], 'isBuyerMaker');
        });
        expect(makers).toEqual([true, false]);
      },
    );

    it('VC-07 decodes the same frames to the same events with each new decoder', () => {
      const run = () => {
        const decode = venue.newDecoder(fixtureContext());
        return fixtures.map(({ frame }) => comparable(decode(frameOf(JSON.stringify(frame)))));
      };
      expect(run()).toEqual(run());
    });

    it('VC-08 decodes later frames the same after a malformed frame', () => {
      const decode = venue.newDecoder(fixtureContext());
      const clean = venue.newDecoder(fixtureContext());
      for (const { frame } of fixtures) {
        const text = JSON.stringify(frame);
        expect(decode(frameOf(text.slice(0, -1))).kind).toBe('malformed');
        expect(comparable(decode(frameOf(text)))).toEqual(comparable(clean(frameOf(text))));
      }
    });

    it.each([
      ['binary', { ...frameOf('{}'), binary: true }],
      ['not UTF-8', { ...frameOf(''), data: Uint8Array.of(0x22, 0xc3, 0x28, 0x22) }],
      ['empty', frameOf('')],
      ['20 MB of text', { ...frameOf(''), data: Buffer.alloc(20 * 1024 * 1024, 0x61) }],
      ['a number', frameOf('1')],
      ['null', frameOf('null')],
      ['text', frameOf('"pong"')],
      ['an array', frameOf('[]')],
      ['an unknown object', frameOf('{}')],
      ['100,000 levels of arrays', frameOf('['.repeat(100_000) + ']'.repeat(100_000))],
      ['100,000 levels of objects', frameOf('{"data":'.repeat(100_000) + 1 + '}'.repeat(100_000))],
      ['unclosed JSON', frameOf('{"a":'.repeat(100_000))],
    ])('VC-09 a frame that is %s is malformed', (_, frame) => {
      expect(venue.newDecoder(fixtureContext())(frame).kind).toBe('malformed');
    });

    it('VC-10 decodes a symbol that is added to the connection, and ignores a removed symbol', () => {
      const fixture = fixtures.find(({ decoded }) => decoded.kind === 'value' && decoded.value[0]?.kind === 'trade');
      const { instruments, ...rest } = fixtureContext();
      const all = [...instruments];
      const decode = venue.newDecoder({ ...rest, instruments });
      const frame = frameOf(JSON.stringify(fixture?.frame));
      instruments.clear();
      expect(decode(frame)).toEqual({ kind: 'ignored', reason: 'unknown_symbol' });
      for (const [symbol, instrument] of all) instruments.set(symbol, instrument);
      expect(decode(frame).kind).toBe('value');
      instruments.clear();
      expect(decode(frame)).toEqual({ kind: 'ignored', reason: 'unknown_symbol' });
    });

    it('VC-11 has one topic per symbol for each supported channel, and none for other channels', () => {
      const [one, other] = [...fixtureContext().instruments.values()];
      if (one === undefined || other === undefined) throw new Error('the context has two instruments');
      const missing = contract.missingChannels;
      for (const channel of CHANNELS) {
        expect(venue.topics(one, channel), channel).toHaveLength(missing.includes(channel) ? 0 : 1);
        if (!missing.includes(channel)) expect(venue.topics(one, channel)).not.toEqual(venue.topics(other, channel));
      }
      const klines = KLINE_INTERVALS.flatMap((interval) => venue.topics(one, `kline_${interval}`));
      expect(new Set(klines).size).toBe(klines.length);
    });

    it.each(['subscribe', 'unsubscribe'] as const)(
      "VC-12 %s splits by the venue's limits and leaves no topic out",
      (purpose) => {
        const coins = Array.from({ length: venue.limits.topicsPerConnection }, (_, index) => `1000000LONGNAME${index}`);
        const topics = coins.flatMap((coin) =>
          venue.topics({ coin, symbol: `${coin}USDT`, venueSymbol: `${coin}USDT` }, 'trade'),
        );
        let id = 0;
        const requests = venue.control(purpose, topics, () => ++id);
        expect(requests.flatMap((request) => request.topics)).toEqual(topics);
        expect(new Set(requests.map((request) => request.id)).size).toBe(requests.length);
        for (const request of requests) {
          expect(request.topics.length).toBeLessThanOrEqual(contract.request.topics);
          expect(request.frame.length).toBeLessThanOrEqual(contract.request.characters);
          for (const topic of request.topics) expect(request.frame).toContain(JSON.stringify(topic));
          expect(() => JSON.parse(request.frame)).not.toThrow();
        }
        if (contract.connectionCharacters !== undefined)
          expect(JSON.stringify(topics).length).toBeLessThanOrEqual(contract.connectionCharacters);
      },
    );

    it('VC-13 subscribes a repeated topic once, and sends no request for an empty list', () => {
      const [instrument] = [...fixtureContext().instruments.values()];
      const topics = instrument === undefined ? [] : venue.topics(instrument, 'trade');
      expect(venue.control('subscribe', [...topics, ...topics], () => 1)).toHaveLength(1);
      expect(venue.control('subscribe', [...topics, ...topics], () => 1)[0]?.topics).toEqual(topics);
      expect(venue.control('subscribe', [], () => 1)).toEqual([]);
    });

    it('VC-14 has a heartbeat of JSON with an id if the venue needs one', () => {
      expect(venue.heartbeat?.everyMs).toBe(contract.heartbeatMs);
      if (venue.heartbeat !== undefined) expect(JSON.parse(venue.heartbeat.frame(7))).toMatchObject({ req_id: '7' });
    });

    it.each([
      [451, {}, 'region_blocked', { kind: 'never' }],
      [429, { 'retry-after': '7' }, 'rate_limited', { kind: 'after', afterMs: 7_000 }],
      [429, {}, 'rate_limited', { kind: 'after', afterMs: 60_000 }],
      [429, { 'retry-after': 'soon' }, 'rate_limited', { kind: 'after', afterMs: 60_000 }],
      [429, { 'retry-after': '0' }, 'rate_limited', { kind: 'after', afterMs: 1_000 }],
      [418, { 'retry-after': '999999999' }, 'rate_limited', { kind: 'after', afterMs: 259_200_000 }],
      [418, {}, 'rate_limited', { kind: 'after', afterMs: 120_000 }],
      [500, {}, 'unavailable', { kind: 'backoff' }],
      [503, { 'retry-after': '30' }, 'unavailable', { kind: 'after', afterMs: 30_000 }],
      [404, {}, 'connect_failed', { kind: 'backoff' }],
    ] as const)('VC-15 a refusal with %i %j means %s', (status, headers, kind, retry) => {
      expect(venue.refusal(status, headers, '')).toMatchObject({ kind, retry, status });
      expect(venue.refusal(status, headers, '<html>no</html>')).toMatchObject({ kind, retry, status });
    });

    it('VC-15 a 403 without a known cause asks for a pause of ten minutes', () => {
      const retry = { kind: 'after', afterMs: 600_000 };
      for (const body of ['', '<html>no</html>'])
        expect(venue.refusal(403, {}, body)).toMatchObject({ retry, status: 403 });
    });

    it('VC-16 parses the documented instrument list and time, and rejects other bodies', () => {
      const { instruments, time } = contract;
      expect(venue.instruments.parse(instruments.body)).toEqual({ rows: instruments.parsed, malformed: 0 });
      expect(venue.time.parse(time.body)).toBe(time.parsed);
      for (const broken of [null, [], {}, 'x', 1, { symbols: null }, { symbols: [null] }, { result: {} }]) {
        expect(thrown(() => venue.instruments.parse(broken))).toMatchObject({
          kind: 'malformed',
          retry: { kind: 'never' },
        });
        expect(thrown(() => venue.time.parse(broken))).toMatchObject({ kind: 'malformed', retry: { kind: 'never' } });
      }
    });

    it('VC-17 never throws for a mutated frame, and decodes only well-formed events', () => {
      const texts = fixtures.map(({ frame }) => JSON.stringify(frame));
      const context = fixtureContext();
      const decode = venue.newDecoder(context);
      let passed = 0;
      fc.assert(
        fc.property(fc.constantFrom(...texts), mutations, (text, changes) => {
          const decoded = decode({ ...frameOf(''), data: mutated(Buffer.from(text), changes) });
          if (decoded.kind !== 'value') return;
          passed++;
          for (const event of decoded.value) expectWellFormed(event, context);
        }),
        { numRuns: 5_000 },
      );
      expect(passed).toBeGreaterThan(0);
    }, 30_000);

    // For venues with contiguous ids.
    it.each((contract.backfill ?? []).map((fixture, attempt) => ({ ...fixture, attempt })))(
      'VC-18 parses the documented answer of backfill attempt $attempt as trades of the symbol',
      ({ attempt, body, parsed }) => {
        const request = venue.backfill?.({ ...wantedOf(venue, attempt), before: { id: '28456', timestamp: 1 } });
        if (request === undefined) throw new Error('the venue has no backfill');
        expectPast(request, 'trade', { body, parsed });
      },
    );

    const { backfillAggTrades, recent } = contract;
    if (backfillAggTrades !== undefined)
      it('VC-18 parses the documented answer of the backfill of aggregated trades', () => {
        const request = venue.backfillAggTrades?.(wantedOf(venue, 0));
        if (request === undefined) throw new Error('the venue has no past of aggregated trades');
        expectPast(request, 'agg_trade', backfillAggTrades);
      });

    // For venues with sparse ids.
    if (recent !== undefined)
      it('VC-18 parses the documented answer with the last trades', () => {
        const request = venue.recent?.(wantedOf(venue, 0));
        if (request === undefined) throw new Error('the venue has no last trades');
        expectPast(request, 'trade', recent);
      });

    it('VC-18 has a backfill by ids for contiguous ids, and the last trades for sparse ids', () => {
      expect(venue.backfill !== undefined).toBe(venue.contiguousTradeIds);
      expect(venue.backfill !== undefined).toBe((contract.backfill ?? []).length > 0);
      expect(venue.recent === undefined).toBe(venue.contiguousTradeIds);
      expect(venue.recent === undefined).toBe(contract.recent === undefined);
      expect(venue.backfillAggTrades === undefined).toBe(contract.missingChannels.includes('agg_trade'));
      expect(venue.backfillAggTrades === undefined).toBe(contract.backfillAggTrades === undefined);
    });

    venueBooks({ venue, fixtures, books: contract.books, context: fixtureContext(), receivedAt: RECEIVED_AT });
  });

  /** Expects the request to parse its answer to past trades of BTC, and to refuse invalid answers. */
  function expectPast<T>(
    request: RestRequest<readonly T[]>,
    kind: string,
    { body, parsed }: RestFixture<readonly object[]>,
  ) {
    expect(request.path).toMatch(/^\/.*BTCUSDT/);
    expect(request.weight).toBeGreaterThan(0);
    expect(request.weight).toBeLessThan(venue.restBurst ?? venue.restWeightPerMinute / 2);
    expect(request.parse(body)).toEqual(
      parsed.map((trade) => ({
        kind,
        venue: venue.id,
        symbol: 'BTCUSDT',
        venueSymbol: 'BTCUSDT',
        coin: 'BTC',
        environment: 'production',
        epoch: 0,
        receivedAt: RECEIVED_AT,
        eventTime: null,
        source: 'backfill',
        timestampUs: null,
        ...trade,
      })),
    );
    for (const broken of [null, {}, 'x', 1, [null], [[]], [{}], [1]])
      expect(thrown(() => request.parse(broken))).toMatchObject({ kind: 'malformed', retry: { kind: 'never' } });
  }
}

function frameOf(text: string): RawFrame {
  return { data: Buffer.from(text), binary: false, receivedAt: RECEIVED_AT };
}

function comparable({ ...decoded }: Decoded): unknown {
  if (!('fault' in decoded)) return decoded;
  const { kind, retry, field } = decoded.fault;
  return { ...decoded, fault: field === undefined ? { kind, retry } : { kind, retry, field } };
}

/** The expected result of a fixture, with the fields that all events share. An id of null stands for undefined. */
function golden(decoded: Decoded, venue: Venue): unknown {
  if (decoded.kind === 'value') {
    const common = { venue: venue.id, environment: 'production', epoch: 0, receivedAt: RECEIVED_AT };
    const value = decoded.value.map((event) => ({ ...event, ...common }));
    return { ...decoded, key: value[0]?.symbol ?? decoded.key, at: RECEIVED_AT, value };
  }
  return 'id' in decoded ? { ...decoded, id: decoded.id ?? undefined } : decoded;
}

function faultField(decoded: Decoded): string | undefined {
  return decoded.kind === 'malformed' ? decoded.fault.field : `not malformed: ${JSON.stringify(decoded)}`;
}

/** Matches the field's path, or a path inside it. If the test put a list there, the fault may name an element. */
function pathOrInner(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.[\]]/g, '\\$&')}($|[.[])`);
}

function otherTypes(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return [null, 5, true, [], {}, [value]];
  if (typeof value === 'number') return [null, String(value), true, [], {}, 1.5, -1, 1e300];
  if (typeof value === 'boolean') return [null, String(value), 1, 0, [], {}];
  return Array.isArray(value) ? [null, 'x', 5, true, {}, [null], [[]]] : [null, 'x', 5, true, []];
}

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    return error;
  }
  return undefined;
}

/** Positive decimals of up to 20 digits before the point and 18 after it, with and without padding zeros. */
const decimalTexts = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), fc.stringMatching(/^\d{0,18}$/), fc.stringMatching(/^0{0,3}$/))
  .map(([integer, fraction, zeros]) =>
    fraction + zeros === '' ? `${integer + 1n}`.slice(0, 20) : `${integer}.${fraction}${zeros}`,
  )
  .filter((text) => /[1-9]/.test(text));

type Mutation = {
  readonly at: number;
  readonly kind: 'set' | 'insert' | 'remove' | 'repeat' | 'swap';
  readonly bytes: string;
};

/** Texts that the fuzz test writes into frames. Most of them have a meaning in JSON, in numbers or in these frames. */
const snippets = fc.constantFrom(
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '9',
    '-',
    '.',
    'e',
    'null',
    'true',
    '1e9',
    '""',
    '"s":',
    '"p":"1",',
    '\u0000',
    'é',
    '\uFFFD',
  ],
);

const mutations = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 0.9999, noNaN: true }),
    kind: fc.constantFrom('set', 'insert', 'remove', 'repeat', 'swap'),
    bytes: snippets,
  }),
  { minLength: 1, maxLength: 4 },
);

function mutated(frame: Buffer, changes: readonly Mutation[]): Buffer {
  let bytes = frame;
  for (const { at, kind, bytes: snippet } of changes) {
    const from = Math.floor(at * bytes.length);
    const [head, tail] = [bytes.subarray(0, from), bytes.subarray(from)];
    const piece = tail.subarray(0, 12);
    if (kind === 'set') bytes = Buffer.concat([head, Buffer.from(snippet), tail.subarray(1)]);
    if (kind === 'insert') bytes = Buffer.concat([head, Buffer.from(snippet), tail]);
    if (kind === 'remove') bytes = Buffer.concat([head, tail.subarray(1 + snippet.length)]);
    if (kind === 'repeat') bytes = Buffer.concat([head, piece, tail]);
    if (kind === 'swap') bytes = Buffer.concat([tail, head]);
  }
  return bytes;
}
