import { identityOf } from '../codec/identity.ts';
import type { FeedStatus, Gap } from '../domain/record.ts';
import type { LookBack } from './past.ts';

interface Dated<T> {
  readonly record: T;
  /** Milliseconds since 1970. */
  readonly appendedAt: number;
}

/** Messages that are looked at for the last heartbeat, or for gaps, at most. */
const FURTHEST = 20_000;

/** What was told of the feed in the last `keepMs`, and the last heartbeat however old: what a guard that starts must know. */
export class FeedMemory {
  readonly #keepMs: number;
  #status: readonly Dated<FeedStatus>[] = [];
  #gaps: readonly Dated<Gap>[] = [];
  #heartbeat: FeedStatus | undefined;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** In the order in which it was told. */
  status(): readonly FeedStatus[] {
    const status = this.#status.map(({ record }) => record);
    const heartbeat = this.#heartbeat;
    return heartbeat === undefined || status.includes(heartbeat) ? status : [heartbeat, ...status];
  }

  gaps(): readonly Gap[] {
    return this.#gaps.map(({ record }) => record);
  }

  /** The symbols that the last heartbeats named. */
  symbols(): ReadonlySet<string> {
    const heartbeats = this.status().filter(({ state }) => state === 'heartbeat');
    return new Set(
      heartbeats.flatMap(({ details }) => (details.symbols ?? '').split(',').filter((name) => name !== '')),
    );
  }

  takeStatus(record: FeedStatus, appendedAt: number): void {
    if (record.state === 'heartbeat') this.#heartbeat = record;
    this.#status = this.#recent([...this.#status, { record, appendedAt }], appendedAt);
  }

  takeGap(record: Gap, appendedAt: number): void {
    this.#gaps = this.#recent([...this.#gaps, { record, appendedAt }], appendedAt);
  }

  /** Looks back at what was told before; what came meanwhile is known already. */
  async recallStatus(lookBack: LookBack, topic: string, nowMs: number): Promise<void> {
    let isFound = this.#heartbeat !== undefined;
    const past = await this.#recall<FeedStatus>(lookBack, topic, 'status', ({ record, appendedAt }) => {
      isFound ||= record.state === 'heartbeat';
      return isFound && appendedAt < nowMs - this.#keepMs;
    });
    const heartbeat = past.findLast(({ record }) => record.state === 'heartbeat')?.record;
    this.#heartbeat ??= heartbeat;
    this.#status = this.#recent(joined(past, this.#status), nowMs);
  }

  async recallGaps(lookBack: LookBack, topic: string, nowMs: number): Promise<void> {
    const isEnough = ({ appendedAt }: Dated<Gap>) => appendedAt < nowMs - this.#keepMs;
    const past = await this.#recall<Gap>(lookBack, topic, 'gap', isEnough);
    this.#gaps = this.#recent(joined(past, this.#gaps), nowMs);
  }

  async #recall<T extends FeedStatus | Gap>(
    lookBack: LookBack,
    topic: string,
    kind: T['kind'],
    isEnough: (last: Dated<T>) => boolean,
  ): Promise<readonly Dated<T>[]> {
    const found: Dated<T>[] = [];
    let seen = 0;
    await lookBack(topic, () => async ({ appendedAt, read }) => {
      const record = await read();
      if (record?.kind !== kind) return ++seen < FURTHEST;
      const dated = { record: record as T, appendedAt };
      found.push(dated);
      return ++seen < FURTHEST && !isEnough(dated);
    });
    return found.toReversed();
  }

  #recent<T>(all: readonly Dated<T>[], nowMs: number): readonly Dated<T>[] {
    return all.filter(({ appendedAt }) => appendedAt >= nowMs - this.#keepMs);
  }
}

/** The past, and behind it what came while it was read. */
function joined<T extends FeedStatus | Gap>(past: readonly Dated<T>[], live: readonly Dated<T>[]): readonly Dated<T>[] {
  const known = new Set(live.map(({ record }) => identityOf(record)));
  return [...past.filter(({ record }) => !known.has(identityOf(record))), ...live];
}
