import { MARK_GLYPHS } from './mark-glyph.ts';
import { MARK_KINDS } from './mark-kind.ts';

/** The bars of the lanes: the class of the swatch, and what it means. */
const BARS = [
  ['up is-turn', 'serves'],
  ['up', 'healthy: stands by, allowed, up'],
  ['connecting', 'connecting or unknown'],
  ['stale', 'stale'],
  ['down', 'down'],
  ['halted is-turn', 'trading halted'],
  ['none', 'no feed'],
  ['gap-repaired', 'gap, all trades fetched'],
  ['gap-unrepaired', 'gap, trades missing'],
] as const;

/** Names every colour, hatch and sign of the timeline. */
export function TimelineLegend() {
  return (
    <details class="legend">
      <summary>Legend</summary>
      <ul>
        {BARS.map(([state, word]) => (
          <li key={state}>
            <svg width="24" height="12" aria-hidden="true">
              <rect
                class={state.startsWith('gap') ? state : `state-${state}`}
                y={state.endsWith('is-turn') || state === 'none' ? 1 : 3}
                width="24"
                height={state.endsWith('is-turn') || state === 'none' ? 10 : 6}
              />
            </svg>{' '}
            {word}
          </li>
        ))}
        {MARK_KINDS.map((kind) => (
          <li key={kind}>
            <span class={`sign tone-${MARK_GLYPHS[kind].tone}`} aria-hidden="true">
              {MARK_GLYPHS[kind].glyph}
            </span>{' '}
            {MARK_GLYPHS[kind].word}
          </li>
        ))}
      </ul>
    </details>
  );
}
