import { once } from 'node:events';
import { createServer } from 'node:net';

/** Returns why no server can listen at an address of this machine; undefined: one can. */
export async function portProblem(host: string, port: number): Promise<string | undefined> {
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, 'listening');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    probe.close();
  }
}
