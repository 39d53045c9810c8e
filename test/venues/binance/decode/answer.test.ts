import { expect, it } from 'vitest';
import { readAnswer } from '../../../../src/venues/binance/decode/answer.ts';

const NO_TEXT = { toString: 0, valueOf: 0 };

it.each([
  [{ id: 7, error: { code: 2, msg: 'Invalid request' } }, '7', 'refused with code 2: Invalid request'],
  [{ id: null, error: { code: 2 } }, undefined, 'refused with code 2: undefined'],
  [{ id: 7, code: NO_TEXT, msg: NO_TEXT }, '7', 'refused with code an object: an object'],
  [{ id: 'a', error: { code: [NO_TEXT], msg: null } }, 'a', 'refused with code an array: null'],
  [{ code: 3, msg: 'x'.repeat(5000) }, undefined, `refused with code 3: ${'x'.repeat(200)}`],
])('readAnswer decodes Binance refusal %# whatever the types of its code and message are', (frame, id, message) => {
  expect(readAnswer(frame)).toMatchObject({ kind: 'refused', id, fault: { kind: 'subscription_rejected', message } });
});
