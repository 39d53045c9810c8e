import { expect, it } from 'vitest';
import { ShownRecords } from '../../../src/cli/live-status/shown-records.ts';
import { gapRecord } from '../../../testing/judges/events.ts';

it('ShownRecords has a healed gap once', () => {
  const shown = new ShownRecords();
  const [first, second] = [gapRecord(), gapRecord({ fromId: '20', toId: '30' })];
  const healed = gapRecord({ filled: 7, outcome: 'healed' });
  shown.add([first, second]);
  shown.add([healed]);
  expect(shown.gaps).toEqual([second, healed]);
});
