import { duration } from '../../domain/duration.ts';
import { withoutJson } from '../../domain/headline.ts';
import type { Gap } from '../../domain/record.ts';
import type { GapHealing } from '../../domain/status-snapshot.ts';
import { isMissing, nameOfGap } from '../../domain/trade-id.ts';
import { count } from '../terminal/number-text.ts';
import { inColumns, type Style, span } from '../terminal/terminal-text.ts';
import type { Row } from './screen.ts';

const STYLES: Readonly<Record<Gap['outcome'], Style>> = {
  repaired: 'good',
  healed: 'good',
  unrepaired: 'bad',
  unknown: 'warn',
};

/**
 * The gaps of this run, the newest first. `healing`: how far the open ones are healed. `at`: now, milliseconds since 1970.
 */
export function gapRows(gaps: readonly Gap[], healing: readonly GapHealing[], at: number): readonly Row[] {
  if (gaps.length === 0) return [[span('  no trade is missing since the start', 'dim')]];
  const byName = new Map(healing.map((each) => [each.gap, each]));
  const today = dayOf(at);
  const hasDates = gaps.some(({ fromTime }) => dayOf(fromTime) !== today);
  const fromWidth = hasDates ? 21 : 10;
  const title = `  ${inColumns('FROM', fromWidth)}${inColumns('LENGTH', 10)}${inColumns('SYMBOL', 13)}${inColumns('OUTCOME', 12)}${inColumns('MISSING', 10, 'right')}${inColumns('FILLED', 10, 'right')}  VENUE`;
  return [
    [span(title, 'dim')],
    ...gaps.map((gap): Row => {
      const { fromTime, toTime, symbol, outcome, missing, filled, venue } = gap;
      const known = isMissing(outcome) ? byName.get(nameOfGap(gap)) : undefined;
      const from = dayOf(fromTime) === today ? '' : `${dayOf(fromTime)} `;
      return [
        span(`  ${inColumns(from + new Date(fromTime).toISOString().slice(11, 19), fromWidth)}`, 'dim'),
        span(inColumns(duration(toTime - fromTime), 10)),
        span(inColumns(symbol, 13), 'bold'),
        known?.state === 'healing'
          ? span(inColumns('healing', 12), 'warn')
          : span(inColumns(outcome, 12), STYLES[outcome]),
        span(inColumns(missing === null ? 'unknown' : count(missing), 10, 'right')),
        span(inColumns(count(known?.fetched ?? filled), 10, 'right')),
        span(`  ${venue}${known === undefined || known.reason === '' ? '' : `, ${withoutJson(known.reason)}`}`, 'dim'),
      ];
    }),
  ];
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
