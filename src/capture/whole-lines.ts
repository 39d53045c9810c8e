import { errorCode } from '../domain/fault.ts';
import { inflateFile } from './inflate-file.ts';

const NEWLINE = 0x0a;

/**
 * One file, gzipped or not, in pieces of whole lines; while one is worked on, the next part of the file is read. A last
 * line without its end is given one.
 * @throws Error naming the file and the line after which it cannot be read; what could be read was given before.
 */
export async function* wholeLines(
  file: string,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer, void, undefined> {
  const parts = inflateFile(file, onRead);
  const ask = (): Promise<IteratorResult<Buffer>> => {
    const coming = parts.next();
    // Whoever reads on hears of an error; whoever does not come so far has nothing to do with it.
    coming.catch(() => {});
    return coming;
  };
  let lines = 0;
  /** A line that began in the parts before. */
  let begun: Buffer[] = [];
  try {
    let coming = ask();
    for (let part = await coming; part.done !== true; part = await coming) {
      coming = ask();
      const end = part.value.lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        const whole = Buffer.concat([...begun, part.value.subarray(0, end)]);
        begun = [];
        yield whole;
        lines += linesIn(whole);
      }
      begun.push(part.value.subarray(end));
    }
  } catch (error) {
    throw unreadable(file, lines, error);
  } finally {
    await parts.return(undefined);
  }
  const rest = Buffer.concat([...begun, Buffer.from('\n')]);
  if (rest.length > 1) yield rest;
}

function linesIn(whole: Buffer): number {
  let lines = 0;
  for (let end = whole.indexOf(NEWLINE); end !== -1; end = whole.indexOf(NEWLINE, end + 1)) lines++;
  return lines;
}

function unreadable(file: string, lines: number, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  // Said of a file that a killed process left, and of one that was cut.
  const torn = errorCode(error) === 'Z_BUF_ERROR';
  const where = lines === 0 ? '' : `, after line ${lines}`;
  const what = torn ? `torn${where} (${message})` : `${message}${where}`;
  return new Error(`${file}: ${what}`, { cause: error });
}
