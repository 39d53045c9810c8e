import { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { FeedRecord, RecordKind } from '../domain/record.ts';
import { codecOf, fingerprintOf, type RecordReader, readerOf } from './avro.ts';
import { currentSchema, releasedSchemas } from './schema-files.ts';
import { TOPICS } from './topics.ts';

/**
 * Avro single-object encoding: C3 01, the schema's CRC-64-AVRO fingerprint (8 bytes, little-endian), body. Confluent
 * wire format: 00, the schema's id in a registry (4 bytes, big-endian), body.
 */
const SINGLE_OBJECT = 0xc3;
const SINGLE_OBJECT_VERSION = 0x01;
const CONFLUENT = 0x00;
const FINGERPRINT_BYTES = 8;
const ID_BYTES = 4;

const singleObjectHeaders = new Map<RecordKind, Uint8Array>();

const singleObjectHeader = (kind: RecordKind): Uint8Array =>
  Uint8Array.of(SINGLE_OBJECT, SINGLE_OBJECT_VERSION, ...codecOf(kind).fingerprint);

/** Encodes a record in single-object encoding. @throws Fault of kind `encode` that names the field */
export function encodeSingleObject(record: FeedRecord): Buffer {
  return codecOf(record.kind).encode(record, getOrCreate(singleObjectHeaders, record.kind, singleObjectHeader));
}

const confluentHeader = new Uint8Array(1 + ID_BYTES);
const confluentId = new DataView(confluentHeader.buffer);

/**
 * Encodes a record in Confluent wire format; `schemaId` is the registry's id. @throws Fault of kind `encode` that names
 * the field
 */
export function encodeConfluent(record: FeedRecord, schemaId: number): Buffer {
  confluentId.setUint32(1, schemaId);
  return codecOf(record.kind).encode(record, confluentHeader);
}

/**
 * Decodes a message in single-object encoding or in the Confluent wire format. Returns a Promise if the schema must be
 * fetched first. @throws Fault of kind `malformed`, or rejects with it
 */
export type WireDecoder = (message: Uint8Array) => FeedRecord | Promise<FeedRecord>;

/**
 * `schemaById` returns a registry's schema as JSON. Without it, the Confluent wire format is rejected with a Fault
 * whose `field` is `schemaRegistry`.
 */
export function newWireDecoder(schemaById?: (id: number) => Promise<string>): WireDecoder {
  const readers = new Map<number, RecordReader>();

  async function learn(id: number, message: Uint8Array): Promise<FeedRecord> {
    if (schemaById === undefined) throw refusal(`schema ${id} of a registry, but none is configured`, 'schemaRegistry');
    const reader = readerOf(await schemaById(id));
    readers.set(id, reader);
    return whole(reader, message, 1 + ID_BYTES);
  }

  return (message) => {
    if (message[0] === CONFLUENT && message.length > ID_BYTES) {
      const id = new DataView(message.buffer, message.byteOffset).getUint32(1);
      const reader = readers.get(id);
      return reader === undefined ? learn(id, message) : whole(reader, message, 1 + ID_BYTES);
    }
    if (
      message[0] === SINGLE_OBJECT &&
      message[1] === SINGLE_OBJECT_VERSION &&
      message.length >= 2 + FINGERPRINT_BYTES
    ) {
      return whole(readerByFingerprint(message.subarray(2, 2 + FINGERPRINT_BYTES)), message, 2 + FINGERPRINT_BYTES);
    }
    throw refusal('neither single-object encoding nor Confluent wire format');
  };
}

const refusal = (message: string, field?: string): Fault =>
  new Fault('malformed', message, { retry: { kind: 'never' }, field });

function whole(reader: RecordReader, message: Uint8Array, offset: number): FeedRecord {
  const { record, end } = reader.read(message, offset);
  if (end !== message.length) throw refusal(`${reader.kind}: ${message.length - end} bytes too many`);
  return record;
}

let byFingerprint: Map<string, RecordReader> | undefined;

/** Finds the released or current schema with the fingerprint; the current one if both have it. */
function readerByFingerprint(fingerprint: Uint8Array): RecordReader {
  byFingerprint ??= new Map(
    TOPICS.flatMap(({ schema }) => [...releasedSchemas(schema), currentSchema(schema)]).map((schema) => [
      hex(fingerprintOf(schema)),
      readerOf(JSON.stringify(schema)),
    ]),
  );
  const key = hex(fingerprint);
  const reader = byFingerprint.get(key);
  if (reader === undefined) throw refusal(`no schema of ours has the fingerprint ${key}`);
  return reader;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
