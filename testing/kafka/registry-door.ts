import { once } from 'node:events';
import { request as forward } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from '../tools/certificates.ts';

/** A TLS proxy with a login in front of a schema registry. Tests can shut and open it. */
export interface RegistryDoor {
  /** Base address, beginning with https. */
  readonly url: string;
  /** `METHOD PATH` of each request that was let in. */
  readonly passed: readonly string[];
  /** Refuses connections until `open`. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

/** Starts a door in front of the registry at `target`. */
export async function startRegistryDoor(
  target: string,
  { certificate, key }: Certificate,
  login: { readonly user: string; readonly password: string },
): Promise<RegistryDoor> {
  const passed: string[] = [];
  const wanted = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  const { origin, pathname } = new URL(target);
  const server = createServer({ cert: certificate, key }, (incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    if (headers.authorization !== wanted) {
      outgoing.writeHead(401).end();
      return;
    }
    passed.push(`${method} ${url.slice(pathname.length)}`);
    const further = forward(origin + url, { method, headers: { ...headers, host: new URL(origin).host } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    further.on('error', () => outgoing.destroy());
    incoming.pipe(further);
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}${pathname}`,
    passed,
    async shut() {
      const closed = server.listening ? once(server, 'close') : undefined;
      server.close();
      server.closeAllConnections();
      await closed;
    },
    open: () => listen(port),
  };
}
