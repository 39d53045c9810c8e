import { MARK_GLYPHS } from './mark-glyph.ts';
import { MARK_KINDS } from './mark-kind.ts';

/** The bars of the lanes: the class, what it means, and the height in pixels. */
const BARS = [
  ['state-up', 'serves', 10],
  ['state-up', 'healthy: stands by, allowed, up', 6],
  ['state-connecting', 'connecting', 6],
  ['state-unknown', 'unknown', 6],
  ['state-stale', 'stale', 6],
  ['state-down', 'down', 6],
  ['state-halted', 'trading halted', 10],
  ['state-none', 'no feed', 10],
  ['gap-repaired', 'gap, all trades fetched', 6],
  ['gap-unrepaired', 'gap, trades missing', 6],
] as const;

/** Names every colour, hatch and sign of the timeline. */
export function TimelineLegend() {
  return (
    <details class="legend">
      <summary>Legend</summary>
      <ul>
        {BARS.map(([bar, word, height]) => (
          <li key={word}>
            <svg width="24" height="12" aria-hidden="true">
              <rect class={bar} y={(12 - height) / 2} width="24" height={height} />
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
