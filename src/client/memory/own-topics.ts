import { Subject } from 'rxjs';
import type { TopicRecords } from '../../codec/topics.ts';
import { Fault } from '../../domain/fault.ts';
import type { FeedStatus, Gap, PriceTick } from '../../domain/record.ts';
import type { TopicReader } from '../reader/topic-reader.ts';
import { recordsOf, type TopicName } from '../topic-name.ts';
import { FeedMemory } from './feed-memory.ts';
import type { LookBack } from './past.ts';

/** What a client reads for itself, always, from now on and without a group: what `latest` and the guard need. */
export type OwnReaders = Readonly<Record<'prices' | 'feed-status' | 'gaps', TopicReader>>;

/** The topics that a client reads for itself, and what it remembers of them. */
export class OwnTopics {
  readonly readers: OwnReaders;
  readonly byName: ReadonlyMap<TopicName, TopicReader>;
  readonly last: LastPrices = new Map();
  readonly memory: FeedMemory;
  /** As they come, from the subscription on. They fail or complete with their reader. */
  readonly prices$ = new Subject<PriceTick>();
  readonly status$ = new Subject<FeedStatus>();
  readonly gaps$ = new Subject<Gap>();
  #isClosed = false;

  constructor(readers: OwnReaders, keepMs: number) {
    this.readers = readers;
    this.byName = new Map<TopicName, TopicReader>([
      ['prices', readers.prices],
      ['feed-status', readers['feed-status']],
      ['gaps', readers.gaps],
    ]);
    this.memory = new FeedMemory(keepMs);
  }

  /** Resolves when all are read. Rejects with a Fault where they are closed already. */
  async start(): Promise<void> {
    if (this.#isClosed) throw new Fault('internal', 'the client is closed', { retry: { kind: 'never' } });
    const { prices, 'feed-status': status, gaps } = this.readers;
    listen(prices, 'prices', this.prices$, (tick) => this.last.set(tick.symbol, tick));
    listen(status, 'feed-status', this.status$, (record, appendedAt) => this.memory.takeStatus(record, appendedAt));
    listen(gaps, 'gaps', this.gaps$, (gap, appendedAt) => this.memory.takeGap(gap, appendedAt));
    await Promise.all(Object.values(this.readers).map((reader) => reader.ready()));
  }

  /** Looks back at what was published before the start, by the readers' topics. */
  async recall(lookBack: LookBack, nowMs: number): Promise<void> {
    const { prices, 'feed-status': status, gaps } = this.readers;
    await Promise.all([
      this.memory.recallGaps(lookBack, gaps.topic, nowMs),
      this.memory
        .recallStatus(lookBack, status.topic, nowMs)
        .then(() => recallPrices(lookBack, prices.topic, this.memory.symbols(), this.last)),
    ]);
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

/** Messages of a partition that are looked at for a symbol that has had no price for long. */
const FURTHEST = 30_000;

/** The last price of each symbol, from whichever venue published last. */
export type LastPrices = Map<string, PriceTick>;

/** Finds the last price of each symbol from the topic's end back. It reads further only for named symbols without a price. */
export async function recallPrices(
  lookBack: LookBack,
  topic: string,
  symbols: ReadonlySet<string>,
  prices: LastPrices,
): Promise<void> {
  const missing = new Set(symbols);
  await lookBack(topic, (partition, partitionOf) => {
    const own = [...symbols].filter((symbol) => partitionOf(symbol) === partition);
    const found = new Set<string>();
    let seen = 0;
    return async ({ key, read }) => {
      seen++;
      const record = key !== null && found.has(key) ? undefined : await read();
      if (record?.kind === 'price' && !found.has(key ?? record.symbol)) {
        const known = prices.get(record.symbol);
        if (known === undefined || known.receivedAt < record.receivedAt) prices.set(record.symbol, record);
        found.add(key ?? record.symbol);
        missing.delete(record.symbol);
      }
      return seen < NEAR || (seen < FURTHEST && own.some((symbol) => missing.has(symbol)));
    };
  });
}

/** What is looked at in any case: symbols may be there that nobody named. */
const NEAR = 4000;
