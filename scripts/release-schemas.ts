/**
 * Writes a released version of the schemas: `node scripts/release-schemas.ts 1`. The folder schemas/released/1 gets a copy
 * of each schema, with one record in Avro (NAME.hex) and as JSON (NAME.json). `--replace` writes an existing version
 * again. Never replace a version that is published.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { codecOf } from '../src/codec/avro.ts';
import { toJson } from '../src/codec/json-view.ts';
import { fullRecords } from '../testing/records/sample-records.ts';

const schemas = join(import.meta.dirname, '../schemas');
const { positionals, values } = parseArgs({ allowPositionals: true, options: { replace: { type: 'boolean' } } });
const version = Number(positionals[0]);
if (!Number.isInteger(version) || version < 1)
  throw new Error('usage: node scripts/release-schemas.ts VERSION [--replace]');
const folder = join(schemas, 'released', String(version));
if (existsSync(folder) && values.replace !== true)
  throw new Error(`schemas/released/${version} exists; if version ${version} is not published, repeat with --replace`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const record of fullRecords) {
  const { topic, encode } = codecOf(record.kind);
  copyFileSync(join(schemas, `${topic.schema}.avsc`), join(folder, `${topic.schema}.avsc`));
  writeFileSync(join(folder, `${topic.schema}.hex`), `${encode(record).toString('hex')}\n`);
  writeFileSync(join(folder, `${topic.schema}.json`), `${JSON.stringify(toJson(record), null, 2)}\n`);
}
