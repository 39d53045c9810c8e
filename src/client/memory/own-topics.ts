import { Subject } from 'rxjs';
import type { TopicRecords } from '../../codec/topics.ts';
import { Fault } from '../../domain/fault.ts';
import type { FeedStatus, Gap, PriceTick } from '../../domain/record.ts';
import type { TopicReader } from '../reader/topic-reader.ts';
import { recordsOf, type TopicName } from '../topic-name.ts';
import { FeedMemory } from './feed-memory.ts';
import type { LookBack } from './past.ts';

/** The topics that a client always reads for `latest` and the guard: from the end and without a group. */
export class OwnTopics {
  readonly readers: Readonly<Record<'prices' | 'feed-status' | 'gaps', TopicReader>>;
  readonly last: LastPrices = new Map();
  readonly memory: FeedMemory;
  /** Hot; each fails or completes with its reader. */
  readonly prices$ = new Subject<PriceTick>();
  readonly status$ = new Subject<FeedStatus>();
  readonly gaps$ = new Subject<Gap>();
  #isClosed = false;

  constructor(readers: OwnTopics['readers'], gapHaltMs: number) {
    this.readers = readers;
    this.memory = new FeedMemory(gapHaltMs);
  }

  /** Resolves when all are read. Rejects with a Fault if they are closed already. */
  async start(): Promise<void> {
    if (this.#isClosed) throw new Fault('internal', 'the client is closed', { retry: { kind: 'never' } });
    const { prices, 'feed-status': status, gaps } = this.readers;
    listen(prices, 'prices', this.prices$, (tick) => this.last.set(tick.symbol, tick));
    listen(status, 'feed-status', this.status$, (record, appendedAt) => this.memory.addStatus(record, appendedAt));
    listen(gaps, 'gaps', this.gaps$, (gap, appendedAt) => this.memory.addGap(gap, appendedAt));
    await Promise.all(Object.values(this.readers).map((reader) => reader.ready()));
  }

  /** Reads what was published before the start. */
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

/** Most messages of a partition read back for a named symbol without a price. */
const FURTHEST = 30_000;

/** Messages of a partition that are always read back: they may have symbols that no caller named. */
const NEAR = 4000;

/** The last price of each symbol, from whichever venue published last. */
export type LastPrices = Map<string, PriceTick>;

/** Finds the last price of each symbol, reading from the topic's end back; further only for named symbols without one. */
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
