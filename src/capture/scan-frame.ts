import type { ParsedLine } from './capture-line.ts';

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const BRACKET = 0x5b;
const BRACE = 0x7b;
const LAST_PLAIN = 0x7e;
/** Fewer are no time of a line; the last three are below a microsecond and do not count. */
const FEWEST_DIGITS = 4;
const LEFT_OUT = 3;

/**
 * Reads `recv_ns SP CONNECTION SP FRAME` straight from the bytes: nearly every line of a capture of ours. The frame is no
 * copy, it keeps the bytes around it in memory.
 */
export class FrameLineScanner {
  /** The connection of the last frame, for the next one's is likely the same. */
  #name = '';
  #nameBytes: Buffer = Buffer.alloc(0);

  /** The line that is `bytes` from `start` to `end`; undefined where it may be any other: the parser of texts knows. */
  scan(bytes: Buffer, start: number, end: number): ParsedLine | undefined {
    let digitsEnd = start;
    while (digitsEnd < end && isDigit(bytes[digitsEnd])) digitsEnd++;
    if (digitsEnd - start < FEWEST_DIGITS || bytes[digitsEnd] !== SPACE) return undefined;
    let at = 0;
    for (let digit = start; digit < digitsEnd - LEFT_OUT; digit++) at = at * 10 + (bytes[digit] ?? ZERO) - ZERO;
    if (at > Number.MAX_SAFE_INTEGER) return undefined;

    const nameStart = digitsEnd + 1;
    const nameEnd = this.#nameEnd(bytes, nameStart, end);
    const first = bytes[nameEnd + 1];
    // The byte behind a last line's end is no part of it.
    if (nameEnd === nameStart || nameEnd + 1 >= end || (first !== BRACE && first !== BRACKET)) return undefined;
    return { kind: 'frame', at, connection: this.#name, frame: bytes.subarray(nameEnd + 1, end), binary: false };
  }

  /** Where the connection's name ends, which becomes `#name`; `start` where there is none that is plain. */
  #nameEnd(bytes: Buffer, start: number, end: number): number {
    const known = this.#nameBytes;
    let at = 0;
    while (at < known.length && bytes[start + at] === known[at]) at++;
    if (at > 0 && at === known.length && start + at < end && bytes[start + at] === SPACE) return start + at;

    let nameEnd = start;
    while (nameEnd < end && isPlain(bytes[nameEnd])) nameEnd++;
    if (nameEnd >= end || bytes[nameEnd] !== SPACE) return start;
    this.#name = bytes.toString('latin1', start, nameEnd);
    this.#nameBytes = Buffer.from(this.#name, 'latin1');
    return nameEnd;
  }
}

function isDigit(byte = 0): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** Printable, and no space. */
function isPlain(byte = 0): boolean {
  return byte > SPACE && byte <= LAST_PLAIN;
}
