import { readFileSync } from 'node:fs';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { asyncApi } from '../../scripts/generate-async-api.ts';
import { TOPICS } from '../../src/codec/topics.ts';

const text = readFileSync(new URL('../../schemas/asyncapi.yaml', import.meta.url), 'utf8');
/** The part of the document that the tests read. */
interface Document {
  readonly channels: Readonly<
    Record<string, { readonly address: string; readonly messages: Readonly<Record<string, { readonly $ref: string }>> }>
  >;
}

interface Message {
  readonly bindings: { readonly kafka: { readonly key: { readonly description: string } } };
}

// AsyncAPI's schema of its documents. Its formats say what a text must look like, for example a URL.
const schema: object = specs.schemas['3.0.0'];
const validate = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false }).compile(schema);

/** What is wrong with a document: by AsyncAPI's schema, and references to nothing. */
function problemsOf(document: unknown): readonly string[] {
  const isValid = validate(document);
  const broken = [...referencesIn(document)].filter((reference) => targetOf(document, reference) === undefined);
  return [...(isValid ? [] : (validate.errors ?? [])).map(({ message }) => String(message)), ...broken];
}

function* referencesIn(value: unknown): Iterable<string> {
  if (typeof value !== 'object' || value === null) return;
  if ('$ref' in value) yield String(value.$ref);
  for (const inner of Object.values(value)) yield* referencesIn(inner);
}

/** The part of the document that a reference such as `#/components/messages/Gap` names. */
function targetOf(document: unknown, reference: string): unknown {
  const path = reference.replace(/^#\//, '').split('/');
  return path.reduce((at: unknown, name) => (at as Readonly<Record<string, unknown>> | undefined)?.[name], document);
}

it('schemas/asyncapi.yaml matches the schemas and the topics', () => {
  expect(text === asyncApi(), 'it is out of date: run node scripts/generate-async-api.ts').toBe(true);
});

it("AsyncAPI's schema accepts the document, which has each topic and its keys", () => {
  const document = parse(text) as Document;
  expect(problemsOf(document)).toEqual([]);
  const keys = Object.values(document.channels).map(({ address, messages }) => {
    const message = targetOf(document, Object.values(messages)[0]?.$ref ?? '') as Message;
    return [address, message.bindings.kafka.key.description];
  });
  const ofMarkets = 'SYMBOL; with feed.mode all: VENUE:SYMBOL';
  const others: Readonly<Record<string, string>> = {
    'feed-status': 'feed, VENUE, VENUE:SYMBOL',
    gaps: 'VENUE:SYMBOL',
    instruments: 'VENUE:SYMBOL',
    positions: 'VENUE:SYMBOL',
    'dead-letters': 'VENUE',
  };
  expect(keys).toEqual(TOPICS.map(({ name }) => [`market.${name}`, others[name] ?? ofMarkets]));
});

it.each([
  ['a message that is missing', '#/components/messages/Gap', '#/components/messages/Other'],
  ['an address that is no text', 'address: market.trades', 'address: 7'],
  ['a schema that is no Avro schema', '          fields:', '          columns:'],
])('refuses %s', (_what, right, wrong) => {
  expect(problemsOf(parse(text.replace(right, wrong)))).not.toEqual([]);
});
