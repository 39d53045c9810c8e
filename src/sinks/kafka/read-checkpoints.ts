import { type MarketKeyOf, symbolKey } from '../../codec/environment-topics.ts';
import { topicOf } from '../../codec/topics.ts';
import { Fault } from '../../domain/fault.ts';
import type { FeedRecord, Position } from '../../domain/record.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { fetchBackwards, type TakeBackwards } from '../../kafka/reading/fetch-backwards.ts';
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

/** Reads the checkpoints from the topics; see `Sink.checkpoints`. `exists` gets full topic names. */
export async function readCheckpoints(
  config: KafkaConfig,
  { environmentPrefixes, kinds, keyOf, isOwn }: CheckpointOptions,
  exists: (topic: string) => Promise<boolean>,
  log: KafkaLog,
): Promise<readonly SeriesCheckpoint[]> {
  const nameOf = (prefix: string, kind: 'position' | 'trade' | 'agg_trade') =>
    config.topicPrefix + prefix + topicOf(kind).name;
  const positionsTopic = nameOf(environmentPrefixes[0] ?? '', 'position');
  const wants = isOwn && ((key: string | null) => key !== null && isOwn(symbolOf(key)));
  const positions = (await exists(positionsTopic)) ? await lastPositions(config, positionsTopic, wants, log) : [];
  const stretches = stretchesOf(positions, keyOf);
  const checkpoints = new Checkpoints(positions, kinds, keyOf);
  const topics = environmentPrefixes.flatMap((prefix) => kinds.map((kind) => nameOf(prefix, kind)));
  const last = stretches.at(-1);
  const sought = soughtFrom(last?.from ?? 0, positions, keyOf);
  for (const topic of topics) {
    if (last === undefined || !(await exists(topic))) continue;
    const read = async ({ from, until }: Stretch): Promise<void> => {
      const fetch = { from: { timeMs: from }, follow: false, until };
      for await (const { record } of readTopic(config, topic, fetch, log, wants)) {
        // Messages of other programs are ignored.
        if (!(record instanceof Fault)) checkpoints.add(record);
      }
    };
    for (const stretch of stretches.slice(0, -1)) await read(stretch);
    const found = await lastTrades(config, topic, sought, last.from, log);
    if (found === undefined) await read(last);
    else for (const record of found) checkpoints.add(record);
  }
  return checkpoints.all();
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

async function lastPositions(
  config: KafkaConfig,
  topic: string,
  wants: ((key: string | null) => boolean) | undefined,
  log: KafkaLog,
): Promise<readonly PlacedPosition[]> {
  const last = new Map<string, PlacedPosition>();
  const whole = { from: 'beginning', follow: false } as const;
  for await (const { record, timestamp } of readTopic(config, topic, whole, log, wants)) {
    if (record instanceof Fault) throw record;
    if (record.kind === 'position') last.set(seriesKey(record), { ...record, appendedAt: timestamp });
  }
  return [...last.values()];
}

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
