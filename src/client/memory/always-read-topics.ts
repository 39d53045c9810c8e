import { Subject } from 'rxjs';
import type { TopicRecords } from '../../codec/topics.ts';
import { Fault } from '../../domain/fault.ts';
import type { FeedStatus, Gap, PriceTick } from '../../domain/record.ts';
import { FeedInstances } from '../../tradability/feed-instances.ts';
import type { Moment } from '../../tradability/moment.ts';
import { isOutdated } from '../../tradability/symbol-facts.ts';
import type { TopicReader } from '../reader/topic-reader.ts';
import { recordsOf, type TopicName } from '../topic-name.ts';
import { FeedMemory } from './feed-memory.ts';
import type { ReadTopicBackwards } from './read-topic-backwards.ts';

/** The ages of heartbeats do not matter here. */
const ANY_MOMENT: Moment = { wall: 0, monotonic: 0 };

/** The topics that a client always reads for `latest` and the guard: from the end and without a group. */
export class AlwaysReadTopics {
  readonly readers: Readonly<Record<'prices' | 'feed-status' | 'gaps', TopicReader>>;
  /** The last price of each symbol, by the guard's rule: a price of an epoch that has ended is left out. */
  readonly last: LastPrices = new Map();
  readonly memory: FeedMemory;
  /** Hot. Each Observable errors or completes with its reader. */
  readonly prices$ = new Subject<PriceTick>();
  readonly status$ = new Subject<FeedStatus>();
  readonly gaps$ = new Subject<Gap>();
  #feed = new FeedInstances();
  #isClosed = false;

  constructor(readers: AlwaysReadTopics['readers'], gapHaltMs: number) {
    this.readers = readers;
    this.memory = new FeedMemory(gapHaltMs);
  }

  /** Resolves when all topics are being read. Rejects with a Fault if the client is closed. */
  async start(): Promise<void> {
    if (this.#isClosed) throw new Fault('internal', 'the client is closed', { retry: { kind: 'never' } });
    const { prices, 'feed-status': status, gaps } = this.readers;
    listen(prices, 'prices', this.prices$, (tick) => {
      const { symbol } = tick;
      if (!isOutdated(tick, this.last.get(symbol), this.#feed.served(symbol))) this.last.set(symbol, tick);
    });
    listen(status, 'feed-status', this.status$, (record, appendedAt) => {
      this.memory.addStatus(record, appendedAt);
      this.#feed.add(record, ANY_MOMENT);
    });
    listen(gaps, 'gaps', this.gaps$, (gap, appendedAt) => this.memory.addGap(gap, appendedAt));
    await Promise.all(Object.values(this.readers).map((reader) => reader.ready()));
  }

  /** Reads the prices, status records and gaps that were published before the start. */
  async recall(readBackwards: ReadTopicBackwards, nowMs: number): Promise<void> {
    const { prices, 'feed-status': status, gaps } = this.readers;
    await Promise.all([
      this.memory.recallGaps(readBackwards, gaps.topic, nowMs),
      this.memory
        .recallStatus(readBackwards, status.topic, nowMs)
        .then(() => recallPrices(readBackwards, prices.topic, this.memory.symbols(), this.last)),
    ]);
    // The records from before the start come before those that arrived meanwhile.
    this.#feed = new FeedInstances();
    for (const record of this.memory.status()) this.#feed.add(record, ANY_MOMENT);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(Object.values(this.readers).map((reader) => reader.close()));
  }
}

function listen<N extends TopicName>(
  reader: TopicReader,
  name: N,
  records$: Subject<TopicRecords[N]>,
  remember: (record: TopicRecords[N], appendedAt: number) => unknown,
): void {
  const isWanted = recordsOf(name, undefined);
  reader.listen({
    give: (record, { appendedAt }) => {
      if (!isWanted(record)) return;
      remember(record, appendedAt);
      records$.next(record);
    },
    fail: (fault) => records$.error(fault),
    end: () => records$.complete(),
  });
}

/** Maximum messages of a partition that are read backwards to find the prices of wanted symbols. */
const MAX_MESSAGES = 30_000;

/** Minimum messages of a partition that are read backwards, also to find prices of symbols that are not wanted. */
const MIN_MESSAGES = 4000;

/** The last price of each symbol, whichever venue it is from. */
export type LastPrices = Map<string, PriceTick>;

/**
 * Finds the last price of each symbol, reading backwards from the topic's end. The prices of the wanted `symbols` are
 * searched further back than others.
 */
export async function recallPrices(
  readBackwards: ReadTopicBackwards,
  topic: string,
  symbols: ReadonlySet<string>,
  prices: LastPrices,
): Promise<void> {
  const missing = new Set(symbols);
  await readBackwards(topic, (partition, partitionOf) => {
    const own = [...symbols].filter((symbol) => partitionOf(symbol) === partition);
    const found = new Set<string>();
    let seen = 0;
    return async ({ key, decode }) => {
      seen++;
      const record = key !== null && found.has(key) ? undefined : await decode();
      if (record?.kind === 'price' && !found.has(key ?? record.symbol)) {
        const known = prices.get(record.symbol);
        if (known === undefined || known.receivedAt < record.receivedAt) prices.set(record.symbol, record);
        found.add(key ?? record.symbol);
        missing.delete(record.symbol);
      }
      const isEnough = seen >= MAX_MESSAGES || !own.some((symbol) => missing.has(symbol));
      return seen < MIN_MESSAGES || !isEnough ? 'continue' : 'stop';
    };
  });
}
