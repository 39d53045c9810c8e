import { duration } from '../../src/domain/duration.ts';
import type { GapJson } from '../../src/gateway/api/record-schema.ts';
import { count } from '../text/number-text.ts';
import { clock } from '../text/time-text.ts';

const TONES: Readonly<Record<string, { readonly glyph: string; readonly tone: string }>> = {
  repaired: { glyph: '◆', tone: 'good' },
  unrepaired: { glyph: '◇', tone: 'warn' },
};

/** Lists gaps in the trades and their outcomes, newest first. */
export function GapList({ gaps }: { readonly gaps: readonly GapJson[] }) {
  if (gaps.length === 0) return <p class="empty">No trade is missing.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol class="events" tabIndex={0} aria-label="Gaps, newest first">
      {gaps.map((gap) => {
        const { glyph, tone } = TONES[gap.outcome] ?? { glyph: '?', tone: 'muted' };
        return (
          <li
            key={`${gap.venue} ${gap.symbol} ${gap.epoch} ${gap.from_id} ${gap.to_id} ${gap.outcome}`}
            class={`event tone-${tone}`}
          >
            <time>{clock(gap.to_time)}</time>
            <span class="glyph" aria-hidden="true">
              {glyph}
            </span>
            <p>
              <strong>{gap.outcome}</strong> <span class="event-venue">{gap.venue}</span>{' '}
              <span class="event-coins">{gap.symbol}</span>{' '}
              <span class="reason">
                {duration(gap.to_time - gap.from_time)}, {gap.missing === null ? 'unknown number' : count(gap.missing)}{' '}
                missing, {count(gap.filled)} filled
              </span>
            </p>
          </li>
        );
      })}
    </ol>
  );
}
