/**
 * Writes schemas/asyncapi.yaml, the AsyncAPI document of the topics, their keys and schemas: `node
 * scripts/generate-async-api.ts`. It is made from schemas/*.avsc, the table of topics in src/codec/topics.ts and the
 * default configuration. test/scripts/generate-async-api.test.ts fails if the file is out of date.
 */
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { environmentPrefix, type FeedMode, messageKeyOf } from '../src/codec/environment-topics.ts';
import { currentSchema, isUnion, type RecordSchema } from '../src/codec/schema-files.ts';
import { TOPICS, type TopicDefinition } from '../src/codec/topics.ts';
import { loadConfig } from '../src/config/load-config.ts';
import type { FeedRecord, RecordKind } from '../src/domain/record.ts';
import { wantedTopic } from '../src/sinks/kafka/topics.ts';

/** Version of the rules for the parts of the document that are special to Kafka. */
const bindingVersion = '0.5.0';

const { kafka } = loadConfig({ environment: {} });

const DESCRIPTION = `The Kafka topics of market-feed, with their keys and Avro schemas.

- A message is one record in Avro single-object encoding: \`C3 01\`, the CRC-64-AVRO fingerprint of the schema
  (8 bytes, little-endian), the record. With \`kafka.schema_registry\`, it has the Confluent wire format: \`00\`,
  the schema's id in the registry (4 bytes, big-endian), the record. The subject is \`TOPIC-value\`.
- Keys are plain UTF-8. Messages have no headers.
- Addresses begin with the default of \`kafka.topic_prefix\`, \`${kafka.topicPrefix}\`. Partitions are those of the default
  configuration.
- Records of other environments go to topics of their own, with the same keys and schemas:
  ${otherTopics()}.
- The attribute \`identity\` of a schema lists the fields that identify an event. If a record is delivered twice,
  it has the same values in these fields.
`;

function otherTopics(): string {
  const environments = ['testnet', 'simulated', 'replay'] as const;
  return environments.map((each) => `\`${kafka.topicPrefix}${environmentPrefix(each, false)}trades\``).join(', ');
}

/** The document as YAML. */
export function asyncApi(): string {
  const document = {
    asyncapi: '3.0.0',
    info: { title: 'market-feed topics', version: '1', description: DESCRIPTION, license: { name: 'MIT' } },
    defaultContentType: 'avro/binary',
    channels: forTopics((topic) => [topic.name, channel(topic)]),
    operations: forTopics(({ name }) => [`publish-${name}`, { action: 'send', channel: ref('channels', name) }]),
    components: { messages: forTopics((topic) => [topic.record, message(topic)]) },
  };
  const comment = '# Made from schemas/*.avsc by scripts/generate-async-api.ts; change the schemas, not this file.\n';
  return comment + stringify(document, { aliasDuplicateObjects: false, blockQuote: 'literal', lineWidth: 0 });
}

const forTopics = (entry: (topic: TopicDefinition) => [string, object]) => Object.fromEntries(TOPICS.map(entry));

const ref = (place: 'channels' | 'components/messages', name: string) => ({ $ref: `#/${place}/${name}` });

function channel(topic: TopicDefinition) {
  const { topic: address, partitions, settings } = wantedTopic(kafka, '', topic);
  const { 'cleanup.policy': cleanup, 'retention.ms': retention, ...others } = settings;
  const topicConfiguration = { 'cleanup.policy': cleanup.split(','), 'retention.ms': Number(retention), ...others };
  return {
    address,
    messages: { [topic.record]: ref('components/messages', topic.record) },
    bindings: { kafka: { partitions, topicConfiguration, bindingVersion } },
  };
}

function message({ kind, record, schema: file }: TopicDefinition) {
  const schema = currentSchema(file);
  return {
    name: record,
    summary: schema.doc,
    payload: { schemaFormat: 'application/vnd.apache.avro+json;version=1.9.0', schema },
    bindings: { kafka: { key: key(kind, schema), bindingVersion } },
  };
}

/** The keys of a topic, in the forms that `messageKeyOf` returns. */
function key(kind: RecordKind, schema: RecordSchema) {
  const forms = (mode: FeedMode) => keys(kind, schema, mode, 'VENUE', 'SYMBOL').join(', ');
  const usual = forms('failover');
  const inModeAll = forms('all');
  const description = usual === inModeAll ? usual : `${usual}; with feed.mode all: ${inModeAll}`;
  return { type: 'string', description, examples: keys(kind, schema, 'failover', 'bybit', 'BTCUSDT') };
}

/** The keys of records about the whole feed, about a venue and about a symbol, as far as the schema allows them. */
function keys(kind: RecordKind, { fields }: RecordSchema, mode: FeedMode, venue: string, symbol: string) {
  const isNullable = (name: string) => fields.some((field) => field.name === name && isUnion(field.type));
  const records = [
    ...(isNullable('venue') ? [{ kind, venue: null, symbol: null }] : []),
    ...(isNullable('symbol') ? [{ kind, venue, symbol: null }] : []),
    { kind, venue, symbol },
  ];
  return records.map((record) => messageKeyOf(record as FeedRecord, mode));
}

if (import.meta.main) writeFileSync(new URL('../schemas/asyncapi.yaml', import.meta.url), asyncApi());
