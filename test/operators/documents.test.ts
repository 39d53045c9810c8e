import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { MarblePicture } from '../../scripts/marble-picture.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const names = readdirSync(new URL('docs/operators', root)).flatMap((file) =>
  file.endsWith('.md') && file !== 'README.md' ? file.replace(/\.md$/, '') : [],
);
const index = read('docs/operators/README.md');

/** The last doc comment with a marble picture, without its stars. */
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

/** Paragraphs and list items, each on one line. */
const unwrapped = (text: string): string => text.trim().replace(/\n(?!\n|- )(?<!\n\n) */g, ' ');

/** The standard output of a program. */
async function node(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return stdout.trim();
}

const run = (source: string): Promise<string> =>
  node(
    '--input-type=module-typescript',
    '--eval',
    source.replaceAll("'market-feed/operators'", "'./src/operators/index.ts'"),
  );

/** The comments at the end of a program, which show its output. */
function says(program: string): string {
  const lines = program.trim().split('\n');
  const last = lines.findLastIndex((line) => !line.startsWith('// '));
  return lines
    .slice(last + 1)
    .map((line) => line.slice(3))
    .join('\n');
}

it('the SVG pictures match the marble diagrams that the tests run', () => {
  const draw = new URL('scripts/draw-marbles.ts', root).pathname;
  expect(() => execFileSync(process.execPath, [draw, '--check'], { stdio: 'pipe' })).not.toThrow();
});

describe.each(names)('docs/operators/%s.md', (name) => {
  const page = read(`docs/operators/${name}.md`);
  const doc = docstring(name);
  const title = between(page, '# ', '\n');
  const section = (heading: string): string => between(page, `\n## ${heading}\n`, '\n## ');
  const example = between(section('Example'), '```ts\n', '```');

  it('has the required sections in order', () => {
    const order = ['Options', 'Notifications', 'Example', 'Why it is like this', 'Related'];
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
    expect(headings.filter((heading) => order.includes(heading))).toEqual(order);
  });

  it('repeats the sentences, notifications and example of the doc comment', () => {
    const sentences = unwrapped(between(doc, '', '```')).split('\n\n');
    const informal = between(sentences[1] ?? '', '<span class="informal">', '</span>');
    expect(page.split('\n\n').slice(1, 3).map(unwrapped)).toEqual([sentences[0], `*${informal}*`]);
    const notifications = between(doc.slice(doc.lastIndexOf('```') + 3), '', '@example');
    expect(unwrapped(section('Notifications'))).toBe(unwrapped(notifications));
    expect(between(doc, '@example\n', '\0')).toBe(example);
  });

  it('shows the signature of the source, and src/operators/index.ts exports the function', () => {
    const signature = between(page, '```ts\n', '```');
    expect(signature).toContain(`import { ${title} } from 'market-feed/operators';`);
    const declared = between(signature, '\n\n', ';\n\0').replace(/;$/, '');
    const source = read(`src/operators/${name}.ts`);
    // If a function has overloads, the page shows the first.
    expect(source).toContain(`export ${declared}${source.includes(`export ${declared};`) ? ';' : ' {'}`);
    expect(read('src/operators/index.ts')).toMatch(new RegExp(`\\b${title}\\b[^']*'\\./${name}\\.ts'`));
  });

  it('shows a picture with the marbles of the doc comment, which the marble test runs', async () => {
    expect(page).toMatch(new RegExp(`^!\\[.{20,}\\]\\(${name}\\.svg\\)$`, 'm'));
    const { picture } = (await import(`./pictures/${name}.ts`)) as { readonly picture: MarblePicture };
    expect(picture.name).toBe(title);
    const drawn = between(doc, '```\n', '```').split('\n');
    const rows = [...picture.inputs, picture.result].map(
      (row) => `${row.name.padEnd(9)}${' '.repeat(row.from ?? 0)}${row.marbles}`,
    );
    const code = `${' '.repeat(9)}${picture.operator.join(' ')}`;
    const expected = [...rows.slice(0, -1), code, ...rows.slice(-1)];
    expect(drawn.map((line, index) => line.slice(0, expected[index]?.length))).toEqual(expected);
    expect(read(`test/operators/${name}.test.ts`)).toContain('expectPicture(picture, ');
  });

  it('links the tests of the operator', () => {
    expect(section('Related')).toContain(`](../../test/operators/${name}.test.ts)`);
  });

  it('has an example that prints the output in its comments', async () => {
    expect(says(example)).not.toBe('');
    expect(await run(example)).toBe(says(example));
  });

  it('is listed in the index with its first sentence and its picture', () => {
    const sentence = page.split('\n\n')[1];
    const thumbnail = `[<img src="${name}.svg" alt="${title}" width="480">](${name}.md)`;
    expect(index).toContain(`### [${title}](${name}.md)\n\n${sentence}\n\n${thumbnail}\n`);
  });

  it('has relative links only to files that exist', () => {
    for (const [, file = ''] of page.matchAll(/\]\(([^):]+)\)/g)) {
      expect(existsSync(new URL(`docs/operators/${file}`, root)), file).toBe(true);
    }
  });
});

describe('examples', () => {
  it.each(['custom-operator', 'ten-lines', 'trade-stats'])('%s.ts prints the output in its comments', async (name) => {
    const said = says(read(`examples/${name}.ts`));
    expect(said).not.toBe('');
    expect(await node(`examples/${name}.ts`)).toBe(said);
  });

  it('ten-lines.ts has ten lines of code, and docs/operators/README.md shows them', () => {
    const example = read('examples/ten-lines.ts');
    const source = example.slice(example.indexOf('import {'));
    const code = source.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
    expect(code).toHaveLength(10);
    expect(index).toContain(source.replace('../src/operators/index.ts', 'market-feed/operators'));
  });
});
