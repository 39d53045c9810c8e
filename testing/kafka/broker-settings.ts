export const kafkaVersion = '4.3.1';

/** A listener: the address that the broker binds, and the address that clients use, as host:port. */
export interface Listener {
  readonly name: string;
  readonly protocol: string;
  readonly bound: string;
  readonly advertised: string;
}

interface Addresses {
  /** Listeners for clients. */
  readonly listeners: readonly Listener[];
  /** The address at which the broker connects to itself, for example to end a transaction. Clients may use another. */
  readonly inside: string;
  readonly controller: string;
  /** Number of this broker in its cluster. Broker 1 is also the controller. */
  readonly node: number;
  readonly data: string;
  readonly config: Readonly<Record<string, string>>;
}

/** The server.properties of a test broker. They are the same for Docker and Java. */
export function brokerSettings(addresses: Addresses): Record<string, string> {
  const { inside, controller, node } = addresses;
  const bound = node === 1 ? [`CONTROLLER://${controller}`] : [];
  const listeners = [
    { name: 'INSIDE', protocol: 'PLAINTEXT', bound: inside, advertised: inside },
    ...addresses.listeners,
  ];
  const protocols = listeners.map(({ name, protocol }) => `${name}:${protocol}`);
  return {
    'process.roles': node === 1 ? 'broker,controller' : 'broker',
    'node.id': String(node),
    'controller.quorum.voters': `1@${controller}`,
    listeners: [...listeners.map((one) => `${one.name}://${one.bound}`), ...bound].join(),
    'advertised.listeners': listeners.map(({ name, advertised }) => `${name}://${advertised}`).join(),
    'listener.security.protocol.map': [...protocols, 'CONTROLLER:PLAINTEXT'].join(),
    'inter.broker.listener.name': 'INSIDE',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': addresses.data,
    'num.partitions': '4',
    'auto.create.topics.enable': 'false',
    // Most test clusters have one broker, so every internal topic has one replica.
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // Otherwise a consumer group waits 3 s before its first assignment.
    'group.initial.rebalance.delay.ms': '0',
    'num.network.threads': '2',
    'num.io.threads': '2',
    'background.threads': '2',
    // By default, the buffer of the log cleaner alone takes half of the heap.
    'log.cleaner.dedupe.buffer.size': '8388608',
    // After a kill, the controller refuses the broker until its old session ends: 2 s instead of the default 9 s.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
    // An idle controller writes nothing, which halves the cost of an idle broker.
    'metadata.max.idle.interval.ms': '0',
    'controlled.shutdown.enable': 'true',
    ...addresses.config,
  };
}

/** The name of the listener for the proxy with this index. */
export const proxiedName = (index: number): string => `PROXIED${index}`;

export const addressesOf = (listeners: readonly Listener[]): Readonly<Record<string, string>> =>
  Object.fromEntries(listeners.map(({ name, advertised }) => [name.toLowerCase(), advertised]));
