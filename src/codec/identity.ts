import { getOrCreate } from '../domain/get-or-create.ts';
import type { FeedRecord, RecordKind } from '../domain/record.ts';
import { codecOf } from './avro.ts';
import { fieldsOf } from './json-view.ts';
import { camelCase } from './key-case.ts';

const keysByKind = new Map<RecordKind, readonly string[]>();

const identityKeys = (kind: RecordKind): readonly string[] => (codecOf(kind).schema.identity ?? []).map(camelCase);

/** Identifies the event of a record, as a JSON array of the record's name and its identity fields. */
export function identityOf(record: FeedRecord): string {
  const fields = fieldsOf(record);
  const values = getOrCreate(keysByKind, record.kind, identityKeys).map((key) => {
    const value = fields[key];
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
  });
  return JSON.stringify([codecOf(record.kind).topic.record, ...values]);
}
