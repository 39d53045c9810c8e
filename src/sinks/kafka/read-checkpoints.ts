import { type MarketKeyOf, symbolKey } from '../../codec/environment-topics.ts';
import { topicOf } from '../../codec/topics.ts';
import { Fault } from '../../domain/fault.ts';
import type { FeedRecord, Position } from '../../domain/record.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { fetchBackwards, type TakeBackwards } from '../../kafka/reading/fetch-backwards.ts';
import { newMessageDecoder, readTopic } from '../../kafka/reading/read-topic.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { CheckpointOptions, OwnPart, SeriesCheckpoint } from '../contract.ts';
import { Checkpoints, latestEpochs, seriesKey } from '../resume/checkpoints.ts';
import { type LastTrades, lastTradesOf, type SoughtTrade } from './last-trades.ts';

/** A position and when the broker took it, milliseconds since 1970. */
export interface PlacedPosition extends Position {
  readonly takenAt: number;
}

/** Append times to read from and to, milliseconds; without `until` to the end. */
export interface Stretch {
  readonly from: number;
  readonly until?: number;
}

/**
 * Positions of all that is followed are written every 10 s, so the last trade of a series was taken by then, or not long
 * after; the rest is for brokers' clocks that differ, and for aggregated trades, of which positions say nothing.
 */
const MARGIN_MS = 60_000;

/** The checkpoints in the topics, as Sink promises them; `exists` is asked for full names. */
export async function readCheckpoints(
  config: KafkaConfig,
  { environmentPrefixes, kinds, keyOf, own }: CheckpointOptions,
  exists: (topic: string) => Promise<boolean>,
  log: KafkaLog,
): Promise<readonly SeriesCheckpoint[]> {
  const nameOf = (prefix: string, kind: 'position' | 'trade' | 'agg_trade') =>
    config.topicPrefix + prefix + topicOf(kind).name;
  const positionsTopic = nameOf(environmentPrefixes[0] ?? '', 'position');
  const isOwn = own === undefined ? undefined : (key: string | null) => key !== null && own.has(symbolOf(key));
  const positions = (await exists(positionsTopic)) ? await lastPositions(config, positionsTopic, isOwn, log) : [];
  const stretches = stretchesOf(positions, keyOf);
  const checkpoints = new Checkpoints(positions, kinds, keyOf);
  const topics = environmentPrefixes.flatMap((prefix) => kinds.map((kind) => nameOf(prefix, kind)));
  const last = stretches.at(-1);
  const sought = soughtFrom(last?.from ?? 0, positions, keyOf);
  for (const topic of topics) {
    if (last === undefined || !(await exists(topic))) continue;
    const read = async ({ from, until }: Stretch, mayBeIn?: OwnPart['mayBeIn']): Promise<void> => {
      const fetch = { from: { timeMs: from }, follow: false, until, mayBeIn };
      for await (const { record } of readTopic(config, topic, fetch, log, isOwn)) {
        // what is not ours ends nothing
        if (!(record instanceof Fault)) checkpoints.add(record);
      }
    };
    for (const stretch of stretches.slice(0, -1)) await read(stretch, own?.mayBeIn);
    const found = await lastTrades(config, topic, sought, last.from, log);
    if (found === undefined) await read(last);
    else for (const record of found) checkpoints.add(record);
  }
  return checkpoints.all();
}

/** What the last trades have to be of: the epochs that may go on of what was followed to the end, or nearly; by key. */
function soughtFrom(
  from: number,
  positions: readonly PlacedPosition[],
  keyOf: MarketKeyOf = symbolKey,
): ReadonlyMap<string, SoughtTrade> {
  const late = latestEpochs(positions, keyOf).filter(({ takenAt }) => takenAt >= from);
  return new Map(
    late.map((of) => [keyOf(of), { epoch: of.epoch, isThere: of.tradeId !== null && of.timestamp >= from }]),
  );
}

/**
 * The last trades from a time on, in their order; undefined: they have to be looked for everywhere, as
 * the topic may have been given partitions since.
 */
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
  return readers.some(({ isDoubtful }) => isDoubtful) ? undefined : readers.flatMap(({ found }) => found);
}

type IsOwn = ((key: string | null) => boolean) | undefined;

/** Of `BTCUSDT` and of `binance:BTCUSDT`. */
const symbolOf = (key: string): string => key.slice(key.lastIndexOf(':') + 1);

async function lastPositions(
  config: KafkaConfig,
  topic: string,
  isOwn: IsOwn,
  log: KafkaLog,
): Promise<readonly PlacedPosition[]> {
  const last = new Map<string, PlacedPosition>();
  const whole = { from: 'beginning', follow: false } as const;
  for await (const { record, timestamp } of readTopic(config, topic, whole, log, isOwn)) {
    if (record instanceof Fault) throw record;
    if (record.kind === 'position') last.set(seriesKey(record), { ...record, takenAt: timestamp });
  }
  return [...last.values()];
}

/**
 * Where the last trades lie of the series that may go on, by `latestEpochs`. One that was followed to
 * the end ends near the newest position of all; one that was not, soon after its own.
 */
export function stretchesOf(positions: readonly PlacedPosition[], keyOf?: MarketKeyOf): readonly Stretch[] {
  if (positions.length === 0) return [];
  const newest = Math.max(...positions.map(({ takenAt }) => takenAt));
  const times = [...latestEpochs(positions, keyOf).map(({ takenAt }) => takenAt), newest].toSorted((a, b) => a - b);
  const stretches: { from: number; until: number }[] = [];
  for (const takenAt of times) {
    const [from, until] = [takenAt - MARGIN_MS, takenAt + MARGIN_MS];
    const last = stretches.at(-1);
    if (last !== undefined && from <= last.until) last.until = until;
    else stretches.push({ from, until });
  }
  return stretches.map(({ from, until }, index) => (index < stretches.length - 1 ? { from, until } : { from }));
}
