import { expect, it } from 'vitest';
import { VENUE_IDS } from '../../src/domain/instrument.ts';
import { venues } from '../../src/venues/registry.ts';

it('the registry contains every venue under its id', () => {
  expect(Object.keys(venues).sort()).toEqual([...VENUE_IDS].sort());
  for (const id of VENUE_IDS) expect(venues[id].id).toBe(id);
});
