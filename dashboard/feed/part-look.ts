import { laneState, sinkLaneState } from '../timeline/lane-states.ts';

const GLYPHS = { up: '●', connecting: '○', stale: '◐', down: '✕', unknown: '?' } as const;

/** How the page shows the state of a venue or sink. */
export interface PartLook {
  /** The word in class names, which colour it. */
  readonly kind: 'idle' | keyof typeof GLYPHS;
  readonly glyph: string;
  readonly text: string;
}

const UNKNOWN: PartLook = { kind: 'unknown', glyph: GLYPHS.unknown, text: 'unknown' };

/** `isKnown`: false while the state of the feed is unknown, so that the venue's last state may be out of date. */
export function venueLook(state: string, isKnown: boolean): PartLook {
  if (!isKnown) return UNKNOWN;
  const lane = laneState(state);
  return { kind: state === 'idle' ? 'idle' : lane, glyph: GLYPHS[lane], text: state.replaceAll('_', ' ') };
}

/** The same for a sink. */
export function sinkLook(state: string, isKnown: boolean): PartLook {
  if (!isKnown) return UNKNOWN;
  const lane = sinkLaneState(state);
  return { kind: lane, glyph: GLYPHS[lane], text: state };
}
