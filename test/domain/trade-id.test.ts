import { expect, it } from 'vitest';
import { isMissing } from '../../src/domain/trade-id.ts';

it.each([
  ['repaired', false],
  ['healed', false],
  ['unrepaired', true],
  ['unknown', true],
  ['a later outcome', true],
])('the trades of a gap that is %s are missing: %s', (outcome, missing) => {
  expect(isMissing(outcome)).toBe(missing);
});
