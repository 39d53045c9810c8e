import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from '../../../testing/processes/free-port.ts';

it('freePort does not return a port twice, though each is free again', async () => {
  const ports = new Set<number>();
  for (let count = 0; count < 50; count++) ports.add(await freePort());
  expect(ports.size).toBe(50);
  expect(Math.max(...ports)).toBeLessThan(32_000);
});

it('freePort skips a port to which something listens', async () => {
  const taken = (await freePort()) + 1;
  const server = createServer().listen(taken, '127.0.0.1');
  await once(server, 'listening');
  try {
    expect(await freePort()).not.toBe(taken);
  } finally {
    server.close();
  }
});
