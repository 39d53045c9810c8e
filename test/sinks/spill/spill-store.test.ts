import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folderDisk } from '../../../src/sinks/spill/spill-disk.ts';
import { SpillStore } from '../../../src/sinks/spill/spill-store.ts';
import { short, tick, trade } from '../fake-sink.ts';
import { MemoryDisk } from './memory-disk.ts';

const entry = (id: number) => ({ seq: id, barrier: false, out: trade(id) });
const newStore = (disk = new MemoryDisk(), maxBytes = 10_000_000) =>
  new SpillStore(disk, { maxBytes, now: () => 0, onBreak: () => {} });

describe('SpillStore', () => {
  it('holds no record of a failed append', () => {
    const disk = new MemoryDisk();
    const store = newStore(disk);
    store.append([entry(1), entry(2)], []);
    disk.full = true;
    expect(() => store.append([entry(3), entry(4)], [])).toThrow('ENOSPC');
    disk.full = false;
    store.append([entry(300)], []);
    const next = newStore(disk);
    next.recover();
    expect(next.read(1000).map(({ out }) => short(out))).toEqual(['t1', 't2', 't300']);
    expect(next.read(1000)).toEqual([]);
  });

  it('continues with the remaining records after the next ones were dropped to make room', () => {
    const ticks = Array.from({ length: 500 }, (_, index) => ({ ...entry(1 + index), out: tick(String(1 + index)) }));
    const more = Array.from({ length: 400 }, (_, index) => entry(502 + index));
    const ample = newStore();
    ample.append(ticks, []);
    const store = newStore(new MemoryDisk(), ample.bytes + 8192);
    store.append([...ticks, entry(501)], []);
    expect(store.read(1).map(({ out }) => short(out))).toEqual(['p1']);
    const { dropped } = store.append(more, []);
    expect([...dropped]).toEqual([['prices', 499]]);
    expect(store.read(1000).map(({ seq }) => seq)).toEqual(Array.from({ length: 401 }, (_, index) => 501 + index));
    expect(store.unread).toBe(0);
  });

  it('keeps one loss for each series, however often it drops trades of the series', () => {
    const disk = new MemoryDisk();
    const store = newStore(disk, 1_000_000);
    let seq = 0;
    let lost = 0;
    for (let round = 0; round < 100; round++) {
      const entries = Array.from({ length: 200 }, () => {
        seq++;
        return { seq, barrier: false, out: trade(seq, `S${seq % 20}USDT`) };
      });
      for (const { missing } of store.append(entries, []).losses) lost += missing ?? 0;
    }
    expect(lost).toBeGreaterThan(1000);
    const { losses } = newStore(disk).recover();
    expect(losses).toHaveLength(20);
    expect(losses.reduce((sum, { missing }) => sum + (missing ?? 0), 0)).toBe(lost);
  });

  it('skips an unreadable page of the database, and reports its place', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'market-feed-spill-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const breaks: number[] = [];
    const options = { maxBytes: 10_000_000, now: () => 0, onBreak: (seq: number) => breaks.push(seq) };
    const first = new SpillStore(folderDisk(dir), options);
    first.append(
      Array.from({ length: 2000 }, (_, index) => entry(1 + index)),
      [],
    );
    first.close();
    const path = join(dir, 'spill.db');
    const bytes = await readFile(path);
    const middle = Math.floor(bytes.length / 8192) * 4096;
    await writeFile(path, bytes.fill(0, middle, middle + 4096));
    const store = new SpillStore(folderDisk(dir), options);
    store.recover();
    const read: number[] = [];
    for (let entries = store.read(500); entries.length > 0; entries = store.read(500))
      read.push(...entries.map(({ seq }) => seq));
    expect(read.length).toBeGreaterThan(1800);
    expect(read.length).toBeLessThan(2000);
    expect(read).toEqual(read.toSorted((a, b) => a - b));
    const missing = Array.from({ length: 2000 }, (_, index) => 1 + index).filter((seq) => !read.includes(seq));
    expect(Math.max(...breaks)).toBeGreaterThanOrEqual(Math.max(...missing));
    store.close();
  });
});
