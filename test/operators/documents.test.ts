import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const names = readdirSync(new URL('docs/operators', root)).map((file) => file.replace(/\.md$/, ''));

/** The text of the last docstring that has a marble picture, without its stars. */
function docstring(name: string): string {
  const comments = [...read(`src/operators/${name}.ts`).matchAll(/\/\*\*(.*?)\*\//gs)].map(([, text = '']) => text);
  const comment = comments.findLast((text) => text.includes('```')) ?? '';
  return comment.replace(/^ *\* ?/gm, '');
}

function between(text: string, begin: string, end: string): string {
  const from = text.indexOf(begin);
  if (from < 0) return '';
  const to = text.indexOf(end, from + begin.length);
  return text.slice(from + begin.length, to < 0 ? undefined : to).trim();
}

/** What a program prints, standard output alone. */
async function run(source: string): Promise<string> {
  const code = source.replaceAll("'market-feed/operators'", "'./src/operators/index.ts'");
  const options = ['--input-type=module-typescript', '--eval', code];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: root });
  return stdout.trim();
}

describe.each(names)('docs/operators/%s.md', (name) => {
  const page = read(`docs/operators/${name}.md`);
  const example = between(page, '```ts\n', '```');

  it('has the marble picture of the docstring, and the test has its marbles', () => {
    const picture = between(page, '```text\n', '```');
    expect(picture).not.toBe('');
    expect(between(docstring(name), '```\n', '```')).toBe(picture);
    const marbles = picture
      .split('\n')
      .flatMap((line) => /^\w+\$? +([-|#()\w]*-[-|#()\w]*)(?: |$)/.exec(line)?.[1] ?? []);
    expect(marbles.length).toBeGreaterThan(1);
    const test = read(`test/operators/${name}.test.ts`);
    const tested = [...test.matchAll(/'([^'\n]*)'/g)].map(([, text = '']) => text.trim());
    expect(tested).toEqual(expect.arrayContaining(marbles));
  });

  it('has the example of the docstring', () => {
    expect(between(docstring(name), '@example\n', '\0')).toBe(example);
  });

  it('prints what its example says', async () => {
    const says = example.split('\n').flatMap((line) => /^\/\/ (.*)/.exec(line)?.[1] ?? []);
    expect(says).not.toEqual([]);
    expect(await run(example)).toBe(says.join('\n'));
  });
});

it('examples/custom-operator.ts prints what it says', async () => {
  const source = read('examples/custom-operator.ts').replaceAll("'../src/", "'./src/");
  const says = between(source, 'console.log(symbol, price));\n', '\0').replace(/^\/\/ /gm, '');
  expect(await run(source)).toBe(says);
});
