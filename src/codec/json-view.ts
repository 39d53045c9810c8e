import { isUtf8 } from 'node:buffer';
import type { FeedRecord } from '../domain/record.ts';
import { codecOf } from './avro.ts';
import { camelCase } from './avro-type.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * A record as people and scripts see it: the schema's names and order, decimals as canonical text, times as in the
 * schema. Bytes are base64; where they are UTF-8 (a frame that could not be used mostly is), a second key with `_text`
 * behind its name has them to read.
 */
export function toJson(record: FeedRecord): JsonRecord {
  const fields = record as unknown as JsonRecord; // by name: which ones is the schema's to say
  const json: Record<string, unknown> = {};
  for (const { name } of codecOf(record.kind).schema.fields) {
    const value = fields[camelCase(name)];
    if (value instanceof Uint8Array) {
      json[name] = Buffer.from(value).toString('base64');
      if (isUtf8(value)) json[`${name}_text`] = Buffer.from(value).toString('utf8');
    } else {
      json[name] = value;
    }
  }
  return json;
}
