import { environmentPrefix, marketKeyOf, messageKeyOf, topicNameOf } from '../codec/environment-topics.ts';
import type { TopicRecords } from '../codec/topics.ts';
import { type Config, environmentOf } from '../config/config.ts';
import { at } from '../domain/at.ts';

import type { VenueId } from '../domain/instrument.ts';
import type { FeedRecord, TradeEvent } from '../domain/record.ts';
import type { OutRecord, SinkArchive } from '../sinks/contract.ts';

const RETRY_MS = [100, 200, 500, 1000, 2000, 5000];
/** Records in a batch. A larger batch would delay the batches of the feed. */
const BATCH = 250;

export interface HealingStoreOptions {
  readonly archive: SinkArchive;
  readonly config: Config;
  /** Waits between two tries of a write. Rejects when the healer is stopped. */
  readonly pause: (ms: number) => Promise<void>;
  /** Called after each batch, with the time that it took in milliseconds: it makes room for other work. */
  readonly turn: (usedMs: number) => Promise<void>;
  /** Returns the monotonic clock's time, milliseconds. */
  readonly now: () => number;
}

/** The records of one sink, as a healer reads and writes them. Promises reject with a Fault. */
export class HealingStore {
  readonly #options: HealingStoreOptions;
  #written: Promise<void> = Promise.resolve();
  readonly #keyOf: ReturnType<typeof marketKeyOf>;

  constructor(options: HealingStoreOptions) {
    this.#options = options;
    this.#keyOf = marketKeyOf(options.config.feed.mode);
  }

  /** Shuts out other healers. */
  open(): Promise<void> {
    return this.#options.archive.open();
  }

  /** Reads the gaps of all venues that arrived at a time or later, milliseconds since 1970. */
  gaps(sinceMs: number): AsyncIterable<FeedRecord> {
    const { archive, config } = this.#options;
    return archive.records(`${environmentPrefix(config.environment, config.feed.allowTestData)}gaps`, sinceMs);
  }

  /** Reads the records of some symbols in a topic that arrived at a time or later, milliseconds since 1970. */
  async *records(
    topic: keyof TopicRecords,
    venue: VenueId,
    symbols: readonly string[],
    sinceMs: number,
  ): AsyncGenerator<FeedRecord> {
    const { archive, config } = this.#options;
    const prefix = environmentPrefix(environmentOf(config, venue), config.feed.allowTestData);
    const keys = new Set(symbols.map((symbol) => this.#keyOf({ venue, symbol })));
    for await (const record of archive.records(prefix + topic, sinceMs, keys)) {
      const { venue: of, symbol } = record as Partial<FeedRecord & { readonly symbol: string }>;
      if (of && symbol && keys.has(this.#keyOf({ venue: of, symbol }))) yield record;
    }
  }

  /** Writes trades to `late-trades`, in order. @throws Fault if the sink refuses one */
  async writeLate(trades: readonly TradeEvent[]): Promise<void> {
    const { config } = this.#options;
    await this.#write(
      trades.map((record) => ({
        topic: `${environmentPrefix(record.environment, config.feed.allowTestData)}late-trades`,
        key: messageKeyOf(record, config.feed.mode),
        record,
      })),
    );
  }

  /** Writes records to the topics of their kinds, in order. @throws Fault if the sink refuses one */
  async write(records: readonly FeedRecord[]): Promise<void> {
    const { allowTestData, mode } = this.#options.config.feed;
    await this.#write(
      records.map((record) => ({
        topic: topicNameOf(record, allowTestData),
        key: messageKeyOf(record, mode),
        record,
      })),
    );
  }

  /** The healing of several venues shares the archive, which takes one batch at a time. */
  #write(records: readonly OutRecord[]): Promise<void> {
    const written = this.#written.then(() => this.#writeAll(records));
    this.#written = written.catch(() => {});
    return written;
  }

  async #writeAll(records: readonly OutRecord[]): Promise<void> {
    const { now, turn } = this.#options;
    for (let from = 0; from < records.length; from += BATCH) {
      const since = now();
      await this.#writeBatch(records.slice(from, from + BATCH));
      await turn(now() - since);
    }
  }

  async #writeBatch(batch: readonly OutRecord[]): Promise<void> {
    let rest = batch;
    for (let failures = 0; ; failures++) {
      const outcomes = await this.#options.archive.write(rest);
      const faults = outcomes.map((outcome) => (outcome.kind === 'delivered' ? undefined : outcome));
      const refused = faults.find((outcome) => outcome?.kind === 'rejected' || outcome?.fault.retry.kind === 'never');
      if (refused !== undefined) throw refused.fault;
      rest = rest.filter((_, index) => faults[index] !== undefined);
      if (rest.length === 0) return;
      await this.#options.pause(at(RETRY_MS, Math.min(failures, RETRY_MS.length - 1)));
    }
  }
}
