import { expect, it } from 'vitest';
import { sinkLook, venueLook } from '../../../dashboard/feed/part-look.ts';

it('a venue is grey and unknown while the state of the feed is unknown', () => {
  expect(venueLook('connected', true)).toEqual({ kind: 'up', glyph: '●', text: 'connected' });
  expect(venueLook('connected', false)).toEqual({ kind: 'unknown', glyph: '?', text: 'unknown' });
  expect(venueLook('region_blocked', true)).toEqual({ kind: 'down', glyph: '✕', text: 'region blocked' });
  expect(venueLook('idle', true)).toEqual({ kind: 'idle', glyph: '○', text: 'idle' });
});

it('a sink that opens is not down', () => {
  expect(sinkLook('opening', true)).toEqual({ kind: 'connecting', glyph: '○', text: 'opening' });
  expect(sinkLook('up', true).kind).toBe('up');
  expect(sinkLook('down', true)).toEqual({ kind: 'down', glyph: '✕', text: 'down' });
  expect(sinkLook('up', false)).toEqual({ kind: 'unknown', glyph: '?', text: 'unknown' });
});
