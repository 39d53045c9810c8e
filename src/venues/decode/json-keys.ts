import { malformed } from './fields.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const COMMA = 44;

const MAX_DEPTH = 64;

/**
 * Returns the first key that an object of valid JSON has twice. @throws Fault if the text is nested deeper than 64
 * levels
 */
export function duplicateKey(text: string): string | undefined {
  /** Seen keys of each open object; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case OPEN_OBJECT:
      case OPEN_ARRAY: {
        expectKey = text.charCodeAt(i) === OPEN_OBJECT;
        if (open.push(expectKey ? new Set() : undefined) > MAX_DEPTH)
          throw malformed('', `is nested deeper than ${MAX_DEPTH} levels`);
        break;
      }
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        open.pop();
        expectKey = false;
        break;
      case COMMA:
        expectKey = open.at(-1) !== undefined;
        break;
      case QUOTE: {
        const end = closingQuote(text, i);
        const keys = open.at(-1);
        if (expectKey && keys !== undefined) {
          const key = String(JSON.parse(text.slice(i, end + 1)));
          if (keys.has(key)) return key;
          keys.add(key);
          expectKey = false;
        }
        i = end;
        break;
      }
    }
  }
  return undefined;
}

function closingQuote(text: string, openingQuote: number): number {
  let i = openingQuote + 1;
  while (text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}
