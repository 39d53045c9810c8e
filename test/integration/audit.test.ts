import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { messageKeyOf } from '../../src/codec/environment-topics.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { Random } from '../../src/simulator/market/random.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { runPython } from '../../testing/tools/python.ts';
import { type AuditedTopics, auditedRecords } from '../audit/audited-records.ts';
import { differencesOf } from '../audit/differences-of.ts';
import { MUTATION_KINDS, type MutatedTopic, mutated } from '../audit/mutations.ts';
import { writeTopics } from '../audit/write-topics.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';

const SEED = 34;
const TOPICS: readonly MutatedTopic[] = ['trades', 'late-trades', 'gaps', 'audits', 'trade-stats'];
/** Of each kind in each topic: 1,005 in all at full length. */
const MUTATIONS = isLong ? 67 : 4;

/** A mutation of each kind in each topic, several times. */
function mutationsOf(topics: readonly MutatedTopic[], records: AuditedTopics) {
  const random = new Random(SEED);
  return topics.flatMap((topic) =>
    MUTATION_KINDS.flatMap((kind) => Array.from({ length: MUTATIONS }, () => mutated(records, topic, kind, random))),
  );
}

describe('the audit of changed records', () => {
  const records = auditedRecords(SEED);

  it('finds each deletion, changed digit and swap, and names its minute', async () => {
    for (const { topics, text, venue, symbol, minutes } of mutationsOf(TOPICS, records)) {
      const { differences } = await differencesOf(topics);
      const found = differences.filter((each) => each.venue === venue && each.symbol === symbol);
      expect(
        found.map(({ minute }) => minute),
        text,
      ).toEqual(expect.arrayContaining([expect.toBeOneOf(minutes)]));
    }
  });

  it('in Python finds each one in trades and gaps, and nothing in the records of a feed', async () => {
    const mutations = mutationsOf(['trades', 'gaps'], records);
    const whole = await testFolder();
    await writeTopics(whole, records);
    const folders = await Promise.all(
      mutations.map(async ({ topics }) => {
        const dir = await testFolder();
        await writeTopics(dir, topics);
        return dir;
      }),
    );
    const example = join('..', '..', 'examples', 'audit.py');
    expect(await runPython(example, [whole])).toEqual({ stdout: '', stderr: '', code: 0 });

    const { stdout, stderr, code } = await runPython(example, folders);
    expect({ stderr, code }).toEqual({ stderr: '', code: 1 });
    const found = Map.groupBy(stdout.trimEnd().split('\n'), (line) => line.split(' ')[0]);
    for (const [index, { text, venue, symbol, minutes }] of mutations.entries()) {
      const lines = found.get(folders[index]) ?? [];
      const places = minutes.map((minute) => `${new Date(minute).toISOString().slice(0, 16)}Z ${venue} ${symbol} `);
      expect(
        lines.some((line) => places.some((place) => line.includes(place))),
        `${text}: ${lines.join('\n')}`,
      ).toBe(true);
    }
  });
});

describe('market-feed audit of topics in Kafka', () => {
  let environment: Readonly<Record<string, string>>;
  beforeAll(async () => {
    environment = {
      MARKET_FEED__KAFKA__BROKERS: (await sharedBrokers()).join(','),
      MARKET_FEED__KAFKA__TOPIC_PREFIX: `${randomUUID()}.`,
      MARKET_FEED__KAFKA__PARTITIONS: '2',
      MARKET_FEED__FEED__VENUES: 'bybit',
    };
  });

  async function call(...argv: string[]) {
    const io = fakeIo(environment);
    const code = await dispatch([...argv, '--config', 'config/market-feed.yaml'], io);
    return { code, out: io.out.text(), err: io.err.text() };
  }

  it('prints the same as for a folder', async () => {
    const missing = await call('audit');
    expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('no topics') });
    await call('topics', 'create');
    const records = auditedRecords(SEED);
    const damaged = { ...records, trades: records.trades.toSpliced(200, 1) };
    const sink = newKafkaSink(loadConfig({ environment }).kafka);
    await sink.open();
    for (const [topic, all] of Object.entries<readonly FeedRecord[]>(damaged))
      await sink.write(all.map((record) => ({ topic, key: messageKeyOf(record, 'failover'), record })));
    await sink.close();

    const dir = await testFolder();
    await writeTopics(dir, damaged);
    const ofFolder = await call('audit', '--dir', dir, '--json');
    expect(ofFolder.code).toBe(1);
    const sorted = (text: string): string[] => text.split('\n').sort();
    for (const argv of [
      ['audit', '--topic', '--json'],
      ['audit', '--json'],
    ]) {
      const ofTopics = await call(...argv);
      expect(ofTopics).toMatchObject({ code: 1, err: '' });
      expect(sorted(ofTopics.out)).toEqual(sorted(ofFolder.out));
    }
  });
});
