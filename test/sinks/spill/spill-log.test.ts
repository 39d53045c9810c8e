import { describe, expect, it } from 'vitest';
import { SpillLog } from '../../../src/sinks/spill/spill-log.ts';
import { short, tick, trade } from '../fake-sink.ts';
import { MemoryFiles } from './memory-files.ts';

const entry = (id: number) => ({ seq: id, barrier: false, out: trade(id) });

describe('a log of spilled records', () => {
  it('holds nothing of an append that failed, also behind a shorter one that did not', async () => {
    const files = new MemoryFiles();
    const options = { maxBytes: 10_000_000, now: () => 0 };
    const log = new SpillLog(files, options);
    await log.append([entry(1), entry(2)], []);
    files.full = true;
    const many = Array.from({ length: 200 }, (_, index) => entry(3 + index));
    await expect(log.append(many, [])).rejects.toThrow('ENOSPC');
    files.full = false;
    await log.append([entry(300)], []);
    const next = new SpillLog(new MemoryFiles(files.files), options);
    await next.recover({});
    const read = await next.read(1000, () => true);
    expect(read.map(({ out }) => short(out))).toEqual(['t1', 't2', 't300']);
    expect(await next.read(1000, () => true)).toEqual([]);
  });

  it('goes on with the other files where the one that is being read has to make room', async () => {
    const first = [...[1, 2, 3].map((seq) => ({ seq, barrier: false, out: tick(String(seq)) })), entry(4)];
    const ample = new SpillLog(new MemoryFiles(), { maxBytes: 10_000_000, now: () => 0 });
    await ample.append(first, []);
    const log = new SpillLog(new MemoryFiles(), { maxBytes: ample.bytes + 5000, now: () => 0 });
    await log.append(first, []);
    expect((await log.read(1, () => true)).map(({ out }) => short(out))).toEqual(['p1']);
    const { dropped } = await log.append(
      Array.from({ length: 60 }, (_, index) => entry(5 + index)),
      [],
    );
    expect(dropped.map(({ count }) => count)).toEqual([2]);
    const read = await log.read(1000, () => true);
    expect(read.map(({ seq }) => seq)).toEqual(Array.from({ length: 61 }, (_, index) => 4 + index));
    expect(log.unread).toBe(0);
  });

  it('loses nothing of what it had read when a file could not be read on', async () => {
    const files = new MemoryFiles();
    const log = new SpillLog(files, { maxBytes: 10_000_000, segmentBytes: 1000, now: () => 0 });
    for (let from = 1; from <= 41; from += 20)
      await log.append(
        Array.from({ length: 20 }, (_, index) => entry(from + index)),
        [],
      );
    const second = [...files.files.keys()].filter((name) => name.startsWith('3-'))[1] as string;
    files.unreadable = second;
    expect((await log.read(1000, () => true)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 20 }, (_, i) => 1 + i),
    );
    await expect(log.read(1000, () => true)).rejects.toThrow('EIO');
    files.unreadable = undefined;
    expect((await log.read(1000, () => true)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 40 }, (_, i) => 21 + i),
    );
  });
});
