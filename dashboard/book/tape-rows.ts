import { compareDecimals, type Decimal } from '../../src/domain/decimal.ts';
import { isMissing } from '../../src/domain/trade-id.ts';
import type { GapJson, TradeJson } from '../../src/gateway/api/record-schema.ts';
import { count } from '../text/number-text.ts';
import { type SizeUnit, sizeIn } from './book-size.ts';
import { tradeKey } from './recent-trades.ts';

/** Trades that the gateway left out because this page was too slow. */
export interface MissedTrades {
  /** Timestamp of the last trade before them, milliseconds since 1970. */
  readonly after: number;
  readonly count: number;
}

export type TapeRow =
  | { readonly kind: 'trade'; readonly key: string; readonly trade: TradeJson }
  | { readonly kind: 'switch' | 'gap' | 'missed'; readonly key: string; readonly text: string };

type Mark = Exclude<TapeRow, { kind: 'trade' }> & { readonly after: number };

/** True for a trade of at least this size. */
export function isAtLeast(least: Decimal | undefined, unit: SizeUnit): (trade: TradeJson) => boolean {
  return (trade) => least === undefined || compareDecimals(sizeIn(unit, trade), least) >= 0;
}

/**
 * The rows of the list of trades, newest first: the trades, and marks where trades are missing or the venue changed.
 * Gaps that were filled have no mark.
 */
export function tapeRows(
  trades: readonly TradeJson[],
  gaps: readonly GapJson[],
  missed: readonly MissedTrades[],
): readonly TapeRow[] {
  const oldest = trades.at(-1)?.timestamp ?? Number.POSITIVE_INFINITY;
  const marks = [...gaps.flatMap(gapMark), ...missed.map(missedMark)]
    .filter(({ after }) => after >= oldest)
    .sort((a, b) => b.after - a.after);
  const rows: TapeRow[] = [];
  for (const [at, trade] of trades.entries()) {
    const newer = trades[at - 1];
    const isSwitch = newer !== undefined && newer.venue !== trade.venue;
    if (isSwitch)
      rows.push({ kind: 'switch', key: `switch ${tradeKey(newer)}`, text: `↑ ${newer.venue} · ${trade.venue} ↓` });
    for (let mark = marks[0]; mark !== undefined && mark.after >= trade.timestamp; mark = marks[0]) {
      rows.push(mark);
      marks.shift();
    }
    rows.push({ kind: 'trade', key: tradeKey(trade), trade });
  }
  return rows;
}

function gapMark(gap: GapJson): readonly Mark[] {
  const { outcome, missing, filled, from_time, from_id } = gap;
  if (!isMissing(outcome)) return [];
  const text = missing === null ? 'gap: trades may be missing' : `gap: ${tradeCount(missing - filled)} missing`;
  return [{ kind: 'gap', key: `gap ${from_id} ${from_time}`, text, after: from_time }];
}

function missedMark({ after, count: left }: MissedTrades, at: number): Mark {
  return { kind: 'missed', key: `missed ${after} ${at}`, text: `${tradeCount(left)} left out: page too slow`, after };
}

function tradeCount(number: number): string {
  return `${count(number)} ${number === 1 ? 'trade' : 'trades'}`;
}
