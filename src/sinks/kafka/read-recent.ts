import { setImmediate } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { fetchBackwards, type TakeBackwards } from '../../kafka/reading/fetch-backwards.ts';
import { type MessageDecoder, newMessageDecoder } from '../../kafka/reading/read-topic.ts';
import type { Recent, RecentOptions } from '../contract.ts';
import { Lookback, type LookbackBounds, recentOf, type Sought, soughtOf } from '../resume/lookback.ts';

/** Number of records that are handled before other work gets a turn of the event loop. */
const AT_ONCE = 500;
/** Maximum numbers of records to read of each partition. */
const BOUNDS: LookbackBounds = { span: 200_000, count: 30_000 };

/** Reads the recent records from the topics; see `Sink.recent`. `exists` gets full topic names. */
export async function readRecent(
  config: KafkaConfig,
  options: RecentOptions,
  exists: (topic: string) => Promise<boolean>,
  log: KafkaLog,
  bounds: LookbackBounds = BOUNDS,
): Promise<Recent> {
  const decode = newMessageDecoder(config);
  const lookBack = async (sought: Sought): Promise<readonly Lookback[]> => {
    const topic = config.topicPrefix + sought.topic;
    if (sought.series.length === 0 || !(await exists(topic))) return [];
    const lookbacks = new Map<number, Lookback>();
    await fetchBackwards(
      config,
      topic,
      (layout) => {
        const byPartition = Map.groupBy(sought.series, ({ key }) => layout.partitionOf(key));
        for (const [partition, series] of byPartition)
          lookbacks.set(partition, new Lookback({ ...sought, series }, bounds));
        return new Map([...lookbacks].map(([partition, lookback]) => [partition, takerOf(lookback, decode)]));
      },
      log,
    );
    return [...lookbacks.values()];
  };
  return recentOf((await Promise.all(soughtOf(options).map(lookBack))).flat());
}

function takerOf(lookback: Lookback, decode: MessageDecoder): TakeBackwards {
  return async (messages, isFirst) => {
    for (const [index, { key, value }] of [...messages.entries()].toReversed()) {
      // Venues may already send trades, so other work gets a turn of the event loop.
      if (index % AT_ONCE === 0) await setImmediate();
      // The oldest message of a call is always decoded, because its time shows how far back reading got.
      const isSought = index === 0 || (key !== null && lookback.seeks(key));
      const record = value === null || !isSought ? undefined : await decode(value);
      if (record === undefined || record instanceof Fault) lookback.pass();
      else lookback.add(record);
    }
    if (isFirst) lookback.end();
    return lookback.isEnough ? 'stop' : 'continue';
  };
}
