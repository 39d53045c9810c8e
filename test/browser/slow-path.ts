import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP path to the gateway that delays each direction, can be cut, and can take connections without an answer. */
export async function slowPath(to: string, delayMs: number) {
  const { port } = new URL(to);
  const sockets = new Set<Socket>();
  const path = {
    url: '',
    made: 0,
    mute: false,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  const pass = (from: Socket, into: Socket) => {
    sockets.add(from);
    from.on('data', (bytes) => setTimeout(() => into.writable && into.write(bytes), delayMs));
    from.on('close', () => setTimeout(() => into.destroy(), delayMs));
    from.on('error', () => undefined);
  };
  const server = createServer((client) => {
    path.made++;
    if (path.mute) {
      sockets.add(client);
      client.on('error', () => undefined);
      return;
    }
    const gateway = connect(Number(port), '127.0.0.1');
    pass(client, gateway);
    pass(gateway, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    path.cut();
    server.close();
  });
  path.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return path;
}
