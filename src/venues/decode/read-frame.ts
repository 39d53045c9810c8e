import { isUtf8 } from 'node:buffer';
import { Fault } from '../../domain/fault.ts';
import type { RawFrame } from '../../domain/venue-event.ts';
import { malformed } from './fields.ts';
import { duplicateKey } from './json-keys.ts';

/** Larger frames are refused unread. The largest documented message of a subscribed channel is some 200 kB. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** The text of a frame. Throws a Fault (malformed) for binary frames, bytes that are not UTF-8 and oversized frames. */
export function textOf(frame: RawFrame): string {
  if (frame.binary) throw malformed('', 'is a binary frame');
  const bytes = frame.data;
  if (bytes.length > MAX_FRAME_BYTES)
    throw malformed('', `has ${bytes.length} bytes, more than the ${MAX_FRAME_BYTES} that are read`);
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  // Decoding puts U+FFFD where bytes are wrong; only then, or where the text really has one, the exact check is due.
  if (text.includes('\uFFFD') && !isUtf8(buffer)) throw malformed('', 'is not valid UTF-8');
  return text;
}

/** The value of a JSON text. Throws a Fault (malformed) where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault('malformed', `frame is no JSON: ${cause instanceof Error ? cause.message : cause}`, {
      retry: { kind: 'never' },
      cause,
    });
  }
}

/**
 * Throws a Fault (malformed, naming the key) if an object of the text has a key twice, which JSON.parse hides. `keys`:
 * how many keys the objects that were read have. A text with as many colons as keys repeats none; any other is scanned.
 * So is a text with an escape: V8 may misread an escaped key once it has read the key `\` (nodejs/node#63785).
 */
export function refuseDuplicateKeys(text: string, keys: number): void {
  let colons = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) colons++;
  if (colons === keys && !text.includes('\\')) return;
  const key = duplicateKey(text);
  if (key !== undefined) throw malformed(key, 'is there twice');
}
