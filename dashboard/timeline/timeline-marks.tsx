import { signal } from '@preact/signals';
import { cursorTime } from '../page/cursor.ts';
import { clock } from '../text/time-text.ts';
import { MARK_GLYPHS } from './mark-glyph.ts';
import { MARK_KINDS } from './mark-kind.ts';
import type { Mark } from './timeline.ts';

/** Width and height of the target of a mark, and the least distance between two marks of a lane, CSS pixels. */
const TARGET = 24;

/** The mark that had the focus last; undefined: none yet. */
const focused = signal<string | undefined>(undefined);

interface MarksProps {
  readonly lane: string;
  readonly marks: readonly Mark[];
  readonly x: (at: number) => number;
  readonly y: number;
  /** The key of the mark that Tab leads to. */
  readonly tabStop: string | undefined;
  readonly onSelect: (key: string) => void;
}

/** The marks of a lane. If marks overlap, only the most important one is drawn. Tab leads to one mark, arrows to others. */
export function TimelineMarks({ lane, marks, x, y, tabStop, onSelect }: MarksProps) {
  return (
    <>
      {clustered(marks, x).map(({ mark, many, at }) => {
        const { glyph, word, tone } = MARK_GLYPHS[mark.kind];
        const name = `${clock(mark.at)} ${lane}, ${word}${many > 1 ? `, and ${many - 1} more near it` : ''}`;
        return (
          // biome-ignore lint/a11y/useSemanticElements: an SVG has no button
          <g
            key={mark.key}
            class={`mark tone-${tone}`}
            role="button"
            tabIndex={tabStop === mark.key ? 0 : -1}
            data-key={mark.key}
            data-at={mark.at}
            onClick={() => onSelect(mark.key)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' || event.key === ' ') {
                event.preventDefault();
                onSelect(mark.key);
              } else move(event);
            }}
            onFocus={() => {
              focused.value = mark.key;
              cursorTime.value = mark.at;
            }}
            onBlur={() => {
              cursorTime.value = undefined;
            }}
          >
            <title>{`${name}: ${mark.text}`}</title>
            <rect x={at - TARGET / 2} y={y} width={TARGET} height={TARGET} rx="4" />
            <text x={at} y={y + 12}>
              {glyph}
            </text>
          </g>
        );
      })}
    </>
  );
}

/** The key of the one mark that Tab leads to: the last that had the focus, or the newest one if that is not drawn. */
export function tabStopOf(lanes: readonly { readonly marks: readonly Mark[] }[], x: (at: number) => number) {
  const drawn = lanes.flatMap(({ marks }) => clustered(marks, x).map(({ mark }) => mark));
  const isThere = drawn.some(({ key }) => key === focused.value);
  return isThere ? focused.value : drawn.toSorted((a, b) => b.at - a.at)[0]?.key;
}

function clustered(marks: readonly Mark[], x: (at: number) => number) {
  const drawn: { mark: Mark; many: number; at: number }[] = [];
  const byWeight = marks.toSorted((a, b) => MARK_KINDS.indexOf(a.kind) - MARK_KINDS.indexOf(b.kind) || a.at - b.at);
  for (const mark of byWeight) {
    const at = x(mark.at);
    const near = drawn.find((other) => Math.abs(other.at - at) < TARGET);
    if (near === undefined) drawn.push({ mark, many: 1, at });
    else near.many++;
  }
  return drawn;
}

/** Moves the focus to another mark: by time with the arrows, to the oldest and the newest with Home and End. */
function move(event: KeyboardEvent & { readonly currentTarget: SVGGElement }): void {
  const all = [...(event.currentTarget.ownerSVGElement?.querySelectorAll<SVGGElement>('.mark') ?? [])];
  all.sort((a, b) => Number(a.dataset.at) - Number(b.dataset.at));
  const here = all.indexOf(event.currentTarget);
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: here - 1,
    ArrowUp: here - 1,
    ArrowRight: here + 1,
    ArrowDown: here + 1,
    Home: 0,
    End: all.length - 1,
  };
  const next = steps[event.key];
  if (next === undefined) return;
  event.preventDefault();
  all[Math.min(Math.max(next, 0), all.length - 1)]?.focus();
}
