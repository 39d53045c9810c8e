import { randomUUID } from 'node:crypto';
import { asyncScheduler } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { readTopic } from '../../src/kafka/read-topic.ts';
import { createDrain } from '../../src/sinks/drain.ts';
import { createKafkaSink } from '../../src/sinks/kafka/sink.ts';
import { short, tick, trade } from '../sinks/fake-sink.ts';
import { freePort } from '../support/free-port.ts';
import { sharedBrokers } from '../support/kafka-broker.ts';
import { kafkaConfig } from '../support/kafka-config.ts';
import { runPython } from '../support/python.ts';
import { type SchemaRegistry, startRegistry } from '../support/schema-registry.ts';

const quiet = () => {};
let brokers: string[];
let registry: SchemaRegistry;
beforeAll(async () => {
  brokers = await sharedBrokers();
  registry = await startRegistry();
});
afterAll(() => registry?.close());

const schemaRegistry = (url: string, register = true) => ({ url, register, user: null, password: null, caFile: null });

function drainTo(config: KafkaConfig) {
  const states: string[] = [];
  const sink = createKafkaSink({ config, environmentPrefixes: [''], log: quiet, now: () => performance.now() });
  const drain = createDrain(sink, {
    scheduler: asyncScheduler,
    onState: (state, reason) => states.push(`${state}: ${reason}`),
  });
  return { drain, states };
}

describe('the Kafka sink with a schema registry', () => {
  it('registers its schemas and writes what Python reads by schema id, and we too', async () => {
    const of = kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, schemaRegistry: schemaRegistry(registry.url) });
    const { drain } = drainTo(of);
    for (let id = 1; id <= 100; id++) drain.push(trade(id));
    drain.push(tick('61837.63'));
    await drain.opened;
    expect(await drain.close({ deadlineMs: 10_000 })).toEqual({ undelivered: 0, spilled: 0 });

    const topic = `${of.topicPrefix}trades`;
    const { stdout, stderr, code } = await runPython('read_topic.py', [
      ...['--brokers', brokers.join(','), '--topic', topic, '--registry', registry.url],
    ]);
    expect(code, stderr).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { record: { trade_id: string; price: string } });
    expect(lines.map(({ record }) => Number(record.trade_id))).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
    expect(lines[0]?.record.price).toBe('61837.63');

    const seen: string[] = [];
    for await (const { record } of readTopic(of, topic, { from: 'beginning', follow: false }, quiet)) {
      seen.push(record instanceof Fault ? record.message : short({ topic, key: '', record }));
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => `t${index + 1}`));

    const again = drainTo({ ...of, schemaRegistry: schemaRegistry(registry.url, false) });
    await again.drain.opened;
    await again.drain.close({ deadlineMs: 1000 });
  }, 60_000);

  it('does not open where its schemas are to be looked up only and are not there', async () => {
    const of = kafkaConfig(brokers, {
      topicPrefix: `${randomUUID()}.`,
      schemaRegistry: schemaRegistry(registry.url, false),
    });
    const { drain, states } = drainTo(of);
    await expect(drain.opened).rejects.toThrow('our schema is not under');
    expect(states[0]).toContain('down: schema registry: our schema is not under');
    await drain.close({ deadlineMs: 0 });
  });

  it('waits for a registry that is away, and says so', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const of = kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, schemaRegistry: schemaRegistry(url) });
    const { drain, states } = drainTo(of);
    drain.push(trade(1));
    await expect.poll(() => states, { timeout: 10_000 }).toEqual([expect.stringContaining('ECONNREFUSED')]);
    expect(drain.stats()).toMatchObject({ state: 'down', queued: 1 });
    expect(await drain.close({ deadlineMs: 100 })).toEqual({ undelivered: 1, spilled: 0 });
  });
});
