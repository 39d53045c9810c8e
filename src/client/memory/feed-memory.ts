import { identityOf } from '../../codec/identity.ts';
import type { TopicRecords } from '../../codec/topics.ts';
import type { FeedStatus, Gap } from '../../domain/record.ts';
import { isMissing } from '../../domain/trade-id.ts';
import type { ReportedGap } from '../../tradability/symbol-facts.ts';
import { recordsOf } from '../topic-name.ts';
import type { ReadTopicBackwards } from './read-topic-backwards.ts';

interface Dated<T> {
  readonly record: T;
  /**
   * When the broker appended the record, milliseconds since 1970. In files: the `timestamp` of a status record, or the
   * end of a gap.
   */
  readonly appendedAt: number;
}

/** Maximum messages of a partition that are read backwards to find the last heartbeat, or gaps. */
const MAX_MESSAGES = 20_000;

/** How long status records are kept, milliseconds. Older ones are not needed: the last heartbeat has the state. */
const STATUS_MS = 60_000;

/** Gaps are read at least this far back, milliseconds: a guard's gap halt may be longer than the client's default. */
const GAPS_MS = 3_600_000;

/** Remembers recent status records and gaps, and the last heartbeat whatever its age. A new guard starts from them. */
export class FeedMemory {
  readonly #gapsMs: number;
  #status: readonly Dated<FeedStatus>[] = [];
  #heartbeat: FeedStatus | undefined;
  /** The last unrepaired gap of each symbol: no other gap halts for longer. */
  readonly #gaps = new Map<string, ReportedGap>();

  constructor(gapHaltMs: number) {
    this.#gapsMs = Math.max(gapHaltMs, GAPS_MS);
  }

  /** The status records in the order of the topic. */
  status(): readonly FeedStatus[] {
    const status = this.#status.map(({ record }) => record);
    const heartbeat = this.#heartbeat;
    return heartbeat === undefined || status.includes(heartbeat) ? status : [heartbeat, ...status];
  }

  /** The last unrepaired gap of each symbol. `reportedAt` is when the broker appended it; in files, the gap's end. */
  gaps(): readonly ReportedGap[] {
    return [...this.#gaps.values()];
  }

  /** The symbols that the remembered heartbeats name. */
  symbols(): ReadonlySet<string> {
    return new Set(this.status().flatMap(({ heartbeat }) => heartbeat?.symbols ?? []));
  }

  addStatus(record: FeedStatus, appendedAt: number): void {
    if (record.heartbeat !== null) this.#heartbeat = record;
    this.#status = recent([...this.#status, { record, appendedAt }], appendedAt);
  }

  addGap(gap: Gap, reportedAt: number): void {
    const known = this.#gaps.get(gap.symbol);
    if (isMissing(gap.outcome) && (known === undefined || known.reportedAt <= reportedAt))
      this.#gaps.set(gap.symbol, { gap, reportedAt });
  }

  /** Reads the status records from before the start. The later records are known already. */
  async recallStatus(readBackwards: ReadTopicBackwards, topic: string, nowMs: number): Promise<void> {
    let isFound = this.#heartbeat !== undefined;
    const past = await this.#recall(readBackwards, topic, 'feed-status', ({ record, appendedAt }) => {
      isFound ||= record.heartbeat !== null;
      return isFound && appendedAt < nowMs - STATUS_MS;
    });
    const heartbeat = past.findLast(({ record }) => record.heartbeat !== null)?.record;
    this.#heartbeat ??= heartbeat;
    this.#status = recent(joined(past, this.#status), nowMs);
  }

  async recallGaps(readBackwards: ReadTopicBackwards, topic: string, nowMs: number): Promise<void> {
    // In files, a healed gap has the time of its end, but it may have been published long after it.
    const isEnough = ({ record, appendedAt }: Dated<Gap>) =>
      record.outcome !== 'healed' && appendedAt < nowMs - this.#gapsMs;
    const past = await this.#recall(readBackwards, topic, 'gaps', isEnough);
    for (const { record, appendedAt } of past) this.addGap(record, appendedAt);
  }

  async #recall<N extends 'feed-status' | 'gaps'>(
    readBackwards: ReadTopicBackwards,
    topic: string,
    name: N,
    isEnough: (last: Dated<TopicRecords[N]>) => boolean,
  ): Promise<readonly Dated<TopicRecords[N]>[]> {
    const isWanted = recordsOf(name, undefined);
    const found: Dated<TopicRecords[N]>[] = [];
    let seen = 0;
    await readBackwards(topic, () => async ({ appendedAt, decode }) => {
      const record = await decode();
      if (record === undefined || !isWanted(record)) return ++seen < MAX_MESSAGES ? 'continue' : 'stop';
      const dated = { record, appendedAt };
      found.push(dated);
      return ++seen < MAX_MESSAGES && !isEnough(dated) ? 'continue' : 'stop';
    });
    return found.toReversed();
  }
}

function recent<T>(all: readonly Dated<T>[], nowMs: number): readonly Dated<T>[] {
  return all.filter(({ appendedAt }) => appendedAt >= nowMs - STATUS_MS);
}

/** Returns the past records, then the records that arrived while the past was read. Each record is there once. */
function joined(past: readonly Dated<FeedStatus>[], live: readonly Dated<FeedStatus>[]): readonly Dated<FeedStatus>[] {
  const known = new Set(live.map(({ record }) => identityOf(record)));
  return [...past.filter(({ record }) => !known.has(identityOf(record))), ...live];
}
