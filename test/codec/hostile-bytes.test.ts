import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecOf, readerOf } from '../../src/codec/avro.ts';
import { encodeConfluent, encodeSingleObject, newWireDecoder } from '../../src/codec/wire-format.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { expectHarmless, hostileText, hostileValue } from '../../testing/feeds/hostile-json.ts';
import { runs } from '../../testing/properties/seeds.ts';
import { sampleBookDelta, sampleRecords, sampleTrade } from '../../testing/records/sample-records.ts';

/* A record comes from anyone who may write to a topic, so any bytes must be decoded safely. */

const schemas = sampleRecords.map(({ kind }) => codecOf(kind).schemaJson);
const decode = newWireDecoder(async (id) => schemas[id] ?? Promise.reject(new Fault('malformed', `no schema ${id}`)));

/** The record or the fault. Any other error is thrown again. */
async function outcome(message: Uint8Array): Promise<FeedRecord | Fault> {
  try {
    return await expectHarmless(() => decode(message));
  } catch (error) {
    if (error instanceof Fault && error.kind === 'malformed') return error;
    throw error;
  }
}

/** A count in the encoding of Avro: zigzag, seven bits a byte. */
function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value * 2n; ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

describe('newWireDecoder with hostile bytes', () => {
  it.each([2n ** 25n, 2n ** 27n, 2n ** 32n - 1n, 2n ** 40n, 2n ** 52n])(
    'reports an array that claims %s items as malformed, in bounded time',
    async (count) => {
      const without = encodeSingleObject(sampleTrade({ conditions: [] }));
      const book = encodeSingleObject(sampleBookDelta({ bids: [], asks: [] }));
      for (const bytes of [without, book]) {
        // Each zero may be the count of an empty array. The large count replaces it, with bytes for the first items.
        for (let at = 10; at < bytes.length; at++) {
          if (bytes[at] !== 0) continue;
          const bomb = Buffer.concat([bytes.subarray(0, at), varint(count), Buffer.alloc(64, 2)]);
          expect(await outcome(bomb)).toBeInstanceOf(Fault);
        }
      }
    },
  );

  it('decodes changed bytes or reports them as malformed, in bounded time', async () => {
    const whole = sampleRecords.flatMap((record, index) => [
      encodeSingleObject(record),
      encodeConfluent(record, index),
    ]);
    let read = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...whole),
        fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))), { maxLength: 6 }),
        fc.option(fc.nat(200), { nil: undefined }),
        async (bytes, changes, cut) => {
          const message = Buffer.from(bytes);
          for (const [at, byte] of changes) message[at % message.length] = byte;
          const found = await outcome(cut === undefined ? message : message.subarray(0, cut));
          if (!(found instanceof Fault)) read++;
        },
      ),
      { numRuns: runs(5000) },
    );
    expect(read).toBeGreaterThan(0);
  }, 60_000);

  it('decodes random bytes or reports them as malformed, in bounded time', async () => {
    const starts = [Buffer.alloc(0), Buffer.of(0, 0, 0, 0), ...schemas.map((_, id) => Buffer.of(0, 0, 0, 0, id))];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }), async (start, bytes) => {
        await outcome(Buffer.concat([start, bytes]));
      }),
      { numRuns: runs(3000) },
    );
  }, 60_000);
});

describe("readerOf with a hostile writer's schema", () => {
  const names = ['type', 'name', 'namespace', 'fields', 'items', 'values', 'symbols', 'default', 'aliases', 'size'];
  const trade = JSON.parse(codecOf('trade').schemaJson) as { fields: { name: string; type: unknown }[] };

  const readable = (schemaJson: string): boolean => {
    try {
      expectHarmless(() => readerOf(schemaJson));
      return true;
    } catch (error) {
      if (error instanceof Fault && error.kind === 'malformed') return false;
      throw error;
    }
  };

  it('refuses JSON that is not a schema', () => {
    fc.assert(
      fc.property(hostileText(names), (text) => {
        expect(readable(text)).toBe(false);
      }),
      { numRuns: runs(500) },
    );
  });

  it('accepts or refuses our schema with one random field', () => {
    const types = ['null', 'long', 'record', 'array', 'map', 'fixed', 'enum', 'market.feed.v1.TradeEvent'];
    let read = 0;
    fc.assert(
      fc.property(
        fc.nat(trade.fields.length),
        fc.oneof(hostileValue([...names, ...types]), fc.constantFrom<unknown>(...types)),
        fc.constantFrom('__proto__', 'constructor', 'price', 'x'),
        (at, type, name) => {
          const fields = [...trade.fields.slice(0, at), { name, type }, ...trade.fields.slice(at + 1)];
          if (readable(JSON.stringify({ ...trade, fields }))) read++;
        },
      ),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(0);
  }, 30_000);
});
