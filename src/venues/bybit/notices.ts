import type { Decoded, Decoder, VenueNotices } from '../contract.ts';
import { ignored, safely } from '../decode/decoding.ts';
import { readArray, readObject, readString, type Unchecked } from '../decode/fields.ts';
import { jsonOf, refuseDuplicateKeys, textOf } from '../decode/read-frame.ts';
import { readAnswer } from './decode/answer.ts';

const SPOT_PATH = /\/v5\/public\/spot(?=\?|$)/;
const TOPIC = 'system.status';
const SPOT = 2;
/** The value of `env` for demo trading, which Bybit announces on the same stream. */
const DEMO = 2;
const OVER: ReadonlySet<string> = new Set(['completed', 'canceled', 'cancelled']);

/**
 * Decodes Bybit's announcements of maintenance and incidents. If an announcement concerns spot and is not over, new
 * connections replace the open connections, because Bybit does not promise that they survive.
 */
export const notices: VenueNotices = {
  url: (base) => (SPOT_PATH.test(base) ? base.replace(SPOT_PATH, '/v5/public/misc/status') : undefined),
  topics: [TOPIC],
  newDecoder: () => decoder,
};

const decoder: Decoder = safely((frame) => {
  const text = textOf(frame);
  const outer = readObject(jsonOf(text), '');
  refuseDuplicateKeys(text, -1);
  if (outer.topic === undefined) return readAnswer(outer);
  if (readString(outer.topic, 'topic') !== TOPIC) return ignored('unknown_event');
  return announced(readArray(outer.data, 'data'));
});

function announced(data: readonly unknown[]): Decoded {
  const open = data.flatMap((item, index) => {
    const status = readObject(item, `data[${index}]`);
    const id = readString(status.id, `data[${index}].id`);
    const state = readString(status.state, `data[${index}].state`);
    return OVER.has(state) || !concernsSpot(status) ? [] : [{ status, id, state }];
  });
  const [first] = open;
  if (first === undefined) return ignored('maintenance_not_ours');
  const details: Record<string, string> = { notice: open.map(({ id, state }) => `${id} ${state}`).join(', ') };
  for (const key of ['title', 'begin', 'end'] as const) {
    const value = first.status[key];
    if (typeof value === 'string' && value !== '') details[key] = value;
  }
  return { kind: 'closing', reason: 'maintenance', details };
}

/**
 * Returns true if an announcement concerns spot, also if it names no product. `product`: 1 futures, 2 spot, 3 options,
 * 4 spreads.
 */
function concernsSpot({ product, env }: Unchecked): boolean {
  const others = Array.isArray(product) && product.length > 0 && !product.some((each) => says(each, SPOT));
  return !others && !says(env, DEMO);
}

/** Returns true for the number or its text: Bybit documents a number in one place and text in another. */
function says(value: unknown, number: number): boolean {
  return value === number || value === String(number);
}
