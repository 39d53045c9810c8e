import type { Gap } from '../../src/domain/record.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';

/** The records of a topic until its end. */
async function* recordsOf(broker: string, topic: string) {
  const whole = { from: 'beginning', follow: false } as const;
  for await (const { record } of readTopic(kafkaConfig([broker]), topic, whole, () => {})) yield record;
}

/** The latest record of each gap, by name. */
export async function gapsIn(broker: string, topic: string): Promise<ReadonlyMap<string, Gap>> {
  const latest = new Map<string, Gap>();
  for await (const record of recordsOf(broker, topic)) {
    if (!('kind' in record) || record.kind !== 'gap') continue;
    const { venue, symbol, epoch, fromId, toId } = record;
    latest.set(`${venue} ${symbol} ${epoch} ${fromId} ${toId}`, record);
  }
  return latest;
}

/** The ids of a topic's trades, by symbol, and how many came twice. An aggregated trade stands for several. */
export async function tradesIn(broker: string, topic: string) {
  const ids = new Set<string>();
  let repeated = 0;
  for await (const record of recordsOf(broker, topic)) {
    if (!('kind' in record) || record.kind !== 'trade') continue;
    const name = `${record.symbol} ${record.tradeId}`;
    if (ids.has(name)) repeated++;
    ids.add(name);
  }
  return { ids, repeated };
}
