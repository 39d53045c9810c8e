import { TOPICS } from '../../codec/topics.ts';
import type { PipelineMetrics } from '../../domain/metrics-snapshot.ts';
import type { FeedRecord, Gap } from '../../domain/record.ts';
import { isMissing, nameOfGap } from '../../domain/trade-id.ts';
import { FEED_STATES } from '../../domain/venue-state.ts';
import { increment } from '../../feed/venue-counts.ts';

/* Counts the published records, for the metrics. */

/** All counters begin at 0. If a counter began with its first count, Prometheus would not see this count as a rise. */
const OUTCOMES: readonly Gap['outcome'][] = ['repaired', 'unrepaired', 'unknown', 'healed'];
/** How many open gaps are remembered, until they are healed. */
const OPEN_GAPS = 10_000;
const STAGES = ['decode', 'encode'];

export class RecordCounts {
  readonly #kinds = zeros(TOPICS.map(({ kind }) => kind));
  readonly #states = zeros(FEED_STATES);
  readonly #outcomes = zeros(OUTCOMES);
  readonly #stages = zeros(STAGES);
  /** The number of filled trades of each gap whose trades are missing, by the gap's name. */
  readonly #open = new Map<string, number>();
  /** How many gaps with missing trades are no longer remembered. */
  #forgotten = 0;
  #missing = 0;
  #filled = 0;

  add(records: readonly FeedRecord[]): void {
    for (const record of records) {
      increment(this.#kinds, record.kind);
      if (record.kind === 'status') increment(this.#states, record.state);
      else if (record.kind === 'dead_letter') increment(this.#stages, record.stage);
      else if (record.kind === 'gap') this.#addGap(record);
    }
  }

  #addGap(gap: Gap): void {
    increment(this.#outcomes, gap.outcome);
    const name = nameOfGap(gap);
    if (gap.outcome === 'healed') {
      // A gap of an earlier run was not counted as missing, so its trades do not count as filled.
      this.#filled += Math.max(0, gap.filled - (this.#open.get(name) ?? gap.filled));
      this.#open.delete(name);
      return;
    }
    this.#missing += gap.missing ?? 0;
    this.#filled += gap.filled;
    if (!isMissing(gap.outcome)) return;
    this.#open.set(name, gap.filled);
    if (this.#open.size <= OPEN_GAPS) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#open.delete(oldest);
    this.#forgotten++;
  }

  /** What a headline counts: gaps whose trades are missing, and dead letters. */
  get headlineCounts(): { readonly gaps: number; readonly dead_letters: number } {
    return {
      gaps: this.#open.size + this.#forgotten,
      dead_letters: [...this.#stages.values()].reduce((total, count) => total + count, 0),
    };
  }

  metrics(): Pick<PipelineMetrics, 'records' | 'states' | 'gaps' | 'deadLetters' | 'missingTrades' | 'filledTrades'> {
    return {
      records: Object.fromEntries(this.#kinds),
      states: Object.fromEntries(this.#states),
      gaps: Object.fromEntries(this.#outcomes),
      deadLetters: Object.fromEntries(this.#stages),
      missingTrades: this.#missing,
      filledTrades: this.#filled,
    };
  }
}

const zeros = (names: readonly string[]): Map<string, number> => new Map(names.map((name) => [name, 0]));
