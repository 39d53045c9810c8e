/**
 * Makes an unmasked WebSocket text frame as a latin1 string: each character is a byte. Joined frames are sent in one
 * write, so one process can serve hundreds of thousands of frames a second.
 */
export function textFrame(payload: string): string {
  return asciiFrame(Buffer.from(payload, 'utf8').toString('latin1'));
}

/** Makes a text frame from a payload in which each character is a byte: ASCII, or UTF-8 bytes as latin1. */
export function asciiFrame(payload: string): string {
  return header(payload.length) + payload;
}

/** Makes a ping or pong frame; its payload has at most 125 bytes, as latin1. */
export function controlFrame(kind: 'ping' | 'pong', payload: string): string {
  return String.fromCharCode(kind === 'ping' ? 0x89 : 0x8a, payload.length) + payload;
}

function header(length: number): string {
  if (length < 126) return String.fromCharCode(0x81, length);
  if (length < 65_536) return String.fromCharCode(0x81, 126, length >>> 8, length & 255);
  const long = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  long.writeBigUInt64BE(BigInt(length), 2);
  return long.toString('latin1');
}
