import { isUtf8 } from 'node:buffer';
import { Fault } from '../../domain/fault.ts';
import type { RawFrame } from '../../domain/venue-event.ts';
import { malformed } from './fields.ts';
import { duplicateKey } from './json-keys.ts';

/** Larger frames are refused. The largest documented message has some 200 kB. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** Returns the text of a frame. @throws Fault of kind `malformed` if it is binary, too large or not UTF-8 */
export function textOf(frame: RawFrame): string {
  if (frame.binary) throw malformed('', 'is a binary frame');
  const bytes = frame.data;
  if (bytes.length > MAX_FRAME_BYTES)
    throw malformed('', `has ${bytes.length} bytes, more than the ${MAX_FRAME_BYTES} that are read`);
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  // Decoding replaces wrong bytes by U+FFFD, so only texts that contain it need the exact check.
  if (text.includes('\uFFFD') && !isUtf8(buffer)) throw malformed('', 'is not valid UTF-8');
  return text;
}

/** Parses JSON. @throws Fault of kind `malformed` */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Fault('malformed', `frame is not JSON: ${reason}`, { retry: { kind: 'never' }, cause });
  }
}

/**
 * Refuses a text in which an object has a key twice, which JSON.parse hides. `keys` is the number of keys in the parsed
 * text. With as many colons, the text repeats no key. Any other text is scanned, and also a text with an escape,
 * because V8 may misread it (nodejs/node#63785).
 */
export function refuseDuplicateKeys(text: string, keys: number): void {
  let colons = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) colons++;
  if (colons === keys && !text.includes('\\')) return;
  const key = duplicateKey(text);
  if (key !== undefined) throw malformed(key, 'is there twice');
}
