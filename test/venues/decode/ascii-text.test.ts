import { expect, it } from 'vitest';
import { asciiText } from '../../../src/venues/decode/ascii-text.ts';

it('asciiText returns the text at an offset for every length from 0 to 50', () => {
  const text = Array.from({ length: 60 }, (_, index) => String.fromCharCode(33 + index)).join('');
  const memory = Buffer.from(`before${text}after`, 'latin1');
  const view = new DataView(memory.buffer, memory.byteOffset + 'before'.length, text.length);
  for (let length = 0; length <= 50; length++)
    for (const at of [0, 1, 10]) expect(asciiText(view, at, length)).toBe(text.slice(at, at + length));
});
