import type { GapAnswer } from '../../src/gateway/api/feed-answers.ts';
import { rowOf } from '../feed/feed-state.ts';
import { feedTime } from '../page/page-clock.ts';
import { datedClock } from '../text/time-text.ts';
import { gapText } from './event-text.ts';
import { ListRow, ListRows } from './list-row.tsx';

const TONES: Readonly<Record<string, { readonly glyph: string; readonly tone: string }>> = {
  repaired: { glyph: '◆', tone: 'good' },
  healed: { glyph: '◆', tone: 'good' },
  healing: { glyph: '◈', tone: 'accent' },
  unrepaired: { glyph: '◇', tone: 'warn' },
};
const LISTED = 100;

/** Lists gaps in the trades and their outcomes, newest first. Undefined: not known yet. */
export function GapList({ gaps }: { readonly gaps: readonly GapAnswer[] | undefined }) {
  if (gaps === undefined) return <p class="empty">Not known yet.</p>;
  if (gaps.length === 0) return <p class="empty">No trade is missing.</p>;
  return (
    <ListRows label="Gaps, newest first">
      {gaps.slice(0, LISTED).map((gap) => {
        const state = gap.healing?.state === 'healing' ? 'healing' : gap.outcome;
        const { glyph, tone } = TONES[state] ?? { glyph: '?', tone: 'muted' };
        return (
          <ListRow
            key={`${gap.venue} ${gap.symbol} ${gap.epoch} ${gap.from_id} ${gap.to_id} ${gap.from_time}`}
            tone={`tone-${tone}`}
            glyph={glyph}
            time={datedClock(gap.from_time, feedTime(performance.now()))}
            facts={() => [
              ['symbol', gap.symbol],
              ['epoch', String(gap.epoch)],
              ['last trade before', gap.from_id ?? 'none'],
              ['first trade after', gap.to_id ?? 'none'],
              ['fetched', String(gap.healing?.fetched ?? gap.filled)],
            ]}
          >
            <strong>{state}</strong> <span class="event-venue">{gap.venue}</span>{' '}
            <span class="reason">{gapText(gap, rowOf(gap.symbol)?.coin ?? gap.symbol)}</span>
          </ListRow>
        );
      })}
    </ListRows>
  );
}
