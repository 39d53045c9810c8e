import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { ClientWarning } from '../../src/client/source/source.ts';
import { Warnings } from '../../src/client/warnings.ts';

const lost: ClientWarning = { kind: 'lost', topic: 'market.trades', partition: 2, from: 3, next: 5 };
const text = 'market.trades: offsets 3 to 5 of partition 2 were deleted before they were read';

const printed = async (tell: () => void): Promise<string> => {
  const warning = once(process, 'warning');
  tell();
  const [{ name, message }] = await warning;
  return `${name}: ${message}`;
};

it('are told to all who subscribe and to the callback, until they are closed', () => {
  const told: unknown[] = [];
  const warnings = new Warnings((warning) => told.push(warning));
  warnings.warnings$.subscribe({ next: (warning) => told.push(warning), complete: () => told.push('complete') });
  warnings.add(lost);
  warnings.close();
  expect(told).toEqual([lost, lost, 'complete']);
});

it('are printed where there is no callback', async () => {
  expect(await printed(() => new Warnings(undefined).add(lost))).toBe(`MarketFeedWarning: ${text}`);
});

it('are printed with what a callback throws, which reaches nobody else', async () => {
  const failing = new Warnings(() => {
    throw new Error('disk full');
  });
  expect(await printed(() => failing.add(lost))).toBe(`MarketFeedWarning: ${text} (onWarning failed: disk full)`);
});
