/**
 * Writes src/domain/record.ts and schemas/fingerprints.json from schemas/*.avsc, which alone define the records: `node
 * scripts/generate-records.ts`. With `--check`, writes nothing and fails if a file differs.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fingerprintOf } from '../src/codec/avro.ts';
import { camelCase } from '../src/codec/key-case.ts';
import {
  type AvroField,
  type AvroSchema,
  type AvroSchemaObject,
  currentSchema,
  isUnion,
  parseSchema,
} from '../src/codec/schema-files.ts';
import { SCHEMA_TOPICS } from '../src/codec/topics.ts';

const primitives: Record<string, string> = {
  string: 'string',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  double: 'number',
  bytes: 'Uint8Array',
  null: 'null',
};
/** Names of the types of fields with allowed values; other such fields have a type without a name. */
const TYPE_NAMES: Record<string, string> = { environment: 'Environment', outcome: 'GapOutcome', source: 'TradeSource' };
/** The types that have these names. */
const unions = new Map<string, string>();
const nested = new Map<string, string>();

function typeOf(schema: AvroSchema): string {
  if (typeof schema === 'string') {
    const known = primitives[schema] ?? (nested.has(schema) ? schema : undefined);
    if (known === undefined) throw new Error(`no TypeScript type for Avro ${schema}`);
    return known;
  }
  if (isUnion(schema)) return schema.map(typeOf).join(' | ');
  const { type, logicalType, name, items, values, fields } = schema;
  if (logicalType === 'decimal') return 'Decimal';
  if (items !== undefined) return `readonly ${typeOf(items)}[]`;
  if (values !== undefined) return `Readonly<Record<string, ${typeOf(values)}>>`;
  if (name !== undefined && fields !== undefined) {
    nested.set(name, `/** ${docOf(schema)} */\nexport interface ${name} {\n${fieldsOf(fields).join('\n')}\n}\n`);
    return name;
  }
  return typeOf(type);
}

function docOf({ name, doc }: AvroSchemaObject): string {
  if (doc === undefined) throw new Error(`${name} has no doc in schemas/*.avsc`);
  return doc;
}

/** A union of the allowed values, or the name of that union. */
function unionOf(field: string, allowed: readonly string[]): string {
  const union = allowed.map((value) => `'${value}'`).join(' | ');
  const name = TYPE_NAMES[field];
  if (name === undefined) return union;
  if ((unions.get(name) ?? union) !== union) throw new Error(`two schemas allow other values of the field ${field}`);
  unions.set(name, union);
  return name;
}

function fieldsOf(fields: readonly AvroField[]): readonly string[] {
  return fields.map((field) => {
    const { name, type, allowed } = field;
    const fieldType = allowed === undefined ? typeOf(type) : unionOf(name, allowed);
    return `  /** ${docOf(field)} */\n  readonly ${camelCase(name)}: ${fieldType};`;
  });
}

/** The first fields of a trade, up to `last`. Several records share them. */
function baseOf(name: string, doc: string, last: string) {
  const { fields } = currentSchema('trade-event');
  return { name, doc, fields: fields.slice(0, fields.findIndex((field) => field.name === last) + 1) };
}

/** The base with more fields comes first, because a record extends the first base that fits. */
const bases = [
  baseOf('TradeFields', 'The fields of a trade, or of an aggregated trade.', 'timestamp_us'),
  baseOf('MarketFields', 'The fields that every record of a market has, about its origin.', 'received_at'),
];

/** The text of an interface. If it has all fields of a base, it extends that base and does not repeat equal fields. */
function interfaceOf(name: string, doc: string, fields: readonly AvroField[], kind?: string): string {
  const names = new Set(fields.map((field) => field.name));
  const base = bases.find((one) => one.name !== name && one.fields.every((field) => names.has(field.name)));
  const own = fields.filter((field) => !base?.fields.some((known) => JSON.stringify(known) === JSON.stringify(field)));
  const heading = `export interface ${name}${base === undefined ? '' : ` extends ${base.name}`} {`;
  const lines = [heading, ...(kind === undefined ? [] : [`  readonly kind: '${kind}';`]), ...fieldsOf(own), '}'];
  return `/** ${doc} */\n${lines.join('\n')}\n`;
}

/** Another type is already called `Instrument`. It has what the feed needs to know to subscribe an instrument. */
const interfaceName = (record: string): string => (record === 'Instrument' ? 'InstrumentRecord' : record);

const records = SCHEMA_TOPICS.map((topic) => {
  const schema = currentSchema(topic.schema);
  const doc = `${docOf(schema)} Topic \`${topic.name}\`.`;
  return interfaceOf(interfaceName(schema.name), doc, schema.fields, topic.kind);
});
const shared = bases.map(({ name, doc, fields }) => interfaceOf(name, doc, fields));

const text = [
  '// Made from schemas/*.avsc by scripts/generate-records.ts; change the schemas, not this file.',
  "import type { Decimal } from './decimal.ts';\n",
  ...[...unions].map(([name, union]) => `export type ${name} = ${union};\n`),
  ...nested.values(),
  ...shared,
  ...records,
  `/** Every record that a topic carries, distinguished by \`kind\`. */\nexport type FeedRecord = ${SCHEMA_TOPICS.map((topic) => interfaceName(topic.record)).join(' | ')};`,
  "export type RecordKind = FeedRecord['kind'];\n",
].join('\n');

/** The file of each schema by the fingerprint in a message. If a released and the present schema share it, the present one. */
const fingerprints = new Map(
  readdirSync(new URL('../schemas', import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.avsc'))
    .sort((a, b) => Number(b.includes('/')) - Number(a.includes('/')) || a.localeCompare(b))
    .map((file) => [fingerprintHex(file), file]),
);

function fingerprintHex(file: string): string {
  const json = readFileSync(new URL(`../schemas/${file}`, import.meta.url), 'utf8');
  return Buffer.from(fingerprintOf(parseSchema(json))).toString('hex');
}

const files = [
  ['src/domain/record.ts', text],
  ['schemas/fingerprints.json', `${JSON.stringify(Object.fromEntries(fingerprints), null, 2)}\n`],
] as const;
for (const [name, content] of files) {
  const target = new URL(`../${name}`, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(target, content);
  else if (readFileSync(target, 'utf8') !== content) {
    process.stderr.write(`${name} is not what the schemas say: run node scripts/generate-records.ts\n`);
    process.exitCode = 1;
  }
}
