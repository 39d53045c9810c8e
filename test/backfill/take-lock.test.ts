import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from '../../src/backfill/take-lock.ts';

let dir: string;
let lock: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'market-feed-lock-'));
  lock = join(dir, 'lock');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const refusal = (holder: number): Error => new Error(`${holder} has it`);

describe('takeLock', () => {
  it.each([undefined, '999999999', ''])(
    'grants the lock to only one of two concurrent processes if the old lock holds %j',
    async (left) => {
      for (let round = 0; round < 100; round++) {
        if (left !== undefined) await writeFile(lock, left);
        const takes = [process.pid, process.ppid].map(async (pid, index) => {
          for (let turn = 0; turn < index * (round % 30); turn++) await nextTurn();
          return takeLock(lock, pid, refusal);
        });
        const ends = await Promise.allSettled(takes);
        const had = ends.filter((end) => end.status === 'fulfilled');
        expect(had).toHaveLength(1);
        expect(await readdir(dir)).toEqual(['lock']);
        await had[0]?.value();
        expect(await readdir(dir)).toEqual([]);
      }
    },
  );

  it('refuses the lock while another live process holds it', async () => {
    await takeLock(lock, process.ppid, refusal);
    await expect(takeLock(lock, process.pid, refusal)).rejects.toThrow(`${process.ppid} has it`);
    expect(await readFile(lock, 'utf8')).toBe(String(process.ppid));
  });

  it('acquires the lock of an ended process, even if a second one ended while it acquired the lock', async () => {
    await writeFile(lock, '999999999');
    await writeFile(`${lock}.left`, '999999998');
    await takeLock(lock, process.pid, refusal);
    expect(await readdir(dir)).toEqual(['lock']);
    expect(await readFile(lock, 'utf8')).toBe(String(process.pid));
  });

  it('reports why the lock file cannot be created', async () => {
    await expect(takeLock(join(dir, 'none', 'lock'), process.pid, refusal)).rejects.toThrow('ENOENT');
  });
});
