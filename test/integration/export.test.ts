import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { expect, it } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { encodeSingleObject } from '../../src/codec/wire-format.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';
import { parquetRows } from '../sinks/parquet/parquet-rows.ts';

it('market-feed export writes a topic; after an interruption, the same command writes it whole', async () => {
  const to = await testFolder();
  const brokers = await sharedBrokers();
  const prefix = `${randomUUID()}.`;
  const environment = {
    MARKET_FEED__KAFKA__BROKERS: brokers.join(','),
    MARKET_FEED__KAFKA__TOPIC_PREFIX: prefix,
    MARKET_FEED__KAFKA__PARTITIONS: '1',
  };
  const run = async (argv: readonly string[], more: Partial<ReturnType<typeof fakeIo>> = {}) => {
    const io = { ...fakeIo(environment), ...more };
    const code = await dispatch([...argv, '--config', 'config/market-feed.yaml'], io);
    return { code, out: io.out.text(), err: io.err.text() };
  };
  expect(await run(['topics', 'create'])).toMatchObject({ code: 0 });
  const producer = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).producer();
  await producer.connect();
  const values = [tradeEvent(1), tradeEvent(2), undefined, tradeEvent(3)].map((trade) =>
    trade === undefined ? 'no record' : encodeSingleObject(trade),
  );
  await producer.send({ topic: `${prefix}trades`, messages: values.map((value) => ({ key: 'BTCUSDT', value })) });
  const late = { key: 'BTCUSDT', value: encodeSingleObject(tradeEvent(4)) };
  await producer.send({ topic: `${prefix}late-trades`, messages: [late] });
  await producer.disconnect();

  const stopping = new AbortController();
  const { err } = fakeIo();
  const aborting = {
    ...err,
    write: async (text: string) => {
      await err.write(text);
      stopping.abort('SIGINT');
    },
  };
  const command = ['export', '--from', 'trades', '--to', to];
  const interrupted = await run(command, { err: aborting, signal: stopping.signal });
  expect(interrupted).toMatchObject({
    code: 1,
    err: expect.stringContaining('interrupted: run the same command again'),
  });
  expect((await readdir(to)).filter((name) => !name.startsWith('.'))).toEqual([]);

  expect(await run(command)).toMatchObject({ code: 0, out: '{"records":4,"left_out":1}\n' });
  expect((await parquetRows(to, 'trades')).map((row) => row.trade_id).sort()).toEqual(['1', '2', '3', '4']);
  expect((await readdir(to)).filter((name) => name.endsWith('.part'))).toEqual([]);
  expect(await run(command)).toMatchObject({ code: 2, err: expect.stringContaining(`${join(to, 'trades')} exists`) });
});
