import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import { expect, it } from 'vitest';
import { asyncApi } from '../../scripts/generate-async-api.ts';
import { TOPICS } from '../../src/codec/topics.ts';

const text = readFileSync(new URL('../../schemas/asyncapi.yaml', import.meta.url), 'utf8');
const parser = new Parser();

/** Parses a document. The hint that there is a newer version of AsyncAPI is left out: fewer tools read that version. */
async function parse(document: string) {
  const parsed = await parser.parse(document);
  const problems = parsed.diagnostics.filter(({ code }) => code !== 'asyncapi-latest-version');
  return { document: parsed.document, problems: problems.map(({ message }) => message) };
}

it('schemas/asyncapi.yaml matches the schemas and the topics', () => {
  expect(text === asyncApi(), 'it is out of date: run node scripts/generate-async-api.ts').toBe(true);
});

it("AsyncAPI's own parser accepts the document, which has each topic and its keys", async () => {
  const { document, problems } = await parse(text);
  expect(problems).toEqual([]);
  const channels = document?.channels().all() ?? [];
  const keys = channels.map((channel) => [
    channel.address(),
    channel.messages().all()[0]?.bindings().get('kafka')?.value<{ key: { description: string } }>().key.description,
  ]);
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
  ['a schema that is no Avro schema', '          fields:', '          columns:'],
])('the parser refuses %s', async (_what, right, wrong) => {
  const { problems } = await parse(text.replace(right, wrong));
  expect(problems).not.toEqual([]);
});
