import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Broker, startBroker } from './kafka-broker.ts';

const PRODUCE = 0;

/** A broker behind a proxy, which can fail in ways that a broker cannot. */
export interface ProxiedBroker {
  readonly broker: Broker;
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

/** Starts a broker and its proxy for one test. `config`: additional broker settings. */
export async function startProxiedBroker(config: Readonly<Record<string, string>> = {}): Promise<ProxiedBroker> {
  const sockets = new Set<Socket>();
  let target: { host: string; port: number } | undefined;
  let hanging = false;
  let cut: () => boolean = () => false;
  let lost = 0;
  let onHeld: ((passOn: () => void) => void) | undefined;

  const server = createServer((client) => {
    if (target === undefined) {
      client.destroy();
      return;
    }
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

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const broker = await startBroker({ config, advertised: `127.0.0.1:${port}` });
  const [host, brokerPort] = (broker.brokers[0] as string).split(':') as [string, string];
  target = { host, port: Number(brokerPort) };

  const refuse = async () => {
    const closed = server.listening ? new Promise((resolve) => server.close(resolve)) : undefined;
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    broker,
    brokers: [`127.0.0.1:${port}`],
    refuse,
    async serve() {
      if (hanging) for (const socket of sockets) socket.destroy();
      hanging = false;
      cut = () => false;
      if (!server.listening) await listen(port);
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
    async close() {
      await refuse();
      await broker.close();
    },
  };
}
