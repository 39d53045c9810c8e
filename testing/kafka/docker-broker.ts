import { GenericContainer, getContainerRuntimeClient, ImageName, Wait } from 'testcontainers';
import { freePort } from '../processes/free-port.ts';
import { SHORT_LIVED } from '../tools/java.ts';
import { type Broker, type BrokerOptions, configOf } from './broker.ts';
import { addressesOf, brokerSettings, kafkaVersion, proxiedName } from './broker-settings.ts';
import { waitForBroker } from './wait-for-broker.ts';

type Engine = Awaited<ReturnType<typeof getContainerRuntimeClient>>;

/**
 * Images to try, in order. deploy/kafka-test-image/build.sh builds the second one, for machines without an image
 * registry.
 */
const images = process.env.KAFKA_IMAGE
  ? [process.env.KAFKA_IMAGE]
  : [`apache/kafka:${kafkaVersion}`, `market-feed/kafka-test:${kafkaVersion}`];
/**
 * The helper container of testcontainers, in the version that the library uses. It removes containers of a killed
 * process.
 */
const reaper = process.env.RYUK_CONTAINER_IMAGE ?? 'testcontainers/ryuk:0.14.0';

/** Why no broker can run in a container here; undefined if one can. */
export async function whyNoDocker(): Promise<string | undefined> {
  try {
    return (await findImage(await getContainerRuntimeClient())) === undefined
      ? `a Docker engine answers, but it has none of ${images.join(', ')} and cannot pull them`
      : undefined;
  } catch (error) {
    return `no Docker engine: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function findImage(engine: Engine): Promise<string | undefined> {
  for (const image of images) {
    if (await engine.image.exists(ImageName.fromString(image))) return image;
  }
  for (const image of images) {
    if (await canPull(engine, image)) return image;
  }
  return undefined;
}

async function canPull(engine: Engine, image: string): Promise<boolean> {
  const name = ImageName.fromString(image);
  if (await engine.image.exists(name)) return true;
  return engine.image.pull(name).then(
    () => true,
    () => false,
  );
}

/** The environment variable of the image apache/kafka for a setting. */
const variableOf = (key: string): string => `KAFKA_${key.toUpperCase().replaceAll('-', '___').replaceAll('.', '_')}`;

/** Starts a Kafka broker in a container, as a KRaft cluster of one node. */
export async function startDockerBroker(options: BrokerOptions): Promise<Broker> {
  const engine = await getContainerRuntimeClient();
  const image = await findImage(engine);
  if (image === undefined) throw new Error(await whyNoDocker());
  if (!(await canPull(engine, reaper))) process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const host = engine.info.containerRuntime.host;
  // The broker must know the address for its clients before it starts, so the port of the host is chosen here.
  const port = await freePort();
  const further = await Promise.all(
    Object.entries(options.listeners ?? {}).map(async ([name, protocol], index) => {
      const [inside, outside] = [9094 + index, await freePort()];
      const addresses = { bound: `0.0.0.0:${inside}`, advertised: `${host}:${outside}` };
      return { name: name.toUpperCase(), protocol, ...addresses, ports: { container: inside, host: outside } };
    }),
  );
  const proxied = await Promise.all(
    (options.proxies ?? []).map(async (advertised, index) => {
      const ports = { container: 9194 + index, host: await freePort() };
      const bound = `0.0.0.0:${ports.container}`;
      return { name: proxiedName(index), protocol: 'PLAINTEXT', bound, advertised, ports };
    }),
  );
  const address = `${host}:${port}`;
  const plain = { name: 'PLAINTEXT', protocol: 'PLAINTEXT', bound: '0.0.0.0:9092', advertised: address };
  const settings = brokerSettings({
    listeners: [plain, ...further, ...proxied],
    inside: '127.0.0.1:9191',
    controller: '127.0.0.1:9093',
    node: 1,
    data: '/tmp/kafka-data',
    config: configOf(options, host),
  });
  const environment = Object.fromEntries(Object.entries(settings).map(([key, value]) => [variableOf(key), value]));
  const compiler = options.isForLong === true ? [] : [SHORT_LIVED];
  const container = await new GenericContainer(image)
    .withExposedPorts({ container: 9092, host: port }, ...[...further, ...proxied].map(({ ports }) => ports))
    .withEnvironment({ KAFKA_HEAP_OPTS: ['-Xmx384m', ...compiler].join(' '), ...environment })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(60_000)
    .start();
  const raw = engine.container.getById(container.getId());

  async function close(): Promise<void> {
    await container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  async function ready(): Promise<void> {
    await waitForBroker(host, port);
  }

  try {
    await ready();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    way: 'docker',
    brokers: [address],
    listeners: addressesOf(further),
    proxied: proxied.map(({ ports }) => `${host}:${ports.host}`),
    async start() {
      await raw.start();
      await ready();
    },
    async stop() {
      await raw.stop({ t: 30 });
    },
    async kill() {
      await raw.kill();
      await raw.wait();
    },
    close,
  };
}
