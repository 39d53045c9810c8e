import { identityOf } from '../../codec/identity.ts';
import type { Recent, RecentOptions } from '../contract.ts';
import type { QueueEntry } from '../queue/out-queue.ts';
import { seriesKey } from '../resume/checkpoints.ts';
import { byKind, type Dated, pick, type Sought, soughtOf } from '../resume/lookback.ts';

/** Records of a topic that are gathered before those are dropped that newer ones made needless. */
const MOST_NEEDLESS = 10_000;

/** The near past in a spill, which is read from its front. */
export class SpilledRecent {
  readonly #topics: ReadonlyMap<string, { readonly sought: Sought; records: Dated[]; needed: number }>;
  readonly #seqs = new WeakMap<Dated, number>();

  constructor(options: RecentOptions) {
    this.#topics = new Map(soughtOf(options).map((sought) => [sought.topic, { sought, records: [], needed: 0 }]));
  }

  /** The next record in the order of publishing. */
  add({ seq, out: { topic, record } }: QueueEntry): void {
    const of = this.#topics.get(topic);
    if (of === undefined || record.kind !== of.sought.kind) return;
    const dated = record as Dated; // as the kind that is sought of a topic is one of them
    of.records.push(dated);
    this.#seqs.set(dated, seq);
    if (of.records.length < 2 * of.needed + MOST_NEEDLESS) return;
    of.records = [...pick(of.sought, of.records)];
    of.needed = of.records.length;
  }

  /** Of the records behind a number. */
  behind(seq: number): Omit<Recent, 'whole'> {
    const found = [...this.#topics.values()].flatMap(({ sought, records }) => pick(sought, records));
    return byKind(found.filter((record) => (this.#seqs.get(record) ?? seq) > seq));
  }
}

/** The near past when the spill is delivered behind what the sink has; some of it may be there already. */
export function recentBehind(stored: Recent, spilled: Recent, options: RecentOptions): Recent {
  const sought = soughtOf(options);
  const [ofTrades, ofWindows, ofGaps] = [sought[0], sought[1], sought.at(-1)] as [Sought, Sought, Sought];
  return {
    ...byKind([
      ...pick(ofTrades, behind(stored.trades, spilled.trades)),
      ...pick(ofWindows, behind(stored.windows, spilled.windows)),
      ...pick(ofGaps, behind(stored.gaps, spilled.gaps)),
    ]),
    whole: stored.whole && spilled.whole,
  };
}

function behind(stored: readonly Dated[], spilled: readonly Dated[]): readonly Dated[] {
  const known = new Set(stored.map(identityOf));
  const settled = new Set<string>();
  const rest = spilled.toReversed().filter((record) => {
    const series = seriesKey(record);
    if (known.has(identityOf(record))) settled.add(series);
    return !settled.has(series);
  });
  return [...stored, ...rest.toReversed()];
}
