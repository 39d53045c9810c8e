import { stat } from 'node:fs/promises';
import { firstValueFrom, from, type SchedulerLike, throwError, timeout } from 'rxjs';
import { asFault, Fault } from '../domain/fault.ts';
import type { KafkaConfig, KafkaLog } from '../kafka/config.ts';
import type { OffsetAt } from '../kafka/contract.ts';
import { listTopics } from '../kafka/topics.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import {
  type ClientDeps,
  type ClientOptions,
  checkOptions,
  fullNameOf,
  givenOffsets,
  guardLimitsOf,
  isOfTheFeed,
  kafkaConfigOf,
  offsetsOf,
  prefixesOf,
  startOf,
} from './client-options.ts';
import { DEFAULT_GUARD, guardOptions } from './guard/trading-decision.ts';
import { Market } from './market.ts';
import { AlwaysReadTopics } from './memory/always-read-topics.ts';
import { fileBackwardsReader, kafkaBackwardsReader, type ReadTopicBackwards } from './memory/read-topic-backwards.ts';
import { TopicReader } from './reader/topic-reader.ts';
import { FilePlayer } from './source/file-player.ts';
import { fileSource, requireTopicsIn } from './source/file-source.ts';
import { groupSource, type KafkaReach, kafkaSource } from './source/kafka-source.ts';
import { filePastReader, kafkaPastReader, type ReadPast } from './source/read-past.ts';
import type { ClientWarning, TopicSource } from './source/source.ts';
import { type RecordPosition, requireOffsets } from './start-offsets.ts';
import type { TopicName } from './topic-name.ts';
import { Warnings } from './warnings.ts';

/**
 * Connects to the topics of a feed, at Kafka brokers or in a file sink's folder. Resolves when the last prices and
 * status are known. Rejects with a Fault if:
 *
 * - an option is unknown or unusable
 * - the brokers do not answer within `connectTimeoutMs`, refuse the client, or do not have the topics
 * - `from.offsets` has a partition that does not exist, or an offset above its end
 * - the records need a schema registry, and the options have none
 * - the folder does not exist, or has no topic of the environment
 *
 * @example
 * const market = await connectTopics({ brokers: ['localhost:9092'] });
 * console.log(market.latest('BTC')?.price);
 * market.trades$('BTC').subscribe((trade) => console.log(trade.price, trade.quantity));
 */
export function connectTopics(
  options: ClientOptions & { readonly withPosition: true },
  deps?: ClientDeps,
): Promise<Market<RecordPosition>>;
export function connectTopics(options: ClientOptions, deps?: ClientDeps): Promise<Market>;
export async function connectTopics(
  options: ClientOptions,
  deps: ClientDeps = { scheduler: monotonicScheduler, wallClockMs: Date.now },
): Promise<Market<RecordPosition>> {
  checkOptions(options);
  const player = options.clock === 'records' ? new FilePlayer(options.dir ?? '') : undefined;
  const { scheduler, wallClockMs } = player ?? deps;
  const { quote = 'USDT', identityWindow = 10_000, connectTimeoutMs = 10_000 } = options;
  const { gapHaltMs = DEFAULT_GUARD.gapHaltMs } = options;
  const { withPosition = false } = options;
  const warnings = new Warnings(options.onWarning);
  const backend =
    options.dir === undefined
      ? kafkaBackend(options, scheduler, warnings)
      : folderBackend(options.dir, prefixesOf(options).market, player);
  const readerFrom = (name: TopicName, source: TopicSource): TopicReader => {
    const topic = fullNameOf(options, name);
    const warn = (warning: ClientWarning) => warnings.add(warning);
    return new TopicReader({ topic, source, identityWindow, withPosition, warn, scheduler, wallClockMs });
  };
  const fromEnd = (name: TopicName): TopicReader => readerFrom(name, backend.ungrouped('end'));
  const own = { prices: fromEnd('prices'), 'feed-status': fromEnd('feed-status'), gaps: fromEnd('gaps') };
  const alwaysRead = new AlwaysReadTopics(own, gapHaltMs);
  const isGrouped = (name: TopicName): boolean =>
    options.group !== undefined && !isOfTheFeed(name) && name !== 'instruments';
  const offsetsIn = (name: TopicName) => offsetsOf(options, fullNameOf(options, name));
  const readers = {
    newReader: (name: TopicName) => {
      const start = startOf(options, name);
      return readerFrom(name, isGrouped(name) ? backend.grouped(start) : backend.ungrouped(start, offsetsIn(name)));
    },
    onUse: () => player?.begin(),
    canReuseAlwaysRead: (name: TopicName) =>
      startOf(options, name) === 'end' && offsetsIn(name).size === 0 && !isGrouped(name),
  };
  const connect = async (): Promise<void> => {
    await backend.check(Object.values(alwaysRead.readers).map(({ topic }) => topic));
    await alwaysRead.start();
    await alwaysRead.recall(backend.readBackwards, wallClockMs());
  };
  try {
    const late = () => new Fault('connect_timeout', `${backend.where} did not answer within ${connectTimeoutMs} ms`);
    const inTime = timeout({ first: connectTimeoutMs, scheduler: deps.scheduler, with: () => throwError(late) });
    await firstValueFrom(from(connect()).pipe(inTime));
  } catch (error) {
    await alwaysRead.close();
    throw asFault(error);
  }
  return new Market({
    ...readers,
    alwaysRead,
    pastReader: () => {
      const read = backend.pastReader();
      return (name, query) => read(fullNameOf(options, name), query);
    },
    warnings,
    quote,
    guard: guardOptions(guardLimitsOf(options)),
    scheduler,
    wallClockMs,
  });
}

/** Reads the topics from Kafka or from a folder. */
interface TopicBackend {
  /** Names the brokers or the folder in messages. */
  readonly where: string;
  /**
   * Rejects with a Fault if the brokers do not answer or do not have the topics, or if the folder does not exist. It also
   * rejects if a given offset is above its partition's end.
   */
  readonly check: (topics: readonly string[]) => Promise<void>;
  /** `offsets`: where single partitions begin. */
  readonly ungrouped: (start: OffsetAt, offsets?: ReadonlyMap<number, bigint>) => TopicSource;
  readonly grouped: (start: OffsetAt) => TopicSource;
  readonly readBackwards: ReadTopicBackwards;
  /** Makes a reader of what was published until now. */
  readonly pastReader: () => ReadPast<string>;
}

const noLog: KafkaLog = () => {};

function kafkaBackend(options: ClientOptions, scheduler: SchedulerLike, warnings: Warnings): TopicBackend {
  const config = kafkaConfigOf(options);
  const where = `Kafka at ${config.brokers.join(', ')}`;
  const timeoutMs = options.connectTimeoutMs ?? 10_000;
  const known = new Set<string>();
  const check = async (topics: readonly string[]): Promise<void> => {
    if (topics.every((topic) => known.has(topic))) return;
    for (const topic of await listTopics(config, timeoutMs, noLog)) known.add(topic);
    requireAmong(known, topics, config);
  };
  const reach: KafkaReach = { config, log: noLog, scheduler, requireTopic: (topic) => check([topic]) };
  const warn = (warning: ClientWarning) => warnings.add(warning);
  const { group = '', commitEveryMs = 1000, sessionTimeoutMs = 10_000 } = options;
  return {
    where,
    check: async (topics) => {
      const offsets = givenOffsets(options) ?? [];
      await check([...topics, ...offsets.map(({ topic }) => topic)]);
      await requireOffsets(config, offsets, noLog);
    },
    ungrouped: (otherwise, offsets = new Map()) =>
      kafkaSource(reach, offsets.size === 0 ? otherwise : { offsets, otherwise, onlyThese: false }),
    grouped: (start) => groupSource(reach, { group, start, commitEveryMs, sessionTimeoutMs }),
    readBackwards: kafkaBackwardsReader(config, noLog),
    pastReader: () => kafkaPastReader({ ...reach, withPosition: options.withPosition ?? false, warn }),
  };
}

function requireAmong(known: ReadonlySet<string>, topics: readonly string[], config: KafkaConfig): void {
  const missing = topics.filter((topic) => !known.has(topic));
  if (missing.length === 0) return;
  const others = [...known].filter((topic) => topic.startsWith(config.topicPrefix)).sort();
  const there = others.length === 0 ? `none that begins with "${config.topicPrefix}"` : others.join(', ');
  throw new Fault('unavailable', `no topic ${missing.join(', ')} at ${config.brokers.join(', ')}; there are: ${there}`);
}

function folderBackend(dir: string, prefix: string, player: FilePlayer | undefined): TopicBackend {
  const ungrouped = (start: OffsetAt) => player?.source(start) ?? fileSource(dir, start);
  return {
    where: dir,
    check: async (topics) => {
      const found = await stat(dir).catch(() => undefined);
      if (found?.isDirectory() !== true) throw new Fault('unavailable', `no folder ${dir}`);
      await requireTopicsIn(dir, prefix);
      await player?.open(topics);
    },
    ungrouped,
    grouped: ungrouped,
    // Before the first record of a backtest, nothing is known.
    readBackwards: player === undefined ? fileBackwardsReader(dir) : async () => {},
    pastReader: () => filePastReader(dir, player?.wallClockMs() ?? Number.POSITIVE_INFINITY),
  };
}
