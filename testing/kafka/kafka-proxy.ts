import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../processes/free-port.ts';
import { type Broker, sharedProxyPlace, startBroker } from './kafka-broker.ts';

const PRODUCE = 0;

/** A proxy in front of a broker. It can fail in ways that a broker cannot. */
export interface KafkaProxy {
  /** host:port of the proxy, for clients. */
  readonly brokers: string[];
  /** Refuses connections and cuts those that are open, until `serve`. */
  refuse(): Promise<void>;
  serve(): Promise<void>;
  /** Accepts requests, but forwards no response and closes nothing, until `serve`. */
  hang(): Promise<void>;
  /** Cuts the connection instead of forwarding the response to a produce request, whenever `cut` returns true. */
  loseResponses(cut: () => boolean): void;
  /**
   * Holds the next produce request, as a network might. Resolves when it has arrived, with a function that forwards it.
   */
  holdProduce(): Promise<() => void>;
  /** Number of responses that were not forwarded because of `loseResponses`. */
  readonly lost: number;
  close(): Promise<void>;
}

/** A broker of one test behind its own proxy. */
export interface ProxiedBroker extends KafkaProxy {
  readonly broker: Broker;
}

/** Starts a broker and its proxy for one test. */
export async function startProxiedBroker(): Promise<ProxiedBroker> {
  const address = `127.0.0.1:${await freePort()}`;
  const broker = await startBroker({ proxies: [address] });
  const proxy = await startProxy(address, broker.proxied[0] as string);
  const close = async () => {
    await proxy.refuse();
    await broker.close();
  };
  return Object.assign(proxy, { broker, close });
}

/** Starts a proxy of the broker that all test files share. */
export async function startSharedProxy(): Promise<KafkaProxy> {
  const { proxy, listener } = await sharedProxyPlace();
  return startProxy(proxy, listener);
}

async function startProxy(address: string, listener: string): Promise<KafkaProxy> {
  const sockets = new Set<Socket>();
  const [target, own] = [endpointOf(listener), endpointOf(address)];
  let hanging = false;
  let cut: () => boolean = () => false;
  let lost = 0;
  let onHeld: ((passOn: () => void) => void) | undefined;

  const server = createServer((client) => {
    const broker = connect(target);
    const end = () => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    let lastRequest = -1;
    let held: Buffer[] | undefined;
    client.on('data', (data) => {
      // Clients send one request at a time, so a chunk with a whole header starts a request.
      if (data.length > 6 && held === undefined) lastRequest = data.readInt16BE(4);
      if (lastRequest === PRODUCE && onHeld !== undefined) {
        held = [];
        onHeld(() => {
          for (const part of held ?? []) broker.write(part);
          held = undefined;
        });
        onHeld = undefined;
      }
      if (held === undefined) broker.write(data);
      else held.push(data);
    });
    broker.on('data', (data) => {
      if (hanging) return;
      if (lastRequest === PRODUCE && cut()) {
        lost++;
        end();
        return;
      }
      client.write(data);
    });
  });

  const listen = async () => {
    server.listen(own.port, own.host);
    await once(server, 'listening');
  };
  await listen();

  const refuse = async () => {
    const closed = server.listening ? new Promise((resolve) => server.close(resolve)) : undefined;
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    brokers: [address],
    refuse,
    async serve() {
      if (hanging) for (const socket of sockets) socket.destroy();
      hanging = false;
      cut = () => false;
      if (!server.listening) await listen();
    },
    async hang() {
      hanging = true;
    },
    holdProduce() {
      return new Promise((resolve) => {
        onHeld = resolve;
      });
    },
    loseResponses(when) {
      cut = when;
    },
    get lost() {
      return lost;
    },
    close: refuse,
  };
}

function endpointOf(address: string): { readonly host: string; readonly port: number } {
  const [host = '', port = ''] = address.split(':');
  return { host, port: Number(port) };
}
