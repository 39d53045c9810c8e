import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Brokers } from '../../src/kafka/brokers.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { root } from '../../testing/tools/tools.ts';

const run = promisify(execFile);

describe('a connection with @platformatic/kafka', () => {
  let sockets: Set<Socket>;
  let server: ReturnType<typeof createServer>;
  let config: KafkaConfig;
  let onConnection: (socket: Socket) => void;

  beforeEach(async () => {
    sockets = new Set();
    onConnection = () => {};
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      onConnection(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    config = kafkaConfig([`127.0.0.1:${(server.address() as AddressInfo).port}`], { client: 'platformatic' });
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  const sasl = { mechanism: 'plain', username: 'u', password: { reveal: () => 'p' } } as const;
  it.each<[string, Partial<KafkaConfig>, topics?: string[]]>([
    ['waits for an answer', {}],
    [
      'has more to send than the broker reads',
      {},
      Array.from({ length: 100_000 }, (_, index) => `${index}`.padEnd(200, 'x')),
    ],
    ['negotiates TLS', { ssl: true }],
    ['logs in', { sasl }],
  ])('rejects its request at once and stays closed if it is ended while it %s', async (_, over, topics = []) => {
    const connection = new Brokers({ ...config, ...over }, () => {});
    const received = new Promise<void>((resolve) => {
      onConnection = (socket) =>
        socket.once('data', () => {
          socket.pause();
          resolve();
        });
    });
    const asked = connection.metadata(topics).catch((error: unknown) => error);
    await received;
    const began = performance.now();
    connection.end();
    expect(await asked).toBeInstanceOf(Error);
    expect(performance.now() - began).toBeLessThan(limitMs(500));
    for (const socket of sockets) socket.resume();
    await expect.poll(() => sockets.size).toBe(0);
    await expect(connection.metadata([])).rejects.toThrow('closed');
    expect(sockets.size).toBe(0);
  });

  it('tries the next broker if one refuses, and names the last broker in the error', async () => {
    onConnection = (socket) => socket.destroy();
    const [broker = ''] = config.brokers;
    const connection = new Brokers({ ...config, brokers: ['127.0.0.1:1', broker] }, () => {});
    await expect(connection.metadata([])).rejects.toMatchObject({ broker, name: 'HungUpError' });
    connection.end();
  });
});

describe('the packages of the Kafka clients', () => {
  /**
   * Returns a script that writes with a sink and reads its checkpoints, while the package `missing` cannot be resolved.
   * It prints the errors.
   */
  const script = (config: KafkaConfig, missing: string) => `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (name === '${missing}' || name.startsWith('${missing}/'))
        throw Object.assign(new Error('no such package'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    } });
    const { KafkaSink } = await import('./src/sinks/kafka/sink.ts');
    const { GroupMember } = await import('./src/kafka/groups/group-member.ts');
    const config = ${JSON.stringify(config)};
    const sink = new KafkaSink({ config, environmentPrefixes: [''], log() {}, now: () => 0, wallClockMs: Date.now });
    try {
      await sink.open();
      await sink.checkpoints({ environmentPrefixes: [''], kinds: ['trade', 'agg_trade'] });
      const member = new GroupMember(config, config.topicPrefix + 'trades', { group: config.topicPrefix, sessionTimeoutMs: 10000 }, () => {});
      const share = await member.join();
      await member.leave();
      console.log(JSON.stringify({ partitions: share.size }));
    } catch (fault) {
      console.log(JSON.stringify({ message: fault.message, retry: fault.retry.kind }));
    }
    await sink.close();`;
  const said = async (config: KafkaConfig, missing: string): Promise<unknown> => {
    const options = { cwd: root, timeout: 60_000 };
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script(config, missing)], options);
    return JSON.parse(stdout);
  };
  const clientOf = async (client: KafkaConfig['client']) =>
    kafkaConfig(await sharedBrokers(), { client, topicPrefix: `${randomUUID()}.`, partitions: 3 });

  it.each([
    ['kafkajs', '@platformatic/kafka'],
    ['platformatic', 'kafkajs'],
  ] as const)('%s writes, reads and joins groups without the package %s', async (client, missing) => {
    expect(await said(await clientOf(client), missing)).toEqual({ partitions: 3 });
  });

  it.each([
    ['kafkajs', 'kafkajs', 'kafkajs@2.2.4'],
    ['platformatic', '@platformatic/kafka', '@platformatic/kafka@2.12.1'],
  ] as const)('the error names the package to install if it is missing: %s', async (client, missing, name) => {
    const message = expect.stringContaining(`npm install ${name}`);
    expect(await said(await clientOf(client), missing)).toEqual({ message, retry: 'never' });
  });
});
