import { expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import type { LineChange } from '../../../src/feed/connection/line-event.ts';
import { type VenueInput, withoutUndone } from '../../../src/feed/connection/venue-warm-up.ts';

const change = (id: number, event: Partial<LineChange['event']> & { readonly kind: string }): VenueInput =>
  ({ kind: 'change', connection: { id }, event }) as unknown as VenueInput;
const stale = { kind: 'stale', cause: 'socket_dead', ageMs: 6000 } as unknown as VenueInput;
const recovered = { kind: 'recovered', cause: 'socket_dead' } as unknown as VenueInput;

it('what is left of the changes of a venue describes its present connections', () => {
  const opened = (id: number) => [change(id, { kind: 'connected' }), change(id, { kind: 'subscribed', topics: [] })];
  const lost = change(1, { kind: 'lost', fault: new Fault('connection_closed', 'closed') } as never);
  const cutOver = change(4, { kind: 'cut_over', from: 3 } as never);
  const listed = { kind: 'listed', instruments: [] } as unknown as VenueInput;
  const refused = change(2, { kind: 'refused', topics: ['x'] } as never);
  const items = [
    ...opened(1),
    listed,
    stale,
    ...opened(2),
    refused,
    lost,
    recovered,
    ...opened(3),
    ...opened(4),
    cutOver,
  ];
  expect(withoutUndone(items)).toEqual([listed, ...opened(2), refused, ...opened(4)]);
  expect(withoutUndone([stale, recovered, { ...stale }])).toEqual([stale]);
});
