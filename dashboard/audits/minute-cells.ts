import type { AuditsAnswer } from '../../src/gateway/api/asset-answers.ts';
import { count } from '../text/number-text.ts';
import { shortClock } from '../text/time-text.ts';

type Minute = AuditsAnswer['minutes'][number];

export type AuditVerdict = Minute['verdict'];

/** A minute of the strip. */
export interface MinuteCell extends Omit<Minute, 'verdict'> {
  /** `none`: the minute has no audit. */
  readonly verdict: AuditVerdict | 'none';
}

/** The counts of a coin's minutes by verdict. */
export interface MinuteSummary {
  /** Number of minutes with an audit. */
  readonly audited: number;
  /** The verdicts that occur, the best first. */
  readonly parts: readonly { readonly verdict: AuditVerdict; readonly count: number; readonly word: string }[];
}

const MINUTES = 120;
const MINUTE_MS = 60_000;

/** How the summary and a single minute name each verdict, the best first. */
const WORDS: Readonly<Record<AuditVerdict, { readonly many: string; readonly one: string }>> = {
  proven: { many: 'proven', one: 'proven' },
  agrees: { many: 'agree', one: "agrees with the venue's candle" },
  healed: { many: 'healed', one: 'healed' },
  unchecked: { many: 'unchecked', one: 'unchecked' },
  gap: { many: 'with a gap', one: 'gap' },
  unexplained: { many: 'unexplained', one: 'unexplained' },
};
const VERDICTS = Object.keys(WORDS) as readonly AuditVerdict[];

/** A cell for each of the last 120 minutes, oldest first; empty if nothing is audited yet. */
export function cellsOf({ latest, minutes }: Pick<AuditsAnswer, 'latest' | 'minutes'>): readonly MinuteCell[] {
  if (latest === null) return [];
  const known = new Map(minutes.map((each) => [each.minute, each]));
  return Array.from({ length: MINUTES }, (_, at) => {
    const minute = latest - (MINUTES - 1 - at) * MINUTE_MS;
    return known.get(minute) ?? { minute, verdict: 'none', trades: 0, backfilled: 0, reason: '' };
  });
}

/** `14:03: healed, 1,234 trades, 56 of them late`. */
export function cellText({ minute, verdict, trades, backfilled, reason }: MinuteCell): string {
  const at = shortClock(minute);
  if (verdict === 'none') return `${at}: no audit, because no trade came or the feed did not run`;
  const late = backfilled === 0 ? '' : `, ${count(backfilled)} of them late`;
  const why = reason === '' ? '' : `: ${reason}`;
  return `${at}: ${WORDS[verdict].one}, ${count(trades)} trade${trades === 1 ? '' : 's'}${late}${why}`;
}

/** Counts the verdicts of all cells. */
export function summaryOf(cells: readonly MinuteCell[]): MinuteSummary {
  const parts = VERDICTS.map((verdict) => ({
    verdict,
    count: cells.filter((cell) => cell.verdict === verdict).length,
    word: WORDS[verdict].many,
  })).filter((part) => part.count > 0);
  return { audited: parts.reduce((sum, part) => sum + part.count, 0), parts };
}
