import { createServer } from 'node:net';

/**
 * First port and number of ports to try. They are below the ports that operating systems give to outgoing connections
 * and to servers that ask for any port.
 */
const [FIRST, COUNT] = [20_000, 12_000];

/** Distance between the first ports of processes with consecutive ids, so that they search different ports. */
const PORTS_A_PROCESS = 100;

let next = (process.pid * PORTS_A_PROCESS) % COUNT;

/**
 * Returns a TCP port that nothing listens to at 127.0.0.1, and not one that this process got a moment ago. No
 * connection of another process takes it, so a server that is killed finds it free when it starts again.
 * @throws Error if no port is free.
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + COUNT - 1} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
