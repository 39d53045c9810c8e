import { isIP } from 'node:net';
import { Fault } from '../domain/fault.ts';
import { BrokerError } from './broker-error.ts';
import type { KafkaConfig, KafkaLog } from './config.ts';
import type {
  BrokerAddress,
  BrokerConnection,
  ClusterMetadata,
  CoordinatorKind,
  OpenBroker,
  OpenOptions,
} from './contract.ts';
import { tlsOptions } from './tls-options.ts';

export interface BrokersOptions {
  readonly requestTimeoutMs?: number;
  /** Opens a connection; by default with the configured client library. */
  readonly open?: OpenBroker;
}

type Ask<T> = (connection: BrokerConnection) => Promise<T>;

/**
 * The brokers of a cluster, with one connection to each, opened on first use. The next request replaces a failed
 * connection; no request is retried.
 */
export class Brokers {
  readonly #config: KafkaConfig;
  readonly #options: Pick<OpenOptions, 'config' | 'log' | 'requestTimeoutMs' | 'tls'>;
  readonly #open: OpenBroker | undefined;
  readonly #closing = new AbortController();
  /** The connections by host:port. */
  readonly #connections = new Map<string, Promise<BrokerConnection>>();
  /** host:port, by the broker's id. */
  #addresses: ReadonlyMap<number, string> = new Map();
  #controllerId = -1;

  /** @throws Fault with retry `never` if a certificate or key cannot be read */
  constructor(config: KafkaConfig, log: KafkaLog, { requestTimeoutMs = 10_000, open }: BrokersOptions = {}) {
    this.#config = config;
    this.#options = { config, log, requestTimeoutMs, tls: config.ssl === null ? undefined : tlsOptions(config.ssl) };
    this.#open = open;
  }

  /** Asks a broker about the topics and the other brokers. */
  async metadata(topics: readonly string[] | 'all'): Promise<ClusterMetadata> {
    const metadata = await this.any((connection) => connection.metadata(topics));
    this.#addresses = new Map(metadata.brokers.map((broker) => [broker.nodeId, addressOf(broker)]));
    this.#controllerId = metadata.controllerId;
    return metadata;
  }

  /** Asks one broker, by its id. */
  at<T>(nodeId: number, ask: Ask<T>): Promise<T> {
    const broker = this.#addresses.get(nodeId);
    if (broker !== undefined) return this.#ask(broker, ask);
    const fields = { broker: String(nodeId), type: 'LEADER_NOT_AVAILABLE' };
    return Promise.reject(new BrokerError(`broker ${nodeId} is not known`, fields));
  }

  /** Asks the brokers in turn until one answers, even with an error. If none answers, rejects with the last failure. */
  async any<T>(ask: Ask<T>): Promise<T> {
    let failed: unknown = new Error('no broker is configured');
    for (const broker of new Set([...this.#connections.keys(), ...this.#addresses.values(), ...this.#config.brokers])) {
      try {
        return await this.#ask(broker, ask);
      } catch (error) {
        if (!(error instanceof BrokerError) || error.type !== undefined) throw error;
        failed = error;
      }
    }
    throw failed;
  }

  /** Asks the controller. Call `metadata` first. */
  controller<T>(ask: Ask<T>): Promise<T> {
    return this.at(this.#controllerId, ask);
  }

  /** Finds the coordinator of a group or transactional id. The returned function asks it; find it again if it moves. */
  async coordinator(kind: CoordinatorKind, id: string): Promise<<T>(ask: Ask<T>) => Promise<T>> {
    const broker = addressOf(await this.any((connection) => connection.findCoordinator(kind, id)));
    return (ask) => this.#ask(broker, ask);
  }

  /** Closes every connection, for good. */
  end(): void {
    this.#closing.abort(new Error('closed'));
    for (const connection of this.#connections.values()) void connection.then((each) => each.close()).catch(() => {});
  }

  async #ask<T>(broker: string, ask: Ask<T>): Promise<T> {
    const opening = this.#connectionTo(broker);
    const connection = await opening;
    try {
      return await ask(connection);
    } catch (error) {
      // Without an answer the connection may be broken.
      if (!(error instanceof BrokerError) || error.type === undefined) {
        this.#forget(broker, opening);
        connection.close();
      }
      throw error;
    }
  }

  #connectionTo(broker: string): Promise<BrokerConnection> {
    const known = this.#connections.get(broker);
    if (known !== undefined) return known;
    const forget = () => this.#forget(broker, opening);
    const opening = this.#opened(broker, forget);
    this.#connections.set(broker, opening);
    opening.catch(forget);
    return opening;
  }

  #forget(broker: string, opening: Promise<BrokerConnection>): void {
    if (this.#connections.get(broker) === opening) this.#connections.delete(broker);
  }

  async #opened(broker: string, onClosed: () => void): Promise<BrokerConnection> {
    const open = this.#open ?? (await openBrokerOf(this.#config.client));
    const { signal } = this.#closing;
    signal.throwIfAborted();
    const connection = await open({ ...this.#options, ...hostAndPortOf(broker), onClosed, signal });
    if (!signal.aborted) return connection;
    connection.close();
    throw signal.reason;
  }
}

function addressOf({ host, port }: Pick<BrokerAddress, 'host' | 'port'>): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function hostAndPortOf(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}

const PACKAGES: Readonly<Record<KafkaConfig['client'], string>> = {
  kafkajs: 'kafkajs@2.2.4',
  platformatic: '@platformatic/kafka@2.12.1',
};

/** Loads the configured client library. Rejects with a Fault with retry `never` if it is not installed. */
async function openBrokerOf(client: KafkaConfig['client']): Promise<OpenBroker> {
  try {
    if (client === 'kafkajs') return (await import('./kafkajs/kafkajs.ts')).openKafkajs;
    return (await import('./platformatic/platformatic.ts')).openPlatformatic;
  } catch (cause) {
    const wanted = PACKAGES[client];
    const message = `kafka.client: ${client} needs the package ${wanted}: npm install ${wanted}`;
    throw new Fault('sink', message, { retry: { kind: 'never' }, cause });
  }
}
