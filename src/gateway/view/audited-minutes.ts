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

/** What is known of a minute at one venue in one epoch. */
interface KnownMinute {
  /** The latest revision. */
  readonly audit: Audit;
  /** True if a revision had a gap. */
  readonly hadGap: boolean;
}

/** A minute of a symbol, over all its epochs: at a switch of venue, a minute has audits of two epochs. */
interface SymbolMinute {
  /** Start of the minute, milliseconds since 1970. */
  readonly minute: number;
  /** The worst verdict of the epochs. */
  readonly verdict: MinuteVerdict;
  readonly trades: number;
  /** Number of these trades with source `backfill`. */
  readonly backfilled: number;
  /** Why the verdict is not `proven` or `agrees`, for people; may be empty. */
  readonly reason: string;
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
  /** By symbol, then by the start of the minute, then by venue and epoch. */
  readonly #minutes = new Map<string, Map<number, Map<string, KnownMinute>>>();
  #latest = Number.NEGATIVE_INFINITY;
  /** Number of received audits by venue and verdict. */
  readonly counts = new Map<string, Map<string, number>>();

  add(audit: Audit): void {
    const { venue, symbol, minute, epoch, revision, verdict } = audit;
    const ofVenue = getOrCreate(this.counts, venue, () => new Map<string, number>());
    ofVenue.set(verdict, (ofVenue.get(verdict) ?? 0) + 1);
    const minutes = getOrCreate(this.#minutes, symbol, () => new Map<number, Map<string, KnownMinute>>());
    const epochs = getOrCreate(minutes, minute, () => new Map<string, KnownMinute>());
    const key = `${venue} ${epoch}`;
    const known = epochs.get(key);
    const latest = known === undefined || known.audit.revision <= revision ? audit : known.audit;
    epochs.set(key, { audit: latest, hadGap: verdict === 'gap' || known?.hadGap === true });
    this.#latest = Math.max(this.#latest, minute);
    if (minutes.size > MINUTES_KEPT) minutes.delete(Math.min(...minutes.keys()));
  }

  /** The latest minute of any symbol, milliseconds since 1970; null: no audit yet. */
  get latest(): number | null {
    return this.#latest === Number.NEGATIVE_INFINITY ? null : this.#latest;
  }

  /** Returns each symbol's minutes, up to the latest minute of any symbol. */
  all(): readonly SymbolMinutes[] {
    const from = this.#from;
    return [...this.#minutes].map(([symbol, minutes]) => {
      const coin = [...minutes.values()][0]?.values().next().value?.audit.coin ?? symbol;
      const counts = { proven: 0, agrees: 0, healed: 0, unchecked: 0, gap: 0, unexplained: 0 };
      const missing: Audit[] = [];
      let verdicts = '';
      for (let at = from; at <= this.#latest; at += MINUTE_MS) {
        const known = [...(minutes.get(at)?.values() ?? [])];
        const verdict = worstOf(known);
        verdicts += VERDICT_LETTERS[verdict ?? 'none'];
        if (verdict === undefined) continue;
        counts[verdict]++;
        missing.push(...known.map(({ audit }) => audit).filter(isMissing));
      }
      return { symbol, coin, from, verdicts, counts, missing: missing.slice(-MOST_DESCRIBED) };
    });
  }

  /** The audited minutes of a symbol among the last ones, oldest first. `venue`: only the audits of this venue count. */
  of(symbol: string, venue?: string): readonly SymbolMinute[] {
    const minutes = [...(this.#minutes.get(symbol) ?? [])].filter(([minute]) => minute >= this.#from);
    return minutes
      .sort(([a], [b]) => a - b)
      .flatMap(([minute, epochs]) => {
        const known = [...epochs.values()].filter(({ audit }) => venue === undefined || audit.venue === venue);
        const verdict = worstOf(known);
        if (verdict === undefined) return [];
        const audits = known.map(({ audit }) => audit);
        return {
          minute,
          verdict,
          trades: audits.reduce((sum, { trades }) => sum + trades, 0),
          backfilled: audits.reduce((sum, { backfilled }) => sum + backfilled, 0),
          reason: [...new Set(audits.map(({ reason }) => reason))].filter((reason) => reason !== '').join('; '),
        };
      });
  }

  /** The first of the last minutes. */
  get #from(): number {
    return this.#latest - (MINUTES_KEPT - 1) * MINUTE_MS;
  }
}

function isMissing({ verdict }: Audit): boolean {
  return verdict === 'gap' || verdict === 'unexplained';
}

/** Returns the worst verdict of the minute's epochs; undefined if there is none. */
function worstOf(epochs: readonly KnownMinute[]): MinuteVerdict | undefined {
  return MINUTE_VERDICTS[Math.max(...epochs.map((known) => MINUTE_VERDICTS.indexOf(verdictOf(known))))];
}

/** An unknown verdict counts as unchecked. */
function verdictOf({ audit, hadGap }: KnownMinute): MinuteVerdict {
  const verdict = MINUTE_VERDICTS.find((name) => name === audit.verdict) ?? 'unchecked';
  return hadGap && (verdict === 'proven' || verdict === 'agrees') ? 'healed' : verdict;
}
