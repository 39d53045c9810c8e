import { setTimeout as delay } from 'node:timers/promises';
import { asyncScheduler } from 'rxjs';
import { expect } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { SinkDriver } from '../../src/sinks/driver/sink-driver.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { trade } from '../sinks/fake-sink.ts';

/* Trades with the ids 1, 2, 3…, from a sink driver to a topic and back. */

const quiet = () => {};

export async function read(of: KafkaConfig, topic: string): Promise<FeedRecord[]> {
  const records: FeedRecord[] = [];
  const options = { from: 'beginning', follow: false } as const;
  for await (const { record } of readTopic(of, of.topicPrefix + topic, options, quiet)) {
    if (record instanceof Fault) throw record;
    records.push(record);
  }
  return records;
}

const SYMBOLS = Array.from({ length: 20 }, (_, index) => `C${index}USDT`);

/** Pushes trades 1, 2, 3… through a driver to Kafka, at a fixed rate, until it is stopped. */
export function feed(of: KafkaConfig, perSecond: number) {
  const states: string[] = [];
  const latencies: number[] = [];
  const pushedAt: number[] = [];
  const driver = new SinkDriver(newKafkaSink(of), {
    scheduler: asyncScheduler,
    onState: (state, reason) => states.push(`${state}: ${reason}`),
    onDelivered: (records) => {
      const now = performance.now();
      for (const { record } of records) {
        if (record.kind === 'trade') latencies.push(now - (pushedAt[Number(record.tradeId)] as number));
      }
    },
  });
  let count = 0;
  let going = true;
  const running = (async () => {
    await driver.opened;
    const start = performance.now();
    while (going) {
      const due = ((performance.now() - start) / 1000) * perSecond;
      while (count < due) {
        count++;
        pushedAt[count] = performance.now();
        driver.push(trade(count, SYMBOLS[count % SYMBOLS.length]));
      }
      await delay(5);
    }
  })();
  return {
    driver,
    states,
    latencies,
    get count() {
      return count;
    },
    async stop(timeoutMs: number) {
      going = false;
      await running;
      return driver.close({ timeoutMs });
    },
  };
}

/** Expects each trade from 1 to `count` once, in order within its symbol. */
export async function expectOnceEach(of: KafkaConfig, count: number): Promise<void> {
  const ids = new Map<string, number[]>();
  for (const record of await read(of, 'trades')) {
    if (record.kind !== 'trade') continue;
    const own = ids.get(record.symbol) ?? [];
    own.push(Number(record.tradeId));
    ids.set(record.symbol, own);
  }
  for (const [index, symbol] of SYMBOLS.entries()) {
    const expected: number[] = [];
    for (let id = index === 0 ? SYMBOLS.length : index; id <= count; id += SYMBOLS.length) expected.push(id);
    expect(ids.get(symbol) ?? []).toEqual(expected);
  }
}
