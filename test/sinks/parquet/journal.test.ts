import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { markConverted } from '../../../src/sinks/parquet/journal.ts';
import { testFolder } from '../avro-file/test-folder.ts';

const MB = 2 ** 20;

/** Makes converted segments of a topic, 20 MB each. Returns how many of them stay. */
async function keptOf(topic: string, segments: number): Promise<number> {
  const folder = join(await testFolder(), topic);
  await mkdir(folder);
  for (let number = 1; number <= segments; number++) {
    const path = join(folder, `20261121T083100-${String(number).padStart(10, '0')}.avro`);
    await writeFile(path, '');
    // A sparse file takes no room.
    await truncate(path, 20 * MB);
    await markConverted(path);
  }
  return (await readdir(folder)).filter((name) => name.endsWith('.avro')).length;
}

it('keeps 32 MB of the converted segments of a topic', async () => {
  expect(await keptOf('trades', 6)).toBe(2);
});

it('keeps 1 GB of late trades, so that a healer knows after a start what it has written', async () => {
  expect(await keptOf('simulated.late-trades', 55)).toBe(52);
});
