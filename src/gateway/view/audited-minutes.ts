import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Audit } from '../../domain/record.ts';

export const MINUTES_KEPT = 120;
const MINUTE_MS = 60_000;
/** How many minutes with missing trades are described for each symbol. */
const MOST_DESCRIBED = 10;

/** All verdicts of minutes, the best first. `healed`: an earlier revision had a gap, and the latest has no fault. */
const MINUTE_VERDICTS = ['proven', 'agrees', 'healed', 'unchecked', 'gap', 'unexplained'] as const;
export type MinuteVerdict = (typeof MINUTE_VERDICTS)[number];

/** A letter for each verdict; `none`: the minute has no audit. */
export const VERDICT_LETTERS = {
  proven: 'p',
  agrees: 'a',
  healed: 'h',
  unchecked: 'u',
  gap: 'g',
  unexplained: 'x',
  none: '-',
} as const satisfies Readonly<Record<MinuteVerdict | 'none', string>>;

interface KnownMinute {
  /** The latest revision of each venue and epoch. At a switch of venue, a minute has audits of two epochs. */
  readonly audits: Map<string, Audit>;
  /** True if a revision had a gap. */
  hadGap: boolean;
}

/** The last minutes of a symbol. */
export interface SymbolMinutes {
  readonly symbol: string;
  readonly coin: string;
  /** The start of the first minute in `verdicts`, milliseconds since 1970. */
  readonly from: number;
  /** A letter of `VERDICT_LETTERS` for each minute, oldest first. */
  readonly verdicts: string;
  readonly counts: Readonly<Record<MinuteVerdict, number>>;
  /** The last minutes with missing trades, oldest first. */
  readonly missing: readonly Audit[];
}

/** The verdicts of each symbol's last minutes, from the published audits. */
export class AuditedMinutes {
  /** By symbol, then by the start of the minute. */
  readonly #minutes = new Map<string, Map<number, KnownMinute>>();
  /** Number of received audits by venue and verdict. */
  readonly counts = new Map<string, Map<string, number>>();

  add(audit: Audit): void {
    const { venue, symbol, minute, epoch, verdict } = audit;
    const ofVenue = getOrCreate(this.counts, venue, () => new Map<string, number>());
    ofVenue.set(verdict, (ofVenue.get(verdict) ?? 0) + 1);
    const minutes = getOrCreate(this.#minutes, symbol, () => new Map<number, KnownMinute>());
    const known = getOrCreate(minutes, minute, () => ({ audits: new Map<string, Audit>(), hadGap: false }));
    if (verdict === 'gap') known.hadGap = true;
    const key = `${venue} ${epoch}`;
    if ((known.audits.get(key)?.revision ?? -1) <= audit.revision) known.audits.set(key, audit);
    if (minutes.size > MINUTES_KEPT) minutes.delete(Math.min(...minutes.keys()));
  }

  /** Returns each symbol's minutes, up to the latest minute of any symbol. */
  all(): readonly SymbolMinutes[] {
    const last = Math.max(...[...this.#minutes.values()].flatMap((minutes) => [...minutes.keys()]));
    const from = last - (MINUTES_KEPT - 1) * MINUTE_MS;
    return [...this.#minutes].flatMap(([symbol, minutes]) => {
      const coin = [...minutes.values()][0]?.audits.values().next().value?.coin ?? symbol;
      const counts = { proven: 0, agrees: 0, healed: 0, unchecked: 0, gap: 0, unexplained: 0 };
      const missing: Audit[] = [];
      let verdicts = '';
      for (let at = from; at <= last; at += MINUTE_MS) {
        const known = minutes.get(at);
        const verdict = known && worstOf(known);
        verdicts += VERDICT_LETTERS[verdict ?? 'none'];
        if (verdict === undefined) continue;
        counts[verdict]++;
        missing.push(...[...(known?.audits.values() ?? [])].filter(isMissing));
      }
      return [{ symbol, coin, from, verdicts, counts, missing: missing.slice(-MOST_DESCRIBED) }];
    });
  }
}

function isMissing({ verdict }: Audit): boolean {
  return verdict === 'gap' || verdict === 'unexplained';
}

/** Returns the worst verdict of the minute's epochs. An unknown verdict counts as unchecked. */
function worstOf({ audits, hadGap }: KnownMinute): MinuteVerdict {
  let worst = 0;
  for (const { verdict } of audits.values()) {
    const rank = MINUTE_VERDICTS.indexOf(verdict);
    worst = Math.max(worst, rank === -1 ? MINUTE_VERDICTS.indexOf('unchecked') : rank);
  }
  const verdict = MINUTE_VERDICTS[worst] ?? 'unchecked';
  return hadGap && (verdict === 'proven' || verdict === 'agrees') ? 'healed' : verdict;
}
