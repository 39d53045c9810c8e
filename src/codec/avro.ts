import { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { FeedRecord, RecordKind } from '../domain/record.ts';
import { type AvroType, mismatch, recordType, typeOf, viewOf } from './avro-type.ts';
import { fingerprint } from './fingerprint.ts';
import { camelCase } from './key-case.ts';
import { currentSchema, parseSchema, type RecordSchema } from './schema-files.ts';
import { TOPICS, type TopicDefinition, topicOf } from './topics.ts';

/** Reads records that were written with one schema, as records of our current schema. */
export interface RecordReader {
  readonly kind: RecordKind;
  /** Reads the record at `offset`, and returns where it ends. @throws Fault of kind `malformed` */
  read(bytes: Uint8Array, offset: number): { readonly record: FeedRecord; readonly end: number };
}

/** Encodes and decodes one kind of record, by its schema in schemas/. */
export interface RecordCodec extends RecordReader {
  readonly topic: TopicDefinition;
  /** The schema as written in schemas/. */
  readonly schema: RecordSchema;
  readonly schemaJson: string;
  readonly fingerprint: Uint8Array;
  /**
   * Encodes a record, with a copy of `header` before it. @throws Fault of kind `encode` with retry `never`, which names
   * the field
   */
  encode(record: FeedRecord, header?: Uint8Array): Buffer;
}

/** CRC-64-AVRO fingerprint of a schema: 8 bytes, little-endian. Ignores documentation and logical types. */
export function fingerprintOf(schema: RecordSchema): Uint8Array {
  return fingerprint(JSON.stringify(typeOf(schema).schema()));
}

/** Why Avro cannot read records of `writer` as records of `reader`; undefined if it can. */
export function unreadable(reader: RecordSchema, writer: RecordSchema): string | undefined {
  try {
    recordType(reader).createResolver(recordType(writer));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function newReader(kind: RecordKind, type: AvroType, resolver?: ReturnType<AvroType['createResolver']>): RecordReader {
  const name = topicOf(kind).record;
  return {
    kind,
    read(bytes, offset) {
      try {
        const decoded: { value: object | undefined; offset: number } = type.decode(viewOf(bytes), offset, resolver);
        if (decoded.value === undefined) throw new Error('truncated');
        // The schema has no field `kind`, but each record in memory has it.
        const record = decoded.value as { kind: RecordKind };
        record.kind = kind;
        return { record: record as FeedRecord, end: decoded.offset };
      } catch (error) {
        throw new Fault('malformed', `${name}: ${messageOf(error)}`, { retry: { kind: 'never' }, cause: error });
      }
    },
  };
}

/** A buffer for long records. It has room for the longest usual record: a dead letter of 64 KiB with its reason. */
let scratch = Buffer.allocUnsafeSlow(80 * 1024);
/** Short records share a buffer: one buffer each would cost a copy and more garbage collection. */
const SLAB_BYTES = 64 * 1024;
const SHORT_BYTES = 1024;
let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let slabAt = 0;
const NO_HEADER = new Uint8Array(0);

function encodeFault(schema: RecordSchema, type: AvroType, record: unknown, cause: unknown): Fault {
  let path: readonly string[] = [];
  let found: unknown;
  let wanted = '';
  type.isValid(record, {
    errorHook(at, value: unknown, expected) {
      if (wanted !== '') return;
      path = at;
      found = value;
      wanted = mismatch(expected);
    },
  });
  const [first, ...rest] = path;
  const field = schema.fields.find((candidate) => camelCase(candidate.name) === first)?.name;
  const where = [schema.name, ...(field === undefined ? [] : [field, ...rest])].join('.');
  const message = wanted === '' ? messageOf(cause) : `${describe(found)} is ${wanted}`;
  return new Fault('encode', `${where}: ${message}`, {
    retry: { kind: 'never' },
    cause,
    ...(field === undefined ? {} : { field }),
  });
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 64));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}

function newCodec(kind: RecordKind): RecordCodec {
  const topic = topicOf(kind);
  const schema = currentSchema(topic.schema);
  const type = recordType(schema);
  return {
    ...newReader(kind, type),
    topic,
    schema,
    schemaJson: JSON.stringify(schema),
    fingerprint: fingerprintOf(schema),
    encode(record, header = NO_HEADER) {
      if (SLAB_BYTES - slabAt < SHORT_BYTES) {
        slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
        slabAt = 0;
      }
      const from = slabAt;
      const start = header.length;
      let end: number;
      try {
        end = type.encode(record, slab, from + start);
        if (end >= 0) {
          slabAt = end;
          slab.set(header, from);
          return slab.subarray(from, end);
        }
        end = type.encode(record, scratch, start);
        if (end < 0) {
          scratch = Buffer.allocUnsafeSlow(2 * (scratch.length - end));
          end = type.encode(record, scratch, start);
        }
      } catch (error) {
        throw encodeFault(schema, type, record, error);
      }
      scratch.set(header);
      return Buffer.from(scratch.subarray(0, end));
    },
  };
}

const codecs = new Map<RecordKind, RecordCodec>();

/** The codec of a kind of record; made once. */
export function codecOf(kind: RecordKind): RecordCodec {
  return getOrCreate(codecs, kind, newCodec);
}

/**
 * Returns a reader of records of another version of our schema. Fields that the writer lacks get our defaults. @throws
 * Fault of kind `malformed` with retry `never` if the schema is not ours or cannot be read as ours
 */
export function readerOf(schemaJson: string): RecordReader {
  try {
    const writer = parseSchema(schemaJson);
    const topic = TOPICS.find((candidate) => candidate.record === writer.name);
    if (topic === undefined) throw new Error(`no record of ours is named ${writer.name}`);
    const codec = codecOf(topic.kind);
    if (codec.schemaJson === schemaJson) return codec;
    const type = recordType(codec.schema);
    return newReader(topic.kind, type, type.createResolver(recordType(writer)));
  } catch (error) {
    throw new Fault('malformed', `writer's schema: ${messageOf(error)}`, { retry: { kind: 'never' }, cause: error });
  }
}
