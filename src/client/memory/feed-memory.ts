import { identityOf } from '../../codec/identity.ts';
import type { TopicRecords } from '../../codec/topics.ts';
import type { FeedStatus, Gap } from '../../domain/record.ts';
import type { ReportedGap } from '../../tradability/symbol-facts.ts';
import { recordsOf } from '../topic-name.ts';
import type { LookBack } from './past.ts';

interface Dated<T> {
  readonly record: T;
  /** Milliseconds since 1970. */
  readonly appendedAt: number;
}

/** Messages that are looked at for the last heartbeat, or for gaps, at most. */
const FURTHEST = 20_000;

/** Behind the last heartbeat, which names all that counts, little more does. */
const STATUS_MS = 60_000;

/** How far it looks back for gaps at least: a guard may halt for longer than the client's own. */
const GAPS_MS = 3_600_000;

/** What was told of the feed lately, and the last heartbeat however old: what a guard that starts must know. */
export class FeedMemory {
  readonly #gapsMs: number;
  #status: readonly Dated<FeedStatus>[] = [];
  #heartbeat: FeedStatus | undefined;
  /** By symbol the last that was not repaired: no other halts for longer. */
  readonly #gaps = new Map<string, ReportedGap>();

  constructor(gapHaltMs: number) {
    this.#gapsMs = Math.max(gapHaltMs, GAPS_MS);
  }

  /** In the order in which it was told. */
  status(): readonly FeedStatus[] {
    const status = this.#status.map(({ record }) => record);
    const heartbeat = this.#heartbeat;
    return heartbeat === undefined || status.includes(heartbeat) ? status : [heartbeat, ...status];
  }

  /** Those that were not repaired, of each symbol the one that was told last; `reportedAt` is when the broker took it. */
  gaps(): readonly ReportedGap[] {
    return [...this.#gaps.values()];
  }

  /** The symbols that the last heartbeats named. */
  symbols(): ReadonlySet<string> {
    return new Set(this.status().flatMap(({ heartbeat }) => heartbeat?.symbols ?? []));
  }

  takeStatus(record: FeedStatus, appendedAt: number): void {
    if (record.heartbeat !== null) this.#heartbeat = record;
    this.#status = recent([...this.#status, { record, appendedAt }], appendedAt);
  }

  takeGap(gap: Gap, reportedAt: number): void {
    const known = this.#gaps.get(gap.symbol);
    if (gap.outcome !== 'repaired' && (known === undefined || known.reportedAt <= reportedAt))
      this.#gaps.set(gap.symbol, { gap, reportedAt });
  }

  /** Looks back at what was told before; what came meanwhile is known already. */
  async recallStatus(lookBack: LookBack, topic: string, nowMs: number): Promise<void> {
    let isFound = this.#heartbeat !== undefined;
    const past = await this.#recall(lookBack, topic, 'feed-status', ({ record, appendedAt }) => {
      isFound ||= record.heartbeat !== null;
      return isFound && appendedAt < nowMs - STATUS_MS;
    });
    const heartbeat = past.findLast(({ record }) => record.heartbeat !== null)?.record;
    this.#heartbeat ??= heartbeat;
    this.#status = recent(joined(past, this.#status), nowMs);
  }

  async recallGaps(lookBack: LookBack, topic: string, nowMs: number): Promise<void> {
    const isEnough = ({ appendedAt }: Dated<Gap>) => appendedAt < nowMs - this.#gapsMs;
    const past = await this.#recall(lookBack, topic, 'gaps', isEnough);
    for (const { record, appendedAt } of past) this.takeGap(record, appendedAt);
  }

  async #recall<N extends 'feed-status' | 'gaps'>(
    lookBack: LookBack,
    topic: string,
    name: N,
    isEnough: (last: Dated<TopicRecords[N]>) => boolean,
  ): Promise<readonly Dated<TopicRecords[N]>[]> {
    const isWanted = recordsOf(name, undefined);
    const found: Dated<TopicRecords[N]>[] = [];
    let seen = 0;
    await lookBack(topic, () => async ({ appendedAt, read }) => {
      const record = await read();
      if (record === undefined || !isWanted(record)) return ++seen < FURTHEST;
      const dated = { record, appendedAt };
      found.push(dated);
      return ++seen < FURTHEST && !isEnough(dated);
    });
    return found.toReversed();
  }
}

function recent<T>(all: readonly Dated<T>[], nowMs: number): readonly Dated<T>[] {
  return all.filter(({ appendedAt }) => appendedAt >= nowMs - STATUS_MS);
}

/** The past, and behind it what came while it was read. */
function joined(past: readonly Dated<FeedStatus>[], live: readonly Dated<FeedStatus>[]): readonly Dated<FeedStatus>[] {
  const known = new Set(live.map(({ record }) => identityOf(record)));
  return [...past.filter(({ record }) => !known.has(identityOf(record))), ...live];
}
