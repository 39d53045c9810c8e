import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { PlatformaticConnection } from '../../src/kafka/platformatic/platformatic.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { root } from '../../testing/tools/tools.ts';

const run = promisify(execFile);

describe('a connection by @platformatic/kafka', () => {
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
    ['has asked', {}],
    [
      'has more to send than the broker takes',
      {},
      Array.from({ length: 100_000 }, (_, index) => `${index}`.padEnd(200, 'x')),
    ],
    ['speaks of TLS', { ssl: true }],
    ['logs in', { sasl }],
  ])('is over at once when it is ended while it %s, and opens none any more', async (_, over, topics = []) => {
    const connection = new PlatformaticConnection({ ...config, ...over });
    const heard = new Promise<void>((resolve) => {
      onConnection = (socket) =>
        socket.once('data', () => {
          socket.pause();
          resolve();
        });
    });
    const asked = connection.metadata(topics).catch((error: unknown) => error);
    await heard;
    const began = performance.now();
    connection.end();
    expect(await asked).toBeInstanceOf(Error);
    expect(performance.now() - began).toBeLessThan(500);
    for (const socket of sockets) socket.resume();
    await expect.poll(() => sockets.size).toBe(0);
    await expect(connection.metadata([])).rejects.toThrow('closed');
    expect(sockets.size).toBe(0);
  });

  it('goes to the next broker where one refuses, and says which one it was at the end', async () => {
    onConnection = (socket) => socket.destroy();
    const [broker = ''] = config.brokers;
    const connection = new PlatformaticConnection({ ...config, brokers: ['127.0.0.1:1', broker] });
    await expect(connection.metadata([])).rejects.toMatchObject({ broker, name: 'HungUpError' });
    connection.end();
  });
});

describe('the package @platformatic/kafka', () => {
  /** What `open` of a producer says, with no broker, where the package cannot be resolved. */
  const script = (client: KafkaConfig['client']) => `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (name === '@platformatic/kafka') throw Object.assign(new Error('no such package'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    } });
    const { RepeatingProducer } = await import('./src/sinks/kafka/producer.ts');
    const config = ${JSON.stringify(kafkaConfig(['127.0.0.1:1'], { client }))};
    const producer = new RepeatingProducer({ config, log() {}, now: () => 0 });
    const fault = await producer.open(new Map()).catch((error) => error);
    console.log(JSON.stringify({ message: fault.message, retry: fault.retry.kind }));
    await producer.close();`;
  const said = async (client: KafkaConfig['client']): Promise<unknown> => {
    const options = { cwd: root, timeout: 20_000 };
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script(client)], options);
    return JSON.parse(stdout);
  };

  it('is not needed by who writes with kafkajs', async () => {
    expect(await said('kafkajs')).toEqual({ message: expect.stringContaining('ECONNREFUSED'), retry: 'backoff' });
  });

  it('is named where it is wanted and missing', async () => {
    const message = expect.stringContaining('npm install @platformatic/kafka@2.12.1');
    expect(await said('platformatic')).toEqual({ message, retry: 'never' });
  });
});
