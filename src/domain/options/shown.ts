import { hideCredentials } from './hide-credentials.ts';

/** Keys whose values are never shown. */
export const SECRET_NAME = /pass|secret|token|key/i;

/** A value as one line for a message, cut if long, with secrets hidden. The value may be the value of a key. */
export function shown(value: unknown, key = ''): string {
  if (value === undefined) return 'nothing';
  if (SECRET_NAME.test(key)) return '[hidden]';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  const isWrongDate = value instanceof Date && Number.isNaN(value.getTime());
  const text = typeof value === 'number' || isWrongDate ? String(value) : (asJson(value) ?? String(value));
  const line = hideCredentials(text);
  return line.length > 120 ? `${line.slice(0, 117)}…` : line;
}

/** Undefined if the value has no JSON: a symbol, or an object that contains itself. */
function asJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, withoutSecrets);
  } catch {
    return undefined;
  }
}

const withoutSecrets = (key: string, value: unknown): unknown => (SECRET_NAME.test(key) ? '[hidden]' : value);
