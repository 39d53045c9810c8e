/** The rules of the glossary (docs/glossary.md) that a program can check: words and prose. */

/** Words of the glossary's column "do not write" that have no other use here, and what to write instead. */
const NEVER: readonly (readonly [word: RegExp, instead: string])[] = [
  [/^(tell|tells|told|telling)$/, 'publish, emit, report, notify or log'],
  [/^(hole|holes)$/, 'gap'],
  [/^former$/, 'previous'],
  [/^(outlet|outlets)$/, 'sink'],
  [/^(handover|handovers)$/, 'cutover'],
  [/^(holdback|holdbacks)$/, 'warm-up buffer'],
  [/^(possibleGap|possibleGaps|doubted)$/, 'gap'],
  [/^(reign|reigns)$/, 'epoch'],
  [/^(precious|preciousness)$/, 'drop priority'],
  [/^(ending|endings)$/, 'checkpoint'],
  [/^news$/, 'event'],
  [/^hear[ds]?$/, 'receive'],
];

const MOST_WORDS = 30;
const LONGEST_LINE = 200;

export interface Finding {
  readonly rule: 'word' | 'sentence' | 'line';
  /** Number of the row in the text, from 1. */
  readonly row: number;
  readonly text: string;
}

/** Finds words to replace in names, comments and text. A name counts as the words that it is made of. */
export function wordsToReplace(text: string): Finding[] {
  return text.split('\n').flatMap((line, index) =>
    line
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
      .replaceAll(/hand-over/gi, 'handover')
      .replaceAll(/hold-?back/gi, 'holdback')
      .split(/[^A-Za-z]+/)
      .flatMap((word): Finding[] => {
        const found = NEVER.find(([never]) => never.test(word.toLowerCase()));
        return found ? [{ rule: 'word', row: index + 1, text: `"${word}": write ${found[1]}` }] : [];
      }),
  );
}

/** Finds long sentences in the comments of code. */
export function longComments(code: string): Finding[] {
  const paragraphs: Paragraph[] = [];
  let continues = false;
  for (const [index, line] of code.split('\n').entries()) {
    const text = /^\s*(?:\/\/|\/\*\*?|\*(?!\/))\s?(.*?)(?:\*\/)?$/.exec(line)?.[1];
    const isText = text !== undefined && text.trim() !== '' && !/^\s*(@|[-*] |```)/.test(text);
    if (isText && continues) paragraphs.at(-1)?.lines.push(text);
    else if (isText) paragraphs.push({ row: index + 1, lines: [text] });
    continues = isText;
  }
  return paragraphs.flatMap(longSentences);
}

/** Finds long sentences and long lines in Markdown. Code, tables, headings and pictures are left out. */
export function longProse(markdown: string): Finding[] {
  const paragraphs: Paragraph[] = [];
  const findings: Finding[] = [];
  let isCode = false;
  let continues = false;
  for (const [index, line] of markdown.split('\n').entries()) {
    const isFence = line.trimStart().startsWith('```');
    if (isFence) isCode = !isCode;
    if (isFence || isCode || /^\s*(\||#|!\[|<|$)/.test(line)) {
      continues = false;
      continue;
    }
    if (line.length > LONGEST_LINE) findings.push({ rule: 'line', row: index + 1, text: `${line.length} characters` });
    const isItem = /^\s*([-*]|\d+\.)\s/.test(line);
    if (continues && !isItem) paragraphs.at(-1)?.lines.push(line);
    else paragraphs.push({ row: index + 1, lines: [line.replace(/^\s*([-*]|\d+\.)\s+/, '')] });
    continues = true;
  }
  return [...findings, ...paragraphs.flatMap(longSentences)];
}

interface Paragraph {
  readonly row: number;
  readonly lines: string[];
}

function longSentences({ row, lines }: Paragraph): Finding[] {
  const text = lines
    .join(' ')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/`[^`]*`/g, 'code');
  return text.split(/[.:;!?](?:\s|$)/).flatMap((sentence): Finding[] => {
    const words = sentence.split(/\s+/).filter((word) => /\w/.test(word)).length;
    return words > MOST_WORDS
      ? [{ rule: 'sentence', row, text: `${words} words: ${sentence.trim().slice(0, 60)}…` }]
      : [];
  });
}
