import { isMissing } from '../../src/domain/trade-id.ts';
import type { GapJson, StatusJson } from '../../src/gateway/api/record-schema.ts';
import { isSwitch } from '../events/event-log.ts';
import { clock } from '../text/time-text.ts';

/** What the chart shows between the candles: a gap in the trades, or a switch of venue. */
export interface ChartMark {
  readonly kind: 'gap' | 'switch';
  /** Milliseconds since 1970; equal for a switch. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The gaps of a symbol that were not repaired, and its switches of venue, in order of time. */
export function chartMarks(
  symbol: string,
  gaps: readonly GapJson[],
  events: readonly StatusJson[],
): readonly ChartMark[] {
  const lost = gaps
    .filter((gap) => gap.symbol === symbol && isMissing(gap.outcome))
    .map(
      ({ from_time: from, to_time: to, outcome }): ChartMark => ({ kind: 'gap', from, to, text: `gap, ${outcome}` }),
    );
  const switched = events
    .filter((event) => isSwitch(event) && (event.symbol === null || event.symbol === symbol))
    .map(({ timestamp: at, switch: seam, venue }): ChartMark => {
      const text = `${seam?.from ?? 'none'} → ${seam?.to ?? venue ?? ''}`;
      return { kind: 'switch', from: at, to: at, text };
    });
  return [...lost, ...switched].sort((a, b) => a.from - b.from);
}

/** The marks in words, for people who do not see the chart; the last five. */
export function marksInWords(marks: readonly ChartMark[]): string {
  return marks
    .slice(-5)
    .map(({ from, text }) => `${clock(from)}: ${text}`)
    .join('; ');
}
