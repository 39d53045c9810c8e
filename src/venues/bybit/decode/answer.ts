import { Fault } from '../../../domain/fault.ts';
import type { Decoded } from '../../contract.ts';
import { ignored } from '../../decode/decoding.ts';
import { malformed, readBoolean, readString, type Unchecked } from '../../decode/fields.ts';

/** Matches a refusal that Bybit has sent: `error:already subscribed,topic:publicTrade.BTCUSDT`. */
const ALREADY_SUBSCRIBED = /already subscribed/i;

/** Returns the meaning of a frame without topic: an answer, or a pong (whose `op` is `ping` on spot). */
export function readAnswer(frame: Unchecked): Decoded {
  if (frame.op === undefined) throw malformed('topic', 'is missing, and so is op');
  const op = readString(frame.op, 'op');
  if (op === 'pong' || op === 'ping') return { kind: 'pong' };
  if (op !== 'subscribe' && op !== 'unsubscribe') return ignored('unknown_event');
  const id = requestId(frame.req_id);
  if (readBoolean(frame.success, 'success')) return { kind: 'ack', id };
  const message = String(frame.ret_msg);
  const reason = `${op} refused: ${message.slice(0, 1_000)}`;
  const fault = new Fault('subscription_rejected', reason, { retry: { kind: 'never' } });
  const refused: Decoded = { kind: 'refused', id, topics: namedTopics(message), fault };
  return ALREADY_SUBSCRIBED.test(message) ? { ...refused, alreadySubscribed: true } : refused;
}

function requestId(id: unknown): string | undefined {
  if (id === undefined || id === '') return undefined;
  return readString(id, 'req_id');
}

/**
 * Returns the topics that a refusal names: `Invalid symbol :[orderbook.50.X]`, `error:handler not
 * found,topic:tickers.X`.
 */
function namedTopics(message: string): readonly string[] {
  const named = /\[([^\]]*)\]/.exec(message)?.[1] ?? /topic:(.*)$/.exec(message)?.[1] ?? '';
  return named.split(/[,\s]+/).filter((topic) => topic.includes('.'));
}
