import { type MarketKeyOf, symbolKey } from '../../codec/environment-topics.ts';
import { topicOf } from '../../codec/topics.ts';
import { Fault } from '../../domain/fault.ts';
import type { FeedRecord, Position } from '../../domain/record.ts';
import type { TradeKind } from '../../domain/trade-id.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { endOffsets } from '../../kafka/reading/end-offsets.ts';
import { fetchBackwards, type TakeBackwards } from '../../kafka/reading/fetch-backwards.ts';
import type { FetchOptions } from '../../kafka/reading/fetch-topic.ts';
import { newMessageDecoder, readTopic } from '../../kafka/reading/read-topic.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { CheckpointOptions, SeriesCheckpoint } from '../contract.ts';
import { Checkpoints, latestEpochs, seriesKey } from '../resume/checkpoints.ts';
import { type LastTrades, lastTradesOf, type SoughtTrade } from './last-trades.ts';

/** A position with the broker's append time, milliseconds since 1970. */
export interface PlacedPosition extends Position {
  readonly appendedAt: number;
}

/** A range of append times to read, milliseconds since 1970. Without `until`, it reaches to the topic's end. */
export interface Stretch {
  readonly from: number;
  readonly until?: number;
}

/**
 * Maximum time between a series' last position and its last trade, milliseconds. Positions are written every 10 s. The
 * margin also covers brokers' clocks that differ, and aggregated trades, which positions do not name.
 */
const MARGIN_MS = 60_000;

/**
 * Reads the checkpoints from the topics; see `Sink.checkpoints`. In a cluster it reads them once before the fence, while the
 * previous owner still publishes. After the fence it then reads only the records that were added. This shortens the time in
 * which no instance publishes the shard.
 */
export class CheckpointReader {
  readonly options: CheckpointOptions;
  readonly #config: KafkaConfig;
  /** Gets full topic names. */
  readonly #exists: (topic: string) => Promise<boolean>;
  readonly #log: KafkaLog;
  readonly #wants: ((key: string | null) => boolean) | undefined;
  readonly #positionsTopic: string;
  readonly #tradeTopics: readonly string[];
  #positions: readonly PlacedPosition[] = [];
  #checkpoints = new Checkpoints([], []);
  /** The topics' ends when `begin` was called, by topic and partition. */
  #ends: ReadonlyMap<string, ReadonlyMap<number, bigint>> | undefined;

  constructor(
    config: KafkaConfig,
    options: CheckpointOptions,
    exists: (topic: string) => Promise<boolean>,
    log: KafkaLog,
  ) {
    const { environmentPrefixes, kinds, isOwn } = options;
    this.options = options;
    this.#config = config;
    this.#exists = exists;
    this.#log = log;
    this.#wants = isOwn && ((key) => key !== null && isOwn(symbolOf(key)));
    const nameOf = (prefix: string, kind: 'position' | TradeKind) => config.topicPrefix + prefix + topicOf(kind).name;
    this.#positionsTopic = nameOf(environmentPrefixes[0] ?? '', 'position');
    this.#tradeTopics = environmentPrefixes.flatMap((prefix) => kinds.map((kind) => nameOf(prefix, kind)));
  }

  /** Reads everything. `read` then reads only what was added since this call. Rejects with a Fault. */
  async begin(): Promise<void> {
    const topics = [this.#positionsTopic, ...this.#tradeTopics];
    const ends = topics.map(async (topic) => [topic, await endOffsets(this.#config, topic, this.#log)] as const);
    const found = new Map(await Promise.all(ends));
    await this.#readAll();
    this.#ends = found;
  }

  /** Returns the checkpoints. Call it once: if it rejects, use a new reader. Rejects with a Fault. */
  async read(): Promise<readonly SeriesCheckpoint[]> {
    if (this.#ends === undefined || !(await this.#readAdded(this.#ends))) await this.#readAll();
    return this.#checkpoints.all();
  }

  async #readAll(): Promise<void> {
    const { kinds, keyOf } = this.options;
    this.#positions = (await this.#exists(this.#positionsTopic)) ? await this.#lastPositions() : [];
    const stretches = stretchesOf(this.#positions, keyOf);
    this.#checkpoints = new Checkpoints(this.#positions, kinds, keyOf);
    const last = stretches.at(-1);
    const sought = soughtFrom(last?.from ?? 0, this.#positions, keyOf);
    for (const topic of this.#tradeTopics) {
      if (last === undefined || !(await this.#exists(topic))) continue;
      for (const stretch of stretches.slice(0, -1)) await this.#readStretch(topic, stretch);
      const found = await lastTrades(this.#config, topic, sought, last.from, this.#log);
      if (found === undefined) await this.#readStretch(topic, last);
      else for (const record of found) this.#checkpoints.add(record);
    }
  }

  /** Reads the records after these ends. Returns false if they begin a series or an epoch: then all must be read. */
  async #readAdded(ends: ReadonlyMap<string, ReadonlyMap<number, bigint>>): Promise<boolean> {
    const epochs = new Map(this.#positions.map((position) => [seriesKey(position), position.epoch]));
    let isKnown = true;
    const reads = Array.from(ends, async ([topic, offsets]) => {
      // All partitions are read: a previous owner may not know partitions that were added to the topic.
      const added: FetchOptions = { from: { offsets, otherwise: 'beginning', onlyThese: false }, follow: false };
      if (topic !== this.#positionsTopic) await this.#addTrades(topic, added);
      else
        for await (const position of this.#positionsOf(added))
          isKnown &&= epochs.get(seriesKey(position)) === position.epoch;
    });
    await Promise.all(reads);
    return isKnown;
  }

  #readStretch(topic: string, { from, until }: Stretch): Promise<void> {
    return this.#addTrades(topic, { from: { timeMs: from }, follow: false, until });
  }

  async #addTrades(topic: string, options: FetchOptions): Promise<void> {
    for await (const { record } of readTopic(this.#config, topic, options, this.#log, this.#wants)) {
      // Messages of other programs are ignored.
      if (!(record instanceof Fault)) this.#checkpoints.add(record);
    }
  }

  async #lastPositions(): Promise<readonly PlacedPosition[]> {
    const last = new Map<string, PlacedPosition>();
    for await (const position of this.#positionsOf({ from: 'beginning', follow: false }))
      last.set(seriesKey(position), position);
    return [...last.values()];
  }

  async *#positionsOf(options: FetchOptions): AsyncGenerator<PlacedPosition, void, undefined> {
    const topic = this.#positionsTopic;
    for await (const { record, timestamp } of readTopic(this.#config, topic, options, this.#log, this.#wants)) {
      if (record instanceof Fault) throw record;
      if (record.kind === 'position') yield { ...record, appendedAt: timestamp };
    }
  }
}

/** Returns, by message key, the latest epochs whose last position was appended at `from` or later. */
function soughtFrom(
  from: number,
  positions: readonly PlacedPosition[],
  keyOf: MarketKeyOf = symbolKey,
): ReadonlyMap<string, SoughtTrade> {
  const late = latestEpochs(positions, keyOf).filter(({ appendedAt }) => appendedAt >= from);
  return new Map(
    late.map((of) => [keyOf(of), { epoch: of.epoch, isThere: of.tradeId !== null && of.timestamp >= from }]),
  );
}

/** Reads the last trades from the time `from` on, in order. undefined: all trades must be read (new partitions). */
async function lastTrades(
  config: KafkaConfig,
  topic: string,
  sought: ReadonlyMap<string, SoughtTrade>,
  from: number,
  log: KafkaLog,
): Promise<readonly FeedRecord[] | undefined> {
  const decode = newMessageDecoder(config);
  const readers: LastTrades[] = [];
  const takersOf = (layout: TopicLayout): ReadonlyMap<number, TakeBackwards> => {
    const byPartition = Map.groupBy(sought, ([key]) => layout.partitionOf(key));
    return new Map(
      [...byPartition].map(([partition, own]) => {
        const reader = lastTradesOf(own, from, decode);
        readers.push(reader);
        return [partition, reader.take];
      }),
    );
  };
  await fetchBackwards(config, topic, takersOf, log);
  return readers.some(({ mayMissTrades }) => mayMissTrades) ? undefined : readers.flatMap(({ found }) => found);
}

/** The symbol in `BTCUSDT` and in `binance:BTCUSDT`. */
const symbolOf = (key: string): string => key.slice(key.lastIndexOf(':') + 1);

/**
 * Returns the time ranges with the last trades of the series that may resume. A series that was served to the end of
 * the run ends near the newest position of all series, any other near its own position.
 */
export function stretchesOf(positions: readonly PlacedPosition[], keyOf?: MarketKeyOf): readonly Stretch[] {
  if (positions.length === 0) return [];
  const newest = Math.max(...positions.map(({ appendedAt }) => appendedAt));
  const latest = latestEpochs(positions, keyOf).map(({ appendedAt }) => appendedAt);
  const times = [...latest, newest].toSorted((a, b) => a - b);
  const stretches: { from: number; until: number }[] = [];
  for (const time of times) {
    const [from, until] = [time - MARGIN_MS, time + MARGIN_MS];
    const last = stretches.at(-1);
    if (last !== undefined && from <= last.until) last.until = until;
    else stretches.push({ from, until });
  }
  return stretches.map(({ from, until }, index) => (index < stretches.length - 1 ? { from, until } : { from }));
}
