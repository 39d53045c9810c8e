import { expect, it } from 'vitest';
import { freePort } from '../../../testing/processes/free-port.ts';

it('freePort does not return a port twice, though each is free again', async () => {
  const ports = new Set<number>();
  for (let count = 0; count < 2000; count++) ports.add(await freePort());
  expect(ports.size).toBe(2000);
});
