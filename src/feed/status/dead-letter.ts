import type { DeadLetter } from '../../domain/record.ts';

/** Maximum bytes kept of a payload. */
export const MAX_PAYLOAD_BYTES = 65_536;

/** Makes a dead letter with a copy of the payload, since a frame is a view into a buffer. Cuts a long payload. */
export function deadLetter(letter: Omit<DeadLetter, 'kind'>): DeadLetter {
  const size = letter.payload.byteLength;
  const payload = new Uint8Array(letter.payload.subarray(0, MAX_PAYLOAD_BYTES));
  const reason = size <= MAX_PAYLOAD_BYTES ? letter.reason : `${letter.reason} (payload cut: ${size} bytes)`;
  return { kind: 'dead_letter', ...letter, reason, payload };
}
