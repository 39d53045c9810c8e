import { createServer } from 'node:net';

const given = new Set<number>();

/** Returns a TCP port that was free at 127.0.0.1 a moment ago, and never one that this process got before. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const isNew = !given.has(port);
      given.add(port);
      server.close(() => resolve(isNew ? port : freePort()));
    });
  });
}
