import { Fault } from '../../../domain/fault.ts';
import type { Decoded } from '../../contract.ts';
import { malformed, readObject, type Unchecked, wordsOf } from '../../decode/fields.ts';

/** Returns the meaning of an answer to a request; undefined for other frames. */
export function readAnswer(frame: Unchecked): Decoded | undefined {
  if (frame.error !== undefined) {
    // Binance documents `code` and `msg` at the top level, but sends them inside `error`.
    const error = readObject(frame.error, 'error');
    return refused(frame.id, error.code, error.msg);
  }
  if (frame.code !== undefined) return refused(frame.id, frame.code, frame.msg);
  if (frame.result !== undefined) return { kind: 'ack', id: requestId(frame.id) };
  return undefined;
}

function refused(id: unknown, code: unknown, message: unknown): Decoded {
  const reason = `refused with code ${wordsOf(code)}: ${wordsOf(message)}`;
  const fault = new Fault('subscription_rejected', reason, { retry: { kind: 'never' } });
  return { kind: 'refused', id: requestId(id), topics: [], fault };
}

function requestId(id: unknown): string | undefined {
  if (id === undefined || id === null) return undefined;
  if (typeof id !== 'number' && typeof id !== 'string') throw malformed('id', 'is neither a number nor text');
  return String(id);
}
