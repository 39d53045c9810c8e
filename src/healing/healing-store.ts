import { environmentPrefix, marketKeyOf, messageKeyOf, topicNameOf } from '../codec/environment-topics.ts';
import type { TopicRecords } from '../codec/topics.ts';
import { type Config, environmentOf } from '../config/config.ts';
import { at } from '../domain/at.ts';
import type { Fault } from '../domain/fault.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { FeedRecord, TradeEvent } from '../domain/record.ts';
import type { ArchiveReading, OutRecord, SinkArchive } from '../sinks/contract.ts';

const RETRY_MS = [100, 200, 500, 1000, 2000, 5000];
/** Records in a batch. A larger batch would delay the batches of the feed. */
const BATCH = 250;
/** How long fetching, encoding and writing a batch keeps the thread busy, milliseconds. Most of its time it waits. */
const BATCH_MS = 3;
/** Records that are read without a pause, and how long each keeps the thread busy, milliseconds. */
const READ_AT_ONCE = 250;
const READ_MS = 0.002;

export interface HealingStoreOptions {
  readonly archive: SinkArchive;
  readonly config: Config;
  /** Waits between two tries of a write. Rejects when the healer is stopped. */
  readonly pause: (ms: number) => Promise<void>;
  /** Called after a part of the work, with the time that the thread was busy, milliseconds. It makes room for other work. */
  readonly turn: (busyMs: number) => Promise<void>;
}

/** The records of one sink, as a healer reads and writes them. Promises reject with a Fault. */
export class HealingStore {
  readonly #options: HealingStoreOptions;
  readonly #keyOf: ReturnType<typeof marketKeyOf>;
  /** Number of records that were read since the last pause. */
  #read = 0;
  /** The last write. The archive takes one batch after the other, but several venues are healed at the same time. */
  #written: Promise<unknown> = Promise.resolve();

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
    const prefix = environmentPrefix(config.environment, config.feed.allowTestData);
    return archive.records(`${prefix}gaps`, { sinceMs, onPart: this.#onPart });
  }

  /** Reads the records of some symbols in a topic that arrived at a time or later, milliseconds since 1970. */
  records(
    topic: keyof TopicRecords,
    venue: VenueId,
    symbols: readonly string[],
    sinceMs: number,
  ): AsyncGenerator<FeedRecord> {
    return this.#records(topic, venue, symbols, { sinceMs });
  }

  /**
   * The same for one symbol, faster: only the symbol's partition is read. So if partitions were added meanwhile, earlier
   * records are missed.
   */
  recordsOf(topic: keyof TopicRecords, venue: VenueId, symbol: string, sinceMs: number): AsyncGenerator<FeedRecord> {
    return this.#records(topic, venue, [symbol], { sinceMs, onlyTheirPartitions: true });
  }

  async *#records(
    topic: keyof TopicRecords,
    venue: VenueId,
    symbols: readonly string[],
    reading: ArchiveReading,
  ): AsyncGenerator<FeedRecord> {
    const { archive, config } = this.#options;
    const prefix = environmentPrefix(environmentOf(config, venue), config.feed.allowTestData);
    const keys = new Set(symbols.map((symbol) => this.#keyOf({ venue, symbol })));
    for await (const record of archive.records(prefix + topic, { ...reading, keys, onPart: this.#onPart })) {
      const { venue: of, symbol } = record as Partial<FeedRecord & { readonly symbol: string }>;
      if (of && symbol && keys.has(this.#keyOf({ venue: of, symbol }))) yield record;
    }
  }

  /** Makes room for other work while records are read. */
  readonly #onPart = async (records: number): Promise<void> => {
    this.#read += records;
    if (this.#read < READ_AT_ONCE) return;
    const { turn } = this.#options;
    const busyMs = this.#read * READ_MS;
    this.#read = 0;
    await turn(busyMs);
  };

  /**
   * Writes trades to `late-trades`, in order. Calls `onWritten` with the trades of each part that is stored. Returns why
   * the sink refuses trades, if it does; the others are written. @throws Fault if the sink takes nothing more
   */
  async writeLate(
    trades: readonly TradeEvent[],
    onWritten: (trades: readonly TradeEvent[]) => void,
  ): Promise<Fault | undefined> {
    const { config } = this.#options;
    const records = trades.map((record) => ({
      topic: `${environmentPrefix(record.environment, config.feed.allowTestData)}late-trades`,
      key: messageKeyOf(record, config.feed.mode),
      record,
    }));
    const refused = await this.#write(records, (delivered) => onWritten(delivered.map(({ record }) => record)));
    return refused[0];
  }

  /** Writes records to the topics of their kinds, in order. @throws Fault if the sink refuses one */
  async write(records: readonly FeedRecord[]): Promise<void> {
    const { allowTestData, mode } = this.#options.config.feed;
    const [refused] = await this.#write(
      records.map((record) => ({
        topic: topicNameOf(record, allowTestData),
        key: messageKeyOf(record, mode),
        record,
      })),
    );
    if (refused !== undefined) throw refused;
  }

  /** Returns why records are refused. */
  async #write<T extends OutRecord>(
    records: readonly T[],
    onDelivered: (records: readonly T[]) => void = () => {},
  ): Promise<readonly Fault[]> {
    const refused: Fault[] = [];
    for (let from = 0; from < records.length; from += BATCH) {
      const batch = records.slice(from, from + BATCH);
      const write = this.#written.then(() => this.#writeBatch(batch, onDelivered));
      this.#written = write.catch(() => {});
      refused.push(...(await write));
      await this.#options.turn(BATCH_MS);
    }
    return refused;
  }

  async #writeBatch<T extends OutRecord>(
    batch: readonly T[],
    onDelivered: (records: readonly T[]) => void,
  ): Promise<readonly Fault[]> {
    const refused: Fault[] = [];
    let rest = batch;
    for (let failures = 0; ; failures++) {
      const outcomes = await this.#options.archive.write(rest);
      onDelivered(rest.filter((_, index) => outcomes[index]?.kind === 'delivered'));
      const retried: T[] = [];
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.kind === 'rejected') refused.push(outcome.fault);
        if (outcome.kind !== 'retry') continue;
        if (outcome.fault.retry.kind === 'never') throw outcome.fault;
        retried.push(at(rest, index));
      }
      rest = retried;
      if (rest.length === 0) return refused;
      await this.#options.pause(at(RETRY_MS, Math.min(failures, RETRY_MS.length - 1)));
    }
  }
}
