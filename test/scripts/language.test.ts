import { describe, expect, it } from 'vitest';
import { longComments, longProse, wordsToReplace } from '../../scripts/language.ts';

const long = (words: number) => `${Array.from({ length: words }, () => 'word').join(' ')}.`;

describe('wordsToReplace', () => {
  it.each([
    ['const holeOpened = 1;', 'hole'],
    ['class FormerEpoch {}', 'Former'],
    ["import './hand-over.ts';", 'handover'],
    ['this.#tellMissed();', 'tell'],
    ['// It is told at once.', 'told'],
    ['FORMER_RUNS', 'FORMER'],
  ])('finds the word in %s', (text, word) => {
    expect(wordsToReplace(`\n${text}`)).toMatchObject([{ rule: 'word', row: 2, text: expect.stringContaining(word) }]);
  });

  it.each(['whole', 'performer', 'reported', 'intellect'])('leaves %s alone', (text) => {
    expect(wordsToReplace(text)).toEqual([]);
  });
});

describe('longComments', () => {
  it('counts a sentence over several rows of a comment', () => {
    const code = `/**\n * ${long(20).slice(0, -1)}\n * ${long(11)}\n */\n// ${long(30)}\nconst x = '${long(40)}';`;
    expect(longComments(code)).toMatchObject([{ rule: 'sentence', row: 2 }]);
  });

  it('starts a new sentence after code and at a tag', () => {
    expect(longComments(`// ${long(20).slice(0, -1)}\nx();\n// ${long(20)}`)).toEqual([]);
    expect(longComments(`/**\n * ${long(20).slice(0, -1)}\n * @throws ${long(20)}\n */`)).toEqual([]);
  });
});

describe('longProse', () => {
  it('finds long lines and long sentences, in lists too', () => {
    expect(longProse(`# Title\n\n- ${long(31)}\n\n${'x'.repeat(201)}`)).toMatchObject([
      { rule: 'line', row: 5 },
      { rule: 'sentence', row: 3 },
    ]);
  });

  it('leaves out code, tables, headings and link addresses', () => {
    const text = ['```', long(60), '```', `| ${long(60)} |`, `# ${long(60)}`, `[a](${'b'.repeat(10)})`].join('\n');
    expect(longProse(text)).toEqual([]);
  });
});
