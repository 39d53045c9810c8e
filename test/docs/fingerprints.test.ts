import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { TOPICS } from '../../src/codec/topics.ts';

it('docs/event-semantics.md lists the fingerprint of each schema, as the bytes of a message', () => {
  const rows = TOPICS.map(({ kind, name, schema }) => {
    const bytes = Buffer.from(codecOf(kind).fingerprint).toString('hex');
    return `| \`${name}\` | \`${schema}.avsc\` | \`${bytes}\` |`;
  });
  const text = readFileSync('docs/event-semantics.md', 'utf8');
  const [, table = ''] = text.split('| topic | schema | fingerprint |\n|---|---|---|\n');
  expect(table.split('\n\n', 1)[0]?.split('\n')).toEqual(rows);
});
