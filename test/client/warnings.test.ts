import { once } from 'node:events';
import { expect, it } from 'vitest';
import { type ClientWarning, warningText } from '../../src/client/source/source.ts';
import { Warnings } from '../../src/client/warnings.ts';

const lost: ClientWarning = { kind: 'lost', topic: 'market.trades', partition: 2, from: 3, next: 5 };
const text =
  'market.trades: partition 2: offsets 3 to 4 were deleted before they were read; if they had records, these are lost';

const printed = async (warn: () => void): Promise<string> => {
  const warning = once(process, 'warning');
  warn();
  const [{ name, message }] = await warning;
  return `${name}: ${message}`;
};

it('warnings go to all subscribers and to the callback until they are closed', () => {
  const received: unknown[] = [];
  const warnings = new Warnings((warning) => received.push(warning));
  warnings.warnings$.subscribe({
    next: (warning) => received.push(warning),
    complete: () => received.push('complete'),
  });
  warnings.add(lost);
  warnings.close();
  expect(received).toEqual([lost, lost, 'complete']);
});

it('warnings are printed as process warnings if there is no callback', async () => {
  expect(await printed(() => new Warnings(undefined).add(lost))).toBe(`MarketFeedWarning: ${text}`);
});

it('warnings are printed with the error of a callback that throws, and the error is not rethrown', async () => {
  const failing = new Warnings(() => {
    throw new Error('disk full');
  });
  expect(await printed(() => failing.add(lost))).toBe(`MarketFeedWarning: ${text} (onWarning failed: disk full)`);
});

it('warnings name the offset at which reading restarts if the topic was recreated', () => {
  const recreated = { ...lost, from: 900, next: 0 };
  expect(warningText(recreated)).toBe(
    'market.trades: partition 2: the topic was recreated; reading restarts at offset 0',
  );
});
