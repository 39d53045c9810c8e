import { TOPICS } from '../../codec/topics.ts';
import type { PipelineMetrics } from '../../domain/metrics-snapshot.ts';
import type { FeedRecord, Gap } from '../../domain/record.ts';
import { isMissing } from '../../domain/trade-id.ts';
import { FEED_STATES } from '../../domain/venue-state.ts';
import { increment } from '../../feed/venue-counts.ts';

/* Counts the published records, for the metrics. */

/** All counters begin at 0. If a counter began with its first count, Prometheus would not see this count as a rise. */
const OUTCOMES: readonly Gap['outcome'][] = ['repaired', 'unrepaired', 'unknown'];
const STAGES = ['decode', 'encode'];

export class RecordCounts {
  readonly #kinds = zeros(TOPICS.map(({ kind }) => kind));
  readonly #states = zeros(FEED_STATES);
  readonly #outcomes = zeros(OUTCOMES);
  readonly #stages = zeros(STAGES);
  #missing = 0;
  #filled = 0;

  add(records: readonly FeedRecord[]): void {
    for (const record of records) {
      increment(this.#kinds, record.kind);
      if (record.kind === 'status') increment(this.#states, record.state);
      else if (record.kind === 'dead_letter') increment(this.#stages, record.stage);
      else if (record.kind === 'gap') {
        increment(this.#outcomes, record.outcome);
        this.#missing += record.missing ?? 0;
        this.#filled += record.filled;
      }
    }
  }

  /** What a headline counts: gaps whose trades are missing, and dead letters. */
  get headlineCounts(): { readonly gaps: number; readonly dead_letters: number } {
    const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);
    return {
      gaps: sum(Array.from(this.#outcomes, ([outcome, count]) => (isMissing(outcome) ? count : 0))),
      dead_letters: sum(this.#stages.values()),
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
